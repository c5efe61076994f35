"""What the wallet's pages say: problems as sentences, with their status; names in the page's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask_babel import format_date, get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.wallet.openid.card import State, label
from portal.wallet.openid.labels import TECHNICAL, claim_label
from portal.wallet.openid.offers import CredentialOffer
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import plain
from portal.wallet.pictures import PictureReason

RETRY_AFTER: Mapping[Problem, int] = {Problem.BUSY: 2, Problem.TOO_OFTEN: 60, Problem.UNREACHABLE: 30}
"""Seconds."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STATUS: Mapping[Problem, int] = {
    Problem.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Problem.UNREACHABLE: HTTPStatus.BAD_GATEWAY,
    Problem.BAD_CARD: HTTPStatus.BAD_GATEWAY,
    Problem.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
}
_PROBLEMS = {
    Problem.NOT_A_CODE: _l(
        "This is neither the code of a document nor the question of somebody who checks documents. "
        "Scan or copy the whole code again."
    ),
    Problem.OFFER_GONE: _l(
        "This code was used already, has expired or was withdrawn. Get a new one where you got it."
    ),
    Problem.UNREACHABLE: _l(
        "There is no answer from the other side at the moment. Nothing is lost: try again in a while."
    ),
    Problem.BUSY: _l(
        "Many people are using the app at this moment. Nothing is lost: try again in a few seconds."
    ),
    Problem.UNSUPPORTED: _l("This kind of document or question is one that the app doesn't know."),
    # An issuer needn't say whether it was the code, or the offer that has ended.
    Problem.WRONG_CODE: _l(
        "This is not the right activation code, or these codes no longer work. Check it; where it is right, "
        "get new codes on your university's portal."
    ),
    Problem.CODE_DEAD: _l(
        "These codes no longer work: they were used, have expired, or the activation code was wrong "
        "too often. Get new ones on your university's portal."
    ),
    Problem.TOO_OFTEN: _l("That was too much in a short time. Wait a minute, then try again."),
    Problem.REFUSED: _l("The other side refused, so nothing has changed here."),
    Problem.BAD_CARD: _l("What came is not a document signed by its issuer for this app. It was not kept."),
    Problem.TOO_LATE: _l(
        "It took too long, so these codes no longer work. Get new ones on your university's portal."
    ),
    Problem.BAD_REQUEST: _l(
        "This question is incomplete, wrongly signed or over already, so nothing was shown. "
        "Ask for a new code."
    ),
    Problem.NO_FITTING_CARD: _l("None of your documents answers this question."),
}
_NO_NEWER = _l(
    "The university gives no newer copy of this card this way. Get new codes on its portal, then add the "
    "card again."
)
_FOR_GOOD = frozenset({Problem.REFUSED, Problem.OFFER_GONE, Problem.CODE_DEAD, Problem.TOO_LATE})
_PICTURES = {
    PictureReason.NO_PICTURE: _l("This is no picture that can be read. JPEG, PNG and WebP will do."),
    PictureReason.TOO_LARGE: _l(
        "This picture is too large. Take one with a lower resolution, or cut it out."
    ),
    PictureReason.NO_CODE: _l(
        "There is no QR code to be found in this picture. Come nearer, hold still, and avoid reflections."
    ),
    PictureReason.SEVERAL_CODES: _l(
        "There are several QR codes in this picture. Take one with a single code."
    ),
}
STATES = {
    State.VALID: _l("Valid"),
    State.NOT_YET: _l("Not valid yet"),
    State.EXPIRED: _l("Past its last day"),
    State.REVOKED: _l("Revoked by its issuer"),
    State.SUSPENDED: _l("Suspended"),
    State.UNKNOWN: _l("Not confirmed"),
}


def problem(error: WalletError) -> str:
    """The sentence that says what is wrong and what to do."""
    if error.problem is Problem.WRONG_CODE and error.tries_left is not None:
        left = ngettext("%(num)d try is left.", "%(num)d tries are left.", error.tries_left)
        return " ".join((_("This is not the right activation code."), left))
    return str(_PROBLEMS[error.problem])


def extension_problem(error: WalletError) -> str:
    """The same, for whoever wants a newer copy of a card."""
    return str(_NO_NEWER) if error.problem in _FOR_GOOD else problem(error)


def status_code(error: WalletError) -> int:
    return _STATUS.get(error.problem, HTTPStatus.UNPROCESSABLE_ENTITY)


def picture_problem(reason: PictureReason) -> str:
    return str(_PICTURES[reason])


def issuer_name(offer: CredentialOffer) -> str:
    """What the issuer calls itself."""
    return _in_page_language(offer.issuer_names) or issuer_host(offer)


def issuer_host(offer: CredentialOffer) -> str:
    """Who it is in truth: the host that the card comes from."""
    return host(offer.issuer)


def document_name(offer: CredentialOffer) -> str:
    return _in_page_language(offer.document_names) or str(_("Document"))


def offered_claims(offer: CredentialOffer) -> list[str]:
    """What the document will say, by the names that its issuer gives, or else by ours."""
    named = (claim for claim in offer.claims if claim.name not in TECHNICAL)
    return [_in_page_language(claim.labels) or claim_label(claim.name) for claim in named]


def claim(name: str) -> str:
    return claim_label(name)


def host(address: str) -> str:
    return urlsplit(address).netloc


def value(said: Any) -> str:
    """A claim's value, as a person reads it: all of it, since they decide whether to show it."""
    if said is None or isinstance(said, bool):
        return "–" if said is None else str(_("yes") if said else _("no"))
    if isinstance(said, list):
        return ", ".join(value(one) for one in said)
    if isinstance(said, dict):
        return ", ".join(f"{claim_label(name)}: {value(one)}" for name, one in said.items())
    if isinstance(said, str) and _DAY.fullmatch(said):
        try:
            return str(format_date(date.fromisoformat(said), "long"))
        except ValueError:
            return said
    return plain(str(said))


def _in_page_language(words: Mapping[str, str]) -> str:
    return str(label(words, str(get_locale().language)))

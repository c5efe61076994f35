"""Taking a card: a code for tokens, tokens and a key proof for a copy (OpenID4VCI 1.0, 6 to 8 and 11)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc.jwk import ECKey

from portal.vc import jose, sdjwt
from portal.vc.fetch import Answer, Http, Unreachable
from portal.vc.issuers import IssuerKeys, UnknownKey
from portal.wallet.openid.offers import PRE_AUTHORIZED, CredentialOffer
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import error_of, expect_ok, optional_text, text_in, told

FORM = "application/x-www-form-urlencoded"
PROOF_TYPE = "openid4vci-proof+jwt"
USUAL_LIFETIME = 300
"""Seconds of an access token whose issuer doesn't say."""


@dataclass(frozen=True)
class Tokens:
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    identifier: str | None = None
    """How the card must be named in the credential request, where the issuer says so (6.2)."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "expires_at": self.expires_at.isoformat()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Tokens:
        """What `to_json` wrote."""
        return cls(**{**said, "expires_at": datetime.fromisoformat(said["expires_at"])})


@dataclass(frozen=True)
class Issued:
    credential: str = field(repr=False)
    notification_id: str | None


def redeem(http: Http, offer: CredentialOffer, activation_code: str | None, now: datetime) -> Tokens:
    """The first tokens (OpenID4VCI 1.0, 6.1). Raises `WalletError`."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": offer.code}
    if offer.code_wanted is not None:
        form["tx_code"] = activation_code or ""
    answer = _post_form(http, offer.endpoints.token, form)
    if answer.status == 400:
        raise _wrong_code(error_of(answer), asked=offer.code_wanted is not None)
    return _tokens(answer, now)


def refresh(http: Http, offer: CredentialOffer, refresh_token: str, now: datetime) -> Tokens:
    """New tokens without new codes (RFC 6749, 6).

    Raises `WalletError`: `REFUSED` where new codes are needed.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    got = _tokens(_post_form(http, offer.endpoints.token, form), now)
    # An issuer that hands out no successor means the old one to be used on (RFC 6749, 6).
    return (
        got if got.refresh_token else Tokens(got.access_token, refresh_token, got.expires_at, got.identifier)
    )


def _wrong_code(said: Mapping[str, Any], *, asked: bool) -> WalletError:
    """`asked`: whether the holder typed a code at all; without one it can only be the offer that is over."""
    if said.get("error") not in ("invalid_grant", "invalid_request"):
        return WalletError(Problem.REFUSED)
    left = said.get("tx_code_tries_left")
    left = left if isinstance(left, int) and not isinstance(left, bool) else None
    return WalletError(Problem.WRONG_CODE if asked and left != 0 else Problem.CODE_DEAD, left)


def _tokens(answer: Answer, now: datetime) -> Tokens:
    expect_ok(answer)
    with told():
        said = answer.json()
    if str(said.get("token_type", "")).lower() != "bearer":
        raise WalletError(Problem.UNSUPPORTED)
    seconds = said.get("expires_in")
    lifetime = seconds if isinstance(seconds, int) and 0 < seconds < 10**8 else USUAL_LIFETIME
    return Tokens(
        text_in(said, "access_token"),
        optional_text(said, "refresh_token"),
        now + timedelta(seconds=lifetime),
        _identifier(said.get("authorization_details")),
    )


def _identifier(details: Any) -> str | None:
    for detail in details if isinstance(details, list) else []:
        names = detail.get("credential_identifiers") if isinstance(detail, dict) else None
        if isinstance(names, list) and names and isinstance(names[0], str):
            return names[0]
    return None


def fetch(http: Http, offer: CredentialOffer, tokens: Tokens, key: ECKey, now: datetime) -> Issued:
    """A copy of the card, bound to this key and checked. Raises `WalletError`."""
    answer = _ask(http, offer, tokens, key, now)
    if answer.status == 400 and error_of(answer).get("error") == "invalid_nonce":
        answer = _ask(http, offer, tokens, key, now)  # it may have run out on the way
    if answer.status == 401:
        raise WalletError(Problem.TOO_LATE)
    if answer.status == 202:
        raise WalletError(Problem.UNSUPPORTED)  # issued later (9): nothing that a student card needs
    expect_ok(answer)
    with told():
        said = answer.json()
    copies = said.get("credentials")
    first = copies[0] if isinstance(copies, list) and copies else None
    credential = first.get("credential") if isinstance(first, dict) else None
    if not isinstance(credential, str):
        raise WalletError(Problem.BAD_CARD)
    _check(http, offer, credential, key, now)
    return Issued(credential, optional_text(said, "notification_id"))


def _ask(http: Http, offer: CredentialOffer, tokens: Tokens, key: ECKey, now: datetime) -> Answer:
    said = {"aud": offer.issuer, "iat": int(now.timestamp())}
    if offer.endpoints.nonce is not None:
        with told():
            nonce = http("POST", offer.endpoints.nonce)
            expect_ok(nonce)
            said["nonce"] = nonce.json().get("c_nonce")
    proof = jose.sign({"typ": PROOF_TYPE, "jwk": jose.public_jwk(key)}, said, key)
    wanted = (
        {"credential_identifier": tokens.identifier}
        if tokens.identifier
        else {"credential_configuration_id": offer.configuration}
    )
    return _post_json(http, offer.endpoints.credential, {**wanted, "proofs": {"jwt": [proof]}}, tokens)


def _check(http: Http, offer: CredentialOffer, credential: str, key: ECKey, now: datetime) -> None:
    """That the issuer signed it, for this key: a card that can't be shown must not be kept."""
    try:
        card = sdjwt.parse(credential)
        issuer = str(card.token.payload.get("iss", ""))
        if urlsplit(issuer)[:2] != urlsplit(offer.issuer)[:2]:
            raise WalletError(Problem.BAD_CARD)
        kid = optional_text(card.token.header, "kid")
        jose.check_signature(card.token, IssuerKeys(http, lambda: now).key(issuer, kid))
        sdjwt.disclosed(card)
        bound = sdjwt.holder_key(card)
    except Unreachable as error:
        raise WalletError(Problem.UNREACHABLE) from error
    except (ValueError, jose.BadSignature, sdjwt.Altered, sdjwt.NotTheHolder, UnknownKey) as error:
        raise WalletError(Problem.BAD_CARD) from error
    if jose.public_jwk(bound) != jose.public_jwk(key):
        raise WalletError(Problem.BAD_CARD)


def notify(
    http: Http, offer: CredentialOffer, tokens: Tokens, notification_id: str | None, event: str
) -> bool:
    """Tell the issuer what became of the copy (OpenID4VCI 1.0, 11); whether it heard."""
    if offer.endpoints.notification is None or notification_id is None:
        return False
    said = {"notification_id": notification_id, "event": event}
    try:
        return _post_json(http, offer.endpoints.notification, said, tokens).status in (200, 204)
    except WalletError:
        return False


def _post_form(http: Http, url: str, form: Mapping[str, str]) -> Answer:
    with told():
        return http("POST", url, headers={"Content-Type": FORM}, body=urlencode(form).encode())


def _post_json(http: Http, url: str, said: Mapping[str, Any], tokens: Tokens) -> Answer:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens.access_token}"}
    with told():
        return http("POST", url, headers=headers, body=json.dumps(said).encode())

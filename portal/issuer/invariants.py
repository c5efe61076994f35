"""What must be true of the issuer's tables and keys at every moment, for `flask doctor`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from portal.administration import doctor
from portal.administration.doctor import MOST_NAMED, Findings, Kind
from portal.database import db
from portal.encryption import fingerprint
from portal.issuer import books, signing
from portal.issuer.forgetting import FORGOTTEN
from portal.issuer.keys import DamagedKey, key_store
from portal.issuer.models import (
    Card,
    CardOffer,
    CardStatus,
    IssuedCopy,
    OfferStatus,
    SignedStatusList,
    StatusList,
    TokenFamily,
)
from portal.issuer.offers import ADDRESS, CODE
from portal.issuer.places import LIST_SIZE
from portal.vc.jose import ALG

OPEN_OFFERS_TRIED = 20
_RESTORE = "somebody else wrote into the database, or lost rows of it: restore the last good backup"
_END = "end the order it belongs to (flask orders revoke), and tell the developers"
_BRING_BACK = (
    "bring this file back from a backup or from another machine; if it is lost for good, put it aside, "
    "and run doctor again"
)
_BRING = (
    "copy keys/issuer with all its files from another machine or a backup (cp -a, rsync -a); if the key is "
    "lost for good: flask issuer give-up KEY"
)
_ORDER_ANEW = "revoke it (flask orders revoke), so that its student orders a new one"
_SECRETS = (CardOffer.address, CardOffer.code, CardOffer.activation_code, CardOffer.activation_hash)
_ACTIVE = (OfferStatus.OPEN, OfferStatus.SPENT)


@dataclass(frozen=True)
class _Rule:
    """A condition that no row may fulfil; `rows` selects a word for each that does."""

    what: str
    remedy: str
    rows: Select[str]


def init_app(app: Flask) -> None:
    doctor.add(app, "issuer's key", check_key, Kind.MACHINE)
    doctor.add(app, "keys of cards", check_keys_of_cards, Kind.DATABASE)
    doctor.add(app, "lookup key", check_lookup_key, Kind.DATABASE)
    doctor.add(app, "cards", check_cards, Kind.ROWS)
    doctor.add(app, "status lists", check_lists, Kind.ROWS)


def check_key(found: Findings) -> str:
    """The signing key can be loaded, and signs; former ones can be loaded."""
    store = key_store()
    try:
        retired = len(store.retired())
        store.current().sign("doctor", b"{}")
    except FileNotFoundError:
        return "the first card has one made"
    except DamagedKey as error:
        found.add(str(error), _BRING_BACK)
        return "unusable"
    return f"signs with {ALG}, {retired} older ones still known"


def check_keys_of_cards(found: Findings) -> str:
    """Whoever inspects a card that is valid is told of the key that signed it."""
    for kid in signing.missing_keys():
        copies = db.session.scalar(select(func.count()).where(*signing.valid_with(kid)))
        found.add(
            "nothing is signed here: a key of cards is missing",
            _BRING,
            f"{kid} ({copies} cards)",
        )
    given_up = key_store().given_up() - key_store().here()
    for kid in sorted(given_up):
        lost = select(Card.reference).join(IssuedCopy).where(*signing.valid_with(kid)).limit(MOST_NAMED * 20)
        for reference in db.session.scalars(lost):
            found.add("no inspector can check the card, whose key was given up", _ORDER_ANEW, reference)
    return f"all that cards need are here, {len(given_up)} were given up"


def check_lookup_key(found: Findings) -> str:
    """Keyed hashes find what they were made of, else nobody can collect a card."""
    newest = (
        select(CardOffer.address, CardOffer.address_hash, CardOffer.code, CardOffer.code_hash)
        .where(CardOffer.status == OfferStatus.OPEN)
        .order_by(CardOffer.id.desc())
        .limit(OPEN_OFFERS_TRIED)
    )
    offers = db.session.execute(newest).all()
    for offer in offers:
        fits = offer.address is not None and fingerprint(offer.address, ADDRESS) == offer.address_hash
        if not fits or offer.code is None or fingerprint(offer.code, CODE) != offer.code_hash:
            found.add("codes can't be found by their hash", "bring keys/lookup back from a backup")
    return f"finds {len(offers)} of the newest codes"


def check_cards(found: Findings) -> str:
    _apply(found, _card_rules())
    _apply(found, _offer_rules())
    return f"{books.live_cards(db.session())} live cards"


def check_lists(found: Findings) -> str:
    _apply(found, _copy_rules())
    copies = select(IssuedCopy.list_id, func.count()).group_by(IssuedCopy.list_id)
    counted = dict(db.session.execute(copies).all())
    lists = db.session.execute(select(StatusList.id, StatusList.taken).order_by(StatusList.id)).all()
    ahead = or_(IssuedCopy.revoked_in > StatusList.version, SignedStatusList.version > StatusList.version)
    later = (
        select(StatusList.id)
        .outerjoin(IssuedCopy, IssuedCopy.list_id == StatusList.id)
        .outerjoin(SignedStatusList, SignedStatusList.list_id == StatusList.id)
        .where(ahead)
        .distinct()
    )
    for list_id in db.session.scalars(later):
        found.add("a list's version is behind what it shows", _RESTORE, f"list {list_id}")
    for list_id, taken in lists:
        if taken != counted.get(list_id, 0):
            found.add("a list counts other copies than it has", _RESTORE, f"list {list_id}")
    return f"{len(lists)} lists, {sum(counted.values())} copies"


def _card_rules() -> Iterable[_Rule]:
    live, ended = Card.status == CardStatus.LIVE, Card.status == CardStatus.ENDED
    cards = select(Card.reference)
    yield _Rule("a card is neither live nor ended", _RESTORE, cards.where(~or_(live, ended)))
    yield _Rule(
        "a live card says nothing",
        _END,
        cards.where(live, or_(Card.data.is_(None), Card.valid_until.is_(None), Card.ended_at.is_not(None))),
    )
    yield _Rule(
        "an ended card still holds what it said, or no time of its end",
        "tell the developers; personal data stays longer than it may",
        cards.where(ended, or_(Card.data.is_not(None), Card.ended_at.is_(None))),
    )
    out = (IssuedCopy.card_id == Card.id) & IssuedCopy.revoked_at.is_(None)
    yield _Rule("an ended card has a copy that is not revoked", _END, _with(IssuedCopy, ended & out))
    alive = (TokenFamily.card_id == Card.id) & TokenFamily.voided_at.is_(None)
    yield _Rule("an ended card has tokens that are not void", _END, _with(TokenFamily, ended & alive))
    again = cards.join(IssuedCopy, out).group_by(Card.reference).having(func.count() > 1)
    yield _Rule("a card was issued twice: two copies are not revoked", _END, again)


def _offer_rules() -> Iterable[_Rule]:
    active = CardOffer.status.in_(_ACTIVE) & (CardOffer.card_id == Card.id)
    several = select(Card.reference).join(CardOffer, active).group_by(Card.reference)
    yield _Rule("a card has several open offers", _END, several.having(func.count() > 1))
    ended = (Card.status == CardStatus.ENDED) & active
    yield _Rule("an ended card has an open offer", _END, _with(CardOffer, ended))
    mine = CardOffer.card_id == Card.id
    closed = CardOffer.status != OfferStatus.OPEN
    kept = or_(*(secret.is_not(None) for secret in _SECRETS))
    yield _Rule(
        "a closed offer keeps its secrets",
        "tell the developers; flask encryption can't help here",
        _with(CardOffer, mine & closed & kept),
    )
    lost = or_(*(secret.is_(None) for secret in _SECRETS))
    yield _Rule(
        "an open offer has lost its secrets",
        "have the student press „Nowe kody” on the order's page",
        _with(CardOffer, mine & ~closed & lost),
    )
    unknown = CardOffer.status.not_in(list(OfferStatus))
    yield _Rule("an offer has an unknown status", _RESTORE, _with(CardOffer, mine & unknown))
    open_ended = CardOffer.status.not_in(_ACTIVE) & CardOffer.closed_at.is_(None)
    yield _Rule("a closed offer has no time of its end", _RESTORE, _with(CardOffer, mine & open_ended))


def _copy_rules() -> Iterable[_Rule]:
    mine = IssuedCopy.card_id == Card.id
    outside = or_(IssuedCopy.idx < 0, IssuedCopy.idx >= LIST_SIZE)
    yield _Rule("a copy's place is outside its list", _RESTORE, _with(IssuedCopy, mine & outside))
    # Of a forgotten card's copies only their places are left.
    known = IssuedCopy.notification_id.not_like(f"{FORGOTTEN}%")
    told = IssuedCopy.revoked_at.is_not(None) & IssuedCopy.looks_valid_until.is_not(None)
    untold = IssuedCopy.revoked_at.is_(None) & IssuedCopy.looks_valid_until.is_(None)
    # The other way round it is one that a process of an earlier release revoked: the next list shows it.
    shown = IssuedCopy.revoked_in.is_not(None) & IssuedCopy.revoked_at.is_(None)
    yield _Rule("the bit of a copy that is not revoked is set", _RESTORE, _with(IssuedCopy, mine & shown))
    yield _Rule(
        "a revoked copy doesn't say until when it may look valid",
        _RESTORE,
        _with(IssuedCopy, and_(mine, known, ~or_(told, untold))),
    )


def _with(table: type, condition: ColumnElement[bool]) -> Select[str]:
    """References of the cards that meet a row of `table`."""
    return select(Card.reference).join(table, condition)


def _apply(found: Findings, rules: Iterable[_Rule]) -> None:
    for rule in rules:
        for reference in db.session.scalars(rule.rows.limit(MOST_NAMED * 20)):
            found.add(rule.what, rule.remedy, reference)

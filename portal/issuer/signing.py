"""Who may sign: the key that is here, unless cards are valid whose own key is not.

Such cards were signed elsewhere, or their key was lost. A machine that went on with another key would publish
that one alone, and whoever inspects one of these cards would take it for a forgery.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import db
from portal.issuer.errors import ProtocolError
from portal.issuer.keys import DamagedKey, SigningKey, key_store
from portal.issuer.models import IssuedCopy

RETRY_AFTER = 60
"""Seconds; an administrator has to do something first."""
_NEXT = select(func.min(IssuedCopy.kid)).where(IssuedCopy.kid > bindparam("kid"))
_log = logging.getLogger(__name__)


class NoKey(ProtocolError):
    """Nothing may be signed here for now."""

    def __init__(self, why: str) -> None:
        super().__init__("temporarily_unavailable", "try again later", status=503, retry_after=RETRY_AFTER)
        self.why = why
        """For whoever runs the portal."""


def signing_key() -> SigningKey:
    """The key that signs now; the first one is made here. Raises `NoKey`, and `OSError`."""
    if wrong := trouble():
        _log.error("nothing can be signed: %s", wrong)
        raise NoKey(wrong)
    return key_store().made()


def trouble() -> str | None:
    """Why nothing can be signed here, in a sentence; nothing is made. Raises `OSError`."""
    if missing := missing_keys():
        return f"cards are signed with {', '.join(missing)}, not in keys/issuer; flask doctor says what to do"
    store = key_store()
    try:
        store.retired()  # they are published with it
        store.current()
    except FileNotFoundError:
        return None  # the first card has one made
    except DamagedKey as error:
        return f"{error}; flask doctor says what to do"
    return None


def check() -> tuple[bool, str]:
    """Well: cards can be signed, and published with the keys of those before."""
    try:
        wrong = trouble()
    except SQLAlchemyError:
        db.session.rollback()
        return False, "the database does not answer"
    except OSError as error:
        return False, f"can't be read ({type(error).__name__})"
    return wrong is None, wrong or "signs"


def missing_keys() -> list[str]:
    """The `kid`s of keys that signed cards which are valid, and that are neither here nor given up."""
    used = list(_used())  # before the files: a key is there before anything that it signed
    store = key_store()
    known = store.here() | store.given_up()
    return [kid for kid in used if kid not in known and _is_needed(kid)]


def valid_with(kid: str) -> tuple[ColumnElement[bool], ...]:
    """Which copies would be valid, had they not lost this key."""
    return IssuedCopy.kid == kid, IssuedCopy.expires_at > clock.now(), IssuedCopy.revoked_at.is_(None)


def _used() -> Iterator[str]:
    """The key of every copy there is, each once: a step in the index for each, however many copies."""
    kid: str | None = ""
    while kid := db.session.scalar(_NEXT, {"kid": kid}):
        yield kid


def _is_needed(kid: str) -> bool:
    return db.session.scalar(select(IssuedCopy.id).where(*valid_with(kid)).limit(1)) is not None

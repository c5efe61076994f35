"""Apps that may ask: registered by the administrator, found by a keyed hash of their key."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import delete, func, or_, select

from portal import audit, clock
from portal.database import db, write
from portal.encryption import fingerprint
from portal.usosapi import scopes
from portal.usosapi.models import AccessToken, Consumer, RequestToken
from portal.usosapi.scopes import Scope

OOB = "oob"
"""Out of band: there is no address to lead the browser back to (RFC 5849, 2.1)."""
LONGEST_CALLBACK = 300
_WEB_SCHEMES = ("http", "https")
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_APP = re.compile(r"[a-z][a-z0-9+.-]*:")
_NO_APP = frozenset(
    {"about", "blob", "data", "file", "filesystem", "javascript", "mailto", "vbscript", "ws", "wss"}
)
# No character that could end a header, or a source of the content security policy.
_CLEAN = re.compile(r"[!#-&(-+\--:=?-\[\]-~]*")


@dataclass(frozen=True)
class NewConsumer:
    """Told once; afterwards nobody can read key and secret again."""

    public_id: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


def add(name: str, callback: str | None, allowed: Sequence[Scope]) -> NewConsumer:
    """Register an app. Raises `ValueError` for a callback that no browser should be led to."""
    if callback is not None and source_of(callback) is None:
        raise ValueError(callback)
    # Letters and digits: one that began with a hyphen would be an option to the command that removes it.
    new = NewConsumer(uuid.uuid4().hex, secrets.token_hex(15), secrets.token_urlsafe(30))
    row = Consumer(
        public_id=new.public_id,
        key_hash=_hash(new.key),
        secret=new.secret,
        name=name,
        callback=callback,
        scopes=scopes.joined(allowed),
        created_at=clock.now(),
    )
    with write() as session:
        session.add(row)
        audit.record(session, audit.Event.APP_REGISTERED, actor=audit.COMMAND_LINE, subject=new.public_id)
    return new


def remove(key_or_id: str) -> None:
    """End an app with all access that it has. Raises `LookupError`."""
    with write() as session:
        known = or_(Consumer.public_id == key_or_id, Consumer.key_hash == _hash(key_or_id))
        found = session.execute(select(Consumer.id, Consumer.public_id).where(known)).one_or_none()
        if found is None:
            raise LookupError(key_or_id)
        consumer_id, public_id = found
        # In this order: an exchange that goes on just now holds its request token, and is waited for.
        for table in (RequestToken, AccessToken):
            session.execute(delete(table).where(table.consumer_id == consumer_id))
        session.execute(delete(Consumer).where(Consumer.id == consumer_id))
        audit.record(session, audit.Event.APP_REMOVED, actor=audit.COMMAND_LINE, subject=public_id)


def with_students() -> list[tuple[Consumer, int]]:
    """All apps in the order of their names, with how many students let each in now."""
    counted = (
        select(AccessToken.consumer_id, func.count(AccessToken.account_id.distinct()).label("students"))
        .where(or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > clock.now()))
        .group_by(AccessToken.consumer_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Consumer, func.coalesce(counted.c.students, 0))
        .outerjoin(counted, counted.c.consumer_id == Consumer.id)
        .order_by(Consumer.name, Consumer.id)
    )
    return [(consumer, students) for consumer, students in rows]


def by_key(key: str) -> Consumer | None:
    """Detached: what a request reads of it stays as it was at its start."""
    found = db.session.scalar(select(Consumer).where(Consumer.key_hash == _hash(key)))
    if found is not None:
        db.session.expunge(found)
    return found


def may_lead_to(consumer: Consumer, callback: str) -> bool:
    """Whether this app may have the browser led there: to the registered address, with any query."""
    if callback == OOB:
        return True
    if consumer.callback is None or not _CLEAN.fullmatch(callback) or len(callback) > 2 * LONGEST_CALLBACK:
        return False
    try:
        asked, registered = urlsplit(callback), urlsplit(consumer.callback)
    except ValueError:  # a bracket that is no IPv6 address
        return False
    return not asked.fragment and asked[:3] == registered[:3]


def place_of(callback: str) -> str | None:
    """The host that the callback leads to; None where it is no host's but an app's own."""
    asked = urlsplit(callback)
    return asked.hostname if asked.scheme in _WEB_SCHEMES else None


def source_of(callback: str) -> str | None:
    """The callback as a source of the content security policy: an origin, or the scheme of an app.

    None where no browser should be led there.
    """
    if not _CLEAN.fullmatch(callback) or len(callback) > LONGEST_CALLBACK or "#" in callback:
        return None
    scheme = urlsplit(callback).scheme
    if scheme in _WEB_SCHEMES:
        web = _WEB.match(callback)
        return web[0] if web and callback[web.end() :][:1] in ("", "/", "?") else None
    app = _APP.match(callback)
    return app[0] if app and scheme not in _NO_APP and len(callback) > app.end() else None


def _hash(key: str) -> str:
    return fingerprint(key, "usosapi.consumer")

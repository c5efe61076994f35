"""Whose cards count here: our own issuer's always, and those of the universities that were named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor, Event
from portal.database import db, write
from portal.settings import settings
from portal.vc.fetch import Http, Unreachable
from portal.vc.issuers import IssuerKeys, get_json, well_known
from portal.vc.sdjwt import TYPE
from portal.verifier.models import TrustedIssuer

LONGEST_URL = 300
LONGEST_NAME = 200
METADATA = "openid-credential-issuer"
LANGUAGES = ("pl", "en")


class Problem(StrEnum):
    """Why an issuer can't be trusted."""

    OWN = "own"
    NO_ADDRESS = "no_address"
    NO_HTTPS = "no_https"
    NO_DOCUMENT = "no_document"
    NO_KEYS = "no_keys"
    NO_TYPES = "no_types"


class NotTrustworthy(Exception):
    """Nothing to trust is found at this address."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Found:
    """What an issuer says of itself."""

    url: str
    kids: tuple[str, ...]
    vcts: tuple[str, ...]
    names: dict[str, str]


def all_of_them() -> Sequence[TrustedIssuer]:
    return db.session.scalars(select(TrustedIssuer).order_by(TrustedIssuer.url)).all()


def find(url: str) -> TrustedIssuer | None:
    """The trusted issuer with this identifier, if there is one: strangers' cards may name anything."""
    if "\0" in url:  # PostgreSQL raises for it
        return None
    return db.session.scalar(select(TrustedIssuer).where(TrustedIssuer.url == url))


def types() -> list[str]:
    """Every type of card that counts here but our own's."""
    return sorted({vct for issuer in all_of_them() for vct in issuer.vcts})


def look_at(url: str, vcts: Sequence[str], http: Http) -> Found:
    """Ask an issuer who it is. `vcts` are the types that count; without them, those that it offers.

    Raises `NotTrustworthy`, and `portal.gate.Busy` as `http` does.
    """
    _check_url(url)
    try:
        keys = IssuerKeys(http, clock.now).fetch(url).keys
    except Unreachable as error:
        raise NotTrustworthy(Problem.NO_DOCUMENT) from error
    if not keys:
        raise NotTrustworthy(Problem.NO_KEYS)
    metadata = _metadata(url, http)
    offered = tuple(vcts) or _offered(metadata)
    if not offered:
        raise NotTrustworthy(Problem.NO_TYPES)
    return Found(url, tuple(_plain(kid or "–") for kid, _key in keys), offered, _names(metadata))


def _check_url(url: str) -> None:
    """An issuer identifier: https without query (SD-JWT VC, 4); the demonstration takes http too."""
    if url == settings().base_url:
        raise NotTrustworthy(Problem.OWN)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise NotTrustworthy(Problem.NO_ADDRESS) from error
    if not url.isascii() or not url.isprintable() or len(url) > LONGEST_URL or not parts.hostname:
        raise NotTrustworthy(Problem.NO_ADDRESS)
    if parts.query or parts.fragment or parts.username is not None:
        raise NotTrustworthy(Problem.NO_ADDRESS)
    if parts.scheme != "https" and not (settings().demo and parts.scheme == "http"):
        raise NotTrustworthy(Problem.NO_HTTPS)


def _metadata(url: str, http: Http) -> dict[str, Any]:
    """The credential issuer's metadata; nothing where it has none: keys are enough for SD-JWT VC."""
    try:
        said = get_json(http, well_known(url, METADATA))
    except Unreachable:
        return {}
    return said if said.get("credential_issuer") == url else {}


def _offered(metadata: dict[str, Any]) -> tuple[str, ...]:
    configurations = metadata.get("credential_configurations_supported")
    if not isinstance(configurations, dict):
        return ()
    found = {
        one["vct"]
        for one in configurations.values()
        if isinstance(one, dict) and one.get("format") == TYPE and isinstance(one.get("vct"), str)
    }
    return tuple(sorted(vct for vct in found if vct.isprintable()))


def _names(metadata: dict[str, Any]) -> dict[str, str]:
    """The issuer's name in our languages; in the first that it has where it lacks one."""
    display = metadata.get("display")
    named: dict[str, str] = {}
    for one in display if isinstance(display, list) else []:
        name, locale = (one.get("name"), one.get("locale")) if isinstance(one, dict) else (None, None)
        if isinstance(name, str) and _plain(name):
            named.setdefault(str(locale or "")[:2], _plain(name)[:LONGEST_NAME])
    if not named:
        return {}
    first = next(iter(named.values()))
    return {language: named.get(language, first) for language in LANGUAGES}


def _plain(said: str) -> str:
    """A stranger's words as one line that steers no terminal (CWE-150)."""
    return "".join(letter if letter.isprintable() else " " for letter in said).strip()


def add(found: Found, actor: Actor) -> None:
    """Trust this issuer from now on; one that was trusted before is trusted for these types alone."""
    values = {"vcts": list(found.vcts), "names": found.names, "added_at": clock.now()}
    with write() as session:
        known = update(TrustedIssuer).where(TrustedIssuer.url == found.url).values(**values)
        if not session.execute(known.returning(TrustedIssuer.id)).first():
            try:
                with session.begin_nested():
                    session.add(TrustedIssuer(url=found.url, **values))
            except IntegrityError:  # another administrator was first
                session.execute(known)
        _note(session, Event.ISSUER_TRUSTED, found.url, actor)


def remove(url: str, actor: Actor) -> bool:
    """Trust this issuer no more; whether it was trusted before."""
    with write() as session:
        gone = session.execute(
            delete(TrustedIssuer).where(TrustedIssuer.url == url).returning(TrustedIssuer.id)
        ).first()
        if gone:
            _note(session, Event.ISSUER_DISTRUSTED, url, actor)
    return gone is not None


def _note(session: Session, event: Event, url: str, actor: Actor) -> None:
    audit.record(session, event, actor=actor, subject=urlsplit(url).netloc[:64], detail=url[:200])

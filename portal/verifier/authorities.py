"""An issuer as a check sees it: its keys, its status lists, its name. Our own is asked in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from portal import clock
from portal.database import db
from portal.issuer import metadata, status_lists, urls
from portal.settings import Settings, settings
from portal.vc import issuers, status
from portal.vc.fetch import Unreachable
from portal.vc.issuers import UnknownKey
from portal.vc.status import BadList, KeyOf, ReadList
from portal.verifier import outside, trust

HIGHEST_LIST = 2**31 - 1


class UnknownIssuer(Exception):
    """Nobody here trusts this issuer."""


@dataclass(frozen=True)
class Authority:
    """Somebody whose cards count. `key_of` and `status_list` raise as those of `portal.vc` do."""

    issuer: str
    vcts: frozenset[str]
    names: Mapping[str, str]
    """Language to the university's name, as the issuer calls itself: never as a card does."""
    key_of: KeyOf = field(repr=False)
    own: bool = False

    def status_list(self, uri: str) -> ReadList:
        """Raises `BadList`, `OldList`, `Unreachable` and `UnknownKey`."""
        if self.own:
            return _own_list(uri, self.key_of)
        return outside.status_lists().get(uri, self.issuer, self.key_of)


def authority(issuer: str) -> Authority:
    """Whoever has this identifier. Raises `UnknownIssuer`."""
    ours = settings()
    if issuer == urls.issuer_id(ours):
        return _own(ours)
    trusted = trust.find(issuer)
    if trusted is None:
        raise UnknownIssuer
    host = urlsplit(issuer).netloc
    found = Authority(
        issuer,
        frozenset(trusted.vcts),
        {language: trusted.names.get(language, host) for language in trust.LANGUAGES},
        partial(outside.issuer_keys().key, issuer),
    )
    db.session.rollback()  # no transaction stays open while another server is waited for
    return found


def _own(ours: Settings) -> Authority:
    names = {"pl": ours.university_pl, "en": ours.university_en}
    return Authority(urls.issuer_id(ours), frozenset({urls.vct(ours)}), names, _own_key, own=True)


def _own_key(kid: str | None) -> ECKey:
    published = metadata.jwt_vc_issuer(settings())
    found = issuers.read_keys(published["jwks"], clock.now()).find(kid)
    if found is None:
        raise UnknownKey
    return found


def _own_list(uri: str, key_of: KeyOf) -> ReadList:
    """Our own list, read with the same checks as anybody's."""
    number = uri.removeprefix(settings().base_url + urls.STATUS_LISTS_PATH)
    if not (number.isascii() and number.isdecimal()) or int(number) > HIGHEST_LIST:
        raise BadList("no list of ours")
    try:
        signed = status_lists.publisher().get(int(number))
    except status_lists.Busy as busy:
        raise Unreachable("the list changes too fast") from busy
    if signed is None:
        raise BadList("no list of ours")
    return status.read(signed.token, uri=uri, key_of=key_of, now=clock.now())


def valid_through(expires_at: datetime) -> datetime:
    """The last instant at which a card with this `exp` is valid, in Warsaw."""
    return datetime.fromtimestamp(expires_at.timestamp() - 1, clock.WARSAW)

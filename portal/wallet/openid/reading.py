"""What a scanned or typed text is, and reading what strangers answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from portal.gate import Busy
from portal.vc.fetch import Answer, Http, Unreachable
from portal.vc.issuers import well_known
from portal.wallet.openid.problems import Problem, WalletError

LONGEST = 8_000
"""Characters of a text; a QR code holds 4,296 at most."""


def parameters(text: str) -> dict[str, str]:
    """The parameters of a scanned address, each once. Raises `WalletError` where it is no address."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        found = parse_qs(parts.query, strict_parsing=True, max_num_fields=50)
    except ValueError as error:
        raise WalletError(Problem.NOT_A_CODE) from error
    if len(text) > LONGEST or not parts.scheme or any(len(values) > 1 for values in found.values()):
        raise WalletError(Problem.NOT_A_CODE)
    return {name: values[0] for name, values in found.items()}


def is_offer(text: str) -> bool:
    """Whether this is a credential offer (OpenID4VCI 1.0, 4.1)."""
    return bool({"credential_offer", "credential_offer_uri"} & _names(text))


def is_request(text: str) -> bool:
    """Whether this is a verifier's request (OpenID4VP 1.0, 5)."""
    return "client_id" in _names(text)


def _names(text: str) -> set[str]:
    try:
        return set(parameters(text))
    except WalletError:
        return set()


@contextmanager
def told() -> Iterator[None]:
    """What keeps an answer from coming, in the wallet's words."""
    try:
        yield
    except Unreachable as error:
        raise WalletError(Problem.UNREACHABLE) from error
    except Busy as error:
        raise WalletError(Problem.BUSY) from error


def get_object(http: Http, url: str) -> dict[str, Any]:
    """A JSON object from this address. Raises `WalletError`."""
    with told():
        answer = http("GET", url, headers={"Accept": "application/json"})
        expect_ok(answer)
        return answer.json()


def get_well_known(http: Http, issuer: str, name: str) -> dict[str, Any]:
    """An issuer's document. Raises `WalletError`."""
    with told():
        url = well_known(issuer, name)
    return get_object(http, url)


def server(address: Any) -> SplitResult | None:
    """The parts of a server's address; None where it is none, or names a user to look like another's."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None
    return parts if parts is not None and parts.hostname and parts.username is None else None


def expect_ok(answer: Answer) -> None:
    """Raises `WalletError` for what every endpoint may answer instead of 200."""
    if answer.status == 200:
        return
    if answer.status == 429:
        raise WalletError(Problem.TOO_OFTEN)
    if answer.status in (404, 410):
        raise WalletError(Problem.OFFER_GONE)
    raise WalletError(Problem.UNREACHABLE if answer.status >= 500 else Problem.REFUSED)


def error_of(answer: Answer) -> Mapping[str, Any]:
    """The members of a refusal (RFC 6749, 5.2); none where it is no JSON."""
    try:
        return answer.json()
    except Unreachable:
        return {}


def text_in(said: Mapping[str, Any], name: str) -> str:
    """A member that must be there and be text. Raises `WalletError`."""
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise WalletError(Problem.UNSUPPORTED)
    return value


def optional_text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) and value else None


def plain(said: str) -> str:
    """A stranger's words as one line: what can't be seen, or turns letters around, becomes a space."""
    return "".join(letter if letter.isprintable() else " " for letter in said).strip()


def in_languages(display: Any, member: str = "name") -> dict[str, str]:
    """Words by language from a `display` list; under the empty name those without a `locale`."""
    found: dict[str, str] = {}
    for entry in display if isinstance(display, list) else []:
        if isinstance(entry, dict) and (words := plain(optional_text(entry, member) or "")):
            locale = optional_text(entry, "locale") or ""
            found.setdefault(locale.partition("-")[0].lower(), words)
    return found

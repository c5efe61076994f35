"""OAuth 1.0a signatures (RFC 5849, 3): whose request is this, and was it made just now, and once?

Authlib reads the parameters and compares the signature. In which order things are looked at is decided here:
the signature first, so that nobody without a secret can make the portal write anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import parse_http_list

from authlib.oauth1.errors import OAuth1Error
from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth1.rfc5849.util import escape
from authlib.oauth1.rfc5849.wrapper import OAuth1Request

from portal.settings import settings
from portal.usosapi import consumers, nonces, tokens
from portal.usosapi.errors import unsigned
from portal.usosapi.models import AccessToken, Consumer, RequestToken

METHOD = "HMAC-SHA1"
NEEDED = ("oauth_consumer_key", "oauth_signature_method", "oauth_signature", "oauth_timestamp", "oauth_nonce")
BESIDE_THE_HEADER = ("oauth_callback", "oauth_verifier")
"""Clients of the USOS API send these like parameters of a method, though all others stand in the header."""
_SCHEME = "oauth "
Token = RequestToken | AccessToken
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """A request as its signature covers it."""

    method: str
    path: str
    query: Pairs
    form: Pairs
    authorization: str


@dataclass(frozen=True)
class Signed:
    """A request that was proven to be an app's, with the token it named, if one was asked for."""

    consumer: Consumer
    token: Token | None
    oauth: dict[str, str] = field(repr=False)

    def named(self, name: str) -> str:
        return self.oauth.get(name, "")


class _Secrets:
    """What Authlib asks an app and a token for."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def get_client_secret(self) -> str:
        return self._secret

    get_oauth_token_secret = get_client_secret


def by_app(asked: Asked) -> Signed:
    """Signed with the app's secret alone. Raises `ApiError`."""
    return _verified(asked, None)


def by_request_token(asked: Asked) -> Signed:
    """Signed with a request token too. Raises `ApiError`."""

    def find(consumer: Consumer, token: str) -> Token | None:
        found = tokens.asked(token)
        return found if found is not None and found.consumer_id == consumer.id else None

    return _verified(asked, find)


def by_access_token(asked: Asked) -> Signed:
    """Signed with an access token too. Raises `ApiError`."""
    return _verified(asked, tokens.access)


def _verified(asked: Asked, find: Callable[[Consumer, str], Token | None] | None) -> Signed:
    request = _read(asked)
    consumer = consumers.by_key(request.client_id)
    if consumer is None:
        raise unsigned("Unknown consumer key.", "consumer_invalid")
    token = _token(find, consumer, request.token) if find else None
    timestamp = _timestamp(request.timestamp)
    request.client = _Secrets(consumer.secret)
    request.credential = _Secrets(token.secret) if token else None
    _compare(request)
    parts = (consumer.public_id, request.token or "", request.timestamp, request.oauth_params["oauth_nonce"])
    try:
        nonces.spend(parts, timestamp, token if isinstance(token, AccessToken) else None)
    except nonces.Replayed as error:
        raise unsigned("This nonce was used before.", "nonce_used") from error
    return Signed(consumer, token, dict(request.oauth_params))


def _read(asked: Asked) -> Any:
    """The request as Authlib has it, with every parameter that is needed, each once."""
    is_oauth = asked.authorization.lower().startswith(_SCHEME)
    beside = [pair for pair in (*asked.query, *asked.form) if is_oauth and pair[0] in BESIDE_THE_HEADER]
    query, form = ([pair for pair in pairs if pair not in beside] for pairs in (asked.query, asked.form))
    uri = f"{settings().base_url}{asked.path}?{urlencode(query)}"
    headers = {"Authorization": asked.authorization} if is_oauth else {}
    try:
        request = OAuth1Request(asked.method, uri, urlencode(form), headers)
    except (OAuth1Error, ValueError) as error:
        raise unsigned("The OAuth parameters can't be read.", "signature_malformed") from error
    header = parse_http_list(asked.authorization[len(_SCHEME) :]) if is_oauth else []
    names = [name for name, _ in (*asked.query, *asked.form)]
    names += [part.partition("=")[0].strip() for part in header]
    if any(count > 1 for name, count in Counter(names).items() if name.startswith("oauth_")):
        raise unsigned("An OAuth parameter stands twice.", "signature_malformed")
    request.params += beside
    request.oauth_params.update(beside)
    return _whole(request)


def _whole(request: Any) -> Any:
    for name in NEEDED:
        if not request.oauth_params.get(name):
            raise unsigned(f"This method must be signed: {name} is missing.", "consumer_missing")
    if request.oauth_params.get("oauth_version", "1.0") != "1.0":
        raise unsigned("Only OAuth 1.0 is spoken here.", "signature_malformed")
    return request


def _token(find: Callable[[Consumer, str], Token | None], consumer: Consumer, sent: str | None) -> Token:
    if not sent:
        raise unsigned("This method must be signed with a token: oauth_token is missing.", "token_missing")
    found = find(consumer, sent)
    if found is None:
        raise unsigned("The token is unknown, over, or withdrawn.", "token_invalid")
    return found


def _timestamp(sent: str) -> datetime:
    timestamp = nonces.moment(sent)
    if timestamp is None or not nonces.is_timely(timestamp):
        raise unsigned("The timestamp is too far from the server's time.", "timestamp_invalid")
    return timestamp


def _compare(request: Any) -> None:
    if request.signature_method != METHOD:
        raise unsigned(f"Only {METHOD} is taken.", "signature_method_invalid")
    # Authlib decodes these once more, which would spoil a callback that holds a percent sign itself.
    request.params = [
        (name, escape(value) if name.startswith("oauth_") else value) for name, value in request.params
    ]
    try:
        BaseServer().validate_oauth_signature(request)
    except (OAuth1Error, TypeError, ValueError) as error:  # a signature may hold any letters
        raise unsigned("The signature is wrong.", "signature_invalid") from error

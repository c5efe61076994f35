"""Answering a verifier: a card with what its holder agreed to show, or a refusal (OpenID4VP 1.0, 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey

from portal.vc import sdjwt
from portal.vc.fetch import Answer, Http, Unreachable
from portal.vc.sdjwt import Question
from portal.wallet.openid.encrypting import encrypted
from portal.wallet.openid.labels import TECHNICAL
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import optional_text, server, told
from portal.wallet.openid.requests import PresentationRequest


def fits(request: PresentationRequest, credential: str) -> bool:
    """Whether this card answers the question."""
    return _chosen(request, credential) is not None


def shown(request: PresentationRequest, credential: str) -> dict[str, Any]:
    """All about the holder that the verifier would see: first what it asks for, then what stands open."""
    chosen = _chosen(request, credential) or ()
    seen = sdjwt.shown(sdjwt.parse(credential), chosen)
    names = dict.fromkeys([*chosen, *seen])
    # Open, but with nothing in it: all that it holds stays closed.
    return {name: seen[name] for name in names if name not in TECHNICAL and seen[name] not in ([], {})}


def answer(
    http: Http, request: PresentationRequest, credential: str, key: ECKey, now: datetime
) -> str | None:
    """Show the card. Raises `WalletError`.

    Where the verifier wants the holder to go on somewhere, the answer is that address.
    """
    chosen = _chosen(request, credential)
    if chosen is None:
        raise WalletError(Problem.NO_FITTING_CARD)
    if request.expires is not None and request.expires <= now.timestamp():
        raise WalletError(Problem.BAD_REQUEST)
    question = Question(request.client_id, request.nonce)
    presented = sdjwt.present(sdjwt.parse(credential), chosen, question, key=key, now=now)
    return _went_on(_send(http, request, {"vp_token": {request.query.id: [presented]}}))


def refuse(http: Http, request: PresentationRequest) -> None:
    """Say that the holder doesn't want to. Raises `WalletError` where the verifier can't be told."""
    _send(http, request, {"error": "access_denied"})


def _chosen(request: PresentationRequest, credential: str) -> tuple[str, ...] | None:
    return request.query.answered_by(sdjwt.disclosed(sdjwt.parse(credential)))


def _send(http: Http, request: PresentationRequest, said: Mapping[str, Any]) -> Answer:
    form = _form(request, {**said, **({"state": request.state} if request.state else {})})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    with told():
        got = http("POST", request.response_uri, headers=headers, body=urlencode(form).encode())
    if got.status == 429:
        raise WalletError(Problem.TOO_OFTEN)
    if got.status >= 500:
        raise WalletError(Problem.UNREACHABLE)
    if got.status != 200:
        raise WalletError(Problem.REFUSED)
    return got


def _form(request: PresentationRequest, said: Mapping[str, Any]) -> dict[str, str]:
    """The answer as it is sent (8.2), encrypted where the verifier wants that (8.3)."""
    if request.recipient is not None:
        return {"response": encrypted(request.recipient, said)}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}


def _went_on(got: Answer) -> str | None:
    """The address of the answer (8.2), if it is one that a browser should follow."""
    try:
        said = optional_text(got.json(), "redirect_uri")
    except Unreachable:
        return None
    parts = server(said)
    return said if parts is not None and parts.scheme == "https" else None

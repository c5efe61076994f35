"""Reading what wallets answer (OpenID4VP 1.0, 8.2): well-formed and for this question, or refused."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from flask import Request

from portal.issuer.errors import ProtocolError
from portal.issuer.requests import FORM
from portal.vc.strict_json import parse_object
from portal.verifier.inspections import Refusal
from portal.verifier.requests import QUERY_ID

DECLINED = "access_denied"


@dataclass(frozen=True)
class Answer:
    """A presentation, or why there is none."""

    presentation: str = field(default="", repr=False)
    """Empty where `vp_token` holds no presentation for our query."""
    refusal: Refusal | None = None


def read(request: Request, state: str) -> Answer:
    """The answer in the form. Raises `ProtocolError` where it can't be tied to this question."""
    if request.mimetype != FORM:
        raise _invalid(f"the content type must be {FORM}")
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form):
        raise _invalid("a parameter stands twice")
    if not hmac.compare_digest(form.get("state", "").encode(), state.encode()):
        raise _invalid("state is missing, or not that of the request")
    if ("vp_token" in form) == ("error" in form):
        raise _invalid("send either vp_token or error")
    if "error" in form:
        return Answer(refusal=Refusal.DECLINED if form["error"] == DECLINED else Refusal.WALLET)
    return Answer(_presentation(form["vp_token"]))


def _presentation(vp_token: str) -> str:
    """The one presentation that was asked for (8.1); empty where it is not exactly that."""
    try:
        token = parse_object(vp_token.encode())
    except ValueError:
        return ""
    presented = token.get(QUERY_ID)
    if len(token) == 1 and isinstance(presented, list) and len(presented) == 1:
        return presented[0] if isinstance(presented[0], str) else ""
    return ""


def _invalid(description: str) -> ProtocolError:
    return ProtocolError("invalid_request", description)

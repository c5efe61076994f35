"""The endpoints that wallets use (OpenID4VP 1.0). They use no cookie, so no CSRF token."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from portal import clock
from portal.extensions import csrf
from portal.gate import Busy
from portal.issuer.errors import ProtocolError
from portal.metrics import metrics
from portal.throttle import network_of
from portal.verifier import answers, checking, inspections, requests, throttles
from portal.verifier.inspections import TooLate
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset

blueprint = Blueprint("verifier_protocol", __name__)
csrf.exempt(blueprint)

TRY_AGAIN_IN = 2
"""Seconds."""


@blueprint.before_request
def limit() -> None:
    if wait := throttles.wallets().wait(network_of(request.remote_addr)):
        raise ProtocolError("slow_down", "too many requests", status=429, retry_after=wait)


@blueprint.after_request
def open_to_browsers(response: Response) -> Response:
    """Wallets may run in browsers; nothing here depends on a cookie, so any origin may ask."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.errorhandler(ProtocolError)
def refused(error: ProtocolError) -> Response:
    metrics().wallet_error(error.error)
    response = jsonify(error=error.error, error_description=error.description)
    response.status_code = error.status
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@blueprint.get(requests.REQUESTS_PATH + "<request_id>")
def request_object(request_id: str) -> Response:
    """What is asked (OpenID4VP 1.0, 5.10): the same for whoever reads it, as often as they like."""
    try:
        inspection = inspections.open_request(request_id)
    except (LookupError, TooLate) as error:
        raise _unknown() from error
    return Response(requests.signed(inspection), content_type=requests.MEDIA_TYPE)


@blueprint.post(requests.RESPONSES_PATH + "<request_id>")
def response(request_id: str) -> Response:
    """What the wallet answers (OpenID4VP 1.0, 8.2). The first answer counts."""
    try:
        inspection = inspections.open_request(request_id)
        answer = answers.read(request, inspection.state)
        if answer.refusal is not None:
            inspections.refuse(inspection, answer.refusal)
        else:
            _decide(inspection, answer.presentation)
    except LookupError as error:
        raise _unknown() from error
    except TooLate as error:
        raise ProtocolError("invalid_request", "this request is over, or was answered before") from error
    except Busy as error:
        raise ProtocolError(
            "temporarily_unavailable", "try again", status=503, retry_after=TRY_AGAIN_IN
        ) from error
    return jsonify({})


def _decide(inspection: Inspection, presentation: str) -> None:
    question = requests.question(inspection)
    outcome = checking.check(presentation, question, Preset(inspection.preset).claims, clock.now())
    inspections.decide(inspection, outcome)
    if outcome.reason is not None and outcome.reason not in checking.UNDERSTOOD:
        raise ProtocolError("invalid_request", f"this proves nothing here: {outcome.reason}")


def _unknown() -> ProtocolError:
    return ProtocolError("not_found", "there is no such open request", status=404)

"""What monitors and load balancers ask, without log-in: from this machine or a trusted proxy."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from portal import metrics
from portal.pages import health

blueprint = Blueprint("monitoring", __name__)


@blueprint.get("/healthz")
def whole() -> Response:
    """200 while every check is well, else 503; the body names each check."""
    return _answer(health.examine())


@blueprint.get("/healthz/live")
def live() -> Response:
    """The process answers. Nothing else is asked: a restart would not bring a lost database back."""
    return _answer({})


@blueprint.get("/healthz/ready")
def ready() -> Response:
    """Whether this process can serve students: what a load balancer asks."""
    return _answer(health.examine(health.READY))


@blueprint.get("/metrics")
def numbers() -> Response:
    """For Prometheus; of this process alone."""
    return Response(metrics.text(current_app), content_type=CONTENT_TYPE_LATEST)


def _answer(outcome: health.Outcome) -> Response:
    well = all(ok for ok, _ in outcome.values())
    response = jsonify(
        status="ok" if well else "failing",
        checks={name: {"ok": ok, "detail": detail} for name, (ok, detail) in outcome.items()},
    )
    response.headers["Cache-Control"] = "no-store"
    response.status_code = 200 if well else 503
    return response

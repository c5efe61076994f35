"""The inspector's pages, for everybody: each check belongs to the browser that began it."""

from __future__ import annotations

import secrets
from typing import cast

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as BaseResponse

from portal import qr
from portal.encryption import keyring
from portal.polling import PollLimit, Watch
from portal.throttle import network_of
from portal.verifier import inspections, panel, throttles, words
from portal.verifier.inspections import Status
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset

blueprint = Blueprint("verifier", __name__, url_prefix="/weryfikacja")

OWNER = "inspector"
"""Where the signed cookie holds the token that the inspector's checks belong to."""


@blueprint.get("")
def start() -> str:
    """What a check is, and the kinds of it."""
    return render_template("verifier/start.html", presets=Preset, words=words)


@blueprint.post("")
def begin() -> BaseResponse:
    """A new check."""
    try:
        preset = Preset(request.form.get("preset", ""))
    except ValueError:
        abort(400)
    if wait := throttles.inspectors().wait(network_of(request.remote_addr)):
        raise TooManyRequests(retry_after=wait)
    owner = _owner() or session.setdefault(OWNER, secrets.token_urlsafe(32))
    return redirect(url_for(".show", inspection_id=inspections.begin(owner, preset)), 303)


@blueprint.get("/<inspection_id>")
def show(inspection_id: str) -> str:
    """The QR, or how the check ended."""
    shown = panel.of(_own(inspection_id))
    return render_template("verifier/show.html", **_context(shown))


@blueprint.get("/<inspection_id>/stan")
def poll(inspection_id: str) -> BaseResponse:
    """What the page asks while it watches."""
    if "HX-Request" not in request.headers:
        return redirect(url_for(".show", inspection_id=inspection_id), 303)
    limit = cast(PollLimit, current_app.extensions["portal.poll_limit"])
    if not limit.allows(f"inspector {_owner()}"):
        return Response(status=429, headers={"Retry-After": "5"})
    before = _watch()
    shown = panel.of(_own(inspection_id), before)
    changed = shown.status != before.seen
    if not changed and shown.pace is not None and shown.pace.step == before.step:
        return Response(status=204)
    fragment = render_template("verifier/_news.html", changed=changed, **_context(shown))
    response = make_response(fragment)
    response.headers["Vary"] = "HX-Request"
    return response


@blueprint.get("/<inspection_id>/zdjecie")
def picture(inspection_id: str) -> Response:
    """The photo, for as long as the page shows it."""
    inspection = _own(inspection_id)
    if inspections.status_of(inspection) != Status.ANSWERED or inspection.photo is None:
        abort(404)
    return Response(keyring().decrypt(inspection.photo), mimetype="image/jpeg")


def _owner() -> str | None:
    owner = session.get(OWNER)
    return owner if isinstance(owner, str) else None


def _own(inspection_id: str) -> Inspection:
    try:
        return inspections.owned(_owner() or "", inspection_id)
    except LookupError:
        abort(404)


def _watch() -> Watch:
    """The watch of the poll's address; whatever was made up there only spoils its maker's pace."""
    since = request.args.get("since", 0, type=int)
    step = request.args.get("step", 0, type=int)
    return Watch(since, step, request.args.get("seen", ""))


def _context(shown: panel.Panel) -> dict[str, object]:
    return {"panel": shown, "words": words, "qr_svg": qr.svg}

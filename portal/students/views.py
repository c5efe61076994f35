"""The „Dla studentów” area's first page, and „Moje dane”; its other parts are faces of their own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template
from werkzeug.exceptions import ServiceUnavailable

from portal import clock
from portal.database import db
from portal.identity import my_student_id, student_required
from portal.orders import my_data as gathering
from portal.registry import words
from portal.registry.records import RegistryUnavailable, photo_jpeg

RETRY_AFTER = 30
"""Seconds, when the registry can't be read."""

blueprint = Blueprint("students", __name__)


@blueprint.get("/dla-studentow")
@student_required
def index() -> str:
    return render_template("students/index.html")


@blueprint.get("/dla-studentow/moje-dane")
@student_required
def my_data() -> str:
    """What the portal keeps about whoever asks, in short."""
    return render_template("students/my_data.html", data=_gathered(), words=words)


@blueprint.get("/dla-studentow/moje-dane.json")
@student_required
def my_data_file() -> Response:
    """All of it, as a file (docs/my-data.md)."""
    content = gathering.as_json(_gathered())
    return _download(content, "application/json", f"moje-dane-{clock.today()}.json")


@blueprint.get("/dla-studentow/moje-dane/zdjecie")
@student_required
def my_photo() -> Response:
    """The portrait, for its owner alone: a copy of it belongs to one's data (GDPR art. 15(3))."""
    jpeg = photo_jpeg(db.session(), my_student_id())
    if jpeg is None:
        abort(404)
    return _download(jpeg, "image/jpeg", "moje-zdjecie.jpg")


def _gathered() -> dict[str, Any]:
    try:
        return gathering.gather(db.session(), my_student_id())
    except RegistryUnavailable as error:
        raise ServiceUnavailable(retry_after=RETRY_AFTER) from error


def _download(content: str | bytes, kind: str, name: str) -> Response:
    """Nobody keeps it on the way. The name says nothing about whose it is: it stays in lists of downloads."""
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response

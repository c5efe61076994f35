"""The „Dla studentów” area's first page; its parts are faces of their own."""

from __future__ import annotations

from flask import Blueprint, render_template

from portal.identity import student_required

blueprint = Blueprint("students", __name__)


@blueprint.get("/dla-studentow")
@student_required
def index() -> str:
    return render_template("students/index.html")

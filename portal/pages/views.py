"""Pages for everybody, logged in or not."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from sqlalchemy import update
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as BaseResponse

from portal import language
from portal.database import write
from portal.identity import Account, me
from portal.orders import words
from portal.orders.eligibility import ELS_CRITERIA, Criterion
from portal.pages import films
from portal.settings import settings

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def start() -> str:
    return render_template("pages/start.html")


@blueprint.get("/pomoc/mlegitymacja")
def help() -> str:
    required = (c for c in Criterion if settings().policy == "classic" or c not in ELS_CRITERIA)
    return render_template(
        "pages/help.html",
        criteria=[words.CRITERION[c] for c in required],
        pictures=films.pictures(language.current()),
        film_length=films.length(),
    )


@blueprint.get("/pomoc/mlegitymacja/film")
def film() -> str:
    return render_template("pages/film.html", scenes=films.SCENES, film_length=films.length())


@blueprint.get("/deklaracja-dostepnosci")
def accessibility() -> str:
    return render_template("pages/accessibility.html")


@blueprint.get("/prywatnosc")
def privacy() -> str:
    return render_template("pages/privacy.html")


@blueprint.post("/jezyk")
def set_language() -> BaseResponse:
    """Keep the choice for this browser and, where somebody is logged in, for the account."""
    chosen = request.form.get("language", "")
    try:
        language.choose(chosen)
    except ValueError:
        abort(400)
    if current_user.is_authenticated:
        with write() as session:
            session.execute(update(Account).where(Account.id == me().account_id).values(language=chosen))
    return redirect(_own_page(request.form.get("next", "")), 303)


@blueprint.get("/robots.txt")
def robots() -> Response:
    response = make_response("User-agent: *\nDisallow: /\n")
    response.mimetype = "text/plain"
    return response


def _own_page(path: str) -> str:
    """`path` if a page of ours answers there, else the start page: nothing foreign can pass."""
    foreign = not path.startswith("/") or path.startswith(("//", "/\\"))
    if foreign or not (path.isascii() and path.isprintable()):
        return url_for("pages.start")
    try:
        current_app.url_map.bind("").match(path.partition("?")[0], method="GET")
    except (HTTPException, RoutingException):
        return url_for("pages.start")
    return path

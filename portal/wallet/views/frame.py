"""What all pages of the wallet share: who may open them, how they stay open, how they say what is wrong."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.reasons import why
from portal.settings import settings
from portal.unavailable import is_unavailable
from portal.wallet import cookie, holders, keeping, pin, words
from portal.wallet.forms import SetUpForm, UnlockForm
from portal.wallet.holders import Holder
from portal.wallet.openid.problems import WalletError

ALWAYS_OPEN = frozenset(
    {"wallet.start", "wallet.set_up", "wallet.unlock", "wallet.erase", "wallet.hand_over"}
)
"""Pages that see to it themselves; every other one needs an open wallet."""
CARRIES_TEXT = "wallet.scan"
"""A page whose text must not be lost, though the wallet has locked meanwhile."""
_NO_VISIT = frozenset({"wallet.picture", "wallet.lock"})
_OWN = re.compile(r"/portfel(/[0-9a-z-]+)*")

blueprint = Blueprint("wallet", __name__, url_prefix="/portfel")


def holder() -> Holder | None:
    """The wallet of this request's browser, open or locked."""
    return cast("Holder | None", g.get("wallet_holder"))


def mine() -> Holder:
    """The open wallet: on every page that is not always open."""
    found = holder()
    assert found is not None  # noqa: S101 — the guard saw to it
    return found


def is_open() -> bool:
    found = holder()
    return found is not None and found.is_open(clock.now())


def forget() -> None:
    """For the rest of the request there is no wallet."""
    g.wallet_holder = None


def page(template: str, code: int = 200, /, **values: Any) -> Response:
    return make_response(render_template(f"wallet/{template}", **{"problem": None, **values}), code)


def problem_page(template: str, error: WalletError, said: str | None = None, **values: Any) -> Response:
    """The page again, with what is wrong and what to do."""
    sentence = words.problem(error) if said is None else said
    return with_retry(page(template, words.status_code(error), problem=sentence, **values), error)


def with_retry(response: Response, error: WalletError) -> Response:
    """Where waiting helps, how long."""
    if error.problem in words.RETRY_AFTER:
        response.headers["Retry-After"] = str(words.RETRY_AFTER[error.problem])
    return response


def own_path(value: str | None) -> str | None:
    """`value` where it is the path of a page of the wallet, else None (CWE-601)."""
    if not value or not _OWN.fullmatch(value):
        return None
    try:
        endpoint, _args = current_app.url_map.bind(settings().host).match(value, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return value if str(endpoint).startswith("wallet.") else None


def door(
    *,
    wanted: str | None = None,
    text: str = "",
    status: int = 200,
    form: FlaskForm | None = None,
    **said: Any,
) -> Response:
    """The PIN page, or the first of all; it leads on to where the holder wanted to go, with what they had."""
    found = holder()
    right = SetUpForm if found is None else UnlockForm
    form = form if isinstance(form, right) else right()
    form.dalej.data, form.text.data = wanted or "", text
    waiting = None if found is None or not pin.waits(found) else found.locked_until
    values = {"waiting": waiting, "wrong": None, "again": False, "erased": False, "crowded": False, **said}
    return page("welcome.html" if found is None else "locked.html", status, form=form, **values)


@blueprint.before_request
def _guard() -> BaseResponse | None:
    g.wallet_holder = holders.find(cookie.secret())
    if request.endpoint in ALWAYS_OPEN or is_open():
        return None
    if request.endpoint == CARRIES_TEXT and request.form.get("text"):
        return None
    return redirect(url_for("wallet.start", dalej=_way_back()), 303)


def _way_back() -> str | None:
    """Where the holder is; a button's address leads to the page that it stands on."""
    if request.method == "POST" and "public_id" in (request.view_args or {}):
        return url_for("wallet.card", public_id=(request.view_args or {})["public_id"])
    return own_path(request.path)


@blueprint.after_request
def _stay_open(response: Response) -> Response:
    """Note that a page was opened, after the view, so that it can't wait for a lock which the view holds."""
    found = holder()
    if found is not None and is_open() and request.endpoint not in _NO_VISIT:
        try:
            holders.stay_open(found)
        except SQLAlchemyError as error:
            # A disk that is full must not take the page away that was just made.
            if not is_unavailable(error):
                raise
            current_app.logger.warning("the wallet's last use could not be written: %s", why(error))
    return response


@blueprint.after_request
def _tell_when_it_locks(response: Response) -> Response:
    """For the script that warns of it. Registered later, so it runs before the visit is noted."""
    if (locks_at := _locks_at()) is not None:
        response.headers["Wallet-Locks-In"] = str(int((locks_at - clock.now()).total_seconds()))
    return response


@blueprint.context_processor
def _context() -> dict[str, object]:
    locks_at = _locks_at()
    return {
        "unlocked": is_open(),
        "locks_at": locks_at,
        "locks_in": 0 if locks_at is None else int((locks_at - clock.now()).total_seconds()),
        "way_back": _way_back(),
        "words": words,
    }


def _locks_at() -> datetime | None:
    """When the wallet locks by itself, if nothing more is opened."""
    found = holder()
    if found is None or not found.is_open(clock.now()):
        return None
    return clock.now() + holders.UNLOCKED if holders.to_be_written(found) else found.unlocked_until


@blueprint.errorhandler(holders.Gone)
def _gone(_error: holders.Gone) -> BaseResponse:
    return redirect(url_for("wallet.start"), 303)


@blueprint.errorhandler(keeping.Overtaken)
def _overtaken(_error: keeping.Overtaken) -> BaseResponse:
    flash(
        _("Meanwhile something has changed in another tab, so nothing was done. This is how it stands."),
        "warning",
    )
    return redirect(url_for("wallet.start"), 303)

"""The way in and out: a PIN for this browser, unlocking, locking, erasing everything."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from flask import Response, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.wallet import adding, asking, cookie, holders, holding, keeping, pin, showing
from portal.wallet.forms import SetUpForm, UnlockForm
from portal.wallet.views.frame import blueprint, door, forget, holder, is_open, mine, own_path, page
from portal.wallet.views.scanning import take


@blueprint.get("")
def start() -> BaseResponse:
    """The documents; before that the PIN, and before the first PIN what this is."""
    wanted = own_path(request.args.get("dalej"))
    if not is_open():
        return door(wanted=wanted)
    if wanted is not None and wanted != url_for(".start"):
        return redirect(wanted, 303)
    return page(
        "documents.html",
        cards=[(card, holding.standing(card)) for card in keeping.cards(mine())],
        offered=adding.pending(mine()),
        asked=showing.pending(mine()),
    )


@blueprint.post("/zaloz")
def set_up() -> BaseResponse:
    """The first PIN of this browser."""
    if holder() is not None:
        return redirect(url_for(".start"), 303)
    form = SetUpForm()
    if not form.validate():
        return _door_again(form, 422)
    if seconds := asking.wait_before_a_new_wallet():
        return _retry_after(_door_again(form, 429, crowded=True), seconds)
    return _go_on(holders.create(form.pin.data).secret, form)


@blueprint.post("/odblokuj")
def unlock() -> BaseResponse:
    """The PIN, tried and counted."""
    found, form = holder(), UnlockForm()
    if found is None or not form.validate():
        return _door_again(form, 422)
    try:
        pin.unlock(found, form.pin.data)
    except (pin.Waiting, pin.WrongPin, pin.OneAtATime, pin.Erased) as error:
        return _still_locked(form, error)
    return _go_on(found.secret, form)


@blueprint.post("/zablokuj")
def lock() -> BaseResponse:
    """„Zablokuj”."""
    holders.lock(mine())
    return redirect(url_for(".start"), 303)


@blueprint.route("/usun-wszystko", methods=["GET", "POST"])
def erase() -> BaseResponse:
    """„Nie pamiętam PIN-u”: all there is in this browser's wallet."""
    found = holder()
    if found is None:
        return redirect(url_for(".start"), 303)
    if request.method != "POST":  # HEAD comes here too, and must change nothing
        return page("erase.html")
    holders.erase(found)
    forget()
    flash(_("Everything in this browser's app is erased."), "success")
    return cookie.take_back(redirect(url_for(".start"), 303))


def _go_on(secret: str, form: SetUpForm | UnlockForm) -> BaseResponse:
    """Into the wallet that is open now: with what was handed over, or back to where the holder was going."""
    g.wallet_holder = holders.find(secret)
    if form.text.data:
        response = take(form.text.data)
    else:
        response = redirect(own_path(form.dalej.data) or url_for(".start"), 303)
    return cookie.give(response, secret)


def _still_locked(form: UnlockForm, error: Exception) -> Response:
    """The PIN page again, with why; where waiting helps, until when."""
    if isinstance(error, pin.Waiting):
        return _retry_after(_door_again(form, 429, waiting=error.until), _seconds_until(error.until))
    if isinstance(error, pin.WrongPin):
        return _door_again(form, 422, wrong=error.left, waiting=error.until)
    if isinstance(error, pin.OneAtATime):
        return _door_again(form, 422, again=True)
    forget()
    return cookie.take_back(_door_again(form, 422, erased=True))


def _door_again(form: SetUpForm | UnlockForm, status: int, **said: Any) -> Response:
    return door(wanted=own_path(form.dalej.data), text=form.text.data or "", status=status, form=form, **said)


def _retry_after(response: Response, seconds: int) -> Response:
    response.headers["Retry-After"] = str(seconds)
    return response


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - clock.now()).total_seconds()))

"""Codes come in: scanned, pasted, handed over by a page in the same browser. Each goes where it belongs."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse
from wtforms import Field

from portal.gate import Busy
from portal.wallet import adding, showing, words
from portal.wallet.forms import ScanForm, printable
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import is_offer, is_request
from portal.wallet.pictures import PictureProblem, read_qr
from portal.wallet.views.frame import blueprint, door, is_open, mine, page, with_retry
from portal.web.headers import HEADERS

WAYS = ("tekst", "zdjecie", "aparat")
_WITH_CAMERA = dict(HEADERS)["Permissions-Policy"].replace("camera=()", "camera=(self)")


@blueprint.route("/kod", methods=["GET", "POST"])
def scan() -> BaseResponse:
    """„Zeskanuj kod”: as text, as a picture, or with the camera."""
    form = ScanForm()
    if not form.is_submitted():
        return _scan_page(form)
    if not is_open():
        return door(wanted=url_for(".scan"), text=form.text.data)
    if form.text.data:
        return take(form.text.data)
    if isinstance(form.picture.data, FileStorage):
        return _take_picture(form)
    nothing = _("Choose a picture.") if _way() == "zdjecie" else _("Paste the text of the code.")
    _asked(form).errors = [nothing]
    return _scan_page(form, 422)


@blueprint.post("/otworz")
def hand_over() -> BaseResponse:
    """„Otwórz w aplikacji”: a code from a page in this browser, past the PIN where there has to be one."""
    text = printable(request.form.get("text"))
    if not is_open():
        return door(text=text)
    return take(text)


def take(text: str) -> BaseResponse:
    """An offer or a request, remembered, and the page that asks about it; else what is wrong with it."""
    try:
        if is_request(text):
            showing.take(mine(), text)
            return redirect(url_for(".request"), 303)
        if is_offer(text):
            adding.take(mine(), text)
            return redirect(url_for(".offer"), 303)
        raise WalletError(Problem.NOT_A_CODE)
    except adding.Full:
        full = _("There is no room for another document. Remove one that you no longer need.")
        return _refused(text, full, 422)
    except WalletError as error:
        return with_retry(_refused(text, words.problem(error), words.status_code(error)), error)


def _refused(text: str, why: str, status: int) -> Response:
    """The scan page with what was given, and what is wrong with it."""
    form = ScanForm()
    form.text.data = text
    _asked(form).errors = [why]
    return _scan_page(form, status)


def _take_picture(form: ScanForm) -> BaseResponse:
    try:
        return take(printable(read_qr(form.picture.data.read())))
    except PictureProblem as error:
        form.picture.errors = [words.picture_problem(error.reason)]
        return _scan_page(form, 422)
    except Busy:
        busy = WalletError(Problem.BUSY)
        form.picture.errors = [words.problem(busy)]
        return with_retry(_scan_page(form, words.status_code(busy)), busy)


def _asked(form: ScanForm) -> Field:
    """The field that this way of scanning shows."""
    return form.picture if _way() == "zdjecie" else form.text


def _way() -> str:
    way = request.args.get("sposob")
    return way if way in WAYS else WAYS[0]


def _scan_page(form: ScanForm, status: int = 200) -> Response:
    response = page("scan.html", status, form=form, way=_way())
    if _way() == "aparat":
        response.headers["Permissions-Policy"] = _WITH_CAMERA
    return response

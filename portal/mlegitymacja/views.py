"""The pages under „Dla studentów → Moje studia → mLegitymacja”."""

from __future__ import annotations

from collections.abc import Callable

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from portal import qr
from portal.audit import Actor
from portal.database import db
from portal.identity import Role, me, my_student_id, student_required
from portal.mlegitymacja import panel
from portal.mlegitymacja.short_path import TOO_MANY
from portal.orders import history, service, words
from portal.orders.models import Order
from portal.orders.states import Status
from portal.polling import Watch
from portal.unavailable import is_unavailable
from portal.web import errors

blueprint = Blueprint("mlegitymacja", __name__, url_prefix="/dla-studentow/mlegitymacja")


@blueprint.get("")
@student_required
def show() -> str:
    """The order page, with the codes folded."""
    return render_template("mlegitymacja/show.html", **_context(panel.for_student(my_student_id())))


@blueprint.get("/kody")
@student_required
def codes() -> str | BaseResponse:
    """The order page with the codes in sight; without an open offer, the plain page."""
    shown = panel.for_student(my_student_id(), codes=True)
    if shown.offer is None:
        return redirect(url_for(".show"), 303)
    return render_template("mlegitymacja/show.html", **_context(shown))


@blueprint.get("/stan")
def poll() -> BaseResponse:
    """What the page asks while it watches. Where nothing is new, `short_path` has answered."""
    if TOO_MANY in request.environ:
        return Response(status=429, headers={"Retry-After": "5"})
    return _news()


setattr(poll, "required_role", Role.STUDENT)  # noqa: B010 — the guard is `_news`'s: for the walk of the URL map


@student_required
def _news() -> BaseResponse:
    """The section anew, with the sentence for the live region where something happened."""
    if "HX-Request" not in request.headers:
        return redirect(url_for(".show"), 303)
    before = _watch()
    shown = panel.for_student(my_student_id(), before)
    fragment = render_template(
        "mlegitymacja/_news.html", changed=shown.watch.seen != before.seen, **_context(shown)
    )
    response = make_response(fragment)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "HX-Request"
    return response


@blueprint.post("/zamow")
@student_required
def order() -> BaseResponse:
    """„Zamów mLegitymację”."""
    try:
        service.place(my_student_id(), me().actor)
    except service.NotEligible:
        flash(_("You cannot order now. The list below says what is missing."), "error")
    return redirect(url_for(".show"), 303)


@blueprint.route("/anuluj/<public_id>", methods=["GET", "POST"])
@student_required
def cancel(public_id: str) -> str | BaseResponse:
    """„Anuluj zamówienie”: before the card is collected."""
    return _confirmed(public_id, service.cancel, "mlegitymacja/cancel.html", _may_cancel)


@blueprint.route("/uniewaznij/<public_id>", methods=["GET", "POST"])
@student_required
def revoke(public_id: str) -> str | BaseResponse:
    """„Unieważnij mLegitymację”: after the card was collected."""
    return _confirmed(public_id, service.revoke, "mlegitymacja/revoke.html", _may_revoke)


@blueprint.post("/przedluz/<public_id>")
@student_required
def extend(public_id: str) -> BaseResponse:
    """„Przedłuż mLegitymację”: the page then shows how the extension gets on."""
    try:
        service.extend(_own(public_id), me().actor)
    except service.NotEligible:
        flash(_("The mLegitymacja cannot be extended now. The list below says what is missing."), "error")
    except service.OutOfTurn:
        return _out_of_turn()
    return redirect(url_for(".show"), 303)


@blueprint.route("/nowy-telefon/<public_id>", methods=["GET", "POST"])
@student_required
def new_phone(public_id: str) -> str | BaseResponse:
    """„Mam nowy telefon”: one confirmation ends the old card and orders the new one."""
    order = _own(public_id)
    if not _may_revoke(order):
        return _out_of_turn()
    if request.method != "POST":  # HEAD comes here too, and must change nothing
        return render_template("mlegitymacja/new_phone.html", order=order, **_standing())
    try:
        service.replace_phone(order, me().actor)
    except service.NotEligible:
        flash(_("A new card cannot be ordered now, so the old one was not revoked."), "error")
        return redirect(url_for(".new_phone", public_id=public_id), 303)
    except service.OutOfTurn:
        return _out_of_turn()
    flash(_("The old card is revoked, and a new one is ordered. Add it on the new phone."), "success")
    return redirect(url_for(".show"), 303)


@blueprint.get("/historia")
@student_required
def whole_history() -> str:
    """All orders of the student; the order page shows the newest ones."""
    return render_template(
        "mlegitymacja/history.html", history=history.of_student(my_student_id()), words=words
    )


@blueprint.post("/nowe-kody/<public_id>")
@student_required
def renew_codes(public_id: str) -> BaseResponse:
    """„Nowe kody”."""
    order = _own(public_id)
    try:
        service.renew_codes(order, me().actor)
    except service.OutOfTurn:
        return _out_of_turn()
    if order.status == Status.COLLECTED:
        flash(_("Here are your new codes. The old copy is revoked once the new one is collected."), "success")
    else:
        flash(_("Here are your new codes. The old ones no longer work."), "success")
    return redirect(url_for(".codes"), 303)


@blueprint.errorhandler(SQLAlchemyError)
def _not_now(error: SQLAlchemyError) -> BaseResponse:
    """What was pressed could not be written: says so above the order as it stands, where that can be read."""
    answer = errors.unexpected(error)
    if request.method != "POST" or not is_unavailable(error):
        return answer
    try:
        db.session.rollback()
        shown = panel.for_student(my_student_id())
        page = render_template("mlegitymacja/show.html", **_context(shown, not_now=True))
    except SQLAlchemyError:
        return answer
    return Response(page, 503, {"Retry-After": answer.headers["Retry-After"]}, mimetype="text/html")


def _confirmed(
    public_id: str,
    act: Callable[[Order, Actor], None],
    template: str,
    may: Callable[[Order], bool],
) -> str | BaseResponse:
    order = _own(public_id)
    if not may(order):
        return _out_of_turn()
    if request.method != "POST":  # HEAD comes here too, and must change nothing
        return render_template(template, order=order)
    try:
        act(order, me().actor)
    except service.OutOfTurn:
        return _out_of_turn()
    return redirect(url_for(".show"), 303)


def _may_cancel(order: Order) -> bool:
    return _status(order) in (Status.WAITING, Status.IN_PROGRESS, Status.READY)


def _may_revoke(order: Order) -> bool:
    return _status(order) == Status.COLLECTED


def _status(order: Order) -> Status | None:
    """As time has it, even where nobody has written that yet; None for an order that is not the latest."""
    standing = service.current_for(my_student_id())
    latest = standing.order
    return standing.status if latest is not None and latest.id == order.id else None


def _out_of_turn() -> BaseResponse:
    flash(_("Meanwhile the order has changed, so nothing was done. This is how it stands now."), "warning")
    return redirect(url_for(".show"), 303)


def _own(public_id: str) -> Order:
    try:
        return service.owned(my_student_id(), public_id)
    except LookupError:
        abort(404)


def _watch() -> Watch:
    """The watch of the poll's address; whatever was made up there only spoils its maker's pace."""
    since = request.args.get("since", 0, type=int)
    step = request.args.get("step", 0, type=int)
    return Watch(since, step, request.args.get("seen", ""), request.args.get("codes") == "1")


def _standing() -> dict[str, object]:
    return {"standing": service.current_for(my_student_id()), "words": words}


def _context(shown: panel.Panel, *, not_now: bool = False) -> dict[str, object]:
    """`not_now`: what was pressed could not be written down."""
    return {"panel": shown, "words": words, "qr_svg": qr.svg, "not_now": not_now}

"""Log in and out, set and change a password, and the session's remaining time."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask_babel import format_time, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.accounts import links, logins, return_to, rules, sessions
from portal.accounts.forms import ChangePasswordForm, LoginForm, NewPasswordForm, NotificationsForm
from portal.accounts.throttle import Throttled
from portal.database import db
from portal.gate import Busy
from portal.identity import account_required, me, my_student_id, student_required
from portal.orders import mails
from portal.registry import addresses
from portal.registry.models import Student
from portal.registry.records import RegistryUnavailable, student_email

LINK_KEY = "password_link"
BUSY_RETRY = 2
"""Seconds."""
DEFAULTS = {
    "ended": False,
    "refused": False,
    "throttled": False,
    "busy": False,
    "shortest": rules.SHORTEST,
}

blueprint = Blueprint("accounts", __name__)


@blueprint.route("/logowanie", methods=["GET", "POST"])
def log_in() -> BaseResponse:
    form = LoginForm()
    wanted = return_to.own_path(form.next.data or request.args.get("next"))
    form.next.data = wanted or ""
    if not form.is_submitted():
        if current_user.is_authenticated:
            return redirect(wanted or return_to.start_page(me().account.role), 303)
        return _page("accounts/log_in.html", form=form, ended=sessions.was_here())
    if not form.validate():
        return _page("accounts/log_in.html", 422, form=form)
    try:
        account = logins.log_in(form.login.data, form.password.data, request.remote_addr or "")
    except (logins.Refused, Throttled, Busy) as error:
        return _not_now("accounts/log_in.html", form, error)
    return redirect(wanted or return_to.start_page(account.role), 303)


@blueprint.post("/wyloguj")
def log_out() -> BaseResponse:
    _leave()
    flash(_("You are logged out."), "success")
    return redirect("/", 303)


@blueprint.get("/zapomniane-haslo")
def forgotten_password() -> BaseResponse:
    return _page("accounts/forgotten_password.html")


@blueprint.get("/haslo/<token>")
def open_link(token: str) -> BaseResponse:
    """Move the token from the address into the cookie, so that no Referer or later log can show it."""
    cookie.pop(LINK_KEY, None)
    try:
        links.owner(token)
        cookie[LINK_KEY] = token
    except links.DeadLink:
        pass  # the page behind says so
    response = redirect("/haslo", 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.route("/haslo", methods=["GET", "POST"])
def set_password() -> BaseResponse:
    token = str(cookie.get(LINK_KEY, ""))
    form = NewPasswordForm()
    try:
        whose = links.owner(token)
        form.login.data = whose.login
        if not form.is_submitted():
            return _page("accounts/set_password.html", form=form)
        if not _acceptable(form, whose.personal):
            return _page("accounts/set_password.html", 422, form=form)
        links.set_password(token, form.password.data, request.remote_addr)
    except links.DeadLink:
        return _page("accounts/dead_link.html", 404)
    except Busy as error:
        return _not_now("accounts/set_password.html", form, error)
    _leave()
    flash(_("Your password is set. Log in with it now."), "success")
    return redirect("/logowanie", 303)


@blueprint.route("/konto/haslo", methods=["GET", "POST"])
@account_required
def change_password() -> BaseResponse:
    form = ChangePasswordForm()
    account = me().account
    form.login.data = account.login
    if not form.is_submitted():
        return _page("accounts/change_password.html", form=form)
    if not _acceptable(form, (account.login, *_names(account.student_id))):
        return _page("accounts/change_password.html", 422, form=form)
    try:
        logins.change_password(me(), form.current.data, form.password.data)
    except logins.Refused:
        form.current.errors = [_("This is not your current password.")]
        return _page("accounts/change_password.html", 422, form=form)
    except (Throttled, Busy) as error:
        return _not_now("accounts/change_password.html", form, error)
    flash(_("Your password is changed. You are logged out everywhere else."), "success")
    return redirect(return_to.start_page(account.role), 303)


@blueprint.route("/konto/powiadomienia", methods=["GET", "POST"])
@student_required
def notifications() -> BaseResponse:
    """Mails about the card: where they go to, and turning them off and on."""
    form = NotificationsForm(data={"wanted": me().account.wants_mail})
    if form.validate_on_submit():
        mails.choose(my_student_id(), form.wanted.data, me().actor)
        if form.wanted.data:
            flash(_("E-mails about your mLegitymacja are turned on."), "success")
        else:
            flash(_("E-mails about your mLegitymacja are turned off."), "success")
        return redirect(url_for("accounts.notifications"), 303)
    try:
        address, known = student_email(db.session(), my_student_id()), True
    except RegistryUnavailable:
        address, known = None, False
    shown = address and addresses.masked(address)
    return _page("accounts/notifications.html", form=form, address=shown, known=known)


@blueprint.get("/sesja/stan")
@account_required
def session_state() -> BaseResponse:
    """How long the session goes on. Asking doesn't extend it."""
    return _remaining()


@blueprint.post("/sesja/przedluz")
@account_required
def extend_session() -> BaseResponse:
    sessions.extend(me())
    return _remaining()


def _leave() -> None:
    if current_user.is_authenticated:
        sessions.end(me())
    else:
        sessions.forget()


def _remaining() -> Response:
    left = sessions.remaining()
    return jsonify(ends_in=left.ends_in, final=left.final)


def _acceptable(form: NewPasswordForm, personal: tuple[str, ...]) -> bool:
    if not form.validate():
        return False
    objection = rules.objection(form.password.data, personal)
    if objection is not None:
        form.password.errors = [objection]
    return objection is None


def _names(student_id: int | None) -> tuple[str, ...]:
    student = None if student_id is None else db.session.get(Student, student_id)
    return () if student is None else (student.given_names, student.surname)


def _not_now(template: str, form: LoginForm | NewPasswordForm, error: Exception) -> Response:
    """The form again, with why it could not be done; where waiting helps, until when."""
    if isinstance(error, Throttled):
        seconds = error.seconds(clock.now())
        minutes = ngettext("in %(num)d minute", "in %(num)d minutes", -(-seconds // 60))
        until = format_time(error.until_minute, "HH:mm")
        response = _page(template, 429, form=form, throttled=True, minutes=minutes, until=until)
        response.headers["Retry-After"] = str(seconds)
    elif isinstance(error, Busy):
        response = _page(template, 503, form=form, busy=True)
        response.headers["Retry-After"] = str(BUSY_RETRY)
    else:
        response = _page(template, 422, form=form, refused=True)
    return response


def _page(template: str, status: int = 200, **values: object) -> Response:
    return make_response(render_template(template, **{**DEFAULTS, **values}), status)

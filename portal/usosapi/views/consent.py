"""The page on which a student lets an app in, or keeps it out."""

from __future__ import annotations

from authlib.common.urls import add_params_to_uri
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal.identity import me, student_required
from portal.usosapi import consumers, scopes, tokens
from portal.usosapi.consumers import OOB
from portal.usosapi.models import RequestToken
from portal.usosapi.views.frame import pages
from portal.web.headers import CONTENT_SECURITY_POLICY

REFUSED = "user_refused"
"""OAuth Problem Reporting's word for a student who keeps the app out."""


@pages.get("/services/oauth/authorize")
@student_required
def authorize() -> Response:
    """Always the page, whatever `interactivity` says: a GET lets nobody in."""
    asking = _open(_token())
    if asking is None:
        return _gone()
    callback = asking.callback
    page = make_response(
        render_template(
            "usosapi/authorize.html",
            app=asking.consumer.name,
            token=_token(),
            here=url_for(".authorize", oauth_token=_token()),
            scopes=scopes.parse(asking.scopes),
            words=scopes,
            leads_to=None if callback == OOB else consumers.place_of(callback) or asking.consumer.name,
        )
    )
    if callback != OOB:
        # The form's answer leads to the app, which browsers count as a target of the form.
        source = consumers.source_of(asking.consumer.callback or "") or ""
        policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {source}")
        page.headers["Content-Security-Policy"] = policy
    return page


@pages.post("/services/oauth/authorize")
@student_required
def answer() -> BaseResponse:
    asking = tokens.asked(_token())
    decision = request.form.get("decision")
    if asking is None:
        return _gone()
    if decision not in ("allow", "refuse"):
        abort(400)
    if decision == "allow":
        return _allowed(asking, _token()) if tokens.agree(asking, me()) else _gone()
    return _refused(asking, _token()) if tokens.refuse(asking) else _gone()


@pages.get("/services/oauth/authorized")
@student_required
def pin() -> Response:
    """The PIN, for the student who agreed, until the app has used it."""
    token = _token()
    asking = tokens.asked(token)
    if asking is None or asking.account_id != me().account.id or asking.callback != OOB:
        return _gone()
    return make_response(
        render_template(
            "usosapi/pin.html",
            app=asking.consumer.name,
            pin=tokens.verifier(token, OOB),
            here=url_for(".pin", oauth_token=token),
        )
    )


def _allowed(asking: RequestToken, token: str) -> BaseResponse:
    if asking.callback == OOB:
        return redirect(url_for(".pin", oauth_token=token), 303)
    shown = {"oauth_token": token, "oauth_verifier": tokens.verifier(token, asking.callback)}
    return redirect(add_params_to_uri(asking.callback, shown), 303)


def _refused(asking: RequestToken, token: str) -> BaseResponse:
    if asking.callback == OOB:
        flash(_("The app “%(app)s” got no access.", app=asking.consumer.name), "success")
        return redirect(url_for(".apps"), 303)
    shown = {"oauth_token": token, "oauth_problem": REFUSED}
    return redirect(add_params_to_uri(asking.callback, shown), 303)


def _token() -> str:
    return request.values.get("oauth_token", "")


def _open(token: str) -> RequestToken | None:
    asking = tokens.asked(token)
    return asking if asking is not None and asking.account_id is None else None


def _gone() -> Response:
    return make_response(render_template("usosapi/gone.html"), 404)

"""„Aplikacje z dostępem”: what a student has let apps do, and taking it back."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal.identity import me, student_required
from portal.usosapi import apps as with_access
from portal.usosapi import scopes
from portal.usosapi.views.frame import pages


@pages.get("/konto/aplikacje")
@student_required
def apps() -> str:
    return render_template("usosapi/apps.html", apps=with_access.of_account(me().account.id), words=scopes)


@pages.post("/konto/aplikacje/<app_id>")
@student_required
def withdraw(app_id: str) -> BaseResponse:
    """„Odbierz dostęp”."""
    try:
        name = with_access.withdraw(me(), app_id)
    except LookupError:
        abort(404)
    flash(_("The app “%(app)s” has no access any more.", app=name), "success")
    return redirect(url_for(".apps"), 303)

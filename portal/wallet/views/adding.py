"""„Dodaj dokument”: choose it, accept the terms, look at what is offered, „Aktywuj”."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal.wallet import adding, holders, words
from portal.wallet.adding import Offered
from portal.wallet.forms import ActivationForm, TermsForm
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.views.frame import blueprint, mine, page, problem_page

_OF_THE_CODES = frozenset({Problem.WRONG_CODE, Problem.CODE_DEAD})


@blueprint.get("/dodaj")
def choose() -> BaseResponse:
    """„Wybór dokumentu”."""
    return page("choose.html")


@blueprint.route("/dodaj/regulamin", methods=["GET", "POST"])
def terms() -> BaseResponse:
    """The terms, to be accepted once."""
    form = TermsForm()
    if not form.is_submitted():
        return page("terms.html", form=form, accepted_at=mine().terms_accepted_at)
    if not form.validate():
        return page("terms.html", 422, form=form, accepted_at=mine().terms_accepted_at)
    holders.accept_terms(mine())
    return redirect(url_for(".scan" if adding.pending(mine()) is None else ".offer"), 303)


@blueprint.route("/oferta", methods=["GET", "POST"])
def offer() -> BaseResponse:
    """What would be taken from whom; the activation code; „Aktywuj”."""
    offered = adding.pending(mine())
    if offered is None:
        flash(_("No document waits to be added. Scan its code again."), "warning")
        return redirect(url_for(".scan"), 303)
    if mine().terms_accepted_at is None:
        return redirect(url_for(".terms"), 303)
    form = ActivationForm()
    if not form.is_submitted():
        return _offer_page(offered, form)
    if request.form.get("errand") != offered.errand.public_id:
        flash(_("Meanwhile another code was scanned. This is what it offers."), "warning")
        return redirect(url_for(".offer"), 303)
    if not (offered.redeemed or form.suits(offered.offer.code_wanted)):
        return _offer_page(offered, form, 422)
    return _activated(offered, form)


def _activated(offered: Offered, form: ActivationForm) -> BaseResponse:
    try:
        added = adding.activate(mine(), offered, form.code.data)
    except WalletError as error:
        now = adding.pending(mine())
        if now is None:
            return redirect(url_for(".start"), 303)  # „Aktywuj” twice in a row, and the other one is done
        if now.redeemed and error.problem in _OF_THE_CODES:
            return redirect(url_for(".offer"), 303)  # the other one has used the codes, and goes on
        if error.problem is not Problem.WRONG_CODE:
            form.code.data = ""
            return problem_page("offer.html", error, offered=now, form=form)
        form.code.errors = [words.problem(error)]
        return _offer_page(offered, form, words.status_code(error))
    if added.replaced:
        flash(_("The document is added. It replaces the older copy that was here."), "success")
    else:
        flash(_("The document is added."), "success")
    return redirect(url_for(".card", public_id=added.public_id), 303)


def _offer_page(offered: Offered, form: ActivationForm, status: int = 200) -> Response:
    form.code.data = ""  # a code is never put back into a page
    return page("offer.html", status, offered=offered, form=form)

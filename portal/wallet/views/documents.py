"""A card in the wallet: look at it, ask how it stands, fetch a newer copy, remove it."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, make_response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal.wallet import holding, keeping, words
from portal.wallet.keeping import HeldCard
from portal.wallet.openid.card import PICTURES
from portal.wallet.openid.problems import WalletError
from portal.wallet.views.frame import blueprint, mine, page, problem_page


@blueprint.get("/dokumenty/<public_id>")
def card(public_id: str) -> BaseResponse:
    """The card, with its PESEL only where that was asked for."""
    return page("card.html", **_shown(_own(public_id)))


@blueprint.get("/dokumenty/<public_id>/zdjecie")
def picture(public_id: str) -> BaseResponse:
    """The photo, as a picture and as nothing else."""
    shown = _own(public_id).view
    if shown.picture is None or shown.picture_type not in PICTURES:
        abort(404)
    response = make_response(shown.picture)
    response.mimetype = shown.picture_type
    return response


@blueprint.post("/dokumenty/<public_id>/odswiez")
def refresh(public_id: str) -> BaseResponse:
    """„Odśwież”: what the status list says now."""
    held = _own(public_id)
    try:
        known = holding.refresh(mine(), held)
    except WalletError as error:
        return problem_page("card.html", error, **_shown(held))
    if known:
        flash(
            _("The card was checked against the newest list there is. It shows of when that list is."),
            "success",
        )
    else:
        flash(
            _("The list of revoked cards can't be had at the moment. This is what was known before."),
            "warning",
        )
    return redirect(url_for(".card", public_id=public_id), 303)


@blueprint.post("/dokumenty/<public_id>/przedluz")
def extend(public_id: str) -> BaseResponse:
    """„Pobierz nową datę ważności”: the newest copy, without new codes."""
    held = _own(public_id)
    try:
        longer = holding.extend(mine(), held)
    except WalletError as error:
        return problem_page(
            "card.html", error, said=words.extension_problem(error), **_shown(_own(public_id))
        )
    if longer:
        flash(_("The card has a new date of validity."), "success")
    else:
        flash(_("This is the newest copy of the card; the university has not extended it."), "info")
    return redirect(url_for(".card", public_id=public_id), 303)


@blueprint.route("/dokumenty/<public_id>/usun", methods=["GET", "POST"])
def remove(public_id: str) -> BaseResponse:
    """„Usuń”: the issuer is told first; where it can't be, the holder decides."""
    held = _own(public_id)
    if request.method != "POST":  # HEAD comes here too, and must change nothing
        return _remove_page(held)
    try:
        told = holding.remove(mine(), held, untold=request.form.get("untold") == "1")
    except WalletError as error:
        return problem_page("remove.html", error, held=_own(public_id))
    if told:
        flash(_("The document is removed, and its issuer knows."), "success")
    else:
        flash(_("The document is removed. Its issuer was not told."), "success")
    return redirect(url_for(".start"), 303)


def _remove_page(held: HeldCard) -> Response:
    return page("remove.html", held=held)


def _own(public_id: str) -> HeldCard:
    try:
        return keeping.card(mine(), public_id)
    except LookupError:
        abort(404)


def _shown(held: HeldCard) -> dict[str, Any]:
    return {
        "card": held.view,
        "held": held,
        "status": holding.standing(held),
        "public_id": held.public_id,
        "show_pesel": request.args.get("pesel") == "1",
        "picture_url": url_for(".picture", public_id=held.public_id),
    }

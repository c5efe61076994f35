"""Somebody asks for a card: who, for what, what they would see; agree or refuse."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from portal.wallet import showing
from portal.wallet.keeping import HeldCard
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.showing import Asked
from portal.wallet.views.frame import blueprint, mine, page, problem_page


@blueprint.route("/zapytanie", methods=["GET", "POST"], endpoint="request")
def answer() -> BaseResponse:
    """The question that was scanned last, with the card that would be shown."""
    asked = showing.pending(mine())
    if asked is None:
        flash(_("Nobody's question waits for an answer. Scan the code again."), "warning")
        return redirect(url_for(".scan"), 303)
    cards = showing.fitting(mine(), asked)
    if request.method != "POST":  # HEAD comes here too, and must change nothing
        return _request_page(asked, cards, request.args.get("dokument"))
    if request.form.get("errand") != asked.errand.public_id:
        flash(_("Meanwhile somebody else's question was scanned. This is what they ask for."), "warning")
        return redirect(url_for(".request"), 303)
    if request.form.get("answer") == "agree":
        return _agreed(asked, cards, _chosen(cards, request.form.get("card")))
    if request.form.get("answer") == "refuse":
        return _refused(asked)
    return redirect(url_for(".request"), 303)


def _agreed(asked: Asked, cards: list[HeldCard], card: HeldCard | None) -> BaseResponse:
    if card is None:
        return redirect(url_for(".request"), 303)
    try:
        onward = showing.agree(mine(), asked, card)
    except WalletError as error:
        if showing.pending(mine()) is None:
            return redirect(url_for(".start"), 303)  # agreed twice in a row, and the first one got through
        return problem_page("request.html", error, **_values(asked, cards, card))
    return page("shown.html", asked=asked.request, onward=onward)


def _refused(asked: Asked) -> BaseResponse:
    try:
        showing.refuse(mine(), asked)
        flash(_("You refused. Nothing was shown, and whoever asked knows."), "success")
    except WalletError:
        flash(_("You refused. Nothing was shown."), "success")
    return redirect(url_for(".start"), 303)


def _chosen(cards: list[HeldCard], public_id: str | None) -> HeldCard | None:
    return next((card for card in cards if card.public_id == public_id), None)


def _request_page(asked: Asked, cards: list[HeldCard], public_id: str | None) -> Response:
    """With one fitting card, that one; of several the holder chooses."""
    if not cards:
        return problem_page(
            "request.html", WalletError(Problem.NO_FITTING_CARD), **_values(asked, cards, None)
        )
    card = cards[0] if len(cards) == 1 else _chosen(cards, public_id)
    return page("request.html", **_values(asked, cards, card))


def _values(asked: Asked, cards: list[HeldCard], card: HeldCard | None) -> dict[str, Any]:
    return {
        "asked": asked.request,
        "errand": asked.errand.public_id,
        "cards": cards,
        "card": card,
        "claims": [] if card is None else showing.claims(asked, card),
    }

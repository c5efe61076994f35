"""The wallet takes a card from an issuer that nobody here wrote (`foreign_issuer`), by its protocol alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from portal.vc import jose, sdjwt
from portal.vc.fetch import Outgoing
from portal.vc.issuers import IssuerKeys
from portal.vc.status import StatusLists
from portal.wallet.openid import card as cards
from portal.wallet.openid.card import CardStatus, State
from portal.wallet.openid.issuing import Issued, Tokens, fetch, notify, redeem
from portal.wallet.openid.offers import CodeWanted, CredentialOffer, read_offer
from portal.wallet.openid.problems import Problem, WalletError
from tests.interop.conftest import now
from tests.interop.processes import ForeignIssuer

KEY = jose.new_key()


def take(http: Outgoing, offer: CredentialOffer, code: str | None) -> tuple[Issued, Tokens]:
    tokens = redeem(http, offer, code, now())
    return fetch(http, offer, tokens, KEY, now()), tokens


def status(http: Outgoing, credential: str) -> CardStatus:
    return cards.check(credential, IssuerKeys(http, now), StatusLists(http, now), now(), anew=True)


def index_of(credential: str) -> int:
    return int(sdjwt.parse(credential).token.payload["status"]["status_list"]["idx"])


@pytest.mark.parametrize("how", ["by_reference", "by_value"])
def test_an_offer_is_read_however_it_comes(campus: ForeignIssuer, http: Outgoing, how: str) -> None:
    offer = read_offer(http, campus.order("736481", how))
    assert offer.issuer == campus.issuer
    assert offer.code_wanted == CodeWanted(numeric=True, length=6, description="Enviado por SMS.")
    assert offer.issuer_names == {"pt": "Universidade do Exemplo"}
    assert offer.document_names == {"pt": "Cartão de Estudante"}
    assert {claim.name for claim in offer.claims} == {"given_name", "address", "nationalities"}


@pytest.mark.parametrize("code", ["736481", "k7-QzW9x", None])
def test_a_card_is_taken_with_any_kind_of_code_and_with_none(
    campus: ForeignIssuer, http: Outgoing, code: str | None
) -> None:
    offer = read_offer(http, campus.order(code))
    issued, _ = take(http, offer, code)
    assert (offer.code_wanted is None) == (code is None)
    seen = cards.view(issued.credential)
    assert seen.full_name == "Inês Conceição d'Ávila"
    assert seen.university == "Universidade do Exemplo"
    assert seen.issuer == campus.issuer


def test_a_code_of_letters_is_told_from_one_of_digits(campus: ForeignIssuer, http: Outgoing) -> None:
    wanted = read_offer(http, campus.order("k7-QzW9x")).code_wanted
    assert wanted is not None
    assert (wanted.numeric, wanted.length) == (False, 8)


def test_the_card_shows_what_it_has_and_lacks(campus: ForeignIssuer, http: Outgoing) -> None:
    issued, _ = take(http, read_offer(http, campus.order()), "736481")
    seen = cards.view(issued.credential)
    assert (seen.birth_date, seen.album_number) == (date(2003, 2, 28), "L-2025/77A")
    assert (seen.card_number, seen.pesel) == ("", None)
    assert seen.picture_type == "image/png"
    assert seen.picture is not None
    assert seen.picture.startswith(b"\x89PNG")
    assert seen.valid_until is not None, "the card's own end is its last day"


def test_an_offer_kept_in_the_meantime_is_as_good(campus: ForeignIssuer, http: Outgoing) -> None:
    offer = CredentialOffer.from_json(read_offer(http, campus.order()).to_json())
    tokens = Tokens.from_json(redeem(http, offer, "736481", now()).to_json())
    assert fetch(http, offer, tokens, KEY, now()).credential


def test_a_wrong_code_is_told_and_spends_nothing(campus: ForeignIssuer, http: Outgoing) -> None:
    offer = read_offer(http, campus.order())
    with pytest.raises(WalletError) as told:
        redeem(http, offer, "111111", now())
    assert told.value.problem is Problem.WRONG_CODE
    assert take(http, offer, "736481")[0].credential


def test_a_used_offer_is_refused(campus: ForeignIssuer, http: Outgoing) -> None:
    offer = read_offer(http, campus.order())
    take(http, offer, "736481")
    with pytest.raises(WalletError) as told:
        redeem(http, offer, "736481", now())
    assert told.value.problem in (Problem.WRONG_CODE, Problem.CODE_DEAD, Problem.OFFER_GONE)


def test_a_used_offer_without_a_code_does_not_ask_for_another_code(
    campus: ForeignIssuer, http: Outgoing
) -> None:
    offer = read_offer(http, campus.order(None))
    take(http, offer, None)
    with pytest.raises(WalletError) as told:
        redeem(http, offer, None, now())
    assert told.value.problem is Problem.CODE_DEAD


def test_an_offer_that_is_not_there_is_gone(campus: ForeignIssuer, http: Outgoing) -> None:
    with pytest.raises(WalletError) as told:
        read_offer(http, campus.order() + "x")
    assert told.value.problem is Problem.OFFER_GONE


def test_a_token_of_nobody_is_too_late(campus: ForeignIssuer, http: Outgoing) -> None:
    offer = read_offer(http, campus.order())
    tokens = replace(redeem(http, offer, "736481", now()), access_token="long gone")
    with pytest.raises(WalletError) as told:
        fetch(http, offer, tokens, KEY, now())
    assert told.value.problem is Problem.TOO_LATE


@pytest.mark.parametrize(("value", "state"), [(0, State.VALID), (1, State.REVOKED), (2, State.SUSPENDED)])
def test_the_issuers_status_list_is_believed(
    campus: ForeignIssuer, http: Outgoing, value: int, state: State
) -> None:
    issued, _ = take(http, read_offer(http, campus.order()), "736481")
    campus.set_status(index_of(issued.credential), value)
    said = status(http, issued.credential)
    assert said.state is state
    assert said.as_of is not None


def test_a_list_that_has_run_out_says_nothing(campus: ForeignIssuer, http: Outgoing) -> None:
    issued, _ = take(http, read_offer(http, campus.order()), "736481")
    campus.lists_last(-1)
    try:
        assert status(http, issued.credential).state is State.UNKNOWN
    finally:
        campus.lists_last(6 * 3600)


def test_the_issuer_hears_what_became_of_the_card(campus: ForeignIssuer, http: Outgoing) -> None:
    offer = read_offer(http, campus.order())
    issued, tokens = take(http, offer, "736481")
    for event in ("credential_accepted", "credential_deleted"):
        assert notify(http, offer, tokens, issued.notification_id, event)
    heard = [event for card, event in campus.notifications if card == issued.notification_id]
    assert heard == ["credential_accepted", "credential_deleted"]

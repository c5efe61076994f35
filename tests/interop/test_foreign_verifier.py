"""The wallet shows its card to verifiers that nobody here wrote: `polaris-oid4vp` and `openvc-core`."""

from __future__ import annotations

import json

import pytest
from openvc.errors import OpenvcError
from polaris_oid4vp.verifier import Verifier as EncryptedVerifier

from portal.vc import jose, sdjwt
from portal.vc.fetch import Outgoing
from portal.vc.sdjwt import Question
from portal.wallet.openid import presenting
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.requests import PresentationRequest, read_request
from tests.interop.conftest import now
from tests.interop.foreign_verifier import ASKED, Inspection, PlainVerifier, Posts
from tests.interop.judges import by_openvc, by_polaris
from tests.interop.processes import ForeignIssuer

KEY = jose.new_key()
AUDIENCE = "x509_hash:somebody"
NONCE = "a nonce of this very question"


@pytest.fixture
def inspection(posts: Posts, request: pytest.FixtureRequest) -> Inspection:
    """Asks plainly for given name and photo, unless a test asks otherwise."""
    return posts.asking(**getattr(request, "param", {}))


@pytest.fixture
def card(campus: ForeignIssuer) -> str:
    return campus.card_for(jose.public_jwk(KEY))[0]


def test_the_wallet_knows_who_asks_for_what(http: Outgoing, inspection: Inspection, card: str) -> None:
    _, text = inspection.ask()
    request = read_request(http, text, now())
    assert request.verifier_name == "Kontrola biletów"
    assert request.host == inspection.verifier.response_uri.split("/")[2]
    assert presenting.fits(request, card)
    shown = presenting.shown(request, card)
    assert list(shown)[: len(ASKED)] == list(ASKED)
    assert "nationalities" not in shown, "it stands open, but what it holds does not"


@pytest.mark.parametrize("inspection", [{"kind": PlainVerifier}, {"kind": EncryptedVerifier}], indirect=True)
def test_the_verifier_accepts_what_the_wallet_shows(
    http: Outgoing, inspection: Inspection, card: str
) -> None:
    _, text = inspection.ask()
    went_on = presenting.answer(http, read_request(http, text, now()), card, KEY, now())
    assert went_on == inspection.verifier.redirect_uri
    ((status, verdict),) = inspection.verdicts
    assert (status, verdict.authentic) == (200, True)
    assert verdict.claims["given_name"] == "Inês"
    assert {path[0] for path in verdict.disclosed} == set(ASKED), "and nothing else"


@pytest.mark.parametrize("inspection", [{"claims": ["address", "age_over_18"]}], indirect=True)
def test_a_claim_is_shown_with_all_that_is_in_it(http: Outgoing, inspection: Inspection, card: str) -> None:
    _, text = inspection.ask()
    presenting.answer(http, read_request(http, text, now()), card, KEY, now())
    ((status, verdict),) = inspection.verdicts
    assert (status, verdict.claims["address"]) == (200, {"locality": "Évora", "country": "PT"})


def test_the_same_answer_is_not_taken_twice(http: Outgoing, inspection: Inspection, card: str) -> None:
    _, text = inspection.ask()
    request = read_request(http, text, now())
    presenting.answer(http, request, card, KEY, now())
    with pytest.raises(WalletError) as told:
        presenting.answer(http, request, card, KEY, now())
    assert told.value.problem is Problem.REFUSED


@pytest.mark.parametrize("inspection", [{"kind": PlainVerifier}, {"kind": EncryptedVerifier}], indirect=True)
def test_the_verifier_hears_that_the_holder_refuses(http: Outgoing, inspection: Inspection) -> None:
    _, text = inspection.ask()
    presenting.refuse(http, read_request(http, text, now()))
    ((status, verdict),) = inspection.verdicts
    assert (status, verdict.code) == (200, "wallet_error")
    assert verdict.wallet_error["error"] == "access_denied"


def test_the_verifier_refuses_somebody_elses_card(http: Outgoing, inspection: Inspection, card: str) -> None:
    _, text = inspection.ask()
    with pytest.raises(WalletError) as told:
        presenting.answer(http, read_request(http, text, now()), card, jose.new_key(), now())
    assert told.value.problem is Problem.REFUSED


@pytest.mark.parametrize("inspection", [{"claims": [["address", "locality"]]}], indirect=True)
def test_part_of_a_claim_is_not_answered_with_all_of_it(http: Outgoing, inspection: Inspection) -> None:
    _, text = inspection.ask()
    with pytest.raises(WalletError) as told:
        read_request(http, text, now())
    assert told.value.problem is Problem.UNSUPPORTED


@pytest.mark.parametrize("inspection", [{"kind": PlainVerifier}, {"kind": EncryptedVerifier}], indirect=True)
def test_a_request_may_wait_for_its_holder(http: Outgoing, inspection: Inspection, card: str) -> None:
    _, text = inspection.ask()
    kept = json.dumps(read_request(http, text, now()).to_json())
    presenting.answer(http, PresentationRequest.from_json(json.loads(kept)), card, KEY, now())
    assert [status for status, _ in inspection.verdicts] == [200]


@pytest.mark.parametrize("inspection", [{"claims": ["pesel"]}], indirect=True)
def test_a_card_without_what_is_asked_for_does_not_fit(
    http: Outgoing, inspection: Inspection, card: str
) -> None:
    _, text = inspection.ask()
    assert not presenting.fits(read_request(http, text, now()), card)


def test_a_request_signed_by_another_key_is_not_answered(http: Outgoing, inspection: Inspection) -> None:
    _, text = inspection.ask()
    with inspection.another_key(), pytest.raises(WalletError) as told:
        read_request(http, text, now())
    assert told.value.problem is Problem.BAD_REQUEST


def test_a_request_under_another_name_is_not_answered(http: Outgoing, inspection: Inspection) -> None:
    _, text = inspection.ask()
    with pytest.raises(WalletError) as told:
        read_request(http, text.replace("x509_hash%3A", "x509_hash%3AA", 1), now())
    assert told.value.problem is Problem.BAD_REQUEST


def shown(card: str, *names: str) -> str:
    return sdjwt.present(sdjwt.parse(card), names, Question(AUDIENCE, NONCE), key=KEY, now=now())


def test_two_libraries_accept_it(campus: ForeignIssuer, card: str) -> None:
    presentation = shown(card, "given_name", "nationalities")
    assert by_polaris(campus, presentation, NONCE, AUDIENCE).authentic
    (one,) = by_openvc(campus, presentation, NONCE, AUDIENCE).for_query("card")
    assert one.raw.claims["nationalities"] == ["PT", "PL"]
    assert "family_name" not in one.raw.claims


@pytest.mark.parametrize(
    ("nonce", "audience"), [("another", AUDIENCE), (NONCE, "x509_hash:another")], ids=["nonce", "audience"]
)
def test_two_libraries_refuse_it_for_another_question(
    campus: ForeignIssuer, card: str, nonce: str, audience: str
) -> None:
    presentation = shown(card, "given_name")
    assert not by_polaris(campus, presentation, nonce, audience).authentic
    with pytest.raises(OpenvcError):
        by_openvc(campus, presentation, nonce, audience)


def test_a_revoked_card_is_refused_by_its_list(campus: ForeignIssuer) -> None:
    card, index = campus.card_for(jose.public_jwk(KEY))
    campus.set_status(index, 1)
    with pytest.raises(OpenvcError):
        by_openvc(campus, shown(card, "given_name"), NONCE, AUDIENCE)

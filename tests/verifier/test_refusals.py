"""What is no proof for this question is refused, with its own reason on the inspector's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import MovingClock
from tests.support.inspected import Asked, Phone
from tests.verifier import forging
from tests.verifier.conftest import Inspector

FORGED: dict[str, tuple[Callable[[Phone, Asked], str], str]] = {
    "a disclosure was altered": (forging.anothers_name, "Dane na legitymacji zostały zmienione."),
    "a disclosure was taken out": (forging.less_than_was_bound, "Dane na legitymacji zostały zmienione."),
    "signed content was altered": (forging.a_later_day, "Podpis uczelni się nie zgadza."),
    "signed by the holder": (forging.a_card_of_ones_own_make, "Podpis uczelni się nie zgadza."),
    "unknown issuer": (forging.another_issuers, "Legitymację wydał ktoś, komu ten portal nie ufa."),
    "somebody else's key": (forging.by_another_phone, "Legitymacja należy do innego telefonu."),
    "no key binding": (forging.without_holder, "Aplikacja nie dowiodła, że legitymacja należy do"),
    "foreign nonce": (forging.with_another_nonce, "Aplikacja odpowiedziała na inną kontrolę"),
    "foreign audience": (forging.for_another_verifier, "Aplikacja odpowiedziała na inną kontrolę"),
    "an old answer": (forging.an_hour_old, "Aplikacja odpowiedziała na inną kontrolę"),
    "less than asked for": (forging.without_the_photo, "nie pokazała wszystkiego, o co pytano."),
    "another type": (forging.of_another_type, "To nie jest legitymacja studencka, którą"),
    "no card": (forging.no_card_at_all, "To, co przysłała aplikacja, nie jest legitymacją."),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_proves_nothing_is_refused_and_the_inspector_sees_why(
    inspector: Inspector, phone: Phone, kind: str
) -> None:
    forge, sentence = FORGED[kind]
    check = inspector.begin()
    asked = phone.read(check.qr)
    reply = phone.send(asked, forge(phone, asked))
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert check.verdict == "NIEWAŻNA"
    assert sentence in check.section


@pytest.mark.parametrize("kind", FORGED)
def test_nothing_is_shown_of_a_card_that_proves_nothing(
    inspector: Inspector, phone: Phone, kind: str
) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    phone.send(asked, FORGED[kind][0](phone, asked))
    assert "Żółkiewska" not in check.html
    assert "Fałszywa" not in check.html
    assert check.page.all("img") == []


def test_a_presentation_shown_again_to_the_same_check_changes_nothing(
    inspector: Inspector, phone: Phone, written: Callable[[], str]
) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    presentation = phone.present(asked)
    assert phone.send(asked, presentation).status == 200
    before = written()
    reply = phone.send(asked, presentation)
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert written() == before
    assert check.verdict == "WAŻNA"


def test_a_presentation_shown_to_another_check_is_refused(inspector: Inspector, phone: Phone) -> None:
    first, second = inspector.begin(), inspector.begin()
    presentation = phone.present(phone.read(first.qr))
    reply = phone.send(phone.read(second.qr), presentation)
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert second.verdict == "NIEWAŻNA"
    assert "inną kontrolę" in second.section


def test_an_answer_that_comes_late_changes_nothing(
    inspector: Inspector, phone: Phone, clock: MovingClock, written: Callable[[], str]
) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    before = written()
    clock.move(minutes=5)
    assert phone.send(asked, phone.present(asked)).status == 400
    assert written() == before
    assert "Nikt nie odpowiedział w porę" in check.section


FORMS: dict[str, dict[str, str]] = {
    "another state": {"state": "made-up"},
    "no state": {"state": ""},
    "an error besides": {"error": "access_denied"},
}


@pytest.mark.parametrize("kind", FORMS)
def test_what_cannot_be_tied_to_the_check_changes_nothing(
    inspector: Inspector, phone: Phone, written: Callable[[], str], kind: str
) -> None:
    asked = phone.read(inspector.begin().qr)
    before = written()
    reply = phone.send(asked, phone.present(asked), **FORMS[kind])
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert written() == before


def test_a_form_that_is_none_changes_nothing(
    inspector: Inspector, phone: Phone, written: Callable[[], str]
) -> None:
    asked = phone.read(inspector.begin().qr)
    before = written()
    uri, state = asked.said["response_uri"], asked.said["state"]
    replies = [
        phone.wallet.post_json(uri, {"vp_token": {"card": ["x"]}, "state": state}),
        phone.wallet.post_form(uri, {"state": state}),
        phone.wallet.post_form(uri, [("state", state), ("state", state), ("vp_token", "{}")]),
    ]
    assert [reply.status for reply in replies] == [400, 400, 400]
    assert written() == before


@pytest.mark.parametrize(
    "token", ["", "{", "[]", "{}", '{"card": "x"}', '{"card": []}', '{"card": [1]}', '{"card": ["a", "b"]}']
)
def test_an_answer_without_the_card_that_was_asked_for_is_no_card(
    inspector: Inspector, phone: Phone, token: str
) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    form = {"vp_token": token, "state": asked.said["state"]}
    assert phone.wallet.post_form(asked.said["response_uri"], form).status == 400
    assert "nie jest legitymacją" in check.section


def test_an_answer_to_an_unknown_check_is_not_found(inspector: Inspector, phone: Phone) -> None:
    asked = phone.read(inspector.begin().qr)
    form = {"vp_token": "{}", "state": asked.said["state"]}
    assert phone.wallet.post_form(asked.said["response_uri"] + "x", form).status == 404

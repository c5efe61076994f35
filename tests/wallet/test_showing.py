"""Somebody asks for a card: the holder sees who and for what, and agrees or refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import pytest
from werkzeug.test import TestResponse

from portal.vc import sdjwt
from portal.vc.fetch import Answer
from tests.issuer.conftest import Desk
from tests.support.html import Page
from tests.wallet.browser import PIN, WALLET, Browser, alerts_of, words_of
from tests.wallet.conftest import Nearby

REQUEST = "/portfel/zapytanie"
HOST = "kontrola.example"
VCT = "https://legitymacja.example.org/vct/student-id/1"


@dataclass
class Inspector:
    """Whoever asks: keeps what the wallet sends."""

    got: list[dict[str, str]] = field(default_factory=list)
    onward: str | None = None

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.got.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        said = {"redirect_uri": self.onward} if self.onward else {}
        return Answer(200, {}, json.dumps(said).encode())

    def question(self, *claims: str, name: str = "Biblioteka Główna", vct: str = VCT) -> str:
        """The text of a QR code that asks for these claims, unsigned."""
        asked = {
            "id": "card",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [vct]},
            "claims": [{"path": [claim]} for claim in claims],
        }
        said = {
            "client_id": f"redirect_uri:https://{HOST}/answer",
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "response_uri": f"https://{HOST}/answer",
            "nonce": "n-0123456789abcdef",
            "state": name,
            "dcql_query": json.dumps({"credentials": [asked]}),
            "client_metadata": json.dumps({"client_name": name}),
        }
        return "openid4vp://?" + urlencode(said)

    def shown(self) -> Mapping[str, object]:
        """The claims of the card that was shown last."""
        (presentation,) = json.loads(self.got[-1]["vp_token"])["card"]
        return sdjwt.disclosed(sdjwt.parse(presentation))


@pytest.fixture
def inspector(world: Nearby) -> Inspector:
    inspector = Inspector()
    world.hosts[HOST] = inspector
    return inspector


def ask(browser: Browser, text: str) -> TestResponse:
    assert browser.scan(text).location == REQUEST
    return browser.get(REQUEST)


def agree(browser: Browser, page: TestResponse) -> TestResponse:
    return _answered(browser, page, "agree")


def refuse(browser: Browser, page: TestResponse) -> TestResponse:
    return _answered(browser, page, "refuse")


def _answered(browser: Browser, page: TestResponse, answer: str) -> TestResponse:
    """The form whose button says so."""
    (choice,) = Page(page.text).all("input", name="answer", value=answer)
    inputs = Page(page.text).all("input", type="hidden")
    own = {one["name"]: one["value"] for one in inputs if choice.ancestors[-1] in one.ancestors}
    return browser.client.post(REQUEST, data=own)


def test_who_asks_and_what_they_would_see_stands_there_first(
    card: str, browser: Browser, inspector: Inspector
) -> None:
    page = ask(browser, inspector.question("given_name", "birthdate", "picture"))
    words = words_of(page)
    for part in ("Biblioteka Główna", HOST, "Zofia Łucja", "17 maja 2004", "Politechnika Próbna"):
        assert part in words
    assert "Żółkiewska" not in words
    assert card + "/zdjecie" in page.text
    assert inspector.got == []


def test_agreeing_shows_just_that(card: str, browser: Browser, inspector: Inspector) -> None:
    page = agree(browser, ask(browser, inspector.question("given_name")))
    assert page.status_code == 200
    assert HOST in words_of(page)
    shown = inspector.shown()
    assert shown["given_name"] == "Zofia Łucja"
    assert not {"family_name", "pesel", "picture", "birthdate"} & set(shown)


def test_refusing_shows_nothing_and_says_so(card: str, browser: Browser, inspector: Inspector) -> None:
    page = browser.follow(refuse(browser, ask(browser, inspector.question("given_name"))))
    assert "Nic nie pokazano" in words_of(page)
    (got,) = inspector.got
    assert got["error"] == "access_denied"
    assert "vp_token" not in got


def test_a_question_is_answered_once(card: str, browser: Browser, inspector: Inspector) -> None:
    page = ask(browser, inspector.question("given_name"))
    agree(browser, page)
    assert agree(browser, page).status_code == 303
    assert len(inspector.got) == 1


def test_agreeing_is_for_the_question_that_was_seen(
    card: str, browser: Browser, inspector: Inspector
) -> None:
    seen = ask(browser, inspector.question("given_name"))
    ask(browser, inspector.question("pesel", name="Ktoś inny"))
    page = browser.follow(agree(browser, seen))
    assert "zeskanowano inne zapytanie" in words_of(page)
    assert "Ktoś inny" in words_of(page)
    assert inspector.got == []


def test_looking_at_a_question_answers_nothing(card: str, browser: Browser, inspector: Inspector) -> None:
    ask(browser, inspector.question("given_name"))
    browser.client.head(REQUEST)
    assert browser.post(REQUEST).status_code == 303
    assert browser.post(REQUEST, answer="agree").status_code == 303
    assert inspector.got == []


def test_of_several_cards_the_holder_chooses_one(
    card: str, browser: Browser, desk: Desk, inspector: Inspector
) -> None:
    second = browser.add(desk.prepare("order-2", album_number="765432", given_names="Zofia"))
    page = ask(browser, inspector.question("student_number"))
    assert "Zgadzam się" not in words_of(page)
    page = browser.get(f"{REQUEST}?dokument={second.rpartition('/')[2]}")
    assert "765432" in words_of(page)
    agree(browser, page)
    assert inspector.shown()["student_number"] == "765432"


def test_without_a_fitting_card_there_is_nothing_to_agree_to(
    card: str, browser: Browser, inspector: Inspector
) -> None:
    page = ask(browser, inspector.question("given_name", vct="https://other.example/vct"))
    assert page.status_code == 422
    assert "Żaden z Twoich dokumentów" in alerts_of(page)
    assert "Zgadzam się" not in words_of(page)
    refuse(browser, page)
    assert inspector.got[-1]["error"] == "access_denied"


def test_an_inspector_who_does_not_answer_can_be_answered_again(
    card: str, browser: Browser, inspector: Inspector, world: Nearby
) -> None:
    page = ask(browser, inspector.question("given_name"))
    world.cut = HOST
    failed = agree(browser, page)
    assert failed.status_code == 502
    assert "nie odpowiada" in alerts_of(failed)
    world.cut = ""
    assert agree(browser, failed).status_code == 200


def test_refusing_needs_nobody_to_hear_it(
    card: str, browser: Browser, inspector: Inspector, world: Nearby
) -> None:
    page = ask(browser, inspector.question("given_name"))
    world.cut = HOST
    assert "Nic nie pokazano" in words_of(browser.follow(refuse(browser, page)))
    assert browser.get(REQUEST).location == "/portfel/kod"


def test_the_way_on_is_a_link_not_a_jump(card: str, browser: Browser, inspector: Inspector) -> None:
    inspector.onward = f"https://{HOST}/dziekujemy"
    page = agree(browser, ask(browser, inspector.question("given_name")))
    assert f'href="https://{HOST}/dziekujemy"' in page.text


def test_a_question_handed_over_survives_the_pin(card: str, browser: Browser, inspector: Inspector) -> None:
    browser.lock()
    page = browser.post("/portfel/otworz", text=inspector.question("given_name"))
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == REQUEST


def test_a_question_waits_on_the_start_page(card: str, browser: Browser, inspector: Inspector) -> None:
    ask(browser, inspector.question("given_name"))
    assert HOST in words_of(browser.get(WALLET))


def test_a_markup_name_stays_text(card: str, browser: Browser, inspector: Inspector) -> None:
    page = ask(browser, inspector.question("given_name", name="<script>alert(1)</script>"))
    assert "<script>alert" not in page.text


def test_a_broken_question_is_said(card: str, browser: Browser, inspector: Inspector) -> None:
    text = inspector.question("given_name").replace("client_id=redirect_uri", "client_id=x509_hash")
    page = browser.scan(text)
    assert page.status_code == 422
    assert alerts_of(page)

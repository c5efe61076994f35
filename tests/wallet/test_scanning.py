"""The scan page: text and pictures of codes, each leading where it belongs."""

from __future__ import annotations

import io

import pytest
import segno
from werkzeug.test import TestResponse

from portal.gate import Gate
from portal.issuer.interface import Offer
from tests.wallet.browser import Browser, alerts_of

PICTURE = "/portfel/kod?sposob=zdjecie"


def qr(*texts: str) -> bytes:
    out = io.BytesIO()
    segno.make("\n".join(texts), error="m").save(out, kind="png", scale=4)
    return out.getvalue()


def upload(browser: Browser, content: bytes, name: str = "kod.png") -> TestResponse:
    return browser.send(browser.get(PICTURE), PICTURE, picture=(io.BytesIO(content), name))


def test_a_picture_of_the_code_leads_to_the_offer(browser: Browser, offer: Offer) -> None:
    assert upload(browser, qr(offer.uri)).location == "/portfel/oferta"


def test_the_pictures_name_is_never_used(browser: Browser, offer: Offer) -> None:
    assert upload(browser, qr(offer.uri), "../../x<y>.png").location == "/portfel/oferta"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Wybierz obraz"), (b"no picture", "nie można odczytać"), (qr("cześć"), "To nie jest ani kod")],
)
def test_what_is_wrong_with_a_picture_is_said(browser: Browser, content: bytes, said: str) -> None:
    page = upload(browser, content, "kod.png" if content else "")
    assert page.status_code == 422
    assert said in alerts_of(page)


def test_text_may_have_been_broken_into_lines(browser: Browser, offer: Offer) -> None:
    broken = f"  {offer.uri[:40]}\r\n{offer.uri[40:]}\n"
    assert browser.scan(broken).location == "/portfel/oferta"


def test_while_others_pictures_are_read_nobody_waits_for_long(
    browser: Browser, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(slots=1, waiting=0, patience=0)
    monkeypatch.setattr("portal.wallet.pictures._turn", gate)
    with gate.turn():
        page = upload(browser, qr(offer.uri))
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "2"
    assert "za kilka sekund" in alerts_of(page)
    assert upload(browser, qr(offer.uri)).location == "/portfel/oferta"

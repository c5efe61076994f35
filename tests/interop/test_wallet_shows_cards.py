"""The stand-in wallet's pages answer others: an inspector at another portal, and a foreign verifier."""

from __future__ import annotations

import pytest

from tests.interop.foreign_verifier import Posts
from tests.interop.inspector import Inspector
from tests.interop.pocket import Pocket
from tests.interop.processes import ForeignIssuer
from tests.interop.student import Student
from tests.support.server import Server


@pytest.fixture(scope="module")
def pocket(home: Server, campus: ForeignIssuer, university: Server) -> Pocket:
    """With a card of the foreign issuer, and one of the other portal."""
    pocket = Pocket(home.url)
    pocket.scan(campus.order(None))
    pocket.activate()
    codes = Student(university, "100006").order()
    pocket.type_code(codes.text)
    pocket.activate(codes.activation_code)
    return pocket


def test_an_inspector_at_another_portal_sees_the_card(pocket: Pocket, university: Server) -> None:
    inspector = Inspector(university.url)
    pocket.type_code(inspector.begin())
    assert university.url.removeprefix("http://") in pocket.text, "where the answer goes"
    pocket.agree()
    assert inspector.verdict == "WAŻNA"
    assert "Uniwersytet Sąsiedni" in inspector.text


def test_an_inspector_at_another_portal_hears_of_a_refusal(pocket: Pocket, university: Server) -> None:
    inspector = Inspector(university.url)
    pocket.type_code(inspector.begin())
    pocket.refuse()
    inspector.open(inspector.path)
    assert "Posiadacz" in inspector.text
    assert not inspector.page.all("img", width="300")


def test_a_foreign_verifier_accepts_the_card(pocket: Pocket, posts: Posts) -> None:
    inspection = posts.asking()
    _, text = inspection.ask()
    pocket.type_code(text)
    for said in ("Kontrola biletów", inspection.verifier.response_uri.split("/")[2], "Inês"):
        assert said in pocket.text
    assert "Conceição" not in pocket.text, "that is not asked for"
    pocket.agree()
    ((status, verdict),) = inspection.verdicts
    assert (status, verdict.authentic) == (200, True)
    assert pocket.page.all("a", href=inspection.verifier.redirect_uri)

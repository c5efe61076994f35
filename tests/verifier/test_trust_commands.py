"""`flask verifier trust …`: an issuer is asked who it is before it is trusted."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import audit
from portal.audit import AuditRecord
from portal.database import db
from tests.verifier.campus import URL, VCT, Campus
from tests.verifier.conftest import trust


def test_adding_tells_what_was_found(app: Flask, campus: Campus) -> None:
    added = trust(app, "add", URL)
    assert added.exit_code == 0
    for told in (URL, "Uniwersytet Inny", "2026", VCT):
        assert told in added.output
    listed = trust(app, "list", "--language", "en").output
    assert "Other University" in listed
    assert VCT in listed


def test_an_issuers_words_steer_no_terminal(app: Flask, campus: Campus) -> None:
    hidden = "\x1b[2K\r\n\x9b1A"
    keys = [key | {"kid": f"1{hidden}"} for key in campus.keys()["jwks"]["keys"]]
    campus.changes = {"jwks": {"keys": keys}, "display": [{"name": f"Uniwersytet{hidden}Inny"}]}
    added = trust(app, "add", URL)
    assert added.exit_code == 0
    assert [line for line in added.output.splitlines() if not line.isprintable()] == []


def test_types_may_be_chosen(app: Flask, campus: Campus) -> None:
    trust(app, "add", URL, "--vct", "https://one.example", "--vct", "https://two.example")
    assert "https://one.example https://two.example" in trust(app, "list").output
    assert VCT not in trust(app, "list").output


def test_adding_again_replaces_the_types(app: Flask, trusted: Campus) -> None:
    assert trust(app, "add", URL, "--vct", "https://one.example").exit_code == 0
    assert len(trust(app, "list").output.splitlines()) == 1
    assert "https://one.example" in trust(app, "list").output


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://legitymacja.example.org", "uznawane zawsze"),
        ("http://card.uni.example", "https"),
        ("https://user@card.uni.example", "wygląda tak"),
        ("https://card.uni.example?x=1", "wygląda tak"),
        ("https://[broken", "wygląda tak"),
        ("card.uni.example", "wygląda tak"),
        ("https://nobody.example", "jwt-vc-issuer"),
    ],
)
def test_what_is_no_issuer_is_not_trusted(app: Flask, campus: Campus, url: str, sentence: str) -> None:
    refused = trust(app, "add", url)
    assert refused.exit_code == 1
    assert sentence in refused.output
    assert trust(app, "list").output == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"issuer": URL + "/"}, "tego wystawcy"),
        ({"jwks": {"keys": [{"kty": "RSA"}]}}, "nie publikuje klucza"),
        ({"jwks": "x"}, "tego wystawcy"),
    ],
)
def test_an_issuer_without_good_keys_is_not_trusted(
    app: Flask, campus: Campus, changes: dict[str, Any], sentence: str
) -> None:
    campus.changes = changes
    refused = trust(app, "add", URL)
    assert refused.exit_code == 1
    assert sentence in refused.output


def test_an_issuer_that_names_no_type_needs_one(app: Flask, campus: Campus) -> None:
    campus.without_metadata = True
    assert "--vct" in trust(app, "add", URL).output
    assert trust(app, "add", URL, "--vct", VCT).exit_code == 0


def test_removing_somebody_unknown_is_an_error(app: Flask) -> None:
    removed = trust(app, "remove", URL)
    assert removed.exit_code == 1
    assert "Ten wystawca nie był zaufany." in removed.output


def test_changes_of_trust_are_in_the_audit(app: Flask, trusted: Campus) -> None:
    trust(app, "remove", URL)
    with app.app_context():
        rows = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    told = [(row.event, row.actor, row.subject, row.detail) for row in rows]
    who = ("command line", "card.uni.example", URL)
    assert told == [(audit.Event.ISSUER_TRUSTED, *who), (audit.Event.ISSUER_DISTRUSTED, *who)]

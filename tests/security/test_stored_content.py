"""What is stored does no harm where it is shown, and the audit only grows (security.md 30 and 33)."""

from __future__ import annotations

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import audit
from portal.audit import AuditRecord
from portal.database import db, write
from tests.security.conftest import somebody

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\" autofocus onfocus='alert(1)'"
PAGE = "/dla-studentow/mlegitymacja"


@pytest.mark.parametrize("stored", ["<script>alert(1)", "\" onfocus='alert(1)'", "{{ 7 * 191 }}"])
def test_what_is_stored_is_shown_as_text(app: Flask, stored: str) -> None:
    """The album number stands in the head of every page; names stand on none."""
    client, _ = somebody(app, stored, given_names=stored, surname=stored)
    shown = [client.get(path).text for path in ("/", "/dla-studentow", PAGE, "/konto/haslo", "/nowhere")]
    for page in shown:
        assert str(escape(stored)) in page
        assert stored not in page.replace(str(escape(stored)), "")
        assert "1337" not in page


def test_what_stands_in_an_address_is_shown_as_text(app: Flask) -> None:
    client, _ = somebody(app, "100001")
    for path in (f"/{SCRIPT}", f"{PAGE}/anuluj/{SCRIPT}", f"/logowanie?next=/{SCRIPT}", f"/?x={ATTRIBUTE}"):
        for browser in (client, app.test_client()):
            page = browser.get(path).text
            assert "<script>alert" not in page
            assert "onfocus='" not in page


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET event = 'nothing'"])
def test_the_audit_can_only_grow(app: Flask, change: str) -> None:
    with app.app_context():
        with write() as session:
            audit.record(session, audit.Event.LOGGED_IN, actor=audit.SYSTEM)
        with pytest.raises(DBAPIError, match="audit"):
            alter(change)
        assert db.session.scalar(select(func.count()).select_from(AuditRecord)) == 1
        assert db.session.scalars(select(AuditRecord.event)).all() == ["logged_in"]


def alter(change: str) -> None:
    with write() as session:
        session.execute(text(change))

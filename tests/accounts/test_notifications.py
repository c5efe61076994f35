"""The student turns mails about the card off and on."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.accounts import views
from portal.database import db, write
from portal.identity import Account
from portal.registry.models import Student
from portal.registry.records import RegistryUnavailable
from portal.settings import MailSettings, Settings
from tests.accounts.conftest import AuditRows
from tests.conftest import make_settings
from tests.support.html import Page
from tests.support.login import log_in
from tests.support.pages import CheckedClient, csrf_of

PAGE = "/konto/powiadomienia"
ADDRESS = "anna.zrodlana@student.example.org"


@pytest.fixture
def settings(instance: Path) -> Settings:
    return make_settings(instance, mail=MailSettings(host="127.0.0.1", sender="portal@example.org"))


@pytest.fixture
def at_home(app: Flask, client: CheckedClient, student: int) -> CheckedClient:
    """The student's browser, logged in."""
    with app.app_context(), write() as session:
        session.query(Student).update({"email": ADDRESS})
    log_in(client)
    return client


def wants_mail(app: Flask) -> bool:
    with app.app_context():
        return db.session.query(Account).one().wants_mail


def save(client: CheckedClient, **form: str) -> str:
    answer = client.post(PAGE, data={"csrf_token": csrf_of(client.get(PAGE).text), **form})
    assert (answer.status_code, answer.location) == (303, PAGE)
    return client.get(PAGE).text


def test_mails_are_on_until_they_are_turned_off(app: Flask, at_home: CheckedClient) -> None:
    assert "checked" in Page(at_home.get(PAGE).text).one("input", name="wanted")
    page = save(at_home)
    assert "są wyłączone" in page
    assert "checked" not in Page(page).one("input", name="wanted")
    assert wants_mail(app) is False


def test_and_on_again(app: Flask, at_home: CheckedClient, audited: AuditRows) -> None:
    save(at_home)
    assert "są włączone" in save(at_home, wanted="y")
    assert wants_mail(app) is True
    assert [event for event, _ in audited()[-2:]] == ["mails_turned_off", "mails_turned_on"]


@pytest.mark.parametrize(
    ("language", "sentence"), [("pl", "Adres pochodzi z USOS"), ("en", "The address comes from USOS")]
)
def test_the_page_tells_which_address_is_used_without_telling_it(
    at_home: CheckedClient, language: str, sentence: str
) -> None:
    at_home.post("/jezyk", data={"csrf_token": csrf_of(at_home.get(PAGE).text), "language": language})
    page = at_home.get(PAGE).text
    assert sentence in page
    assert "a***@student.example.org" in page
    assert ADDRESS not in page


def test_who_has_no_address_is_told_so(app: Flask, at_home: CheckedClient) -> None:
    with app.app_context(), write() as session:
        session.query(Student).update({"email": None})
    assert "brak adresu w USOS" in at_home.get(PAGE).text


def test_a_registry_that_can_not_be_read_keeps_nobody_from_choosing(
    app: Flask, at_home: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> str:
        raise RegistryUnavailable from OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr(views, "student_email", unreadable)
    assert "w tej chwili nieznany" in at_home.get(PAGE).text
    save(at_home)
    assert wants_mail(app) is False


def test_a_choice_is_ones_own(app: Flask, at_home: CheckedClient) -> None:
    with app.app_context():
        account = db.session.query(Account).one()
        public_id, key = account.public_id, account.id
    save(at_home, account=public_id, id=str(key + 1), student_id="2", wants_mail="y")
    assert wants_mail(app) is False


def test_the_menu_of_the_account_leads_there(at_home: CheckedClient) -> None:
    page = Page(at_home.get("/konto/haslo").text)
    assert page.one("a", href=PAGE).text == "Wiadomości e-mail"
    assert Page(at_home.get(PAGE).text).one("nav", aria_labelledby="side-heading")
    assert Page(at_home.get(PAGE).text).one("a", href=PAGE)["aria-current"] == "page"


def test_after_a_log_in_one_comes_back_to_it(client: CheckedClient, student: int) -> None:
    wanted = client.get(PAGE)
    assert wanted.location == f"/logowanie?next={PAGE}"
    assert log_in(client, next_page=PAGE).location == PAGE


def test_staff_have_no_such_page(client: CheckedClient, staff: int) -> None:
    log_in(client, "dziekanat", "dziekanat")
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/konto/haslo").text


class TestWithoutAMailServer:
    @pytest.fixture
    def settings(self, instance: Path) -> Settings:
        return make_settings(instance)

    def test_the_page_says_that_no_mail_is_sent(self, at_home: CheckedClient) -> None:
        page = at_home.get(PAGE).text
        assert "Ten portal nie wysyła wiadomości e-mail" in page
        assert not Page(page).all("input", name="wanted")

    def test_no_link_leads_there(self, at_home: CheckedClient) -> None:
        assert not Page(at_home.get("/konto/haslo").text).all("a", href=PAGE)

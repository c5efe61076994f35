"""„Moje dane”: students see and download what the portal keeps of them."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from portal.audit import Actor
from portal.orders import service
from portal.orders.states import Reason
from tests.students.conftest import PAGE, PESEL, data, extend, fetched, latest
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_jpeg, make_student
from tests.support.wallet import HeldCard
from tests.usosapi.client import Phone


def rows_of(client: CheckedClient, language: str) -> dict[str, str]:
    page = Page(client.get(PAGE, headers={"Accept-Language": language}).text)
    return dict(zip((e.text for e in page.all("dt")), (e.text for e in page.all("dd")), strict=True))


def test_the_page_shows_in_words_what_is_kept(client: CheckedClient, card: HeldCard) -> None:
    rows = rows_of(client, "en")
    assert rows["Full name"] == "Anna Maria Źródlana"
    assert rows["PESEL"] == f"{PESEL[:2]}********{PESEL[-1]}"
    assert rows["E-mail"] == "anna@example.org"
    assert rows["ELS"] == "ELS100001, valid until 31 March 2027"
    assert rows["Photo"].startswith("300 × 375 pixels, ")
    assert (rows["Orders"], rows["Mails written to you"]) == ("1", "1")
    assert Page(client.get(PAGE).text).one(id="download-data")["href"] == PAGE + ".json"


def test_the_page_is_in_the_side_menu_and_on_the_first_page(client: CheckedClient, student_id: int) -> None:
    first = Page(client.get("/dla-studentow").text)
    assert [link.text for link in first.all("a", href=PAGE)] == ["Moje dane", "Moje dane"]
    (marked,) = Page(client.get(PAGE).text).all("a", aria_current="page", href=PAGE)
    assert marked.inside("nav")


def test_who_has_next_to_nothing_gets_a_page_too(app: Flask, client: CheckedClient) -> None:
    nothing = {"pesel": None, "els": False, "photo": False, "programme": False, "birth_date": None}
    make_account(app, make_student(app, **nothing))
    log_in(client)
    assert client.get(PAGE).status_code == 200
    assert "download-photo" not in client.get(PAGE).text
    assert client.get(PAGE + "/zdjecie").status_code == 404
    said = data(client)
    assert (said["student"]["pesel"], said["student"]["photo"], said["orders"]) == (None, None, [])


def test_the_file_is_a_download_that_nobody_keeps(client: CheckedClient, student_id: int) -> None:
    answer = fetched(client)
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="moje-dane-2026-11-20.json"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_file_holds_the_registrys_record(client: CheckedClient, student_id: int) -> None:
    student = data(client)["student"]
    assert student["usos_id"] == "usos-100001"
    assert (student["given_names"], student["surname"]) == ("Anna Maria", "Źródlana")
    assert (student["birth_date"], student["status"], student["left_at"]) == ("2004-05-17", "active", None)
    assert [programme["name"] for programme in student["programmes"]] == ["Informatyka"]
    (els,) = student["plastic_cards"]
    assert (els["card_number"], els["valid_until"]) == ("ELS100001", "2027-03-31")
    assert els["pesel"] == student["pesel"] == f"{PESEL[:2]}********{PESEL[-1]}"
    assert student["photo"] == {
        "width": 300,
        "height": 375,
        "bytes": len(make_jpeg()),
        "updated_at": "2026-11-20T11:00:00Z",
    }


def test_the_file_holds_account_and_log_ins(client: CheckedClient, student_id: int) -> None:
    said = data(client)
    assert said["account"]["login"] == "100001"
    assert (said["account"]["has_password"], said["account"]["wants_mail"]) == (True, True)
    assert said["sessions"] == [
        {"logged_in_at": "2026-11-20T11:00:00Z", "last_used_at": "2026-11-20T11:00:00Z"}
    ]


def test_the_file_holds_orders_with_their_history(client: CheckedClient, card: HeldCard) -> None:
    (order,) = data(client)["orders"]
    assert (order["status"], order["valid_until"]) == ("collected", "2027-03-31")
    assert [(event["event"], event["by"]) for event in order["events"]] == [
        ("place", "student"),
        ("claim", "issuance"),
        ("prepared", "issuance"),
        ("collect", "wallet"),
    ]


def test_the_file_holds_extensions(
    app: Flask, client: CheckedClient, student_id: int, card: HeldCard
) -> None:
    extend(app, student_id)
    (extension,) = data(client)["orders"][0]["extensions"]
    assert extension["asked_by"] == "student"
    assert (extension["old_valid_until"], extension["new_valid_until"]) == ("2027-03-31", "2027-10-31")


def test_the_file_holds_mails(client: CheckedClient, card: HeldCard) -> None:
    assert data(client)["mails"] == [
        {"kind": "card_ready", "created_at": "2026-11-20T11:00:00Z", "sent_at": "2026-11-20T11:00:00Z"}
    ]


def test_the_page_counts_apps_with_access(client: CheckedClient, phone: Phone) -> None:
    assert rows_of(client, "pl")["Aplikacje z dostępem"] == "1"


def test_the_file_holds_apps_with_access(client: CheckedClient, phone: Phone) -> None:
    assert data(client)["apps"] == [
        {
            "name": "Mobilny USOS",
            "scopes": ["cards", "personal"],
            "since": "2026-11-20T11:00:00Z",
            "last_used_at": "2026-11-20T11:00:00Z",
            "until": "2026-11-20T13:00:00Z",
        }
    ]


def test_the_file_holds_what_the_audit_says_of_the_student_alone(
    app: Flask, client: CheckedClient, second_client: CheckedClient, card: HeldCard
) -> None:
    make_account(app, make_student(app, "100002"), "100002")
    log_in(second_client, "100002")
    client.get("/dla-studentow")
    said = data(client)
    events = [(row["event"], row["by"], row["address"]) for row in said["audit"]]
    assert events == [
        ("logged_in", "student", "192.0.2.10"),
        ("order_placed", "student", "192.0.2.10"),
        ("card_prepared", "issuance", None),
        ("card_collected", "wallet", None),
    ]
    assert [row["about"] for row in said["audit"]] == ["account"] + [said["orders"][0]["id"]] * 3


def test_who_else_acted_is_not_named(
    app: Flask, client: CheckedClient, student_id: int, card: HeldCard
) -> None:
    staff = Actor("0123456789abcdef" * 2, "198.51.100.7")
    with app.app_context():
        service.revoke_by_university(latest(student_id), staff, Reason.MISTAKE)
    answer = fetched(client).text
    assert staff.name not in answer
    assert "198.51.100.7" not in answer
    (row,) = [row for row in json.loads(answer)["audit"] if row["event"] == "card_revoked"]
    assert (row["by"], row["detail"]) == ("staff", "mistake")


def test_somebody_elses_failed_log_in_is_told_without_its_address(
    client: CheckedClient, second_client: CheckedClient, student_id: int
) -> None:
    log_in(second_client, "100001", "wrong", address="203.0.113.9")
    answer = fetched(client).text
    assert "login_refused" in answer
    assert "203.0.113.9" not in answer


def test_nothing_of_another_student_is_in_it(
    app: Flask, client: CheckedClient, second_client: CheckedClient, card: HeldCard
) -> None:
    make_account(app, make_student(app, "100002", surname="Obca", els_number="ELS-OBCA"), "100002")
    log_in(second_client, "100002")
    mine, others = fetched(client).text, fetched(second_client).text
    assert "Obca" not in mine
    assert "Źródlana" not in others
    assert json.loads(others)["orders"] == []


@pytest.mark.parametrize(("language", "words"), [("pl", "dziekanacie"), ("en", "student office")])
def test_the_file_says_what_is_not_in_it_and_how_to_get_it(
    client: CheckedClient, student_id: int, language: str, words: str
) -> None:
    client.get("/", headers={"Accept-Language": language})
    notes = json.loads(client.get(PAGE + ".json", headers={"Accept-Language": language}).text)["notes"]
    assert words in notes[0]
    assert "iod@example.org" in notes[-1]


def test_the_photo_is_for_its_owner(client: CheckedClient, student_id: int) -> None:
    answer = client.get(PAGE + "/zdjecie")
    assert (answer.mimetype, answer.data) == ("image/jpeg", make_jpeg())
    assert answer.headers["Cache-Control"] == "no-store"

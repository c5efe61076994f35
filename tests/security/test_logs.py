"""The log: one escaped line a record, and nobody's data in it (security.md 26 and 27)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal import create_app
from portal.database import write
from portal.logs import OneLine
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.security.conftest import House, send
from tests.support.login import csrf_token, log_in, post
from tests.support.wallet import FlaskHttp, Refused, Wallet

NAME = "Anna\r\nERROR forged\x1b[31m\x00\u2028\x85\\n"


def line(message: str, *values: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("portal.test", logging.INFO, "", 0, message, values, info)
    return OneLine().format(record)


def test_control_characters_are_escaped_in_one_line() -> None:
    written = line("refused %s", NAME)
    assert written.endswith(r"refused Anna\r\nERROR forged\x1b[31m\x00\u2028\x85\\n")
    assert len(written.splitlines()) == 1
    assert written.isprintable()


def test_a_failure_is_told_in_one_line_by_its_kind_and_place_without_its_values() -> None:
    try:
        int(NAME)
    except ValueError as error:
        written = line("failed", error=error)
    assert len(written.splitlines()) == 1
    assert "ValueError at tests/security/test_logs.py:" in written
    assert "Anna" not in written


def test_a_failure_is_told_with_what_it_came_from() -> None:
    try:
        try:
            Path("/nowhere/44051401359").read_text()
        except OSError as cause:
            raise RuntimeError("44051401359") from cause
    except RuntimeError as error:
        written = line("failed", error=error)
    assert "RuntimeError at " in written
    assert "; from FileNotFoundError (No such file or directory) at " in written
    assert "44051401359" not in written


def test_what_a_visitor_sends_is_never_written(
    visitor: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor.get("/forged-path?q=forged-query", headers={"User-Agent": "forged-agent", "Cookie": "forged=1"})
    visitor.open("/", method="FORGED")
    form = {"csrf_token": csrf_token(visitor), "login": "forged\r\nlogin", "password": "forged-password"}
    post(visitor, "/logowanie", form, Referer="https://forged.example/")
    post(visitor, "/logowanie", form)
    written = capsys.readouterr().err
    assert written.count("portal.access") == 5
    assert "forged" not in written.lower()


def test_an_access_line_names_the_rule_and_the_request(
    visitor: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = visitor.get("/haslo/an-invitations-secret")
    (written,) = capsys.readouterr().err.splitlines()
    assert f"[{answer.headers['X-Request-Id']}] portal.access: GET /haslo/<token> 303 " in written


@pytest.fixture
def in_json(app: Flask, settings: Settings) -> Iterator[None]:
    create_app(replace(settings, log_format="json"))  # the format is as the last of them has it
    yield
    create_app(settings)


@pytest.mark.usefixtures("in_json")
def test_a_program_reads_an_object_a_line(visitor: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = visitor.get("/haslo/an-invitations-secret")
    logging.getLogger("portal.test").warning("refused %s", NAME)
    access, other = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert access.pop("ms") >= 0
    assert access.pop("time").endswith("Z")
    assert access == {
        **{"level": "INFO", "logger": "portal.access", "request": answer.headers["X-Request-Id"]},
        **{"method": "GET", "endpoint": "accounts.open_link", "status": 303},
        "message": access["message"],
    }
    assert "an-invitations-secret" not in access["message"]
    assert other["message"] == f"refused {NAME}"


@pytest.mark.usefixtures("failing_on_purpose", "in_json")
def test_a_failure_is_one_object_without_its_values(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.add_url_rule("/try/<token>", "try_token", lambda token: str(int(token)))
    answer = app.test_client().get("/try/44051401359x")
    failure, _access = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert failure["request"] == answer.headers["X-Request-Id"]
    assert failure["error"].startswith("ValueError at ")
    assert "44051401359" not in str(failure)


def test_monitors_and_polls_that_learn_nothing_leave_no_line(
    visitor: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [visitor.get(path).status_code for path in ("/healthz", "/healthz/live", "/metrics")] == [200] * 3
    assert capsys.readouterr().err == ""


def wallet_for(house: House, clock: MovingClock) -> Wallet:
    return Wallet(FlaskHttp(house.app), clock=lambda: clock.now().timestamp())


def invitation(app: Flask) -> str:
    """The token of a new link with which a password is set."""
    output = app.test_cli_runner().invoke(args=["accounts", "invite", "100001"]).output
    (address,) = [word for word in output.split() if "/haslo/" in word]
    return address.rpartition("/")[2]


def secrets_of(house: House, wallet: Wallet) -> set[str]:
    """Take the card, badly first; every secret that was in it."""
    offer = house.offer()
    wrong = str((int(offer.activation_code) + 1) % 10**8).zfill(8)
    with pytest.raises(Refused):
        wallet.collect(offer.uri, wrong)
    card = wallet.collect(offer.uri, offer.activation_code)
    address = parse_qs(urlsplit(offer.uri).query)["credential_offer_uri"][0].rpartition("/")[2]
    return {
        *(house.pesel, offer.activation_code, wrong, address),
        *(card.offer.code, card.access_token, card.notification_id, card.credential),
        *(segment for segment in card.credential.split("~") if len(segment) > 20),
    }


def test_the_whole_way_to_a_card_leaves_no_secret_in_the_log(
    house: House, clock: MovingClock, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of(house, wallet_for(house, clock)) | {invitation(house.app)}
    house.visitor.get(f"/haslo/{max(secrets, key=len)[:40]}")
    for path in ("", "/kody", f"/uniewaznij/{house.order_id}"):
        house.student.get("/dla-studentow/mlegitymacja" + path)
    send(house.student, f"/dla-studentow/mlegitymacja/uniewaznij/{house.order_id}")
    log_in(house.visitor, "100001", "a wrong password of somebody")
    written = caplog.text + capsys.readouterr().err
    assert "portal.access" in written
    found = {secret for secret in secrets | {"a wrong password of somebody"} if secret in written}
    assert found == set()


@pytest.mark.usefixtures("failing_on_purpose")
def test_a_failing_database_leaves_no_secret_in_the_log_or_on_the_page(
    house: House, clock: MovingClock, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    offer = house.offer()
    wallet = wallet_for(house, clock)
    read = wallet.read_offer(offer.uri)
    with house.app.app_context(), write() as session:
        session.execute(text("ALTER TABLE issuer_offers RENAME TO gone"))
    answers = [
        wallet.token(read, offer.activation_code).body.decode(),
        house.student.get("/dla-studentow/mlegitymacja/kody").text,
        wallet.http("GET", parse_qs(urlsplit(offer.uri).query)["credential_offer_uri"][0]).body.decode(),
    ]
    written = capsys.readouterr().err + "".join(OneLine().format(record) for record in caplog.records)
    assert " ERROR " in written
    for secret in (offer.activation_code, offer.uri, read.code, house.pesel):
        assert secret not in written
        assert not [answer for answer in answers if secret in answer]


def test_no_address_of_the_portals_pages_holds_a_secret(house: House, clock: MovingClock) -> None:
    """So none can be in a Referer, a browser's history or a proxy's log either."""
    offer = house.offer()
    page = house.student.get("/dla-studentow/mlegitymacja/kody").text
    own = [part.split('"')[0] for part in page.split('href="')[1:]]
    own += [part.split('"')[0] for part in page.split('data-hx-get="')[1:]]
    leading = [address for address in own if not address.startswith("openid-credential-offer:")]
    assert leading
    for secret in (offer.activation_code, house.pesel, wallet_for(house, clock).read_offer(offer.uri).code):
        assert not [address for address in own if secret in address]
    assert not [address for address in leading if offer.uri.rpartition("%2F")[2] in address]

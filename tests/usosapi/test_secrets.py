"""What must get out nowhere: PESEL, codes and tokens, in logs or at rest (security.md 27)."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from portal.logs import OneLine
from tests.usosapi.conftest import PESEL, Student

THE_APPS = ("oauthlib", "requests_oauthlib", "urllib3")


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """What the portal's side has logged: the app runs in this process too."""
    ours = (one for one in caplog.get_records("call") if not one.name.startswith(THE_APPS))
    return "\n".join(OneLine().format(record) for record in ours)


def test_no_log_tells_pesel_codes_or_tokens(student: Student, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pin = student.decide(student.phone.ask("oob", "cards|personal|offline_access"))
    request_token = student.phone.token
    phone = student.phone
    assert phone.exchange(pin).status_code == 200
    assert phone.get("users/user", fields="pesel").json() == {"pesel": PESEL}
    phone.post("cards/make_mcard_order")
    student.issue()
    (order,) = phone.get("cards/mcard").json()["orders"]
    secrets = (PESEL, pin, request_token, phone.token, phone.token_secret, phone.key, phone.secret)
    codes = (order["token"], order["distribution_pass"], order["id"])
    logged = lines(caplog)
    assert "portal.access" in logged
    assert [secret for secret in (*secrets, *codes) if secret in logged] == []


def test_tokens_cannot_be_read_in_the_database(student: Student, app: Flask, instance: Path) -> None:
    pin = student.decide(student.phone.ask())
    waiting = (pin, student.phone.token, student.phone.token_secret)
    assert [secret for secret in waiting if secret in dump(instance)] == []
    student.phone.exchange(pin)
    granted = (student.phone.token, student.phone.token_secret)
    assert [secret for secret in granted if secret in dump(instance)] == []


def dump(instance: Path) -> str:
    with sqlite3.connect(instance / "portal.sqlite") as connection:
        return "\n".join(connection.iterdump())


def test_codes_are_told_while_they_are_open_alone(student: Student) -> None:
    phone = student.let_in()
    phone.post("cards/make_mcard_order")
    student.issue()
    (order,) = phone.get("cards/mcard", fields="orders[id|token|distribution_pass]").json()["orders"]
    assert order["token"].startswith("openid-credential-offer://")
    phone.post("cards/revoke_mcard", order_id=order["id"])
    after = phone.get("cards/mcard_order", order_id=order["id"], fields="token|distribution_pass").json()
    assert after == {"token": None, "distribution_pass": None}

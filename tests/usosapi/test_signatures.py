"""Whose request it is: signed rightly, just now, once, and by nobody else (RFC 5849, 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from oauthlib.oauth1 import SIGNATURE_TYPE_BODY, SIGNATURE_TYPE_QUERY
from sqlalchemy import update

from portal.chores import all_of_them
from portal.database import db, write
from portal.identity import Account
from portal.orders.sweep import sweep
from portal.usosapi import consumers
from portal.usosapi.models import AccessToken, Nonce, RequestToken
from tests.conftest import MovingClock
from tests.orders.leavers import YEAR, leave
from tests.usosapi.client import BASE, REQUEST, Phone, anonymous
from tests.usosapi.conftest import Student, new_phone

USER = f"{BASE}/services/users/user"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NEEDED = (
    "oauth_consumer_key",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_token",
)


def reason(answer: Any) -> str:
    """Why a request was refused as unsigned."""
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == f'OAuth realm="{BASE}/"'
    assert "no-store" in answer.headers["Cache-Control"]
    return str(answer.json()["reason"])


@pytest.fixture
def allowed(student: Student) -> Phone:
    return student.let_in()


def test_parameters_may_stand_in_the_header_the_query_or_the_body(allowed: Phone) -> None:
    header = allowed.session().get(USER)
    query = allowed.session(signature_type=SIGNATURE_TYPE_QUERY).get(USER, params={"fields": "id|last_name"})
    body = allowed.session(signature_type=SIGNATURE_TYPE_BODY).post(USER, data={"fields": "id"}, headers=FORM)
    assert [answer.status_code for answer in (header, query, body)] == [200, 200, 200]
    assert query.json()["last_name"] == "Źródlana"


def test_what_is_signed_may_hold_any_letters(allowed: Phone) -> None:
    odd = {"user_id": "Zażółć gęślą|jaźń & 100 % + ~*'()!", "fields": "id"}
    assert allowed.session().post(USER, data=odd).status_code == 404
    assert allowed.session().get(USER, params=odd).status_code == 404


def test_a_bar_that_was_not_encoded_means_the_same(allowed: Phone, app: Flask) -> None:
    signed = allowed.session(signature_type=SIGNATURE_TYPE_QUERY).get(USER, params={"fields": "id|last_name"})
    address, _ = allowed.signed(f"{USER}?fields=id%7Clast_name", signature_type=SIGNATURE_TYPE_QUERY)
    plain = anonymous(app, "GET", address.removeprefix(BASE).replace("%7C", "|"))
    assert plain.json() == signed.json()


def test_a_changed_parameter_breaks_the_signature(allowed: Phone, app: Flask) -> None:
    address, _ = allowed.signed(f"{USER}?fields=id", signature_type=SIGNATURE_TYPE_QUERY)
    path = address.removeprefix(BASE)
    assert reason(anonymous(app, "GET", path.replace("fields=id", "fields=pesel"))) == "signature_invalid"
    assert reason(anonymous(app, "POST", path)) == "signature_invalid"


@pytest.mark.parametrize("secret", ["secret", "token_secret"])
def test_a_wrong_secret_signs_nothing(allowed: Phone, secret: str) -> None:
    setattr(allowed, secret, "made up")
    assert reason(allowed.get("users/user")) == "signature_invalid"


def test_a_signature_of_odd_letters_is_a_wrong_one(allowed: Phone, app: Flask) -> None:
    address, _ = allowed.signed(USER, signature_type=SIGNATURE_TYPE_QUERY)
    before, _, _ = address.removeprefix(BASE).rpartition("oauth_signature=")
    assert (
        reason(anonymous(app, "GET", f"{before}oauth_signature=%C5%BC%C3%B3%C5%82w")) == "signature_invalid"
    )


@pytest.mark.parametrize("method", ["PLAINTEXT", "HMAC-SHA256"])
def test_only_hmac_sha1_is_taken(allowed: Phone, method: str) -> None:
    assert reason(allowed.session(signature_method=method).get(USER)) == "signature_method_invalid"


def test_a_request_is_taken_once(allowed: Phone) -> None:
    assert allowed.session(nonce="once").get(USER).status_code == 200
    assert reason(allowed.session(nonce="once").get(USER)) == "nonce_used"


def test_a_nonce_is_free_again_with_another_timestamp(allowed: Phone, clock: MovingClock) -> None:
    assert allowed.session(nonce="once").get(USER).status_code == 200
    clock.move(seconds=1)
    assert allowed.session(nonce="once").get(USER).status_code == 200


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_far_off_is_refused(allowed: Phone, clock: MovingClock, minutes: int) -> None:
    sent = str(int(clock.now().timestamp()) + minutes * 60)
    assert reason(allowed.session(timestamp=sent).get(USER)) == "timestamp_invalid"


@pytest.mark.parametrize("sent", ["now", "-1", "99999999999999999999", "1.5", "²"])
def test_a_timestamp_is_a_number_of_seconds(allowed: Phone, sent: str) -> None:
    assert reason(allowed.session(timestamp=sent).get(USER)) == "timestamp_invalid"


def test_an_unsigned_request_writes_nothing(allowed: Phone, app: Flask) -> None:
    with app.app_context():
        before = db.session.query(Nonce).count()
    allowed.secret = "made up"
    allowed.get("users/user")
    with app.app_context():
        assert db.session.query(Nonce).count() == before


@pytest.mark.parametrize("left_out", NEEDED)
def test_every_oauth_parameter_is_needed(allowed: Phone, app: Flask, left_out: str) -> None:
    _, header = allowed.signed(USER)
    parts = [
        part for part in header.removeprefix("OAuth ").split(", ") if not part.startswith(f"{left_out}=")
    ]
    answer = anonymous(
        app, "GET", "/services/users/user", headers={"Authorization": "OAuth " + ", ".join(parts)}
    )
    assert reason(answer) in ("consumer_missing", "token_missing")


def test_an_oauth_parameter_stands_once(allowed: Phone, app: Flask) -> None:
    _, header = allowed.signed(USER)
    twice = {"Authorization": f'{header}, oauth_nonce="another"'}
    assert reason(anonymous(app, "GET", "/services/users/user", headers=twice)) == "signature_malformed"
    also = {"Authorization": header}
    path = "/services/users/user?oauth_nonce=another"
    assert reason(anonymous(app, "GET", path, headers=also)) == "signature_malformed"


def test_callback_and_verifier_may_stand_beside_the_header(student: Student) -> None:
    asked = student.phone.session().post(REQUEST, data={"oauth_callback": "oob", "scopes": "cards"})
    assert asked.status_code == 200
    twice = student.phone.session(callback_uri="oob").post(REQUEST, data={"oauth_callback": "oob"})
    assert reason(twice) == "signature_malformed"


@pytest.mark.parametrize(
    "header", ["OAuth", "OAuth oauth_nonce", "OAuth =,=,", 'OAuth a="', "Bearer abc", "Basic eDp5"]
)
def test_another_authorization_is_no_signature(app: Flask, header: str) -> None:
    answer = anonymous(app, "GET", "/services/users/user", headers={"Authorization": header})
    assert reason(answer) in ("consumer_missing", "signature_malformed")


def test_another_version_of_oauth_is_refused(allowed: Phone, app: Flask) -> None:
    _, header = allowed.signed(USER)
    other = {"Authorization": header.replace('oauth_version="1.0"', 'oauth_version="2.0"')}
    answer = anonymous(app, "GET", "/services/users/user", headers=other)
    assert reason(answer) == "signature_malformed"


def test_an_unknown_app_is_refused(allowed: Phone) -> None:
    allowed.key = "made-up"
    assert reason(allowed.get("users/user")) == "consumer_invalid"


def test_another_apps_token_is_refused(allowed: Phone, app: Flask, clock: MovingClock) -> None:
    other = new_phone(app, clock, "Inna aplikacja")
    other.token, other.token_secret = allowed.token, allowed.token_secret
    assert reason(other.get("users/user")) == "token_invalid"


def test_another_apps_request_token_is_refused(student: Student, app: Flask, clock: MovingClock) -> None:
    other = new_phone(app, clock, "Inna aplikacja")
    pin = student.decide(student.phone.ask())
    other.token, other.token_secret = student.phone.token, student.phone.token_secret
    assert reason(other.exchange(pin)) == "token_invalid"


def test_a_request_token_opens_no_method(student: Student) -> None:
    student.decide(student.phone.ask())
    assert reason(student.phone.get("users/user")) == "token_invalid"


def test_access_ends_after_two_hours_unless_it_was_asked_for(student: Student, clock: MovingClock) -> None:
    short = student.let_in("cards")
    assert short.get("cards/mcard").status_code == 200
    clock.move(hours=2)
    assert reason(short.get("cards/mcard")) == "token_invalid"


def test_offline_access_stays(student: Student, allowed: Phone, clock: MovingClock) -> None:
    clock.move(days=200)
    assert allowed.get("cards/mcard").status_code == 200


def test_a_token_given_back_is_dead(allowed: Phone) -> None:
    assert allowed.post("oauth/revoke_token").json() == {}
    assert reason(allowed.get("users/user")) == "token_invalid"
    assert reason(allowed.post("oauth/revoke_token")) == "token_invalid"


def test_a_disabled_accounts_token_is_refused(student: Student, allowed: Phone) -> None:
    with student.app.app_context(), write() as session:
        session.execute(update(Account).values(enabled=False))
    assert reason(allowed.get("users/user")) == "token_invalid"


def test_a_disabled_account_lets_nobody_in(student: Student) -> None:
    pin = student.decide(student.phone.ask())
    with student.app.app_context(), write() as session:
        session.execute(update(Account).values(enabled=False))
    assert reason(student.phone.exchange(pin)) == "verifier_invalid"


def test_of_who_is_forgotten_no_app_has_access(student: Student, clock: MovingClock) -> None:
    phone = student.let_in()
    student.decide(replace(phone).ask())
    with student.app.app_context():
        leave(student.id, clock.now())
        clock.move(**YEAR)
        sweep()
        assert db.session.query(AccessToken).count() == 0
    assert reason(phone.get("users/user")) == "token_invalid"


def test_no_key_can_be_taken_for_an_option_of_a_command(app: Flask) -> None:
    with app.app_context():
        keys = [consumers.add(f"app {number}", None, []).key for number in range(100)]
    assert [key for key in keys if not key.isalnum()] == []


def test_a_removed_apps_tokens_are_dead(allowed: Phone, app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["usosapi", "consumer", "remove", allowed.key])
    assert result.exit_code == 0
    assert reason(allowed.get("users/user")) == "consumer_invalid"
    with app.app_context():
        assert db.session.query(AccessToken).count() == 0


def test_what_is_over_is_forgotten(student: Student, app: Flask, clock: MovingClock) -> None:
    student.let_in("cards")
    student.phone.ask()
    clock.move(hours=3)
    with app.app_context():
        for chore in all_of_them():
            chore()
        for table in (Nonce, RequestToken, AccessToken):
            assert db.session.query(table).count() == 0


def test_head_is_for_nobody(allowed: Phone) -> None:
    answer = allowed.session().head(f"{BASE}/services/cards/make_mcard_order")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert allowed.get("cards/mcard", fields="orders").json() == {"orders": []}


def test_a_body_that_is_no_form_is_not_read(allowed: Phone) -> None:
    answer = allowed.session().post(USER, json={"fields": "pesel"})
    assert set(answer.json()) == {"id", "first_name", "last_name"}
    several = allowed.session().post(USER, files={"fields": (None, "pesel")})
    assert set(several.json()) == {"id", "first_name", "last_name"}


def test_an_app_that_floods_is_slowed_down(allowed: Phone, clock: MovingClock) -> None:
    answers = [allowed.get("users/user") for _ in range(110)]
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert int(slowed.headers["Retry-After"]) >= 1
    clock.move(minutes=1)
    assert allowed.get("users/user").status_code == 200

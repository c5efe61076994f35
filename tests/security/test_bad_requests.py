"""What can't be read is refused with 400; a cookie that isn't ours is no log-in (security.md 12)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.people import make_student

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("target", ["/a%00b", "/?q=%00", "/?q=%ff", "/?%ff=1", "/%ed%a0%80"])
def test_an_address_that_is_no_text_is_refused(visitor: FlaskClient, target: str) -> None:
    path, _, query = target.partition("?")
    raw = {"PATH_INFO": path.replace("%00", "\0").replace("%ed%a0%80", "\xed\xa0\x80")}
    answer = visitor.get("/", query_string=query, environ_overrides=raw)
    assert answer.status_code == 400
    assert "Nie udało się odczytać tego żądania" in answer.text


@pytest.mark.parametrize("target", ["/%zz", "/%", "/%0d%0aSet-Cookie:x", "/..%2f..%2fetc/passwd", "/a\\b"])
def test_a_strange_address_is_just_unknown(visitor: FlaskClient, target: str) -> None:
    assert visitor.get(target).status_code == 404


@pytest.mark.parametrize("text", [b"%00", b"a%00b", b"\x00", b"%ef%bf%bd"])
def test_a_form_that_is_no_text_is_refused(visitor: FlaskClient, text: bytes) -> None:
    token = csrf_token(visitor).encode()
    body = b"csrf_token=" + token + b"&login=" + text + b"&password=x"
    headers = {"Referer": "https://legitymacja.example.org/logowanie"}
    answer = visitor.post("/logowanie", data=body, content_type=FORM, headers=headers)
    assert answer.status_code == 400
    assert "Nie udało się odczytać tego żądania" in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"broken", "multipart/form-data"),
        (b"a=1", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"&".join(b"f%d=1" % number for number in range(2000)), FORM),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_a_broken_body_is_a_clients_error(visitor: FlaskClient, body: bytes, kind: str) -> None:
    assert visitor.post("/logowanie", data=body, content_type=kind).status_code == 400


@pytest.mark.parametrize(
    "cookie", ["", "x", "eyJ9.x.y", ".eJx.x.y", "a" * 4000, "\xff\xfe", "{}", '"quoted', "null.aaaaaa.x"]
)
def test_a_made_up_cookie_is_an_anonymous_visitor(app: Flask, cookie: str) -> None:
    name = app.config["SESSION_COOKIE_NAME"]
    answer = app.test_client(use_cookies=False).get(
        "/dla-studentow/mlegitymacja", environ_overrides={"HTTP_COOKIE": f"{name}={cookie}"}
    )
    assert answer.status_code == 303
    assert answer.location.startswith("/logowanie")


def test_a_tampered_cookie_is_an_anonymous_visitor(app: Flask, visitor: FlaskClient) -> None:
    make_account(app, make_student(app))
    assert log_in(visitor).status_code == 303
    assert visitor.get("/dla-studentow/mlegitymacja").status_code == 200
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.get_cookie(name, domain="legitymacja.example.org")
    assert cookie is not None
    middle = len(cookie.value) // 2
    other = "A" if cookie.value[middle] != "A" else "B"
    tampered = cookie.value[:middle] + other + cookie.value[middle + 1 :]
    visitor.set_cookie(name, tampered, domain="legitymacja.example.org")
    assert visitor.get("/dla-studentow/mlegitymacja").status_code == 303


def test_a_request_that_expects_too_much_is_answered(visitor: FlaskClient) -> None:
    answer = post(visitor, "/logowanie", {"csrf_token": "x"}, Expect="the-impossible")
    assert answer.status_code == 400

"""Handing one letter to a real mail server: what arrives, and what is told where it doesn't."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.headerregistry import Address
from email.utils import parsedate_to_datetime

import pytest
from flask import Flask

from portal import smtp
from portal.settings import MailSettings
from portal.smtp import Connection, Deferred, Refused, Unavailable, Unknown
from tests.conftest import START
from tests.support.letters import LETTER, Handover, refusal, send
from tests.support.post_office import HOST, SENDER, PostOffice, opened
from tests.support.server import free_port


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    with opened() as office:
        yield office


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def test_a_letter_arrives_as_it_was_written(post_office: PostOffice) -> None:
    assert send(post_office.settings()).calls == 1
    (mail,) = post_office.mails
    assert post_office.recipients == [LETTER.to]
    assert mail["To"] == LETTER.to
    assert mail["From"].addresses == (Address("Politechnika Próbna", addr_spec=SENDER),)
    assert mail["Subject"] == LETTER.subject
    assert mail["Content-Type"].params["charset"] == "utf-8"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text


def test_its_headers_say_that_a_program_wrote_it_and_in_which_language(post_office: PostOffice) -> None:
    send(post_office.settings())
    send(post_office.settings(), replace(LETTER, languages=("pl", "en")))
    one, both = post_office.mails
    assert one["Auto-Submitted"] == "auto-generated"
    assert (one["Content-Language"], both["Content-Language"]) == ("pl", "pl, en")
    assert parsedate_to_datetime(one["Date"]) == START


def test_a_letter_has_the_same_name_whenever_it_is_sent_and_nobody_can_guess_it(
    post_office: PostOffice,
) -> None:
    for key in ("17", "17", "18"):
        send(post_office.settings(), replace(LETTER, key=key))
    first, again, other = (mail["Message-ID"] for mail in post_office.mails)
    assert first == again != other
    assert first.endswith("@example.org>")
    assert len(first.partition("@")[0]) > 32


def test_letters_follow_each_other_on_one_connection(post_office: PostOffice) -> None:
    with Connection(post_office.settings()) as connection:
        for number in range(smtp.LETTERS_A_CONNECTION + 1):
            connection.send(replace(LETTER, key=str(number)), Handover())
    assert len(post_office.mails) == smtp.LETTERS_A_CONNECTION + 1
    assert post_office.got.count("EHLO") == 2


@pytest.mark.parametrize(
    ("command", "answer", "kind", "handed_over"),
    [
        ("MAIL", "550 no such sender", Unavailable, 0),
        ("MAIL", "451 later", Unavailable, 0),
        ("RCPT", "550 no such user", Refused, 0),
        ("RCPT", "452 mailbox full", Deferred, 0),
        ("RCPT", "530 log in first", Unavailable, 0),
        ("RCPT", "421 closing", Unavailable, 0),
        ("DATA", "554 spam", Refused, 1),
        ("DATA", "451 later", Deferred, 1),
        ("DATA", "421 closing", Unavailable, 1),
        ("DATA", "299 what?", Unknown, 1),
    ],
)
def test_a_no_tells_whether_to_try_again(
    post_office: PostOffice, command: str, answer: str, kind: type[Exception], handed_over: int
) -> None:
    post_office.says[command] = answer
    failure, calls = refusal(post_office.settings())
    assert type(failure) is kind
    assert calls == handed_over
    code, words = answer.split(maxsplit=1)
    assert code in str(failure)
    assert words not in str(failure), "a server's words may name people"


def test_an_answer_that_never_comes_leaves_it_unknown(post_office: PostOffice) -> None:
    post_office.hang_up = True
    failure, calls = refusal(post_office.settings())
    assert (type(failure), calls) == (Unknown, 1)
    assert len(post_office.mails) == 1


def test_a_caller_who_can_not_write_it_down_sends_nothing(post_office: PostOffice) -> None:
    def no() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Connection(post_office.settings()) as connection:
        connection.send(LETTER, no)
    send(post_office.settings(), replace(LETTER, key="next"))
    assert len(post_office.mails) == 1


def test_nobody_there_is_a_matter_of_time() -> None:
    failure, calls = refusal(MailSettings(host=HOST, sender=SENDER, port=free_port(), security="none"))
    assert (type(failure), calls) == (Unavailable, 0)
    assert "refused" in str(failure)


def test_an_unknown_host_is_a_matter_of_time() -> None:
    failure, _ = refusal(MailSettings(host="nowhere.invalid", sender=SENDER, security="none"))
    assert type(failure) is Unavailable


def test_a_server_that_says_nothing_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        failure, _ = refusal(MailSettings(host=HOST, sender=SENDER, port=port, security="none"))
    assert type(failure) is Unavailable


def test_a_server_that_closes_the_door_is_a_matter_of_time() -> None:
    with socket.create_server((HOST, 0)) as server:

        def turn_away() -> None:
            connection, _ = server.accept()
            connection.sendall(b"554 go away\r\n")
            connection.close()

        porter = threading.Thread(target=turn_away)
        porter.start()
        port = server.getsockname()[1]
        failure, _ = refusal(MailSettings(host=HOST, sender=SENDER, port=port, security="none"))
        porter.join()
    assert type(failure) is Unavailable
    assert "554" in str(failure)


# What may stand in a header


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org\r\nBcc: eve@example.org",
        "anna@example.org\nRCPT TO:<eve@example.org>",
        "anna@example.org, eve@example.org",
        "Anna <anna@example.org>",
        "anna",
        "anna@",
        "@example.org",
        "anna@example..org",
        "anna @example.org",
        "a" * 250 + "@example.org",
        "",
    ],
)
def test_what_is_no_single_address_is_refused_before_the_server_hears_of_it(
    post_office: PostOffice, address: str
) -> None:
    failure, calls = refusal(post_office.settings(), replace(LETTER, to=address))
    assert (type(failure), calls, post_office.got) == (Refused, 0, [])


@pytest.mark.parametrize("field", ["subject", "sender_name"])
@pytest.mark.parametrize("end_of_line", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_value_can_begin_another_header(post_office: PostOffice, field: str, end_of_line: str) -> None:
    send(post_office.settings(), replace(LETTER, **{field: f"Ważne{end_of_line}Bcc: eve@example.org"}))
    (mail,) = post_office.mails
    assert mail["Bcc"] is None
    assert post_office.recipients == [LETTER.to]


def test_a_text_can_not_end_itself_and_begin_another_mail(post_office: PostOffice) -> None:
    text = "Ważne\r\n.\r\nMAIL FROM:<eve@example.org>\r\n"
    send(post_office.settings(), replace(LETTER, text=text))
    (mail,) = post_office.mails
    assert "MAIL FROM:<eve@example.org>" in mail.get_content()


def test_an_international_domain_is_written_in_ascii(post_office: PostOffice) -> None:
    send(post_office.settings(), replace(LETTER, to="anna@żółw.example.org"))
    assert post_office.recipients == ["anna@xn--w-uga1v8h.example.org"]


def test_an_international_name_needs_a_server_that_knows_of_it() -> None:
    letter = replace(LETTER, to="łucja@example.org")
    with opened(enable_SMTPUTF8=False) as plain:
        failure, calls = refusal(plain.settings(), letter)
        assert (type(failure), calls) == (Refused, 0)
    with opened(enable_SMTPUTF8=True) as modern:
        send(modern.settings(), letter)
        assert modern.recipients == ["łucja@example.org"]
        assert modern.mails[0].get_content().replace("\r\n", "\n") == LETTER.text

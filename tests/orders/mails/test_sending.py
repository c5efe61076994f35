"""Each mail is sent at most once, whatever is killed when; a server that doesn't answer holds up nothing."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal import clock as portal_clock
from portal import create_app, smtp
from portal.database import db, write
from portal.orders import mails
from portal.orders.mails import Kind
from portal.orders.states import Status
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import Orders
from tests.orders.mails.mailing import (
    ADDRESS,
    READY,
    move_to,
    subjects,
    waiting,
)
from tests.support.pages import CheckedClient
from tests.support.post_office import PostOffice


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_a_kill_at_any_step_sends_no_mail_twice(
    orders: Orders, post_office: PostOffice, clock: MovingClock, commit: int, after: bool
) -> None:
    """The commits: the claim, the hand-over, that it was sent."""
    orders.ready()
    with killed(commit, after=after):
        mails.send_due()
    early = len(post_office.mails)
    for _round in range(30):
        clock.move(hours=1)
        mails.send_due()
    assert waiting() == 0
    # The one moment in which a mail can get lost: it is noted as handed over, and the text has not gone out.
    assert len(post_office.mails) == (0 if (commit, after) == (2, True) else 1)
    assert early == (1 if commit == 3 else 0)


def test_a_mail_whose_answer_got_lost_is_not_sent_again(
    orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    post_office.hang_up = True
    assert mails.send_due() == 0
    post_office.hang_up = False
    clock.move(days=2)
    assert mails.send_due() == 0
    assert len(post_office.mails) == 1


def test_two_processes_send_one_mail_once(
    app: Flask, orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    """The first one's claim has run out while the server let it wait; the second takes the mail over."""
    orders.ready()
    first = mails._claim()
    assert first is not None
    clock.move(minutes=6)
    assert mails.send_due() == 1
    with smtp.Connection(post_office.settings()) as connection:
        assert not mails._deliver(first, connection)
    assert len(post_office.mails) == 1


def test_a_restart_sends_what_waits(
    instance: Path, settings: Settings, orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    again = create_app(settings, time=clock)
    with again.app_context():
        assert mails.send_due() == 1
        db.engine.dispose()
    assert len(post_office.mails) == 1


def test_many_go_out_one_after_the_other(app: Flask, orders: Orders, post_office: PostOffice) -> None:
    with write() as session:
        for number in range(mails.BATCH + 5):
            mails.put(session, orders.student_id, Kind.CARD_REVOKED, f"{number}")
    assert (mails.send_due(), mails.send_due(), mails.send_due()) == (mails.BATCH, 5, 0)
    assert len({mail["Message-ID"] for mail in post_office.mails}) == mails.BATCH + 5


def test_whoever_ends_stops_between_two_mails(orders: Orders, post_office: PostOffice) -> None:
    with write() as session:
        for number in range(3):
            mails.put(session, orders.student_id, Kind.CARD_REVOKED, f"{number}")
    assert mails.send_due(lambda: len(post_office.mails) < 2) == 2
    assert waiting() == 1


def test_a_server_that_was_down_gets_the_mail_when_it_is_up(
    orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    post_office.close()
    with pytest.raises(smtp.Unavailable):
        mails.send_due()
    assert mails.send_due() == 0, "not at once again"
    post_office.open()
    clock.move(minutes=2)
    assert mails.send_due() == 1


def test_after_a_day_of_attempts_a_mail_is_given_up(
    orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    post_office.says["RCPT"] = "452 mailbox full"
    for _hour in range(26):
        assert mails.send_due() == 0
        assert post_office.got.count("RCPT") <= 40
        clock.move(hours=1)
    assert waiting() == 0
    assert post_office.got.count("RCPT") > 10
    del post_office.says["RCPT"]
    clock.move(days=1)
    assert mails.send_due() == 0


def test_a_portal_that_was_down_for_long_does_not_give_up_at_once(
    orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    clock.move(days=3)
    post_office.says["RCPT"] = "450 greylisted"
    mails.send_due()
    del post_office.says["RCPT"]
    clock.move(minutes=2)
    assert mails.send_due() == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_good_is_not_tried_again(
    orders: Orders, post_office: PostOffice, clock: MovingClock, command: str
) -> None:
    orders.ready()
    post_office.says[command] = "550 no"
    assert mails.send_due() == 0
    post_office.says.clear()
    clock.move(days=1)
    assert mails.send_due() == 0
    assert waiting() == 0


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_now_is_tried_again_also_after_the_text(
    orders: Orders, post_office: PostOffice, clock: MovingClock, command: str
) -> None:
    orders.ready()
    post_office.says[command] = "451 later"
    assert mails.send_due() == 0
    post_office.says.clear()
    clock.move(minutes=2)
    assert mails.send_due() == 1
    assert len(post_office.mails) == 1


def test_one_refused_recipient_does_not_stop_the_others(
    app: Flask, orders: Orders, post_office: PostOffice
) -> None:
    move_to(app, orders.student_id, "anna@example.org\r\nBcc: eve@example.org")
    with write() as session:
        mails.put(session, orders.student_id, Kind.CARD_REVOKED, "first")
    assert mails.send_due() == 0
    assert post_office.got == []
    move_to(app, orders.student_id, ADDRESS)
    with write() as session:
        mails.put(session, orders.student_id, Kind.CARD_REVOKED, "second")
    assert mails.send_due() == 1


def test_an_order_is_not_held_up_while_the_server_hangs(
    app: Flask, orders: Orders, post_office: PostOffice
) -> None:
    with write() as session:
        mails.put(session, orders.student_id, Kind.CARD_REVOKED, "before")
    post_office.hangs = True

    def send() -> None:
        with app.app_context():
            mails.send_due()

    sender = threading.Thread(target=send)
    sender.start()
    while "DATA" not in post_office.got:
        assert sender.is_alive()
    assert orders.ready().status == Status.READY
    assert sender.is_alive()
    post_office.hangs = False
    sender.join()
    assert subjects(post_office)[-1].startswith(READY["pl"])


def test_the_log_names_nobody(
    orders: Orders, post_office: PostOffice, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portal")
    orders.ready()
    for command, answer in (("RCPT", f"450 <{ADDRESS}> later"), ("DATA", f"550 <{ADDRESS}> never")):
        post_office.says = {command: answer}
        mails.send_due()
        clock.move(minutes=5)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("portal.orders")]
    assert len(said) == 2
    assert "answered 450 to the recipient" in said[0]
    assert not [line for line in said if "zrodlana" in line or "@" in line]


def test_the_health_page_tells_how_long_a_mail_waits(
    client: CheckedClient, orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    assert client.get("/healthz").json["checks"]["mail"] == {"ok": True, "detail": "no mail waits"}
    orders.ready()
    clock.move(minutes=2)
    assert "waits for 120 s" in client.get("/healthz").text
    clock.move(minutes=14)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["checks"]["mail"] == {"ok": False, "detail": "the oldest mail waits for 960 s"}
    mails.send_due()
    assert client.get("/healthz").status_code == 200


def test_a_full_mailbox_is_no_trouble_of_the_portal(
    client: CheckedClient, orders: Orders, post_office: PostOffice, clock: MovingClock
) -> None:
    orders.ready()
    post_office.says["RCPT"] = "452 mailbox full"
    for _minute in range(40):
        mails.send_due()
        clock.move(minutes=1)
    assert client.get("/healthz").status_code == 200


def test_a_portal_without_a_mail_server_is_well(
    settings: Settings, orders: Orders, clock: MovingClock
) -> None:
    quiet = create_app(replace(settings, mail=None), time=clock)
    with quiet.app_context():
        assert portal_clock.now() == clock.now()
        said = quiet.test_client().get("/healthz", base_url="https://legitymacja.example.org").json
        db.engine.dispose()
    assert said["checks"]["mail"] == {"ok": True, "detail": "no mail server is set"}

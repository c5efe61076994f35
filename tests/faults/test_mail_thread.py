"""The real server's mail thread: sends beside everything else, and ends with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from portal import create_app
from portal.database import db, write
from portal.registry.models import Student
from portal.settings import load
from tests.faults.test_server_process import Browser, statuses, until
from tests.support.post_office import HOST, SENDER, PostOffice
from tests.support.server import Server, free_port

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(
        tmp_path_factory.mktemp("mail") / "instance",
        PORTAL_SMTP_HOST=HOST,
        PORTAL_SMTP_PORT=str(free_port()),
        PORTAL_SMTP_SECURITY="none",
        PORTAL_MAIL_FROM=SENDER,
    )
    server.prepare()
    app = create_app(load(server.environ))
    with app.app_context():
        with write() as session:
            for student in session.query(Student):
                student.email = f"{student.album_number}@student.example.org"
        db.engine.dispose()
    return server


@pytest.fixture
def server(prepared: Server) -> Iterator[Server]:
    prepared.log_file.write_text("")
    yield prepared
    if prepared.process is not None and prepared.process.poll() is None:
        prepared.kill()


@pytest.fixture
def post_office(server: Server) -> Iterator[PostOffice]:
    office = PostOffice(port=int(server.environ["PORTAL_SMTP_PORT"]))
    office.open()
    yield office
    office.close()


def mails(instance: Path, state: str) -> int:
    with sqlite3.connect(instance / "portal.sqlite", timeout=10) as connection:
        (number,) = connection.execute(f"SELECT count(*) FROM mails WHERE {state} IS NOT NULL").fetchone()
    return int(number)


def make_due(instance: Path) -> None:
    """As if the time until the next attempt had passed."""
    with sqlite3.connect(instance / "portal.sqlite", timeout=10) as connection:
        connection.execute("UPDATE mails SET due_at = '2026-01-01 00:00:00' WHERE due_at IS NOT NULL")


def recipient(login: str) -> str:
    return f"{login}@student.example.org"


def test_an_ordered_card_is_told_of_and_the_thread_ends_with_the_server(
    server: Server, post_office: PostOffice
) -> None:
    server.start()
    until(lambda: "mail thread started" in server.log)
    Browser(server, "100001").order()
    until(lambda: recipient("100001") in post_office.recipients)
    assert server.stop() == 0
    assert "mail thread ended" in server.log
    assert recipient("100001") not in server.log


def test_a_mail_server_that_hangs_holds_up_neither_orders_nor_the_end(
    server: Server, post_office: PostOffice
) -> None:
    post_office.hangs = True
    server.start()
    Browser(server, "100002").order()
    until(lambda: recipient("100002") in post_office.recipients)
    Browser(server, "100003").order()
    until(lambda: statuses(server.instance)[-1] == "ready", seconds=10)
    assert requests.get(server.url + "/healthz", timeout=5).status_code == 200
    server.stop()
    assert "mail thread ended before the mail server answered" in server.log
    post_office.hangs = False
    server.start()
    until(lambda: recipient("100003") in post_office.recipients)
    assert post_office.recipients == [recipient("100002"), recipient("100003")]


def test_kill_9_after_the_text_was_handed_over_sends_nothing_twice(
    server: Server, post_office: PostOffice
) -> None:
    post_office.hangs = True
    server.start()
    Browser(server, "100004").order()
    until(lambda: recipient("100004") in post_office.recipients)
    server.kill()
    post_office.hangs = False
    make_due(server.instance)
    server.start()
    Browser(server, "100005").order()
    until(lambda: recipient("100005") in post_office.recipients)
    assert post_office.recipients == [recipient("100004"), recipient("100005")]


def test_what_waited_for_a_mail_server_that_was_down_is_sent_after_kill_9(
    server: Server, post_office: PostOffice
) -> None:
    post_office.close()
    server.start()
    Browser(server, "100006").order()
    until(lambda: "the mail server can't be used" in server.log)
    server.kill()
    assert mails(server.instance, "due_at") == 1
    make_due(server.instance)
    post_office.open()
    server.start()
    until(lambda: mails(server.instance, "due_at") == 0)
    until(lambda: post_office.recipients == [recipient("100006")])


def test_a_second_process_on_the_same_directory_sends_nothing(
    server: Server, post_office: PostOffice
) -> None:
    server.start()
    until(lambda: "mail thread started" in server.log)
    settings = {name: value for name, value in server.environ.items() if name.startswith("PORTAL_SMTP")}
    second = Server(server.instance, **settings, PORTAL_MAIL_FROM=SENDER)
    second.start()
    try:
        until(lambda: "another process sends mails" in second.log)
        Browser(second, "100007").order()
        until(lambda: post_office.recipients == [recipient("100007")])
    finally:
        second.stop()
    assert "mail thread started" not in second.log


def test_without_a_mail_server_there_is_no_such_thread(server: Server) -> None:
    quiet = Server(server.instance)
    quiet.start()
    until(lambda: "issuance thread started" in quiet.log)
    quiet.stop()
    assert "mail thread" not in quiet.log

"""Two web processes and two workers behind nginx, on PostgreSQL, run as deploy/ says.

Whoever answers, everything works; and nothing is lost while all of them are restarted one by one.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import create_engine, text
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from tests.faults.test_server_process import until
from tests.interop.student import PAGE, Student
from tests.support.machine import Machine
from tests.support.pages import csrf_of
from tests.support.postgres import Cluster
from tests.support.wallet import Reply, Wallet

WORKING = 4
"""Students who order and cancel all the time."""
ALBUMS = [str(number) for number in range(100001, 100011)]


@pytest.fixture(scope="module")
def database(postgres: Cluster, empty_database: str) -> Iterator[str]:
    name = postgres.create(empty_database)
    yield postgres.url(name)
    postgres.drop(name)


def at_once(works: Iterable[Callable[[], None]]) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda work: work(), works))


@pytest.fixture(scope="module")
def machine(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(
        tmp_path_factory.mktemp("machine"),
        **{"PORTAL_DEMO": "1", "PORTAL_DATABASE_URL": database, "PORTAL_LIMITS": "database"},
        **{"PORTAL_ISSUANCE": "procrastinate", "PORTAL_LOG_FORMAT": "json"},
    )
    machine.command("demo", "load")
    at_once(unit.start for unit in machine.units.values())
    machine.start_nginx()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(machine.certificate))
        yield machine
    machine.close()


class Process(HTTPConnectionPool):
    """HTTP to one web process, without nginx between."""

    def __init__(self, port: int, path: Path) -> None:
        super().__init__("127.0.0.1", port)  # what the Host header says
        self._path = path

    def _new_conn(self) -> HTTPConnection:
        path = self._path

        class ToSocket(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(str(path))
                return connection

        return ToSocket(self.host, self.port)


class Turns(HTTPAdapter):
    """Each request goes to another process than the one before."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        sockets = [machine.run / f"web-{number}" / "portal" for number in "12"]
        self._processes = cycle([Process(machine.port, path) for path in sockets])

    def get_connection_with_tls_context(self, *args: object, **kwargs: object) -> Process:
        return next(self._processes)


@pytest.fixture
def in_turns(machine: Machine) -> requests.Session:
    session = requests.Session()
    session.mount(machine.url, Turns(machine))
    return session


def wallet(session: requests.Session) -> Wallet:
    def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        answer = session.request(method, url, headers=headers, data=body, timeout=10)
        return Reply(answer.status_code, answer.headers, answer.content)

    return Wallet(ask)


def test_whoever_answers_a_student_gets_through(machine: Machine, in_turns: requests.Session) -> None:
    student = Student(machine, ALBUMS[0], in_turns)  # type: ignore[arg-type]
    codes = student.order()
    phone = wallet(in_turns)
    card = phone.collect(codes.text, codes.activation_code)
    student.look_until("revoke-card")
    place = card.claims["status"]["status_list"]["uri"]
    lists = [in_turns.get(place, timeout=10) for _process in "12"]
    assert lists[0].headers["ETag"] == lists[1].headers["ETag"]
    for answer in lists:
        known = {"If-None-Match": answer.headers["ETag"]}
        assert in_turns.get(place, headers=known, timeout=10).status_code == 304
    student.revoke()
    assert [phone.status(card) for _process in "12"] == [1, 1]


class Load:
    """Students who order and cancel without a rest: what their requests got, and how many were confirmed."""

    def __init__(self, machine: Machine, students: list[Student]) -> None:
        self._url, self._stop = machine.url, threading.Event()
        self.answers: Counter[str] = Counter()
        self.confirmed = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(one,)) for one in students]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, student: Student) -> None:
        session = student.browser.session
        while not self._stop.is_set():
            page = self._ask(session, "GET", PAGE)
            if f'action="{PAGE}/zamow"' in page:
                self._ask(session, "POST", f"{PAGE}/zamow", csrf_token=csrf_of(page))
            elif 'id="cancel-order"' in page:
                path = page.partition('id="cancel-order"')[2].partition('href="')[2].partition('"')[0]
                self._ask(session, "POST", path, csrf_token=csrf_of(page))
            time.sleep(0.2)

    def _ask(self, session: requests.Session, method: str, path: str, **form: str) -> str:
        headers = {"Referer": self._url + PAGE}
        try:
            answer = session.request(
                method, self._url + path, data=form, headers=headers, timeout=30, allow_redirects=False
            )
            got, said = f"{method} {answer.status_code}", answer.text
        except requests.RequestException as error:
            got, said = f"{method} {type(error).__name__}", ""
        with self._lock:
            self.answers[got] += 1
            self.confirmed += got == "POST 303" and path.endswith("/zamow")
        return said


def rows(database: str, statement: str) -> int:
    engine = create_engine(database)
    with engine.connect() as connection:
        number = connection.execute(text(statement)).scalar_one()
    engine.dispose()
    return int(number)


ALL = "SELECT count(*) FROM orders"
OPEN = "SELECT count(*) FROM orders WHERE status IN ('waiting', 'in_progress')"


@pytest.mark.faults
def test_nothing_is_lost_while_all_processes_are_restarted_one_by_one(
    machine: Machine, database: str
) -> None:
    students = [Student(machine, album) for album in ALBUMS[1 : 1 + WORKING]]  # type: ignore[arg-type]
    before = rows(database, ALL)
    with Load(machine, students) as load:
        for number in "12":
            at_once(machine.units[f"{kind}@{number}"].restart for kind in ("web", "worker"))
    assert set(load.answers) == {"GET 200", "POST 303"}, load.answers
    assert rows(database, ALL) - before == load.confirmed > 0
    until(lambda: not rows(database, OPEN))


def tells_its_numbers(port: int) -> bool:
    try:
        return "portal_orders" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    except requests.ConnectionError:
        return False  # it was just restarted


def test_monitors_are_answered_on_this_machine_only(machine: Machine) -> None:
    for path in ("/healthz", "/healthz/ready", "/metrics", "/metrics/"):
        assert requests.get(machine.url + path, timeout=10).status_code == 404
    for port in machine.web_ports:
        for path in ("/healthz", "/healthz/ready", "/metrics"):
            assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code == 200
    until(lambda: all(tells_its_numbers(port) for port in machine.worker_ports))


def test_only_the_portals_user_and_group_may_open_its_sockets(machine: Machine) -> None:
    modes = {(machine.run / f"web-{number}" / "portal").stat().st_mode & 0o777 for number in "12"}
    assert modes == {0o660}


def test_plain_http_leads_to_https(machine: Machine) -> None:
    answer = requests.get(f"http://127.0.0.1:{machine.plain_port}/pomoc", timeout=10, allow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://")


def logs_of(machine: Machine) -> str:
    return "".join(path.read_text() for path in machine.root.glob("*.log"))


def test_no_log_of_nginx_or_the_portal_holds_what_an_address_or_a_page_does(machine: Machine) -> None:
    student = Student(machine, ALBUMS[8])  # type: ignore[arg-type]
    codes = student.order()
    card = wallet(requests.Session()).collect(codes.text, codes.activation_code)
    requests.get(machine.url + "/haslo/the-secret-of-an-invitation?q=asked", timeout=10)
    student.browser.open("/konto/aplikacje")
    # nginx writes its line once the answer has left.
    until(lambda: '"path":"/konto/aplikacje"' in logs_of(machine))
    written = logs_of(machine)
    assert '"path":"/haslo/…"' in written
    assert '"path":"/oid4vci/offers/…"' in written
    address = codes.text.rpartition("%2F")[2]
    secrets = (address, codes.activation_code, card.offer.code, card.access_token, "invitation", "asked")
    assert [secret for secret in secrets if secret in written] == []


@pytest.mark.parametrize(("path", "size"), [("/portfel/kod", 14_000_000), ("/logowanie", 310_000)])
def test_what_nginx_finds_too_large_it_refuses_in_both_languages(
    machine: Machine, path: str, size: int
) -> None:
    answer = requests.post(machine.url + path, data=bytes(size), timeout=10)
    assert answer.status_code == 413
    assert "Za dużo danych" in answer.content.decode()
    assert "That is too much data" in answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_with_no_process_left_the_page_says_so_in_both_languages(machine: Machine) -> None:
    """The last test here: nothing is started again."""
    for number in "12":
        machine.units[f"web@{number}"].kill()
    answers = [requests.get(machine.url, timeout=10), requests.post(machine.url + "/wyloguj", timeout=10)]
    for answer in answers:
        assert answer.status_code == 503
        assert "chwilowo niedostępny" in answer.text
        assert "Try again in a moment" in answer.text
        assert answer.headers["Retry-After"]

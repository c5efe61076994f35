"""Status lists as their readers see them: the draft's vectors, and lists made by a library."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey
from openvc.status import encode_status_list, new_status_list, set_status

from portal.vc import jose, status
from portal.vc.fetch import Answer, Unreachable
from portal.vc.status import BadList, OldList, Place, StatusLists

NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://uni.example"
URI = f"{ISSUER}/status/1"
KEY = jose.new_key()
# Token Status List, 4.2 and the example after it: bits, `lst`, values.
VECTORS = [
    (1, "eNrbuRgAAhcBXQ", [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]),
    (2, "eNo76fITAAPfAgc", [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]),
]


def token(
    lst: object = "eNrbuRgAAhcBXQ",
    bits: object = 1,
    *,
    key: ECKey = KEY,
    typ: str = "statuslist+jwt",
    **said: Any,
) -> str:
    payload = {"sub": URI, "iat": AT, "exp": AT + 3600, "status_list": {"bits": bits, "lst": lst}} | said
    kept = {name: value for name, value in payload.items() if value is not None}
    return jose.sign({"typ": typ, "kid": "1"}, kept, key)


def read(text: str, now: datetime = NOW) -> status.ReadList:
    return status.read(text, uri=URI, key_of=lambda _kid: KEY, now=now)


@pytest.mark.parametrize(("bits", "lst", "values"), VECTORS)
def test_the_drafts_vectors(bits: int, lst: str, values: list[int]) -> None:
    found = read(token(lst, bits))
    assert [found.status(index) for index in range(len(values))] == values


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_librarys_lists(bits: int) -> None:
    packed = new_status_list(1000, bits=bits)
    values = {index: (index * 7 + 1) % 2**bits for index in (0, 1, 7, 8, 15, 500, 999)}
    for index, value in values.items():
        set_status(packed, index, value, bits=bits)
    found = read(token(encode_status_list(bytes(packed)), bits))
    assert {index: found.status(index) for index in values} == values


@pytest.mark.parametrize("index", [16, 10**9])
def test_beyond_the_end_nothing_is_known(index: int) -> None:
    with pytest.raises(BadList):
        read(token()).status(index)


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


WRONG: dict[str, str] = {
    "no token": "x",
    "another key": token(key=jose.new_key()),
    "another type": token(typ="jwt"),
    "another address": token(sub=URI + "0"),
    "no time": token(iat=None),
    "a time that is none": token(iat="today"),
    "an end that is none": token(exp="tomorrow"),
    "from the future": token(iat=AT + 120),
    "three bits": token(bits=3),
    "bits that are no number": token(bits=True),
    "no list": token(None),
    "a list that is no text": token(7),
    "not packed": token(packed(b"hello")),
    "cut short": token(packed(zlib.compress(bytes(1000))[:-4])),
    "with something behind": token(packed(zlib.compress(bytes(10)) + b"x")),
    "much larger than it looks": token(packed(zlib.compress(bytes(status.LARGEST + 1)))),
    "no place for it": token(status_list="x"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_list_is_refused(kind: str) -> None:
    with pytest.raises(BadList):
        read(WRONG[kind])


def test_a_list_is_good_until_its_end_and_no_longer() -> None:
    text = token(exp=AT + 60)
    assert read(text, NOW + timedelta(seconds=59)).status(0) == 1
    with pytest.raises(OldList):
        read(text, NOW + timedelta(seconds=60))


def test_a_list_without_an_end_is_good_for_a_day() -> None:
    text = token(exp=None)
    read(text, NOW + timedelta(hours=23))
    with pytest.raises(OldList):
        read(text, NOW + timedelta(hours=24))


@pytest.mark.parametrize(
    ("said", "place"),
    [({}, None), ({"status": {"status_list": {"idx": 5, "uri": URI}}}, Place(URI, 5))],
)
def test_a_card_may_name_a_place(said: dict[str, Any], place: Place | None) -> None:
    assert status.place_of(said) == place


@pytest.mark.parametrize(
    "said",
    [
        None,
        "x",
        {},
        {"status_list": None},
        {"status_list": {"idx": 5}},
        {"status_list": {"uri": URI}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": "5", "uri": URI}},
        {"status_list": {"idx": 5, "uri": 5}},
    ],
)
def test_a_place_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(BadList):
        status.place_of({"status": said})


class Server:
    """Answers with what it is given, and counts how often it was asked."""

    def __init__(self) -> None:
        self.now = NOW
        self.answer: Answer | None = Answer(200, {}, token(ttl=600).encode())
        self.asked = 0
        self.lists = StatusLists(self, lambda: self.now)

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        assert (method, url, headers) == ("GET", URI, {"Accept": "application/statuslist+jwt"})
        self.asked += 1
        if self.answer is None:
            raise Unreachable("down")
        return self.answer

    def get(self, **options: bool) -> status.ReadList:
        return self.lists.get(URI, ISSUER, lambda _kid: KEY, **options)


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_list_is_kept_for_its_ttl(server: Server) -> None:
    for minutes in (0, 5, 4.9):
        server.now += timedelta(minutes=minutes)
        server.get()
    assert server.asked == 1
    server.now += timedelta(minutes=1)
    server.get()
    assert server.asked == 2


def test_a_ttl_has_a_limit(server: Server) -> None:
    server.answer = Answer(200, {}, token(ttl=10**6, exp=AT + 10**6).encode())
    server.get()
    server.now += timedelta(hours=1)
    server.get()
    assert server.asked == 2


def test_whoever_wants_it_anew_gets_it_anew(server: Server) -> None:
    server.get()
    server.get(anew=True)
    assert server.asked == 2


def test_while_the_server_is_down_the_last_list_is_good_until_its_end(server: Server) -> None:
    server.get()
    server.answer = None
    server.now += timedelta(minutes=59)
    assert server.get().status(0) == 1
    server.now += timedelta(minutes=1)
    with pytest.raises(Unreachable):
        server.get()


def test_a_list_that_cant_be_had_anew_is_believed_for_a_day_however_late_it_ends(server: Server) -> None:
    server.answer = Answer(200, {}, token(exp=AT + 30 * 86_400).encode())
    server.get()
    server.answer = None
    server.now += timedelta(hours=23)
    assert server.get().status(0) == 1
    server.now += timedelta(hours=1)
    with pytest.raises(Unreachable):
        server.get()


def test_a_list_of_one_issuer_is_no_others(server: Server) -> None:
    server.get()
    with pytest.raises(BadList):
        server.lists.get(URI, "https://other.example", lambda _kid: jose.new_key())


def test_a_server_that_is_down_is_left_alone_for_a_while(server: Server) -> None:
    server.answer = None
    for _ in range(3):
        with pytest.raises(Unreachable):
            server.get()
    assert server.asked == 1
    server.now += timedelta(seconds=15)
    with pytest.raises(Unreachable):
        server.get()
    assert server.asked == 2


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (Answer(404, {}, b""), Unreachable),
        (Answer(302, {"location": URI}, b""), Unreachable),
        (Answer(200, {}, b"\xff"), BadList),
        (Answer(200, {}, b"<html>"), BadList),
        (Answer(200, {}, token(exp=AT).encode()), OldList),
    ],
)
def test_an_answer_that_is_no_list_is_told_apart(
    server: Server, answer: Answer, refusal: type[Exception]
) -> None:
    server.answer = answer
    with pytest.raises(refusal):
        server.get()


def test_however_many_large_lists_strangers_have_little_is_remembered() -> None:
    large = packed(zlib.compress(bytes(status.LARGEST)))
    asked: list[str] = []

    def http(
        _method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        asked.append(url)
        return Answer(200, {}, token(large, sub=url).encode())

    lists = StatusLists(http, lambda: NOW)
    for number in (*range(5), 4, 1, 0):
        lists.get(f"{URI}{number}", ISSUER, lambda _kid: KEY)
    assert asked == [f"{URI}{number}" for number in (*range(5), 0)]

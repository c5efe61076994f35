"""The status list as bytes, as a token, and over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvc.status import decode_status_list, get_status
from sqlalchemy import select, update

from portal.database import db, write
from portal.issuer import places, signed_lists, status_lists
from portal.issuer.models import IssuedCopy, StatusList
from portal.issuer.signed_lists import SignedList
from portal.vc.encoding import b64
from tests.conftest import MovingClock
from tests.issuer.conftest import URI, Desk
from tests.support.wallet import Reply, Wallet


def read(wallet: Wallet, **headers: str) -> Reply:
    return wallet.http("GET", URI, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def opened(desk: Desk, wallet: Wallet) -> Desk:
    """A desk whose first list has one card in it."""
    offer = desk.prepare()
    wallet.collect(offer.uri, offer.activation_code)
    return desk


def test_the_vector_of_the_draft() -> None:
    packed = signed_lists.encode([0, 3, 4, 5, 7, 8, 9, 13, 15], bytes(2))
    assert packed == bytes.fromhex("b9a3")
    # The first two bytes only say how hard the compressor tried.
    assert signed_lists.compress(packed).hex()[4:] == "78dadbb918000217015d"[4:]


@given(st.sets(st.integers(0, places.LIST_SIZE - 1), max_size=30))
def test_an_independent_decoder_reads_the_same_bits(indexes: set[int]) -> None:
    packed = decode_status_list(b64(signed_lists.compress(signed_lists.encode(indexes))))
    assert len(packed) * 8 == places.LIST_SIZE
    assert all(get_status(packed, index) == 1 for index in indexes)
    assert sum(byte.bit_count() for byte in packed) == len(indexes)


def test_a_list_has_more_than_a_hundred_thousand_entries(opened: Desk, wallet: Wallet) -> None:
    said = wallet.status_list(URI)
    assert said["status_list"]["bits"] == 1
    assert len(decode_status_list(said["status_list"]["lst"])) * 8 >= 131_072


def test_the_token_says_what_the_draft_asks_for(opened: Desk, wallet: Wallet, clock: MovingClock) -> None:
    said = wallet.status_list(URI)
    assert set(said) == {"iss", "sub", "iat", "exp", "ttl", "status_list"}
    assert (said["iss"], said["sub"]) == ("https://legitymacja.example.org", URI)
    assert said["iat"] == int(clock.now().timestamp())
    assert (said["ttl"], said["exp"] - said["iat"]) == (900, 86_400)


def test_it_ends_on_a_whole_minute_as_pages_show_it(opened: Desk, wallet: Wallet, clock: MovingClock) -> None:
    clock.move(seconds=59)
    said = wallet.status_list(URI)
    assert (said["exp"] % 60, said["exp"] - said["iat"]) == (0, 86_400 - 59)


def test_anybody_may_read_it_from_anywhere(opened: Desk, wallet: Wallet) -> None:
    reply = read(wallet)
    assert reply.headers["Content-Type"] == "application/statuslist+jwt"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_it_is_signed_once_and_served_from_memory(opened: Desk, wallet: Wallet, clock: MovingClock) -> None:
    first = read(wallet)
    clock.move(minutes=9)
    assert read(wallet).body == first.body
    clock.move(minutes=1)
    assert read(wallet).body != first.body


def test_caches_keep_it_no_longer_than_its_ttl(opened: Desk, wallet: Wallet, clock: MovingClock) -> None:
    assert read(wallet).headers["Cache-Control"] == "public, max-age=900"
    clock.move(minutes=9)
    assert read(wallet).headers["Cache-Control"] == "public, max-age=360"


def test_an_unchanged_list_is_not_sent_again(opened: Desk, wallet: Wallet) -> None:
    etag = read(wallet).headers["ETag"]
    again = read(wallet, If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")
    opened.revoke()
    assert read(wallet, If_None_Match=etag).status == 200


def test_head_answers_like_get_without_a_body(opened: Desk, wallet: Wallet) -> None:
    head = wallet.http("HEAD", URI)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == read(wallet).headers["ETag"]


def test_many_verifiers_at_once_get_one_list(opened: Desk, wallet: Wallet) -> None:
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: read(wallet), range(10)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


def test_a_list_that_changes_while_it_is_signed_is_signed_anew(
    opened: Desk, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, tried = status_lists.keep, []

    def late(list_id: int, signed: SignedList) -> bool:
        tried.append(signed.version)
        if len(tried) == 1:
            opened.revoke()
        return keep(list_id, signed)

    monkeypatch.setattr(status_lists, "keep", late)
    packed = decode_status_list(wallet.status_list(URI)["status_list"]["lst"])
    assert tried == [1, 2]
    assert sum(byte.bit_count() for byte in packed) == 1


def test_indexes_are_drawn_from_the_whole_list(desk: Desk, wallet: Wallet) -> None:
    for number in range(12):
        offer = desk.prepare(f"order-{number}")
        wallet.collect(offer.uri, offer.activation_code)
    with desk.app.app_context():
        drawn = sorted(db.session.scalars(select(IssuedCopy.idx)))
    # Twelve at random lie within a hundredth of the list once in 10^20 runs.
    assert len(set(drawn)) == 12
    assert drawn[-1] - drawn[0] > places.LIST_SIZE // 100


def test_an_index_that_was_taken_is_drawn_again(
    opened: Desk, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened.app.app_context():
        taken = db.session.scalar(select(IssuedCopy.idx))
    assert taken is not None
    offer = opened.prepare("order-2")
    draws = iter([taken, taken, (taken + 1) % places.LIST_SIZE])
    monkeypatch.setattr(places.secrets, "randbelow", lambda _: next(draws))
    card = wallet.collect(offer.uri, offer.activation_code)
    assert card.claims["status"]["status_list"]["idx"] == (taken + 1) % places.LIST_SIZE


def test_two_requests_that_draw_the_same_index_get_two(
    opened: Desk, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened.app.app_context():
        taken = db.session.scalar(select(IssuedCopy.idx))
    assert taken is not None
    offer = opened.prepare("order-2")
    honest = places.free_slot
    collisions = [places.Slot(1, taken)]
    monkeypatch.setattr(places, "free_slot", lambda: collisions.pop() if collisions else honest())
    card = wallet.collect(offer.uri, offer.activation_code)
    assert card.claims["status"]["status_list"]["idx"] != taken
    assert wallet.status(card) == 0


def test_a_half_full_list_gets_a_successor(opened: Desk, wallet: Wallet) -> None:
    with opened.app.app_context(), write() as session:
        session.execute(update(StatusList).values(taken=places.FULL_AT))
    offer = opened.prepare("order-2")
    card = wallet.collect(offer.uri, offer.activation_code)
    assert card.claims["status"]["status_list"]["uri"].endswith("/status-lists/2")
    assert wallet.status(card) == 0


def test_a_clock_set_back_makes_no_list_from_the_future(
    opened: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    read(wallet)
    clock.instant -= timedelta(hours=1)
    assert wallet.status_list(URI)["iat"] == int(clock.now().timestamp())

"""True answers: valid, expired, revoked, refused; and what the inspector's page says then."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from flask import Flask

from portal.issuer.status_lists import Publisher, SignedList
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.inspected import Phone
from tests.support.people import make_jpeg
from tests.support.wallet import HeldCard, Wallet
from tests.verifier.conftest import Inspector


def test_a_good_card_is_valid_with_photo_name_university_and_last_day(
    inspector: Inspector, phone: Phone
) -> None:
    check = inspector.begin()
    reply = phone.show(check.qr)
    assert (reply.status, reply.json()) == (200, {})
    assert check.verdict == "WAŻNA"
    assert "Zofia Łucja Żółkiewska" in check.section
    assert "Politechnika Próbna" in check.section
    assert "31 marca 2027" in check.section
    (photo,) = check.page.all("img")
    answer = check.client.get(photo["src"])
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/jpeg", "no-store")
    assert answer.data.startswith(b"\xff\xd8")


def test_the_album_number_is_shown_to_a_library_alone(inspector: Inspector, phone: Phone) -> None:
    carrier, library = inspector.begin("carrier"), inspector.begin("library")
    phone.show(carrier.qr)
    phone.show(library.qr)
    assert "012345" not in carrier.html
    assert "012345" in library.section


def test_validity_alone_says_nothing_of_the_person(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin("validity")
    phone.show(check.qr)
    assert check.verdict == "WAŻNA"
    assert "Politechnika Próbna" in check.section
    assert "Żółkiewska" not in check.html
    assert check.page.all("img") == []


def test_what_was_shown_without_being_asked_for_is_not_kept(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin("validity")
    asked = phone.read(check.qr)
    phone.send(asked, phone.present(asked, ["family_name", "picture"]))
    assert check.verdict == "WAŻNA"
    assert "Żółkiewska" not in check.html


def test_an_expired_card_is_not_valid(inspector: Inspector, phone: Phone, clock: MovingClock) -> None:
    clock.move(days=200)
    check = inspector.begin()
    assert phone.show(check.qr).status == 200
    assert check.verdict == "NIEWAŻNA"
    assert "Termin ważności legitymacji minął." in check.section


def test_a_revoked_card_is_not_valid(inspector: Inspector, phone: Phone, desk: Desk) -> None:
    desk.revoke()
    check = inspector.begin()
    assert phone.show(check.qr).status == 200
    assert check.verdict == "NIEWAŻNA"
    assert "Legitymacja została unieważniona." in check.section


def test_a_card_revoked_between_two_checks_is_valid_once(
    inspector: Inspector, phone: Phone, desk: Desk
) -> None:
    first = inspector.begin()
    phone.show(first.qr)
    desk.revoke()
    second = inspector.begin()
    phone.show(second.qr)
    assert (first.verdict, second.verdict) == ("WAŻNA", "NIEWAŻNA")


class OldPublisher(Publisher):
    """Only ever has this one list."""

    def __init__(self, signed: SignedList) -> None:
        super().__init__()
        self._signed = signed

    def get(self, list_id: int) -> SignedList:
        return self._signed


def test_a_list_past_its_end_confirms_nothing_even_if_it_is_our_own(
    app: Flask, inspector: Inspector, phone: Phone, clock: MovingClock
) -> None:
    with app.app_context():
        signed = Publisher().get(1)
    assert signed is not None
    app.extensions["portal.issuer.status_lists"] = OldPublisher(signed)
    clock.move(hours=25)
    check = inspector.begin()
    assert phone.show(check.qr).status == 200
    assert check.verdict == "NIEPOTWIERDZONA"
    assert "Lista unieważnionych legitymacji jest nieaktualna." in check.section


def test_a_wrongly_signed_list_confirms_nothing(app: Flask, inspector: Inspector, phone: Phone) -> None:
    with app.app_context():
        signed = Publisher().get(1)
    assert signed is not None
    forged = replace(signed, token=signed.token[:-4] + "AAAA")
    app.extensions["portal.issuer.status_lists"] = OldPublisher(forged)
    check = inspector.begin()
    assert phone.show(check.qr).status == 200
    assert check.verdict == "NIEPOTWIERDZONA"
    assert "nie jest wiarygodna" in check.section


def test_a_holder_may_refuse(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin()
    assert phone.refuse(check.qr).status == 200
    assert check.verdict == ""
    assert "Posiadacz odmówił pokazania legitymacji." in check.section
    assert check.poll_address == ""


def test_a_wallet_that_cannot_answer_says_so(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin()
    assert phone.refuse(check.qr, "wallet_unavailable").status == 200
    assert "Aplikacja nie mogła odpowiedzieć." in check.section


def test_after_a_refusal_no_card_is_taken(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    phone.refuse(check.qr)
    assert phone.send(asked, phone.present(asked)).status == 400
    assert "Posiadacz odmówił" in check.section


def test_of_two_answers_at_once_one_counts(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin()
    asked = phone.read(check.qr)
    presentation = phone.present(asked)
    together = threading.Barrier(2)
    statuses: list[int] = []

    def answer() -> None:
        together.wait()
        statuses.append(phone.send(asked, presentation).status)

    threads = [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400]
    assert check.verdict == "WAŻNA"


@pytest.fixture
def faceless(desk: Desk, wallet: Wallet) -> HeldCard:
    """A card whose picture is none."""
    offer = desk.prepare(photo=make_jpeg()[:200])
    return wallet.collect(offer.uri, offer.activation_code)


def test_a_photo_that_is_none_is_not_shown_and_the_page_says_so(
    inspector: Inspector, wallet: Wallet, faceless: HeldCard
) -> None:
    check = inspector.begin()
    Phone(wallet, faceless).show(check.qr)
    assert check.verdict == "WAŻNA"
    assert check.page.all("img") == []
    assert "Zdjęcia z tej legitymacji nie można pokazać." in check.section


def test_a_card_that_an_earlier_key_signed_is_still_valid(
    app: Flask, inspector: Inspector, phone: Phone
) -> None:
    assert app.test_cli_runner().invoke(args=["issuer", "rotate-key"]).exit_code == 0
    check = inspector.begin()
    assert phone.show(check.qr).status == 200
    assert check.verdict == "WAŻNA"

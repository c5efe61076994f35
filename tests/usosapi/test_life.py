"""From the phone: order, wait, codes, the card in a wallet, revoked."""

from __future__ import annotations

from flask import Flask

from portal.registry.models import StudentStatus
from tests.conftest import MovingClock
from tests.support.login import make_account
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, Wallet
from tests.usosapi.conftest import Student


def test_the_whole_life_of_a_card(student: Student, app: Flask, clock: MovingClock) -> None:
    phone = student.let_in()
    assert phone.post("cards/make_mcard_order").json() == {"success": True}
    (waiting,) = phone.get("cards/mcard").json()["orders"]
    assert (waiting["status"], waiting["token"], waiting["distribution_pass"]) == ("waiting", None, None)
    student.issue()
    ready = phone.get("cards/mcard_order", order_id=waiting["id"]).json()
    assert ready["status"] == "ready"
    wallet = Wallet(FlaskHttp(app), lambda: clock.now().timestamp())
    card = wallet.collect(ready["token"], ready["distribution_pass"])
    collected = phone.get("cards/mcard_order", order_id=waiting["id"]).json()
    assert (collected["status"], collected["token"]) == ("collected", None)
    assert phone.post("cards/revoke_mcard", order_id=waiting["id"]).json() == {"success": True}
    assert phone.get("cards/mcard_order", order_id=waiting["id"]).json()["status"] == "revoked"
    assert wallet.status(card) == 1


def test_an_order_is_cancelled_before_it_is_collected(student: Student) -> None:
    phone = student.let_in()
    phone.post("cards/make_mcard_order")
    (order,) = phone.get("cards/mcard", fields="orders[id]").json()["orders"]
    assert phone.get("cards/revoke_mcard", order_id=order["id"]).json() == {"success": True}
    assert phone.get("cards/mcard_order", order_id=order["id"], fields="status").json() == {
        "status": "cancelled"
    }


def test_ordering_twice_gives_one_order(student: Student) -> None:
    phone = student.let_in()
    assert phone.post("cards/make_mcard_order").status_code == 200
    assert phone.get("cards/make_mcard_order").json() == {"success": True}
    assert len(phone.get("cards/mcard").json()["orders"]) == 1


def test_what_has_ended_cannot_be_ended_again(student: Student) -> None:
    phone = student.let_in()
    phone.post("cards/make_mcard_order")
    (order,) = phone.get("cards/mcard").json()["orders"]
    phone.post("cards/revoke_mcard", order_id=order["id"])
    again = phone.post("cards/revoke_mcard", order_id=order["id"])
    assert (again.status_code, again.json()["reason"]) == (400, "cannot_revoke")
    assert set(again.json()["user_messages"]["generic_message"]) == {"pl", "en"}


def test_the_phone_hears_why_nothing_can_be_ordered(student: Student, app: Flask) -> None:
    assert student.let_in().get("cards/mcard", fields="why_cannot_order|why_cannot_revoke").json() == {
        "why_cannot_order": None,
        "why_cannot_revoke": {
            "pl": "Nie ma zamówienia do anulowania ani legitymacji do unieważnienia.",
            "en": "There is no order to cancel and no card to revoke.",
        },
    }
    student.phone.post("cards/make_mcard_order")
    said = student.phone.get("cards/mcard", fields="why_cannot_order|why_cannot_revoke").json()
    assert said["why_cannot_order"]["en"] == "You have an order already."
    assert said["why_cannot_revoke"] is None


def test_who_misses_a_criterion_is_told_so_and_nothing_is_ordered(app: Flask, student: Student) -> None:
    lapse(app, student.id)
    refused = student.let_in().post("cards/make_mcard_order")
    assert (refused.status_code, refused.json()["reason"]) == (400, "cannot_order")
    why = refused.json()["user_messages"]["generic_message"]
    assert "status" in why["pl"]
    assert "(dziekanat)" in why["en"]
    overview = student.phone.get("cards/mcard").json()
    assert (overview["why_cannot_order"], overview["orders"]) == (why, [])


def test_another_students_order_does_not_exist(student: Student, app: Flask, clock: MovingClock) -> None:
    from portal.audit import Actor
    from portal.orders import service

    stranger = make_student(app, "100002")
    make_account(app, stranger, "100002")
    with app.app_context():
        foreign = service.place(stranger, Actor("stranger"))
    phone = student.let_in()
    for method in ("cards/mcard_order", "cards/revoke_mcard"):
        theirs, nobodys = phone.post(method, order_id=foreign), phone.post(method, order_id="0" * 32)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json() == nobodys.json()


def lapse(app: Flask, student_id: int) -> None:
    from portal.database import write
    from portal.registry.models import Student as Registered

    with app.app_context(), write() as session:
        session.get_one(Registered, student_id).status = StudentStatus.INACTIVE

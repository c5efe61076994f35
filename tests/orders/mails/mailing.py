"""A student who can get mails, and the post office that the portal sends them by."""

from __future__ import annotations

from email.message import EmailMessage

from flask import Flask
from sqlalchemy import func, select, update

from portal.database import db, write
from portal.identity import Account
from portal.orders import mails, service
from portal.orders.mails import Kind
from portal.orders.models import Mail
from portal.registry.models import Student
from tests.orders.conftest import STUDENT, Orders
from tests.support.login import make_account
from tests.support.post_office import PostOffice

ADDRESS = "anna.zrodlana@student.example.org"
READY = {
    "pl": "Twoja mLegitymacja jest gotowa do odbioru",
    "en": "Your mLegitymacja is ready to collect",
}
REVOKED = {
    "pl": "Twoja mLegitymacja została unieważniona",
    "en": "Your mLegitymacja was revoked",
}
DUE = {
    "pl": "Twoja mLegitymacja wymaga przedłużenia",
    "en": "Your mLegitymacja needs extending",
}


def reachable(app: Flask, student_id: int, language: str | None = None, album: str = "100001") -> None:
    """Give the student an account and an address."""
    make_account(app, student_id, album, password=None)
    move_to(app, student_id, ADDRESS)
    with app.app_context(), write() as session:
        session.execute(update(Account).where(Account.student_id == student_id).values(language=language))


def move_to(app: Flask, student_id: int, address: str | None) -> None:
    with app.app_context(), write() as session:
        session.execute(update(Student).where(Student.id == student_id).values(email=address))


def waiting() -> int:
    """How many mails are still to be sent."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Mail).where(Mail.due_at.is_not(None))) or 0


def subjects(office: PostOffice) -> list[str]:
    return [str(mail["Subject"]) for mail in office.mails]


def words(mail: EmailMessage) -> str:
    """Its text, with runs of white space as one space."""
    return " ".join(mail.get_content().split())


def put(orders: Orders, kind: Kind) -> None:
    """Have a mail of this kind wait, as the event does that it tells of."""
    if kind == Kind.CARD_READY:
        orders.ready()
        return
    order = orders.collected()
    with write() as session:
        session.query(Mail).delete()
        if kind == Kind.EXTENSION_DUE:
            occasion = f"{order.public_id}:{order.planned_valid_until}"
            mails.put(session, orders.student_id, kind, occasion)
    if kind == Kind.CARD_REVOKED:
        service.revoke(order, STUDENT)

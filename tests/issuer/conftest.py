"""An issuer whose listener writes down what it hears, a desk that prepares cards, wallets that take them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import create_app
from portal.audit import AuditRecord, Event
from portal.database import db, write
from portal.issuer.interface import CardData, CardRequest, Issuer, Offer
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.support.wallet import FlaskHttp, HeldCard, Reply, Wallet

URI = "https://legitymacja.example.org/status-lists/1"
JPEG = b"\xff\xd8\xff\xe0" + b"portrait" * 40 + b"\xff\xd9"
DATA = CardData(
    given_names="Zofia Łucja",
    surname="Żółkiewska",
    birth_date=date(2004, 5, 17),
    pesel="04251712345",
    album_number="012345",
    card_number="PPr-77 001",
    issued_on=date(2026, 11, 20),
    valid_until=date(2027, 3, 31),
    faculty="Wydział Informatyki",
    study_level="first_cycle",
    photo=JPEG,
)


class Recorder:
    """An `IssuerListener` that only writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.collectable = True

    def card_collected(self, session: Session, reference: str, valid_until: date) -> bool:
        self.heard.append(("collected", reference))
        return self.collectable

    def card_refreshed(self, session: Session, reference: str, valid_until: date) -> bool:
        self.heard.append(("refreshed", reference, valid_until.isoformat()))
        return self.collectable

    def offer_died(self, session: Session, reference: str, reason: str) -> None:
        self.heard.append(("died", reference, reason))

    def card_deleted(self, session: Session, reference: str) -> None:
        self.heard.append(("deleted", reference))


class Desk:
    """The orders' side of the issuer."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.issuer: Issuer = app.extensions["portal.issuer"]

    def prepare(self, reference: str = "order-1", **changes: Any) -> Offer:
        """A prepared card's open offer."""
        with self.app.app_context():
            answers = self.issuer.prepare([CardRequest(reference, replace(DATA, **changes))])
        assert answers == {reference: None}
        offer = self.offer(reference)
        assert offer is not None
        return offer

    def offer(self, reference: str = "order-1") -> Offer | None:
        with self.app.app_context():
            return self.issuer.current_offer(reference)

    def renew(self, reference: str = "order-1") -> Offer:
        with self.app.app_context(), write() as session:
            self.issuer.renew_offer(session, reference)
        offer = self.offer(reference)
        assert offer is not None
        return offer

    def revoke(self, *references: str) -> None:
        """In one call; `order-1` where nothing is named."""
        asked = references or ("order-1",)
        with self.app.app_context():
            assert self.issuer.revoke(asked) == dict.fromkeys(asked)

    def extend(self, reference: str = "order-1", **changes: Any) -> Exception | None:
        """Have the card say this from now on; what the issuer answers."""
        with self.app.app_context():
            answers = self.issuer.extend([CardRequest(reference, replace(DATA, **changes))])
        assert list(answers) == [reference]
        return answers[reference]

    def forget(self, *references: str) -> None:
        with self.app.app_context():
            self.issuer.forget(references)

    def looks_valid_until(self, reference: str = "order-1") -> datetime | None:
        with self.app.app_context():
            return self.issuer.looks_valid_until([reference]).get(reference)

    def sweep(self) -> None:
        with self.app.app_context():
            self.issuer.sweep()

    def audited(self, event: Event) -> list[AuditRecord]:
        with self.app.app_context():
            rows = db.session.scalars(select(AuditRecord).where(AuditRecord.event == event)).all()
            db.session.expunge_all()
            return list(rows)

    def count(self, model: type, *conditions: Any) -> int:
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


@contextmanager
def running(settings: Settings, clock: MovingClock) -> Iterator[Flask]:
    """Another application on the same instance: after a restart, or beside the first one."""
    app = create_app(settings, time=clock)
    app.extensions["portal.issuer.listener"] = Recorder()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def listener(app: Flask) -> Recorder:
    recorder = Recorder()
    app.extensions["portal.issuer.listener"] = recorder
    return recorder


@pytest.fixture
def desk(app: Flask, listener: Recorder) -> Iterator[Desk]:
    desk = Desk(app)
    yield desk
    with app.app_context():
        db.session.remove()


@pytest.fixture
def card(desk: Desk, wallet: Wallet, listener: Recorder) -> HeldCard:
    """A collected card, with what was heard of that forgotten."""
    offer = desk.prepare()
    held = wallet.collect(offer.uri, offer.activation_code)
    listener.heard.clear()
    return held


@pytest.fixture
def wallet(app: Flask, clock: MovingClock) -> Wallet:
    return Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())


@pytest.fixture
def second_wallet(app: Flask, clock: MovingClock) -> Wallet:
    """Somebody else's phone, from somewhere else."""
    return Wallet(FlaskHttp(app, "198.51.100.9"), clock=lambda: clock.now().timestamp())


@pytest.fixture
def beside(settings: Settings, clock: MovingClock) -> Iterator[Wallet]:
    """Asks another process of the portal."""
    with running(settings, clock) as app:
        yield Wallet(FlaskHttp(app))


def read(wallet: Wallet, etag: str = "") -> Reply:
    return wallet.http("GET", URI, headers={"If-None-Match": etag} if etag else {})

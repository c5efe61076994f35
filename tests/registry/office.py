"""The office that keeps USOS, and students with phones: imports and what they do to cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import insert, select, text

from portal import audit
from portal.database import Base, db, write
from portal.orders import issuance, service
from portal.orders.models import Order, OrderEvent
from portal.orders.sweep import sweep
from portal.registry.models import Photo, Student
from tests.conftest import MovingClock
from tests.registry import table
from tests.support.people import make_jpeg, make_pesel
from tests.support.wallet import FlaskHttp, HeldCard, Wallet

GONE = {"student_status": "none", "programme_active": "no"}
"""Whoever has left."""


def row(number: int = 1, **changes: str) -> dict[str, str]:
    """A student who may order; each has another PESEL."""
    return table.row(number, pesel=make_pesel(serial=number)) | changes


class Office:
    def __init__(self, app: Flask, clock: MovingClock, directory: Path) -> None:
        self.app = app
        self.clock = clock
        self.directory = directory
        self.wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())

    def file(self, *rows: dict[str, str]) -> Path:
        return table.write_csv(self.directory, *rows)

    def bring(self, *rows: dict[str, str], words: tuple[str, ...] = (), language: str = "en") -> Result:
        """Import these people; whoever is new gets a photo."""
        command = ["registry", "import", "--language", language, *words, str(self.file(*rows))]
        result = self.app.test_cli_runner().invoke(args=command)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def students(self, *rows: dict[str, str]) -> None:
        """Import these people, who may order then."""
        assert self.bring(*rows).exit_code == 0
        with self.app.app_context(), write() as session:
            photo = {"source_sha256": "0" * 64, "width": 300, "height": 375, "jpeg": make_jpeg()}
            for key in session.scalars(select(Student.id).where(~Student.photo.has())).all():
                values = photo | {"student_id": key, "updated_at": self.clock.now()}
                session.execute(insert(Photo).values(values))

    def key(self, number: int = 1) -> int:
        with self.app.app_context():
            query = select(Student.id).where(Student.usos_id == f"{5000 + number}")
            return db.session.execute(query).scalar_one()

    def order(self, number: int = 1, status: str = "waiting") -> str:
        """Order, and let the engine go so far (as far as `ready`); the order's public id."""
        key = self.key(number)
        with self.app.app_context():
            public_id = service.place(key, audit.SYSTEM)
            if status == "in_progress":
                assert issuance._claim(1)
            elif status == "ready":
                issuance.issue_due()
        return public_id

    def card(self, number: int = 1) -> HeldCard:
        """A card in a phone, taken by the protocol."""
        self.order(number, "ready")
        return self.collect(number)

    def collect(self, number: int = 1) -> HeldCard:
        with self.app.app_context():
            offer = service.open_offer(self.latest(number))
        assert offer is not None
        return self.wallet.collect(offer.uri, offer.activation_code)

    def latest(self, number: int = 1) -> Order:
        key = self.key(number)
        with self.app.app_context():
            order = service.current_for(key).order
            db.session.expunge_all()
        assert order is not None
        return order

    def story(self, number: int = 1) -> tuple[str, str | None]:
        """Status and reason of the latest order."""
        order = self.latest(number)
        return order.status, order.reason

    def history(self, number: int = 1) -> list[tuple[str, str, str | None]]:
        """Event, actor and reason of each step of the latest order."""
        order = self.latest(number)
        with self.app.app_context():
            query = select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.id)
            return [(step.event, step.actor, step.reason) for step in db.session.scalars(query)]

    def sweep(self) -> None:
        with self.app.app_context():
            sweep()

    def set(self, **settings: Any) -> None:
        """Other settings from now on."""
        now = self.app.extensions["portal.settings"]
        self.app.extensions["portal.settings"] = replace(now, **settings)

    def dump(self) -> list[str]:
        """All that the database holds, as it stands there."""
        with self.app.app_context(), db.engine.connect() as connection:
            tables = Base.metadata.sorted_tables
            return sorted(
                f"{table}: {held}"
                for table in tables
                for held in connection.execute(text(f"SELECT * FROM {table}"))
            )

"""`flask doctor`: content with a portal that lives, names whatever is wrong, and says what to do."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.administration.doctor import Kind
from portal.database import db
from portal.orders import issuance, service
from portal.orders.models import Order
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.support.doctor import problems, well
from tests.support.lived_in import SOMEBODY, live_a_little

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def lived_in(empty_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    instance = tmp_path_factory.mktemp("lived") / "instance"
    shutil.copytree(empty_instance, instance)
    app = create_app(make_settings(instance), time=MovingClock())
    live_a_little(app, MovingClock())
    with app.app_context():
        db.engine.dispose()
    return instance


@pytest.fixture
def instance(lived_in: Path, tmp_path: Path) -> Path:
    shutil.copytree(lived_in, tmp_path / "instance")
    return tmp_path / "instance"


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(10**12, 10**11, 9 * 10**11))


def doctor(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["doctor", *words])


def damage(app: Flask, *statements: str) -> None:
    with app.app_context():
        with db.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql("BEGIN")
        db.engine.dispose()


@pytest.mark.usefixtures("roomy")
def test_a_portal_that_lives_is_well(app: Flask) -> None:
    result = doctor(app)
    assert result.exit_code == 0, result.output
    assert "ok       orders: 6 orders with their history\n" in result.output
    assert "ok       orders and cards: 3 live cards belong to their orders\n" in result.output
    assert result.output.endswith("All is well.\n")


def test_a_quick_look_leaves_out_what_reads_every_row(app: Flask) -> None:
    assert "orders:" not in doctor(app, "--quick").output


def test_on_postgresql_it_is_well_too(postgres_url: str, tmp_path: Path, clock: MovingClock) -> None:
    app = create_app(make_settings(tmp_path / "instance", database_url=postgres_url), time=clock)
    live_a_little(app, clock)
    assert well(app)
    with app.app_context():
        db.engine.dispose()


DAMAGE = {
    "orders: the status is unknown": ["UPDATE orders SET status = 'lost' WHERE id = 1"],
    "orders: the history doesn't lead to the status": [
        "DELETE FROM order_events WHERE order_id = 2 AND event = 'claim'"
    ],
    "orders: the version counts fewer changes": ["UPDATE orders SET version = 1 WHERE status = 'collected'"],
    "orders: the engine will never look at this live order": ["UPDATE orders SET due_at = NULL WHERE id = 1"],
    "orders: nobody will tell the issuer": [
        "UPDATE orders SET issuer_told_at = NULL, due_at = NULL WHERE status = 'revoked'"
    ],
    "orders: a student has two live orders": [
        "DROP INDEX uq_orders_live_student",
        "UPDATE orders SET student_id = 1 WHERE status = 'collected'",
    ],
    "schema: the database lacks an index: uq_orders_live_student": ["DROP INDEX uq_orders_live_student"],
    "schema: nothing keeps the audit trail append-only": ["DROP TRIGGER audit_no_delete"],
    "schema: the database is at migration 0001": ["UPDATE alembic_version SET version_num = '0001'"],
    "extensions: leads to no later day": ["UPDATE order_extensions SET new_valid_until = old_valid_until"],
    "extensions: the engine will never look": [
        "UPDATE order_extensions SET status = 'waiting', due_at = NULL"
    ],
    "extensions: the order's history doesn't tell": ["DELETE FROM order_events WHERE event = 'extend'"],
    "extensions: the status is unknown": ["UPDATE order_extensions SET status = 'lost'"],
    "orders and cards: the order has ended and its card has not": [
        "UPDATE issuer_cards SET status = 'live' WHERE ended_at IS NOT NULL"
    ],
    "orders and cards: the order is ready and its codes are gone": [
        "UPDATE issuer_offers SET status = 'void' WHERE status = 'open'"
    ],
    "orders and cards: the card names another last day": [
        "UPDATE issuer_cards SET valid_until = '2026-12-01' WHERE status = 'live'"
    ],
    "orders and cards: the order is collected and its card does not live": [
        "UPDATE issuer_cards SET status = 'ended'"
    ],
    "orders and cards: live cards without an order": [
        "UPDATE issuer_cards SET reference = 'nobody'"
        " WHERE id = (SELECT max(id) FROM issuer_cards WHERE data > '')"
    ],
    "orders and cards: a wallet has the card of an order that isn't collected": [
        "UPDATE orders SET status = 'ready' WHERE status = 'collected'"
    ],
    "cards: a live card says nothing": ["UPDATE issuer_cards SET data = NULL"],
    "cards: an ended card still holds": ["UPDATE issuer_cards SET data = 'x' WHERE status = 'ended'"],
    "cards: an ended card has a copy that is not revoked": ["UPDATE issued_copies SET revoked_at = NULL"],
    "cards: an ended card has tokens": ["UPDATE issuer_token_families SET voided_at = NULL"],
    "cards: an ended card has an open offer": ["UPDATE issuer_cards SET status = 'ended'"],
    "cards: a card was issued twice": [
        "DROP INDEX uq_issued_copies_live_card",
        "UPDATE issued_copies SET card_id = 1, revoked_at = NULL",
    ],
    "cards: a card has several open offers": [
        "DROP INDEX uq_issuer_offers_active_card",
        "UPDATE issuer_offers SET card_id = 1, number = id, status = 'open'",
    ],
    "cards: an open offer has lost its secrets": ["UPDATE issuer_offers SET code = NULL"],
    "cards: a closed offer keeps its secrets": ["UPDATE issuer_offers SET activation_hash = 'x'"],
    "status lists: a list counts other copies": ["UPDATE status_lists SET taken = taken + 1"],
    "status lists: a copy's place is outside": ["UPDATE issued_copies SET idx = 99999999 WHERE id = 1"],
    "status lists: a revoked copy doesn't say": ["UPDATE issued_copies SET looks_valid_until = NULL"],
    "status lists: the bit of a copy that is not revoked": [
        "UPDATE issued_copies SET revoked_at = NULL, looks_valid_until = NULL"
    ],
    "status lists: a list's version is behind": ["UPDATE status_lists SET version = 0"],
    "lookup key: codes can't be found": ["UPDATE issuer_offers SET address_hash = 'x' WHERE status = 'open'"],
    "records: status and time of leaving": ["UPDATE students SET status = 'inactive' WHERE id = 1"],
    "records: a photo is empty": ["UPDATE photos SET jpeg = x'' WHERE id = 1"],
    "encryption: no key opens: students.pesel 2": ["UPDATE students SET pesel = 'broken' WHERE id = 2"],
    "database file: a row points to one that is gone: ": ["DELETE FROM students WHERE id = 1"],
}


@pytest.mark.parametrize("named", DAMAGE)
def test_damage_is_named(app: Flask, named: str) -> None:
    damage(app, *DAMAGE[named])
    found = problems(app)
    assert [line for line in found if line.startswith(named)], found


def test_what_is_the_same_in_many_places_is_told_once(app: Flask) -> None:
    damage(app, "DELETE FROM order_events")
    result = doctor(app)
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "legal steps" in line]
    assert line.endswith(" and 1 more")
    assert "What to do: somebody else wrote into the database" in result.output


def test_a_database_that_was_never_made_is_all_that_is_told(tmp_path: Path, clock: MovingClock) -> None:
    app = create_app(make_settings(tmp_path / "new"), time=clock)
    output = doctor(app).output
    assert "problem  schema: the database is at migration none" in output
    assert "orders" not in output


def test_why_postgresql_can_not_be_reached_is_told(app: Flask) -> None:
    nowhere = "postgresql+psycopg://portal:geheim@127.0.0.1:1/portal"
    output = doctor(create_app(replace(app.extensions["portal.settings"], database_url=nowhere))).output
    assert 'connection to server at "127.0.0.1", port 1 failed: Connection refused' in output
    assert "geheim" not in output


def test_a_torn_file_is_named(app: Flask, instance: Path) -> None:
    with app.app_context():
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.session.remove()
        db.engine.dispose()
    with (instance / "portal.sqlite").open("r+b") as file:
        file.seek(-5 * 4096, os.SEEK_END)
        file.write(b"\xff" * 5 * 4096)
    assert [line for line in problems(app) if line.startswith("database file: ")]


def test_a_lost_encryption_key_is_named(settings: Settings, instance: Path, clock: MovingClock) -> None:
    (instance / "keys" / "encryption").write_text(Fernet.generate_key().decode())
    result = doctor(create_app(settings, time=clock))
    assert result.exit_code == 1
    assert "problem  encryption: no key opens: " in result.output
    assert "bring the key back" in result.output


def test_an_order_that_nobody_prepares_is_named(app: Flask, clock: MovingClock) -> None:
    clock.move(hours=1)
    (named,) = problems(app, {Kind.RUNNING})
    assert named == "queue: orders that wait have been left alone, the first for 60 minutes"


def test_a_clock_that_was_set_back_is_named(app: Flask, clock: MovingClock) -> None:
    clock.move(hours=-1)
    assert "clock is 3600 s behind what was written last" in doctor(app, "--quick").output


@pytest.mark.usefixtures("app")
def test_keys_that_others_may_read_are_named(app: Flask, instance: Path) -> None:
    (instance / "keys" / "lookup").chmod(0o644)
    assert "others than the owner may open: instance/keys/lookup" in doctor(app, "--quick").output


def test_a_check_that_breaks_is_a_problem_and_the_others_are_made(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_found: object) -> str:
        raise KeyError("100001")

    app.extensions["portal.doctor"].insert(0, ("first", broken, Kind.MACHINE))
    result = doctor(app, "--quick")
    assert "problem  first: could not be looked at (KeyError)\n" in result.output
    assert "ok       schema: " in result.output
    assert "100001" not in result.output
    assert [record.message for record in caplog.records] == ["doctor's check first broke"]


def test_a_full_disk_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(10**11, 0, 10**8))
    assert "problem  disk: only 0.1 GB of 100.0 GB free" in doctor(app, "--quick").output


def test_a_portal_without_https_is_named(instance: Path, clock: MovingClock) -> None:
    app = create_app(make_settings(instance, base_url="http://127.0.0.1:8000"), time=clock)
    assert "problem  settings: the address is not https" in doctor(app, "--quick").output


def test_a_secret_that_everybody_may_read_is_named(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o644)
    monkeypatch.setitem(os.environ, "PORTAL_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    assert "may read the file of a secret: PORTAL_SMTP_PASSWORD_FILE" in doctor(app, "--quick").output


def test_nobody_is_named(app: Flask) -> None:
    damage(app, "DELETE FROM order_events", "UPDATE students SET pesel = 'x'", "DELETE FROM photos")
    output = doctor(app).output
    assert not [word for word in ("Źródlana", "Anna", "10000") if word in output]


def test_what_is_written_meanwhile_is_no_problem(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process issues and revokes between the first rows that are read and the last."""
    checks = app.extensions["portal.doctor"]

    def meanwhile(_found: object) -> str:
        with app.app_context():
            issuance.issue_due()
            for order in db.session.query(Order).filter_by(status="collected"):
                service.revoke(order, SOMEBODY)
        return "much"

    middle = next(number for number, check in enumerate(checks) if check[0] == "orders")
    checks.insert(middle + 1, ("meanwhile", meanwhile, Kind.ROWS))
    assert well(app)

"""A portal after some years, made by the database itself: students, orders and their histories, cards.

Of a hundred students 70 have a card in their app, 5 have codes, 2 wait, 8 had a card that has ended, and 15
never ordered; 20 of those with a card had another one before. All data are made up, and everybody has the
same PESEL and the same small photo: nothing that is measured compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    cast,
    insert,
    literal,
    select,
    text,
)

from benchmarks import people
from portal import clock
from portal.audit import AuditRecord
from portal.database import UtcDateTime, db, unpooled
from portal.identity import Account, AccountSession, Role
from portal.issuer import card_data
from portal.issuer.keys import key_store
from portal.issuer.models import Card, CardOffer, IssuedCopy, StatusList, TokenFamily
from portal.issuer.places import FULL_AT
from portal.orders.card import content
from portal.orders.models import Order, OrderEvent
from portal.orders.validity import ends_at, semester_end
from portal.registry.models import Photo, PlasticCard, Programme, Student
from portal.registry.records import student_record
from tests.support.people import make_jpeg

_numbers = Table("numbers", MetaData(), Column("i", Integer, primary_key=True), prefixes=["TEMPORARY"])
I = _numbers.c.i  # noqa: E741
OF_HUNDRED = I % 100
COLLECTED, READY, WAITING = OF_HUNDRED < 70, OF_HUNDRED.between(70, 74), OF_HUNDRED.between(75, 76)
ENDED, EARLIER = OF_HUNDRED.between(77, 84), OF_HUNDRED < 20
PREPARED = (OF_HUNDRED <= 74) | ENDED
ORDERED = OF_HUNDRED < 85
SMALL = make_jpeg(8, 10)
_ON_SQLITE = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "foreign_keys=OFF",
    "cache_size=-500000",
    "temp_store=MEMORY",
)


def collected(number: int) -> Iterable[int]:
    """The keys of students who have a card, the first of them first; so below."""
    return (key for key in range(1, number + 1) if key % 100 < 70)


def ready(number: int) -> Iterable[int]:
    """Of students whose codes are there to be used."""
    return (key for key in range(1, number + 1) if 70 <= key % 100 < 75)


def without(number: int) -> Iterable[int]:
    """Of students who never ordered."""
    return (key for key in range(1, number + 1) if key % 100 >= 85)


def fill(app: Flask, number: int) -> None:
    """Into an empty database; on SQLite there must be no other connection."""
    with app.app_context():
        sealed = _sample()
        db.session.remove()
        sqlite = db.engine.dialect.name == "sqlite"
        db.engine.dispose()
        with unpooled(db.engine.url).connect() as connection:
            for pragma in _ON_SQLITE if sqlite else ():
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            if not sqlite:
                connection.exec_driver_sql("SET session_replication_role = replica")
            _count(connection, number)
            for step in (_people, _orders, _histories):
                step(connection, number)
            _cards(connection, number, sealed)
            if not sqlite:
                _go_on_counting(connection)
                connection.execute(text("ANALYZE"))
        db.engine.dispose()


def _sample() -> bytes:
    """What a card says, sealed; of somebody who is taken out again."""
    with db.session.begin():
        one = people.student(0, clock.today())
        one.photo.jpeg = SMALL  # type: ignore[union-attr]
        db.session.add(one)
        db.session.flush()
        last_day = semester_end(clock.today())
        sealed = card_data.seal(content(db.session(), student_record(db.session(), one.id), last_day))
        db.session.delete(one)
    return sealed


def _count(connection: Connection, number: int) -> None:
    _numbers.create(connection)
    below = select(literal(1).label("i")).cte("below", recursive=True)
    below = below.union_all(select(below.c.i + 1).where(below.c.i < number))
    connection.execute(insert(_numbers).from_select(["i"], select(below.c.i)))


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL's sequences know nothing of the keys that were given."""
    for model in (Student, Account, Order, Card, CardOffer, TokenFamily, StatusList):
        table = model.__tablename__
        following = f"pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) + 1 FROM {table}), false"
        connection.exec_driver_sql(f"SELECT setval({following})")


def _put(connection: Connection, model: Any, where: ColumnElement[bool] | None = None, **values: Any) -> None:
    """A row for each number, or each that fulfils `where`; what is no expression is the same in all."""
    columns = model.__table__.c
    made = [
        value if isinstance(value, ColumnElement) else literal(value, columns[name].type)
        for name, value in values.items()
    ]
    rows = select(*made).select_from(_numbers).order_by(I)
    connection.execute(insert(model).from_select(list(values), rows if where is None else rows.where(where)))


def _named(prefix: str, number: ColumnElement[int] = I) -> ColumnElement[str]:
    return literal(prefix) + cast(number, String)


def _instant(at: datetime) -> ColumnElement[datetime]:
    return literal(at, UtcDateTime())


def _people(connection: Connection, _number: int) -> None:
    now, today = clock.now(), clock.today()
    born, pesel = people.birth_and_pesel(1)
    name = {"given_names": "Anna Maria", "surname": "Źródlana", "pesel": pesel}
    album = {"album_number": _named("a"), "usos_id": _named("u"), "birth_date": born}
    _put(connection, Student, id=I, public_id=_named("s"), status="active", updated_at=now, **album, **name)
    study = {"code": "INF-1", "name": "Informatyka", "faculty": "Wydział Informatyki", "level": "first_cycle"}
    _put(connection, Programme, student_id=I, active=True, **study)
    days = {"issued_on": today - timedelta(days=30), "valid_until": semester_end(today)}
    _put(connection, PlasticCard, student_id=I, card_number=_named("e"), **days, **name)
    photo = {"source_sha256": "", "width": 300, "height": 375, "updated_at": now, "jpeg": SMALL}
    _put(connection, Photo, student_id=I, **photo)
    account = {"role": Role.STUDENT, "enabled": True, "wants_mail": True, "created_at": now}
    _put(connection, Account, id=I, public_id=_named("c"), login=_named("a"), student_id=I, **account)
    seen = {"created_at": now, "seen_at": now}
    _put(connection, AccountSession, OF_HUNDRED % 20 == 0, token_hash=_named("t"), account_id=I, **seen)


def _orders(connection: Connection, number: int) -> None:
    now, last_day = clock.now(), semester_end(clock.today())
    same = {"version": 4, "ordered_at": now, "status_at": now, "planned_valid_until": last_day, "attempts": 1}
    ended = {"status": "revoked", "issuer_told_at": now, "reason": "new_phone"}
    _put(connection, Order, EARLIER, id=I, public_id=_named("o"), student_id=I, **ended, **same)
    # The due times as they stand in the table: the queue's index has all of them.
    due_at = case(
        (COLLECTED, _instant(ends_at(last_day))),
        (READY, _instant(now + timedelta(days=30))),
        (WAITING, _instant(now)),
    )
    status = case((COLLECTED, "collected"), (READY, "ready"), (WAITING, "waiting"), else_="lapsed")
    told = {"issuer_told_at": case((ENDED, _instant(now))), "copy_valid_until": last_day, "due_at": due_at}
    key = {"id": I + number, "public_id": _named("o", I + number), "student_id": I, "status": status}
    _put(connection, Order, ORDERED, **key, **told, **same)


def _histories(connection: Connection, number: int) -> None:
    now = clock.now()
    steps = (
        ("place", None, "waiting", ORDERED),
        ("claim", "waiting", "in_progress", PREPARED),
        ("prepared", "in_progress", "ready", PREPARED),
        ("collect", "ready", "collected", COLLECTED | ENDED),
    )
    for first in (0, number):
        for event, before, after, who in steps:
            which = and_(EARLIER, who) if first == 0 else who
            said = {"event": event, "from_status": before, "to_status": after, "actor": "issuance", "at": now}
            _put(connection, OrderEvent, which, order_id=I + first, **said)
            audit = {"event": event, "actor": "issuance", "at": now, "subject": _named("o", I + first)}
            if event != "claim":
                _put(connection, AuditRecord, which, **audit)


def _cards(connection: Connection, number: int, sealed: bytes) -> None:
    now, last_day = clock.now(), semester_end(clock.today())
    made = {"created_at": now, "valid_until": last_day}
    for first, which in ((0, EARLIER), (number, PREPARED)):
        key, name = I + first, _named("o", I + first)
        status = literal("ended") if first == 0 else case((ENDED, "ended"), else_="live")
        # As many bytes as a card has, but for the photo: it is the rows that are counted here.
        data = None if first == 0 else case((~ENDED, literal(sealed, Card.__table__.c.data.type)))
        _put(connection, Card, which, id=key, reference=name, status=status, data=data, **made)
        hashes = {"address_hash": _named("a", key), "code_hash": _named("c", key), "attempts": 0}
        times = {"opened_at": now, "expires_at": now + timedelta(days=30)}
        offer = literal("collected") if first == 0 else case((READY, "open"), else_="collected")
        _put(connection, CardOffer, which, id=key, card_id=key, number=1, status=offer, **hashes, **times)
        taken = which if first == 0 else (COLLECTED | ENDED)
        family = {"holder_thumbprint": "h", "by_identifier": False, "created_at": now}
        _put(connection, TokenFamily, taken, id=key, card_id=key, offer_id=key, **family)
        _copies(connection, taken, key, gone=None if first == 0 else ENDED)
    lists = {"version": 1, "opened_at": now, "taken": FULL_AT}
    _put(connection, StatusList, 2 * number // FULL_AT + 1 >= I, id=I, **lists)


def _copies(connection: Connection, which: ColumnElement[bool], key: ColumnElement[int], gone: Any) -> None:
    now = clock.now()
    end = ends_at(semester_end(clock.today()))
    revoked_at = _instant(now) if gone is None else case((gone, _instant(now)))
    revoked_in = literal(1) if gone is None else case((gone, 1))
    _put(
        connection,
        IssuedCopy,
        which,
        card_id=key,
        list_id=key // FULL_AT + 1,
        idx=key % FULL_AT,
        kid=key_store().made().kid,
        holder_thumbprint="h",
        notification_id=_named("n", key),
        issued_at=now,
        expires_at=end,
        revoked_at=revoked_at,
        looks_valid_until=revoked_at,
        revoked_in=revoked_in,
    )

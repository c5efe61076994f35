"""SQLite looks for a few rows by their keys, however many share their status."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Select, select

from portal.database import db
from portal.issuer.models import Card, TokenFamily
from portal.orders.models import Extension, Order
from portal.orders.states import EXTENSIONS_OPEN, LIVE

KEYS = range(1, 50)


@pytest.mark.parametrize(
    ("rows", "by"),
    [
        (select(Order.id).where(Order.student_id.in_(KEYS), Order.status.in_(LIVE)), "student_id=?"),
        (select(Order.id).where(Order.id.in_(KEYS), Order.status == "waiting"), "rowid=?"),
        (
            select(Extension.id).where(Extension.order_id.in_(KEYS), Extension.status.in_(EXTENSIONS_OPEN)),
            "order_id=?",
        ),
        (select(Card.id).where(Card.reference.in_(map(str, KEYS)), Card.status == "live"), "reference=?"),
        (
            select(TokenFamily.id).where(TokenFamily.card_id.in_(KEYS), TokenFamily.voided_at.is_(None)),
            "card_id=?",
        ),
    ],
)
def test_some_rows_are_found_by_their_keys(app: Flask, rows: Select[int], by: str) -> None:
    with app.app_context():
        statement = rows.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    assert by in plan[0].detail

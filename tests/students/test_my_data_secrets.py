"""What must not be in the file „Moje dane”, and that all that is in it is documented."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import Column, LargeBinary, select, type_coerce

from portal.database import Base, db
from portal.encryption import EncryptedText, SealedBytes
from portal.orders import issuance, service
from portal.settings import ROOT
from tests.students.conftest import actor, collect, data, extend, fetched
from tests.support.pages import CheckedClient
from tests.support.wallet import HeldCard
from tests.usosapi.client import Phone

SECRET = re.compile(r"(hash|thumbprint|sha256|claimed_by|notification_id|kid)$")
TOLD = ("students.email",)
"""Encrypted, but no secret from its owner: it has to be in the file."""
MUST_BE_TRIED = {
    *("students.pesel", "plastic_cards.pesel", "photos.jpeg", "photos.source_sha256"),
    *("accounts.password_hash", "account_sessions.token_hash", "orders.claimed_by"),
    *("issuer_offers.address", "issuer_offers.code", "issuer_offers.activation_code"),
    *("issuer_offers.code_hash", "issuer_cards.data", "issuer_tokens.token_hash"),
    *("usosapi_access_tokens.secret", "usosapi_access_tokens.token_hash"),
    *("issued_copies.holder_thumbprint", "issued_copies.notification_id"),
}


def secrets_kept(app: Flask) -> dict[str, set[str]]:
    """By column, every value that must not get out: what is encrypted (as it stands, too), hashes, bytes."""
    kept = defaultdict(set)
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                name = f"{table.name}.{column.name}"
                for value in values(column) if name not in TOLD else ():
                    kept[name].add(value if isinstance(value, str) else value.decode("latin-1"))
    return kept


def values(column: Column[Any]) -> Iterator[str | bytes]:
    if isinstance(column.type, EncryptedText | LargeBinary | SealedBytes):
        yield from db.session.scalars(select(type_coerce(column, LargeBinary)).where(column.is_not(None)))
    if isinstance(column.type, EncryptedText) or SECRET.search(column.name):
        yield from db.session.scalars(select(column).where(column.is_not(None)))


def test_no_value_of_a_secret_column_is_in_the_file(
    app: Flask, client: CheckedClient, student_id: int, phone: Phone
) -> None:
    with app.app_context():
        service.place(student_id, actor(student_id))
        issuance.issue_due()
    tried = secrets_kept(app)  # while the codes are open
    assert {name for name in tried if any(value in fetched(client).text for value in tried[name])} == set()
    collect(app, student_id)
    later = secrets_kept(app)
    assert {name for name in later if any(value in fetched(client).text for value in later[name])} == set()
    assert tried.keys() | later.keys() >= MUST_BE_TRIED


def test_no_key_of_a_row_is_in_the_file(client: CheckedClient, card: HeldCard) -> None:
    numbers = [
        (name, value)
        for name, value in pairs(data(client))
        if isinstance(value, int) and not isinstance(value, bool)
    ]
    assert {name for name, _ in numbers} == {"width", "height", "bytes"}


def pairs(node: object) -> Iterator[tuple[str, object]]:
    """Every name and value, however deep."""
    for child in node if isinstance(node, list) else []:
        yield from pairs(child)
    for name, child in node.items() if isinstance(node, dict) else []:
        yield name, child
        yield from pairs(child)


def names(node: object, path: str = "") -> Iterator[str]:
    """Paths like ``orders[].events[].at``."""
    for child in node if isinstance(node, list) else []:
        yield from names(child, path + "[]")
    for name, child in node.items() if isinstance(node, dict) else []:
        yield f"{path}.{name}".lstrip(".")
        yield from names(child, f"{path}.{name}".lstrip("."))


def test_every_name_is_documented(
    app: Flask, client: CheckedClient, student_id: int, card: HeldCard, phone: Phone
) -> None:
    extend(app, student_id)
    documented = set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs/my-data.md").read_text(), re.M))
    assert set(names(data(client))) == documented

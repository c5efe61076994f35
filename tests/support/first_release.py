"""Rows as the first release wrote them at migration 0001: its models are gone, so this is plain SQL.

Compared once with a database that the first release itself had filled; nothing here may follow the program.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import Connection, text

from portal.issuer.keys import KeyStore
from tests.support.people import make_jpeg, make_pesel

NOW = datetime(2026, 11, 20, 11, 0)  # noqa: DTZ001 — as it stands in the database, in UTC
LAST_DAY, LAPSED_ON = date(2027, 3, 31), date(2026, 11, 19)
STUDENT = "a" * 32
PASSWORD = "student"
NAMES = {"given_names": "Anna Maria", "surname": "Źródlana"}


_PLACED = [("place", None, "waiting", STUDENT, None)]
_CLAIMED = [*_PLACED, ("claim", "waiting", "in_progress", "issuance", None)]
_PREPARED = [*_CLAIMED, ("prepared", "in_progress", "ready", "issuance", None)]
_COLLECTED = [*_PREPARED, ("collect", "ready", "collected", "wallet", None)]
HISTORIES = {
    "100001": _PLACED,
    "100002": _CLAIMED,
    "100003": _PREPARED,
    "100004": _COLLECTED,
    "100005": [*_COLLECTED, ("revoke", "collected", "revoked", STUDENT, None)],
    "100006": [*_PREPARED, ("cancel", "ready", "cancelled", STUDENT, None)],
    "100007": [*_PREPARED, ("run_out", "ready", "expired", "sweep", None)],
    "100008": [*_COLLECTED, ("lapse", "collected", "lapsed", "sweep", None)],
    "100009": [*_CLAIMED, ("give_up", "in_progress", "failed", "issuance", "not_eligible")],
    "100010": [
        *_COLLECTED,
        ("revoke_by_university", "collected", "revoked", "command line", "status_lost"),
    ],
}
"""By album number, what happened to the student's order: event, from, to, actor, reason."""
HOLDER, INACTIVE = "100004", "100010"
_DUE = {
    "waiting": NOW,
    "in_progress": NOW + timedelta(minutes=1),
    "ready": NOW + timedelta(days=30),
    "collected": datetime(2027, 3, 31, 22, 0),  # noqa: DTZ001
}
_RECORDED = {
    "place": "order_placed",
    "prepared": "card_prepared",
    "collect": "card_collected",
    "cancel": "order_cancelled",
    "revoke": "card_revoked",
    "revoke_by_university": "card_revoked",
}


class FirstRelease:
    """What the first release did with the keys of an instance directory."""

    def __init__(self, connection: Connection, instance: Path) -> None:
        self._connection = connection
        self._fernet = Fernet((instance / "keys" / "encryption").read_text().split()[0])
        self._lookup = (instance / "keys" / "lookup").read_text().strip().encode()
        self.kid = KeyStore(instance / "keys" / "issuer").made().kid

    def fill(self) -> None:
        """A student for each of `HISTORIES`, with what became of the order."""
        self._insert("status_lists", id=1, version=3, taken=4, published_until=None, opened_at=NOW)
        for number, (album, history) in enumerate(HISTORIES.items(), start=1):
            self._student(number, album)
            self._order(number, history)
            if len(history) > len(_CLAIMED):
                self._card(number, history)
        hashed = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)
        self._insert(
            "accounts",
            public_id=STUDENT,
            login=HOLDER,
            role="student",
            student_id=list(HISTORIES).index(HOLDER) + 1,
            password_hash=hashed,
            enabled=True,
            language=None,
            created_at=NOW,
        )

    def _insert(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self._connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)

    def _seal(self, plain: str) -> bytes:
        return self._fernet.encrypt(plain.encode())

    def _hash(self, value: str, purpose: str) -> str:
        return hmac.new(self._lookup, f"{purpose}\0{value}".encode(), sha256).hexdigest()

    def _student(self, number: int, album: str) -> None:
        self._insert(
            "students",
            public_id=f"{number:032x}",
            album_number=album,
            usos_id=f"usos-{album}",
            **NAMES,
            birth_date=date(2004, 5, 17),
            pesel=self._seal(make_pesel(serial=number)),
            status="inactive" if album == INACTIVE else "active",
            updated_at=NOW,
        )
        self._studies(number, album)
        self._photo(number)

    def _studies(self, number: int, album: str) -> None:
        self._insert(
            "programmes",
            student_id=number,
            code="INF-1",
            name="Informatyka",
            faculty="Wydział Informatyki",
            level="first_cycle",
            active=True,
            graduated_on=None,
        )
        self._insert(
            "plastic_cards",
            student_id=number,
            card_number=f"ELS{album}",
            issued_on=date(2025, 10, 1),
            valid_until=LAST_DAY,
            **NAMES,
            pesel=self._seal(make_pesel(serial=number)),
        )

    def _photo(self, number: int) -> None:
        jpeg = make_jpeg()
        digest = sha256(jpeg).hexdigest()
        size = {"width": 300, "height": 375}
        self._insert("photos", student_id=number, source_sha256=digest, **size, updated_at=NOW, jpeg=jpeg)

    def _order(self, number: int, history: list[tuple[str, str | None, str, str, str | None]]) -> None:
        status, ended = history[-1][2], history[-1][2] not in _DUE
        public_id = f"{number:032x}"
        self._insert(
            "orders",
            public_id=public_id,
            student_id=number,
            status=status,
            version=len(history) + ended,
            ordered_at=NOW,
            status_at=NOW,
            planned_valid_until=LAPSED_ON if status == "lapsed" else LAST_DAY,
            reason=history[-1][4],
            due_at=_DUE.get(status),
            claimed_by="c" * 32 if len(history) > 1 else None,
            attempts=int(len(history) > 1),
            issuer_told_at=NOW if ended else None,
            looks_valid_until=NOW if status == "revoked" else None,
        )
        for event, before, after, actor, reason in history:
            step = {"from_status": before, "to_status": after, "reason": reason}
            self._insert("order_events", order_id=number, at=NOW, actor=actor, event=event, **step)
            if event in _RECORDED:
                row = {"event": _RECORDED[event], "actor": actor, "subject": public_id}
                self._insert("audit", at=NOW, **row, address=None, detail=None)

    def _card(self, number: int, history: list[tuple[str, str | None, str, str, str | None]]) -> None:
        status = history[-1][2]
        live = status in ("ready", "collected")
        valid_until = LAPSED_ON if status == "lapsed" else LAST_DAY
        self._insert(
            "issuer_cards",
            id=number,
            reference=f"{number:032x}",
            status="live" if live else "ended",
            data=self._said(number) if live else None,
            valid_until=None if status == "failed" else valid_until,
            created_at=NOW,
            ended_at=None if live else NOW,
        )
        if status == "failed":
            return  # only noted as ended
        collected = any(event == "collect" for event, *_ in history)
        self._offer(number, "open" if status == "ready" else "collected" if collected else "withdrawn")
        if collected:
            self._copy(number, None if live else NOW)

    def _said(self, number: int) -> bytes:
        said = {
            **NAMES,
            "birth_date": "2004-05-17",
            "pesel": make_pesel(serial=number),
            "album_number": f"{100000 + number}",
            "card_number": f"ELS{100000 + number}",
            "issued_on": "2026-11-20",
            "valid_until": LAST_DAY.isoformat(),
            "faculty": "Wydział Informatyki",
            "study_level": "first_cycle",
            "photo": base64.b64encode(make_jpeg()).decode(),
        }
        return self._seal(json.dumps(said, ensure_ascii=False))

    def _offer(self, number: int, status: str) -> None:
        address, code, activation = f"address {number}", f"code {number}", f"{number:08}"
        is_open = status == "open"
        self._insert(
            "issuer_offers",
            card_id=number,
            number=1,
            status=status,
            address_hash=self._hash(address, "offer address"),
            code_hash=self._hash(code, "pre-authorized code"),
            address=self._seal(address) if is_open else None,
            code=self._seal(code) if is_open else None,
            activation_code=self._seal(activation) if is_open else None,
            activation_hash=self._hash(activation, "activation code") if is_open else None,
            attempts=0,
            opened_at=NOW,
            expires_at=NOW + timedelta(days=30),
            spent_at=NOW if status == "collected" else None,
            closed_at=None if is_open else NOW,
            refused_at=None,
        )

    def _copy(self, number: int, revoked_at: datetime | None) -> None:
        self._insert(
            "issued_copies",
            card_id=number,
            list_id=1,
            idx=1000 + number,
            kid=self.kid,
            holder_thumbprint="t" * 43,
            notification_id=f"notification {number}",
            issued_at=NOW,
            expires_at=datetime.combine(LAST_DAY, datetime.min.time(), UTC).replace(tzinfo=None, hour=22),
            revoked_at=revoked_at,
            looks_valid_until=revoked_at,
        )

"""An issuer elsewhere: an HTTP server with a file of its own, and the class by which the portal asks it.

The class shows how such a one is written. It speaks HTTP where the portal holds no transaction only; what it
is asked inside one (`renew_offer`) it writes down there and does later (`sweep`); what pages show
(`current_offer`) it has kept. (A real one would keep codes encrypted.)
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.database import db, write
from portal.issuer.interface import CardRequest, IssuerListener, IssuerRefused, IssuerUnavailable, Offer

PATIENCE = 0.5
"""Seconds for an answer; with all of a batch's questions well within a lease."""
Answers = dict[str, Exception | None]


class Office:
    """The server. `trouble` is asked at each request how it goes wrong, in the words of `_Handler`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.trouble: Callable[[str], str] = lambda _method: ""
        self.during: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._sql("CREATE TABLE IF NOT EXISTS cards (key PRIMARY KEY, last_day, revoked)")
        self._sql("CREATE TABLE IF NOT EXISTS offers (key, number, PRIMARY KEY (key, number))")
        self._sql("CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, key, last_day)")
        self.server: ThreadingHTTPServer | None = None
        self.open()

    def open(self, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"office": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_whom: None  # type: ignore[method-assign] — they hung up: wanted
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def do(self, method: str, key: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What is asked, done once however often it is asked."""
        if method == "GET":
            events = self._sql("SELECT number, key, last_day FROM events WHERE number > ?", int(key))
            return 200, {"events": events}
        if method == "POST" and self._sql("SELECT 1 FROM cards WHERE key = ? AND revoked", key):
            return 409, {}
        if method == "DELETE":
            self._sql("INSERT INTO cards VALUES (?, NULL, 1) ON CONFLICT DO UPDATE SET revoked = 1", key)
            return 200, {}
        upsert = (
            "ON CONFLICT DO UPDATE SET last_day = excluded.last_day"
            if method == "PUT"
            else "ON CONFLICT DO NOTHING"
        )
        self._sql(f"INSERT INTO cards VALUES (?, ?, 0) {upsert}", key, said["last_day"])
        self._sql("INSERT OR IGNORE INTO offers VALUES (?, ?)", key, said.get("number", 1))
        return 200, {"uri": f"openid-credential-offer://?credential_offer_uri={self.url}/{key}"}

    def collect(self, key: str) -> None:
        """A wallet takes the card."""
        self._sql("INSERT INTO events (key, last_day) SELECT key, last_day FROM cards WHERE key = ?", key)

    @property
    def live(self) -> dict[str, date]:
        """The last day of each card that is valid there."""
        cards = self._sql("SELECT key, last_day FROM cards WHERE NOT revoked")
        return {key: date.fromisoformat(day) for key, day in cards}

    def _sql(self, statement: str, *values: object) -> list[Any]:
        with self._lock, sqlite3.connect(self.file) as connection:
            return connection.execute(statement, values).fetchall()


class _Handler(BaseHTTPRequestHandler):
    """Goes wrong as it is told: error, drop (before it is done), lost or late (when it is done), twice."""

    office: Office
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        trouble = self.office.trouble(self.command)
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self.office.during()
        if trouble == "error":
            return self._say(500, {})
        self.close_connection = trouble in ("drop", "lost")
        if trouble == "drop":
            return None
        status, answer = self.office.do(self.command, self.path.removeprefix("/"), said)
        if trouble == "late":
            threading.Event().wait(2 * PATIENCE)
        for _time in range(0 if trouble == "lost" else 2 if trouble == "twice" else 1):
            self._say(status, answer)
        return None

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None: ...


class Elsewhere:
    """`portal.issuer.interface.Issuer`, by HTTP."""

    def __init__(self, url: str, listener: IssuerListener, patience: float = PATIENCE) -> None:
        self._url, self._listener, self._patience = url, listener, patience
        with write() as session:
            session.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS elsewhere"
                    " (reference TEXT PRIMARY KEY, number INTEGER, uri TEXT, last_day TEXT)"
                )
            )
            session.execute(text("CREATE TABLE IF NOT EXISTS elsewhere_heard (number INTEGER)"))

    def prepare(self, requests: Sequence[CardRequest]) -> Answers:
        return {one.reference: self._offered(one.reference, 1, one.data.valid_until) for one in requests}

    def extend(self, requests: Sequence[CardRequest]) -> Answers:
        return {
            one.reference: self._try("PUT", one.reference, _said(1, one.data.valid_until))[0]
            for one in requests
        }

    def revoke(self, references: Sequence[str]) -> Answers:
        return {reference: self._try("DELETE", reference, {})[0] for reference in references}

    def looks_valid_until(self, references: Sequence[str]) -> dict[str, datetime]:
        return {}

    def forget(self, references: Sequence[str]) -> None: ...

    def hold(self, session: Session, reference: str) -> None: ...

    def renew_offer(self, session: Session, reference: str) -> None:
        """A wish in the caller's transaction; until it is fulfilled there is no offer to show."""
        wish = "UPDATE elsewhere SET number = number + 1, uri = NULL WHERE reference = :reference"
        session.execute(text(wish), {"reference": reference})

    def current_offer(self, reference: str) -> Offer | None:
        kept = "SELECT number, uri FROM elsewhere WHERE reference = :reference AND uri IS NOT NULL"
        found = db.session.execute(text(kept), {"reference": reference}).one_or_none()
        end = datetime(2030, 1, 1, tzinfo=UTC)
        return None if found is None else Offer(reference, found.number, found.uri, "12345678", end, 5)

    def sweep(self) -> None:
        """Fulfil wishes for offers, and hear of what happened there."""
        wishes = db.session.execute(
            text("SELECT reference, number, last_day FROM elsewhere WHERE uri IS NULL")
        ).all()
        heard = db.session.scalar(text("SELECT max(number) FROM elsewhere_heard")) or 0
        db.session.rollback()
        for reference, number, last_day in wishes:
            self._offered(reference, number, date.fromisoformat(last_day))
        _error, answer = self._try("GET", str(heard), {})
        for number, reference, last_day in answer.get("events", []):
            with write() as session:
                self._listener.card_collected(session, reference, date.fromisoformat(last_day))
                session.execute(text("INSERT INTO elsewhere_heard VALUES (:number)"), {"number": number})

    def _offered(self, reference: str, number: int, last_day: date) -> Exception | None:
        error, answer = self._try("POST", reference, _said(number, last_day))
        if error is None:
            kept = {
                "reference": reference,
                "number": number,
                "uri": answer["uri"],
                "day": last_day.isoformat(),
            }
            with write() as session:
                session.execute(
                    text("INSERT OR REPLACE INTO elsewhere VALUES (:reference, :number, :uri, :day)"), kept
                )
        return error

    def _try(self, method: str, key: str, said: dict[str, Any]) -> tuple[Exception | None, dict[str, Any]]:
        """The order's id is the key in the address: whatever is asked twice is done once."""
        try:
            answer = requests.request(method, f"{self._url}/{key}", json=said, timeout=self._patience)
            if answer.status_code == 409:
                return IssuerRefused("ended"), {}
            answer.raise_for_status()
            return None, answer.json()
        except requests.RequestException as error:
            return IssuerUnavailable(type(error).__name__), {}


def _said(number: int, last_day: date) -> dict[str, Any]:
    return {"number": number, "last_day": last_day.isoformat()}

"""The portal as `wsgi.py` serves it, in surroundings that a test of faults has made, by variables TEST_…:

CLOCK: a file that says by how many seconds the clock is wrong. LEASE: seconds that a claim is good for.
ISSUER: the address of an issuer elsewhere (`elsewhere.py`), which takes the place of ours, and is given
PATIENCE seconds for an answer.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from portal import create_app
from portal.cores import OneCore
from portal.orders import CardEvents, extension_claims, issuance, mail_thread, thread
from portal.web.wsgi import Wsgi
from tests.support.elsewhere import Elsewhere


class FileClock:
    """Wrong by what a file says at this moment."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text() or 0))


if "TEST_LEASE" in os.environ:
    issuance.LEASE = extension_claims.LEASE = timedelta(seconds=float(os.environ["TEST_LEASE"]))
clock = FileClock(Path(os.environ["TEST_CLOCK"])) if "TEST_CLOCK" in os.environ else None
app = create_app(time=clock)
if "TEST_ISSUER" in os.environ:
    with app.app_context():
        elsewhere = Elsewhere(os.environ["TEST_ISSUER"], CardEvents(), float(os.environ["TEST_PATIENCE"]))
        app.extensions["portal.orders.issuer"] = elsewhere
app.wsgi_app = OneCore(cast(Wsgi, app.wsgi_app))  # type: ignore[method-assign]
thread.start(app)
mail_thread.start(app)

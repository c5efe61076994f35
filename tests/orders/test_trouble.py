"""What the log says while the database can't be used: one line for one trouble."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from portal.orders import trouble


def test_a_server_that_has_gone_is_told_once_whatever_the_driver_says_of_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "_told", {})
    for said in (
        errors.AdminShutdown("terminating connection due to administrator command"),
        psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"),
        psycopg.OperationalError("connection failed: No such file or directory"),
    ):
        trouble.tell(OperationalError("SELECT 1", {}, said))
    assert len(caplog.records) == 1

"""A process that is killed at one of its commits: just before it, or just after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session


class Killed(BaseException):
    """Goes through everything, as SIGKILL does. What was not committed is gone."""


@contextmanager
def killed(at_commit: int, *, after: bool) -> Iterator[None]:
    """Let the block run until its commit number `at_commit` (from 1); 0: let it run to its end."""
    seen = 0

    def count(_session: Session) -> None:
        nonlocal seen
        seen += 1
        if seen == at_commit:
            raise Killed

    def inner(session: Session) -> None:
        if not session.in_nested_transaction():
            count(session)

    name: Any = "after_commit" if after else "before_commit"
    event.listen(Session, name, inner)
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(Session, name, inner)

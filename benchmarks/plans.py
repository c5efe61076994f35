"""Which queries of SQLite read a table from end to end: `python -m benchmarks.plans`.

Does what `growth` does, on a small portal, and shows each statement whose plan says SCAN or sorts. That is no
harm for a table that stays small, nor for the few rows that an index has found before. A SEARCH may be harm:
read which index it is, and how many rows share what is asked for.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from benchmarks import filling
from benchmarks.stage import Stage
from benchmarks.works import kinds
from portal.database import db

STUDENTS = 10_000


def main() -> None:
    said: dict[str, tuple[str, Any]] = {}
    with Stage(PORTAL_ISSUANCE_THREAD="0") as stage:
        filling.fill(stage.app, STUDENTS)
        with stage.app.app_context():
            for kind in kinds(stage, STUDENTS):
                listen = _listener(said, kind.name)
                event.listen(db.engine, "before_cursor_execute", listen)
                for _ in range(min(kind.times, 2)):
                    next(kind.works)()
                event.remove(db.engine, "before_cursor_execute", listen)
            for statement, (name, parameters) in said.items():
                with db.engine.connect() as connection:
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    steps = [row.detail for row in plan]
                if any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in steps):
                    print(f"\n{name}: {' '.join(statement.split())}")
                    print(*(f"    {step}" for step in steps), sep="\n")


def _listener(said: dict[str, tuple[str, Any]], name: str) -> Any:
    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            said.setdefault(statement, (name, parameters))

    return listen


if __name__ == "__main__":
    main()

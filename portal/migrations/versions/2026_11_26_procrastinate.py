"""the tables of procrastinate, on PostgreSQL

The library brings its schema, and the steps from each of its versions to the next. A new database gets the
schema of the library that is installed then, and says in a comment which step that includes last: so a later
migration knows which are left (docs/architecture.md, "Workers").

Revision: 0008, after 0007
"""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PROCRASTINATE = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The last step that there was when this was written; a test tells when the library has later ones."""

_DROP = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers
    CASCADE;
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || one;
    END LOOP;
END;
$$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    from procrastinate.schema import SchemaManager

    run(SchemaManager.get_schema())
    steps = sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    run(f"COMMENT ON TABLE procrastinate_jobs IS '{steps[-1]}'")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        run(_DROP)


def run(script: str) -> None:
    """On the driver's own connection, which takes several statements, and takes no `%` for a parameter."""
    op.get_bind().connection.driver_connection.execute(script)

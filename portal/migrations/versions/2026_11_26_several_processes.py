"""what several web processes share: status lists as they were signed, rate limits

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issued_copies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_in", sa.Integer(), nullable=True))
        batch_op.drop_index(batch_op.f("ix_issued_copies_list_id_revoked_at"))
    # None of what was signed before is kept: the first list signed from now on reads all up to its version.
    op.execute(
        "UPDATE issued_copies SET revoked_in ="
        " (SELECT version FROM status_lists WHERE status_lists.id = issued_copies.list_id)"
        " WHERE revoked_at IS NOT NULL"
    )
    with op.batch_alter_table("issued_copies", schema=None) as batch_op:
        batch_op.create_index(
            "ix_issued_copies_revoked",
            ["list_id", "revoked_in"],
            unique=False,
            sqlite_where=sa.text("revoked_in IS NOT NULL"),
            postgresql_where=sa.text("revoked_in IS NOT NULL"),
        )
        # For what processes of the release before revoke from now on, until the last of them has ended.
        of_no_version = sa.text("revoked_at IS NOT NULL AND revoked_in IS NULL")
        batch_op.create_index(
            "ix_issued_copies_of_no_version",
            ["list_id", "revoked_at"],
            unique=False,
            sqlite_where=of_no_version,
            postgresql_where=of_no_version,
        )

    op.create_table(
        "signed_status_lists",
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=43), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["status_lists.id"], name=op.f("fk_signed_status_lists_list_id")
        ),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_signed_status_lists")),
    )
    _create_counts()


def _create_counts() -> None:
    # What is counted need not outlive a crash, and costs no write to the log then.
    unlogged = ["UNLOGGED"] if op.get_context().dialect.name == "postgresql" else []
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limits")),
        prefixes=unlogged,
    )
    op.create_table(
        "login_failures",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("stamps", postgresql.ARRAY(sa.Double()).with_variant(sa.JSON(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_failures")),
        prefixes=unlogged,
    )


def downgrade() -> None:
    op.drop_table("login_failures")
    op.drop_table("rate_limits")
    op.drop_table("signed_status_lists")
    with op.batch_alter_table("issued_copies", schema=None) as batch_op:
        batch_op.drop_index("ix_issued_copies_of_no_version")
        batch_op.drop_index("ix_issued_copies_revoked")
        batch_op.create_index(
            batch_op.f("ix_issued_copies_list_id_revoked_at"), ["list_id", "revoked_at"], unique=False
        )
        batch_op.drop_column("revoked_in")

"""what is looked for again and again is found without reading everybody

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_students_left_at",
        "students",
        ["left_at"],
        unique=False,
        sqlite_where=sa.text("left_at IS NOT NULL"),
        postgresql_where=sa.text("left_at IS NOT NULL"),
    )
    op.create_index("ix_mails_created_at", "mails", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_mails_created_at", "mails")
    op.drop_index("ix_students_left_at", "students")

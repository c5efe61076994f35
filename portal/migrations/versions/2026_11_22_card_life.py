"""the card's life: extensions, mails, refresh tokens, who left

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("occasion", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name=op.f("fk_mails_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("occasion", name=op.f("uq_mails_occasion")),
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index("ix_mails_due_at", ["due_at"], unique=False)
        batch_op.create_index("ix_mails_student_id", ["student_id"], unique=False)

    op.create_table(
        "issuer_token_families",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("holder_thumbprint", sa.String(length=43), nullable=True),
        sa.Column("by_identifier", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("voided_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_id"], ["issuer_cards.id"], name=op.f("fk_issuer_token_families_card_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["issuer_offers.id"], name=op.f("fk_issuer_token_families_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_token_families")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_issuer_token_families_offer_id")),
    )
    with op.batch_alter_table("issuer_token_families", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issuer_token_families_card_id"), ["card_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_issuer_token_families_voided_at"), ["voided_at"], unique=False)

    op.create_table(
        "order_extensions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("old_valid_until", sa.Date(), nullable=False),
        sa.Column("new_valid_until", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("status_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_extensions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_extensions")),
    )
    with op.batch_alter_table("order_extensions", schema=None) as batch_op:
        batch_op.create_index("ix_order_extensions_order_id", ["order_id"], unique=False)
        batch_op.create_index("ix_order_extensions_queue", ["status", "due_at", "id"], unique=False)
        batch_op.create_index(
            "uq_order_extensions_open_order",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('waiting', 'in_progress')"),
            postgresql_where=sa.text("status IN ('waiting', 'in_progress')"),
        )

    op.create_table(
        "issuer_refresh_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("family_id", sa.Integer(), nullable=False),
        sa.Column("predecessor_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("retired_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["issuer_token_families.id"], name=op.f("fk_issuer_refresh_tokens_family_id")
        ),
        sa.ForeignKeyConstraint(
            ["predecessor_id"],
            ["issuer_refresh_tokens.id"],
            name=op.f("fk_issuer_refresh_tokens_predecessor_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_issuer_refresh_tokens_token_hash")),
    )
    with op.batch_alter_table("issuer_refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issuer_refresh_tokens_family_id"), ["family_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_issuer_refresh_tokens_predecessor_id"), ["predecessor_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_issuer_refresh_tokens_retired_at"), ["retired_at"], unique=False)

    op.create_index(op.f("ix_audit_actor"), "audit", ["actor"], unique=False)
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wants_mail", sa.Boolean(), server_default=sa.true(), nullable=False))

    with op.batch_alter_table("issuer_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refresh_token_id", sa.Integer(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_issuer_tokens_refresh_token_id"), ["refresh_token_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_issuer_tokens_refresh_token_id"),
            "issuer_refresh_tokens",
            ["refresh_token_id"],
            ["id"],
        )

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copy_valid_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("remind_at", sa.DateTime(), nullable=True))
        batch_op.create_index("ix_orders_remind_at", ["remind_at"], unique=False)

    with op.batch_alter_table("students", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("left_at", sa.DateTime(), nullable=True))

    # What was there before: every collected copy has its order's last day.
    op.execute(
        "UPDATE orders SET copy_valid_until = planned_valid_until, remind_at = status_at "
        "WHERE status = 'collected'"
    )
    op.execute("UPDATE students SET left_at = updated_at WHERE status <> 'active'")


def downgrade() -> None:
    with op.batch_alter_table("students", schema=None) as batch_op:
        batch_op.drop_column("left_at")
        batch_op.drop_column("email")

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_remind_at")
        batch_op.drop_column("remind_at")
        batch_op.drop_column("copy_valid_until")

    with op.batch_alter_table("issuer_tokens", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_issuer_tokens_refresh_token_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_issuer_tokens_refresh_token_id"))
        batch_op.drop_column("refresh_token_id")

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("wants_mail")

    op.drop_index(op.f("ix_audit_actor"), table_name="audit")

    with op.batch_alter_table("issuer_refresh_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issuer_refresh_tokens_retired_at"))
        batch_op.drop_index(batch_op.f("ix_issuer_refresh_tokens_predecessor_id"))
        batch_op.drop_index(batch_op.f("ix_issuer_refresh_tokens_family_id"))

    op.drop_table("issuer_refresh_tokens")
    with op.batch_alter_table("order_extensions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_order_extensions_open_order",
            sqlite_where=sa.text("status IN ('waiting', 'in_progress')"),
            postgresql_where=sa.text("status IN ('waiting', 'in_progress')"),
        )
        batch_op.drop_index("ix_order_extensions_queue")
        batch_op.drop_index("ix_order_extensions_order_id")

    op.drop_table("order_extensions")
    with op.batch_alter_table("issuer_token_families", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issuer_token_families_voided_at"))
        batch_op.drop_index(batch_op.f("ix_issuer_token_families_card_id"))

    op.drop_table("issuer_token_families")
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.drop_index("ix_mails_student_id")
        batch_op.drop_index("ix_mails_due_at")

    op.drop_table("mails")

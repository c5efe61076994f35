"""first tables

Revision: 0001, after None
"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "issuer_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_cards")),
        sa.UniqueConstraint("reference", name=op.f("uq_issuer_cards_reference")),
    )
    with op.batch_alter_table("issuer_cards", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_issuer_cards_status_valid_until"), ["status", "valid_until"], unique=False
        )

    op.create_table(
        "issuer_spent_nonces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nonce_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_spent_nonces")),
        sa.UniqueConstraint("nonce_hash", name=op.f("uq_issuer_spent_nonces_nonce_hash")),
    )
    with op.batch_alter_table("issuer_spent_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issuer_spent_nonces_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "status_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("published_until", sa.DateTime(), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_lists")),
    )
    op.create_table(
        "students",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("album_number", sa.String(length=20), nullable=True),
        sa.Column("usos_id", sa.String(length=40), nullable=False),
        sa.Column("given_names", sa.String(length=100), nullable=False),
        sa.Column("surname", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("pesel", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_students")),
        sa.UniqueConstraint("album_number", name=op.f("uq_students_album_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_students_public_id")),
        sa.UniqueConstraint("usos_id", name=op.f("uq_students_usos_id")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "role <> 'student' OR student_id IS NOT NULL", name=op.f("ck_accounts_student_has_record")
        ),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name=op.f("fk_accounts_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login", name=op.f("uq_accounts_login")),
        sa.UniqueConstraint("public_id", name=op.f("uq_accounts_public_id")),
        sa.UniqueConstraint("student_id", name=op.f("uq_accounts_student_id")),
    )
    op.create_table(
        "issued_copies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("kid", sa.String(length=43), nullable=False),
        sa.Column("holder_thumbprint", sa.String(length=43), nullable=False),
        sa.Column("notification_id", sa.String(length=32), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("looks_valid_until", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["issuer_cards.id"], name=op.f("fk_issued_copies_card_id")),
        sa.ForeignKeyConstraint(["list_id"], ["status_lists.id"], name=op.f("fk_issued_copies_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_copies")),
        sa.UniqueConstraint("list_id", "idx", name=op.f("uq_issued_copies_list_id_idx")),
        sa.UniqueConstraint("notification_id", name=op.f("uq_issued_copies_notification_id")),
    )
    with op.batch_alter_table("issued_copies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issued_copies_card_id"), ["card_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_issued_copies_kid_expires_at"), ["kid", "expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_issued_copies_list_id_revoked_at"), ["list_id", "revoked_at"], unique=False
        )
        batch_op.create_index(
            "uq_issued_copies_live_card",
            ["card_id"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )

    op.create_table(
        "issuer_offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("activation_code", sa.LargeBinary(), nullable=True),
        sa.Column("activation_hash", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("spent_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("refused_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["issuer_cards.id"], name=op.f("fk_issuer_offers_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_offers")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_issuer_offers_address_hash")),
        sa.UniqueConstraint("card_id", "number", name=op.f("uq_issuer_offers_card_id_number")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_issuer_offers_code_hash")),
    )
    with op.batch_alter_table("issuer_offers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_issuer_offers_status_expires_at"), ["status", "expires_at"], unique=False
        )
        batch_op.create_index(
            "uq_issuer_offers_active_card",
            ["card_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('open', 'spent')"),
            postgresql_where=sa.text("status IN ('open', 'spent')"),
        )

    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(), nullable=False),
        sa.Column("status_at", sa.DateTime(), nullable=False),
        sa.Column("planned_valid_until", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("issuer_told_at", sa.DateTime(), nullable=True),
        sa.Column("looks_valid_until", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name=op.f("fk_orders_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("public_id", name=op.f("uq_orders_public_id")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_queue", ["status", "due_at", "id"], unique=False)
        batch_op.create_index("ix_orders_student_id", ["student_id"], unique=False)
        batch_op.create_index(
            "uq_orders_live_student",
            ["student_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('waiting', 'in_progress', 'ready', 'collected')"),
            postgresql_where=sa.text("status IN ('waiting', 'in_progress', 'ready', 'collected')"),
        )

    op.create_table(
        "photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_photos_student_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("student_id", name=op.f("uq_photos_student_id")),
    )
    op.create_table(
        "plastic_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("card_number", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("given_names", sa.String(length=100), nullable=False),
        sa.Column("surname", sa.String(length=100), nullable=False),
        sa.Column("pesel", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_plastic_cards_student_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plastic_cards")),
        sa.UniqueConstraint("card_number", name=op.f("uq_plastic_cards_card_number")),
    )
    with op.batch_alter_table("plastic_cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plastic_cards_student_id"), ["student_id"], unique=False)

    op.create_table(
        "programmes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("faculty", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("graduated_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_programmes_student_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
        sa.UniqueConstraint("student_id", "code", name=op.f("uq_programmes_student_id_code")),
    )
    with op.batch_alter_table("programmes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_programmes_student_id"), ["student_id"], unique=False)

    op.create_table(
        "account_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_links_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_links")),
        sa.UniqueConstraint("account_id", name=op.f("uq_account_links_account_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_links_token_hash")),
    )
    op.create_table(
        "account_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_sessions_token_hash")),
    )
    with op.batch_alter_table("account_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_sessions_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_sessions_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "issuer_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.Column("by_identifier", sa.Boolean(), nullable=False),
        sa.Column("holder_thumbprint", sa.String(length=43), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["issuer_cards.id"], name=op.f("fk_issuer_tokens_card_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["issuer_offers.id"], name=op.f("fk_issuer_tokens_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuer_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_issuer_tokens_token_hash")),
    )
    with op.batch_alter_table("issuer_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issuer_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_issuer_tokens_offer_id"), ["offer_id"], unique=False)

    op.create_table(
        "order_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("from_status", sa.String(length=16), nullable=True),
        sa.Column("to_status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
    )
    with op.batch_alter_table("order_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_events_order_id"), ["order_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("order_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_events_order_id"))

    op.drop_table("order_events")
    with op.batch_alter_table("issuer_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issuer_tokens_offer_id"))
        batch_op.drop_index(batch_op.f("ix_issuer_tokens_expires_at"))

    op.drop_table("issuer_tokens")
    with op.batch_alter_table("account_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_sessions_seen_at"))
        batch_op.drop_index(batch_op.f("ix_account_sessions_account_id"))

    op.drop_table("account_sessions")
    op.drop_table("account_links")
    with op.batch_alter_table("programmes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_programmes_student_id"))

    op.drop_table("programmes")
    with op.batch_alter_table("plastic_cards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plastic_cards_student_id"))

    op.drop_table("plastic_cards")
    op.drop_table("photos")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_orders_live_student",
            sqlite_where=sa.text("status IN ('waiting', 'in_progress', 'ready', 'collected')"),
            postgresql_where=sa.text("status IN ('waiting', 'in_progress', 'ready', 'collected')"),
        )
        batch_op.drop_index("ix_orders_student_id")
        batch_op.drop_index("ix_orders_queue")

    op.drop_table("orders")
    with op.batch_alter_table("issuer_offers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_issuer_offers_active_card",
            sqlite_where=sa.text("status IN ('open', 'spent')"),
            postgresql_where=sa.text("status IN ('open', 'spent')"),
        )
        batch_op.drop_index(batch_op.f("ix_issuer_offers_status_expires_at"))

    op.drop_table("issuer_offers")
    with op.batch_alter_table("issued_copies", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_issued_copies_live_card",
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_issued_copies_list_id_revoked_at"))
        batch_op.drop_index(batch_op.f("ix_issued_copies_kid_expires_at"))
        batch_op.drop_index(batch_op.f("ix_issued_copies_card_id"))

    op.drop_table("issued_copies")
    op.drop_table("accounts")
    op.drop_table("students")
    op.drop_table("status_lists")
    with op.batch_alter_table("issuer_spent_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issuer_spent_nonces_expires_at"))

    op.drop_table("issuer_spent_nonces")
    with op.batch_alter_table("issuer_cards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_issuer_cards_status_valid_until"))

    op.drop_table("issuer_cards")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))

    op.drop_table("audit")

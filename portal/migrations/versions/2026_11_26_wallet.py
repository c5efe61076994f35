"""the stand-in wallet: browsers' wallets, sealed cards

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wallets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        sa.Column("pin_check", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("unlocked_until", sa.DateTime(), nullable=True),
        sa.Column("terms_accepted_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
        sa.UniqueConstraint("name_hash", name=op.f("uq_wallets_name_hash")),
    )
    with op.batch_alter_table("wallets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wallets_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "wallet_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wallet_id"], ["wallets.id"], name=op.f("fk_wallet_cards_wallet_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_cards")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wallet_cards_public_id")),
    )
    with op.batch_alter_table("wallet_cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wallet_cards_wallet_id"), ["wallet_id"], unique=False)

    op.create_table(
        "wallet_errands",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wallet_id"], ["wallets.id"], name=op.f("fk_wallet_errands_wallet_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_errands")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wallet_errands_public_id")),
        sa.UniqueConstraint("wallet_id", "kind", name=op.f("uq_wallet_errands_wallet_id_kind")),
    )
    with op.batch_alter_table("wallet_errands", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wallet_errands_written_at"), ["written_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("wallet_errands", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wallet_errands_written_at"))

    op.drop_table("wallet_errands")
    with op.batch_alter_table("wallet_cards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wallet_cards_wallet_id"))

    op.drop_table("wallet_cards")
    with op.batch_alter_table("wallets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wallets_seen_at"))

    op.drop_table("wallets")

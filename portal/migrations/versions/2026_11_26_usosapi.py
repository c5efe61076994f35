"""the USOS API: apps, their tokens, nonces

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usosapi_consumers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("callback", sa.String(length=300), nullable=True),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usosapi_consumers")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_usosapi_consumers_key_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_usosapi_consumers_public_id")),
    )
    op.create_table(
        "usosapi_nonces",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("forget_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_usosapi_nonces")),
    )
    with op.batch_alter_table("usosapi_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_usosapi_nonces_forget_at"), ["forget_at"], unique=False)

    op.create_table(
        "usosapi_access_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_usosapi_access_tokens_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["consumer_id"],
            ["usosapi_consumers.id"],
            name=op.f("fk_usosapi_access_tokens_consumer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usosapi_access_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_usosapi_access_tokens_token_hash")),
    )
    with op.batch_alter_table("usosapi_access_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_usosapi_access_tokens_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_usosapi_access_tokens_consumer_id"), ["consumer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_usosapi_access_tokens_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "usosapi_request_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("callback", sa.String(length=600), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_usosapi_request_tokens_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["consumer_id"],
            ["usosapi_consumers.id"],
            name=op.f("fk_usosapi_request_tokens_consumer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usosapi_request_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_usosapi_request_tokens_token_hash")),
    )
    with op.batch_alter_table("usosapi_request_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_usosapi_request_tokens_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_usosapi_request_tokens_consumer_id"), ["consumer_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_usosapi_request_tokens_expires_at"), ["expires_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("usosapi_request_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usosapi_request_tokens_expires_at"))
        batch_op.drop_index(batch_op.f("ix_usosapi_request_tokens_consumer_id"))
        batch_op.drop_index(batch_op.f("ix_usosapi_request_tokens_account_id"))

    op.drop_table("usosapi_request_tokens")
    with op.batch_alter_table("usosapi_access_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usosapi_access_tokens_expires_at"))
        batch_op.drop_index(batch_op.f("ix_usosapi_access_tokens_consumer_id"))
        batch_op.drop_index(batch_op.f("ix_usosapi_access_tokens_account_id"))

    op.drop_table("usosapi_access_tokens")
    with op.batch_alter_table("usosapi_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usosapi_nonces_forget_at"))

    op.drop_table("usosapi_nonces")
    op.drop_table("usosapi_consumers")

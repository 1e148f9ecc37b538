"""What the chat shows beside words, what the desk has read, agents' pictures; sites and consents.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ID = sa.String(26)
LEAN: dict[str, Any] = {"sqlite_with_rowid": False}


def upgrade() -> None:
    """Make room for it; nothing said before had cards, a form or a picture."""
    op.add_column("messages", sa.Column("cards", JSON))
    op.add_column("messages", sa.Column("form", JSON))
    op.add_column("products", sa.Column("picture", sa.Text()))
    op.add_column("products", sa.Column("url", sa.Text()))
    op.add_column(
        "conversations",
        sa.Column("desk_read_seq", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "agent_pictures",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("id", sa.String(64)),
        sa.Column("media_type", sa.String(120)),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_pictures"),
        **LEAN,
    )
    op.create_index("ix_agent_pictures_id", "agent_pictures", ["id"])
    op.add_column("conversations", sa.Column("site", sa.String(64)))
    op.create_table(
        "consents",
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("locale", sa.String(40)),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "site", "version", name="pk_consents"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_consents_customer_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_consents_conversation_id"
        ),
        **LEAN,
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("consents")
    op.drop_column("conversations", "site")
    op.drop_table("agent_pictures")
    op.drop_column("conversations", "desk_read_seq")
    op.drop_column("products", "url")
    op.drop_column("products", "picture")
    op.drop_column("messages", "form")
    op.drop_column("messages", "cards")

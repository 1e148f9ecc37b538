"""Which files no message names yet.

Revision ID: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
ID = sa.String(26)
LEAN: dict[str, Any] = {"sqlite_with_rowid": False}


def upgrade() -> None:
    """Make the table; what was sent before this was sent with its message."""
    op.create_table(
        "uploads",
        sa.Column("attachment_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name="pk_uploads"),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name="fk_uploads_attachment_id"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_uploads_conversation_id"
        ),
        **LEAN,
    )
    op.create_index("ix_uploads_conversation_id", "uploads", ["conversation_id"])
    op.create_index("ix_uploads_at", "uploads", ["at"])


def downgrade() -> None:
    """Forget which files were not sent."""
    op.drop_table("uploads")

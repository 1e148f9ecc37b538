"""Corrections of what was understood.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
ID = sa.String(26)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("exchange_id", ID, nullable=False),
        sa.Column("intent", sa.String(80)),
        sa.Column("need", sa.String(80)),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_corrections_exchange_id"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_corrections_exchange_id", "corrections", ["exchange_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_index("ix_corrections_exchange_id", "corrections")
    op.drop_table("corrections")

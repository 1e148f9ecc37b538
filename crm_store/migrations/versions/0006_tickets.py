"""Since when an agent has a ticket before them, and its subject in each language.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")

COLUMNS = (("held_since", MOMENT), ("subjects", JSON))


def upgrade() -> None:
    """Let tickets tell. What somebody has by now counts from when its customer began to wait.

    Subjects that were written in English before stay as they are.
    """
    for name, kind in COLUMNS:
        op.add_column("tickets", sa.Column(name, kind))


def downgrade() -> None:
    """Forget it."""
    for name, _ in reversed(COLUMNS):
        op.drop_column("tickets", name)

"""The agents' desk: threads, notes, held replies, agents, files, and an outbox for all of it.

Revision ID: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ID = sa.String(26)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LEAN: dict[str, Any] = {"sqlite_with_rowid": False}

EACH_CHANNEL = ("customer_id", "channel")
EACH_ADDRESS = (*EACH_CHANNEL, "address")

TICKET_COLUMNS = (
    ("opened_seq", sa.Integer()),
    ("reason", sa.String(120)),
    ("waiting_since", MOMENT),
    ("reply_due", MOMENT),
    ("resolve_due", MOMENT),
    ("first_reply_at", MOMENT),
    ("solved_at", MOMENT),
    ("snoozed_until", MOMENT),
    ("alarm_at", MOMENT),
    ("alarm", sa.String(24)),
    ("rating", sa.Integer()),
    ("rating_comment", sa.Text()),
    ("merged_into", sa.BigInteger()),
)


def upgrade() -> None:
    """Make the desk's tables, and let the others tell what the desk asks."""
    _one_conversation_for(
        "customer_id", "channel", "address", instead_of=("customer_id", "channel")
    )
    op.add_column("messages", sa.Column("replaces", sa.Integer()))
    op.add_column("messages", sa.Column("files", JSON))
    op.add_column("ratings", sa.Column("ticket_number", sa.BigInteger()))
    _widen_tickets()
    _make_desk()
    _make_attachments()
    # Nothing was ever posted or taken in before there was a Slack to talk to.
    op.drop_table("outbox")
    op.drop_table("inbox")
    _make_outbox()
    _make_inbox()


def downgrade() -> None:
    """Go back to a house without a desk; what was said there is lost."""
    for table in ("inbox_keys", "inbox", "desk_threads", "outbox", "attachments", "link_codes"):
        op.drop_table(table)
    for table in ("agents", "suggestions", "held_replies", "notes"):
        op.drop_table(table)
    op.drop_index("ix_tickets_alarm_at", "tickets")
    op.drop_index("ix_tickets_assignee", "tickets")
    for name, _ in reversed((("version", None), *TICKET_COLUMNS)):
        op.drop_column("tickets", name)
    op.drop_column("ratings", "ticket_number")
    op.drop_column("messages", "files")
    op.drop_column("messages", "replaces")
    _one_conversation_for(
        "customer_id", "channel", instead_of=("customer_id", "channel", "address")
    )
    _make_first_outbox()
    _make_first_inbox()


def _column(name: str, kind: Any, **more: Any) -> sa.Column[Any]:  # noqa: ANN401  # as sa.Column
    return sa.Column(name, kind, nullable=False, **more)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _one_conversation_for(*columns: str, instead_of: tuple[str, ...]) -> None:
    with op.batch_alter_table("conversations", table_kwargs=LEAN) as batch:
        batch.drop_constraint(f"uq_conversations_{'_'.join(instead_of)}", type_="unique")
        batch.create_unique_constraint(f"uq_conversations_{'_'.join(columns)}", list(columns))


def _widen_tickets() -> None:
    op.add_column("tickets", _column("version", sa.Integer(), server_default=sa.text("0")))
    for name, kind in TICKET_COLUMNS:
        op.add_column("tickets", sa.Column(name, kind))
    op.execute("UPDATE tickets SET reply_due = first_reply_due, waiting_since = created_at")
    unsolved = "state NOT IN ('solved', 'closed')"
    op.create_index("ix_tickets_assignee", "tickets", ["assignee"], **_where(unsolved))
    op.create_index(
        "ix_tickets_alarm_at", "tickets", ["alarm_at"], **_where("alarm_at IS NOT NULL")
    )


def _make_desk() -> None:
    op.create_table(
        "notes",
        _column("id", ID),
        _column("ticket_number", sa.BigInteger()),
        _column("author", sa.Text()),
        _column("author_name", sa.Text()),
        _column("text", sa.Text()),
        sa.Column("source", sa.Text()),
        _column("at", MOMENT),
        sa.Column("edited_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("source", name="uq_notes_source"),
        _foreign("notes", "ticket_number", "tickets.number"),
        **LEAN,
    )
    op.create_index("ix_notes_ticket_number", "notes", ["ticket_number"])
    op.create_table(
        "held_replies",
        _column("client_id", sa.Text()),
        _column("ticket_number", sa.BigInteger()),
        _column("agent", sa.Text()),
        _column("agent_name", sa.Text()),
        _column("text", sa.Text()),
        sa.Column("files", JSON),
        _column("due_at", MOMENT),
        sa.PrimaryKeyConstraint("client_id", name="pk_held_replies"),
        _foreign("held_replies", "ticket_number", "tickets.number"),
        **LEAN,
    )
    op.create_index("ix_held_replies_due_at", "held_replies", ["due_at"])
    op.create_table(
        "suggestions",
        _column("id", ID),
        _column("ticket_number", sa.BigInteger()),
        _column("kind", sa.String(24)),
        _column("text", sa.Text()),
        _column("at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions"),
        _foreign("suggestions", "ticket_number", "tickets.number"),
        **LEAN,
    )
    op.create_index("ix_suggestions_ticket_number", "suggestions", ["ticket_number"])
    op.create_table(
        "agents",
        _column("id", sa.Text()),
        _column("name", sa.Text()),
        sa.Column("language", sa.String(20)),
        _column("away", sa.Boolean()),
        sa.Column("capacity", sa.Integer()),
        _column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        **LEAN,
    )
    op.create_table(
        "link_codes",
        _column("digest", sa.String(64)),
        _column("channel", sa.String(40)),
        _column("identity", sa.Text()),
        sa.Column("customer_id", ID),
        _column("state", sa.String(24)),
        _column("expires_at", MOMENT),
        sa.PrimaryKeyConstraint("digest", name="pk_link_codes"),
        _foreign("link_codes", "customer_id", "customers.id"),
        **LEAN,
    )


def _make_attachments() -> None:
    op.create_table(
        "attachments",
        _column("id", ID),
        _column("conversation_id", ID),
        sa.Column("source", sa.Text()),
        _column("name", sa.Text()),
        _column("media_type", sa.String(120)),
        _column("size", sa.Integer()),
        _column("content", sa.LargeBinary()),
        _column("at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.UniqueConstraint("source", name="uq_attachments_source"),
        _foreign("attachments", "conversation_id", "conversations.id"),
        **LEAN,
    )
    op.create_index("ix_attachments_conversation_id", "attachments", ["conversation_id"])


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        _column("id", SERIAL),
        _column("lane_key", sa.Text()),
        sa.Column("conversation_id", ID),
        sa.Column("seq", sa.Integer()),
        _column("kind", sa.String(40)),
        _column("payload", JSON),
        sa.Column("merge_key", sa.String(80)),
        sa.Column("batch", sa.BigInteger()),
        _column("state", sa.String(24)),
        _column("attempts", sa.Integer()),
        sa.Column("not_before", MOMENT),
        sa.Column("remote_ref", sa.Text()),
        sa.Column("last_error", sa.Text()),
        _column("created_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id", "seq"],
            ["messages.conversation_id", "messages.seq"],
            name="fk_outbox_conversation_id_seq",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    unsent = "state IN ('pending', 'inflight', 'unknown')"
    op.create_index("ix_outbox_waiting", "outbox", ["lane_key", "id"], **_where(unsent))
    named = "remote_ref IS NOT NULL"
    op.create_index("ix_outbox_remote_ref", "outbox", ["remote_ref"], **_where(named))
    op.create_index("ix_outbox_conversation_id_seq", "outbox", ["conversation_id", "seq"])
    op.create_table(
        "desk_threads",
        _column("id", SERIAL),
        _column("ticket_number", sa.BigInteger()),
        _column("channel", sa.Text()),
        _column("post_id", SERIAL),
        _column("mirrored_seq", sa.Integer()),
        _column("card_version", sa.Integer()),
        _column("active", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_desk_threads"),
        sa.UniqueConstraint("post_id", name="uq_desk_threads_post_id"),
        _foreign("desk_threads", "ticket_number", "tickets.number"),
        _foreign("desk_threads", "post_id", "outbox.id"),
    )
    op.create_index("ix_desk_threads_ticket_number", "desk_threads", ["ticket_number"])


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        _column("id", SERIAL),
        _column("source", sa.String(80)),
        _column("payload", JSON),
        _column("done", sa.Boolean(), server_default=sa.false()),
        sa.Column("error", sa.Text()),
        _column("received_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_waiting", "inbox", ["id"], **_where("NOT done"))
    op.create_table(
        "inbox_keys",
        _column("source", sa.String(80)),
        _column("key", sa.Text()),
        _column("inbox_id", SERIAL),
        sa.PrimaryKeyConstraint("source", "key", name="pk_inbox_keys"),
        _foreign("inbox_keys", "inbox_id", "inbox.id"),
        **LEAN,
    )
    op.create_index("ix_inbox_keys_inbox_id", "inbox_keys", ["inbox_id"])


def _make_first_outbox() -> None:
    op.create_table(
        "outbox",
        _column("id", SERIAL),
        _column("lane_key", sa.Text()),
        _column("conversation_id", ID),
        _column("seq", sa.Integer()),
        _column("kind", sa.String(40)),
        _column("payload", JSON),
        _column("state", sa.String(24)),
        _column("attempts", sa.Integer()),
        sa.Column("not_before", MOMENT),
        sa.Column("remote_ref", sa.Text()),
        sa.Column("last_error", sa.Text()),
        _column("created_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id", "seq"],
            ["messages.conversation_id", "messages.seq"],
            name="fk_outbox_conversation_id_seq",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    unsent = "state IN ('pending', 'inflight', 'unknown')"
    op.create_index("ix_outbox_waiting", "outbox", ["lane_key", "id"], **_where(unsent))


def _make_first_inbox() -> None:
    op.create_table(
        "inbox",
        _column("id", SERIAL),
        _column("source", sa.String(80)),
        _column("dedupe_key", sa.Text()),
        _column("payload", JSON),
        _column("done", sa.Boolean(), server_default=sa.false()),
        _column("received_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "dedupe_key", name="uq_inbox_source_dedupe_key"),
    )
    op.create_index("ix_inbox_waiting", "inbox", ["id"], **_where("NOT done"))

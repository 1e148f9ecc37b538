"""The first schema.

A migration is a picture of its day: it names its own types and never looks at `tables.py`, which
goes on changing.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ID = sa.String(26)
WORD = sa.String(24)
LEAN: dict[str, Any] = {"sqlite_with_rowid": False}


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Make all tables, and the counters that numbers are drawn from."""
    op.create_table(
        "counters",
        _column("name", sa.String(length=40)),
        _column("value", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
        **LEAN,
    )
    op.create_table(
        "customers",
        _column("id", ID),
        sa.Column("external_id", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        _column("tier", sa.String(length=40)),
        sa.Column("language", sa.String(length=20)),
        _column("points", sa.Integer()),
        sa.Column("address", sa.Text()),
        _column("newsletter", sa.Boolean()),
        _column("created_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("external_id", name="uq_customers_external_id"),
        **LEAN,
    )
    op.create_table(
        "inbox",
        _column("id", SERIAL),
        _column("source", sa.String(length=80)),
        _column("dedupe_key", sa.Text()),
        _column("payload", JSON),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        _column("received_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "dedupe_key", name="uq_inbox_source_dedupe_key"),
    )
    op.create_index("ix_inbox_waiting", "inbox", ["id"], **_where("NOT done"))
    op.create_table(
        "knowledge",
        _column("id", sa.String(length=120)),
        _column("language", sa.String(length=20)),
        _column("title", sa.Text()),
        _column("body", sa.Text()),
        _column("config_id", sa.String(length=80)),
        sa.PrimaryKeyConstraint("id", "language", name="pk_knowledge"),
        **LEAN,
    )
    op.create_table(
        "products",
        _column("id", sa.String(length=80)),
        _column("names", JSON),
        _column("aliases", JSON),
        _column("description", JSON),
        _column("prices", JSON),
        _column("stock", sa.Integer()),
        sa.Column("restock_on", sa.Date()),
        _column("category", sa.String(length=80)),
        _column("options", JSON),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        **LEAN,
    )
    op.create_table(
        "appointments",
        _column("id", ID),
        sa.Column("customer_id", ID),
        _column("kind", sa.String(length=80)),
        _column("place", sa.Text()),
        _column("starts_at", MOMENT),
        _column("contact", sa.Text()),
        sa.Column("name", sa.Text()),
        _column("state", WORD),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_appointments_customer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        **LEAN,
    )
    op.create_index("ix_appointments_customer_id", "appointments", ["customer_id"])
    op.create_table(
        "conversations",
        _column("id", ID),
        _column("customer_id", ID),
        _column("channel", sa.String(length=40)),
        _column("address", sa.Text()),
        _column("owner", WORD),
        sa.Column("language", sa.String(length=20)),
        sa.Column("locale", sa.String(length=40)),
        _column("last_seq", sa.Integer()),
        _column("read_seq", sa.Integer()),
        _column("version", sa.Integer()),
        _column("state", JSON),
        sa.Column("agent_name", sa.Text()),
        sa.Column("ticket_number", sa.BigInteger()),
        sa.Column("queue", sa.String(length=80)),
        _column("created_at", MOMENT),
        _column("updated_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_conversations_customer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("customer_id", "channel", name="uq_conversations_customer_id_channel"),
        **LEAN,
    )
    op.create_table(
        "identities",
        _column("channel", sa.String(length=40)),
        _column("identity", sa.Text()),
        _column("customer_id", ID),
        _column("verified", sa.Boolean()),
        _column("created_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_identities_customer_id"
        ),
        sa.PrimaryKeyConstraint("channel", "identity", name="pk_identities"),
        **LEAN,
    )
    op.create_index("ix_identities_customer_id", "identities", ["customer_id"])
    op.create_table(
        "orders",
        _column("number", sa.String(length=40)),
        _column("customer_id", ID),
        _column("state", WORD),
        _column("placed_at", MOMENT),
        _column("lines", JSON),
        _column("total", sa.String(length=32)),
        _column("currency", sa.String(length=3)),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("address", sa.Text()),
        _column("delivery", WORD),
        sa.Column("carrier", sa.String(length=80)),
        sa.Column("tracking_number", sa.String(length=80)),
        sa.Column("dispatched_at", MOMENT),
        sa.Column("delivered_at", MOMENT),
        sa.Column("expected_on", sa.Date()),
        sa.Column("invoice", WORD),
        sa.Column("refund", JSON),
        sa.Column("payment_method", sa.String(length=40)),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_orders_customer_id"),
        sa.PrimaryKeyConstraint("number", name="pk_orders"),
        **LEAN,
    )
    op.create_index("ix_orders_customer_id_placed_at", "orders", ["customer_id", "placed_at"])
    op.create_table(
        "behaviours",
        _column("conversation_id", ID),
        _column("client_id", sa.Text()),
        _column("name", sa.String(length=80)),
        _column("properties", JSON),
        _column("at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_behaviours_conversation_id"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "client_id", name="pk_behaviours"),
        **LEAN,
    )
    op.create_table(
        "exchanges",
        _column("id", ID),
        _column("conversation_id", ID),
        _column("message_seq", sa.Integer()),
        _column("understanding", JSON),
        _column("decision", JSON),
        _column("reply_keys", JSON),
        sa.Column("action_status", sa.String(length=40)),
        sa.Column("need", JSON),
        _column("config_id", sa.String(length=80)),
        _column("model_id", sa.String(length=80)),
        _column("rule", sa.String(length=120)),
        sa.Column("error_id", sa.String(length=40)),
        _column("timings", JSON),
        _column("at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_exchanges_conversation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
        sa.UniqueConstraint(
            "conversation_id", "message_seq", name="uq_exchanges_conversation_id_message_seq"
        ),
        **LEAN,
    )
    op.create_table(
        "flows",
        _column("conversation_id", ID),
        _column("opened_seq", sa.Integer()),
        _column("name", sa.String(length=80)),
        _column("slots", JSON),
        _column("state", WORD),
        _column("opened_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_flows_conversation_id"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "opened_seq", "name", name="pk_flows"),
        **LEAN,
    )
    op.create_table(
        "messages",
        _column("conversation_id", ID),
        _column("seq", sa.Integer()),
        _column("author", WORD),
        sa.Column("author_name", sa.Text()),
        _column("text", sa.Text()),
        sa.Column("value", sa.Text()),
        sa.Column("choices", JSON),
        sa.Column("key", sa.String(length=120)),
        _column("at", MOMENT),
        sa.Column("reply_to", sa.Integer()),
        sa.Column("client_id", sa.Text()),
        _column("verified", sa.Boolean()),
        _column("handled", sa.Boolean()),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_messages"),
        **LEAN,
    )
    op.create_index(
        "ix_messages_unhandled", "messages", ["conversation_id"], **_where("NOT handled")
    )
    op.create_index(
        "uq_messages_client_id",
        "messages",
        ["conversation_id", "author", "client_id"],
        unique=True,
        **_where("client_id IS NOT NULL"),
    )
    op.create_table(
        "needs",
        _column("conversation_id", ID),
        _column("seq", sa.Integer()),
        _column("category", sa.String(length=80)),
        _column("probability", sa.Double()),
        _column("reasons", JSON),
        _column("model_id", sa.String(length=80)),
        _column("at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_needs_conversation_id"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_needs"),
        **LEAN,
    )
    op.create_table(
        "ratings",
        _column("conversation_id", ID),
        _column("client_id", sa.Text()),
        _column("score", sa.Integer()),
        sa.Column("comment", sa.Text()),
        _column("at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_ratings_conversation_id"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "client_id", name="pk_ratings"),
        **LEAN,
    )
    op.create_table(
        "tickets",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        _column("conversation_id", ID),
        _column("customer_id", ID),
        _column("subject", sa.Text()),
        _column("queue", sa.String(length=80)),
        _column("priority", WORD),
        _column("state", WORD),
        sa.Column("assignee", sa.Text()),
        sa.Column("need", sa.String(length=80)),
        sa.Column("language", sa.String(length=20)),
        sa.Column("first_reply_due", MOMENT),
        _column("created_at", MOMENT),
        _column("updated_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_tickets_conversation_id"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_tickets_customer_id"),
        sa.PrimaryKeyConstraint("number", name="pk_tickets"),
    )
    op.create_index("ix_tickets_conversation_id", "tickets", ["conversation_id"])
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"])
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["queue", "number"],
        **_where("state NOT IN ('solved', 'closed')"),
    )
    op.create_index(
        "uq_tickets_unsolved",
        "tickets",
        ["conversation_id"],
        unique=True,
        **_where("state NOT IN ('solved', 'closed')"),
    )
    op.create_table(
        "audit",
        _column("id", SERIAL),
        sa.Column("exchange_id", ID),
        _column("subject", sa.String(length=80)),
        _column("kind", sa.String(length=40)),
        _column("details", JSON),
        _column("at", MOMENT),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name="fk_audit_exchange_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_table(
        "outbox",
        _column("id", SERIAL),
        _column("lane_key", sa.Text()),
        _column("conversation_id", ID),
        _column("seq", sa.Integer()),
        _column("kind", sa.String(length=40)),
        _column("payload", JSON),
        _column("state", WORD),
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
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["lane_key", "id"],
        **_where("state IN ('pending', 'inflight', 'unknown')"),
    )

    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": "ticket", "value": 1000}, {"name": "probe", "value": 0}])


def downgrade() -> None:
    """Drop everything; those that refer go before those referred to."""
    for table in (
        "outbox",
        "audit",
        "tickets",
        "ratings",
        "needs",
        "messages",
        "flows",
        "exchanges",
        "behaviours",
        "orders",
        "identities",
        "conversations",
        "appointments",
        "products",
        "knowledge",
        "inbox",
        "customers",
        "counters",
    ):
        op.drop_table(table)

"""The tables of the agents' desk: what is said there, by whom, and where in Slack it stands."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from crm_store.columns import ID, JsonValue, Moment
from crm_store.tables import lean_table, metadata

notes = lean_table(
    "notes",
    Column("id", ID, primary_key=True),
    Column("ticket_number", ForeignKey("tickets.number"), nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, unique=True),
    Column("at", Moment, nullable=False),
    Column("edited_at", Moment),
)
"""What the people of the desk say among themselves. Nothing in here is ever sent to a customer."""

held_replies = lean_table(
    "held_replies",
    Column("client_id", Text, primary_key=True),
    Column("ticket_number", ForeignKey("tickets.number"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("files", JsonValue),
    Column("due_at", Moment, nullable=False, index=True),
)
"""Replies that their agents may still take back; sent, a reply leaves this table for `messages`."""

suggestions = lean_table(
    "suggestions",
    Column("id", ID, primary_key=True),
    Column("ticket_number", ForeignKey("tickets.number"), nullable=False, index=True),
    Column("kind", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What the bot whispered to an agent: the button under it carries the id and nothing else."""

agents = lean_table(
    "agents",
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("language", String(20)),
    Column("away", Boolean, nullable=False),
    Column("capacity", Integer),
    Column("updated_at", Moment, nullable=False),
)
"""The people of the desk, by team and user in Slack; who is one, Slack's channels say."""

agent_pictures = lean_table(
    "agent_pictures",
    Column("agent", Text, primary_key=True),
    Column("id", String(64), index=True),
    Column("media_type", String(120)),
    Column("content", LargeBinary),
    Column("looked_at", Moment, nullable=False),
)
"""What agents look like: `id` is the digest of the content, all three NULL where there is none."""

link_codes = lean_table(
    "link_codes",
    Column("digest", String(64), primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("identity", Text, nullable=False),
    Column("customer_id", ForeignKey("customers.id")),
    Column("state", String(24), nullable=False),
    Column("expires_at", Moment, nullable=False),
)
"""Half-made links between somebody on a channel and a customer; the code itself is not kept."""

desk_threads = Table(
    "desk_threads",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("ticket_number", ForeignKey("tickets.number"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    # The post of its card; what Slack calls that is the thread's name.
    Column("post_id", ForeignKey("outbox.id"), nullable=False, unique=True),
    Column("mirrored_seq", Integer, nullable=False),
    Column("card_version", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
)
"""Where a ticket stands on the desk, and how far its conversation was put there."""

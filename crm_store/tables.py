"""All tables of the CRM.

The hot tables (conversations, messages, exchanges) carry as few indexes as the reads allow: each
index is paid for by every message. On SQLite most tables are WITHOUT ROWID, which saves the second
tree that a textual primary key would otherwise cost.

This module describes the newest schema; `migrations/` leads any older database to it, and a test
compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from crm_store.columns import ID, JsonValue, Moment, words
from crm_store.records import AuthorKind, OrderState, Owner, TicketState

if TYPE_CHECKING:
    from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def lean_table(name: str, *items: SchemaItem) -> Table:
    """Return a table that SQLite keeps in one tree, ordered by its primary key."""
    return Table(name, metadata, *items, sqlite_with_rowid=False)


# The conditions of partial indexes. Queries repeat them word for word (`text(UNSOLVED)`), because
# SQLite takes such an index only for the very same expression, without parameters.
UNHANDLED = "NOT handled"
UNSOLVED = "state NOT IN ('solved', 'closed')"
UNSENT = "state IN ('pending', 'inflight', 'unknown')"
UNDONE = "NOT done"
TO_COME = "alarm_at IS NOT NULL"
NAMED = "remote_ref IS NOT NULL"


def _partial(condition: str) -> dict[str, Any]:
    """Return the keywords that restrict an index to the rows of `condition`, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


counters = lean_table(
    "counters",
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Rows that numbers are drawn from; `probe` is what the health check writes to."""

# -- people ----------------------------------------------------------------------------------

customers = lean_table(
    "customers",
    Column("id", ID, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("tier", String(40), nullable=False),
    Column("language", String(20)),
    Column("points", Integer, nullable=False),
    Column("address", Text),
    Column("newsletter", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

identities = lean_table(
    "identities",
    Column("channel", String(40)),
    Column("identity", Text),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("verified", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("channel", "identity"),
)
"""A channel's own name for a customer."""

# -- talk ------------------------------------------------------------------------------------

conversations = lean_table(
    "conversations",
    Column("id", ID, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("address", Text, nullable=False),
    Column("owner", words(Owner), nullable=False),
    Column("language", String(20)),
    Column("locale", String(40)),
    # The web site that its customer last wrote from; NULL on channels that know none.
    Column("site", String(64)),
    Column("last_seq", Integer, nullable=False),
    Column("read_seq", Integer, nullable=False),
    # Up to where a person at the desk has seen it.
    Column("desk_read_seq", Integer, nullable=False, server_default=text("0")),
    Column("version", Integer, nullable=False),
    Column("state", JsonValue, nullable=False),
    Column("agent_name", Text),
    # Number and queue of the unsolved ticket stand here too, so that a turn needs no join to
    # know them. They change only together with the ticket, in the same transaction.
    Column("ticket_number", BigInteger),
    Column("queue", String(80)),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # In the web chat a customer has one conversation; in Slack, one for each place they write in.
    UniqueConstraint("customer_id", "channel", "address"),
)

messages = lean_table(
    "messages",
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("seq", Integer),
    Column("author", words(AuthorKind), nullable=False),
    Column("author_name", Text),
    Column("text", Text, nullable=False),
    Column("value", Text),
    Column("choices", JsonValue),
    Column("key", String(120)),
    Column("at", Moment, nullable=False),
    Column("reply_to", Integer),
    Column("client_id", Text),
    Column("verified", Boolean, nullable=False),
    Column("handled", Boolean, nullable=False),
    # An edit is a further message that says which one it stands for: so whoever missed it learns of
    # it by `seq`, like of anything else. Without a text it takes the other one back.
    Column("replaces", Integer),
    Column("files", JsonValue),
    Column("cards", JsonValue),
    Column("form", JsonValue),
    PrimaryKeyConstraint("conversation_id", "seq"),
)
# The author belongs to the key: else a customer could choose an id that an agent's line will have.
Index(
    "uq_messages_client_id",
    messages.c.conversation_id,
    messages.c.author,
    messages.c.client_id,
    unique=True,
    **_partial("client_id IS NOT NULL"),
)
# Holds only what is being worked on at this moment, so it is tiny; read at start-up.
Index("ix_messages_unhandled", messages.c.conversation_id, **_partial(UNHANDLED))

exchanges = lean_table(
    "exchanges",
    Column("id", ID, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("message_seq", Integer, nullable=False),
    Column("understanding", JsonValue, nullable=False),
    Column("decision", JsonValue, nullable=False),
    Column("reply_keys", JsonValue, nullable=False),
    Column("action_status", String(40)),
    Column("need", JsonValue),
    Column("config_id", String(80), nullable=False),
    Column("model_id", String(80), nullable=False),
    Column("rule", String(120), nullable=False),
    Column("error_id", String(40)),
    Column("timings", JsonValue, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("conversation_id", "message_seq"),
)
"""One turn as fact. The customer's words stand in `messages` alone."""

corrections = lean_table(
    "corrections",
    Column("id", ID, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False, index=True),
    Column("intent", String(80)),
    Column("need", String(80)),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What people said that a turn should have been understood as; rows are added, never changed."""

flows = lean_table(
    "flows",
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("opened_seq", Integer),
    Column("name", String(80)),
    Column("slots", JsonValue, nullable=False),
    Column("state", String(24), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    PrimaryKeyConstraint("conversation_id", "opened_seq", "name"),
)

needs = lean_table(
    "needs",
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("seq", Integer),
    Column("category", String(80), nullable=False),
    Column("probability", Double, nullable=False),
    Column("reasons", JsonValue, nullable=False),
    Column("model_id", String(80), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("conversation_id", "seq"),
)
"""A row each time that a conversation's need became another one."""

ratings = lean_table(
    "ratings",
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("client_id", Text),
    Column("score", Integer, nullable=False),
    Column("comment", Text),
    Column("ticket_number", BigInteger),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("conversation_id", "client_id"),
)

attachments = lean_table(
    "attachments",
    Column("id", ID, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("source", Text, unique=True),
    Column("name", Text, nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Files that were sent; a message lists the ids of its own. `source` is where one came from."""

uploads = lean_table(
    "uploads",
    Column("attachment_id", ForeignKey("attachments.id"), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False, index=True),
)
"""Files that no message names yet. A table of its own, because SQLite would write a file's bytes
again to change anything in its row."""

consents = lean_table(
    "consents",
    Column("customer_id", ForeignKey("customers.id")),
    Column("site", String(64)),
    Column("version", String(80)),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("locale", String(40)),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("customer_id", "site", "version"),
)
"""What customers have agreed to before they wrote: which version of a site's text, when, and in
which language they read it. Rows are added, never changed."""

# -- matters for people ----------------------------------------------------------------------

tickets = Table(
    "tickets",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("queue", String(80), nullable=False),
    Column("priority", String(24), nullable=False),
    Column("state", words(TicketState), nullable=False),
    Column("assignee", Text),
    Column("need", String(80)),
    Column("language", String(20)),
    Column("first_reply_due", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("opened_seq", Integer),
    Column("reason", String(120)),
    Column("waiting_since", Moment),
    Column("reply_due", Moment),
    Column("resolve_due", Moment),
    Column("first_reply_at", Moment),
    Column("solved_at", Moment),
    Column("snoozed_until", Moment),
    Column("alarm_at", Moment),
    Column("alarm", String(24)),
    Column("rating", Integer),
    Column("rating_comment", Text),
    Column("merged_into", BigInteger),
    Column("held_since", Moment),
    Column("subjects", JsonValue),
)
Index("uq_tickets_unsolved", tickets.c.conversation_id, unique=True, **_partial(UNSOLVED))
Index("ix_tickets_waiting", tickets.c.queue, tickets.c.number, **_partial(UNSOLVED))
Index("ix_tickets_assignee", tickets.c.assignee, **_partial(UNSOLVED))
Index("ix_tickets_alarm_at", tickets.c.alarm_at, **_partial(TO_COME))

# -- the shop --------------------------------------------------------------------------------

products = lean_table(
    "products",
    Column("id", String(80), primary_key=True),
    Column("names", JsonValue, nullable=False),
    Column("aliases", JsonValue, nullable=False),
    Column("description", JsonValue, nullable=False),
    Column("prices", JsonValue, nullable=False),
    Column("stock", Integer, nullable=False),
    Column("restock_on", Date),
    Column("category", String(80), nullable=False),
    Column("options", JsonValue, nullable=False),
    Column("picture", Text),
    Column("url", Text),
)

orders = lean_table(
    "orders",
    Column("number", String(40), primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("state", words(OrderState), nullable=False),
    Column("placed_at", Moment, nullable=False),
    # The lines are the shop's document, always read and changed as a whole with their total.
    Column("lines", JsonValue, nullable=False),
    Column("total", String(32), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("address", Text),
    Column("delivery", String(24), nullable=False),
    Column("carrier", String(80)),
    Column("tracking_number", String(80)),
    Column("dispatched_at", Moment),
    Column("delivered_at", Moment),
    Column("expected_on", Date),
    Column("invoice", String(24)),
    Column("refund", JsonValue),
    Column("payment_method", String(40)),
    Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),
)
"""Numbers are kept in upper case; look-ups fold theirs."""

appointments = lean_table(
    "appointments",
    Column("id", ID, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), index=True),
    Column("kind", String(80), nullable=False),
    Column("place", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("contact", Text, nullable=False),
    Column("name", Text),
    Column("state", String(24), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id")),
    Column("subject", String(80), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("details", JsonValue, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What a conversation changed: `subject` is `order:AB123456`, `customer:<id>` or the like."""

knowledge = lean_table(
    "knowledge",
    Column("id", String(120)),
    Column("language", String(20)),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("config_id", String(80), nullable=False),
    PrimaryKeyConstraint("id", "language"),
)

behaviours = lean_table(
    "behaviours",
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("client_id", Text),
    Column("name", String(80), nullable=False),
    Column("properties", JsonValue, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("conversation_id", "client_id"),
)

# -- the edges -------------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    # Ascending ids are the order within a lane.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("lane_key", Text, nullable=False),
    Column("conversation_id", ID),
    Column("seq", Integer),
    Column("kind", String(40), nullable=False),
    Column("payload", JsonValue, nullable=False),
    # Posts in a row with the same one may become one post when the lane is long …
    Column("merge_key", String(80)),
    # … and then all of them name the first.
    Column("batch", BigInteger),
    Column("state", String(24), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    Column("remote_ref", Text),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False),
    ForeignKeyConstraint(["conversation_id", "seq"], ["messages.conversation_id", "messages.seq"]),
)
Index("ix_outbox_waiting", outbox.c.lane_key, outbox.c.id, **_partial(UNSENT))
Index("ix_outbox_remote_ref", outbox.c.remote_ref, **_partial(NAMED))
Index("ix_outbox_conversation_id_seq", outbox.c.conversation_id, outbox.c.seq)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("source", String(80), nullable=False),
    Column("payload", JsonValue, nullable=False),
    Column("done", Boolean, nullable=False, server_default=false()),
    Column("error", Text),
    Column("received_at", Moment, nullable=False),
)
Index("ix_inbox_waiting", inbox.c.id, **_partial(UNDONE))

inbox_keys = lean_table(
    "inbox_keys",
    Column("source", String(80)),
    Column("key", Text),
    Column("inbox_id", ForeignKey("inbox.id"), nullable=False, index=True),
    PrimaryKeyConstraint("source", "key"),
)
"""By what an event is recognised when it comes again; one event may have several such keys."""

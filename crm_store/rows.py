"""Where rows become records and records become rows.

For each record there is the list of its columns, in the order in which a reader of rows takes them
apart, so that a row may hold several records side by side: `conversation(row)` and
`customer(row, len(CONVERSATION))` read one joined row. Taking rows apart by position is several
times cheaper than by name, and every message passes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import convert, to_builtins
from msgspec.structs import asdict

from crm_store.records import (
    Appointment,
    AuthorKind,
    Card,
    Choice,
    Conversation,
    Customer,
    File,
    Form,
    Message,
    Order,
    OrderLine,
    Product,
    Ticket,
)
from crm_store.tables import (
    appointments,
    conversations,
    customers,
    messages,
    orders,
    products,
    tickets,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, Table

    from crm_store.records import Json


def _columns(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


CUSTOMER = _columns(
    customers,
    *("id", "name", "email", "phone", "tier", "language", "points", "address", "newsletter"),
    "external_id",
)


def customer(row: Sequence[Any], start: int = 0) -> Customer:
    """Return the customer whose columns begin at `start`."""
    (id_, name, email, phone, tier, language, points, address, newsletter, external_id) = row[
        start : start + len(CUSTOMER)
    ]
    return Customer(
        id=id_,
        name=name,
        email=email,
        phone=phone,
        tier=tier,
        language=language,
        points=points,
        address=address,
        newsletter=newsletter,
        external_id=external_id,
    )


def customer_row(customer: Customer) -> dict[str, Any]:
    """Return the row of a customer, but for `created_at`."""
    return {column.name: getattr(customer, column.name) for column in CUSTOMER}


CONVERSATION = _columns(
    conversations,
    *("id", "customer_id", "channel", "address", "owner", "language", "last_seq", "version"),
    *("state", "agent_name", "ticket_number", "queue", "locale", "desk_read_seq", "site"),
)


def conversation(
    row: Sequence[Any], start: int = 0, *, last_seq: int | None = None
) -> Conversation:
    """Return the conversation whose columns begin at `start`, with another `last_seq` if given."""
    (id_, customer_id, channel, address, owner, language, seq, version, state, agent, number) = row[
        start : start + 11
    ]
    return Conversation(
        id=id_,
        customer_id=customer_id,
        channel=channel,
        address=address,
        owner=owner,
        language=language,
        last_seq=seq if last_seq is None else last_seq,
        version=version,
        state=state,
        agent_name=agent,
        ticket_number=number,
        queue=row[start + 11],
        locale=row[start + 12],
        desk_read_seq=row[start + 13],
        site=row[start + 14],
    )


MESSAGE = _columns(
    messages,
    *("conversation_id", "seq", "author", "author_name", "text", "choices", "at", "reply_to"),
    *("value", "client_id", "verified", "replaces", "files", "cards", "form"),
)


def message(row: Sequence[Any], start: int = 0) -> Message:
    """Return the message whose columns begin at `start`."""
    (id_, seq, author, author_name, text, choices, at, reply_to, value, client_id, verified) = row[
        start : start + 11
    ]
    files, cards, form = row[start + 12 : start + 15]
    return Message(
        conversation_id=id_,
        seq=seq,
        author=author,
        author_name=author_name,
        text=text,
        choices=tuple(Choice(**choice) for choice in choices or ()),
        at=at,
        reply_to=reply_to,
        value=value,
        client_id=client_id,
        verified=verified,
        replaces=row[start + 11],
        files=tuple(File(**file) for file in files) if files else (),
        cards=convert(cards, tuple[Card, ...]) if cards else (),
        form=convert(form, Form) if form else None,
    )


def message_row(message: Message, *, key: str | None = None) -> dict[str, Any]:
    """Return the row of a message; a customer's begins unhandled."""
    return {
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "author": message.author,
        "author_name": message.author_name,
        "text": message.text,
        "value": message.value,
        "choices": choices_json(message.choices),
        "key": key,
        "at": message.at,
        "reply_to": message.reply_to,
        "client_id": message.client_id,
        "verified": message.verified,
        "handled": message.author is not AuthorKind.CUSTOMER,
        "replaces": message.replaces,
        "files": files_json(message.files),
        "cards": cards_json(message.cards),
        "form": to_builtins(message.form) if message.form else None,
    }


def files_json(files: Iterable[File]) -> list[Json] | None:
    """Return what is said of files as JSON; none at all is NULL."""
    return [asdict(file) for file in files] or None


def cards_json(cards: Iterable[Card]) -> list[Json] | None:
    """Return the cards as JSON; none at all is NULL."""
    return [to_builtins(card) for card in cards] or None


def choices_json(choices: Iterable[Choice]) -> list[Json] | None:
    """Return the choices as JSON; none at all is NULL."""
    return [{"label": choice.label, "value": choice.value} for choice in choices] or None


TICKET = _columns(
    tickets,
    *("number", "conversation_id", "customer_id", "subject", "queue", "priority", "state"),
    *("assignee", "need", "language", "first_reply_due", "created_at", "version", "opened_seq"),
    *("reason", "waiting_since", "reply_due", "resolve_due", "first_reply_at", "solved_at"),
    *("snoozed_until", "alarm_at", "alarm", "rating", "rating_comment", "merged_into"),
    *("held_since", "subjects"),
)
_TICKET_NAMES = tuple(column.name for column in TICKET)


def ticket(row: Sequence[Any], start: int = 0) -> Ticket:
    """Return the ticket whose columns begin at `start`."""
    return Ticket(**dict(zip(_TICKET_NAMES, row[start : start + len(TICKET)], strict=True)))


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """Return the row of a ticket, but for `updated_at`."""
    return {name: getattr(ticket, name) for name in _TICKET_NAMES}


ORDER = _columns(
    orders,
    *("number", "customer_id", "state", "placed_at", "lines", "total", "currency", "email"),
    *("phone", "address", "delivery", "carrier", "tracking_number", "dispatched_at"),
    *("delivered_at", "expected_on", "invoice", "refund", "payment_method"),
)
_ORDER_NAMES = tuple(column.name for column in ORDER)


def order(row: Sequence[Any]) -> Order:
    """Return the order of a row."""
    values = dict(zip(_ORDER_NAMES, row, strict=True))
    values["lines"] = tuple(OrderLine(**line) for line in values["lines"])
    return Order(**values)


def order_row(order: Order) -> dict[str, Any]:
    """Return the row of an order."""
    values = {name: getattr(order, name) for name in _ORDER_NAMES}
    values["number"] = order.number.upper()
    values["lines"] = [
        {"product_id": line.product_id, "quantity": line.quantity, "price": line.price}
        for line in order.lines
    ]
    return values


PRODUCT = tuple(products.c)
_PRODUCT_NAMES = tuple(column.name for column in PRODUCT)


def product(row: Sequence[Any]) -> Product:
    """Return the product of a row."""
    values = dict(zip(_PRODUCT_NAMES, row, strict=True))
    for name in ("aliases", "options"):
        values[name] = {key: tuple(words) for key, words in values[name].items()}
    return Product(**values)


def product_row(product: Product) -> dict[str, Any]:
    """Return the row of a product."""
    return {name: getattr(product, name) for name in _PRODUCT_NAMES}


APPOINTMENT = tuple(appointments.c)
_APPOINTMENT_NAMES = tuple(column.name for column in APPOINTMENT)


def appointment(row: Sequence[Any]) -> Appointment:
    """Return the appointment of a row."""
    return Appointment(**dict(zip(_APPOINTMENT_NAMES, row, strict=True)))


def appointment_row(appointment: Appointment) -> dict[str, Any]:
    """Return the row of an appointment."""
    return {name: getattr(appointment, name) for name in _APPOINTMENT_NAMES}

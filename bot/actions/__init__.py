"""Acting: each action in a file of its own, and the one dictionary that names them.

To add one: write `async def run(request) -> Outcome` and its `REPLIES` in a file here, name it
below, and let a flow in `flows.yaml` use it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from bot.actions import (
    account,
    answer,
    appointments,
    cancel_order,
    change_order,
    hand_over,
    invoice,
    newsletter,
    order_status,
    points,
    products,
    proof,
    refund_status,
    report,
    send_back,
)
from bot.actions.outcome import Outcome, Request

Run = Callable[[Request], Awaitable[Outcome]]


class Action(Struct, frozen=True, kw_only=True):
    """One thing that the bot can do."""

    run: Run
    replies: Mapping[str, frozenset[str]]
    """The reply keys it may say, with the placeholders that it fills."""
    slots: frozenset[str] = frozenset()
    """The slots it cannot do without."""
    options: frozenset[str] = frozenset()
    """The options it reads."""
    texts: frozenset[str] = frozenset()
    """Those of them that people read, and that may be given by language."""


_ORDER = frozenset({"order", "contact"})

_PRODUCT_REPLIES = {**products.REPLIES, **answer.REPLIES}
"""Without a product of that name, the articles may still answer."""

ACTIONS: Mapping[str, Action] = {
    "answer": Action(run=answer.run, replies=answer.REPLIES),
    "search": Action(run=answer.search, replies=answer.REPLIES),
    "hand_over": Action(run=hand_over.run, replies=hand_over.REPLIES),
    "order_status": Action(
        run=order_status.run, replies={**order_status.REPLIES, **proof.REPLIES}, slots=_ORDER
    ),
    "cancel_order": Action(
        run=cancel_order.run, replies={**cancel_order.REPLIES, **proof.REPLIES}, slots=_ORDER
    ),
    "change_order": Action(
        run=change_order.run,
        replies={**change_order.REPLIES, **proof.REPLIES},
        slots=_ORDER | {"change"},
    ),
    "change_address": Action(
        run=change_order.change_address,
        replies={**change_order.REPLIES, **proof.REPLIES},
        slots=_ORDER | {"address"},
    ),
    "send_back": Action(
        run=send_back.run,
        replies={**send_back.REPLIES, **proof.REPLIES},
        slots=_ORDER | {"reason"},
        options=frozenset({"kind"}),
    ),
    "refund_status": Action(
        run=refund_status.run, replies={**refund_status.REPLIES, **proof.REPLIES}, slots=_ORDER
    ),
    "invoice_status": Action(
        run=invoice.status, replies={**invoice.REPLIES, **proof.REPLIES}, slots=_ORDER
    ),
    "send_invoice": Action(
        run=invoice.send, replies={**invoice.REPLIES, **proof.REPLIES}, slots=_ORDER
    ),
    "product_info": Action(
        run=products.info,
        replies=_PRODUCT_REPLIES,
        slots=frozenset({"product"}),
    ),
    "availability": Action(
        run=products.availability,
        replies=_PRODUCT_REPLIES,
        slots=frozenset({"product"}),
    ),
    "recommend": Action(
        run=products.recommend, replies=products.REPLIES, slots=frozenset({"category"})
    ),
    "book_appointment": Action(
        run=appointments.book,
        replies=appointments.REPLIES,
        slots=frozenset({"kind", "when", "contact"}),
    ),
    "change_appointment": Action(run=appointments.change, replies=appointments.REPLIES),
    "report": Action(
        run=report.run,
        replies=report.REPLIES,
        slots=frozenset({"details"}),
        options=frozenset({"subject", "hand_over", "topic"}),
        texts=frozenset({"subject"}),
    ),
    "change_account": Action(
        run=account.change, replies=account.REPLIES, slots=frozenset({"field", "new_value"})
    ),
    "add_address": Action(
        run=account.add_address, replies=account.REPLIES, slots=frozenset({"address"})
    ),
    "close_account": Action(run=account.close, replies=account.REPLIES),
    "privacy": Action(run=account.privacy, replies=account.REPLIES, slots=frozenset({"wish"})),
    "newsletter": Action(
        run=newsletter.run, replies=newsletter.REPLIES, slots=frozenset({"wish", "email"})
    ),
    "points": Action(run=points.run, replies={**points.REPLIES, **answer.REPLIES}),
}

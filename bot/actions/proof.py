"""Whose order is it? Nothing about an order is said, and nothing done, before this has been asked.

An order is shown to its verified customer, or to whoever gives its number together with the
e-mail address or phone number on it. A wrong number and a wrong contact get the same answer, so
that nobody can find out which orders exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import phonenumbers

from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import PERSON, Say

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from crm_store.records import Order

REPLIES = {
    "proof_failed": frozenset({"order"}),
    "proof_needed": frozenset({"order"}),
    "proof_exhausted": frozenset(),
}

MOST_GUESSES = 3
"""Wrong proofs in one conversation before a person takes over."""


async def own_order(request: Request) -> Order | Outcome:
    """Return the order that the request is about, or what to say instead."""
    number = str(request.slots.get("order", ""))
    order = await request.shop.order(number)
    if order is not None and _theirs(order, request):
        return order
    if request.proof_failures >= MOST_GUESSES:
        say = Say(key="proof_exhausted", choices=(PERSON,))
        return Outcome(status=Status.REFUSED, say=(say,))
    contact = request.slots.get("contact")
    if contact is None:
        say = Say(key="proof_needed", values={"order": number})
        return Outcome(status=Status.ASK, slot="contact", say=(say,))
    if order is not None and _matches(order, str(contact)):
        return order
    say = Say(key="proof_failed", values={"order": number})
    return Outcome(status=Status.ASK, slot="contact", say=(say,), proof_failed=True)


def _theirs(order: Order, request: Request) -> bool:
    return (request.verified and order.customer_id == request.customer.id) or (
        order.number in request.proved
    )


def _matches(order: Order, contact: str) -> bool:
    """Return whether a contact is the order's e-mail or phone, however it is written."""
    if "@" in contact:
        return order.email is not None and order.email.casefold() == contact.casefold()
    if order.phone is None:
        return False
    match = phonenumbers.is_number_match(order.phone, contact)
    return match in (phonenumbers.MatchType.EXACT_MATCH, phonenumbers.MatchType.NSN_MATCH)

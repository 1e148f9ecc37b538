"""Changes of an account. Only for customers who are signed in: a chat proves nobody's password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.desk.words import has_words, in_each
from bot.dialogue.context import PERSON, Say
from bot.dialogue.replies import Term
from crm_store.effects import UpdateCustomer

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from nlp.understanding import Language

REPLIES = {
    "account.sign_in": frozenset(),
    "account.confirm": frozenset({"field", "value"}),
    "account.done": frozenset({"field"}),
    "account.bad_value": frozenset({"field"}),
    "account.confirm_close": frozenset(),
    "account.closing": frozenset(),
    "account.privacy": frozenset(),
    "account_field.name": frozenset(),
    "account_field.email": frozenset(),
    "account_field.phone": frozenset(),
    "account_field.address": frozenset(),
}

_NEEDED = {"email": "email", "phone": "phone"}
"""Fields whose new value must be an entity of that type."""


async def change(request: Request) -> Outcome:
    """Correct the name, e-mail, phone or address of the signed-in customer, after a yes."""
    if not request.verified:
        return _sign_in()
    field = str(request.slots["field"])
    value = request.slots["new_value"]
    entity = _NEEDED.get(field)
    if entity and not request.confirmed:
        found = _entity(request, entity)
        if found is None:
            say = Say(key="account.bad_value", values={"field": _term(field)})
            return Outcome(status=Status.ASK, slot="new_value", say=(say,))
        value = found
    return _update(request, field, str(value))


async def add_address(request: Request) -> Outcome:
    """Note where the signed-in customer's parcels go, after a yes."""
    if not request.verified:
        return _sign_in()
    return _update(request, "address", str(request.slots["address"]))


async def close(request: Request) -> Outcome:
    """Have the account of the signed-in customer closed, after a yes."""
    if not request.verified:
        return _sign_in()
    if not request.confirmed:
        return Outcome(status=Status.CONFIRM, say=(Say(key="account.confirm_close"),))
    return Outcome(
        say=(Say(key="account.closing"),),
        ticket=TicketRequest(subject=in_each("subject.close_account"), hand_over=False),
    )


async def privacy(request: Request) -> Outcome:
    """Take down a wish to see, correct or erase personal data."""
    if not request.verified:
        return _sign_in()
    wish = str(request.slots["wish"])
    return Outcome(
        say=(Say(key="account.privacy"),),
        ticket=TicketRequest(subject=_privacy_subject(wish), hand_over=False),
    )


def _privacy_subject(wish: str) -> dict[Language, str]:
    key = f"subject.privacy.{wish}"
    return in_each(key) if has_words(key, "en") else in_each("subject.privacy", wish=wish)


def _entity(request: Request, kind: str) -> str | None:
    """Return the value of a type that the new value is, or holds."""
    text = str(request.slots["new_value"])
    for entity in reversed(request.understanding.entities):
        if entity.type == kind and (entity.text in text or entity.value == text):
            return str(entity.value)
    return None


def _update(request: Request, field: str, value: str) -> Outcome:
    if not request.confirmed:
        say = Say(key="account.confirm", values={"field": _term(field), "value": value})
        return Outcome(status=Status.CONFIRM, say=(say,), slots={"checked": value})
    value = str(request.slots.get("checked", value))
    effect = UpdateCustomer(customer_id=request.customer.id, changes={field: value})
    say = Say(key="account.done", values={"field": _term(field)})
    return Outcome(say=(say,), effects=(effect,))


def _term(field: str) -> Term:
    return Term(key=f"account_field.{field}")


def _sign_in() -> Outcome:
    return Outcome(status=Status.REFUSED, say=(Say(key="account.sign_in", choices=(PERSON,)),))

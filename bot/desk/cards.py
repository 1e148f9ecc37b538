"""A ticket's card: all that an agent needs to act on it, at a glance. Pure.

The card is drawn anew whenever anything changes, so it tells how things stand and nothing of how
they came about; that is in the thread below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk import masks
from bot.desk.drawn import (
    Drawn,
    actions,
    button,
    context,
    language_name,
    menu,
    overflow,
    section,
    stars,
    when,
)
from bot.desk.words import WORDS, has_words, words
from bot.dialogue.heard import SMALL_TALK
from bot.slack.mrkdwn import cut, escape, link, mrkdwn, plain, rich_text
from crm_store.records import Owner, TicketState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.desk.views import TicketView
    from bot.slack.mrkdwn import Block
    from crm_store.records import Order, Ticket
    from nlp.understanding import Language

OPENING = 900
"""Characters of the opening message on the card; all of it stands in the thread."""

FIELD = 300
MOST_IN_FIELD = 800
"""Characters of a field, of which there are eight. Slack refuses more than 2,000 in one, and a
little more than 13,000 on the whole card."""
MOST_FOUND = 6
MOST_ORDERS = 4

SURE = 0.5
NO_MATTER = frozenset({"contact_human_agent", "contact_customer_service", *SMALL_TALK})
"""Intents that say nothing of what the customer came for."""

SIGNS = {"urgent": "🚨", "high": "🔺", "normal": "▫️", "low": "▿"}
SNOOZES = ("30m", "2h", "tomorrow", "monday")
PRIORITIES = ("urgent", "high", "normal", "low")

_UNDERSTOOD_AS = "the customer's turns were understood as "
_NEED_REASONS = {
    sentence: key for key, sentence in WORDS["en"].items() if key.startswith("need_reason.")
}
"""What `nlp.needs` says, by its English; the card is in its reader's language."""


def card(view: TicketView, language: Language, now: datetime, queues: Mapping[str, str]) -> Drawn:
    """Return a ticket's card.

    Args:
        view: The ticket with all that belongs to it.
        language: Of its reader.
        now: Aware.
        queues: All queues by name, with their labels.
    """
    ticket = view.ticket
    title = words("card.title", language, ticket=ticket.number, subject=_subject(view, language))
    text = escape(cut(f"{title} · {view.queue_label}", 300))
    if view.link is not None:
        return Drawn(text=text, blocks=_moved(view, language))
    blocks: list[Block] = [
        {"type": "header", "text": plain(title, 150)},
        section(_standing(view, language, now)),
    ]
    if view.opening is not None:
        blocks.append(rich_text(cut(view.opening.text, OPENING), quote=True))
    blocks.append({"type": "section", "fields": _fields(view, language)})
    blocks += _buttons(view, language, queues)
    blocks += _small_print(view, language)
    return Drawn(text=text, blocks=blocks)


def state_of(ticket: Ticket, language: Language) -> str:
    """Return how a ticket stands, in words; the same ones everywhere.

    A pending ticket is put aside until a time, or else left to the bot.
    """
    if ticket.merged_into is not None:
        return words("state.merged", language, ticket=ticket.merged_into)
    if ticket.state is TicketState.PENDING and ticket.snoozed_until is not None:
        return words("state.snoozed", language, time=when(ticket.snoozed_until))
    return words(f"state.{ticket.state}", language)


def subject_of(ticket: Ticket, language: Language) -> str:
    """Return a ticket's subject, in words of the reader's language unless somebody wrote it."""
    return (ticket.subjects or {}).get(language) or ticket.subject


def _subject(view: TicketView, language: Language) -> str:
    """Return what the matter is: the need, which is in the reader's language, else the subject."""
    first = view.intents[0] if view.intents else None
    if first is not None and first.probability >= SURE and first.name not in NO_MATTER:
        return first.label
    return view.need_label or subject_of(view.ticket, language)


def _moved(view: TicketView, language: Language) -> list[Block]:
    ticket, queue = view.ticket.number, escape(view.queue_label)
    there = link(view.link or "", words("card.go_there", language))
    return [section(f"{words('card.moved', language, ticket=ticket, queue=queue)} {there}")]


def _standing(view: TicketView, language: Language, now: datetime) -> str:
    ticket = view.ticket
    parts = [
        _priority(ticket, language),
        f"*{state_of(ticket, language)}*",
        escape(cut(view.queue_label, 80)),
    ]
    if view.assignee is not None:
        name = escape(cut(view.assignee.name, 80))
        parts.append(words("card.assignee", language, agent=name))
    elif ticket.state in (TicketState.NEW, TicketState.OPEN):
        parts.append(words("card.nobody", language))
    clock = _clock(ticket, language, now)
    return " · ".join(parts) + (f"\n{clock}" if clock else "")


def _priority(ticket: Ticket, language: Language) -> str:
    key = f"priority.{ticket.priority}"
    name = words(key, language) if has_words(key, language) else escape(ticket.priority)
    return f"{SIGNS.get(ticket.priority, '')} {name}".strip()


def _clock(ticket: Ticket, language: Language, now: datetime) -> str:
    if ticket.state in (TicketState.SOLVED, TicketState.CLOSED):
        if ticket.rating is None:
            return ""
        return words("card.rated", language, stars=stars(ticket.rating)) + (
            f"  “{escape(cut(ticket.rating_comment, 300))}”" if ticket.rating_comment else ""
        )
    if ticket.waiting_since is None:
        return f"⏸ {words('card.customers_turn', language)}"
    parts = [words("card.waiting", language, time=when(ticket.waiting_since))]
    if ticket.reply_due is not None:
        key = "card.overdue" if ticket.reply_due <= now else "card.due"
        parts.append(words(key, language, time=when(ticket.reply_due)))
    if ticket.resolve_due is not None:
        parts.append(words("card.resolve_due", language, time=when(ticket.resolve_due)))
    return f"⏱ {' · '.join(parts)}"


# -- what is known ---------------------------------------------------------------------------


def _fields(view: TicketView, language: Language) -> list[Block]:
    """Return up to ten fields, two in a row."""
    found = [
        ("card.customer", _customer(view, language)),
        ("card.contacts", _contacts(view, language)),
        ("card.understood", _intents(view, language)),
        ("card.need", _need(view, language)),
        ("card.why", _why(view.ticket, language)),
    ]
    if view.found:
        found.append(("card.named", _named(view, language)))
    if view.open_orders:
        found.append(("card.orders", _orders(view, language)))
    if view.earlier:
        found.append(("card.earlier", _earlier(view, language)))
    return [
        mrkdwn(f"*{words(key, language)}*\n{text or '–'}", MOST_IN_FIELD) for key, text in found
    ]


def _customer(view: TicketView, language: Language) -> str:
    customer = view.customer
    name = escape(cut(customer.name, 80)) if customer.name else words("card.stranger", language)
    proven = "card.verified" if view.verified else "card.unverified"
    parts = [f"{'✅' if view.verified else '◌'} {words(proven, language)}"]
    if view.verified and customer.tier != "standard":
        parts.append(words("card.tier", language, tier=escape(tier_name(customer.tier, language))))
    spoken = language_name(view.conversation.language, language)
    if spoken:
        parts.append(words("card.speaks", language, tongue=escape(spoken)))
    return f"{name}\n{' · '.join(parts)}"


def _contacts(view: TicketView, language: Language) -> str:
    customer = view.customer
    found = []
    if customer.email:
        found.append(escape(masks.email(cut(customer.email, 100))))
    if customer.phone:
        found.append(escape(masks.phone(cut(customer.phone, 40))))
    if customer.address:
        found.append(escape(masks.address(cut(customer.address, 200))))
    return "\n".join(found) or words("card.no_contacts", language)


def _intents(view: TicketView, language: Language) -> str:
    if not view.intents:
        return words("card.nothing_understood", language)
    first, *others = view.intents
    text = f"{escape(first.label)} {first.probability:.0%}"
    if others:
        comma = words("list.comma", language)
        rest = comma.join(f"{escape(o.label)} {o.probability:.0%}" for o in others)
        text += f"\n_{cut(rest, FIELD)}_"
    return text


def _need(view: TicketView, language: Language) -> str:
    if view.need_label is None:
        return "–"
    sure = f" {view.need_probability:.0%}" if view.need_probability is not None else ""
    told = (escape(_reason(each, view, language)) for each in view.need_reasons)
    reasons = cut(words("list.comma", language).join(told), FIELD)
    return f"{escape(view.need_label)}{sure}" + (f"\n_{reasons}_" if reasons else "")


def _why(ticket: Ticket, language: Language) -> str:
    reason = ticket.reason or ""
    if has_words(f"reason.{reason}", language):
        return words(f"reason.{reason}", language)
    begins = f"reason.{reason.partition('.')[0]}"
    if has_words(begins, language):
        return words(begins, language)
    return escape(cut(reason, 100)) if reason else "–"


def tier_name(tier: str, language: Language) -> str:
    """Return a tier in words; one that only the shop knows keeps its own name."""
    return words(f"tier.{tier}", language) if has_words(f"tier.{tier}", language) else cut(tier, 80)


def order_state(order: Order, language: Language) -> str:
    """Return where an order stands, in words."""
    return words(f"order_state.{order.state}", language)


def _reason(text: str, view: TicketView, language: Language) -> str:
    """Return why the need is thought to be so; `nlp.needs` gives its reasons in English."""
    key = _NEED_REASONS.get(text)
    if key is not None:
        return words(key, language)
    before, mark, intent = text.partition(_UNDERSTOOD_AS)
    if before or not mark:
        return text
    label = next((each.label for each in view.intents if each.name == intent), intent)
    return words("need_reason.intent", language, intent=label)


def _named(view: TicketView, language: Language) -> str:
    shown = []
    for kind, value in view.found[:MOST_FOUND]:
        key = f"found.{kind}"
        label = words(key, language) if has_words(key, language) else escape(cut(kind, 40))
        text = escape(cut(masks.named(kind, value), 60))
        shown.append(words("card.named.one", language, name=label, value=text))
    left = len(view.found) - len(shown)
    return "\n".join(shown) + (f"\n… +{left}" if left else "")


def _orders(view: TicketView, language: Language) -> str:
    shown = [
        f"{escape(order.number)} · {escape(order_state(order, language))}"
        for order in view.open_orders[:MOST_ORDERS]
    ]
    more = len(view.open_orders) - MOST_ORDERS
    if more > 0:
        shown.append(words("card.more_orders", language, count=more))
    return "\n".join(shown)


def _earlier(view: TicketView, language: Language) -> str:
    return "\n".join(
        f"T-{ticket.number} · {state_of(ticket, language)}"
        + (f" · {stars(ticket.rating)}" if ticket.rating else "")
        for ticket in view.earlier
    )


# -- what can be done ------------------------------------------------------------------------


def _buttons(view: TicketView, language: Language, queues: Mapping[str, str]) -> list[Block]:
    ticket, value = view.ticket, str(view.ticket.number)

    def named(action_id: str, style: str | None = None) -> Block:
        return button(action_id, words(f"button.{action_id}", language), value, style)

    if ticket.state is TicketState.CLOSED or ticket.merged_into is not None:
        return [actions(_more(language, settled=True), named("reveal"))]
    if ticket.state is TicketState.SOLVED:
        return [
            actions(named("reopen"), named("reply"), named("reveal"), _more(language, settled=True))
        ]
    mine = ticket.assignee is not None
    with_bot = view.conversation.owner is Owner.BOT and ticket.state is TicketState.PENDING
    first = actions(
        named("take_over") if mine else named("take", "primary"),
        named("reply", "primary" if mine else None),
        named("resolve"),
        None if with_bot else named("hand_back"),
        named("reveal") if _has_contacts(view) else None,
        _more(language, settled=False),
    )
    others = {name: label for name, label in queues.items() if name != ticket.queue}
    snoozes = {name: words(f"menu.snooze.{name}", language) for name in SNOOZES}
    priorities = {name: words(f"priority.{name}", language) for name in PRIORITIES}
    second = actions(
        menu("move", words("menu.move", language), others) if others else None,
        menu("priority", words("menu.priority", language), priorities),
        menu("snooze", words("menu.snooze", language), snoozes),
    )
    return [first, second]


def _has_contacts(view: TicketView) -> bool:
    customer = view.customer
    return bool(customer.email or customer.phone or customer.address)


def _more(language: Language, *, settled: bool) -> Block:
    names = ["profile", "correct_intent", "correct_need"]
    if not settled:
        names += ["macros", "merge"]
    return overflow("more", [(name, words(f"more.{name}", language)) for name in names])


def _small_print(view: TicketView, language: Language) -> list[Block]:
    if not view.undelivered:
        return []
    return [context(f"⚠️ {words('card.undelivered', language, count=view.undelivered)}")]

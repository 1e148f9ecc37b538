"""The desk's dialogs. Pure.

`private_metadata` holds ids and nothing else; whoever sends a dialog off is looked up again, and so
is the ticket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from bot.desk.cards import PRIORITIES, order_state, state_of, tier_name
from bot.desk.drawn import context, option, section, stars
from bot.desk.words import words
from bot.slack.mrkdwn import cut, escape, plain, rich_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.desk.views import MacroChoice, Profile, TicketView
    from bot.slack.mrkdwn import Block
    from crm_store.records import Customer, Message
    from nlp.understanding import Language

TITLE = 24
LONGEST_REPLY = 3000
"""Characters that Slack's input takes."""

MOST_OPTIONS = 100
"""Entries of a menu that Slack takes."""

RECENT = 4
MOST_LISTED = 8

REPLY, MACROS, INTENT, NEED, MERGE, TICKET = (
    *("reply", "macros", "correct_intent", "correct_need", "merge", "create_ticket"),
)
"""The callback ids of dialogs that are sent off."""

OUT_OF_SCOPE = "out_of_scope"


class About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a dialog is about; a hint, like everything that comes back from Slack."""

    ticket: int = 0
    suggestion: str = ""
    channel: str = ""
    ts: str = ""


def about_of(private_metadata: str) -> About:
    """Read what a dialog is about; nothing at all when it was tampered with."""
    try:
        found = orjson.loads(private_metadata)
        return About(
            ticket=int(found.get("ticket", 0)),
            suggestion=str(found.get("suggestion", "")),
            channel=str(found.get("channel", "")),
            ts=str(found.get("ts", "")),
        )
    except (ValueError, TypeError, AttributeError):
        return About()


def reply(
    number: int,
    recent: Sequence[Message],
    language: Language,
    *,
    text: str = "",
    suggestion: str = "",
) -> Block:
    """Return the dialog in which an agent writes to the customer."""
    blocks: list[Block] = []
    if recent:
        blocks.append(context(f"*{words('dialog.reply.last', language)}*"))
        blocks += [rich_text(cut(message.text, 600), quote=True) for message in recent[-RECENT:]]
    blocks.append(
        _input(
            "text",
            words("dialog.reply.text", language),
            {
                "type": "plain_text_input",
                "multiline": True,
                "max_length": LONGEST_REPLY,
                "focus_on_load": True,
                **({"initial_value": cut(text, LONGEST_REPLY)} if text else {}),
            },
        )
    )
    about = About(ticket=number, suggestion=suggestion)
    title = words("dialog.reply", language, ticket=number)
    return _form(REPLY, title, "dialog.send", about, blocks, language)


def macros(number: int, choices: Sequence[MacroChoice], language: Language) -> Block:
    """Return the dialog in which a macro is chosen; each shows what the customer would read."""
    options = [
        {
            **option(choice.name, choice.label),
            "description": plain(cut(choice.preview.replace("\n", " "), 75), 75),
        }
        for choice in choices[:MOST_OPTIONS]
    ]
    which: Block = {"type": "static_select", "options": options}
    title = words("dialog.macros", language)
    if not choices:
        # Slack refuses a menu with nothing in it.
        return _page(title, [section(words("profile.none", language))], language)
    blocks = [_input("macro", words("dialog.macros.which", language), which)]
    return _form(MACROS, title, "dialog.send", About(ticket=number), blocks, language)


def correct_intent(view: TicketView, intents: Mapping[str, str], language: Language) -> Block:
    """Return the dialog that says what the customer really wanted; likely ones come first."""
    likely = [each.name for each in view.intents if each.name in intents]
    names = [*likely, *(name for name in intents if name not in likely)][: MOST_OPTIONS - 1]
    options = [option(name, intents[name]) for name in names]
    options.append(option(OUT_OF_SCOPE, words("dialog.intent.none", language)))
    which: Block = {"type": "static_select", "options": options}
    blocks: list[Block] = []
    if view.opening is not None:
        blocks.append(rich_text(cut(view.opening.text, 600), quote=True))
    blocks.append(_input("intent", words("dialog.intent.which", language), which))
    about, title = About(ticket=view.ticket.number), words("dialog.intent", language)
    return _form(INTENT, title, "dialog.save", about, blocks, language)


def correct_need(view: TicketView, needs: Mapping[str, str], language: Language) -> Block:
    """Return the dialog that says what the matter really is about."""
    options = _options(needs)
    which: Block = {"type": "static_select", "options": options}
    if view.ticket.need in needs:
        which["initial_option"] = option(str(view.ticket.need), needs[str(view.ticket.need)])
    blocks = [_input("need", words("dialog.need.which", language), which)]
    about, title = About(ticket=view.ticket.number), words("dialog.need", language)
    return _form(NEED, title, "dialog.save", about, blocks, language)


def merge(number: int, language: Language) -> Block:
    """Return the dialog that names the ticket that stays."""
    which: Block = {"type": "plain_text_input", "max_length": 20}
    blocks = [_input("into", words("dialog.merge.into", language), which)]
    title = words("dialog.merge", language, ticket=number)
    return _form(MERGE, title, "dialog.save", About(ticket=number), blocks, language)


def create_ticket(about: About, text: str, queues: Mapping[str, str], language: Language) -> Block:
    """Return the dialog that makes a ticket of a message."""
    which: Block = {"type": "static_select", "options": _options(queues)}
    urgency: Block = {
        "type": "static_select",
        "options": [option(name, words(f"priority.{name}", language)) for name in PRIORITIES],
        "initial_option": option("normal", words("priority.normal", language)),
    }
    subject: Block = {"type": "plain_text_input", "max_length": 150}
    if text:
        subject["initial_value"] = cut(text.replace("\n", " "), 150)
    blocks = [
        _input("subject", words("dialog.ticket.subject", language), subject),
        _input("queue", words("dialog.ticket.queue", language), which),
        _input("priority", words("dialog.ticket.priority", language), urgency),
    ]
    return _form(TICKET, words("dialog.ticket", language), "dialog.save", about, blocks, language)


def profile(found: Profile) -> Block:
    """Return who a customer is, contacts masked."""
    language, customer = found.language, found.customer
    none = words("profile.none", language)
    name = escape(customer.name) if customer.name else words("card.stranger", language)
    proven = words("card.verified" if found.verified else "card.unverified", language)
    orders = [
        f"{escape(o.number)} · {escape(order_state(o, language))} · "
        f"{escape(o.total)} {escape(o.currency)}"
        for o in found.orders[:MOST_LISTED]
    ]
    orders += _more(len(found.orders), language)
    tickets = [
        f"T-{t.number} · {state_of(t, language)}" + (f" · {stars(t.rating)}" if t.rating else "")
        for t in found.tickets[:MOST_LISTED]
    ]
    tickets += _more(len(found.tickets), language)
    parts = [
        ("profile.orders", "\n".join(orders)),
        ("profile.tickets", "\n".join(tickets)),
        ("profile.spend", escape(found.spend)),
        ("profile.needs", words("list.comma", language).join(map(escape, found.needs))),
    ]
    blocks = [
        section(f"*{cut(name, 200)}*\n{proven} · {escape(tier_name(customer.tier, language))}")
    ]
    blocks += [
        section(f"*{words(key, language)}*\n{cut(text, 2500) or none}") for key, text in parts
    ]
    return _page(words("dialog.profile", language), blocks, language)


def revealed(customer: Customer, language: Language) -> Block:
    """Return a customer's contacts in clear; that somebody looked is noted by then."""
    lines = [customer.name, customer.email, customer.phone, customer.address]
    text = "\n".join(escape(each) for each in lines if each) or words("profile.none", language)
    blocks = [section(cut(text, 2500)), context(words("dialog.reveal.noted", language))]
    return _page(words("dialog.reveal", language), blocks, language)


def _more(count: int, language: Language) -> list[str]:
    """Return the line that says how many more there are, if any."""
    left = count - MOST_LISTED
    return [f"… {words('card.more_orders', language, count=left)}"] if left > 0 else []


def _options(entries: Mapping[str, str]) -> list[Block]:
    return [option(*each) for each in list(entries.items())[:MOST_OPTIONS]]


def _page(title: str, blocks: list[Block], language: Language) -> Block:
    return {
        "type": "modal",
        "title": plain(title, TITLE),
        "close": plain(words("dialog.close", language), TITLE),
        "blocks": blocks,
    }


def _form(
    callback_id: str,
    title: str,
    submit: str,
    about: About,
    blocks: list[Block],
    language: Language,
) -> Block:
    return {
        **_page(title, blocks, language),
        "callback_id": callback_id,
        "submit": plain(words(submit, language), TITLE),
        "private_metadata": _metadata(about),
    }


def _metadata(about: About) -> str:
    found: dict[str, Any] = {
        name: value for name in About.__struct_fields__ if (value := getattr(about, name))
    }
    return orjson.dumps(found).decode()


def _input(name: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label, 2000),
        "element": {**element, "action_id": name},
    }

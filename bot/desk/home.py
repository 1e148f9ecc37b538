"""The home page of an agent, and what /frontdesk answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk.cards import state_of, subject_of
from bot.desk.drawn import Drawn, button, context, menu, option, section, when
from bot.desk.words import has_words, words
from bot.slack.mrkdwn import cut, escape, link, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.desk.views import HomeView
    from bot.slack.mrkdwn import Block
    from crm_store.records import Ticket
    from crm_store.tickets import QueueHealth
    from nlp.understanding import Language

MOST_TICKETS = 30
CAPACITIES = frozenset({1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30})
DIVIDER: Block = {"type": "divider"}


def home(view: HomeView, language: Language) -> Block:
    """Return an agent's home page."""
    count = len(view.tickets)
    away = view.agent.away
    blocks: list[Block] = [
        {"type": "header", "text": plain(words("home.title", language), 150)},
        section(
            words("home.away" if away else "home.here", language),
            button(
                "away",
                words("home.come_back" if away else "home.go_away", language),
                "off" if away else "on",
                "primary" if away else None,
            ),
        ),
        DIVIDER,
        section(
            f"*{words('home.mine', language, count=count, capacity=view.capacity)}*",
            _capacity(view.capacity, language),
        ),
    ]
    blocks += [
        section(ticket_line(ticket, language, view.links.get(ticket.number)))
        for ticket in view.tickets[:MOST_TICKETS]
    ] or [context(words("home.nothing", language))]
    left = count - MOST_TICKETS
    if left > 0:
        blocks.append(context(f"… {words('card.more_orders', language, count=left)}"))
    blocks += [DIVIDER, section(f"*{words('home.queues', language)}*")]
    blocks += [section(queue_line(label, health, language)) for label, health in view.queues[:20]]
    if view.given_up:
        shown = "\n".join(escape(cut(each, 150)) for each in view.given_up[:8])
        blocks += [DIVIDER, section(f"⚠️ *{words('home.given_up', language)}*\n{cut(shown, 2800)}")]
    return {"type": "home", "blocks": blocks}


def _capacity(capacity: int, language: Language) -> Block:
    """Return the menu in which an agent says how much they take on."""
    choices = {str(n): words("home.capacity", language, count=n) for n in CAPACITIES | {capacity}}
    choices = dict(sorted(choices.items(), key=lambda each: int(each[0])))
    chosen = option(str(capacity), choices[str(capacity)])
    entries = menu("capacity", words("dialog.capacity", language), choices)
    return {**entries, "initial_option": chosen}


def stranger(language: Language) -> Block:
    """Return the home page of somebody who does not work at the desk."""
    return {"type": "home", "blocks": [section(words("home.stranger", language))]}


def ticket_line(ticket: Ticket, language: Language, url: str | None = None) -> str:
    """Return a ticket in one line of mrkdwn, with its clock below."""
    key = f"priority.{ticket.priority}"
    text = words(
        "ticket.line",
        language,
        ticket=ticket.number,
        subject=escape(cut(subject_of(ticket, language), 120)),
        state=state_of(ticket, language),
        priority=words(key, language) if has_words(key, language) else escape(ticket.priority),
    )
    if ticket.reply_due is not None:
        text += f" · {words('card.due', language, time=when(ticket.reply_due))}"
    return text if url is None else f"{text}  {link(url, words('home.open', language))}"


def queue_line(label: str, health: QueueHealth, language: Language) -> str:
    """Return how a queue stands, in one line of mrkdwn."""
    text = words(
        "home.queue",
        language,
        queue=escape(cut(label, 80)),
        waiting=health.waiting,
        taken=health.taken,
    )
    if health.overdue:
        text += words("home.queue.overdue", language, overdue=health.overdue)
    if health.oldest is not None:
        text += words("home.queue.oldest", language, time=when(health.oldest))
    return text


def answer(title: str, lines: Sequence[str]) -> Drawn:
    """Return an answer to /frontdesk: a title, and lines of our own words."""
    blocks = [section(f"*{title}*" if lines else title)]
    blocks += [section(cut(each, 2900)) for each in lines[:20]]
    return Drawn(text=title, blocks=blocks)


def tickets_answer(
    title: str, tickets: Sequence[Ticket], language: Language, urls: Mapping[int, str]
) -> Drawn:
    """Return tickets as an answer to /frontdesk."""
    return answer(title, [ticket_line(each, language, urls.get(each.number)) for each in tickets])

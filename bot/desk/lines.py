"""What stands under a card: the customer's lines, the bot's, what was sent, and notices. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.desk.drawn import Drawn, actions, button, context, section, when
from bot.desk.drawn import stars as drawn_stars
from bot.desk.lanes import typed_at
from bot.desk.words import words
from bot.slack.mrkdwn import clean, cut, escape, link
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.desk.views import TicketView
    from bot.slack.mrkdwn import Block
    from crm_store.desk_records import Suggestion
    from crm_store.records import Message
    from nlp.understanding import Language

LONGEST_DRAFT = 2500
LONGEST_TITLE = 100
MOST_IN_POST = 8000
"""Characters of messages in a post. Slack refuses a little more than 13,000 in all, and the names
of writers and files come on top."""

LEAST = 20
"""Characters that are left of a message among ever so many."""
LONGEST_RECAP_LINE = 600
MOST_IN_RECAP = 20
"""Messages, the latest; a post holds no more."""

LONGEST_NAMES = 120
"""Characters of the names of a message's files."""


def line(messages: Sequence[Message], customer: str | None, language: Language) -> Drawn:
    """Return messages that follow each other, as one post."""
    elements: list[Block] = []
    share = _share(messages)
    for message in messages:
        if elements:
            elements.append(_text("\n\n"))
        elements += _said(message, customer, language, cut(clean(message.text), share))
    blocks: list[Block] = [{"type": "rich_text", "elements": [_section(elements)]}]
    text = escape(cut(_in_short(messages[0], customer, language), 300))
    return Drawn(text=text, blocks=blocks)


def recap(messages: Sequence[Message], customer: str | None, language: Language) -> Drawn:
    """Return what was said before the hand-over."""
    title = words("line.before", language)
    if not messages:
        return Drawn(text=title, blocks=[context(words("line.none", language))])
    shown = messages[-MOST_IN_RECAP:]
    elements: list[Block] = []
    if len(shown) < len(messages):
        left = len(messages) - len(shown)
        elements.append(_text(f"… {words('card.more_orders', language, count=left)}", italic=True))
    share = min(LONGEST_RECAP_LINE, _share(shown))
    for message in shown:
        if elements:
            elements.append(_text("\n"))
        elements += _said(message, customer, language, cut(clean(message.text), share))
    return Drawn(
        text=title,
        blocks=[context(f"*{title}*"), {"type": "rich_text", "elements": [_section(elements)]}],
    )


def notice(key: str, language: Language, **values: str | float) -> Drawn:
    """Return something that happened, in the desk's own words.

    Times come as seconds since 1970, scores as numbers; whatever else is a text is escaped.
    """
    # A time that nobody knows any more must not keep the notice from being read.
    shown: dict[str, object] = {"due": "…"}
    for name, value in values.items():
        if name == "due":
            shown[name] = when(datetime.fromtimestamp(float(value), UTC))
        elif name == "stars":
            shown[name] = drawn_stars(int(value))
        else:
            shown[name] = escape(cut(str(value), 500))
    text = words(key, language, **shown)
    return Drawn(text=text, blocks=[context(text)])


def escalation(view: TicketView, due: float | None, url: str | None, language: Language) -> Drawn:
    """Return the call for help with a ticket: whose it is, where, and the way there."""
    customer = view.customer.name or words("card.stranger", language)
    if view.assignee is None:
        whose = words("card.nobody", language)
    else:
        whose = words("card.assignee", language, agent=view.assignee.name)
    told: dict[str, str | float] = {
        "ticket": view.ticket.number,
        "customer": cut(clean(customer), LONGEST_TITLE),
        "queue": cut(clean(view.queue_label), LONGEST_TITLE),
        "whose": cut(clean(whose), LONGEST_TITLE),
    }
    if due is not None:
        told["due"] = due
    drawn = notice("notice.escalated", language, **told)
    if url is None:
        return drawn
    way = link(url, words("home.open", language))
    return Drawn(text=drawn.text, blocks=[section(f"{drawn.text}  {way}")])


def suggestions(items: Sequence[tuple[Suggestion, str]], language: Language) -> Drawn:
    """Return drafts for one agent, each with what it is called and the buttons that send it."""
    title = words("drafts.title", language)
    blocks: list[Block] = [context(title)]
    for item, name in items:
        kind = words(f"drafts.{item.kind}", language)
        if name:
            called = escape(cut(clean(name), LONGEST_TITLE))
            kind = words("card.named.one", language, name=kind, value=called)
        blocks += [
            context(f"*{kind}*"),
            {"type": "rich_text", "elements": [_section([_text(cut(item.text, LONGEST_DRAFT))])]},
            {
                **actions(
                    button("send_suggestion", words("button.send", language), item.id, "primary"),
                    button("edit_suggestion", words("button.edit", language), item.id),
                ),
                "block_id": item.id,
            },
        ]
    return Drawn(text=title, blocks=blocks)


def sent_suggestion(item: Suggestion, language: Language) -> Drawn:
    """Return what stands in the place of drafts once one of them was sent."""
    title = words("drafts.sent", language)
    said = _section([_text(cut(item.text, LONGEST_DRAFT))])
    return Drawn(
        text=title, blocks=[context(f"✔ {title}"), {"type": "rich_text", "elements": [said]}]
    )


def held(text: str, seconds: int, client_id: str, language: Language) -> Drawn:
    """Return a reply that goes out in a moment, with the button that stops it."""
    title = words("held.title", language, seconds=seconds)
    return Drawn(
        text=title,
        blocks=[
            section(title),
            {"type": "rich_text", "elements": [_section([_text(cut(text, LONGEST_DRAFT))])]},
            actions(button("undo", words("button.undo", language), client_id, "danger")),
        ],
    )


def _said(message: Message, customer: str | None, language: Language, text: str) -> list[Block]:
    if _is_withdrawal(message):
        return [_text(_withdrawn(message, language), italic=True)]
    who = _text(f"{_who(message, customer, language)}  ", bold=True)
    said = [who, _text(clean(text) or " ", italic=message.author is AuthorKind.BOT)]
    if message.files:
        said.append(_text("\n" + _files(message, language)))
    return said


def _in_short(message: Message, customer: str | None, language: Language) -> str:
    """Return what notifications, and readers of screens, say of a message."""
    if _is_withdrawal(message):
        return _withdrawn(message, language)
    said = clean(message.text).strip() or (_files(message, language) if message.files else "")
    return words("line.short", language, who=_who(message, customer, language), text=said)


def _is_withdrawal(message: Message) -> bool:
    return message.replaces is not None and message.author is AuthorKind.SYSTEM


def _withdrawn(message: Message, language: Language) -> str:
    """Return that a message was taken back; what an agent typed is known by where that was."""
    by_agent = typed_at(message.client_id or "") is not None
    return words("line.reply_withdrawn" if by_agent else "line.withdrawn", language)


def _files(message: Message, language: Language) -> str:
    comma = words("list.comma", language)
    names = comma.join(clean(file.name) for file in message.files)
    return words("line.files", language, files=cut(names, LONGEST_NAMES))


def _who(message: Message, customer: str | None, language: Language) -> str:
    match message.author:
        case AuthorKind.CUSTOMER:
            who = cut(clean(customer), 80) if customer else words("line.customer", language)
        case AuthorKind.BOT:
            who = words("line.bot", language)
        case _:
            who = words("line.sent", language, agent=cut(clean(message.author_name or ""), 80))
    return words("line.edited", language, who=who) if message.replaces is not None else who


def _share(messages: Sequence[Message]) -> int:
    """Return how many characters of each message fit into one post."""
    if sum(len(message.text) for message in messages) <= MOST_IN_POST:
        return MOST_IN_POST
    return max(LEAST, MOST_IN_POST // len(messages))


def _section(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _text(text: str, *, bold: bool = False, italic: bool = False) -> Block:
    # Slack refuses an empty text; a reply may consist of files alone.
    block: Block = {"type": "text", "text": clean(text) or " "}
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    return {**block, "style": style} if style else block

"""What clients are told of things, field by field: statuses, messages and what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.messages import Status
    from crm_store.records import Card, Choice, File, Form, Message

PICTURES = "/chat/pictures/"
"""Where the pictures of agents are."""


def status_body(status: Status) -> dict[str, Any]:
    """Return the fields of a status, for frames that carry one."""
    return {
        "owner": status.owner,
        "position": status.position,
        "wait_s": status.wait_s,
        "agent": None if status.agent is None else _agent(status.agent, status.agent_picture),
        "ticket": status.ticket,
    }


def _agent(name: str, picture: str | None) -> dict[str, Any]:
    return {"name": name, "picture": None if picture is None else f"{PICTURES}{picture}"}


def file_body(file: File) -> dict[str, Any]:
    """Return what a client is told of a file."""
    return {"id": file.id, "name": file.name, "type": file.media_type, "size": file.size}


def card_body(card: Card) -> dict[str, Any]:
    """Return what a client is told of a card."""
    return {
        "kind": card.kind,
        "title": card.title,
        "badge": card.badge,
        "lines": card.lines,
        "note": card.note,
        "picture": card.picture,
        "url": card.url,
        "value": card.value,
    }


def form_body(form: Form) -> dict[str, Any]:
    """Return what a client is told of a form; `orders` only where there are any."""
    if not form.orders:
        return {"kind": form.kind}
    return {"kind": form.kind, "orders": [_choice(order) for order in form.orders]}


def _choice(choice: Choice) -> dict[str, Any]:
    return {"label": choice.label, "value": choice.value}


def message_body(message: Message) -> dict[str, Any]:
    """Return the fields of a message; those that only some have, only where they do."""
    body: dict[str, Any] = {
        "seq": message.seq,
        "author": {"kind": message.author, "name": message.author_name},
        "text": message.text,
        "choices": [_choice(choice) for choice in message.choices],
        "at": message.at,
        "reply_to": message.reply_to,
    }
    if message.client_id is not None and message.author == "customer":
        # So that the tab that sent it, and those that watch its queue, know it again.
        body["id"] = message.client_id
    if message.replaces is not None:
        body["replaces"] = message.replaces
    if message.files:
        body["files"] = [file_body(file) for file in message.files]
    if message.cards:
        body["cards"] = [card_body(card) for card in message.cards]
    if message.form is not None:
        body["form"] = form_body(message.form)
    return body

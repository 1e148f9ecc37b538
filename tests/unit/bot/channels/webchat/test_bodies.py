"""What clients are told of messages: fields that only some have stand only where they do."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.channels.webchat.bodies import message_body, status_body
from bot.messages import Status
from crm_store.records import AuthorKind, Card, Choice, File, Form, Message

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PLAIN = Message(
    conversation_id="c", seq=3, author=AuthorKind.BOT, author_name="Oak", text="Hello", at=AT
)


def a_message(**more: object) -> Message:
    known = {name: getattr(PLAIN, name) for name in PLAIN.__struct_fields__}
    return Message(**known | more)


def test_a_plain_message_has_the_fields_of_the_contract_and_no_others() -> None:
    assert message_body(PLAIN) == {
        "seq": 3,
        "author": {"kind": "bot", "name": "Oak"},
        "text": "Hello",
        "choices": [],
        "at": AT,
        "reply_to": None,
    }


def test_a_card_has_all_its_fields_and_what_it_lacks_is_null() -> None:
    body = message_body(a_message(cards=(Card(kind="order", title="Order 1"),)))
    assert body["cards"] == [
        {
            "kind": "order",
            "title": "Order 1",
            "badge": None,
            "lines": (),
            "note": None,
            "picture": None,
            "url": None,
            "value": None,
        }
    ]


def test_a_form_names_orders_only_where_there_are_any() -> None:
    orders = (Choice(label="Order 1", value="1"),)
    assert message_body(a_message(form=Form(kind="when")))["form"] == {"kind": "when"}
    assert message_body(a_message(form=Form(kind="order", orders=orders)))["form"] == {
        "kind": "order",
        "orders": [{"label": "Order 1", "value": "1"}],
    }


def test_files_and_edits_are_told() -> None:
    file = File(id="f", name="a.png", media_type="image/png", size=7)
    body = message_body(a_message(files=(file,), replaces=2))
    assert body["files"] == [{"id": "f", "name": "a.png", "type": "image/png", "size": 7}]
    assert body["replaces"] == 2


def test_an_agents_picture_is_a_path_of_ours() -> None:
    assert status_body(Status(owner="bot"))["agent"] is None
    cleo = Status(owner="agent", agent="Cleo")
    assert status_body(cleo)["agent"] == {"name": "Cleo", "picture": None}
    seen = Status(owner="agent", agent="Cleo", agent_picture="ab" * 32)
    assert status_body(seen)["agent"]["picture"] == "/chat/pictures/" + "ab" * 32

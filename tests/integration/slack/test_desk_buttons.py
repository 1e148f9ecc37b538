"""What agents press and choose on a card, what they send off in dialogs, and who may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import Owner, TicketState
from tests.fake_slack import FakeSlack, faults, live, readable
from tests.integration.slack.shift import CLEO, DAN, EVE, GUS, Shift, eventually, from_agent, shift
from tests.integration.slack.workplace import Card, furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


def told(at_work: Shift, user: str) -> str:
    """What somebody alone was told last."""
    return at_work.slack.ephemerals(user)[-1].readable


async def test_of_two_who_take_at_once_one_has_it_and_the_other_reads_who(at_work: Shift) -> None:
    tab, card = await at_work.waiting()
    await asyncio.gather(card.press(CLEO, "take"), card.press(DAN, "take"))
    ticket = await eventually(lambda: _assigned(at_work, card))
    loser, winner = (DAN, "Cleo") if ticket.assignee.endswith(CLEO) else (CLEO, "丹丹")
    assert winner in await until(lambda: told(at_work, loser))
    assert winner in (await tab.get("message"))["text"]
    await at_work.idle()
    joined = [m for m in await at_work.said(card) if winner in m.text]
    assert len(joined) == 1


async def _assigned(at_work: Shift, card: Card) -> Any:
    ticket = await at_work.ticket(card)
    return ticket if ticket.assignee else None


async def test_taking_over_is_a_button_of_its_own(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    with pytest.raises(KeyError):
        card.line.element("take")
    await card.press(DAN, "take_over")
    assert "丹丹" in (await tab.get("message"))["text"]
    # The card is in the language of whoever has the ticket.
    await until(lambda: "丹丹" in card.text and "接管" in str(card.line.blocks))


async def test_handing_back_leaves_it_to_the_bot_which_answers_again(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await card.press(CLEO, "hand_back")
    assert await tab.get("message")
    await at_work.becomes(card, state=TicketState.PENDING, assignee=None)
    assert (await tab.say("hello"))["author"]["kind"] == "bot"
    await until(lambda: "With the bot" in card.text)


async def test_a_priority_moves_the_clock(at_work: Shift) -> None:
    _, card = await at_work.waiting()
    before = await at_work.ticket(card)
    await card.press(CLEO, "priority", option="urgent")
    after = await at_work.becomes(card, priority="urgent")
    assert after.reply_due < before.reply_due
    await until(lambda: "🚨 " in card.text)


async def test_a_snoozed_ticket_wakes_by_itself_and_says_so(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await card.press(CLEO, "snooze", option="2h")
    await at_work.becomes(card, state=TicketState.PENDING)
    await until(lambda: "Snoozed until" in card.text)
    at_work.clock.advance(hours=2, minutes=1)
    await at_work.becomes(card, state=TicketState.OPEN)
    await until(lambda: any("snoozed until now" in line.readable for line in card.thread))
    assert "is back" in (await until(lambda: _direct(at_work, CLEO)))[-1].readable


def _direct(at_work: Shift, user: str) -> Any:
    """What the bot wrote to somebody alone."""
    channel = at_work.slack.workspace.direct([user])
    return [line for line in at_work.slack.transcript(channel.id) if line.bot]


async def test_a_ticket_moves_to_another_channel_with_what_was_said(at_work: Shift) -> None:
    tab, card = await at_work.waiting("my lamp is broken, I want to talk to a human")
    await card.say(CLEO, "!I look into it")
    await tab.get("message")
    await card.press(CLEO, "move", option="billing")
    there = await at_work.card("C_BILLING")
    await until(lambda: "has moved" in card.text)
    assert there.ts in str(card.line.blocks).replace(".", "") or "archives/C_BILLING" in str(
        card.line.blocks
    )
    recap = await until(lambda: there.thread[0].readable)
    assert "my lamp is broken" in recap
    assert "I look into it" in recap
    await tab.send(type="message", id="m1", text="thank you so far")
    await until(lambda: any("thank you so far" in line.readable for line in there.thread))
    assert not any("thank you so far" in line.readable for line in card.thread)
    # The old thread still knows its ticket; what is sent there is to be read in the new one.
    ts = await card.say(DAN, "!Billing here")
    assert "Billing here" in (await from_agent(tab))["text"]
    await until(lambda: any("Billing here" in line.readable for line in there.thread))
    await at_work.slack.edit(card.channel, ts, "!Billing speaks")
    assert "Billing speaks" in (await from_agent(tab))["text"]
    await until(lambda: any("Billing speaks" in line.readable for line in there.thread))
    await at_work.slack.delete(card.channel, ts)
    await until(lambda: there.thread[-1].text == "一条发给客户的回复已撤回。")
    here = await there.say(DAN, "!And this from here")
    assert "And this" in (await from_agent(tab))["text"]
    await at_work.idle()
    assert [line.ts for line in there.thread if "And this" in line.readable] == [here]


async def test_a_ticket_that_comes_back_knows_which_of_its_threads_was_typed_in(
    at_work: Shift,
) -> None:
    tab, old = await at_work.taken()
    await old.press(CLEO, "move", option="billing")
    away = await at_work.card("C_BILLING")
    await away.press(CLEO, "move", option="general")
    await until(lambda: "has moved" in away.text)
    new = await until(lambda: _another(at_work, old))
    await at_work.becomes(new, queue="general")
    typed = await new.say(CLEO, "!typed in the new one")
    assert "new" in (await from_agent(tab))["text"]
    await old.say(CLEO, "!typed in the old one")
    assert "old" in (await from_agent(tab))["text"]
    await until(lambda: any("typed in the old one" in line.readable for line in new.thread))
    await at_work.idle()
    assert [line.ts for line in new.thread if "the new one" in line.readable] == [typed]


def _another(at_work: Shift, card: Card) -> Card | None:
    """The other card in a card's channel."""
    lines = [line for line in at_work.slack.transcript(card.channel) if line.bot]
    return next((Card(at_work.slack, card.channel, x.ts) for x in lines if x.ts != card.ts), None)


async def test_a_settled_ticket_is_rated_and_can_be_opened_again(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await card.press(CLEO, "resolve")
    asked = await tab.get("message")
    assert [choice["value"] for choice in asked["choices"]] == [
        f"rate:{score}" for score in (5, 4, 3, 2, 1)
    ]
    await tab.send(type="choose", id="r0", seq=asked["seq"], value="rate:4")
    await until(lambda: "★★★★☆" in card.text)
    await until(lambda: any("★★★★☆" in line.readable for line in card.thread))
    await tab.send(type="rate", id="r1", score=2, comment="<!channel> too slow")
    notice = await until(lambda: next(line for line in card.thread if "too slow" in line.readable))
    assert "“<!channel> too slow”" in notice.readable
    assert live(notice) == []
    await card.press(DAN, "reopen")
    ticket = await at_work.becomes(card, state=TicketState.OPEN)
    assert ticket.assignee.endswith(DAN)


async def test_a_merged_ticket_says_where_it_goes_on(at_work: Shift) -> None:
    # A customer in Slack who asks in two places has two matters.
    cards, threads = [], []
    for place in (1, 2):
        at_work.slack.add_channel(f"C_TALK{place}", name=f"talk{place}", members=["U_ADA"])
        asked = f"<@{at_work.slack.bot_user}> talk to a human"
        threads.append(await at_work.slack.say(f"C_TALK{place}", "U_ADA", asked))
        await until(lambda place=place: len(_cards(at_work)) == place)
        cards.append(_cards(at_work)[-1])
    first, second = [await at_work.ticket(card) for card in cards]
    await cards[0].press(CLEO, "more", option="merge")
    await until(lambda: at_work.slack.view_of(CLEO))
    await at_work.slack.submit(CLEO, {"into": f"T-{second.number}"})
    await at_work.becomes(cards[0], merged_into=second.number, state=TicketState.SOLVED)
    await until(lambda: "T-1002" in str(at_work.slack.transcript("C_TALK1", threads[0])))
    wanted = f"T-{first.number} goes on as T-{second.number}"
    await until(lambda: any(wanted in line.readable for line in cards[0].thread))
    await until(lambda: f"Merged into T-{second.number}" in cards[0].text)


def _cards(at_work: Shift) -> list[Card]:
    lines = [line for line in at_work.slack.transcript("C_GENERAL") if line.bot]
    return [Card(at_work.slack, "C_GENERAL", line.ts) for line in lines]


async def test_a_ticket_is_not_merged_into_itself_or_what_is_settled_or_not_there(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    await card.press(CLEO, "resolve")
    await at_work.becomes(card, state=TicketState.SOLVED)
    await tab.say("talk to a human")
    second = await until(lambda: _other(at_work, card))
    await second.press(CLEO, "take")
    await at_work.becomes(second, state=TicketState.OPEN)
    number, other = (await at_work.ticket(card)).number, (await at_work.ticket(second)).number
    for wrong in (f"T-{number}", f"T-{other}", "T-99999999", "none"):
        await second.press(CLEO, "more", option="merge")
        await until(lambda: at_work.slack.view_of(CLEO))
        answer = await at_work.slack.submit(CLEO, {"into": wrong})
        assert answer.payload["response_action"] == "errors"
        assert answer.payload["errors"]["into"]
    assert (await at_work.ticket(second)).merged_into is None


def _other(at_work: Shift, card: Card) -> Card:
    lines = [line for line in at_work.slack.transcript(card.channel) if line.bot]
    return next(Card(at_work.slack, card.channel, each.ts) for each in lines if each.ts != card.ts)


async def test_what_the_bot_should_have_understood_is_recorded(at_work: Shift) -> None:
    _, card = await at_work.waiting("my parcel never came, talk to a human")
    await card.press(DAN, "more", option="correct_intent")
    view = await until(lambda: at_work.slack.view_of(DAN))
    assert readable(view["title"]) == "更正意图"
    await at_work.slack.submit(DAN, {"intent": "track_order"})
    found = await eventually(at_work.store.corrections.latest)
    assert (found[0].intent, found[0].by, found[0].text) == (
        "track_order",
        "丹丹",
        "my parcel never came, talk to a human",
    )
    thought = (await at_work.ticket(card)).need
    need = next(name for name in at_work.service._playbook.settings.needs if name != thought)
    await card.press(CLEO, "more", option="correct_need")
    await until(lambda: at_work.slack.view_of(CLEO))
    await at_work.slack.submit(CLEO, {"need": need})
    await at_work.becomes(card, need=need)
    assert (await at_work.store.corrections.latest())[0].need == need
    label = at_work.service._playbook.settings.needs[need].label["en"]
    await until(lambda: label in card.text)


async def test_a_macro_is_said_in_the_customers_language(at_work: Shift) -> None:
    tab, card = await at_work.waiting("转人工", locale="zh-CN")
    for time in ("first", "second"):
        await card.press(CLEO, "more", option="macros")
        view = await until(lambda: at_work.slack.view_of(CLEO))
        assert "Say hello" in str(view), time
        await at_work.slack.submit(CLEO, {"macro": "hello"})
        said = await from_agent(tab)
        assert said["text"].startswith("您好")
        assert "Cleo" in said["text"]
    assert (await at_work.ticket(card)).assignee.endswith(CLEO)


async def test_a_reply_dialog_shows_the_last_words_and_sends(at_work: Shift) -> None:
    tab, card = await at_work.waiting("<!channel> talk to a human")
    await card.press(CLEO, "reply")
    view = await until(lambda: at_work.slack.view_of(CLEO))
    assert "<!channel> talk to a human" in readable(view["blocks"])
    assert live({"blocks": view["blocks"]}) == []
    await at_work.slack.submit(CLEO, {"text": "I am <b>here</b> & well"})
    assert (await from_agent(tab))["text"] == "I am <b>here</b> & well"
    await until(lambda: any("I am <b>here</b>" in line.readable for line in card.thread))


async def test_contacts_are_masked_until_somebody_is_noted_to_look(at_work: Shift) -> None:
    identity = await _signed_in(at_work, "ada")
    tab, card = await at_work.waiting(identity=identity)
    ticket = await at_work.ticket(card)
    customer = await at_work.store.customers.get(ticket.customer_id)
    secrets = [customer.email, customer.phone, customer.address]
    assert all(secrets)
    await card.press(CLEO, "take")
    await until(lambda: "Cleo" in card.text)
    await card.press(CLEO, "more", option="profile")
    await until(lambda: at_work.slack.view_of(CLEO))
    shown = str([call.arguments for call in _posted(at_work)])
    assert not [secret for secret in secrets if secret in shown]
    assert await at_work.store.audit.of(f"customer:{customer.id}") == ()
    await card.press(DAN, "reveal")
    view = await until(lambda: at_work.slack.view_of(DAN))
    assert not [secret for secret in secrets if secret not in readable(view["blocks"])]
    rows = await at_work.store.audit.of(f"customer:{customer.id}")
    assert [(row["kind"], row["details"]["by"].partition(":")[2]) for row in rows] == [
        ("reveal", DAN)
    ]
    await tab.close()


async def _signed_in(at_work: Shift, name: str) -> str:
    response = await at_work.client.post("/demo/sign-in", json={"customer": name})
    return str((await response.json())["identity"])


def _posted(at_work: Shift) -> Any:
    return at_work.slack.calls


@pytest.mark.parametrize("user", [GUS, EVE])
async def test_whoever_is_no_agent_reads_why_and_nothing_changes(at_work: Shift, user: str) -> None:
    _, card = await at_work.waiting(identity=await _signed_in(at_work, "ada"))
    if user == EVE:
        # In the channel, but of another workspace.
        at_work.slack.workspace.users[EVE].stranger = True
        at_work.slack.workspace.users[EVE].team = "T0OTHER"
        await at_work.slack.join(EVE, card.channel)
    before = await at_work.ticket(card)
    for act, option in (
        *(("take", None), ("resolve", None), ("reveal", None), ("reply", None)),
        *(("move", "billing"), ("priority", "urgent"), ("snooze", "2h"), ("more", "macros")),
    ):
        count = len(at_work.slack.ephemerals(user))
        await card.press(user, act, option=option)
        await until(lambda count=count: len(at_work.slack.ephemerals(user)) > count)
    await card.say(user, "!I am no agent")
    await card.react(user, "white_check_mark")
    await at_work.idle()
    assert await at_work.ticket(card) == before
    assert not any("I am no agent" in m.text for m in await at_work.said(card))
    assert at_work.slack.view_of(user) is None
    assert "Guests" in told(at_work, user) or "other workspaces" in told(at_work, user)


async def test_tampered_values_change_nothing(at_work: Shift) -> None:
    _, card = await at_work.waiting()
    _, other = await at_work.waiting()
    await card.press(CLEO, "take", forged={"value": str((await at_work.ticket(other)).number)})
    await at_work.becomes(card, assignee=f"{at_work.slack.team.id}:{CLEO}")
    assert (await at_work.ticket(other)).assignee is None
    before = await at_work.ticket(card)
    for act, option, forged in (
        ("move", "billing", {"selected_option": {"value": "'; drop table tickets; --"}}),
        ("move", "billing", {"selected_option": {"value": "nowhere"}}),
        ("priority", "urgent", {"selected_option": {"value": "<!channel>"}}),
        ("snooze", "2h", {"selected_option": {"value": "1"}}),
        ("snooze", "2h", {"selected_option": {"value": "99999999999"}}),
        ("snooze", "2h", {"selected_option": None}),
        ("more", "macros", {"selected_option": {"value": "drop"}}),
        ("resolve", None, {"action_id": "resolve_everything"}),
    ):
        count = len(at_work.slack.ephemerals(CLEO))
        await card.press(CLEO, act, option=option, forged=forged)
        await until(lambda count=count: len(at_work.slack.ephemerals(CLEO)) > count)
        assert at_work.slack.ephemerals(CLEO)[-1].live == []
    assert await at_work.ticket(card) == before


@pytest.mark.parametrize(
    "metadata", ["", "{", "[]", '{"ticket": "x"}', '{"ticket": 99999999}', '{"ticket": -1}', "null"]
)
async def test_a_tampered_dialog_sends_nothing(at_work: Shift, metadata: str) -> None:
    _, card = await at_work.waiting()
    await card.press(CLEO, "reply")
    await until(lambda: at_work.slack.view_of(CLEO))
    await at_work.slack.submit(CLEO, {"text": "psst"}, forged={"private_metadata": metadata})
    assert (await until(lambda: _direct(at_work, CLEO)))[-1].live == []
    assert not any("psst" in m.text for m in await at_work.said(card))


async def test_a_dialog_that_comes_too_late_is_said_to_be_so(at_work: Shift) -> None:
    _, card = await at_work.waiting(identity=await _signed_in(at_work, "ada"))
    at_work.slack.tickets.trigger_life_s = -1.0
    for act, option in (("reply", None), ("more", "profile"), ("reveal", None)):
        count = len(at_work.slack.ephemerals(CLEO))
        await card.press(CLEO, act, option=option)
        await until(lambda count=count: len(at_work.slack.ephemerals(CLEO)) > count)
        assert "out of date" in told(at_work, CLEO)
    await at_work.idle()
    assert await at_work.store.inbox.parked() == 0


async def test_an_answer_that_gets_lost_undoes_nothing(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    at_work.slack.faults.on_call(faults.status(503), method="chat.postEphemeral", times=None)
    # Refused, as Cleo has it, and that cannot be told; then taken over.
    await card.press(DAN, "take_over", forged={"action_id": "take"})
    await card.press(DAN, "take_over")
    assert "丹丹" in (await tab.get("message"))["text"]
    await at_work.idle()
    assert await at_work.store.inbox.parked() == 0
    conversation = await at_work.store.conversations.get(
        (await at_work.ticket(card)).conversation_id
    )
    assert conversation.owner is Owner.AGENT

"""A site on which strangers have the bot alone: no way leads to a person, and each says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bot.golden import run_all
from bot.rehearsal import Rehearsal
from bot.settings.golden import Golden, GoldenFile
from bot.settings.model import WebChat
from bot.settings.strict_yaml import parse
from crm_store.records import Choice, Owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.playbook import Playbook
    from bot.rehearsal import Visitor

NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
"""A Tuesday morning in Shanghai: people are at work."""

SITES = {"default": {}, "help": {"anonymous": "bot_only"}, "members": {"anonymous": "deny"}}

REFUSAL = "sign_in_for_person"


@pytest.fixture(scope="session")
def guarded(playbook: Playbook) -> Playbook:
    """The shipped shop with such a site."""
    chat = WebChat.model_validate({"sites": SITES})
    general = playbook.settings.general.model_copy(update={"web_chat": chat})
    return replace(playbook, settings=replace(playbook.settings, general=general))


@pytest.fixture
async def rehearsal(guarded: Playbook) -> AsyncIterator[Rehearsal]:
    async with Rehearsal.open(guarded, lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def stranger(rehearsal: Rehearsal) -> Visitor:
    return await rehearsal.visitor(None, site="help")


WISHES = [
    "I want to talk to a human",
    "put me through to an agent please",
    "转人工",
    "我要找真人客服",
    "我要投诉你们的客服态度太差了",
]


@pytest.mark.parametrize("wish", WISHES)
async def test_a_wish_for_a_person_is_answered_with_the_way_to_one(
    stranger: Visitor, wish: str
) -> None:
    reaction = await stranger.say(wish)
    for _ in range(3):  # a complaint is asked for first
        if REFUSAL in reaction.answered.reply_keys:
            break
        reaction = await stranger.say("the courier shouted at me" if "want" in wish else "骂人")
    assert reaction.answered.reply_keys.count(REFUSAL) == 1
    assert reaction.recorded.ticket is None
    assert reaction.conversation.owner is Owner.BOT
    assert reaction.answered.ticket is None


async def test_the_reply_is_in_the_customers_language(stranger: Visitor) -> None:
    (english,) = (await stranger.say("I want to talk to a human")).messages
    (chinese,) = (await stranger.say("麻烦帮我转人工客服，谢谢")).messages
    assert "sign" in english.text
    assert "登录" in chinese.text


async def test_the_button_of_a_person_is_not_offered_and_pressed_all_the_same_opens_nothing(
    stranger: Visitor,
) -> None:
    for text in ("fhqwhgads", "zxcv qwer asdf", "blah blah zzz"):
        reaction = await stranger.say(text)
        assert "human" not in {choice.value for choice in stranger.choices}, text
    assert REFUSAL in reaction.answered.reply_keys
    reaction = await stranger.choose(Choice(label="Talk to a person", value="human"))
    assert reaction.answered.reply_keys == (REFUSAL,)
    assert reaction.recorded.ticket is None


async def test_the_bot_goes_on_serving(stranger: Visitor) -> None:
    await stranger.say("I want to talk to a human")
    reaction = await stranger.say("where is my order AB123456?")
    assert reaction.answered.reply_keys == ("ask.proof",)


async def test_whoever_is_signed_in_reaches_a_person(rehearsal: Rehearsal) -> None:
    ada = await rehearsal.visitor("ada", site="help")
    reaction = await ada.say("I want to talk to a human")
    assert reaction.recorded.ticket is not None
    assert reaction.conversation.owner is Owner.QUEUE


async def test_whose_matter_is_with_a_person_goes_on_with_them(rehearsal: Rehearsal) -> None:
    """Their sign-in ran out meanwhile."""
    ada = await rehearsal.visitor("ada", site="help")
    await ada.say("I want to talk to a human")
    ada.verified = False
    reaction = await ada.say("is anybody there? I want a human")
    assert reaction.answered.reply_keys == ("already_queued",)
    assert reaction.conversation.owner is Owner.QUEUE


@pytest.mark.parametrize("site", ["default", None, "of another configuration"])
async def test_elsewhere_strangers_reach_a_person(rehearsal: Rehearsal, site: str | None) -> None:
    stranger = await rehearsal.visitor(None, site=site)
    reaction = await stranger.say("I want to talk to a human")
    assert reaction.conversation.owner is Owner.QUEUE


async def test_files_alone_are_no_way_around(stranger: Visitor, rehearsal: Rehearsal) -> None:
    reaction = await stranger.say("")
    assert reaction.answered.reply_keys == (REFUSAL,)
    assert reaction.recorded.ticket is None


GOLDEN = """\
conversations:
  - name: A stranger on a site of the bot alone
    given: {site: help, now: "2026-03-03T10:30:00+08:00"}
    turns:
      - {customer: I want to talk to a human, bot: sign_in_for_person, ticket: null, owner: bot}
      - {customer: 转人工, bot: sign_in_for_person, ticket: null, owner: bot}
  - name: The same, signed in
    given: {site: help, customer: ada, now: "2026-03-03T10:30:00+08:00"}
    turns:
      - {customer: I want to talk to a human, bot: handed_over, owner: queue}
  - name: The same where strangers are welcome
    given: {site: default, now: "2026-03-03T10:30:00+08:00"}
    turns:
      - {customer: 转人工, bot: handed_over, owner: queue}
"""


async def test_a_configurations_own_tests_may_name_the_site(
    guarded: Playbook, tmp_path: Path
) -> None:
    path = tmp_path / "sites.yaml"
    document, faults = parse(GOLDEN.encode(), path)
    assert document is not None
    assert not faults
    file = GoldenFile(path=path, document=document, golden=Golden.model_validate(document.value))
    verdicts = [verdict async for verdict in run_all((file,), guarded)]
    assert [(verdict.name, verdict.failures) for verdict in verdicts] == [
        ("A stranger on a site of the bot alone", ()),
        ("The same, signed in", ()),
        ("The same where strangers are welcome", ()),
    ]

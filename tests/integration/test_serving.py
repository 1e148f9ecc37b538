"""An engine in a process of its own: the same answers, whatever happens to the process."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from bot.models import engine_for, trained
from nlp import serving
from nlp.errors import BrokenModel, EngineFailed, NotTrained, StaleModel
from nlp.needs import CustomerFacts
from nlp.serving import InProcess, InWorker
from nlp.worker import Understand

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.playbook import Playbook
    from bot.settings.settings import Settings

NOW = datetime(2026, 3, 3, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
TEXTS = (
    "where is my order AB123456? i need it asap",
    "我要退货，订单号 AB123456，明天下午三点来取",
    "cancel AB123456. also, can I change the address of AB654321?",
    "😀",
    "发票 invoice please 199元",
    "x " * 2_500,
    "  ",
)
IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="module")
ASLEEP_S = 0.4
GONE_S = 10.0


@pytest.fixture(scope="module")
def model(playbook: Playbook) -> Path:
    return trained(playbook.settings)


@pytest.fixture
async def engine(model: Path) -> AsyncIterator[InWorker]:
    """One to be mistreated."""
    async with InWorker.open(model) as engine:
        yield engine


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(model: Path) -> AsyncIterator[InWorker]:
    """One to be asked only."""
    async with InWorker.open(model) as engine:
        yield engine


@pytest.fixture(scope="module")
def here(settings: Settings, model: Path) -> InProcess:
    return InProcess(engine_for(settings))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(pid: int) -> None:
    async with asyncio.timeout(GONE_S):
        while is_running(pid):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


async def answers(engine: InWorker | InProcess, text: str) -> tuple[Any, ...]:
    understanding = await engine.understand(text, now=NOW, previous="zh", locale="en")
    language = understanding.language
    facts = CustomerFacts(orders_total=3, order_states={"shipped": 2}, tier="gold")
    return (
        understanding,
        await engine.need([text, "and?"], facts, language),
        await engine.passages(text, language, understanding),
        await engine.passages(text, language),
    )


@IN_ONE_LOOP
@pytest.mark.parametrize("text", TEXTS)
async def test_a_worker_says_what_the_engine_says(shared, here, text):
    assert await answers(shared, text) == await answers(here, text)
    assert shared.model_id == here.model_id


@IN_ONE_LOOP
async def test_times_follow_the_customers_clock(shared, here):
    for zone in ("America/New_York", "Europe/Berlin"):
        # The clocks change within these days: an offset is not a time zone.
        now = datetime(2026, 3, 6, 10, tzinfo=ZoneInfo(zone))
        for text in ("deliver it on 2026-03-30 at 5 pm", "tomorrow at 9", "下周日下午三点"):
            seen = await shared.understand(text, now=now)
            assert seen == await here.understand(text, now=now)
            assert any(e.type == "time" for e in seen.entities)


@IN_ONE_LOOP
async def test_many_at_once_get_their_own_answers(shared):
    texts = [f"where is my order AB{number:06}" for number in range(300)]
    seen = await asyncio.gather(*(shared.understand(text, now=NOW) for text in texts))
    assert [each.text for each in seen] == texts
    assert [each.first("order_number").value for each in seen] == [t[-8:] for t in texts]


@IN_ONE_LOOP
async def test_an_error_is_the_askers_and_says_where_but_not_what(shared):
    secret = "my password is hunter2"
    question = Understand(secret, NOW.isoformat(), "Nowhere/Atlantis", None, None, split=True)
    with pytest.raises(EngineFailed) as failed:
        await shared._ask(question, bytes)
    assert str(failed.value) == "ZoneInfoNotFoundError"
    assert failed.value.frames[0].startswith("worker.py:")
    assert "hunter2" not in str(failed.value.frames)
    assert (await shared.understand("hello", now=NOW)).intent == "greet"


async def test_a_killed_worker_is_started_again_and_nothing_is_lost(engine):
    before = engine.pid
    asked = [asyncio.create_task(engine.understand(t, now=NOW)) for t in TEXTS * 20]
    await asyncio.sleep(0)
    os.kill(before, signal.SIGKILL)
    seen = await asyncio.gather(*asked)
    assert [each.text for each in seen] == list(TEXTS * 20)
    assert engine.ready
    assert engine.pid != before


async def test_it_is_not_ready_without_a_worker(engine):
    os.kill(engine.pid, signal.SIGKILL)
    async with asyncio.timeout(GONE_S):
        while engine.ready:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)
        assert engine.pid is None
        assert (await engine.understand("hello", now=NOW)).intent == "greet"
    assert engine.ready


async def test_a_stuck_worker_is_replaced(model, monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE_S", ASLEEP_S)
    async with InWorker.open(model) as engine:
        await asyncio.sleep(2 * ASLEEP_S)  # idleness is not being stuck
        before = engine.pid
        assert is_running(before)
        os.kill(before, signal.SIGSTOP)
        assert (await engine.understand("hello", now=NOW)).intent == "greet"
        assert engine.pid != before
        await gone(before)


async def test_a_question_that_ends_two_workers_fails_and_the_others_are_answered(engine):
    before = engine.pid
    deadly = engine._ask("no such question", bytes)  # type: ignore[arg-type]
    others = [asyncio.create_task(engine.understand(t, now=NOW)) for t in TEXTS]
    with pytest.raises(EngineFailed, match="WorkerEnded"):
        await deadly
    assert [each.text for each in await asyncio.gather(*others)] == list(TEXTS)
    assert engine.pid != before


async def test_who_gives_up_disturbs_nobody(engine):
    asked = [asyncio.create_task(engine.understand(t, now=NOW)) for t in TEXTS * 3]
    await asyncio.sleep(0)
    for task in asked[::2]:
        task.cancel()
    seen = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in seen[::2])
    assert [each.text for each in seen[1::2]] == list((TEXTS * 3)[1::2])
    assert await engine.need(["hello"], CustomerFacts())
    assert not engine._asked


@IN_ONE_LOOP
async def test_signals_are_for_the_service(shared):
    pid = shared.pid
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert (await shared.understand("hello", now=NOW)).intent == "greet"
    assert shared.pid == pid


async def test_what_is_asked_at_the_end_does_not_hang(model):
    async with InWorker.open(model) as engine:
        pid = engine.pid
        os.kill(pid, signal.SIGSTOP)
        late = asyncio.create_task(engine.understand("hello", now=NOW))
        await asyncio.sleep(0)
    await asyncio.wait([late], timeout=GONE_S)
    assert late.cancelled()
    await gone(pid)


async def test_its_environment_holds_no_secrets(model, monkeypatch):
    monkeypatch.setenv("FRONTDESK_IDENTITY_KEYS", "k" * 32)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    async with InWorker.open(model) as engine:
        pid = engine.pid
        environment = Path(f"/proc/{pid}/environ").read_bytes()  # noqa: ASYNC240 - of no disk
    await gone(pid)
    assert b"PATH=" in environment
    assert b"FRONTDESK" not in environment
    assert b"SLACK" not in environment


async def test_a_model_that_cannot_serve_is_refused(model, tmp_path):
    for folder, fingerprint, error in (
        (tmp_path, None, NotTrained),
        (model, "another", StaleModel),
    ):
        with pytest.raises(error):
            async with InWorker.open(folder, fingerprint):
                pass


async def test_a_model_that_breaks_on_loading_is_refused(model, monkeypatch):
    # As when the folder is replaced between the check and the loading.
    monkeypatch.setattr(serving.model_files, "verify", _verified)
    with pytest.raises(BrokenModel, match="NotTrained"):
        async with InWorker.open(Path("nowhere")):
            pass


def _verified(*_: object) -> Any:
    class Manifest:
        model_id = "m-1"

    return Manifest


async def test_another_model_in_the_folder_is_not_taken(model):
    engine = InWorker(model, "m-another")
    with pytest.raises(BrokenModel, match="another model"):
        await engine._start()


@IN_ONE_LOOP
async def test_a_question_may_be_long(shared, here):
    turns = tuple(f"{number} " + "为什么还没有发货 " * 400 for number in range(20))
    need = await shared.need(turns, CustomerFacts(), "zh")
    assert need == await here.need(turns, CustomerFacts(), "zh")

"""`correct` and `learn`, on a data folder that a service has left behind."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import blockbuster_ctx
from msgspec.structs import replace

from bot.settings.load import load
from crm_store.ids import new_id
from crm_store.records import Correction
from crm_store.store import Store
from tests.conftest import AT_START, SHOP
from tests.integration.store_cast import a_turn, opened, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT = 2
"""Examples of each list; the fewest that a configuration may have."""

SAID = {
    "greeting": "hi there, tom@acme.org here",
    "parcel": "has my parcel KD204518 left, says Priya Nair",
    "thanks": "thank you all then",
    "alone": "does nobody sell me a lamp",
    "chinese": "包裹在哪呢，我叫王小明",
}
"""The first three are of one conversation."""
PERSONAL = {
    "greeting": {"email": "tom@acme.org"},
    "parcel": {"order_number": "KD204518", "person": "Priya Nair"},
    "chinese": {"person": "王小明"},
}
TAUGHT = {
    "greeting": "hi there, me@example.com here",
    "parcel": "has my parcel AB123456 left, says Alex Lee",
    "alone": SAID["alone"],
    "chinese": "包裹在哪呢，我叫李华",
}


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """As in every test; only the person who gave a command waits while it looks for its data."""
    with blockbuster_ctx(["bot", "crm_store"]) as blocking:
        for function in blocking.functions.values():
            for file, names in (*AT_START, ("bot/cli/data.py", {"opened_store"})):
                function.can_block_in(file, names)
        yield


@pytest.fixture(scope="module")
def few_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped shop with few examples, so that nothing takes long; nobody writes into it."""
    folder = tmp_path_factory.mktemp("learning") / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".model", "tests"))
    for path in (*folder.glob("intents/*.yaml"), folder / "out_of_scope.yaml"):
        kept, items = [], 0
        for line in path.read_text("utf-8").splitlines(keepends=True):
            items = items + 1 if line.lstrip().startswith("- ") else 0
            kept += [line] if items <= KEPT else []
        path.write_text("".join(kept), "utf-8")
    return folder


@pytest.fixture
def little(few_examples: Path, tmp_path: Path) -> Path:
    """A shop of the test's own."""
    return Path(shutil.copytree(few_examples, tmp_path / "shop"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A data folder with exchanges, and their ids by the names in `SAID`."""
    folder = tmp_path_factory.mktemp("served")

    async def serve() -> dict[str, str]:
        store = await Store.open(folder / "frontdesk.db")
        try:
            first = (await opened(store)).conversation.id
            return {
                name: await answered(store, name, first if number < 3 else None)
                for number, name in enumerate(SAID)
            }
        finally:
            await store.close()

    return folder, asyncio.run(serve())


async def answered(store: Store, name: str, conversation_id: str | None) -> str:
    """Record a message with what was understood of it; return the exchange's id."""
    text = SAID[name]
    id_ = conversation_id or (await opened(store)).conversation.id
    got = await received(store, id_, text=text)
    turn = a_turn(got)
    understanding = {
        "language": "zh" if name == "chinese" else "en",
        "intent": None,
        "entities": [
            {"type": kind, "start": text.index(part), "end": text.index(part) + len(part)}
            for kind, part in PERSONAL.get(name, {}).items()
        ],
    }
    exchange = replace(turn.exchange, understanding=understanding)
    await store.conversations.record(replace(turn, exchange=exchange))
    return exchange.id


@pytest.fixture
def data(served: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return Path(shutil.copytree(served[0], tmp_path / "data"))


@pytest.fixture
def ids(served: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return served[1]


@pytest.fixture
def correct(frontdesk: Any, little: Path, data: Path, ids: dict[str, str]) -> Callable[..., Any]:
    """Correct one of the exchanges, by its name or its id."""

    def command(exchange: str, *arguments: object, by: str = "Cleo") -> Any:
        places = ("--config", little, "--data", data, "--by", by)
        return frontdesk("correct", ids.get(exchange, exchange), *places, *arguments)

    return command


@pytest.fixture
def learn(frontdesk: Any, little: Path, data: Path) -> Callable[..., Any]:
    """Learn without the cross-validation, which takes seconds."""

    def command(*arguments: object) -> Any:
        return frontdesk("learn", little, "--data", data, "--no-effect", *arguments)

    return command


def recorded(data: Path, *corrections: Correction) -> tuple[Any, ...]:
    """Record corrections; return those that the store then has."""

    async def at_the_store() -> tuple[Any, ...]:
        store = await Store.open(data / "frontdesk.db")
        try:
            for correction in corrections:
                await store.corrections.record(correction)
            return await store.corrections.latest()
        finally:
            await store.close()

    return asyncio.run(at_the_store())


def a_correction(exchange_id: str, **more: Any) -> Correction:
    values = {"intent": None, "need": None, "by": "Cleo", "at": datetime.now(UTC)}
    return Correction(id=new_id(), exchange_id=exchange_id, **values | more)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def new_lines(out: str) -> list[str]:
    """Return the lines that a diff adds."""
    return [line[1:].strip() for line in out.splitlines() if re.match(r"\+(?!\+\+ )", line)]


# -- correct -----------------------------------------------------------------------------------


def test_a_correction_is_recorded_with_its_author_and_time(
    correct: Any, data: Path, ids: dict[str, str]
) -> None:
    begun = datetime.now(UTC)
    ran = correct("parcel", "--intent", "track_order", by="  Cleo ")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert "frontdesk learn" in ran.out
    (found,) = recorded(data)
    assert (found.exchange_id, found.intent, found.need) == (ids["parcel"], "track_order", None)
    assert (found.by, found.text) == ("Cleo", SAID["parcel"])
    assert begun <= found.at <= datetime.now(UTC)


def test_the_last_correction_counts_and_intent_and_need_stand_beside_each_other(
    correct: Any, data: Path
) -> None:
    for arguments in (
        ("--intent", "greet"),
        ("--need", "order_and_delivery"),
        ("--intent", "track_order"),
    ):
        assert correct("parcel", *arguments).code == 0
    assert correct("alone", "--intent", "out_of_scope", "--need", "other").code == 0
    assert [(c.intent, c.need) for c in recorded(data)] == [
        ("track_order", "order_and_delivery"),
        ("out_of_scope", "other"),
    ]


@pytest.mark.parametrize(
    ("exchange", "arguments", "words"),
    [
        ("parcel", (), "give --intent or --need, or both"),
        ("parcel", ("--intent", "teleport"), "there is no intent 'teleport'"),
        ("parcel", ("--intent", ""), "there is no intent ''"),
        ("parcel", ("--need", "magic"), "there is no need 'magic'"),
        ("parcel", ("--intent", "track_order", "--need", "magic"), "there is no need 'magic'"),
        ("parcel", ("--intent", "track_order", "--by", " "), "--by is empty"),
        ("01NOTHING", ("--intent", "track_order"), "there is no exchange 01NOTHING"),
        ("parcel", ("--intent", "track_order", "--config", "nowhere"), "nowhere:1: CFG001"),
        ("parcel", ("--intent", "track_order", "--data", "nowhere"), "there is no database at"),
    ],
)
def test_a_correction_that_cannot_be_is_one_line_and_not_recorded(
    correct: Any,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    exchange: str,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(data.parent)
    ran = correct(exchange, *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert recorded(data) == ()
    assert not Path("nowhere").exists()


def test_nobody_corrects_without_a_name(frontdesk: Any, ids: dict[str, str]) -> None:
    ran = frontdesk("correct", ids["parcel"], "--intent", "track_order")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "Missing option '--by'" in ran.err


def test_correcting_and_learning_go_on_beside_a_service_that_runs(
    correct: Any, learn: Any, data: Path
) -> None:
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(data / "frontdesk.db"))
        try:
            assert correct("greeting", "--intent", "greet").code == 0
            ran = learn()
            (found,) = runner.run(store.corrections.latest())
        finally:
            runner.run(store.close())
    assert (ran.code, ran.err) == (0, "")
    assert new_lines(ran.out) == [f"- {TAUGHT['greeting']}"]
    assert found.intent == "greet"


# -- learn -------------------------------------------------------------------------------------


def test_without_corrections_there_is_nothing_to_learn(learn: Any, little: Path) -> None:
    files = contents(little)
    ran = learn("--apply")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert ran.out.startswith("0 corrections, and nothing in them that ")
    report = json.loads(learn("--json").out)
    assert report == {
        "corrections": 0,
        "added": 0,
        "moved": [],
        "refused": [],
        "diff": "",
        "effect": None,
        "applied": False,
    }
    assert contents(little) == files


def test_the_change_is_shown_and_not_made(
    correct: Any, learn: Any, little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(little.parent)
    files = contents(little)
    correct("parcel", "--intent", "track_order")
    correct("chinese", "--intent", "track_order")
    correct("alone", "--intent", "out_of_scope")
    ran = learn()
    assert (ran.code, ran.err) == (0, "")
    assert new_lines(ran.out) == [f"- {TAUGHT[name]}" for name in ("parcel", "chinese", "alone")]
    names = re.findall(r"^\+\+\+ b/(.*)$", ran.out, flags=re.MULTILINE)
    assert names == ["shop/intents/orders.yaml", "shop/out_of_scope.yaml"]
    assert "3 to add, from 3 corrections." in ran.out
    assert ran.out.endswith("Nothing is written; --apply writes it.\n")
    assert contents(little) == files


def test_applying_makes_the_change_and_then_nothing_is_left_to_learn(
    correct: Any, learn: Any, frontdesk: Any, little: Path
) -> None:
    before = load(little)
    correct("parcel", "--intent", "track_order", "--need", "order_and_delivery")
    correct("chinese", "--intent", "track_order")
    ran = learn("--apply")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("Written. The next start trains with it.\n")
    assert frontdesk("check", little).code == 0
    after = load(little)
    assert after.intents["track_order"].examples == {
        "en": (*before.intents["track_order"].examples["en"], TAUGHT["parcel"]),
        "zh": (*before.intents["track_order"].examples["zh"], TAUGHT["chinese"]),
    }
    assert after.needs["order_and_delivery"].conversations["en"] == (
        *before.needs["order_and_delivery"].conversations["en"],
        (TAUGHT["greeting"], TAUGHT["parcel"]),
    )
    files = contents(little)
    again = learn("--apply")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("2 corrections, and nothing in them that ")
    assert contents(little) == files


def test_a_need_that_one_message_tells_can_be_learned(
    correct: Any, learn: Any, frontdesk: Any, little: Path
) -> None:
    correct("alone", "--need", "product_and_presales")
    assert learn("--apply").code == 0
    assert frontdesk("check", little).code == 0


def test_the_report_as_json(correct: Any, learn: Any, little: Path) -> None:
    correct("parcel", "--intent", "track_order", "--need", "order_and_delivery")
    correct("greeting", "--intent", "greet")
    report = json.loads(learn("--json").out)
    assert (report["corrections"], report["added"], report["refused"]) == (2, 3, [])
    assert (report["effect"], report["applied"]) == (None, False)
    assert len(new_lines(report["diff"])) == 3
    files = contents(little)
    applied = json.loads(learn("--json", "--apply").out)
    assert applied == {**report, "applied": True}
    changed = {name for name, content in contents(little).items() if content != files[name]}
    assert changed == {
        "intents/orders.yaml",
        "intents/smalltalk.yaml",
        "needs/order_and_delivery.yaml",
    }


def test_what_the_configuration_no_longer_has_is_named_and_the_rest_is_learned(
    correct: Any, learn: Any, data: Path, ids: dict[str, str]
) -> None:
    recorded(
        data,
        a_correction(ids["greeting"], intent="fax_us"),
        a_correction(ids["alone"], need="faxes"),
    )
    correct("parcel", "--intent", "track_order")
    refused = [
        f"{ids['greeting']}: there is no intent 'fax_us'",
        f"{ids['alone']}: there is no need 'faxes'",
    ]
    ran = learn()
    assert (ran.code, ran.err.splitlines()) == (1, refused)
    assert new_lines(ran.out) == [f"- {TAUGHT['parcel']}"]
    told = learn("--json")
    assert (told.code, json.loads(told.out)["refused"]) == (1, refused)


def test_what_stands_under_another_intent_is_moved_there(
    correct: Any, learn: Any, frontdesk: Any, little: Path
) -> None:
    file = little / "intents" / "orders.yaml"
    before = load(little)
    mistaken = TAUGHT["parcel"].capitalize() + "!"
    first = before.intents["track_order"].examples["en"][0]
    file.write_text(
        file.read_text("utf-8").replace(f"- {first}\n", f"- {first}\n        - {mistaken}\n", 1),
        "utf-8",
    )
    assert mistaken in load(little).intents["track_order"].examples["en"]
    correct("parcel", "--intent", "out_of_scope")
    told = json.loads(learn("--json").out)
    assert (told["added"], told["refused"]) == (0, [])
    (move,) = told["moved"]
    assert (move["text"], move["from"], move["to"]) == (mistaken, "track_order", "out_of_scope")
    assert mistaken in file.read_text("utf-8").splitlines()[move["line"] - 1]
    ran = learn("--apply")
    assert (ran.code, ran.err) == (0, "")
    assert "0 to add, 1 to move from another intent, from 1 corrections." in ran.out
    assert frontdesk("check", little).code == 0
    after = load(little)
    assert after.intents["track_order"].examples == before.intents["track_order"].examples
    assert after.out_of_scope.examples["en"] == (*before.out_of_scope.examples["en"], mistaken)
    assert learn().out.startswith("1 corrections, and nothing in them that ")


def test_when_nothing_can_be_learned_the_last_line_is_true(
    learn: Any, data: Path, ids: dict[str, str]
) -> None:
    recorded(data, a_correction(ids["parcel"], intent="fax_us"))
    ran = learn()
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.out == "1 corrections, and nothing in them that can be learned; see above why.\n"


def test_since_leaves_out_what_is_older(learn: Any, data: Path, ids: dict[str, str]) -> None:
    now = datetime.now(UTC)
    ages = {
        "greeting": timedelta(hours=11),
        "parcel": timedelta(days=6),
        "alone": timedelta(days=27),
    }
    recorded(
        data,
        *(a_correction(ids[name], intent="greet", at=now - age) for name, age in ages.items()),
    )
    counts = {
        since: json.loads(learn("--since", since, "--json").out)["corrections"]
        for since in ("10h", "12h", "5d", "7d", "3w", "4w", "9999w")
    }
    assert counts == {"10h": 0, "12h": 1, "5d": 1, "7d": 2, "3w": 2, "4w": 3, "9999w": 3}
    assert json.loads(learn("--json").out)["corrections"] == 3


@pytest.mark.parametrize("since", ["", "7", "d", "0d", "-1d", "7y", "1 d", "1.5d", "10000d", "７d"])
def test_what_is_no_while_is_one_line(learn: Any, since: str) -> None:
    ran = learn(f"--since={since}")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"--since is a while such as 12h, 7d or 4w, not '{since}'" in ran.err


def test_without_data_or_configuration_there_is_one_line(
    frontdesk: Any, little: Path, data: Path, tmp_path: Path
) -> None:
    ran = frontdesk("learn", little, "--data", tmp_path / "nowhere")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "there is no database at" in ran.err
    ran = frontdesk("learn", tmp_path / "nowhere", "--data", data)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "there is no such configuration folder" in ran.err
    assert not (tmp_path / "nowhere").exists()


def test_a_list_that_cannot_be_added_to_is_named_and_nothing_is_written(
    correct: Any, learn: Any, little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(little.parent)
    correct("parcel", "--intent", "track_order")
    correct("alone", "--intent", "out_of_scope")
    text = "examples:\n  en: [sing, dance]\n  zh: [唱歌, 跳舞]\n"
    (little / "out_of_scope.yaml").write_text(text, "utf-8")
    files = contents(little)
    ran = learn("--apply")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "frontdesk: shop/out_of_scope.yaml:2: write this list as one item a line\n"
    assert contents(little) == files


def test_the_effect_is_told_in_shares(
    correct: Any, frontdesk: Any, little: Path, data: Path
) -> None:
    correct("parcel", "--intent", "track_order")
    correct("greeting", "--intent", "greet")
    files = contents(little)
    ran = frontdesk("learn", little, "--data", data, "--json")
    assert (ran.code, ran.err) == (0, "")
    effect = json.loads(ran.out)["effect"]
    assert set(effect) == {"examples_before", "examples_after", "added_before", "added_after"}
    assert all(0 <= share <= 1 for share in effect.values())
    assert effect["examples_before"] > 0
    told = frontdesk("learn", little, "--data", data)
    before, after = 100 * effect["examples_before"], 100 * effect["examples_after"]
    assert f"{before:.1f} → {after:.1f} % of the examples" in told.out
    assert contents(little) == files


def test_needs_alone_have_no_effect_to_tell(
    correct: Any, frontdesk: Any, little: Path, data: Path
) -> None:
    correct("parcel", "--need", "order_and_delivery")
    ran = frontdesk("learn", little, "--data", data)
    assert (ran.code, ran.err) == (0, "")
    assert "cross-validated" not in ran.out
    assert new_lines(ran.out) == [f'- ["{TAUGHT["greeting"]}", "{TAUGHT["parcel"]}"]']

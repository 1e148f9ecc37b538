"""`chat` and `explain`, and how `serve` says that it cannot."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo import seed
from bot.rehearsal import Rehearsal
from crm_store.records import Choice
from crm_store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from bot.playbook import Playbook

NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)


# -- chat --------------------------------------------------------------------------------------


def test_chat_answers_what_comes_through_a_pipe(frontdesk: Any, shop: Path) -> None:
    ran = frontdesk("chat", shop, typed="hello there\nwhere is order AB204817?\n")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "you  hello there"
    assert lines[1].startswith("bot  ")
    assert "you  where is order AB204817?" in lines
    assert "e-mail" in lines[-1]


def test_chat_presses_buttons_by_their_number(frontdesk: Any, shop: Path) -> None:
    typed = "what's happening with my delivery\n2\n"
    ran = frontdesk("chat", shop, "--as", "ben", typed=typed)
    assert ran.code == 0
    buttons = re.findall(r"^     \[(\d)\] (\w+)", ran.out, flags=re.MULTILINE)
    assert [number for number, _ in buttons] == ["1", "2"]
    chosen = buttons[1][1]
    assert chosen in ran.out.split("you  2")[1]


def test_chat_ends_at_once_without_input(frontdesk: Any, shop: Path) -> None:
    ran = frontdesk("chat", shop)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_an_unknown_demo_customer_is_named_with_those_who_exist(frontdesk: Any, shop: Path) -> None:
    ran = frontdesk("chat", shop, "--as", "eve", typed="hello\n")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "there is no demo customer 'eve'" in ran.err
    assert "ada, ben" in ran.err


# -- serve -------------------------------------------------------------------------------------


def test_a_taken_port_is_one_line(frontdesk: Any, shop: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = frontdesk("serve", shop, "--port", port, "--data", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    (line,) = [line for line in ran.err.splitlines() if not line.startswith("{")]
    assert f"cannot listen on http://127.0.0.1:{port}" in line


@pytest.mark.parametrize(
    "arguments",
    [("--port", "0"), ("--port", "http"), ("--model", "/nowhere")],
)
def test_serve_with_wrong_usage_is_one_line(
    frontdesk: Any, shop: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = frontdesk("serve", shop, "--data", tmp_path / "data", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "data").exists()


# -- explain -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with one exchange that opened a ticket, and the exchange's id."""
    data = tmp_path_factory.mktemp("data")

    async def talk(store: Store) -> str:
        await seed(store, playbook.settings, NOW)
        rehearsal = Rehearsal(store, playbook, lambda: NOW)
        visitor = await rehearsal.visitor("ada")
        # Buttons, so that it goes this way whatever the model thinks of words.
        await visitor.choose(Choice(label="Damaged", value="intent:missing_or_damaged_item"))
        await visitor.say("AD118362")
        await visitor.choose(Choice(label="Broken", value="slot:reason=damaged"))
        reaction = await visitor.choose(Choice(label="New", value="slot:wish=replacement"))
        assert reaction.answered.ticket is not None, reaction.answered
        return reaction.answered.exchange_id

    async def record() -> str:
        store = await Store.open(data / "frontdesk.db")
        try:
            return await talk(store)
        finally:
            await store.close()

    return data, asyncio.run(record())


def test_explain_names_model_configuration_rule_and_places(
    frontdesk: Any, recorded: tuple[Path, str], playbook: Playbook
) -> None:
    data, exchange = recorded
    folder = playbook.settings.folder
    ran = frontdesk("explain", exchange, "--config", folder, "--data", data)
    assert (ran.code, ran.err) == (0, "")
    shown = dict(line.split("  ", 1) for line in ran.out.splitlines() if line[0] != " ")
    assert shown["exchange"].strip() == exchange
    assert shown["model"].strip() == playbook.model_id
    assert shown["configuration"].strip() == playbook.config_id
    assert shown["rule"].strip() == "button.slot"
    assert shown["actions"].strip() == "send_back"
    assert shown["intent"].split()[0] in playbook.settings.intents


def test_explain_as_json_names_lines_that_hold_what_it_says(
    frontdesk: Any, recorded: tuple[Path, str], playbook: Playbook
) -> None:
    data, exchange = recorded
    folder = playbook.settings.folder
    ran = frontdesk("explain", exchange, "--config", folder, "--data", data, "--json")
    report = json.loads(ran.out)
    assert report["exchange"] == exchange
    assert report["replies"][0] == "damage.replacement"
    assert any("returns_and_refunds" in line for line in report["need"])
    assert len(report["need"]) > 1, "the reasons belong to it"
    places = dict(reversed(place.split("  ")) for place in report["decided in"])
    assert places.keys() >= {"flows.damaged_goods", "replies.en.damage.replacement"}
    assert any(name.startswith("routing.queue_rules") for name in places)
    for name, place in places.items():
        file, _, line = place.rpartition(":")
        text = (folder / file.removeprefix("config/ecommerce/")).read_text(encoding="utf-8")
        if not name.startswith("routing"):
            last = "damage.replacement" if "damage.rep" in name else name.rpartition(".")[2]
            assert last in text.splitlines()[int(line) - 1]


def test_explain_says_what_has_changed_since(
    frontdesk: Any, recorded: tuple[Path, str], shop: Path, tmp_path: Path
) -> None:
    data, exchange = recorded
    changed = tmp_path / "changed"
    shutil.copytree(shop, changed)
    file = changed / "replies" / "en.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n# another word\n", encoding="utf-8")
    ran = frontdesk("explain", exchange, "--config", changed, "--data", data)
    assert ran.code == 0
    assert "(changed since)" in ran.out


def test_explain_works_beside_a_service_that_runs(
    frontdesk: Any, recorded: tuple[Path, str], playbook: Playbook
) -> None:
    data, exchange = recorded
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(data / "frontdesk.db"))
        try:
            ran = frontdesk(
                "explain", exchange, "--config", playbook.settings.folder, "--data", data
            )
        finally:
            runner.run(store.close())
    assert (ran.code, ran.err) == (0, "")


def test_an_unknown_exchange_is_one_line(
    frontdesk: Any, recorded: tuple[Path, str], shop: Path
) -> None:
    ran = frontdesk("explain", "01NOTHING", "--config", shop, "--data", recorded[0])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "frontdesk: there is no exchange 01NOTHING\n"


def test_a_missing_database_is_one_line_and_is_not_made(
    frontdesk: Any, shop: Path, tmp_path: Path
) -> None:
    ran = frontdesk("explain", "01NOTHING", "--config", shop, "--data", tmp_path / "nowhere")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "there is no database at" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_one_line(frontdesk: Any, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "frontdesk.db").write_bytes(b"not a database" * 1000)
    ran = frontdesk("explain", "01NOTHING", "--config", shop, "--data", tmp_path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)

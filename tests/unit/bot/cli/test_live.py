"""`frontdesk check --live`, asked of a stand-in for Slack."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.slack.scopes import SCOPES
from tests.conftest import ROOT, SHOP
from tests.fake_slack import FakeSlack, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.bot.cli.conftest import Ran

MANIFEST = ROOT / "docs" / "slack-manifest.yaml"
CHANNELS = ("general", "orders", "billing", "technical", "sales", "complaints", "vip")


@contextmanager
def elsewhere(slack: FakeSlack) -> Iterator[None]:
    """Serve the stand-in in a thread of its own: the command has an event loop of its own."""
    loop, up, down = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with slack:
            up.set()
            await down.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(5)
    yield
    loop.call_soon_threadsafe(down.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    """A workspace in which nothing is missing, and the environment that opens it."""
    slack = FakeSlack(seed=3)
    slack.install(yaml.safe_load(MANIFEST.read_text("utf-8")))
    slack.add_user("U_CLEO", name="Cleo")
    slack.add_user("U_DAN", name="丹丹", locale="zh-CN")
    slack.add_user("U_GUS", name="Gus", guest=True)
    for name in CHANNELS:
        id_ = f"C_{name.upper()}"
        slack.add_channel(id_, name=f"desk-{name}", private=True, members=["U_CLEO", "U_DAN"])
    with elsewhere(slack):
        for name in ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.bot_token)
        monkeypatch.setenv("SLACK_APP_TOKEN", slack.app_token)
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        yield slack


@pytest.fixture
def asked(frontdesk: Callable[..., Ran]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run the command with --json; return its exit code and report."""

    def ask(*more: object) -> tuple[int, dict[str, Any]]:
        ran = frontdesk("check", SHOP, "--live", "--json", *more)
        return ran.code, json.loads(ran.out)

    return ask


def missing(report: dict[str, Any]) -> dict[str, str]:
    """Return what is missing, by name."""
    findings = report["slack"]["findings"]
    return {each["name"]: each["text"] for each in findings if each["state"] == "missing"}


def notes(report: dict[str, Any]) -> list[str]:
    findings = report["slack"]["findings"]
    return [f"{each['name']} {each['text']}" for each in findings if each["state"] == "note"]


def test_scopes_are_the_manifests_and_each_has_its_reason() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text("utf-8"))
    assert sorted(SCOPES) == manifest["oauth_config"]["scopes"]["bot"]
    assert all(reason and not reason.endswith(".") for reason in SCOPES.values())


def test_nothing_is_missing(slack: FakeSlack, frontdesk: Callable[..., Ran]) -> None:
    ran = frontdesk("check", SHOP, "--live")
    assert ran.code == 0, ran.out
    assert ran.err == ""
    first, *lines, last = ran.out.splitlines()
    assert "is sound" in first
    assert last == "nothing is missing"
    told = {line.split()[1]: line for line in lines}
    assert "@Frontdesk" in told[slack.team.name.split()[0]]
    assert f"all {len(SCOPES)} of the manifest" in told["permissions"]
    assert "a connection can be opened" in told["Socket"]
    assert told["#desk-orders"].endswith("private, 2 agents · orders, returns")
    assert told["/frontdesk"].startswith("– ")
    assert slack.problems == []
    assert slack.violations == []
    assert {call.method for call in slack.calls} == {
        *("auth.test", "apps.connections.open", "users.info"),
        *("conversations.list", "users.conversations", "conversations.members"),
    }, "a check changes nothing and posts nothing"


def test_no_secret_is_shown(slack: FakeSlack, frontdesk: Callable[..., Ran]) -> None:
    for arguments in ((), ("--json",)):
        ran = frontdesk("check", SHOP, "--live", *arguments)
        for secret in (slack.bot_token, slack.app_token):
            assert secret not in ran.out + ran.err


def test_each_missing_permission_is_told_with_its_reason(
    slack: FakeSlack, asked: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    slack.scopes -= {"reactions:read", "users:read.email"}
    slack.scopes |= {"team:read"}
    code, report = asked()
    assert code == 1
    assert report["ok"] is False
    assert list(missing(report)) == ["reactions:read", "users:read.email"]
    assert SCOPES["reactions:read"] in missing(report)["reactions:read"]
    assert any("does not need: team:read" in note for note in notes(report))


def test_without_the_permission_to_list_channels_the_rest_is_told(
    slack: FakeSlack, asked: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    slack.scopes -= {"groups:read"}
    code, report = asked()
    assert code == 1
    assert set(missing(report)) == {"groups:read", "channels"}
    slack.scopes.add("groups:read")
    slack.scopes.remove("users:read")
    code, report = asked()
    assert code == 1
    assert set(missing(report)) == {"users:read"}
    orders = next(each for each in report["slack"]["findings"] if each["name"] == "#desk-orders")
    assert "up to 2 agents" in orders["text"]


def test_what_is_wrong_with_channels_is_told(
    slack: FakeSlack, asked: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    channels = slack.workspace.channels
    del channels["C_ORDERS"]
    slack.add_channel("C_ORDERS", name="desk-orders", bot_is_member=False)
    channels["C_BILLING"].archived = True
    channels["C_TECHNICAL"].kind = "channel"
    channels["C_SALES"].shared_with = ("T0OTHER",)
    del channels["C_COMPLAINTS"]
    del channels["C_VIP"].members["U_CLEO"], channels["C_VIP"].members["U_DAN"]
    channels["C_VIP"].members["U_GUS"] = None
    code, report = asked()
    assert code == 1
    told = missing(report)
    assert "the bot is not in it: write /invite" in told.pop("#desk-orders")
    assert told.pop("#desk-billing") == "it is archived"
    assert "it is public" in told.pop("#desk-technical")
    assert "shared with other workspaces" in told.pop("#desk-sales")
    assert "no such channel, or it is private and the bot is not in it" in told.pop(
        "#desk-complaints"
    )
    assert "nobody in it can work on tickets" in told.pop("#desk-vip")
    assert told == {}
    assert any("guests Gus: they read along" in note for note in notes(report))


def test_queues_without_a_channel_and_other_channels_are_told(
    slack: FakeSlack, frontdesk: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import shutil

    shop = shutil.copytree(
        SHOP, tmp_path_factory.mktemp("live") / "shop", ignore=shutil.ignore_patterns(".model")
    )
    text = (shop / "desk.yaml").read_text("utf-8").replace("  sales: desk-sales\n", "")
    text += "escalation_channel: leads\ncustomers: {channels: {help: {}}}\n"
    (shop / "desk.yaml").write_text(text, "utf-8")
    slack.add_channel("C_LEADS", name="leads", private=True, members=["U_CLEO"])
    ran = frontdesk("check", shop, "--live")
    assert ran.code == 1
    assert "– sales" in ran.out
    assert "its tickets go to #desk-general" in ran.out
    assert "for what is overdue" in ran.out
    (line,) = (line for line in ran.out.splitlines() if line.startswith("✗"))
    assert "#help" in line
    assert "(for customers)" in line
    assert ran.out.splitlines()[-1] == "1 thing is missing"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": ""}, "Slack is not set up"),
        ({"SLACK_BOT_TOKEN": "xoxp-1-canary"}, "begins with xoxb-"),
        ({"SLACK_APP_TOKEN": "xoxb-1-canary"}, "begins with xapp-"),
        ({"SLACK_APP_TOKEN": ""}, "nothing to hear Slack by"),
        ({"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is empty"),
    ],
)
def test_the_environment_is_looked_at_first(
    variables: dict[str, str],
    says: str,
    slack: FakeSlack,
    asked: Callable[..., tuple[int, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, report = asked()
    assert code == 1
    (text,) = missing(report).values()
    assert says in text
    assert "canary" not in text
    assert slack.calls == []


def test_a_bot_token_that_is_not_accepted(
    slack: FakeSlack, asked: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    slack.tokens[slack.bot_token].revoked = True
    code, report = asked()
    assert code == 1
    assert list(missing(report)) == ["SLACK_BOT_TOKEN"]
    assert "token_revoked" in missing(report)["SLACK_BOT_TOKEN"]


def test_an_app_token_that_opens_no_connection(
    slack: FakeSlack, asked: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    slack.tokens[slack.app_token].scopes.clear()
    code, report = asked()
    assert code == 1
    assert "needs connections:write" in missing(report)["Socket Mode"]


def test_over_http_there_is_a_secret_and_no_connection(
    slack: FakeSlack,
    asked: Callable[..., tuple[int, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLACK_APP_TOKEN")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", slack.signing_secret)
    code, report = asked()
    assert code == 0
    (http,) = (each for each in report["slack"]["findings"] if each["name"] == "HTTP")
    assert http["state"] == "ok"
    assert "apps.connections.open" not in {call.method for call in slack.calls}


@pytest.mark.parametrize("fault", [faults.reset_before(), faults.status(503), faults.ratelimited()])
@pytest.mark.parametrize("method", ["auth.test", "conversations.members"])
def test_when_slack_does_not_answer_it_says_so_and_what_it_knows(
    fault: Any, method: str, slack: FakeSlack, frontdesk: Callable[..., Ran]
) -> None:
    slack.faults.on_call(fault, method=method, times=None)
    ran = frontdesk("check", SHOP, "--live", "--json")
    assert ran.code == 2
    assert ran.err.startswith("frontdesk: Slack could not be asked: ")
    assert ran.err.count("\n") == 1
    report = json.loads(ran.out)
    assert report["ok"] is False
    assert report["slack"]["asked"] is False
    known = {each["kind"] for each in report["slack"]["findings"]}
    assert ("scope" in known) == (method != "auth.test")
    ran = frontdesk("check", SHOP, "--live")
    assert ran.code == 2
    assert "nothing is missing" not in ran.out


def test_nobody_answers_at_the_address(
    frontdesk: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1-canary")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1-canary")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:9/api")
    ran = frontdesk("check", SHOP, "--live")
    assert ran.code == 2
    assert "Slack was not reached" in ran.err
    assert "canary" not in ran.out + ran.err


def test_a_broken_configuration_is_told_first(
    slack: FakeSlack, frontdesk: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("live-broken")
    (folder / "frontdesk.yaml").write_text("name: x\n", "utf-8")
    ran = frontdesk("check", folder, "--live")
    assert ran.code == 1
    assert "frontdesk.yaml:1:" in ran.err
    assert slack.calls == []


def test_on_a_terminal_lines_are_broken_under_each_other(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch, frontdesk: Callable[..., Ran]
) -> None:
    slack.scopes -= {"reactions:read"}
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = frontdesk("check", SHOP, "--live").out
    assert "\x1b[1;31m✗" in out
    assert "1 thing is missing" in out

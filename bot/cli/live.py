"""`frontdesk check --live`: what Slack says of the set-up, line by line.

It asks with the tokens of the environment, changes nothing and posts nothing. A finding is fine,
missing, or a note: something to know that nobody has to mend.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from bot import environment
from bot.errors import BotError, ChannelError
from bot.slack.api import SlackApi
from bot.slack.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SLACKS_OWN
from bot.slack.errors import OutcomeUnknown, SlackRefused, WorkspaceGone
from bot.slack.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.settings.model import Desk
    from bot.settings.settings import Settings
    from bot.slack.credentials import Credentials
    from bot.slack.people import Ourselves, Person, Place

    Progress = Callable[[str, float], None]

MOST_PEOPLE = 100
"""Each costs a call; a channel with more people is no longer counted."""

NOT_ASKED = (
    "Slack does not tell an app of its command, its shortcuts and its events: write "
    "/frontdesk help in one of the channels, and look for “Send to customer” among the "
    "actions of a message"
)


class State(StrEnum):
    """What a finding means."""

    FINE = "ok"
    MISSING = "missing"
    NOTE = "note"


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the report."""

    kind: str
    """token, workspace, scope, way, channel, queue or unasked."""
    name: str
    state: State
    text: str


class CannotAsk(BotError):  # noqa: N818  # an answer
    """Slack does not tell; `findings` is what was found out before."""

    def __init__(self, why: str, findings: list[Finding]) -> None:
        super().__init__(f"Slack could not be asked: {why}")
        self.findings = findings


def ask_slack(settings: Settings, progress: Progress) -> list[Finding]:
    """Return what is there and what is missing.

    Raises:
        CannotAsk: Slack was not reached, or does not answer.
    """
    inspection = Inspection(settings, progress)
    try:
        asyncio.run(inspection.run())
    except (ChannelError, OutcomeUnknown) as error:
        raise CannotAsk(str(error), inspection.findings) from None
    return inspection.findings


class Inspection:
    """Asks, and keeps what it heard."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._desk = settings.desk
        self._queues = tuple(settings.routing.queues)
        self._progress = progress
        self._people: dict[str, Person] = {}
        self._outside: set[str] = set()
        self.findings: list[Finding] = []

    async def run(self) -> None:
        """Ask everything there is to ask."""
        credentials = self._credentials()
        if credentials is None:
            return
        async with _opened(credentials) as api:
            ourselves = await self._introduced(api)
            if ourselves is None:
                return
            self._scopes(ourselves)
            await self._way(credentials)
            await self._places(api, ourselves)
        self._note("unasked", "/frontdesk", NOT_ASKED)

    # -- tokens and permissions --------------------------------------------------------------

    async def _introduced(self, api: SlackApi) -> Ourselves | None:
        """Return who we are; None when the token is not accepted."""
        self._progress("asking Slack who we are", 0.0)
        try:
            ourselves = await api.auth_test()
        except WorkspaceGone as gone:
            text = f"Slack does not accept it ({gone.code}): install the app, and copy it anew"
            self._missing("token", BOT_TOKEN, text)
            return None
        try:
            name = (await api.user_info(ourselves.user)).name
        except SlackRefused:
            name = ourselves.user  # what it lacks for that stands among the permissions
        where = ourselves.url.removeprefix("https://").rstrip("/")
        self._fine("workspace", ourselves.team_name, f"{where}, where the bot is @{name}")
        return ourselves

    def _credentials(self) -> Credentials | None:
        try:
            found = environment.slack()
        except BotError as error:
            self._missing("token", "environment", str(error))
            return None
        if found is None:
            text = f"Slack is not set up: {BOT_TOKEN} is missing in the environment"
            self._missing("token", "environment", text)
            return None
        second = APP_TOKEN if found.by_sockets else SIGNING_SECRET
        self._fine("token", "environment", f"{BOT_TOKEN} and {second} are set")
        if found.by_sockets and found.signing_secret is not None:
            self._note("token", SIGNING_SECRET, f"is not used, because {APP_TOKEN} is set")
        if found.api_url != SLACKS_OWN:
            self._note("token", "SLACK_API_URL", f"asks {found.api_url} instead of Slack")
        return found

    def _scopes(self, ourselves: Ourselves) -> None:
        if not ourselves.scopes:
            self._note("scope", "permissions", "Slack does not tell which ones the app has")
            return
        for scope, reason in SCOPES.items():
            if scope in ourselves.scopes:
                self._fine("scope", scope, reason)
            else:
                self._missing("scope", scope, f"is not granted; with it the bot {reason}")
        if more := sorted(ourselves.scopes - SCOPES.keys()):
            self._note("scope", "more", f"the app has permissions it does not need: {_and(more)}")

    async def _way(self, credentials: Credentials) -> None:
        """Find out whether Slack can reach us."""
        if credentials.app_token is None:
            text = (
                "the secret is set; whether it is the app's own shows when Slack first calls "
                "POST /slack/events"
            )
            self._fine("way", "HTTP", text)
            return
        async with _opened(replace(credentials, bot_token=credentials.app_token)) as api:
            try:
                await api.call("apps.connections.open")
            except WorkspaceGone as gone:
                self._missing("way", "Socket Mode", f"{APP_TOKEN} is not accepted ({gone.code})")
            except SlackRefused as refused:
                text = f"no connection can be opened ({refused.code}): "
                text += f"{APP_TOKEN} needs connections:write, and the app Socket Mode turned on"
                self._missing("way", "Socket Mode", text)
            else:
                self._fine("way", "Socket Mode", "a connection can be opened")

    # -- channels ----------------------------------------------------------------------------

    async def _places(self, api: SlackApi, ourselves: Ourselves) -> None:
        desk = self._desk
        self._progress("asking for the channels", 0.1)
        try:
            places = await _visible(api)
        except SlackRefused as refused:
            self._missing("channel", "channels", f"they cannot be listed: {refused}")
            return
        names = sorted({*desk.channels.values(), desk.default_channel})
        for done, name in enumerate(names):
            self._progress(f"asking for {_hash(name)}", 0.1 + 0.9 * done / len(names))
            await self._desk_channel(api, name, places, ourselves)
        if self._outside:
            text = f"{_and(sorted(self._outside))}: they read along, and cannot work on tickets"
            self._note("channel", "guests", text)
        if desk.escalation_channel not in (None, *names):
            self._other(str(desk.escalation_channel), places, "for what is overdue")
        for name in desk.customers.channels:
            self._other(name, places, "for customers")
        for queue in self._queues:
            if queue not in desk.channels:
                text = f"has no channel; its tickets go to {_hash(desk.default_channel)}"
                self._note("queue", queue, text)

    async def _desk_channel(
        self, api: SlackApi, name: str, places: dict[str, Place], ourselves: Ourselves
    ) -> None:
        place = places.get(name.casefold())
        use = _use(name, self._desk)
        wrong = _wrong(name, place)
        if place is not None and not wrong:
            wrong = _open_to_others(place)
            agents = await self._agents(api, place, ourselves)
            if agents == "0":
                wrong.append("nobody in it can work on tickets; invite agents")
            use = f"{agents} {'agent' if agents == '1' else 'agents'} · {use}"
        for text in wrong:
            self._missing("channel", _hash(name), text)
        if not wrong:
            self._fine("channel", _hash(name), f"private, {use}")

    def _other(self, name: str, places: dict[str, Place], use: str) -> None:
        wrong = _wrong(name, places.get(name.casefold()))
        for text in wrong:
            self._missing("channel", _hash(name), f"{text} ({use})")
        if not wrong:
            self._fine("channel", _hash(name), use)

    async def _agents(self, api: SlackApi, place: Place, ourselves: Ourselves) -> str:
        """Return how many can work on tickets there; remember who is there and cannot."""
        members = [user for user in await api.members(place.id) if user != ourselves.user]
        if len(members) > MOST_PEOPLE:
            return f"up to {len(members)}"
        try:
            for user in members:
                if user not in self._people:
                    self._people[user] = await api.user_info(user)
        except SlackRefused:  # what it lacks for that stands among the permissions
            return f"up to {len(members)}"
        people = [self._people[user] for user in members]
        people = [each for each in people if not each.is_bot and not each.is_gone]
        outside = [
            each.name
            for each in people
            if each.is_guest or each.is_stranger or each.team not in (None, ourselves.team)
        ]
        self._outside.update(outside)
        return str(len(people) - len(outside))

    # -- lines -------------------------------------------------------------------------------

    def _fine(self, kind: str, name: str, text: str) -> None:
        self.findings.append(Finding(kind=kind, name=name, state=State.FINE, text=text))

    def _missing(self, kind: str, name: str, text: str) -> None:
        self.findings.append(Finding(kind=kind, name=name, state=State.MISSING, text=text))

    def _note(self, kind: str, name: str, text: str) -> None:
        self.findings.append(Finding(kind=kind, name=name, state=State.NOTE, text=text))


@asynccontextmanager
async def _opened(credentials: Credentials) -> AsyncIterator[SlackApi]:
    api = await SlackApi.open(credentials)
    try:
        yield api
    finally:
        await api.close()


async def _visible(api: SlackApi) -> dict[str, Place]:
    """Return the channels that the bot can see, by name and by id; of two its own wins."""
    seen: dict[str, Place] = {}
    listed = await api.public_channels()
    for place in (*listed, *await api.user_channels(archived=True)):
        seen[place.id.casefold()] = place
        if place.name:
            seen[place.name.casefold()] = place
    return seen


def _wrong(name: str, place: Place | None) -> list[str]:
    """Return why the bot cannot work in a channel, if so."""
    if place is None:
        return [
            "there is no such channel, or it is private and the bot is not in it: create it, "
            "and write /invite @Frontdesk there"
        ]
    if place.is_archived:
        return ["it is archived"]
    if not place.is_member:
        return [f"the bot is not in it: write /invite @Frontdesk in {_hash(name)}"]
    return []


def _open_to_others(place: Place) -> list[str]:
    """Return who else reads what stands in a channel of the desk, if so."""
    wrong = []
    if not place.is_private:
        wrong.append("it is public: anybody can join and work on tickets; make it private")
    if place.is_shared:
        wrong.append("it is shared with other workspaces, which read what customers write")
    return wrong


def _use(name: str, desk: Desk) -> str:
    queues = [queue for queue, channel in desk.channels.items() if channel == name]
    if name == desk.default_channel:
        queues.append("what has no channel of its own")
    return ", ".join(queues)


def _hash(name: str) -> str:
    return name if name[:1] == "C" and name.isupper() else f"#{name}"


def _and(names: list[str]) -> str:
    return ", ".join(names)


# -- how it is shown ---------------------------------------------------------------------------

MARKS = {
    State.FINE: ("✓", "green"),
    State.MISSING: ("✗", "bold red"),
    State.NOTE: ("–", "yellow"),
}


def report(findings: list[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON."""
    return [
        {"kind": each.kind, "name": each.name, "state": str(each.state), "text": each.text}
        for each in findings
    ]


def show(findings: list[Finding], *, asked: bool = True) -> None:
    """Print findings: with colours, and broken at the edge, on a terminal; plain into a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    lines = _shortened(findings)
    if console.is_terminal:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for each in lines:
            mark, style = MARKS[each.state]
            told = Text(each.text, style="" if each.state is State.MISSING else "dim")
            table.add_row(Text(mark, style=style), each.name, told)
        console.print(table)
    else:
        width = max((len(each.name) for each in lines), default=0)
        for each in lines:
            typer.echo(f"{MARKS[each.state][0]} {each.name:<{width}}  {each.text}")
    missing = sum(each.state is State.MISSING for each in findings)
    if missing:
        things = "thing is" if missing == 1 else "things are"
        console.print(Text(f"{missing} {things} missing", style="bold red"))
    elif asked:
        console.print(Text("nothing is missing", style="bold green"))


def _shortened(findings: list[Finding]) -> list[Finding]:
    """Return findings with all permissions that are there in one line."""
    granted = [f for f in findings if f.kind == "scope" and f.state is State.FINE]
    lines: list[Finding] = []
    for each in findings:
        if each not in granted:
            lines.append(each)
        elif each is granted[0]:
            count = f"all {len(SCOPES)}"
            if len(granted) < len(SCOPES):
                count = f"{len(granted)} of {len(SCOPES)}"
            text = f"{count} of the manifest are granted"
            lines.append(Finding(kind="scope", name="permissions", state=State.FINE, text=text))
    return lines

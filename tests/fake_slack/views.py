"""Modals in their stacks of three, and App Homes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fake_slack.workspace import APP, BOT, TEAM, Workspace

Json = dict[str, Any]

MOST_IN_STACK = 3

_SHOWN = ("title", "submit", "close", "blocks")


@dataclass(slots=True, eq=False)
class View:
    """A modal or an App Home as the app described it, and what its user has entered."""

    id: str
    user: str
    given: Json
    hash: str
    root_id: str | None = None
    previous_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    """`state.values`: by block, then by action."""
    errors: dict[str, str] = field(default_factory=dict)
    """What the app found wrong at the last submission, by block."""

    @property
    def blocks(self) -> list[Json]:
        found: list[Json] = self.given["blocks"]
        return found

    @property
    def kind(self) -> str:
        return str(self.given["type"])

    def shape(self) -> Json:
        """Return the view as payloads and answers show it."""
        given = self.given
        return {
            "id": self.id,
            "team_id": TEAM,
            "type": self.kind,
            "blocks": self.blocks,
            "private_metadata": given.get("private_metadata", ""),
            "callback_id": given.get("callback_id", ""),
            "state": {"values": self.values},
            "hash": self.hash,
            "title": given.get("title"),
            "clear_on_close": given.get("clear_on_close", False),
            "notify_on_close": given.get("notify_on_close", False),
            "close": given.get("close"),
            "submit": given.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id or self.id,
            "app_id": APP,
            "external_id": given.get("external_id", ""),
            "app_installed_team_id": TEAM,
            "bot_id": BOT,
        }


class Views:
    """Everybody's open modals and their App Home."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def top(self, user: str) -> View | None:
        """Return the modal somebody looks at."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def find(self, view_id: str | None = None, external_id: str | None = None) -> View | None:
        """Return an open view by its name."""
        everything = [view for stack in self.stacks.values() for view in stack]
        everything += self.homes.values()
        for view in everything:
            if view.id == view_id:
                return view
            if external_id and view.given.get("external_id") == external_id:
                return view
        return None

    def taken(self, external_id: str | None, *, by: View | None = None) -> bool:
        """Return whether another open view has this name."""
        if not external_id:
            return False
        found = self.find(external_id=external_id)
        return found is not None and found is not by

    def open(self, user: str, given: Json) -> View:
        """Show a first modal to somebody, in place of what they had open."""
        view = self._make(user, given)
        self.stacks[user] = [view]
        return view

    def push(self, user: str, given: Json) -> View | None:
        """Put a modal on top; None when there are three already."""
        stack = self.stacks.setdefault(user, [])
        if len(stack) >= MOST_IN_STACK:
            return None
        view = self._make(user, given)
        if stack:
            view.root_id, view.previous_id = stack[0].id, stack[-1].id
        stack.append(view)
        return view

    def update(self, view: View, given: Json) -> View:
        """Show something else in a view; what was entered stays where names stay."""
        kept = {
            (block.get("block_id"), element.get("action_id"))
            for block in given["blocks"]
            for element in elements_of(block)
        }
        named = self._named(given)
        view.given, view.hash, view.errors = named, self._hash(), {}
        view.values = _initial(named["blocks"]) | {
            block_id: {a: v for a, v in entered.items() if (block_id, a) in kept}
            for block_id, entered in view.values.items()
            if any((block_id, a) in kept for a in entered)
        }
        self._workspace.touched()
        return view

    def publish(self, user: str, given: Json) -> View:
        """Show an App Home to somebody."""
        home = self.homes.get(user)
        if home is None:
            home = self.homes[user] = self._make(user, given)
            return home
        return self.update(home, given)

    def close(self, user: str, *, everything: bool = False) -> list[View]:
        """Take the top modal away, or all; return what was taken, from the top."""
        stack = self.stacks.get(user, [])
        gone = stack[::-1] if everything else stack[-1:]
        self.stacks[user] = stack[: len(stack) - len(gone)]
        self._workspace.touched()
        return gone

    def take_away(self, view: View) -> None:
        """Take one modal away, wherever it is in its stack."""
        stack = self.stacks.get(view.user, [])
        if view in stack:
            stack.remove(view)
            self._workspace.touched()

    def _make(self, user: str, given: Json) -> View:
        id_ = f"V{self._workspace.number('view'):010d}"
        named = self._named(given)
        view = View(id_, user, named, self._hash())
        view.values = _initial(named["blocks"])
        self._workspace.touched()
        return view

    def _named(self, given: Json) -> Json:
        """Give names to blocks and elements that have none, as Slack does."""
        return given | {"blocks": named_blocks(given["blocks"], self._workspace)}

    def _hash(self) -> str:
        number = self._workspace.number("hash")
        return f"{int(self._workspace.clock.now())}.{number:08x}"


def elements_of(block: Json) -> list[Json]:
    """Return the elements of a block that somebody can use."""
    found = list(block.get("elements", [])) if block.get("type") != "rich_text" else []
    found += [block[key] for key in ("accessory", "element") if isinstance(block.get(key), dict)]
    return [element for element in found if isinstance(element, dict)]


def named_blocks(blocks: list[Json], workspace: Workspace) -> list[Json]:
    """Return the blocks with block_id and action_id filled in where the app gave none."""
    named: list[Json] = []
    for block in blocks:
        copy = {"block_id": f"b{workspace.number('block')}", **block}
        if copy["type"] in ("actions", "context_actions"):
            copy["elements"] = [
                {"action_id": f"a{workspace.number('action')}", **element}
                for element in copy["elements"]
            ]
        for key in ("accessory", "element"):
            element = copy.get(key)
            if isinstance(element, dict) and element.get("type") != "image":
                copy[key] = {"action_id": f"a{workspace.number('action')}", **element}
        named.append(copy)
    return named


_EMPTY: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", ""),
}
"""For each element that keeps a value: the key of the value, and of what it is at first."""

MANY = ("selected_options", "selected_users", "selected_conversations", "selected_channels")


def value_key(element: Json) -> str | None:
    """Return under which key the state holds the element's value; None for buttons and the like."""
    found = _EMPTY.get(element.get("type", ""))
    return found[0] if found else None


def _initial(blocks: list[Json]) -> dict[str, dict[str, Json]]:
    """Return the state of a fresh view or message."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements_of(block):
            keys = _EMPTY.get(element.get("type", ""))
            if keys is None:
                continue
            empty: Any = [] if keys[0] in MANY else None
            values.setdefault(block["block_id"], {})[element["action_id"]] = {
                "type": element["type"],
                keys[0]: element.get(keys[1], empty),
            }
    return values


initial_values = _initial

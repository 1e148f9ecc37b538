"""What people do in modals and in the App Home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_slack.block_kit.check import view_problems
from tests.fake_slack.delivery import Answer
from tests.fake_slack.interactions import (
    NotPossible,
    action_of,
    entered,
    missing_input,
    suggestion,
    view_actions,
    view_closed,
    view_place,
    view_submission,
)
from tests.fake_slack.people import find_element, offered
from tests.fake_slack.views import View, value_key

if TYPE_CHECKING:
    from tests.fake_slack.slack import FakeSlack

Json = dict[str, Any]


class Modals:
    """The acts of people in views."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack

    def view_of(self, user: str) -> Json | None:
        """Return the modal somebody looks at, or None."""
        self._slack.people.user(user)
        view = self._slack.views.top(user)
        return view.shape() | {"errors": dict(view.errors)} if view else None

    def home_of(self, user: str) -> Json | None:
        """Return somebody's App Home, or None where nothing was published."""
        self._slack.people.user(user)
        view = self._slack.views.homes.get(user)
        return view.shape() if view else None

    def _top(self, user: str) -> View:
        view = self._slack.views.top(user)
        if view is None:
            raise NotPossible(f"{user} has no modal open")
        return view

    async def press_in_view(
        self,
        user: str,
        action_id: str,
        value: Any = None,
        *,
        option: Any = None,
        block_id: str | None = None,
        home: bool | None = None,
        forged: Json | None = None,
    ) -> Answer:
        """Use a button or a menu in the modal on top, or in the App Home when there is none.

        Raises:
            NotPossible: If nothing is open, or the element is not there.
        """
        slack = self._slack
        view = slack.views.top(user) if not home else None
        view = view or (slack.views.homes.get(user) if home is not False else None)
        if view is None:
            raise NotPossible(f"{user} looks at no view")
        found_block, element = find_element(view.blocks, action_id, block_id, value)
        wanted = option if option is not None else value
        action = action_of(slack, found_block, element, wanted)
        key = value_key(element)
        if key is not None:
            kept = {"type": element["type"], key: action[key]}
            view.values.setdefault(found_block, {})[action_id] = kept
        payload = view_actions(slack, slack.people.user(user), view, action | (forged or {}))
        return await slack.interact(payload, None)

    async def suggest_in_view(self, user: str, action_id: str, query: str) -> list[Json]:
        """Type into a menu of the modal on top that asks the app for its options."""
        slack = self._slack
        view = self._top(user)
        block_id, _element = find_element(view.blocks, action_id)
        person = slack.people.user(user)
        payload = suggestion(slack, person, block_id, action_id, query, view_place(view))
        return offered(await slack.interact(payload, None))

    async def fill(self, user: str, values: Json) -> None:
        """Enter values in the modal on top without submitting it."""
        entered(self._top(user), values)

    async def submit(
        self, user: str, values: Json | None = None, *, forged: Json | None = None
    ) -> Answer:
        """Fill in the modal on top and submit it; what the app answers happens to the modal.

        Args:
            user: Who.
            values: What to enter: `{block_id: {action_id: value}}` or `{action_id: value}`. Text as
                it is, an option by its value or its text, several as a list.
            forged: What to put into the view of the payload, as an attacker could.

        Raises:
            NotPossible: If there is no modal, or the client would not submit it.
        """
        slack = self._slack
        view = self._top(user)
        entered(view, values)
        if view.given.get("submit") is None:
            raise NotPossible("the modal has no submit button")
        complaints = missing_input(view)
        if complaints and forged is None:
            raise NotPossible("; ".join(complaints))
        view.errors = {}
        payload = view_submission(slack, slack.people.user(user), view)
        payload["view"] = payload["view"] | (forged or {})
        answer = await slack.interact(payload, None)
        if answer.ok:
            self._follow(user, view, answer.payload if isinstance(answer.payload, dict) else {})
        return answer

    def _follow(self, user: str, view: View, said: Json) -> None:
        """Do to the modal what the app's answer says."""
        views = self._slack.views
        match said.get("response_action"):
            case None:
                views.take_away(view)
            case "clear":
                views.close(user, everything=True)
            case "errors":
                self._errors(view, said.get("errors") or {})
            case "update":
                if self._sound(said.get("view")):
                    views.update(view, said["view"])
            case "push":
                if self._sound(said.get("view")) and views.push(user, said["view"]) is None:
                    self._slack.violations.append("view_submission: pushed on a full stack")
            case other:
                self._slack.violations.append(f"view_submission: response_action {other!r}")

    def _errors(self, view: View, errors: Json) -> None:
        inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        for unknown in sorted(errors.keys() - inputs):
            self._slack.violations.append(f"view_submission: error for {unknown!r}, no such input")
        if not errors:
            self._slack.violations.append("view_submission: response_action errors without errors")
        view.errors = dict(errors)
        self._slack.workspace.touched()

    def _sound(self, given: Any) -> bool:
        problems = view_problems(given, "modal")
        self._slack.violations += [f"view_submission: {problem}" for problem in problems]
        return not problems

    async def close_view(self, user: str, *, everything: bool = False) -> Answer:
        """Close the modal on top, or the whole stack; the app hears of those that ask for it."""
        slack = self._slack
        self._top(user)
        answer = Answer(True)
        for view in slack.views.close(user, everything=everything):
            if view.given.get("notify_on_close"):
                payload = view_closed(slack, slack.people.user(user), view, cleared=everything)
                answer = await slack.interact(payload, None)
        return answer

    async def open_home(self, user: str, tab: str = "home") -> None:
        """Look at the App Home."""
        slack = self._slack
        channel = slack.workspace.direct([user])
        event: Json = {
            "type": "app_home_opened",
            "user": slack.people.user(user).id,
            "channel": channel.id,
            "tab": tab,
            "event_ts": slack.workspace.next_ts(),
        }
        home = slack.views.homes.get(user)
        if home is not None and tab == "home":
            event["view"] = home.shape()
        slack.workspace.tell(event)

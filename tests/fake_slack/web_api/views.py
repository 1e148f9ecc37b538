"""views.*: modals and App Homes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_slack.block_kit.check import view_problems
from tests.fake_slack.web_api.call import ApiError, Asked, method

if TYPE_CHECKING:
    from tests.fake_slack.tickets import Trigger
    from tests.fake_slack.views import View

Json = dict[str, Any]


def checked(asked: Asked, *, home: bool = False) -> Json:
    """Return the view of the arguments, or refuse it."""
    view = asked.arguments.get("view")
    if not isinstance(view, dict):
        raise ApiError("invalid_arguments", "[ERROR] must provide an object [json-pointer:/view]")
    problems = view_problems(view, "home" if home else "modal")
    if problems:
        asked.slack.note_problems(problems)
        raise ApiError("invalid_arguments", *[str(problem) for problem in problems])
    return view


def _trigger(asked: Asked) -> Trigger:
    found = asked.slack.tickets.redeem(asked.text("trigger_id"))
    if isinstance(found, str):
        raise ApiError(found)
    return found


def open_modal(asked: Asked) -> Json:
    given = checked(asked)
    views = asked.slack.views
    trigger = _trigger(asked)
    if views.taken(given.get("external_id")):
        raise ApiError("duplicate_external_id")
    return {"view": views.open(trigger.user, given).shape()}


def push(asked: Asked) -> Json:
    given = checked(asked)
    views = asked.slack.views
    trigger = _trigger(asked)
    if views.taken(given.get("external_id")):
        raise ApiError("duplicate_external_id")
    view = views.push(trigger.user, given)
    if view is None:
        raise ApiError("push_limit_reached")
    return {"view": view.shape()}


def _matches(asked: Asked, view: View) -> None:
    if asked.text("hash") and asked.text("hash") != view.hash:
        raise ApiError("hash_conflict")


def update(asked: Asked) -> Json:
    given = checked(asked)
    views = asked.slack.views
    view = views.find(asked.text("view_id") or None, asked.text("external_id") or None)
    if view is None or view.kind != "modal":
        raise ApiError("not_found")
    _matches(asked, view)
    if views.taken(given.get("external_id"), by=view):
        raise ApiError("duplicate_external_id")
    return {"view": views.update(view, given).shape()}


def publish(asked: Asked) -> Json:
    given = checked(asked, home=True)
    user = asked.text("user_id")
    if user not in asked.slack.workspace.users:
        raise ApiError("user_not_found")
    home = asked.slack.views.homes.get(user)
    if home is not None:
        _matches(asked, home)
    return {"view": asked.slack.views.publish(user, given).shape()}


METHODS = {
    "views.open": method(open_modal, "trigger_id view", tier=4),
    "views.push": method(push, "trigger_id view", tier=4),
    "views.update": method(update, "view", "view_id external_id hash", tier=4),
    "views.publish": method(publish, "user_id view", "hash", tier=4),
}

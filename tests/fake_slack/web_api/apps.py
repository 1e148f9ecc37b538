"""auth.test, apps.connections.open, team.info, bots.info and blocks.validate."""

from __future__ import annotations

from typing import Any

from tests.fake_slack.block_kit.check import message_problems, view_problems
from tests.fake_slack.web_api.call import ApiError, Asked, method
from tests.fake_slack.workspace import APP, BOT, BOT_USER

Json = dict[str, Any]


def auth_test(asked: Asked) -> Json:
    team = asked.slack.workspace.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": "frontdesk",
        "team_id": team.id,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def connections_open(asked: Asked) -> Json:
    asked.needs("connections:write")
    slack = asked.slack
    return {"url": f"{slack.ws_url}/link/?ticket={slack.sockets.ticket()}&app_id={APP}"}


def team_info(asked: Asked) -> Json:
    found = asked.slack.workspace.teams.get(asked.text("team") or asked.slack.workspace.team.id)
    if found is None:
        raise ApiError("team_not_found")
    return {
        "team": {
            "id": found.id,
            "name": found.name,
            "domain": found.domain,
            "email_domain": "",
            "url": f"https://{found.domain}.slack.com/",
            "icon": {"image_default": True},
        }
    }


def bots_info(asked: Asked) -> Json:
    if asked.text("bot") not in ("", BOT):
        raise ApiError("bot_not_found")
    shown = {"id": BOT, "deleted": False, "name": "Frontdesk", "app_id": APP, "user_id": BOT_USER}
    return {"bot": shown | {"updated": 1_700_000_000, "icons": {}}}


def blocks_validate(asked: Asked) -> Json:
    given = asked.arguments
    if sum(key in given for key in ("blocks", "message", "view")) != 1:
        raise ApiError("invalid_arguments", "[ERROR] exactly one of blocks, message, view")
    if "view" in given:
        view = given["view"] if isinstance(given["view"], dict) else {}
        error, problems = "invalid_view", view_problems(view, str(view.get("type")), "")
    elif "message" in given:
        message = given["message"] if isinstance(given["message"], dict) else {}
        error, problems = "invalid_message", message_problems(message.get("blocks"))
    else:
        error, problems = "invalid_blocks", message_problems(given["blocks"], "")
    if problems:
        errors = [
            {"pointer": p.pointer, "code": p.code, "message": p.message, "constraint": p.constraint}
            for p in problems
        ]
        raise ApiError(error, errors=errors)
    return {}


METHODS = {
    "auth.test": method(auth_test, tier=0),
    "apps.connections.open": method(connections_open, token="app", tier=1),
    "team.info": method(
        team_info, "", "team domain include_slackbot_availability", scopes=("team:read",)
    ),
    "bots.info": method(bots_info, "", "bot", scopes=("users:read",)),
    "blocks.validate": method(blocks_validate, "", "blocks message view", token="none", tier=4),
}

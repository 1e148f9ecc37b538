"""files.*: uploading in three steps, and looking at what was shared."""

from __future__ import annotations

from typing import Any

from tests.fake_slack.messages import File, Message
from tests.fake_slack.web_api.call import ApiError, Asked, method
from tests.fake_slack.web_api.chat import writable
from tests.fake_slack.workspace import APP, BOT, BOT_USER, TEAM

Json = dict[str, Any]


def get_upload_url(asked: Asked) -> Json:
    if not asked.text("filename"):
        raise ApiError("invalid_arguments")
    length = asked.number("length", 0)
    if length <= 0:
        raise ApiError("missing_argument")
    file = asked.slack.make_file(asked.text("filename"), b"", BOT_USER)
    file.complete = False
    asked.slack.uploads[file.id] = length
    url = f"{asked.slack.url}/upload/v1/{file.id}"
    return {"upload_url": url, "file_id": file.id}


def complete_upload(asked: Asked) -> Json:
    slack = asked.slack
    wanted = asked.arguments.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments")
    files: list[File] = []
    for each in wanted:
        file = slack.workspace.files.get(each.get("id", ""))
        if file is None or file.complete or file.user != BOT_USER or file.id in slack.uploads:
            # In `uploads` still: nothing was sent to the upload address.
            raise ApiError("file_not_found")
        file.title = each.get("title") or file.name
        files.append(file)
    names = asked.text("channels") or asked.text("channel_id")
    posts: list[Message] = []
    for name in [each for each in names.split(",") if each]:
        asked.arguments["channel"] = name
        channel = writable(asked)
        thread_ts = asked.text("thread_ts") or None
        if thread_ts and channel.find(thread_ts) is None:
            raise ApiError("invalid_thread_ts")
        post = Message(
            ts=slack.workspace.next_ts(),
            user=BOT_USER,
            text=asked.text("initial_comment"),
            team=TEAM,
            thread_ts=thread_ts,
            subtype="file_share",
            bot_id=BOT,
            app_id=APP,
            files=files,
            channel=channel.id,
        )
        posts.append(post)
        slack.workspace.post(channel, post)
    for file in files:
        file.complete = True
        file.channels = tuple(post.channel for post in posts)
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


def info(asked: Asked) -> Json:
    file = asked.slack.workspace.files.get(asked.text("file"))
    if file is None:
        raise ApiError("file_not_found")
    shown = File(**{name: getattr(file, name) for name in file.__slots__} | {"access": "visible"})
    return {"file": shown.shape() | {"channels": list(file.channels)}, "comments": []}


METHODS = {
    "files.getUploadURLExternal": method(
        get_upload_url,
        "filename length",
        "alt_txt snippet_type",
        scopes=("files:write",),
        tier=4,
    ),
    "files.completeUploadExternal": method(
        complete_upload,
        "files",
        "channel_id channels initial_comment thread_ts blocks",
        scopes=("files:write",),
        tier=4,
    ),
    "files.info": method(info, "file", "count cursor limit page", scopes=("files:read",), tier=4),
}

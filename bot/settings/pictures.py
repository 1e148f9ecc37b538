"""`pictures/*`: what the sites show. What each is, is judged by its content, not by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.errors import Fault
from bot.files import KINDS, type_of
from bot.settings.settings import Picture

if TYPE_CHECKING:
    from hashlib import _Hash as Hash
    from pathlib import Path

PICTURES = "pictures/*"
"""Their place in the folder."""

LARGEST_BYTES = 100_000
"""Every visitor who chats loads it, and a round picture of 40 points needs a tenth."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.[a-z]{3,4}")


def read_pictures(folder: Path, digest: Hash) -> tuple[dict[str, Picture], list[Fault]]:
    """Return the pictures by file name, and what is wrong with the others.

    Args:
        folder: The configuration's.
        digest: Is told of every picture, so that another one makes another configuration.
    """
    pictures: dict[str, Picture] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob(PICTURES)):
        if path.name.startswith(".") or path.name == "README.md":
            continue
        picture, code, message = _read(path)
        if picture is None:
            faults.append(Fault(path=path, line=1, code=code, message=message))
            continue
        digest.update(b"%d %b %d " % (len(path.name), path.name.encode(), len(picture.content)))
        digest.update(picture.content)
        pictures[path.name] = picture
    return pictures, faults


def _read(path: Path) -> tuple[Picture | None, str, str]:
    """Return the picture, or the code and the message of what is wrong with it."""
    if path.is_dir() or not _NAME.fullmatch(path.name):
        return None, "CFG006", f"'{path.name}' is not the name of a picture such as oak-leaf.png"
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None, "CFG121", f"the picture is larger than {LARGEST_BYTES:,} bytes"
        content = path.read_bytes()
    except OSError as error:
        return None, "CFG003", f"cannot be read: {error.strerror}"
    found = type_of(content, path.name)
    if found is None or not KINDS[found].is_picture:
        return None, "CFG121", "this is no PNG, JPEG, GIF or WebP, whatever its name says"
    return Picture(path=path, content=content, media_type=KINDS[found].media_type), "", ""

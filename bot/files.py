"""What a file is, judged by its content, and under which name it is kept.

A name is what somebody claims: it decides nothing but the difference between two kinds of text.
What is not on the list is refused, above all whatever a browser could run: SVG, HTML and other
markup, programs, macros. What is taken gets an ending that fits, so that a script in a text file
opens as text wherever it is opened.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import filetype
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Files, FileType

LONGEST_NAME = 120
"""Characters, ending included; file systems take 255 bytes."""

MOST_DIRECTORY = 1_000_000
"""Bytes of a ZIP's list of contents: 20,000 entries. Reading ten times as many takes a second."""

_OFFICE = "application/vnd.openxmlformats-officedocument"


class Kind(Struct, frozen=True):
    """A kind of file that can be taken."""

    media_type: str
    endings: tuple[str, ...]
    """The first is added to names that have none of them."""
    is_picture: bool = False
    """Whether every browser shows it and none runs anything in it."""


KINDS: Mapping[FileType, Kind] = {
    "png": Kind("image/png", (".png",), is_picture=True),
    "jpeg": Kind("image/jpeg", (".jpg", ".jpeg"), is_picture=True),
    "gif": Kind("image/gif", (".gif",), is_picture=True),
    "webp": Kind("image/webp", (".webp",), is_picture=True),
    # What iPhones take; few browsers can show it, so it is a download.
    "heic": Kind("image/heic", (".heic", ".heif")),
    "pdf": Kind("application/pdf", (".pdf",)),
    "txt": Kind("text/plain", (".txt", ".log", ".md")),
    "csv": Kind("text/csv", (".csv",)),
    "docx": Kind(f"{_OFFICE}.wordprocessingml.document", (".docx",)),
    "xlsx": Kind(f"{_OFFICE}.spreadsheetml.sheet", (".xlsx",)),
    # Phones film what cannot be told; with the size limit that is a few seconds.
    "mp4": Kind("video/mp4", (".mp4", ".m4v")),
    "mov": Kind("video/quicktime", (".mov",)),
    "zip": Kind("application/zip", (".zip",)),
}

PICTURES = frozenset(kind.media_type for kind in KINDS.values() if kind.is_picture)

_BY_MEDIA_TYPE: Mapping[str, FileType] = {
    kind.media_type: name for name, kind in KINDS.items() if name not in ("txt", "csv")
}

_OFFICE_PARTS: Mapping[str, FileType] = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""What no text holds. Every binary kind above has some of it in its first bytes, but for PDF."""

_BOM_16 = (b"\xff\xfe", b"\xfe\xff")


class FileRefused(Exception):  # noqa: N818  # an answer
    """The file is not taken."""

    def __init__(self, code: str) -> None:
        self.code = code
        """`empty`, `too_large` or `file_type`."""
        super().__init__(code)


class Sound(Struct, frozen=True, kw_only=True):
    """A file that may be kept."""

    name: str
    media_type: str


def examine(name: str, content: bytes, rules: Files) -> Sound:
    """Return what a file is and the name to keep it under.

    Raises:
        FileRefused: It is not taken.
    """
    if not content:
        raise FileRefused("empty")
    if len(content) > rules.max_bytes:
        raise FileRefused("too_large")
    found = type_of(content, name)
    if found is None or found not in rules.types:
        raise FileRefused("file_type")
    kind = KINDS[found]
    return Sound(name=clean_name(name, kind), media_type=kind.media_type)


def type_of(content: bytes, name: str) -> FileType | None:
    """Return the kind of a file; None when it is none that could be taken.

    Args:
        content: All of it.
        name: Tells a table from other text, and nothing else.
    """
    if content.startswith(b"%PDF-"):
        return "pdf"
    text = _text(content)
    if text is not None:
        if text.lstrip("\ufeff \t\r\n\f").startswith("<"):
            return None  # markup, whatever it calls itself
        return "csv" if name.lower().endswith(".csv") else "txt"
    guess = filetype.guess(content)
    if guess is None:
        return None
    if guess.extension in ("zip", "docx", "xlsx", "pptx"):
        return _archive(content)
    return _BY_MEDIA_TYPE.get(guess.mime)


def clean_name(name: str, kind: Kind) -> str:
    """Return a name that any file system and any reader can bear, with an ending that fits."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Control characters, and formats such as those that turn "gpj.exe" round to read "exe.jpg".
    name = "".join(
        " " if char.isspace() else char
        for char in name
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    name = " ".join(re.sub(r'[<>:"|?*]', "_", name).split()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    ending = f".{ending}"
    if not dot or ending.lower() not in kind.endings:
        stem, ending = name, kind.endings[0]
    stem = stem[: LONGEST_NAME - len(ending)].rstrip(" .")
    return f"{stem or 'file'}{ending}"


def accepted(rules: Files) -> str:
    """Return the kinds as a file dialog wants them told."""
    return ",".join(
        each for name in rules.types for each in (KINDS[name].media_type, *KINDS[name].endings)
    )


def _text(content: bytes) -> str | None:
    """Return the beginning of what reads as text; None when it is none."""
    if content.startswith(_BOM_16):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError:
            return None
        return None if _BINARY.search(text.encode(errors="replace")) else text[:1000]
    if _BINARY.search(content):
        return None
    # The encoding does not matter here: markup begins alike in all of those that are left.
    return content.removeprefix(b"\xef\xbb\xbf")[:1000].decode("latin-1")


def _archive(content: bytes) -> FileType | None:
    end = content.rfind(b"PK\x05\x06", -66_000)
    if end < 0 or int.from_bytes(content[end + 12 : end + 16], "little") > MOST_DIRECTORY:
        return None
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    if "[Content_Types].xml" not in names:
        return "zip"
    return next((kind for part, kind in _OFFICE_PARTS.items() if part in names), None)

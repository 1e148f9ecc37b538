"""The part of `frontdesk.yaml` about files: how large, how many, of which kinds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings.forms.base import Strict

FileType = Literal[
    "png",
    "jpeg",
    "gif",
    "webp",
    "heic",
    "pdf",
    "txt",
    "csv",
    "docx",
    "xlsx",
    "mp4",
    "mov",
    "zip",
]


class Files(Strict):
    """Files that customers and agents send each other."""

    max_mb: int = Field(default=10, ge=1, le=50, description="The largest file, in MB.")
    per_message: int = Field(
        default=5, ge=0, le=10, description="Files that come with one message; 0 = none at all."
    )
    types: tuple[FileType, ...] = Field(
        default=(
            *("png", "jpeg", "gif", "webp", "heic", "pdf"),
            *("txt", "csv", "docx", "xlsx", "mp4", "mov"),
        ),
        description="What is taken, judged by a file's content and not by its name. `zip` is not "
        "among the defaults: nobody sees what is in one before it is opened.",
    )

    @property
    def max_bytes(self) -> int:
        """The largest file, in bytes."""
        return self.max_mb * 1_000_000

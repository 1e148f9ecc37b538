"""What can go wrong in understanding.

NlpError
├── NotTrained     there is no model in this folder
├── StaleModel     the model was made from another configuration, or by other versions
├── BrokenModel    a file of the model is missing, altered or unreadable
├── BadEncoder     the sentence encoder that was named cannot be used
├── EngineFailed   understanding failed on a message; carries where, but not the words
└── BadExamples    training or evaluation data is unusable; carries its faults
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path


class NlpError(Exception):
    """Base of everything that `nlp` raises on purpose."""


class NotTrained(NlpError):  # noqa: N818 - named after what is the case
    """There is no model where one was looked for."""


class StaleModel(NlpError):  # noqa: N818 - named after what is the case
    """The model does not belong to this configuration or these library versions."""


class BrokenModel(NlpError):  # noqa: N818 - named after what is the case
    """The model's files are not what its manifest says."""


class BadEncoder(NlpError):  # noqa: N818 - named after what is the case
    """A sentence encoder cannot be used, or the libraries for it are missing."""


class EngineFailed(NlpError):  # noqa: N818 - named after what is the case
    """A message could not be understood, through no fault of its own."""

    def __init__(self, error_type: str, frames: tuple[str, ...]) -> None:
        super().__init__(error_type)
        self.frames = frames
        """File, line and function of the error, outermost first."""


class Fault(Struct, frozen=True, kw_only=True):
    """One fault in a data file."""

    path: Path
    line: int
    code: str
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


class BadExamples(NlpError):  # noqa: N818 - named after what is the case
    """A file of examples cannot be used."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults

"""What all models share: names, texts, and the refusal of unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from nlp.understanding import Language

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Pattern = Annotated[str, StringConstraints(min_length=1)]
"""For RE2; `checks.patterns` says what is allowed."""
ByLanguage = dict[Language, ShortText]
ReplyKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]


class Strict(BaseModel):
    """Refuses keys that nobody reads: a typo must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

"""The model of a configuration: found beside it, trained when it is missing or out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.engine import Engine
from nlp.errors import BrokenModel, NotTrained, StaleModel
from nlp.training import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.settings.settings import Settings

    Progress = Callable[[str, float], None]

MODEL_FOLDER = ".model"
"""In the configuration's folder, so that the two travel together."""


def folder_of(settings: Settings) -> Path:
    """Return where the configuration's model stands."""
    return settings.folder / MODEL_FOLDER


def engine_for(settings: Settings, progress: Progress | None = None) -> Engine:
    """Return the engine of a configuration, trained first unless a current model exists."""
    training_set = settings.training_set()
    folder = folder_of(settings)
    fingerprint = training_set.fingerprint()
    try:
        return Engine.load(folder, fingerprint=fingerprint)
    except (NotTrained, StaleModel, BrokenModel):
        train(training_set, folder, progress)
        return Engine.load(folder, fingerprint=fingerprint)


def engine_at(folder: Path, settings: Settings) -> Engine:
    """Return the engine of a model that somebody chose; it must belong to the configuration.

    Raises:
        NotTrained, StaleModel, BrokenModel: It cannot serve this configuration.
    """
    return Engine.load(folder, fingerprint=settings.training_set().fingerprint())

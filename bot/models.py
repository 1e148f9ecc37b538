"""The model of a configuration: found beside it, trained when it is missing or out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp import model_files
from nlp.errors import BrokenModel, NotTrained, StaleModel
from nlp.training import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.settings.settings import Settings
    from nlp.engine import Engine

    Progress = Callable[[str, float], None]

MODEL_FOLDER = ".model"
"""In the configuration's folder, so that the two travel together."""


def folder_of(settings: Settings) -> Path:
    """Return where the configuration's model stands."""
    return settings.folder / MODEL_FOLDER


def trained(settings: Settings, progress: Progress | None = None) -> Path:
    """Return the folder of a configuration's model, trained first unless a current one exists."""
    training_set = settings.training_set()
    folder = folder_of(settings)
    try:
        model_files.verify(folder, training_set.fingerprint())
    except (NotTrained, StaleModel, BrokenModel):
        train(training_set, folder, progress)
    return folder


def engine_for(settings: Settings, progress: Progress | None = None) -> Engine:
    """Return the engine of a configuration, trained first unless a current model exists."""
    # Imported here: with spaCy it is half of the memory, and a service leaves it to its worker.
    from nlp.engine import Engine

    return Engine.load(trained(settings, progress))

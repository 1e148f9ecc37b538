"""What customers write: real messages of public datasets, or the configuration's own examples."""

from __future__ import annotations

import os
import random
from pathlib import Path

import orjson
import yaml

ROOT = Path(__file__).parents[2]
SETS = ("multidogo", "crosswoz_user_zh")


def folder() -> Path:
    """Return where the datasets are."""
    return Path(os.environ.get("FRONTDESK_DATASETS", ROOT / ".." / "shared" / "data"))


def dataset(name: str) -> list[str]:
    """Return the texts of a dataset in their order; nothing when it is not there."""
    file = folder() / name / "data.jsonl"
    if not file.exists():
        return []
    texts = (orjson.loads(line)["text"].strip() for line in file.read_bytes().splitlines())
    return [text for text in texts if text]


def examples() -> list[str]:
    """Return the example messages of the e-commerce configuration."""
    found: list[str] = []
    for file in sorted((ROOT / "config" / "ecommerce" / "intents").glob("*.yaml")):
        for intent in yaml.safe_load(file.read_text("utf-8"))["intents"].values():
            for texts in intent["examples"].values():
                found.extend(text if isinstance(text, str) else text["text"] for text in texts)
    return found


def mixed() -> list[str]:
    """Return texts of all datasets in equal parts, shuffled the same way each time."""
    parts = [texts for name in SETS if (texts := dataset(name))] or [examples()]
    least = min(map(len, parts))
    dice = random.Random(7)  # noqa: S311  # no secret
    texts = [text for part in parts for text in dice.sample(part, least)]
    dice.shuffle(texts)
    return texts

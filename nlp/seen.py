"""Which sentences a model was trained on: a hash of each, for a score on them says little.

Spelling, marks and numbers do not make a sentence another one.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp.features import normalise, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Signature = tuple[str, ...]
Hashes = npt.NDArray[np.uint64]

_NUMBER = re.compile(r"\d+")


def key(text: str) -> Signature:
    """Return what two spellings of one sentence share; one of marks only is itself."""
    normal = normalise(text)
    return tuple(words(normal)) or (normal.strip(),)


def signature(text: str) -> Signature:
    """Return the same, whatever numbers stand in it."""
    return key(_NUMBER.sub("0", text))


def hashes(texts: Iterable[str]) -> Hashes:
    """Return the sentences of a training set: sorted, each once."""
    return np.unique(np.fromiter(map(_hash, texts), np.uint64))


def are_among(texts: Sequence[str], known: Hashes) -> list[bool]:
    """Say of each text whether it is one of the known sentences."""
    return [bool(found) for found in np.isin([_hash(text) for text in texts], known)]


def _hash(text: str) -> np.uint64:
    content = "\x1f".join(signature(text)).encode("utf-8", "replace")
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))

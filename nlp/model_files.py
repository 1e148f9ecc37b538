"""The folder of a trained model: a manifest that vouches for every file in it.

    manifest.json     {format, model_id, fingerprint, versions, files: {name: sha256}}
    intents/          IntentModel       knowledge.json    articles and their curve
    needs/            NeedModel         parts.json        entities, tones
    tagger/           EntityTagger      seen.npy          hashes of the sentences learned

Arrays are .npy, all else JSON; nothing in it can execute code. A folder is replaced whole or not
at all. The manifest vouches against damage and mixed-up files: every file of the format is listed
with its sum, and the model id follows from fingerprint, versions and format.
It is not signed: whoever writes a whole model anew, sums included, has made a model.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import asdict

from nlp import concepts
from nlp.errors import BrokenModel, NlpError, NotTrained, StaleModel

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 9
"""Raised whenever older files mean something else."""

_MANIFEST = "manifest.json"
_ALWAYS = frozenset(
    {
        "intents/intents.json",
        "intents/intercept.npy",
        "intents/vocabulary.json",
        "intents/weights.npy",
        "knowledge.json",
        "parts.json",
        "seen.npy",
    }
)
"""The files of every model."""
_TOGETHER: tuple[frozenset[str], ...] = (
    frozenset(
        f"needs/{name}" for name in ("evidence.npy", "intercept.npy", "needs.json", "weights.npy")
    ),
    frozenset({"tagger/field.crfsuite", "tagger/names.json"}),
    frozenset(
        {"intents/dense.npy", "intents/semantic/semantic.json", "intents/semantic/tokenizer.json"}
    ),
)
"""Files of which a model has all or none."""
_EITHER: tuple[frozenset[str], ...] = (
    frozenset({"intents/semantic/model.onnx"}),
    frozenset({"intents/semantic/table.npy", "intents/semantic/scales.npy"}),
)
"""What the semantic tier has beside its tokenizer: the encoder, or a table."""
_KNOWN = frozenset().union(_ALWAYS, *_TOGETHER, *_EITHER)
_PARTS = frozenset({_MANIFEST, *(name.split("/")[0] for name in _KNOWN)})
"""What stands in a model's folder; one with anything else in it belongs to somebody."""
_ATTEMPTS = 5
"""At taking a place; each is lost only to another training that ended in the same moment."""
_LIBRARIES = ("numpy", "scikit-learn", "spacy", "python-crfsuite")


class Manifest(Struct, frozen=True, kw_only=True):
    """What a model folder says of itself."""

    format: int
    model_id: str
    fingerprint: str
    """Of the training set."""
    versions: dict[str, str]
    files: dict[str, str]
    """sha256 by path inside the folder, with slashes."""


def versions() -> dict[str, str]:
    """Return the versions of what a model depends on beside its training set."""
    return {"concepts": concepts.version(), **{name: version(name) for name in _LIBRARIES}}


def model_id(fingerprint: str) -> str:
    """Return the id of the model that this training set makes with these libraries."""
    content = orjson.dumps([FORMAT, fingerprint, versions()], option=orjson.OPT_SORT_KEYS)
    return f"m-{hashlib.sha256(content).hexdigest()[:12]}"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder, without looking at the other files.

    Raises:
        NotTrained: there is none.
        BrokenModel: it cannot be read.
    """
    try:
        return msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NotTrained(f"{folder}: there is no trained model here") from None
    except (OSError, ValueError, TypeError) as error:
        raise BrokenModel(f"{folder / _MANIFEST}: cannot be read: {error}") from error


def verify(folder: Path, fingerprint: str | None = None) -> Manifest:
    """Return the manifest of a folder after checking that it may be loaded.

    Args:
        folder: Of the model.
        fingerprint: Of the training set it should have been made from; None to not care.

    Raises:
        NotTrained: there is no model.
        StaleModel: it is another configuration's, or other versions made it.
        BrokenModel: a file is missing, altered or unreadable.
    """
    manifest = read_manifest(folder)
    if manifest.format != FORMAT:
        raise StaleModel(f"{folder}: model format {manifest.format}, this version reads {FORMAT}")
    for name, installed in versions().items():
        if manifest.versions.get(name) != installed:
            made = manifest.versions.get(name, "an unknown version")
            raise StaleModel(f"{folder}: trained with {name} {made}, installed is {installed}")
    if fingerprint is not None and manifest.fingerprint != fingerprint:
        raise StaleModel(f"{folder}: the configuration has changed since this model was trained")
    if manifest.model_id != model_id(manifest.fingerprint):
        raise BrokenModel(f"{folder / _MANIFEST}: the model id does not fit the fingerprint")
    _check_files(folder, manifest.files)
    return manifest


def _check_files(folder: Path, listed: dict[str, str]) -> None:
    """Let a folder pass whose files are those of the format, each as the manifest says.

    Raises:
        BrokenModel: a file is missing, altered, unreadable or none of a model.
    """
    manifest = folder / _MANIFEST
    lacking = _lacking(frozenset(listed))
    if lacking is not None:
        raise BrokenModel(f"{manifest}: does not list {lacking}")
    for name in sorted(_KNOWN.symmetric_difference(listed)):
        if name in listed:
            raise BrokenModel(f"{manifest}: lists {name}, which is no file of a model")
        if (folder / name).exists():  # it would be loaded, and nobody vouches for it
            raise BrokenModel(f"{manifest}: does not list {name}")
    for name, expected in listed.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise BrokenModel(f"{folder / name}: cannot be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise BrokenModel(f"{folder / name}: has been altered since it was trained")


def _lacking(listed: frozenset[str]) -> str | None:
    """Return a file that a manifest should list beside those that it does."""
    groups = [_ALWAYS, *(some for some in _TOGETHER if some & listed)]
    if _TOGETHER[-1] <= listed:
        groups.append(_EITHER[0] if _EITHER[0] & listed else _EITHER[1])
    return min((name for some in groups for name in some - listed), default=None)


@contextmanager
def replacing(folder: Path, fingerprint: str) -> Iterator[Path]:
    """Give a fresh folder to write a model into; when the block ends well it takes the old place.

    Raises:
        NlpError: something that is not a model stands there, and would be lost; or nothing can be
            written there.
    """
    check_replaceable(folder)
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:  # it names what nobody asked for
        raise NlpError(f"{folder}: cannot be made: {error.strerror}") from error
    try:
        fresh, old = workshop / "new", workshop / "old"
        fresh.mkdir()
        yield fresh
        _write_manifest(fresh, fingerprint)
        _swap(fresh, folder, old)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Let a model folder, an empty one or none pass.

    Raises:
        NlpError: something that is not a model stands there, and would be lost.
    """
    if folder.exists() and not folder.is_dir():
        raise NlpError(f"{folder}: is a file; it will not be replaced by a model")
    names = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    if names and not (_MANIFEST in names and names <= _own(folder)):
        raise NlpError(f"{folder}: not empty, and not a model; it will not be replaced")


def _own(folder: Path) -> frozenset[str]:
    """Return the names that may stand in a model's folder; a damaged model may be replaced too."""
    try:
        files = read_manifest(folder).files
    except NlpError:
        return _PARTS
    return _PARTS.union(name.split("/")[0] for name in files)


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    """Put a new folder in the place of another, which somebody else may be doing as well."""
    for attempt in range(_ATTEMPTS):
        aside = old.with_name(f"{old.name}{attempt}")
        with suppress(FileNotFoundError):
            folder.rename(aside)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.exists():  # nothing is there now: what was there is better
                aside.rename(folder)
                raise
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _write_manifest(folder: Path, fingerprint: str) -> None:
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    manifest = Manifest(
        format=FORMAT,
        model_id=model_id(fingerprint),
        fingerprint=fingerprint,
        versions=versions(),
        files={
            p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in paths
        },
    )
    content = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
    (folder / _MANIFEST).write_bytes(content)

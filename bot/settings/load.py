"""A configuration folder → one frozen `Settings`, or every fault of every file at once.

Owns which file holds what, and where each thing stands. Form is `model`'s, sums over several
files are `check`'s. Nothing here depends on the time or the environment: the same files give the
same settings and the same `config_id`.
"""

from __future__ import annotations

import hashlib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bot.errors import ConfigError, Fault
from bot.settings import model
from bot.settings.check import check
from bot.settings.known import Known, installed
from bot.settings.pictures import PICTURES, read_pictures
from bot.settings.settings import File, Place, Settings
from bot.settings.strict_yaml import parse
from bot.settings.validate import did_you_mean, validate
from nlp.understanding import LANGUAGES, Language

__all__ = ["Place", "Settings", "load"]

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from hashlib import _Hash as Hash
    from pathlib import Path

    from bot.settings.settings import Picture


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of file."""

    pattern: str
    """Its path in the folder; `*` stands for a name of the admin's choice."""
    model: Any
    required: bool = True


KINDS: Mapping[str, Kind] = {
    "general": Kind(pattern="frontdesk.yaml", model=model.General),
    "intents": Kind(pattern="intents/*.yaml", model=model.IntentFile),
    "out_of_scope": Kind(pattern="out_of_scope.yaml", model=model.OutOfScope),
    "entities": Kind(pattern="entities.yaml", model=model.Entities),
    "needs": Kind(pattern="needs/*.yaml", model=model.Need),
    "phrases": Kind(pattern="phrases.yaml", model=model.Phrases),
    "flows": Kind(pattern="flows.yaml", model=model.Flows),
    "articles": Kind(pattern="knowledge/*.yaml", model=model.Article, required=False),
    "routing": Kind(pattern="routing.yaml", model=model.Routing),
    "desk": Kind(pattern="desk.yaml", model=model.Desk, required=False),
    "macros": Kind(pattern="macros.yaml", model=model.Macros, required=False),
    "replies": Kind(pattern="replies/*.yaml", model=model.Replies),
    "catalogue": Kind(pattern="shop/products.yaml", model=model.Catalogue, required=False),
    "demo": Kind(pattern="shop/customers.yaml", model=model.DemoShop, required=False),
}
"""Every file that makes the settings."""

TESTS = "tests/*.yaml"
"""Stand beside them and are read by `golden`."""

README = "README.md"
"""May stand in any folder."""

_NAME = re.compile("[a-z][a-z0-9_]{0,63}")


def load(folder: Path, known: Known | None = None) -> Settings:
    """Read and check a configuration folder.

    Args:
        folder: The folder.
        known: The actions and replies that there are; by default those of this program.

    Raises:
        ConfigError: With all faults of all files. A cross-check is left out only when a file that
            it looks into has not its form.
    """
    if not folder.is_dir():
        message = "there is no such configuration folder"
        raise ConfigError([Fault(path=folder, line=1, code="CFG001", message=message)])
    settings, usable, faults = _read(folder)
    faults += check(settings, known or installed(), usable)
    if faults:
        raise ConfigError(faults)
    return settings


def _read(folder: Path) -> tuple[Settings, frozenset[str], list[Fault]]:
    """Read the files; return what they say, of which kinds all of it, and what is wrong."""
    faults = list(_strangers(folder))
    usable = set(KINDS)
    files: dict[str, tuple[File, ...]] = {}
    digest = hashlib.sha256()
    for name, kind in KINDS.items():
        paths = [path for path in sorted(folder.glob(kind.pattern)) if _is_read(path)]
        if kind.required and not paths:
            message = f"{kind.pattern} is missing"
            faults.append(Fault(path=folder / kind.pattern, line=1, code="CFG002", message=message))
            usable.discard(name)
        found = [_read_file(path, kind.model, folder, digest, faults) for path in paths]
        files[name] = tuple(file for file in found if file)
        if len(files[name]) < len(found):
            usable.discard(name)
    faults += _twice(files)
    pictures, found_wrong = read_pictures(folder, digest)
    if not found_wrong:
        usable.add("pictures")
    faults += found_wrong
    config_id = f"c-{digest.hexdigest()[:12]}"
    return _settings(folder, files, pictures, config_id), frozenset(usable), faults


def _is_read(path: Path) -> bool:
    """Leave out what editors put beside the files, and what `_strangers` complains of."""
    return not path.name.startswith(".") and not path.is_dir()


def _read_file(
    path: Path, kind: Hashable, folder: Path, digest: Hash, faults: list[Fault]
) -> File | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        faults.append(Fault(path=path, line=1, code="CFG003", message=message))
        return None
    name = path.relative_to(folder).as_posix().encode()
    digest.update(b"%d %b %d " % (len(name), name, len(content)))
    digest.update(content)
    document, found = parse(content, path)
    faults += found
    if document is None:
        return None
    value, found = validate(kind, document, path)
    faults += found
    return File(path=path, document=document, value=value) if value is not None else None


def _strangers(folder: Path) -> Iterator[Fault]:
    """Yield what nobody reads: a file in the wrong place must not pass in silence."""
    patterns = {kind.pattern for kind in KINDS.values()} | {TESTS, PICTURES}
    folders = {pattern.split("/")[0] for pattern in patterns if "/" in pattern}
    tops = {pattern.split("/")[0] for pattern in patterns}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == README:
            continue
        if path.name not in tops or path.is_dir() != (path.name in folders):
            yield _stranger(path, tops)
        elif path.name in folders and f"{path.name}/*" != PICTURES:
            names = {p.split("/")[1] for p in patterns if p.startswith(f"{path.name}/")}
            yield from _strangers_inside(path, names)


def _strangers_inside(folder: Path, names: set[str]) -> Iterator[Fault]:
    free = "*.yaml" in names
    if folder.name == "replies":
        free, names = False, {f"{language}.yaml" for language in LANGUAGES}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == README:
            continue
        if path.is_dir() or not (path.name in names or (free and path.suffix == ".yaml")):
            yield _stranger(path, names - {"*.yaml"})
        elif not _NAME.fullmatch(path.stem) and path.name not in names:
            message = f"'{path.stem}' is not a name: small letters, digits and _, a letter first"
            yield Fault(path=path, line=1, code="CFG006", message=message)


def _stranger(path: Path, known: set[str]) -> Fault:
    what = "folder" if path.is_dir() else "file"
    hint = did_you_mean(path.name, known)
    if path.suffix in (".yml", ".json"):
        hint = "; configuration files end in .yaml"
    message = f"nothing reads the {what} '{path.name}' here{hint}"
    return Fault(path=path, line=1, code="CFG004", message=message)


def _twice(files: Mapping[str, tuple[File, ...]]) -> Iterator[Fault]:
    """Yield intents that stand in two files."""
    seen: dict[str, Path] = {}
    for file in files["intents"]:
        for intent in file.value.intents:
            if intent in seen:
                line = file.document.line(("intents", intent))
                message = f"the intent '{intent}' stands in {seen[intent].name} already"
                yield Fault(path=file.path, line=line, code="CFG005", message=message)
            seen[intent] = file.path


def _settings(
    folder: Path,
    files: Mapping[str, tuple[File, ...]],
    pictures: Mapping[str, Picture],
    config_id: str,
) -> Settings:
    def one(kind: str) -> Any:  # noqa: ANN401 - the kind says which model it is
        return files[kind][0].value if files[kind] else None

    def by_stem(kind: str) -> Mapping[str, Any]:
        return MappingProxyType({file.path.stem: file.value for file in files[kind]})

    intents = {name: i for file in files["intents"] for name, i in file.value.intents.items()}
    replies: dict[Language, Mapping[str, str]] = {
        language: by_stem("replies")[language]
        for language in LANGUAGES
        if language in by_stem("replies")
    }
    return Settings(
        folder=folder,
        config_id=config_id,
        general=one("general"),
        intents=MappingProxyType(intents),
        out_of_scope=one("out_of_scope"),
        entities=one("entities"),
        needs=by_stem("needs"),
        phrases=one("phrases"),
        flows=one("flows"),
        articles=by_stem("articles"),
        routing=one("routing"),
        desk=one("desk") or model.Desk(),
        macros=one("macros").macros if files["macros"] else {},
        replies=MappingProxyType(replies),
        catalogue=one("catalogue"),
        demo=one("demo"),
        files=MappingProxyType(files),
        pictures=MappingProxyType(pictures),
    )

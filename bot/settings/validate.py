"""Plain data → models, with faults that an admin can act on.

Owns the wording of pydantic's errors. Values are validated as strict JSON: `"yes"` is no boolean,
`"5"` no number, and 900 no time of day.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter, ValidationError
from rapidfuzz import process

from bot.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from bot.settings.strict_yaml import Document, Json, Steps

CLOSE_ENOUGH = 60
"""Similarity in percent from which a suggestion helps more than it misleads: lable/label is 80."""


def validate(model: Hashable, document: Document, path: Path) -> tuple[Any, list[Fault]]:
    """Read a document as a model (a class or an annotation).

    Returns:
        The value, and its faults. Keys that nobody knows are left out of it; with a fault of
        another sort there is no value.
    """
    adapter = adapter_of(model)
    try:
        return adapter.validate_json(json.dumps(document.value), strict=True), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
    faults = [_fault(model, detail, document, path) for detail in details]
    if any(detail["type"] != "extra_forbidden" for detail in details):
        return None, faults
    known = copy.deepcopy(document.value)
    for detail in details:
        _drop(_find(detail["loc"], document.value)[0], known)
    try:
        return adapter.validate_json(json.dumps(known), strict=True), faults
    except ValidationError:  # the unknown key was a misspelt one
        return None, faults


def _drop(place: Steps, value: Any) -> None:  # noqa: ANN401 - any JSON
    for step in place[:-1]:
        value = value[step]
    del value[place[-1]]


@cache
def adapter_of(model: Hashable) -> TypeAdapter[Any]:
    """Return the model's adapter; building one takes milliseconds."""
    adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", model))
    return adapter


@cache
def schema_of(model: Hashable) -> dict[str, Any]:
    """Return the model's JSON Schema, as files are written."""
    schema = adapter_of(model).json_schema(mode="validation", by_alias=True)
    _close(schema)
    return schema


def _close(node: object) -> None:
    """Let editors complain of keys that have not the form of a name; pydantic leaves them open."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return ", did you mean 'label'?" when something known is close, else nothing."""
    close = process.extractOne(word, sorted(known), score_cutoff=CLOSE_ENOUGH)
    return f", did you mean '{close[0]}'?" if close else ""


def _fault(model: Hashable, detail: ErrorDetails, document: Document, path: Path) -> Fault:
    place, value, is_key = _find(detail["loc"], document.value)
    if detail["type"] == "missing":
        message = f"the key '{detail['loc'][-1]}' is missing{_inside(place)}"
        code = "CFG011"
    elif detail["type"] == "extra_forbidden":
        word = str(detail["loc"][-1])
        known = _properties(schema_of(model), detail["loc"][:-1])
        message = f"unknown key '{word}'{_inside(place[:-1])}{did_you_mean(word, known)}"
        code = "CFG010"
    else:
        message = f"{_dotted(place)}: {_wording(detail, value, is_key)}"
        code = "CFG012"
    return Fault(path=path, line=document.line(place), code=code, message=message)


def _dotted(place: Steps) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in place) or "file"


def _inside(place: Steps) -> str:
    return f" in {_dotted(place)}" if place else ""


def _find(loc: tuple[int | str, ...], value: Json) -> tuple[Steps, Json, bool]:
    """Follow an error's place through the data, past the union tags that pydantic puts in."""
    place: list[str | int] = []
    for step in loc:
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
                place.append(step)
            case list(), int() if step < len(value):
                value = value[step]
                place.append(step)
    return tuple(place), value, loc[-1:] == ("[key]",)


def _properties(schema: dict[str, Any], loc: tuple[int | str, ...]) -> dict[str, object]:
    """Return the keys that may stand at a place, by walking the schema."""
    node = _resolve(schema, schema)
    for step in loc:
        node = _resolve(schema, _step(node, step))
    properties: dict[str, object] = node.get("properties", {})
    return properties


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node:
            node = node["anyOf"][0]
        else:
            return node


def _step(node: dict[str, Any], step: int | str) -> dict[str, Any]:
    if "discriminator" in node:
        return {"$ref": node["discriminator"]["mapping"][step]}
    if isinstance(step, int):
        items: dict[str, Any] = node.get("items", {})
        return items
    inner: dict[str, Any] | None = node.get("properties", {}).get(step)
    return inner or values_of(node) or {}


def values_of(node: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a mapping's values, when its keys are the admin's choice."""
    patterns = node.get("patternProperties")
    inner = next(iter(patterns.values())) if patterns else node.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def _text_expected(detail: ErrorDetails, value: Json) -> str:
    if value is None:
        return "nothing stands here, text is expected"
    if isinstance(value, dict):
        return "text is expected; put quotes around a text that contains ': ' or starts with {"
    if isinstance(value, list):
        return "text is expected, not a list; put quotes around a text that starts with ["
    return f"{json.dumps(value)} reads as no text; put quotes around it"


def _choice(detail: ErrorDetails, value: Json) -> str:
    expected = str(detail["ctx"]["expected"])
    known = {word.strip("' ") for word in expected.replace(" or ", ", ").split(",")}
    return f"'{value}' is not one of {expected}{did_you_mean(str(value), known)}"


def _kind(detail: ErrorDetails, value: Json) -> str:
    expected = str(detail["ctx"]["expected_tags"])
    tag = str(detail["ctx"]["tag"])
    known = {word.strip("' ") for word in expected.split(",")}
    return f"'{tag}' is no kind; it is one of {expected}{did_you_mean(tag, known)}"


def _pattern(detail: ErrorDetails, value: Json) -> str:
    pattern = str(detail["ctx"]["pattern"])
    meaning = {
        r"^[a-z][a-z0-9_]{0,63}$": "a name: small letters, digits and _, a letter first",
        "^[A-Z]{3}$": "a currency such as USD",
        "^[A-Z]{2}$": "a country such as US",
    }.get(pattern, f"of the form {pattern}")
    return f"'{value}' is not {meaning}"


def _short(detail: ErrorDetails, value: Json) -> str:
    return "nothing stands here, text is expected"


def _boolean(detail: ErrorDetails, value: Json) -> str:
    return f"{json.dumps(value)} is not true or false (yes, no, on and off are text)"


_WORDINGS: Mapping[str, Callable[[ErrorDetails, Json], str]] = {
    "string_type": _text_expected,
    "string_too_short": _short,
    "literal_error": _choice,
    "union_tag_invalid": _kind,
    "union_tag_not_found": lambda detail, value: "the key 'kind' is missing",
    "string_pattern_mismatch": _pattern,
    "bool_type": _boolean,
    "int_type": lambda detail, value: f"{json.dumps(value)} is not a whole number",
    "float_type": lambda detail, value: f"{json.dumps(value)} is not a number",
    "tuple_type": lambda detail, value: "a list is expected: [a, b], or lines that start with '- '",
    "dict_type": lambda detail, value: "keys with values are expected",
    "model_type": lambda detail, value: "keys with values are expected",
    "too_short": lambda detail, value: f"at least {detail['ctx']['min_length']} must stand here",
    "value_error": lambda detail, value: str(detail["ctx"]["error"]),
}


def _wording(detail: ErrorDetails, value: Json, is_key: bool) -> str:
    if is_key:
        # The input of a key's error is the key itself, which stands before "[key]".
        value = str(detail["loc"][-2])
    wording = _WORDINGS.get(detail["type"])
    if wording:
        return wording(detail, value)
    return detail["msg"][:1].lower() + detail["msg"][1:]

"""Joins the modules of the chat into the one that is served. Pure.

People read and check them apart. A browser would fetch a score of them, level by level, and what
compresses together is a fifth smaller; so they leave as one. They are ours, which is why so little
understands them: each import is a line of its own, each export a function, class or constant, and
no two modules have a name of the top level in common.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMPORT = re.compile(r"^import \{ [\w, ]+ \} from '\./(\w+)\.js';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) )", re.MULTILINE)
_NAME = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
_REST = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def join(modules: Mapping[str, str], entry: str, exported: str) -> str:
    """Return one module that does what several do.

    Args:
        modules: Their texts by name, without folder and `.js`.
        entry: The one that needs the others.
        exported: What of it is exported.

    Raises:
        ValueError: They cannot be joined.
    """
    owners: dict[str, str] = {}
    parts: list[str] = []
    for module in _in_order(modules, entry):
        part = _EXPORT.sub("", _IMPORT.sub("", modules[module]))
        if (rest := _REST.search(part)) is not None:
            raise ValueError(f"{module}.js: this is not understood: {rest[0]}")
        for name in _NAME.findall(part):
            if owners.setdefault(name, module) != module:
                raise ValueError(f"{name} is in {owners[name]}.js and in {module}.js")
        parts.append(part)
    # In a function: a minifier gives short names to what is within.
    body = "".join(parts)
    return f"export const {exported} = (() => {{\n{body}return {exported};\n}})();\n"


def _in_order(modules: Mapping[str, str], entry: str) -> list[str]:
    """Return the entry and all it needs, each after what it needs itself."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"{name}.js needs itself by way of {above[-1]}.js")
        for needed in _IMPORT.findall(modules[name]):
            if needed not in order:
                visit(needed, (*above, name))
        order.append(name)

    visit(entry, ())
    return order

"""Modules joined into one: what they do together, and what cannot be joined."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bot.channels.widget_join import join

CHAT = Path(__file__).parents[4] / "bot" / "channels" / "widget" / "chat"

A = "import { b, B } from './b.js';\n\nexport const a = () => b() + new B().c;\n"
B = "import { c } from './c.js';\n\nexport function b() { return 1; }\nexport class B { c = c; }\n"
C = "const two = 2;\nexport const c = two * 10;\n"


def test_what_is_joined_does_what_the_parts_did(tmp_path: Path):
    joined = tmp_path / "joined.mjs"
    joined.write_text(join({"a": A, "b": B, "c": C, "unused": "export const b = 0;\n"}, "a", "a"))
    code = f"import {{ a }} from '{joined.as_uri()}'; console.log(a());"
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    command = [node, "--input-type=module", "-e", code]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    assert ran.stdout == "21\n"


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ({"a": A, "b": B, "c": C + "function b() {}\n"}, "b is in c.js and in b.js"),
        ({"a": A, "b": B, "c": "import { a } from './a.js';\n" + C}, "a.js needs itself"),
        ({"a": "import x from './b.js';\n", "b": B, "c": C}, "not understood: import x"),
        ({"a": "export let a = 1;\n"}, "not understood: export let"),
        ({"a": "export default 1;\n"}, "not understood: export default"),
    ],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        join(modules, "a", "a")


def test_the_chat_can_be_joined():
    modules = {path.stem: path.read_text("utf-8") for path in CHAT.glob("*.js")}
    joined = join(modules, "chat", "start")
    assert joined.startswith("export const start")
    for module in modules:
        assert f"'./{module}.js';\n" not in joined

"""What the checks of the sites let pass; what they refuse stands in `test_check`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import Fault
from bot.settings.known import Known
from bot.settings.load import load

Edit = Callable[[str, str, str], Path]
FaultsOf = Callable[[Path], tuple[Fault, ...]]

FILE = "frontdesk.yaml"
DARK = '        dark: {accent: "#8fc4ac", on_accent: "#10201a"}\n'


def test_colours_of_a_scheme_that_is_never_shown_do_not_matter(
    edit: Edit, faults_of: FaultsOf
) -> None:
    folder = edit(
        FILE,
        DARK,
        '        theme: light\n        dark: {accent: "#1b1d1b", on_accent: "#1b1d1b"}\n',
    )
    assert faults_of(folder) == ()


def test_any_accent_may_go_without_one_for_the_dark(edit: Edit, faults_of: FaultsOf) -> None:
    edit(FILE, "#2f5d4e", "#0b57d0")
    assert faults_of(edit(FILE, DARK, "")) == ()


def test_the_message_says_how_much_is_wanting(edit: Edit, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(edit(FILE, '"#ffffff"', '"#8fc4ac"'))
    assert str(fault).endswith(
        "frontdesk.yaml:18: CFG120 on_accent #8fc4ac on accent #2f5d4e has a contrast of 3.81; "
        "4.5 can be read"
    )


def test_a_picture_is_what_it_holds_and_not_what_it_is_called(
    small: Path, known: Known, edit: Edit
) -> None:
    (small / "pictures" / "lamp.png").rename(small / "pictures" / "lamp.jpg")
    settings = load(edit(FILE, "lamp.png", "lamp.jpg"), known)
    assert settings.pictures["lamp.jpg"].media_type == "image/png"


def test_another_picture_is_another_configuration(small: Path, known: Known) -> None:
    before = load(small, known).config_id
    picture = small / "pictures" / "lamp.png"
    picture.write_bytes(picture.read_bytes() + b"\0")
    assert load(small, known).config_id != before


@pytest.mark.parametrize("name", ["Lamp.png", "lamp", "la mp.png", "deeper"])
def test_strange_names_among_the_pictures(small: Path, faults_of: FaultsOf, name: str) -> None:
    stranger = small / "pictures" / name
    stranger.mkdir() if name == "deeper" else stranger.write_bytes(b"x")
    assert [fault.code for fault in faults_of(small)] == ["CFG006"]


def test_what_editors_leave_among_the_pictures_is_no_matter(
    small: Path, faults_of: FaultsOf
) -> None:
    (small / "pictures" / ".DS_Store").write_bytes(b"x")
    (small / "pictures" / "README.md").write_text("Where they come from.", encoding="utf-8")
    assert faults_of(small) == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("https://small.example/privacy", "https://", "CFG126"),
        ("https://small.example/privacy", "https://[x", "CFG126"),
        ('"#ffffff"', "white", "CFG012"),
        ('"#ffffff"', "#ffffff", "CFG012"),  # a comment, to YAML
        ("avatar: lamp.png", "avatar: ../lamp.png", "CFG012"),
        ("id: leaving", "id: Leaving!", "CFG012"),
        ("after_s: 30", "after_s: -1", "CFG012"),
        ("zh: 需要帮忙吗？", "fr: Vous cherchez ?", "CFG012"),
        ("after_s: 30", "after: 30", "CFG010"),
    ],
)
def test_what_has_no_form(edit: Edit, faults_of: FaultsOf, old: str, new: str, code: str) -> None:
    assert code in {fault.code for fault in faults_of(edit(FILE, old, new))}


def test_a_site_there_must_be(edit: Edit, faults_of: FaultsOf, small: Path) -> None:
    text = (small / FILE).read_text(encoding="utf-8")
    before, _, _ = text.partition("  sites:\n")
    folder = edit(FILE, "*", f"{before}  sites: {{}}\ndemo: true\n")
    assert "CFG012" in {fault.code for fault in faults_of(folder)}

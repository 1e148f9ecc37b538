"""What a file is by its content, whatever it calls itself, and what it is called in the end."""

from __future__ import annotations

import contextlib
import io
import unicodedata
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.files import KINDS, LONGEST_NAME, PICTURES, FileRefused, accepted, clean_name, examine
from bot.settings.model import Files

RULES = Files(max_mb=1)
EVERYTHING = Files(types=tuple(KINDS))


def zipped(*names: str, content: bytes = b"<x/>") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


OFFICE = ("[Content_Types].xml", "_rels/.rels")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)

SOUND = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif" + bytes(40),
    "image/gif": b"GIF89a" + bytes(40),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(40),
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40),
    "application/pdf": b"%PDF-1.7\n1 0 obj << >> endobj",
    "text/plain": "第一行\r\n\tsecond line – ok\n".encode(),
    "video/mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(40),
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + bytes(40),
    KINDS["docx"].media_type: zipped(*OFFICE, "word/document.xml"),
    KINDS["xlsx"].media_type: zipped(*OFFICE, "xl/workbook.xml"),
}


@pytest.mark.parametrize("media_type", SOUND)
def test_a_file_is_what_it_holds(media_type: str) -> None:
    for name in ("x", "x.exe", "x.png", "图片.svg"):
        sound = examine(name, SOUND[media_type], RULES)
        assert sound.media_type == media_type
        assert sound.name.endswith(
            next(kind.endings for kind in KINDS.values() if kind.media_type == media_type)
        )
    with pytest.raises(FileRefused, match="file_type"):
        examine("x", SOUND[media_type], Files(types=("zip",)))


REFUSED = {
    "script in a picture": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "with a declaration": b'\xef\xbb\xbf\n <?xml version="1.0"?><svg onload="x()"/>',
    "in UTF-16": "<svg/>".encode("utf-16"),
    "page": b"<!doctype html><script>alert(1)</script>",
    "comment first": b"<!-- x --><html>",
    "program": b"MZ\x90\x00\x03" + bytes(60),
    "unix program": b"\x7fELF\x02\x01\x01" + bytes(60),
    "macros": zipped(*OFFICE, "word/document.xml", "word/vbaProject.bin"),
    "archive": zipped("setup.exe"),
    "slides": zipped(*OFFICE, "ppt/presentation.xml"),
    "broken archive": zipped("a")[:-30],
    "nothing known": bytes(range(256)),
    "half UTF-16": b"\xff\xfe\x00",
    "bitmap": b"BM" + bytes(60),
}


@pytest.mark.parametrize("what", REFUSED)
def test_whatever_could_run_is_refused_under_any_name(what: str) -> None:
    for name in ("lamp.png", "lamp.txt", "lamp.svg"):
        with pytest.raises(FileRefused, match="file_type"):
            examine(name, REFUSED[what], RULES)


def test_text_that_could_run_elsewhere_is_called_text() -> None:
    assert examine("run.sh", b"#!/bin/sh\nrm -rf /\n", RULES).name == "run.sh.txt"
    assert examine("x.html", b"hello <script>1</script>", RULES).name == "x.html.txt"
    assert examine("x.PNG", b"GIF89a is how these begin", RULES).name == "x.PNG.txt"
    sound = examine("orders.CSV", "订单,金额\n1,2\n".encode("gb18030"), RULES)
    assert (sound.name, sound.media_type) == ("orders.CSV", "text/csv")
    assert examine("x", "ok".encode("utf-16"), RULES).media_type == "text/plain"


def test_archives_only_where_they_are_wanted_and_never_a_huge_list() -> None:
    assert examine("a.jar", zipped("a.txt"), EVERYTHING).name == "a.jar.zip"
    many = zipped(*(f"{n:060}" for n in range(10_000)), content=b"")
    with pytest.raises(FileRefused, match="file_type"):
        examine("a.zip", many, EVERYTHING)


def test_sizes() -> None:
    assert examine("a", PNG.ljust(1_000_000, b"\x00"), RULES).media_type == "image/png"
    for content, code in ((PNG.ljust(1_000_001, b"\x00"), "too_large"), (b"", "empty")):
        with pytest.raises(FileRefused, match=code):
            examine("a.png", content, RULES)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\ada\\lamp.PNG", "lamp.PNG"),
        ("lamp\u202egnp.exe", "lampgnp.exe.png"),
        ('a"b<c>:|?*.png', "a_b_c_____.png"),
        ("\r\nSet-Cookie: x\x00.png", "Set-Cookie_ x.png"),
        (" .. ", "file.png"),
        (".png", "png.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
        ("台灯 📷.jpeg", "台灯 📷.jpeg.png"),
        ("\ud83d", "file.png"),
        ("", "file.png"),
    ],
)
def test_names(name: str, clean: str) -> None:
    assert clean_name(name, KINDS["png"]) == clean


@given(st.text(st.characters(), max_size=300), st.sampled_from(sorted(KINDS)))
@settings(max_examples=200)
def test_any_name_comes_out_clean(name: str, kind: str) -> None:
    clean = clean_name(name, KINDS[kind])  # type: ignore[index]
    assert clean_name(clean, KINDS[kind]) == clean  # type: ignore[index]
    assert 0 < len(clean) <= LONGEST_NAME
    assert not set(clean) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(char)[0] == "C" for char in clean)
    assert clean.lower().endswith(KINDS[kind].endings)  # type: ignore[index]
    assert clean[0] not in ". "


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda head, tail: head + tail,
        st.sampled_from([*SOUND.values(), *REFUSED.values(), b"PK\x03\x04", b"PK\x05\x06"]),
        st.binary(max_size=40),
    ),
    st.text(max_size=20),
)
@settings(max_examples=300)
def test_any_content_is_taken_or_refused(content: bytes, name: str) -> None:
    with contextlib.suppress(FileRefused):
        sound = examine(name, content, EVERYTHING)
        assert sound.media_type in {kind.media_type for kind in KINDS.values()}


def test_what_is_shown_in_place_are_pictures() -> None:
    assert {"image/png", "image/jpeg", "image/gif", "image/webp"} == PICTURES
    assert accepted(Files(types=("png", "csv"))) == "image/png,.png,text/csv,.csv"

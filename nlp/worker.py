"""The process that understands: an engine behind a socket, `python -m nlp.worker FOLDER FD`.

Whoever starts it (`serving.InWorker`) sends questions and gets answers, in the same order. It ends
when the other side closes the socket, be it by dying, and pays no heed to signals: those are for
the service, which first finishes what is under way.

    frame     length of the body, number of the question, whether it failed; then the body
    question  a tagged array in MessagePack, one of `Question`
    answer    Loaded (number 0, once), Understanding, Need or None, passages; or a Failure
"""

from __future__ import annotations

import gc
import signal
import socket
import struct
import sys
import time
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from nlp.errors import NlpError
from nlp.needs import CustomerFacts  # noqa: TC001 - msgspec decodes questions by these
from nlp.understanding import Bands, Language, Understanding  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.engine import Engine

HEADER = struct.Struct("<IIB")

LOADED = 0
"""The number under which the worker says that it is ready, or why it never will be."""

_CHUNK = 1 << 16
_HOLD_S = 0.001
"""Answers of so long a time leave together: each send wakes the service up."""


class Understand(Struct, frozen=True, array_like=True, tag="understand"):
    """What `Engine.understand` is asked; MessagePack has no time zones, so the name of one."""

    text: str
    now: str
    zone: str | None
    previous: Language | None
    locale: Language | None
    split: bool


class FindNeed(Struct, frozen=True, array_like=True, tag="need"):
    """What `Engine.need` is asked."""

    turns: tuple[str, ...]
    facts: CustomerFacts
    language: Language


class FindPassages(Struct, frozen=True, array_like=True, tag="passages"):
    """What `Engine.passages` is asked."""

    text: str
    language: Language
    understanding: Understanding | None


Question = Understand | FindNeed | FindPassages


class Loaded(Struct, frozen=True):
    """What is known of an engine from outside."""

    model_id: str
    intents: tuple[str, ...]
    bands: Bands


class Failure(Struct, frozen=True):
    """An error, without its words: they may hold the customer's."""

    error_type: str
    frames: tuple[str, ...]
    """File, line and function, outermost first."""


def frames(buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Take the whole frames off a buffer: (number, failed, body)."""
    start = 0
    while len(buffer) >= start + HEADER.size:
        length, number, failed = HEADER.unpack_from(buffer, start)
        end = start + HEADER.size + length
        if len(buffer) < end:
            break
        yield number, failed, bytes(buffer[start + HEADER.size : end])
        start = end
    del buffer[:start]


def frame(number: int, body: bytes, failed: int = 0) -> bytes:
    """Return a frame."""
    return HEADER.pack(len(body), number, failed) + body


def main(folder: Path, connection: socket.socket) -> None:
    """Load the model of a folder and answer until the other side is gone."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    try:
        from nlp.engine import Engine

        engine = Engine.load(folder)
    except NlpError as error:
        connection.sendall(frame(LOADED, msgspec.msgpack.encode(_failure(error)), failed=1))
        return
    # A vocabulary and a model never become garbage, and take long to walk.
    gc.collect()
    gc.freeze()
    loaded = Loaded(model_id=engine.model_id, intents=engine.intents, bands=engine.bands)
    connection.sendall(frame(LOADED, msgspec.msgpack.encode(loaded)))
    _serve(engine, connection)


def _serve(engine: Engine, connection: socket.socket) -> None:
    decode = msgspec.msgpack.Decoder(Question).decode
    buffer = bytearray()
    while chunk := connection.recv(_CHUNK):
        buffer += chunk
        answers, since = bytearray(), time.monotonic()
        for number, _, body in frames(buffer):
            answers += _answer(engine, number, decode(body))
            if time.monotonic() - since > _HOLD_S:
                connection.sendall(answers)
                answers, since = bytearray(), time.monotonic()
        connection.sendall(answers)


def _answer(engine: Engine, number: int, question: Question) -> bytes:
    """Return the frame that answers a question; an error belongs to the one who asked."""
    try:
        return frame(number, msgspec.msgpack.encode(_asked(engine, question)))
    except Exception as error:  # noqa: BLE001 - the others' questions are still to be answered
        return frame(number, msgspec.msgpack.encode(_failure(error)), failed=1)


def _asked(engine: Engine, question: Question) -> object:
    match question:
        case Understand():
            now = datetime.fromisoformat(question.now)
            return engine.understand(
                question.text,
                now=now.astimezone(ZoneInfo(question.zone)) if question.zone else now,
                previous=question.previous,
                locale=question.locale,
                split=question.split,
            )
        case FindNeed():
            return engine.need(question.turns, question.facts, question.language)
        case FindPassages():
            return engine.passages(question.text, question.language, question.understanding)


def _failure(error: Exception) -> Failure:
    places = traceback.extract_tb(error.__traceback__)[-8:]
    return Failure(
        error_type=type(error).__name__,
        frames=tuple(f"{Path(p.filename).name}:{p.lineno} {p.name}" for p in places),
    )


if __name__ == "__main__":
    # A connection that breaks is the service that is gone, and with it whoever wants to know.
    with socket.socket(fileno=int(sys.argv[2])) as _connection, suppress(ConnectionError):
        main(Path(sys.argv[1]), _connection)

"""Engines as an event loop uses them: in its own process, or in one beside it.

Understanding takes longer than all else that a turn computes, and some letters take a hundred
times as long as a short question. In a worker it has a processor core of its own and nobody else
waits for it; what belongs to one conversation only (the terminal, golden conversations) needs no
second process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

import msgspec
from msgspec import Struct
from typing_extensions import override

from nlp import model_files
from nlp.errors import BrokenModel, EngineFailed
from nlp.knowledge import Passage
from nlp.needs import Need
from nlp.understanding import Bands, Understanding
from nlp.worker import (
    LOADED,
    Failure,
    FindNeed,
    FindPassages,
    Loaded,
    Question,
    Understand,
    frame,
    frames,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from nlp.engine import Engine
    from nlp.needs import CustomerFacts
    from nlp.understanding import Language

    Hear = Callable[[int, int, bytes], None]

log = logging.getLogger("frontdesk.nlp")

PATIENCE_S = 20.0
"""Without a single answer, while one is owed, before a worker counts as stuck."""

MOST_DEATHS = 2
"""Of workers over one question; then it is the question."""

RESTART_S = (0.0, 1.0, 5.0)
"""Pauses in seconds before a worker is started again; the last one repeats."""

_INHERITED = frozenset({"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "PYTHONTZPATH"})
_ARITHMETIC = ("OPENBLAS_", "OMP_", "MKL_")
"""What of the environment a worker gets: it reads what strangers write and needs no secrets. Sums
must come out as they do elsewhere, to the last bit."""

_NUMBERS = 1 << 32

_encode = msgspec.msgpack.Encoder().encode
_decode_understanding = msgspec.msgpack.Decoder(Understanding).decode
_decode_need = msgspec.msgpack.Decoder(Need | None).decode
_decode_passages = msgspec.msgpack.Decoder(tuple[Passage, ...]).decode
_decode_loaded = msgspec.msgpack.Decoder(Loaded).decode
_decode_failure = msgspec.msgpack.Decoder(Failure).decode


class AsyncEngine(Protocol):
    """What a turn asks of understanding; the methods are those of `Engine`."""

    @property
    def model_id(self) -> str:
        """The model's id."""
        ...

    @property
    def bands(self) -> Bands:
        """How sure the model must be for what."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a question would be answered at once."""
        ...

    async def understand(
        self,
        text: str,
        *,
        now: datetime,
        previous: Language | None = None,
        locale: Language | None = None,
        split: bool = True,
    ) -> Understanding:
        """Return what a message says."""
        ...

    async def need(
        self, turns: Sequence[str], facts: CustomerFacts, language: Language = "en"
    ) -> Need | None:
        """Return what the customer needs by the end of a conversation."""
        ...

    async def passages(
        self, text: str, language: Language, understanding: Understanding | None = None
    ) -> tuple[Passage, ...]:
        """Return the passages that may answer a message, most probable first."""
        ...


class InProcess(AsyncEngine):
    """An engine that thinks while everything else waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    @override
    def model_id(self) -> str:
        return self._engine.model_id

    @property
    @override
    def bands(self) -> Bands:
        return self._engine.bands

    @property
    @override
    def ready(self) -> bool:
        return True

    @override
    async def understand(self, text: str, **about: Any) -> Understanding:
        return self._engine.understand(text, **about)

    @override
    async def need(
        self, turns: Sequence[str], facts: CustomerFacts, language: Language = "en"
    ) -> Need | None:
        return self._engine.need(turns, facts, language)

    @override
    async def passages(
        self, text: str, language: Language, understanding: Understanding | None = None
    ) -> tuple[Passage, ...]:
        return self._engine.passages(text, language, understanding)


class _Asked(Struct, eq=False):
    """A question that is not yet answered."""

    frame: bytes
    decode: Callable[[bytes], Any]
    answer: asyncio.Future[Any]
    since: float
    deaths: int = 0


class InWorker(AsyncEngine):
    """An engine in a process of its own, which is started again whenever it ends."""

    def __init__(self, folder: Path, model_id: str) -> None:
        self._folder = folder
        self._model_id = model_id
        self._bands = Bands()
        self._line: _Line | None = None
        self._asked: dict[int, _Asked] = {}
        self._number = LOADED
        self._heard_at = 0.0
        self._time = asyncio.get_running_loop().time

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, folder: Path, fingerprint: str | None = None) -> AsyncIterator[InWorker]:
        """Start the worker of a model folder; it ends with the block.

        Args:
            folder: What `training.train` wrote.
            fingerprint: Of the training set that the model should be made from.

        Raises:
            NotTrained, StaleModel, BrokenModel: As `Engine.load`.
        """
        manifest = await asyncio.to_thread(model_files.verify, folder, fingerprint)
        engine = cls(folder, manifest.model_id)
        engine._line = await engine._start()
        keeper = asyncio.create_task(engine._keep())
        try:
            yield engine
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            if engine._line is not None:
                await engine._line.close()
            for asked in engine._asked.values():
                asked.answer.cancel()

    @property
    @override
    def model_id(self) -> str:
        return self._model_id

    @property
    @override
    def bands(self) -> Bands:
        return self._bands

    @property
    @override
    def ready(self) -> bool:
        return self._line is not None

    @property
    def pid(self) -> int | None:
        """The worker's process; None while there is none."""
        return self._line.process.pid if self._line is not None else None

    @override
    async def understand(
        self,
        text: str,
        *,
        now: datetime,
        previous: Language | None = None,
        locale: Language | None = None,
        split: bool = True,
    ) -> Understanding:
        zone = getattr(now.tzinfo, "key", None)
        question = Understand(text, now.isoformat(), zone, previous, locale, split)
        understanding: Understanding = await self._ask(question, _decode_understanding)
        return understanding

    @override
    async def need(
        self, turns: Sequence[str], facts: CustomerFacts, language: Language = "en"
    ) -> Need | None:
        need: Need | None = await self._ask(FindNeed(tuple(turns), facts, language), _decode_need)
        return need

    @override
    async def passages(
        self, text: str, language: Language, understanding: Understanding | None = None
    ) -> tuple[Passage, ...]:
        question = FindPassages(text, language, understanding)
        passages: tuple[Passage, ...] = await self._ask(question, _decode_passages)
        return passages

    def _ask(self, question: Question, decode: Callable[[bytes], Any]) -> asyncio.Future[Any]:
        """Send a question; without a worker it waits for the next one."""
        self._number = number = (self._number + 1) % _NUMBERS or 1
        asked = _Asked(
            frame=frame(number, _encode(question)),
            decode=decode,
            answer=asyncio.get_running_loop().create_future(),
            since=self._time(),
        )
        self._asked[number] = asked
        if self._line is not None:
            self._line.send(asked.frame)
        return asked.answer

    def _hear(self, number: int, failed: int, body: bytes) -> None:
        """Hand an answer to whoever asked, unless they are gone."""
        self._heard_at = self._time()
        asked = self._asked.pop(number)
        if asked.answer.done():
            return
        try:
            answer = _decode_failure(body) if failed else asked.decode(body)
        except msgspec.DecodeError as error:
            asked.answer.set_exception(error)
            return
        if isinstance(answer, Failure):
            asked.answer.set_exception(EngineFailed(answer.error_type, answer.frames))
        else:
            asked.answer.set_result(answer)

    # -- the worker's life -------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Start the worker again whenever it ends, or when it has to be ended."""
        while True:
            assert self._line is not None  # noqa: S101 - `open` and the line below see to it
            await self._end_of(self._line)
            code = await self._line.close()
            self._line = None
            log.warning("understanding: the worker ended (%s) and is started again", code)
            self._blame()
            self._line = await self._start_again()
            for asked in self._asked.values():
                self._line.send(asked.frame)

    async def _end_of(self, line: _Line) -> None:
        """Wait until a worker is gone, or owes an answer for too long."""
        while not line.gone.done():
            await asyncio.wait([line.gone], timeout=PATIENCE_S / 4)
            oldest = next(iter(self._asked.values()), None)
            if oldest and self._time() - max(oldest.since, self._heard_at) > PATIENCE_S:
                return

    def _blame(self) -> None:
        """Count a worker's end against the question it was at; answers come in order."""
        number, asked = next(iter(self._asked.items()), (LOADED, None))
        if asked is None:
            return
        asked.deaths += 1
        if asked.deaths >= MOST_DEATHS:
            del self._asked[number]
            if not asked.answer.done():
                asked.answer.set_exception(EngineFailed("WorkerEnded", ()))

    async def _start_again(self) -> _Line:
        pauses = iter(RESTART_S)
        while True:
            await asyncio.sleep(next(pauses, RESTART_S[-1]))
            try:
                return await self._start()
            except (BrokenModel, OSError) as error:
                log.error("understanding: the worker cannot be started: %s", error)  # noqa: TRY400

    async def _start(self) -> _Line:
        """Return the line to a new worker that has loaded the model.

        Raises:
            BrokenModel: It could not.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            handle = str(theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                # -P: whatever lies in the folder that the service was started in is not a module.
                *(sys.executable, "-P", "-m", "nlp.worker", str(self._folder), handle),
                pass_fds=(theirs.fileno(),),
                env={
                    name: value
                    for name, value in os.environ.items()
                    if name in _INHERITED or name.startswith(_ARITHMETIC)
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        line = _Line(process, self._hear)
        try:
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: line, sock=ours)
            loaded = await line.loaded
        except BaseException:
            await line.close()
            raise
        if loaded.model_id != self._model_id:
            await line.close()
            raise BrokenModel(f"{self._folder}: holds another model by now: restart the service")
        self._bands = loaded.bands
        return line


class _Line(asyncio.Protocol):
    """The connection to one worker."""

    def __init__(self, process: asyncio.subprocess.Process, hear: Hear) -> None:
        loop = asyncio.get_running_loop()
        self.process = process
        self.loaded: asyncio.Future[Loaded] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self._hear = hear
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for number, failed, body in frames(self._buffer):
            if number != LOADED:
                self._hear(number, failed, body)
            elif failed:
                self._not_loaded(_decode_failure(body).error_type)
            else:
                self.loaded.set_result(_decode_loaded(body))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._not_loaded("it ended at once")
        if not self.gone.done():
            self.gone.set_result(None)

    def _not_loaded(self, why: str) -> None:
        if not self.loaded.done():
            self.loaded.set_exception(BrokenModel(f"the model cannot be loaded: {why}"))

    def send(self, some: bytes) -> None:
        """Send a frame."""
        assert self._transport is not None  # noqa: S101 - questions come after `connection_made`
        self._transport.write(some)

    async def close(self) -> int:
        """End the worker and return its exit code; nobody waits for what it was doing."""
        if self._transport is not None:
            self._transport.abort()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        return await self.process.wait()

"""A lean load client of the web chat, and the judge of what it gets.

A `Chat` is one customer in one conversation: it says something, waits for the acknowledgement and
for the bot's answer, comes back when the connection is lost, and sends again what was not
acknowledged. All the while it checks the promises of `frontdesk.v1`: each message acknowledged
once, one answer, sequence numbers without a gap, nothing twice. What it finds broken stands in
`Tally.faults`; `Chat.audit` compares with what a fresh connection is shown.

Benchmarks and the tests that kill the server drive the same client, from one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import orjson
from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROTOCOL = "frontdesk.v1"
PATIENCE_S = 30.0
"""A message that is not answered by then is not answered."""

RETRY_S = 0.3
"""Between two attempts to reach a server that is down; a person's browser waits longer."""


class Shown(NamedTuple):
    """A message of the conversation as it was shown."""

    author: str
    text: str
    reply_to: int | None


class Tally(Struct):
    """What all chats of a run came to."""

    acked: int = 0
    answered: int = 0
    resent: int = 0
    duplicates: int = 0
    """Resent messages that the server had stored already."""
    reconnects: int = 0
    nacks: Counter[str] = field(default_factory=Counter)
    closes: Counter[int | None] = field(default_factory=Counter)
    ack_s: list[float] = field(default_factory=list)
    reply_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def percentiles_ms(self, *percents: float) -> list[float]:
        """Return percentiles of the time from a message to its answer."""
        return percentiles_ms(self.reply_s, *percents)


def percentiles_ms(seconds: Sequence[float], *percents: float) -> list[float]:
    """Return percentiles, in milliseconds."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return [
        ordered[min(last, int(len(ordered) * p / 100))] * 1000 if ordered else float("nan")
        for p in percents
    ]


class Lost(Exception):  # noqa: N818  # what a load test is there for, not an error
    """The connection is gone."""


class Chat:
    """One customer in one conversation."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        tally: Tally,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.tally = tally
        self.conversation: str | None = None
        self.history: list[Shown] = []
        """What was shown; the message with sequence number n stands at n - 1."""
        self.sent: dict[str, str] = {}
        """Client id → text, of everything said."""
        self.acked: dict[str, int] = {}
        """Client id → sequence number."""
        self._session = session
        self._url = f"{base}/chat/ws"
        self._patience_s = patience_s
        self._token: str | None = None
        self._answered: set[int] = set()
        self._since: dict[str, float] = {}
        self._resent: set[str] = set()
        self._nacked: list[tuple[str, float]] = []
        self._lost = False
        self._socket: aiohttp.ClientWebSocketResponse

    # -- the connection ----------------------------------------------------------------------------

    async def connect(self) -> None:
        """Enter the conversation, or come back to it; tries until the server is there."""
        while True:
            try:
                await self._hello()
            except (aiohttp.ClientError, OSError, Lost):
                await asyncio.sleep(RETRY_S * (0.5 + random.random()))  # noqa: S311  # jitter
            else:
                return

    async def _hello(self) -> None:
        self._socket = await self._session.ws_connect(
            self._url, protocols=(PROTOCOL,), compress=0, max_msg_size=0
        )
        self._lost = False
        hello = {"type": "hello", "token": self._token, "last_seq": len(self.history)}
        await self._send(hello)
        welcome = await self._receive()
        if welcome["type"] != "welcome":
            raise Lost(str(welcome))
        if self.conversation is None:
            self._token, self.conversation = welcome["token"], welcome["conversation"]
        elif welcome["conversation"] != self.conversation:
            self._fault(f"came back to {welcome['conversation']}")
        if welcome["head_seq"] < len(self.history):
            self._fault(f"head_seq {welcome['head_seq']} after {len(self.history)} were shown")

    async def close(self) -> None:
        """Leave."""
        await self._socket.close()

    async def _send(self, frame: dict[str, Any]) -> None:
        try:
            await self._socket.send_str(orjson.dumps(frame).decode())
        except (aiohttp.ClientError, OSError):
            self._lost = True
        if self._lost:
            raise Lost

    async def _receive(self) -> Any:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return orjson.loads(message.data)
        self._lost = True
        self.tally.closes[self._socket.close_code] += 1
        raise Lost

    # -- talk --------------------------------------------------------------------------------------

    async def say(self, *texts: str, due: float | None = None) -> None:
        """Say something and return when it is answered.

        Args:
            texts: What to say, one message each, without waiting in between.
            due: When it should have been said (`time.perf_counter`), if that was earlier: then the
                delay counts as the server's.
        """
        ids = [str(uuid.uuid4()) for _ in texts]
        self.sent.update(zip(ids, texts, strict=True))
        began = time.perf_counter() if due is None else due
        self._since.update(dict.fromkeys(ids, began))
        try:
            async with asyncio.timeout(self._patience_s):
                await self._say(ids)
        except TimeoutError:
            late = [id_ for id_ in ids if not self._is_answered(id_)]
            self._fault(f"{len(late)} of {len(ids)} not answered: {late[0]}")

    async def _say(self, ids: list[str]) -> None:
        fresh = True
        while not all(map(self._is_answered, ids)):
            try:
                if fresh:
                    for id_ in ids:
                        if id_ not in self.acked:
                            await self._send_message(id_)
                    fresh = False
                await self._take(await self._receive())
            except Lost:
                self.tally.reconnects += 1
                await self.connect()
                self._resent.update(id_ for id_ in ids if id_ not in self.acked)
                fresh = True

    def _is_answered(self, id_: str) -> bool:
        return self.acked.get(id_) in self._answered

    async def _send_message(self, id_: str) -> None:
        if id_ in self._resent:
            self.tally.resent += 1
        await self._send({"type": "message", "id": id_, "text": self.sent[id_]})

    async def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "message":
                self._show(frame)
            case "ack":
                self._acknowledge(frame)
            case "nack":
                await self._refused(frame)
            case "status" | "typing":
                pass
            case kind:
                self._fault(f"got {kind}: {frame}")

    def _show(self, frame: dict[str, Any]) -> None:
        seq, reply_to = frame["seq"], frame["reply_to"]
        if seq != len(self.history) + 1:
            self._fault(f"seq {seq} after {len(self.history)}")
            return
        author = frame["author"]["kind"]
        if reply_to is not None:
            if reply_to not in self._answered:
                self._answered.add(reply_to)
                self.tally.answered += 1
                self._time(reply_to)
            elif self.history[-1].reply_to != reply_to:
                # One answer may be several messages, but then they stand together.
                self._fault(f"{reply_to} was answered again at {seq}")
        elif author != "customer":
            self._fault(f"nobody asked for {seq} of {author}")
        self.history.append(Shown(author, frame["text"], reply_to))

    def _time(self, answered: int) -> None:
        id_ = next((id_ for id_ in self._since if self.acked.get(id_) == answered), None)
        if id_ is not None:
            self.tally.reply_s.append(time.perf_counter() - self._since.pop(id_))

    def _acknowledge(self, frame: dict[str, Any]) -> None:
        id_, seq = frame["id"], frame["seq"]
        if id_ in self.acked:
            self._fault(f"{id_} was acknowledged again")
        if frame["duplicate"]:
            self.tally.duplicates += 1
            if id_ not in self._resent:
                self._fault(f"{id_} was called a duplicate")
        self.acked[id_] = seq
        self.tally.acked += 1
        self.tally.ack_s.append(time.perf_counter() - self._since[id_])
        if seq in self._answered:
            self._since.pop(id_)

    async def _refused(self, frame: dict[str, Any]) -> None:
        code, id_ = frame["code"], frame["id"]
        self.tally.nacks[code] += 1
        if code != "busy":
            self._fault(f"{id_} was refused: {code}")
            raise TimeoutError
        await asyncio.sleep(min(frame["retry_after_s"] or 0.5, 1.0))
        self._resent.add(id_)
        await self._send_message(id_)

    def _fault(self, what: str) -> None:
        self.tally.faults.append(f"{self.conversation}: {what}")

    # -- the verdict -------------------------------------------------------------------------------

    async def audit(self) -> None:
        """Compare with what somebody is shown who comes with the same token and knows nothing."""
        for id_, text in self.sent.items():
            seq = self.acked.get(id_)
            if seq is None:
                self._fault(f"{id_} was never acknowledged")
            elif self.history[seq - 1 : seq] != [Shown("customer", text, None)]:
                self._fault(f"{id_} is not at {seq}")
        own = sum(shown.author == "customer" for shown in self.history)
        if own != len(self.acked):
            self._fault(f"{own} own messages, {len(self.acked)} acknowledged")
        shown = await self._shown_anew()
        if shown != self.history:
            pairs = enumerate(itertools.zip_longest(self.history, shown), 1)
            seq = next(seq for seq, (ours, theirs) in pairs if ours != theirs)
            self._fault(f"the history is another from {seq} on")

    async def _shown_anew(self) -> list[Shown]:
        fresh = Chat(self._session, self._url.removesuffix("/chat/ws"), self.tally)
        fresh._token, fresh.conversation = self._token, self.conversation
        await fresh.connect()
        async with asyncio.timeout(self._patience_s):
            while len(fresh.history) < len(self.history):
                frame = await fresh._receive()
                if frame["type"] == "message":
                    fresh._show_again(frame)
                elif frame["type"] == "resync":
                    await fresh._fetch()
        await fresh.close()
        # We left with the first message of the last answer; a page also has those behind it.
        return fresh.history[: len(self.history)]

    async def _fetch(self) -> None:
        """Fetch what is too much to be streamed."""
        url = self._url.replace("/chat/ws", "/chat/messages")
        headers = {"Authorization": f"Bearer {self._token}"}
        head = 1
        while len(self.history) < head:
            after = {"after": len(self.history)}
            async with self._session.get(url, params=after, headers=headers) as response:
                page = await response.json()
            head = page["head_seq"]
            for frame in page["messages"]:
                self._show_again(frame)

    def _show_again(self, frame: dict[str, Any]) -> None:
        self.history.append(Shown(frame["author"]["kind"], frame["text"], frame["reply_to"]))


def session() -> aiohttp.ClientSession:
    """Return a client session with room for any number of chats."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def chats(
    of: aiohttp.ClientSession, base: str, tally: Tally, count: int, **more: Any
) -> list[Chat]:
    """Return that many customers, each in a conversation of their own."""
    made = [Chat(of, base, tally, **more) for _ in range(count)]
    await asyncio.gather(*(chat.connect() for chat in made))
    return made


async def close(those: Iterable[Chat]) -> None:
    """Let everybody leave."""
    await asyncio.gather(*(chat.close() for chat in those))

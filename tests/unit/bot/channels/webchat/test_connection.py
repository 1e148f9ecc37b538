"""The way out to one tab: what leaves at once, what waits, and that neither overtakes the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.webchat.connection import AT_ONCE_BYTES, Connection
from bot.channels.webchat.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence


class Network:
    """A peer who reads at once, or keeps us waiting."""

    def __init__(self) -> None:
        self.reads = True
        self.sent: list[bytes] = []
        self.writes: list[int] = []
        """How many frames left together, by write without waiting."""

    def send_at_once(self, frames: Sequence[Frame]) -> bool:
        if self.reads:
            self.sent += [frame.body for frame in frames]
            self.writes.append(len(frames))
        return self.reads

    async def send(self, frame: Frame) -> None:
        await asyncio.sleep(0)
        self.sent.append(frame.body)

    async def close(self, code: int, reason: bytes) -> None:
        self.sent.append(b"close %d" % code)

    def abort(self) -> None:
        pass


def frame(number: int, size: int = 0) -> Frame:
    return Frame(kind="status", body=b"%d" % number + b"." * size)


async def nothing(after: int, limit: int) -> list[Frame]:
    return []


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def opened(network: Network) -> Connection:
    connection = Connection(network, conversation_id="c", seen=0, backlog=nothing)
    connection.open(frame(0), head=0, status=frame(0))
    await settled()
    network.writes.clear()
    return connection


async def test_frames_of_one_moment_leave_in_one_write() -> None:
    network = Network()
    connection = await opened(network)
    for number in (1, 2, 3):
        connection.send(frame(number))
    await settled()
    assert network.sent == [b"0", b"1", b"2", b"3"]
    assert network.writes == [3]
    await connection.stop()


async def test_a_peer_who_makes_us_wait_gets_everything_in_order() -> None:
    network = Network()
    connection = await opened(network)
    network.reads = False
    connection.send(frame(1))
    await asyncio.sleep(0)
    connection.send(frame(2))
    await asyncio.sleep(0)
    network.reads = True  # while the writer is still at it
    connection.send(frame(3))
    await settled()
    connection.send(frame(4))
    await settled()
    assert network.sent == [b"0", b"1", b"2", b"3", b"4"]
    await connection.stop()


async def test_a_large_frame_is_left_to_who_can_wait() -> None:
    network = Network()
    connection = await opened(network)
    connection.send(frame(1, size=AT_ONCE_BYTES))
    await settled()
    assert network.writes == []
    assert len(network.sent) == 2
    await connection.stop()


async def test_after_the_goodbye_nothing_leaves() -> None:
    network = Network()
    connection = await opened(network)
    connection.send(frame(1))
    connection.shut(1012)
    connection.send(frame(2))
    await settled()
    assert network.sent == [b"0", b"close 1012"]
    await connection.stop()

"""The way out to one tab: everything in order, and nothing after the goodbye."""

from __future__ import annotations

import asyncio

from bot.channels.webchat.connection import Connection
from bot.channels.webchat.frames import Frame


class Network:
    """A network that keeps us waiting a moment for each frame."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, frame: Frame) -> None:
        await asyncio.sleep(0)
        self.sent.append(frame.body)

    async def close(self, code: int, reason: bytes) -> None:
        self.sent.append(b"close %d" % code)

    def abort(self) -> None:
        pass


def frame(number: int) -> Frame:
    return Frame(kind="status", body=b"%d" % number)


async def nothing(after: int, limit: int) -> list[Frame]:
    return []


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def opened(network: Network) -> Connection:
    connection = Connection(network, conversation_id="c", seen=0, backlog=nothing)
    connection.open(frame(0), head=0, status=frame(0))
    await settled()
    return connection


async def test_what_is_said_while_the_network_is_busy_follows_in_order() -> None:
    network = Network()
    connection = await opened(network)
    for number in (1, 2, 3, 4):
        connection.send(frame(number))
        await asyncio.sleep(0)
    await settled()
    assert network.sent == [b"0", b"1", b"2", b"3", b"4"]
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

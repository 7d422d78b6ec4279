"""A dashboard's socket as such: clients that do not read, messages that are too large, pings, the end of a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.gate import Gate, running_gateway
from websockets.asyncio.client import connect

from casare_cloud.config import Settings
from casare_cloud.gateway import sockets
from casare_cloud.gateway.sockets import Socket


class Peer:
    """The server's side of a client, as ASGI has it: it reads while it may."""

    def __init__(self) -> None:
        self.may_read = asyncio.Event()
        self.told: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(self, message: Any) -> None:
        await self.may_read.wait()
        self.told.append(message)


@asynccontextmanager
async def talking(peer: Peer) -> AsyncIterator[Socket]:
    socket = Socket(peer.receive, peer.send)
    running = asyncio.create_task(socket.run())
    try:
        yield socket
        await running
    finally:
        running.cancel()


async def test_a_client_that_does_not_read_is_dropped_and_its_messages_are_not_kept() -> None:
    peer = Peer()
    async with talking(peer) as socket:
        for number in range(sockets.MOST_MESSAGES + 2):
            socket.offer(str(number))
        assert socket.is_closed
        peer.may_read.set()
    assert (peer.told[-1]["type"], peer.told[-1]["code"]) == ("websocket.close", 4008)
    assert len(peer.told) < 5, "what waited was given up"


async def test_few_messages_that_are_large_together_are_too_much_as_well_and_one_alone_is_not() -> None:
    peer = Peer()
    async with talking(peer) as socket:
        socket.offer("x" * (2 * sockets.MOST_CHARACTERS))
        await asyncio.sleep(0)
        assert not socket.is_closed
        socket.offer("y" * sockets.MOST_CHARACTERS)
        socket.offer("z")
        assert socket.is_closed
        peer.may_read.set()
    assert peer.told[-1]["code"] == 4008


async def test_a_client_that_never_reads_again_is_left_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CLOSE_SECONDS", 0.05)
    peer = Peer()
    async with talking(peer) as socket:
        socket.drop()
    assert peer.told == []


async def test_a_conversation_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    async with talking(peer) as socket:
        for _ in range(sockets.MOST_MESSAGES + 1):
            socket.offer("a")
            await asyncio.sleep(0)
        waiting = asyncio.create_task(socket.send("last"))
        await asyncio.sleep(0)
        assert not waiting.done()
        peer.may_read.set()
        await waiting
        await socket.close(1000, "")
    assert [message.get("text") for message in peer.told[-2:]] == ["last", None]
    assert peer.told[-1]["code"] == 1000


async def test_a_conversation_that_gets_no_room_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SLOW_SECONDS", 0.05)
    monkeypatch.setattr(sockets, "CLOSE_SECONDS", 0.05)
    peer = Peer()
    async with talking(peer) as socket:
        for _ in range(sockets.MOST_MESSAGES + 1):
            socket.offer("a")
            await asyncio.sleep(0)
        await socket.send("last")
        assert socket.is_closed


async def test_a_reason_fits_into_a_close_frame() -> None:
    peer = Peer()
    peer.may_read.set()
    async with talking(peer) as socket:
        await socket.close(4003, "ü" * 100)
    assert peer.told[-1]["reason"] == "ü" * 61


async def test_pings_of_the_protocol_are_answered(gate: Gate) -> None:
    async with gate.open("/ws/queue-metrics") as client:
        await asyncio.wait_for(await client.socket.ping(), 30)


async def test_a_large_message_closes_with_1009_and_an_unknown_one_is_answered(gate: Gate) -> None:
    async with gate.open("/ws/live-jobs") as client:
        await client.socket.send('{"type": "subscribe"}')
        assert (await client.next())["code"] == "INVALID_MESSAGE"
        await client.socket.send(b"\x00")
        assert (await client.next())["code"] == "INVALID_MESSAGE"
        await client.socket.send("x" * 70_000)
        assert await client.close_code() == 1009


async def test_the_end_of_a_process_closes_with_1012_so_that_clients_come_again(gate: Gate, platform: Settings) -> None:
    with running_gateway(platform) as url:
        socket = await connect(f"{url}/ws/queue-metrics?token={gate.token(gate.tenant.admin)}", proxy=None)
        await socket.recv()
    await socket.wait_closed()
    assert socket.close_code == 1012


@pytest.mark.parametrize(("origin", "may"), [("http://localhost:5173", True), ("https://evil.example", False)])
async def test_a_page_of_another_site_is_nobody_in_developer_mode(
    gate: Gate, platform: Settings, origin: Any, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.gateway.calls.FIRST_MESSAGE_SECONDS", 0.05)
    with running_gateway(replace(platform, jwt_dev_mode=True)) as url:
        open_ = replace(gate, url=url).open("/ws/queue-metrics", None, origin=origin)
        async with open_ as client:
            if may:
                assert "depth" in await client.next()
            else:
                assert await client.close_code() == 4001

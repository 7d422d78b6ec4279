"""What a client can make a process do and keep before anybody knows who it is."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.gateway.gate import PATIENCE_SECONDS, Gate, running_gateway
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from casare_cloud.config import Settings
from casare_cloud.gateway import server, wire
from casare_cloud.gateway.rates import MESSAGES

TEXT, CONTINUATION, CLOSE, PING, PONG = 1, 0, 8, 9, 10


def frame(opcode: int, content: bytes = b"", *, is_last: bool = True) -> bytes:
    """A client's frame, masked with zeros."""
    assert len(content) < 126
    return bytes(((0x80 if is_last else 0) | opcode, 0x80 | len(content))) + bytes(4) + content


@asynccontextmanager
async def raw_socket(gate: Gate, path: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket without a library that keeps to the rules."""
    url = urlsplit(gate.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: gateway",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def close_code(reader: asyncio.StreamReader) -> int:
    """The code of the close, after whatever else is said."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            first, length = await reader.readexactly(2)
            if length == 126:
                [length] = struct.unpack("!H", await reader.readexactly(2))
            content = await reader.readexactly(length)
            if first & 15 == CLOSE:
                return int(struct.unpack("!H", content[:2])[0])


async def test_a_connection_that_asks_nothing_is_closed(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.05)
    url = urlsplit(gate.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: ")
    async with asyncio.timeout(PATIENCE_SECONDS):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""


async def test_a_connection_that_was_answered_and_begins_another_request_is_closed(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = urlsplit(gate.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    request = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"
    writer.write(request)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b"426" in await reader.readuntil(b"}")
        monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)  # from the next answer on
        with suppress(ConnectionResetError):
            writer.write(request)
            await reader.readline()
            writer.write(b"G")
            await reader.read()


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_a_flood_of_pings_or_of_pongs_that_answer_none_is_closed_with_1008(gate: Gate, opcode: int) -> None:
    async with raw_socket(gate, "/") as (reader, writer):
        writer.write(frame(opcode, b"x") * (MESSAGES + 1))
        assert await close_code(reader) == 1008


async def test_what_comes_at_once_is_read_in_several_turns_of_the_loop(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one client's 256 KB of frames that make no message hold up everybody's sockets."""
    turn, turns = 0, []
    read = WebSocketsSansIOProtocol.data_received

    def next_turn() -> None:
        nonlocal turn
        turn += 1

    def noted(protocol: WebSocketsSansIOProtocol, data: bytes) -> None:
        turns.append(turn)
        protocol.loop.call_soon(next_turn)
        read(protocol, data)

    async with raw_socket(gate, "/") as (reader, writer):
        monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", noted)
        monkeypatch.setattr(wire, "_PIECE", 70)
        writer.write(frame(PING, b"x") * MESSAGES)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await reader.readexactly(3 * MESSAGES)
    assert len(turns) == len(set(turns)) >= 7 * MESSAGES // 70


async def test_a_message_of_too_many_empty_parts_is_closed_with_1009(gate: Gate) -> None:
    async with raw_socket(gate, "/") as (reader, writer):
        writer.write(frame(TEXT, is_last=False) + frame(CONTINUATION, is_last=False) * (wire.MOST_PARTS + 1))
        assert await close_code(reader) == 1009


async def test_a_client_that_answers_no_ping_is_gone(
    gate: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was stopped, say, and its system still takes what comes."""
    monkeypatch.setattr(server, "PING_SECONDS", 0.1)
    with running_gateway(platform) as url:
        async with raw_socket(replace(gate, url=url), "/") as (reader, _):
            assert await close_code(reader) == 1011


async def test_who_says_thousands_of_things_at_once_is_answered_in_turn(gate: Gate) -> None:
    """Each is read when the one before it was, so that others have their turns and nothing piles up."""
    path = f"/ws/queue-metrics?token={gate.token(gate.tenant.admin)}"
    async with raw_socket(gate, path) as (reader, writer):
        writer.write(frame(TEXT, b"ping") * 5_000)
        pong, heard = b"\x81\x04pong", b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while heard.count(pong) < 5_000:
                heard += await reader.read(65_536)


async def test_a_first_message_that_is_too_large_is_closed_with_1009(gate: Gate) -> None:
    async with gate.open("/ws/live-jobs", None) as client:
        await client.socket.send(json.dumps({"type": "auth", "token": "x" * 70_000}))
        assert await client.close_code() == 1009


@pytest.mark.parametrize("path", ["/", "/ws", "/ws/robot/r-1", "/api/v1/ws/jobs"])
async def test_plain_http_at_a_socket_s_address_is_told_so(gate: Gate, path: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(gate.url.replace("ws://", "http://") + path)
    assert (answer.status_code, answer.json()["error_code"]) == (426, "UPGRADE_REQUIRED")
    assert answer.headers["upgrade"] == "websocket"


async def test_a_head_request_of_a_stream_ends(gate: Gate) -> None:
    url = f"{gate.url.replace('ws://', 'http://')}/metrics/stream?token={gate.token(gate.tenant.admin)}"
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.head(url)).status_code == 200

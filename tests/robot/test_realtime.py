"""The Phoenix client, against a server of a few lines."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.robot.phoenix import PhoenixServer

from casare_cloud.http import Unreachable
from casare_cloud.realtime import RealtimeClient

TOPIC = "robot:0192"
PATIENCE_SECONDS = 60.0  # a safety net: nothing here is about how long it takes


@pytest.fixture
async def server() -> AsyncIterator[PhoenixServer]:
    async with PhoenixServer() as running:
        yield running


class Listener:
    """A client and what it heard."""

    def __init__(self, url: str, **options: Any) -> None:
        self.heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.joins: asyncio.Queue[None] = asyncio.Queue()
        self.tokens = 0
        self.token_seconds = 600.0
        self.client = RealtimeClient(url, "sb_publishable_x", self._token, **{"first_pause": 0.01, **options})
        self.client.subscribe(
            TOPIC,
            lambda event, payload: self.heard.put_nowait((event, dict(payload))),
            on_join=lambda: self.joins.put_nowait(None),
        )

    async def _token(self) -> tuple[str, float]:
        self.tokens += 1
        return f"token-{self.tokens}", self.token_seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        task = asyncio.create_task(self.client.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def joined(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.joins.get()

    async def next(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.heard.get()


@asynccontextmanager
async def connect_proxy(port: int) -> AsyncIterator[tuple[str, list[str]]]:
    """An HTTP proxy that tunnels every CONNECT to `port`: its URL, and what it was asked for."""
    asked: list[str] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0].decode())
        there = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer), return_exceptions=True)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}", asked


async def test_it_joins_as_a_private_channel_with_the_caller_s_token(server: PhoenixServer) -> None:
    async with Listener(server.url).running() as listener:
        await listener.joined()
        assert listener.client.is_joined
    join = server.frames[0]
    assert server.queries == [{"apikey": ["sb_publishable_x"], "vsn": ["1.0.0"]}]
    assert (join["topic"], join["event"], join["ref"]) == (f"realtime:{TOPIC}", "phx_join", join["join_ref"])
    assert join["payload"]["access_token"] == "token-1"
    assert join["payload"]["config"]["private"] is True
    assert join["payload"]["config"]["broadcast"]["self"] is False


async def test_it_goes_through_the_proxy_of_the_environment_but_not_to_this_machine(
    server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with connect_proxy(server.port) as (url, asked):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, url)
        async with Listener("http://cloud.invalid").running() as listener:
            await listener.joined()
        async with Listener(server.url).running() as listener:
            await listener.joined()
    assert asked == ["CONNECT cloud.invalid:80 HTTP/1.1"]


async def test_a_proxy_of_no_supported_kind_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("socks_proxy", "socks5://127.0.0.1:9")
    listener = Listener("http://cloud.invalid")
    task = asyncio.create_task(listener.client.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while listener.client.last_error is None and not task.done():
            await asyncio.sleep(0.01)
    assert not task.done()
    assert "SOCKS proxy" in str(listener.client.last_error)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_broadcasts_of_its_topic_are_heard(server: PhoenixServer) -> None:
    async with Listener(server.url).running() as listener:
        await listener.joined()
        await server.push("robot:other", "job_available", {})
        await server.push(TOPIC, "cancel_job", {"job_id": "j"})
        assert await listener.next() == ("cancel_job", {"job_id": "j"})


async def test_frames_of_no_use_are_passed_over(server: PhoenixServer) -> None:
    async with Listener(server.url).running() as listener:
        await listener.joined()
        await server.say(f"realtime:{TOPIC}", "presence_state", {})
        await server.say(f"realtime:{TOPIC}", "system", {"status": "ok", "extension": "system"})
        await server.say("phoenix", "phx_reply", {"status": "ok"})
        await server.push(TOPIC, "a", None)
        assert await listener.next() == ("a", {})


async def test_it_heartbeats(server: PhoenixServer) -> None:
    async with Listener(server.url, heartbeat_seconds=0.02).running():
        beat = await server.received("heartbeat", 2)
    assert (beat["topic"], beat["payload"]) == ("phoenix", {})


async def test_it_connects_again_when_heartbeats_are_not_answered(
    server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.realtime.ANSWER_SECONDS", 0.1)
    server.answers_heartbeats = False
    async with Listener(server.url, heartbeat_seconds=0.02).running() as listener:
        await listener.joined()
        await listener.joined()
    assert len(server.queries) >= 2


async def test_it_sends_a_new_token_before_the_old_one_ends(server: PhoenixServer) -> None:
    listener = Listener(server.url)
    listener.token_seconds = 0.05
    async with listener.running():
        frame = await server.received("access_token")
    assert frame["topic"] == f"realtime:{TOPIC}"
    assert frame["payload"] == {"access_token": "token-2"}


async def test_it_joins_again_after_the_socket_was_closed(server: PhoenixServer) -> None:
    async with Listener(server.url).running() as listener:
        await listener.joined()
        await server.hang_up()
        await listener.joined()
        await server.push(TOPIC, "a", {})
        assert await listener.next() == ("a", {})


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("phx_close", {}),
        ("phx_error", {}),
        ("system", {"status": "error", "message": "Token has expired", "extension": "system"}),
    ],
)
async def test_it_joins_again_after_the_channel_was_closed(server: PhoenixServer, event: str, payload: Any) -> None:
    async with Listener(server.url).running() as listener:
        await listener.joined()
        await server.say(f"realtime:{TOPIC}", event, payload)
        await listener.joined()


async def test_a_refused_join_is_tried_again_and_its_reason_kept(server: PhoenixServer) -> None:
    server.refused[f"realtime:{TOPIC}"] = "Unauthorized: You do not have permissions"
    async with Listener(server.url).running() as listener:
        await server.received("phx_join", 2)
        assert not listener.client.is_joined
        assert listener.client.last_error is not None
        assert "Unauthorized" in listener.client.last_error
        server.refused.clear()
        await listener.joined()
        assert listener.client.last_error is None


async def test_it_waits_for_a_server_that_is_away(server: PhoenixServer) -> None:
    await server.stop()
    place = socket.socket()  # the server closes it
    place.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{place.getsockname()[1]}"
    async with Listener(url, most_pause=0.05).running() as listener:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while listener.client.last_error is None:
                await asyncio.sleep(0.01)
        await server.start(place)
        await listener.joined()


@pytest.mark.parametrize("location", ["https://portal.invalid/login", "//[", "/login"])
async def test_it_joins_after_it_was_sent_to_a_page(server: PhoenixServer, location: str) -> None:
    server.redirects_to = location
    async with Listener(server.url, most_pause=0.05).running() as listener:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while listener.client.last_error is None:
                await asyncio.sleep(0.01)
        assert server.redirected
        server.redirects_to = None
        await listener.joined()


async def test_a_token_that_cannot_be_had_is_asked_for_again(server: PhoenixServer) -> None:
    listener = Listener(server.url)
    failures = [Unreachable("down"), Unreachable("down")]

    async def token() -> tuple[str, float]:
        if failures:
            raise failures.pop()
        return "token", 600

    listener.client._token = token
    async with listener.running():
        await listener.joined()

"""The frames themselves, without a client library: replies, refs, heartbeats, refusals and limits of the emulator."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from tests.contract.realtime_target import SECONDS, Target, emulator, new_topic
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.realtime.limits import Limits


@asynccontextmanager
async def wire(
    target: Target, version: str = "2.0.0", path: str = "websocket", **options: Any
) -> AsyncIterator[ClientConnection]:
    url = target.realtime_url.replace("http", "ws", 1)
    query = f"apikey={target.publishable_key}&vsn={version}"
    async with connect(f"{url}/{path}?{query}", max_size=None, **options) as socket:
        yield socket


async def say(socket: ClientConnection, *parts: Any) -> None:
    await socket.send(json.dumps(parts))


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(SECONDS):
        frame = await socket.recv()
    return json.loads(frame) if isinstance(frame, str) else frame


async def join(socket: ClientConnection, topic: str, ref: str = "1", **config: Any) -> Any:
    await say(socket, ref, ref, f"realtime:{topic}", "phx_join", {"config": config})
    return await hear(socket)


def ok(ref: str, topic: str, join_ref: str = "1") -> list[Any]:
    return [join_ref, ref, f"realtime:{topic}", "phx_reply", {"status": "ok", "response": {}}]


@pytest.fixture
def small(postgres_server: PostgresServer, realtime_database: str) -> Iterator[Target]:
    """An emulator with limits that a test can reach."""
    limits = Limits(connections=2, channels_per_socket=2, payload_kilobytes=1)
    with emulator(
        postgres_server.dsn("supabase_realtime_admin", realtime_database),
        postgres_server.dsn("postgres", realtime_database),
        limits,
    ) as target:
        yield target


@pytest.mark.parametrize("path", ["websocket", "socket/websocket"])
async def test_a_heartbeat_is_answered(emulated_realtime: Target, path: str) -> None:
    async with wire(emulated_realtime, path=path) as socket:
        await say(socket, None, "7", "phoenix", "heartbeat", {})
        assert await hear(socket) == [None, "7", "phoenix", "phx_reply", {"status": "ok", "response": {}}]


async def test_the_older_protocol_speaks_in_objects(emulated_realtime: Target) -> None:
    async with wire(emulated_realtime, "1.0.0") as socket:
        await socket.send(json.dumps({"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": None}))
        payload = {"status": "ok", "response": {}}
        assert await hear(socket) == {"topic": "phoenix", "event": "phx_reply", "payload": payload, "ref": None}


async def test_a_join_is_answered_in_the_order_of_the_asked_changes(emulated_realtime: Target) -> None:
    topic = new_topic()
    async with wire(emulated_realtime) as socket:
        changes = [{"event": "*", "schema": "public", "table": t} for t in ("a", "b")]
        reply = await join(socket, topic, postgres_changes=changes)
        assert reply[:4] == ["1", "1", f"realtime:{topic}", "phx_reply"]
        assert [c["table"] for c in reply[4]["response"]["postgres_changes"]] == ["a", "b"]
        system = (await hear(socket))[4]
        assert (system["extension"], system["status"]) == ("postgres_changes", "error")


async def test_booleans_may_be_strings_and_nonsense_counts_as_not_said(emulated_realtime: Target) -> None:
    topic = new_topic()
    async with wire(emulated_realtime) as socket:
        reply = await join(socket, topic, private="no idea", broadcast={"ack": "true"}, presence=7)
        assert reply[4]["status"] == "ok"
        await say(socket, "1", "2", f"realtime:{topic}", "broadcast", {"event": "e", "payload": {}})
        assert await hear(socket) == ok("2", topic)


async def test_leaving_is_answered_and_then_the_channel_closes(emulated_realtime: Target) -> None:
    topic = new_topic()
    async with wire(emulated_realtime) as socket:
        await join(socket, topic)
        await say(socket, "1", "2", f"realtime:{topic}", "phx_leave", {})
        assert await hear(socket) == ok("2", topic)
        assert await hear(socket) == ["1", "1", f"realtime:{topic}", "phx_close", {}]
        await say(socket, "1", "3", f"realtime:{topic}", "broadcast", {"event": "e"})
        assert (await hear(socket))[4] == {"status": "error", "response": {"reason": "unmatched topic"}}


async def test_joining_again_closes_the_first_join(emulated_realtime: Target) -> None:
    topic = new_topic()
    async with wire(emulated_realtime) as socket:
        await join(socket, topic)
        await say(socket, "2", "2", f"realtime:{topic}", "phx_join", {})
        assert await hear(socket) == ["1", "1", f"realtime:{topic}", "phx_close", {}]
        assert (await hear(socket))[:2] == ["2", "2"]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [("realtime:", "TopicNameRequired: You must provide a topic name"), ("elsewhere:x", "unmatched topic")],
)
async def test_a_topic_that_cannot_be_is_refused(emulated_realtime: Target, topic: str, reason: str) -> None:
    async with wire(emulated_realtime) as socket:
        await say(socket, "1", "1", topic, "phx_join", {})
        assert (await hear(socket))[4] == {"status": "error", "response": {"reason": reason}}


@pytest.mark.parametrize("frame", ["no JSON", '{"topic": "t"}', "[1, 2]", b"\x03\xff", b"\x09", b""])
async def test_a_frame_of_no_known_form_ends_the_socket(emulated_realtime: Target, frame: str | bytes) -> None:
    async with wire(emulated_realtime) as socket:
        await socket.send(frame)
        with pytest.raises(ConnectionClosed):
            await hear(socket)


async def test_an_unknown_protocol_version_is_refused(emulated_realtime: Target) -> None:
    with pytest.raises(Exception, match="400"):
        async with wire(emulated_realtime, "3.0.0"):
            pass


async def test_one_channel_more_than_allowed_is_refused(small: Target) -> None:
    async with wire(small) as socket:
        for ref in ("1", "2"):
            assert (await join(socket, new_topic(), ref))[4]["status"] == "ok"
        refusal = await join(socket, new_topic(), "3")
        assert refusal[4]["response"] == {"reason": "ChannelRateLimitReached: Too many channels"}


async def test_one_socket_more_than_allowed_is_refused(small: Target) -> None:
    async with wire(small) as first, wire(small) as second:
        for socket in (first, second):
            await say(socket, None, "1", "phoenix", "heartbeat", {})
            await hear(socket)
        with pytest.raises(Exception, match="429"):
            async with wire(small):
                pass


async def test_a_payload_over_the_limit_is_refused_to_sockets_http_and_database(small: Target) -> None:
    topic, big = new_topic(), {"text": "x" * 2000}
    async with wire(small) as socket:
        await join(socket, topic, broadcast={"ack": True, "self": True, "replication_ready": True})
        await hear(socket)
        await say(socket, "1", "2", f"realtime:{topic}", "broadcast", {"event": "e", "payload": big})
        assert (await hear(socket))[4] == {"status": "error", "response": {"reason": "payload_size_exceeded"}}
        message = {"topic": topic, "event": "e", "payload": big}
        async with httpx.AsyncClient(headers={"apikey": small.secret_key}) as http:
            answer = await http.post(f"{small.realtime_url}/api/broadcast", json={"messages": [message]})
            one = await http.post(f"{small.realtime_url}/api/broadcast/{topic}/events/e", json=big)
        assert answer.status_code == one.status_code == 422
        assert answer.json() == {"errors": {"messages": [{"payload": ["Payload size exceeds tenant limit"]}]}}
        small.send(topic, "big", big, private=False)
        small.send(topic, "small", {}, private=False)
        assert b"small" in await hear(socket)


async def test_a_socket_that_does_not_read_is_dropped_and_the_others_hear_on(emulated_realtime: Target) -> None:
    topic, text = new_topic(), "x" * 200_000
    async with (
        wire(emulated_realtime) as sender,
        wire(emulated_realtime, max_queue=1) as lazy,
        wire(emulated_realtime) as busy,
    ):
        for socket in (sender, lazy, busy):
            await join(socket, topic, broadcast={"ack": True})
        service = emulated_realtime.service
        assert service is not None
        before = len(service._sockets)
        heard = 0
        while len(service._sockets) == before:
            assert heard < 1000, "a socket that does not read is kept"
            await say(sender, "1", str(heard), f"realtime:{topic}", "broadcast", {"event": "e", "payload": {"t": text}})
            assert (await hear(sender))[4]["status"] == "ok"
            await hear(busy)
            heard += 1
        await say(sender, "1", "last", f"realtime:{topic}", "broadcast", {"event": "last", "payload": {}})
        assert (await hear(busy))[4]["event"] == "last"
        lazy.transport.abort()


async def test_after_a_lost_database_connection_the_feed_catches_up(emulated_realtime: Target) -> None:
    topic = new_topic()
    async with wire(emulated_realtime) as socket:
        await join(socket, topic, broadcast={"replication_ready": True})
        await hear(socket)
        emulated_realtime.send(topic, "before", {}, private=False)
        assert b"before" in await hear(socket)
        with emulated_realtime.connect() as connection:
            end_listeners(connection)
            connection.execute("select realtime.send('{}', 'while away', %s, false)", (topic,))
        assert b"while away" in await hear(socket)
        emulated_realtime.send(topic, "after", {}, private=False)
        assert b"after" in await hear(socket)


def end_listeners(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and usename = 'supabase_realtime_admin'"
    )

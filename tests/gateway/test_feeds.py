"""One feed a tenant behind all its sockets: nothing is missed, nothing comes twice, whatever is lost."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.gate import Client, Gate, running_gateway

from casare_cloud.config import Settings
from casare_cloud.gateway import feeds, fleet_pictures
from casare_cloud.gateway.app import Gateway


@contextmanager
def own_gateway(gate: Gate, settings: Settings) -> Iterator[tuple[Gateway, Gate]]:
    app = Gateway(settings)
    with running_gateway(settings, app) as url:
        yield app, replace(gate, url=url, app=app)


async def pinged(client: Client) -> None:
    """Returns when the socket is followed."""
    await client.socket.send("ping")
    assert await client.text() == "pong"


async def test_many_sockets_of_a_tenant_share_a_feed_and_a_channel_and_leave_nothing(
    gate: Gate, platform: Settings
) -> None:
    with own_gateway(gate, platform) as (app, own):
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(own.open("/ws/live-jobs")) for _ in range(20)]
            clients.append(await stack.enter_async_context(own.open("/ws/admin")))
            for client in clients[:-1]:
                await pinged(client)
            assert len(app.hub._feeds) == 1
            assert [line.topics for line in app.hub._lines._lines] == [1]
            job_id = str(own.job())
            assert [(await client.next())["job_id"] for client in clients[:-1]] == [job_id] * 20
        await own.until(lambda: not (app.sockets or app.hub._feeds or app.hub._lines._lines or list(app.hub._locks)))


async def test_nothing_is_missed_while_realtime_is_away(gate: Gate, platform: Settings) -> None:
    """Also where the keys of Auth are known already, as they are in a process that has served anybody."""
    with own_gateway(gate, replace(platform, supabase_url="http://127.0.0.1:1")) as (app, own):
        app.services.verifier._keys._url = f"{platform.supabase_url}/auth/v1/.well-known/jwks.json"
        async with own.open("/ws/live-jobs") as client:
            await pinged(client)
            jobs = [str(own.job()) for _ in range(3)]
            assert [(await client.next())["job_id"] for _ in jobs] == jobs


async def test_who_waits_for_a_bell_is_told_when_realtime_goes(
    gate: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "HEARD_SECONDS", 3600.0)
    with own_gateway(gate, platform) as (app, own):
        async with own.open("/ws/live-jobs") as client:
            await pinged(client)
            [feed] = app.hub._feeds.values()
            await own.heard()
            await asyncio.sleep(1.0)  # what the join rang for is over
            assert feed._channel is not None
            realtime = feed._channel.line.client
            realtime._url = "ws://127.0.0.1:1"
            assert realtime._socket is not None
            closing = realtime._socket.close()
            asyncio.run_coroutine_threadsafe(closing, feed._tasks[0].get_loop())
            await own.until(lambda: not feed._channel.is_heard)
            job_id = str(gate.job())
            assert (await client.next())["job_id"] == job_id


async def test_a_tenant_whose_pushes_are_off_is_polled(gate: Gate) -> None:
    gate.owner(
        "update public.tenants set settings = settings || %s::jsonb where tenant_id = %s",
        json.dumps({"realtime": {"jobs": "off"}}),
        gate.tenant.tenant_id,
    )
    async with gate.open("/ws/live-jobs") as client:
        await pinged(client)
        job_id = str(gate.job())
        assert (await client.next())["job_id"] == job_id


async def test_bells_are_heard_and_not_polled_for(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "HEARD_SECONDS", 3600.0)
    async with gate.open("/ws/live-jobs") as client:
        await pinged(client)
        await gate.heard()
        await asyncio.sleep(3.0)  # the last poll is over
        for _ in range(3):
            job_id = str(gate.job())
            assert (await client.next())["job_id"] == job_id


async def test_a_burst_is_told_whole_once_and_in_order(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "PAGE", 7)
    workflow = gate.workflow()
    async with gate.open("/ws/live-jobs") as client:
        await pinged(client)
        jobs = [str(gate.job(workflow)) for _ in range(40)]
        assert [(await client.next())["job_id"] for _ in jobs] == jobs


async def test_who_is_left_hears_on_when_the_one_goes_with_whose_token_the_topic_was_joined(gate: Gate) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(gate.open("/ws/live-jobs", gate.token(gate.member("viewer"))))
        await pinged(first)
        async with gate.open("/ws/live-jobs") as second:
            await pinged(second)
            await stack.aclose()
            job_id = str(gate.job())
            assert (await second.next())["job_id"] == job_id


async def test_a_job_that_is_followed_twice_is_one_topic(gate: Gate, platform: Settings) -> None:
    job_id = gate.job()
    with own_gateway(gate, platform) as (app, own):
        async with own.open(f"/ws/jobs/{job_id}") as one, own.open(f"/ws/jobs/{job_id}") as other:
            for client in (one, other):
                await client.next(type="job.queued")
            assert [line.topics for line in app.hub._lines._lines] == [2], "the tenant's, and the job's"


async def test_rows_that_cannot_be_read_now_are_told_when_they_can(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate.open("/ws/jobs") as client:
        await pinged(client)
        gate.owner("alter function public.list_events(bigint, integer) rename to list_events_away")
        try:
            job_id = str(gate.job())
            await asyncio.sleep(0.5)
        finally:
            gate.owner("alter function public.list_events_away(bigint, integer) rename to list_events")
        assert (await client.next(type="job_status"))["data"]["job_id"] == job_id


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"in": value}
    return value


UNREADABLE: list[dict[str, Any]] = [
    {"text": "\ud800"}, {"number": float("nan")}, nested(5_000), {"text": "x" * feeds.MOST_BYTES},
]  # fmt: skip


async def test_what_a_robot_sends_of_its_job_stops_nobody_s_feed(gate: Gate, platform: Settings) -> None:
    """The robot that holds a job may send anything on its topic."""
    job_id = gate.job()
    with own_gateway(gate, platform) as (app, own):
        async with own.open(f"/ws/jobs/{job_id}") as client:
            await client.next(type="job.queued")
            [feed] = app.hub._feeds.values()

            def send() -> None:
                for payload in UNREADABLE:
                    feed._hear_job(job_id, "node.started", payload)
                feed._hear_job(job_id, "job.completed", {"timestamp": "2026-01-15T10:30:00Z"})
                feed._hear_job(job_id, "node.started", {"timestamp": "0001-01-01T00:00:00+23:59", "node_id": "a"})
                lie = {"type": "job.completed", "job_id": str(uuid.UUID(int=7)), "node_id": "b"}
                feed._hear_job(job_id, "node.started", lie)

            feed._tasks[0].get_loop().call_soon_threadsafe(send)
            for node in "ab":
                told = await client.next()
                assert (told["type"], told["job_id"], told["node_id"]) == ("node.started", str(job_id), node)
            gate.run("select public.cancel_job(%s)", job_id)
            assert (await client.next())["type"] == "job.cancelled"


async def test_a_feed_goes_on_after_an_error_that_nobody_thought_of(
    gate: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "POLL_SECONDS", 0.05)
    with own_gateway(gate, platform) as (app, own):
        async with own.open("/ws/live-jobs") as client:
            await pinged(client)
            [feed] = app.hub._feeds.values()
            monkeypatch.setattr(feed, "_listen", None)  # not to be called
            gate.job()
            await client.next()
            monkeypatch.undo()
            job_id = str(gate.job())
            assert (await client.next())["job_id"] == job_id


async def test_a_fleet_is_read_once_for_all_who_see_it(
    gate: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    get_fleet = fleet_pictures.metrics.get_fleet

    async def counted(tx: Any) -> Any:
        nonlocal read
        read += 1
        return await get_fleet(tx)

    monkeypatch.setattr(fleet_pictures, "FRESH_SECONDS", 3600.0)
    monkeypatch.setattr(fleet_pictures.metrics, "get_fleet", counted)
    with own_gateway(gate, platform) as (_, own):
        async with AsyncExitStack() as stack:
            for _ in range(5):
                client = await stack.enter_async_context(own.open("/ws/metrics/stream?interval=1"))
                assert (await client.next())["type"] == "metrics"
    assert read == 1

"""Robots over WebSockets, to gateways that are processes."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Iterator, Sequence

import pytest
from tests.factories import make_robot
from tests.gateway.robots.processes import Gateway, Proxy, connected, keep_working, running_gateway
from tests.gateway.robots.wires import Fleet
from websockets.exceptions import ConnectionClosed

from casare_cloud.config import Settings
from casare_cloud.identity import new_api_key


@pytest.fixture(scope="module")
def gateway(platform: Settings) -> Iterator[Gateway]:
    with running_gateway(platform) as running:
        yield running


async def test_a_robot_works_over_its_own_path(fleet: Fleet, gateway: Gateway) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    async with connected(robot, gateway.url) as speaker:
        assert (await speaker.register())["payload"]["success"] is True
        job_id = fleet.submit(input={"n": 1})
        assigned = await speaker.hear("job_assign")
        assert assigned["payload"]["job_id"] == job_id
        await speaker.say("job_accept", {"job_id": job_id}, correlation_id=assigned["id"])
        await speaker.say("job_progress", {"job_id": job_id, "progress": 50})
        await speaker.say("log_entry", {"job_id": job_id, "level": "INFO", "message": "half"})
        await speaker.say("job_complete", {"job_id": job_id, "result": {"n": 2}})
        await speaker.say("heartbeat", {"status": "online"})
        await speaker.hear("heartbeat_ack")
        assert fleet.job(job_id)["result"] == {"n": 2}
        await speaker.say("disconnect", {"reason": "done"})
        assert await speaker.closed() == 1000
    assert {message["type"] for message in speaker.passed_over} <= {"heartbeat_ack"}


@pytest.mark.parametrize("path", ["/", "", "/ws/robot", "/ws/robot/{id}", "/api/v1/ws/robot/{id}"])
async def test_the_key_may_come_with_the_registration(fleet: Fleet, gateway: Gateway, path: str) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    async with connected(robot, gateway.url, path.format(id=robot.external_id)) as speaker:
        assert (await speaker.register(auth_token=robot.key.text))["payload"]["success"] is True


@pytest.mark.parametrize("name", ["X-Api-Key", "X-Api-Token", "Authorization"])
async def test_the_key_may_be_in_a_header(fleet: Fleet, gateway: Gateway, name: str) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    value = f"Bearer {robot.key.text}" if name == "Authorization" else robot.key.text
    async with connected(robot, gateway.url, "/", additional_headers={name: value}) as speaker:
        assert (await speaker.register())["payload"]["success"] is True


@pytest.mark.parametrize("key", ["", "nonsense", new_api_key("robot").key], ids=["none", "nonsense", "unknown"])
async def test_a_bad_key_is_accepted_and_closed_with_4001(fleet: Fleet, gateway: Gateway, key: str) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    async with connected(robot, gateway.url, f"/ws/robot/{robot.external_id}?api_key={key}") as speaker:
        if not key:
            assert (await speaker.register())["payload"]["success"] is False
        assert await speaker.closed() == 4001
    told = [message["payload"].get("error_code") for message in speaker.passed_over]
    assert told == ([] if not key else ["AUTHENTICATION_FAILED"])


async def test_anothers_key_is_closed_with_4003(fleet: Fleet, gateway: Gateway) -> None:
    robot, other = make_robot(fleet.database, fleet.tenant), make_robot(fleet.database, fleet.tenant)
    async with connected(robot, gateway.url, f"/ws/robot/{robot.external_id}?api_key={other.key.text}") as speaker:
        assert await speaker.closed() == 4003


async def test_bad_frames_leave_the_socket_open_and_large_ones_close_it(fleet: Fleet, gateway: Gateway) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    async with connected(robot, gateway.url) as speaker:
        await speaker.register()
        for frame in (b"\x00\x01", "{", "[]", '{"type":"nothing"}'):
            await speaker.socket.send(frame)
            await speaker.hear("error")
        await speaker.say("heartbeat", {"status": "online"})
        await speaker.hear("heartbeat_ack")
        await speaker.socket.send("x" * (2**20 + 1))
        assert await speaker.closed() == 1009
    async with connected(robot, gateway.url) as speaker:
        await speaker.register()
        with contextlib.suppress(ConnectionClosed):
            await speaker.socket.send("x" * (3 * 2**20))
        assert await speaker.closed() == 1009


async def all_done_once(fleet: Fleet, jobs: Sequence[str]) -> None:
    """Waits until the jobs are completed, and looks whether each was only once.

    What was offered over a connection that ended, and not accepted, is free at the end of the grace time: here soon.
    """

    def is_done() -> bool:
        fleet.rows(
            "update private.leases set lease_expires_at = private.clock() where started_at is null "
            "and claimed_at < private.clock() - interval '3 seconds' and tenant_id = %s returning 1",
            fleet.tenant.tenant_id,
        )
        return {fleet.job(job_id)["status"] for job_id in jobs} == {"completed"}

    await fleet.until(is_done)
    again = (
        "select job_id from private.event_inbox where tenant_id = %s and event_type = 'job.completed' "
        "group by job_id having count(*) > 1"
    )
    assert fleet.rows(again, fleet.tenant.tenant_id) == []


async def test_a_gateway_that_is_killed_loses_nothing_and_applies_nothing_twice(
    fleet: Fleet, gateway: Gateway, platform: Settings
) -> None:
    robots = [make_robot(fleet.database, fleet.tenant) for _ in range(4)]
    with running_gateway(platform) as victim:
        firsts = itertools.cycle([victim.url, gateway.url])
        work = [
            asyncio.create_task(keep_working(robot, [first, gateway.url], number))
            for number, (robot, first) in enumerate(zip(robots, firsts, strict=False))
        ]
        jobs = []
        for number in range(60):
            jobs.append(fleet.submit())
            await asyncio.sleep(0.01)
            if number == 30:
                victim.kill()
        await all_done_once(fleet, jobs)
        await ended(work)


async def test_a_network_that_cuts_delays_and_half_closes_loses_nothing(fleet: Fleet, gateway: Gateway) -> None:
    robots = [make_robot(fleet.database, fleet.tenant) for _ in range(3)]
    chance = random.Random(7)  # noqa: S311
    async with Proxy(gateway.url) as proxy:
        work = [asyncio.create_task(keep_working(robot, [proxy.url], number)) for number, robot in enumerate(robots)]
        jobs = []
        for _ in range(12):
            jobs += [fleet.submit() for _ in range(3)]
            proxy.delay_seconds = chance.choice([0.0, 0.0, 0.01, 0.05])
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            chance.choice([proxy.cut, proxy.half_close])()
        proxy.delay_seconds = 0.0
        await all_done_once(fleet, jobs)
        await ended(work)


async def ended(work: Sequence[asyncio.Task[None]]) -> None:
    """Ends the workers; what one of them found wrong is raised."""
    for each in work:
        each.cancel()
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def test_a_job_is_assigned_soon_after_it_is_there(fleet: Fleet, gateway: Gateway) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    waits = []
    async with connected(robot, gateway.url) as speaker:
        await speaker.register()
        waiting = "select from private.waiting_robots where robot_id = %s"
        for _ in range(20):
            await fleet.until(lambda: fleet.rows(waiting, robot.robot_id))
            job_id = fleet.submit()
            began = time.perf_counter()
            assigned = await speaker.hear("job_assign")
            waits.append(time.perf_counter() - began)
            await speaker.say("job_accept", {"job_id": job_id}, correlation_id=assigned["id"])
            await speaker.say("job_complete", {"job_id": job_id, "result": None})
    assert sorted(waits)[len(waits) // 2] < 1.0  # by its bell, and not by a look for jobs

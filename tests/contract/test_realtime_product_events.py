"""A job's whole life as the two official clients hear it, on every topic. Emulator only: needs `sql/`."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.realtime_target import Heard, Target, emulator, private
from tests.contract.test_realtime_javascript import run
from tests.databases import Database
from tests.factories import Robot, make_member, make_robot, make_tenant
from tests.fleets import Fleet, call, make_fleet

Events = dict[str, list[str]]


@pytest.fixture
def product(database: Database) -> Iterator[Target]:
    """The emulator on a database with the product's schema."""
    with emulator(database.dsn("supabase_realtime_admin"), database.dsn()) as target:
        yield target


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def told(fleet: Fleet, robot: Robot, job_id: object) -> Events:
    """All that is pushed of what `live` does."""
    return {
        f"tenant:{fleet.tenant.tenant_id}:changes": ["changed", "overview"],
        f"job:{job_id}": [
            "job.cancel_requested", "job.claimed", "job.completed", "job.log", "job.progress", "job.started",
            "node.completed", "node.started",
        ],
        f"robot:{robot.robot_id}": ["cancel_job", "job_available", "job_watched", "pause", "resume"],
    }  # fmt: skip


async def live(product: Target, fleet: Fleet, robot: Robot, job_id: Any) -> None:
    """A job is told of and cancelled, and completes all the same; its robot is paused, and gets the next one."""
    [claimed] = fleet.claim(robot)
    fleet.report(robot, "start_job", claimed)
    fleet.report(robot, "report_progress", claimed, progress=50)
    fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "hello"}])
    async with product.client(product.token(**robot.claims)) as client:
        own = Heard(client.channel(f"job:{job_id}", private(self=True)))
        assert (await own.subscribe())[0] == "SUBSCRIBED"
        for event in ("node.started", "node.completed"):  # it may say so while the job runs
            await own.channel.send_broadcast(event, {"node_id": "n"})
            while (await own.broadcast())["event"] != event:
                pass
        fleet.travel(seconds=1)
        call(fleet.member, "cancel_job", job_id=job_id, reason="enough")
        for command in ("pause", "resume"):
            call(fleet.member, "command_robot", robot=robot.external_id, command=command)
        fleet.report(robot, "complete_job", claimed)
        fleet.claim(robot, listening=True)
        fleet.enqueue()
        fleet.watch(fleet.start_one(robot)["job_id"])
        fleet.travel(seconds=10)
        fleet.run("push_overviews")


def prepared(fleet: Fleet) -> tuple[Robot, Any]:
    robot = fleet.robot()
    job_id = fleet.enqueue()["job_id"]
    fleet.watch()
    fleet.watch(job_id)
    return robot, job_id


async def test_the_python_client_hears_each_event(product: Target, fleet: Fleet) -> None:
    robot, job_id = prepared(fleet)
    expected = told(fleet, robot, job_id)
    async with product.client(product.token(**fleet.tenant.admin.claims)) as client:
        topics = {topic: Heard(client.channel(topic, private(replication_ready=True))) for topic in expected}
        for heard in topics.values():
            assert (await heard.subscribe())[0] == "SUBSCRIBED"
        await live(product, fleet, robot, job_id)
        for topic, heard in topics.items():
            events: set[str] = set()
            while events != set(expected[topic]):
                events.add((await heard.broadcast())["event"])


@pytest.mark.needs_node
async def test_the_javascript_client_hears_each_event(product: Target, fleet: Fleet) -> None:
    robot, job_id = prepared(fleet)
    expected = told(fleet, robot, job_id)
    token = product.token(**fleet.tenant.admin.claims)
    heard = await run(
        product, "life", lambda: live(product, fleet, robot, job_id), token=token, expected=expected
    )  # fmt: skip
    assert heard == expected


async def test_strangers_and_revoked_robots_hear_none_of_it(product: Target, fleet: Fleet, database: Database) -> None:
    robot, job_id = prepared(fleet)
    stranger, revoked = make_tenant(database), make_robot(database, fleet.tenant)
    fleet.owner.execute("update public.api_keys set revoked_at = now() where api_key_id = %s", [revoked.key.api_key_id])
    nobodies = [stranger.admin.claims, make_member(database, stranger, "viewer").claims, revoked.claims]
    nobodies.append(make_robot(database, stranger).claims)
    for claims in nobodies:
        async with product.client(product.token(**claims)) as client:
            for topic in told(fleet, robot, job_id):
                assert (await Heard(client.channel(topic, private())).subscribe())[0] == "CHANNEL_ERROR", topic

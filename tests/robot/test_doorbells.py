"""The bells of robots that poll over REST, as the orchestrator's process hears them."""

import asyncio
import hashlib
import json
import math
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest
from tests.faces.platform import new_signing_key
from tests.robot.phoenix import PhoenixServer

from casare_cloud import realtime_lines
from casare_cloud.config import Settings
from casare_cloud.domain.jobs import doorbells
from casare_cloud.domain.jobs.doorbells import Doorbell, Doorbells


def caller(**more: Any) -> dict[str, Any]:
    return {
        "principal": "robot",
        "tenant_id": str(uuid.uuid4()),
        "robot_id": str(uuid.uuid4()),
        "api_key_id": str(uuid.uuid4()),
        **more,
    }


def key() -> bytes:
    return hashlib.sha256(uuid.uuid4().bytes).digest()


@pytest.fixture
async def server() -> AsyncIterator[PhoenixServer]:
    async with PhoenixServer() as running:
        yield running


@pytest.fixture
async def bells(server: PhoenixServer) -> AsyncIterator[Doorbells]:
    made = Doorbells(Settings(supabase_url=server.url, signing_key=json.dumps(new_signing_key())))
    yield made
    await made.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def hung(bells: Doorbells, key_hash: bytes, robot: dict[str, Any]) -> Doorbell:
    bell = bells.hang(key_hash, robot)
    assert bell is not None
    return bell


async def test_a_bell_is_heard_as_the_robot_and_rings_for_jobs_alone(server: PhoenixServer, bells: Doorbells) -> None:
    robot, key_hash = caller(), key()
    bell = hung(bells, key_hash, robot)
    assert await bell.heard_within(60)
    assert bells.find(key_hash) is bell
    join = await server.received("phx_join")
    claims = jwt.decode(join["payload"]["access_token"], options={"verify_signature": False})
    assert (join["topic"], claims["sub"]) == (f"realtime:robot:{robot['robot_id']}", robot["robot_id"])
    await server.push(bell.topic, "cancel_job", {})
    await server.push(bell.topic, "job_available", {})
    async with asyncio.timeout(60):
        await bell.rung.wait()


async def test_the_bells_of_many_robots_share_sockets(
    server: PhoenixServer, bells: Doorbells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime_lines, "TOPICS_OF_A_LINE", 2)
    for _ in range(5):
        assert await hung(bells, key(), caller()).heard_within(60)
    assert len(server.queries) == 3


async def test_a_bell_of_a_robot_that_asks_no_more_is_taken_down(
    server: PhoenixServer, bells: Doorbells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbells, "LINGER_SECONDS", 0.1)
    used, unused = key(), key()
    stays, goes = hung(bells, used, caller()), hung(bells, unused, caller())
    stays.used_at = goes.used_at = math.inf
    assert await stays.heard_within(60)
    assert await goes.heard_within(60)
    goes.used_at = 0.0
    assert (await server.received("phx_leave"))["topic"] == f"realtime:{goes.topic}"
    assert (bells.find(used), bells.find(unused)) == (stays, None)
    stays.used_at = 0.0
    await until(lambda: not server.sockets)


async def test_a_bell_that_realtime_refuses_is_none_and_leaves_the_others_alone(
    server: PhoenixServer, bells: Doorbells
) -> None:
    robot, key_hash, other = caller(), key(), key()
    server.refused[f"realtime:robot:{robot['robot_id']}"] = "Unauthorized"
    hung(bells, key_hash, robot)
    heard = hung(bells, other, caller())
    assert await heard.heard_within(60)
    await until(lambda: bells.find(key_hash) is None)
    assert bells.find(other) is heard
    assert heard.is_heard


@pytest.mark.parametrize("robot", [{"principal": "user"}, {"robot_id": None}])
async def test_who_is_no_robot_has_no_bell(bells: Doorbells, robot: dict[str, Any]) -> None:
    assert bells.hang(key(), caller(**robot)) is None
    assert bells.hang(None, caller()) is None

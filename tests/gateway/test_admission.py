"""Who may open a socket, how they say who they are, and with which code everybody else is closed."""

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from tests.factories import make_robot
from tests.gateway.gate import Client, Gate, running_gateway
from websockets.asyncio.client import connect

from casare_cloud.config import Settings
from casare_cloud.gateway import calls, hub
from casare_cloud.gateway.rates import MESSAGES

PATHS = [
    "/ws", "/ws/live-jobs", "/ws/robot-status", "/ws/queue-metrics", "/ws/monitoring/live-jobs", "/ws/jobs",
    "/ws/robots", "/ws/queue-depth", "/ws/admin", "/ws/logs", "/ws/logs/robot-1", f"/ws/jobs/{uuid.UUID(int=7)}",
    "/ws/metrics/stream", "/api/v1/ws/live-jobs",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_a_bad_credential_is_closed_with_4001_after_the_accept(gate: Gate, path: str) -> None:
    assert await gate.close_code(path, "crpa_not-a-key") == 4001


@pytest.mark.parametrize("path", PATHS)
async def test_who_says_nothing_is_closed_with_4001(gate: Gate, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "FIRST_MESSAGE_SECONDS", 0.05)
    assert await gate.close_code(path, None) == 4001


@pytest.mark.parametrize("path", PATHS)
async def test_a_member_without_the_permission_is_closed_with_4003(gate: Gate, path: str) -> None:
    assert await gate.close_code(path, gate.service_key("workflows.read")) == 4003


async def test_a_robot_s_key_opens_no_dashboard(gate: Gate) -> None:
    robot = make_robot(gate.database, gate.tenant)
    assert await gate.close_code("/ws/live-jobs", robot.key.text) == 4003


async def test_a_job_of_another_tenant_and_one_that_is_none_are_closed_alike(gate: Gate, elsewhere: Gate) -> None:
    token = gate.token(gate.tenant.admin)
    for job in (elsewhere.job(), uuid.uuid4(), "no-id"):
        assert await gate.close_code(f"/ws/jobs/{job}", token) == 4003


async def test_logs_of_another_tenant_or_its_robot_are_closed(gate: Gate, elsewhere: Gate) -> None:
    token = gate.token(gate.tenant.admin)
    foreign = make_robot(elsewhere.database, elsewhere.tenant)
    for path in (
        f"/ws/logs?tenant_id={elsewhere.tenant.tenant_id}",
        "/ws/logs?tenant_id=x",
        f"/ws/logs/{foreign.robot_id}",
    ):
        assert await gate.close_code(path, token) == 4003


@pytest.mark.parametrize(
    "path", ["/ws/logs?min_level=LOUD", "/ws/metrics/stream?interval=0", "/metrics/stream?interval=x"]
)
async def test_a_parameter_that_is_none_is_closed_with_4400(gate: Gate, path: str) -> None:
    assert await gate.close_code(path, gate.token(gate.tenant.admin)) == 4400


async def test_an_unknown_path_is_closed_with_4004(gate: Gate) -> None:
    assert await gate.close_code("/ws/nothing", gate.token(gate.tenant.admin)) == 4004


async def test_the_credential_may_stand_in_query_header_or_first_message(gate: Gate) -> None:
    key = gate.service_key("events.read", "jobs.read")
    token = gate.token(gate.tenant.admin)

    async def is_in(path: str, first: str | None = None, **headers: str) -> bool:
        async with connect(gate.url + path, proxy=None, additional_headers=headers) as socket:
            client = Client(socket)
            if first is not None:
                await socket.send("ping")
                assert await client.text() == "pong"
                await socket.send(first)
            await socket.send("ping")
            assert await client.text() == "pong"
            job_id = str(gate.job())
            return (await client.next())["job_id"] == job_id

    for name in ("token", "api_key", "api_secret"):
        assert await is_in(f"/ws/live-jobs?{name}={key}")
    assert await is_in("/ws/live-jobs", Authorization=f"Bearer {token}")
    assert await is_in("/ws/live-jobs", **{"X-Api-Key": key})
    assert await is_in("/ws/live-jobs", json.dumps({"type": "auth", "token": token}))
    assert await is_in("/ws/live-jobs", json.dumps({"type": "auth", "payload": {"api_key": key}}))


async def renewed_by(client: Client, token: str) -> None:
    """Returns when the gateway has read a newer token."""
    await client.socket.send(json.dumps({"type": "auth", "token": token}))
    await client.socket.send("ping")
    while await client.text() != "pong":
        pass


async def test_a_token_that_ends_closes_the_socket_unless_a_newer_one_came(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.2)
    member = gate.member("viewer")
    async with (
        gate.open("/ws/live-jobs", gate.token(member)) as left,
        gate.open("/ws/live-jobs", gate.token(member)) as renewed,
    ):
        await renewed_by(renewed, gate.token(member, 7200))
        monkeypatch.setattr(hub, "time", SimpleNamespace(time=an_hour_later))
        assert await left.close_code() == 4001
        job_id = str(gate.job())
        assert (await renewed.next())["job_id"] == job_id


def an_hour_later() -> float:
    return time.time() + 3600


async def test_a_newer_token_keeps_the_stream_of_the_fleet_open(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    member = gate.member("viewer")
    async with (
        gate.open("/ws/metrics/stream?interval=1", gate.token(member)) as left,
        gate.open("/ws/metrics/stream?interval=1", gate.token(member)) as client,
    ):
        await renewed_by(client, gate.token(member, 7200))
        monkeypatch.setattr("casare_cloud.gateway.dashboards.fleet.time", an_hour_later)
        assert await left.close_code() == 4001
        for _ in range(3):
            await client.next(type="metrics")
        await client.socket.send(json.dumps({"type": "auth", "token": gate.token(gate.member("operator"))}))
        assert await client.close_code() == 4001


async def test_newer_tokens_are_limited(gate: Gate) -> None:
    message = json.dumps({"type": "auth", "token": gate.token(gate.tenant.admin)})
    async with gate.open("/ws/live-jobs") as client:
        for _ in range(MESSAGES + 1):
            await client.socket.send(message)
        assert (await client.next())["code"] == "RATE_LIMITED"


async def test_another_member_s_token_is_no_newer_one(gate: Gate) -> None:
    async with gate.open("/ws/live-jobs", gate.token(gate.member("viewer"))) as client:
        await client.socket.send(json.dumps({"type": "auth", "token": gate.token(gate.member("operator"))}))
        assert await client.close_code() == 4001


async def test_a_removed_member_is_closed_and_others_go_on(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.5)
    member = gate.member("viewer")
    async with gate.open("/ws/live-jobs", gate.token(member)) as removed, gate.open("/ws/live-jobs") as other:
        await other.socket.send("ping")
        assert await other.text() == "pong"
        gate.run("select public.remove_member(%s)", member.user_id)
        assert await removed.close_code() in (4001, 4003)
        job_id = str(gate.job())
        assert (await other.next())["job_id"] == job_id


async def test_a_token_that_names_no_tenant_stays_in_the_one_that_it_was_let_into(
    gate: Gate, elsewhere: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given before its owner was anywhere; then they accept an invitation, and are removed where they were."""
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.5)
    member = gate.member("viewer")
    metadata = {"principal": "user"}
    token, claims = gate.token(member, app_metadata=metadata), {**member.claims, "app_metadata": metadata}
    with running_gateway(platform) as url:
        here, there = replace(gate, url=url), replace(elsewhere, url=url)
        async with AsyncExitStack() as stack:
            moved, other, foreign = [
                await stack.enter_async_context(opened)
                for opened in (
                    here.open("/ws/live-jobs", token),
                    here.open("/ws/live-jobs"),
                    there.open("/ws/live-jobs"),
                )
            ]  # the first reads for its tenant
            for client in (moved, other, foreign):
                await client.socket.send("ping")
                assert await client.text() == "pong"
            _let_in(elsewhere, member.email, claims)
            for gateway, clients in ((there, [foreign]), (here, [moved, other])):
                job_id = str(gateway.job())
                assert [(await client.next())["job_id"] for client in clients] == [job_id] * len(clients)
            gate.run("select public.remove_member(%s)", member.user_id)
            assert await moved.close_code() in (4001, 4003)
            there.job()
            job_id = str(here.job())
            assert (await other.next())["job_id"] == job_id


def _let_in(gate: Gate, email: str, claims: Mapping[str, Any]) -> None:
    """Invites somebody, who accepts: their session moves to the tenant."""
    digest = hashlib.sha256(email.encode()).digest()
    role = "select public.invite_member(%s, role_id, %s) from public.roles where slug = 'viewer'"
    gate.run(role, email, digest)
    gate.run("select public.accept_invitation(%s)", email, by=claims)


async def test_a_fleet_is_not_read_for_another_tenant(gate: Gate, elsewhere: Gate) -> None:
    member = gate.member("viewer")
    metadata = {"principal": "user"}
    claims = {**member.claims, "app_metadata": metadata}
    make_robot(elsewhere.database, elsewhere.tenant)
    async with gate.open("/ws/metrics/stream?interval=1", gate.token(member, app_metadata=metadata)) as client:
        assert (await client.next(type="metrics"))["data"]["robots"]["total"] == 0
        _let_in(elsewhere, member.email, claims)
        for _ in range(2):
            assert (await client.next(type="metrics"))["data"]["robots"]["total"] == 0


async def test_a_revoked_key_is_closed_with_4001(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.5)
    key = gate.service_key("events.read", "jobs.read")
    async with gate.open("/ws/live-jobs", key) as client:
        gate.owner("update public.api_keys set revoked_at = now() where tenant_id = %s", gate.tenant.tenant_id)
        assert await client.close_code() == 4001


async def test_developer_mode_needs_no_credential(gate: Gate, platform: Settings) -> None:
    with running_gateway(replace(platform, jwt_dev_mode=True)) as url:
        async with connect(f"{url}/api/v1/ws/queue-depth", proxy=None) as socket:
            assert json.loads(await asyncio.wait_for(socket.recv(), 30))["type"] == "queue_depth"


async def test_a_process_that_is_full_closes_with_4503(gate: Gate, platform: Settings) -> None:
    with running_gateway(replace(platform, gateway_sockets=1)) as url:
        full = replace(gate, url=url)
        async with full.open("/ws/queue-metrics") as first:
            await first.next()
            assert await full.close_code("/ws/queue-metrics", gate.token(gate.tenant.admin)) == 4503


async def test_a_database_that_is_away_closes_with_4503(gate: Gate, platform: Settings) -> None:
    away = replace(platform, database_url="postgresql://casare_functions@127.0.0.1:1/nowhere")
    with running_gateway(away) as url:
        assert await replace(gate, url=url).close_code("/ws/live-jobs", gate.token(gate.tenant.admin)) == 4503


async def test_server_sent_events_refuse_with_a_status(gate: Gate) -> None:
    url = gate.url.replace("ws://", "http://") + "/metrics/stream"
    robot = make_robot(gate.database, gate.tenant)
    async with httpx2.AsyncClient(trust_env=False) as client:
        answers = [await client.get(url, headers=headers) for headers in ({}, {"X-Api-Key": robot.key.text})]
        slow = await client.get(f"{url}?interval=61&token={gate.token(gate.tenant.admin)}")
    assert [(answer.status_code, answer.json()["error_code"]) for answer in [*answers, slow]] == [
        (401, "AUTHENTICATION_FAILED"), (403, "FORBIDDEN"), (400, "INVALID_ARGUMENT"),
    ]  # fmt: skip

"""The direct transport: one exchange of the key, then the Data API and the doorbell, with and without Realtime."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import httpx2
import pytest
from tests.robot.answers import OF_FUNCTIONS, OF_THE_SERVICE
from tests.robot.phoenix import PhoenixServer

from casare_cloud.errors import ApiError
from casare_cloud.robot.direct import POLL_SECONDS, DirectTransport
from casare_cloud.robot.transport import ClaimedJob, Failure, Lease, LogBatch, NodeEvent, Renewal, RobotProfile, Signal

PATIENCE_SECONDS = 60.0  # a safety net: nothing here is about how long it takes
PROFILE = RobotProfile("robot-1", "Robot", "host", "default", ("browser",), ("tag",), 3)
LEASE = Lease("0192-job", 17)
EXPIRED = {"code": "PGRST301", "message": "JWT expired", "details": None, "hint": None}


class Cloud:
    """The orchestrator's token endpoint and the Data API, on one handler."""

    def __init__(self, realtime_url: str) -> None:
        self.realtime_url = realtime_url
        self.calls: list[tuple[str, Any]] = []
        self.headers: list[httpx2.Headers] = []
        self.exchanges = 0
        self.lifetime = 600
        self.refused_tokens: set[str] = set()
        self.key_is_dead = False
        self.robot_exists = True
        self.answers: dict[str, Callable[[], httpx2.Response]] = {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else None
        if path.startswith("/api/v1"):
            return self._orchestrator(path.removeprefix("/api/v1"), body)
        self.headers.append(request.headers)
        if request.headers["authorization"].removeprefix("Bearer ") in self.refused_tokens:
            return httpx2.Response(401, json=EXPIRED)
        function = path.removeprefix("/rest/v1/rpc/")
        self.calls.append((function, body))
        return self.answers.get(
            function, lambda: httpx2.Response(200, json=OF_FUNCTIONS.get(function, OF_THE_SERVICE))
        )()

    def _orchestrator(self, path: str, body: Any) -> httpx2.Response:
        if self.key_is_dead:
            return httpx2.Response(401, json={"detail": "No such key.", "error_code": "AUTHENTICATION_FAILED"})
        if path == "/robots/register":
            self.robot_exists = True
            self.calls.append(("REST register", body))
            return httpx2.Response(200, json={"robot_id": body["robot_id"]})
        assert path == "/robots/robot-1/token"
        if not self.robot_exists:
            return httpx2.Response(403, json={"detail": "Not yours.", "error_code": "FORBIDDEN"})
        self.exchanges += 1
        return httpx2.Response(
            200,
            json={
                "access_token": f"jwt-{self.exchanges}",
                "expires_in": self.lifetime,
                "supabase_url": self.realtime_url,
                "publishable_key": "sb_publishable_x",
                "topics": ["robot:0192-robot", "tenant:t:robots"],
            },
        )


@pytest.fixture
async def server() -> AsyncIterator[PhoenixServer]:
    async with PhoenixServer() as running:
        yield running


@pytest.fixture
def cloud(server: PhoenixServer) -> Cloud:
    return Cloud(server.url)


@pytest.fixture
async def transport(cloud: Cloud) -> AsyncIterator[DirectTransport]:
    made = DirectTransport("http://o", "crpa_key", "robot-1", http_transport=httpx2.MockTransport(cloud))
    yield made
    await made.close()


async def test_the_key_is_exchanged_once_and_every_call_is_a_function_of_the_data_api(
    transport: DirectTransport, cloud: Cloud
) -> None:
    await transport.register(PROFILE)
    await transport.heartbeat({"cpu_percent": 1})
    await transport.start(LEASE)
    await transport.progress(LEASE, 50, "n", "m")
    await transport.complete(LEASE, {"x": 1})
    await transport.fail(LEASE, Failure("no", "Error"))
    await transport.release(LEASE)
    await transport.logs(LEASE, LogBatch(3, [{"message": "m"}]))
    of_job = {"p_job_id": "0192-job", "p_lease_token": 17}
    assert cloud.exchanges == 1
    assert [name for name, _ in cloud.calls] == [
        "register_robot",
        "record_heartbeat",
        "start_job",
        "report_progress",
        "complete_job",
        "fail_job",
        "release_job",
        "append_job_logs",
    ]
    assert cloud.calls[2][1] == of_job
    assert cloud.calls[3][1] == {**of_job, "p_progress": 50, "p_current_node": "n", "p_message": "m"}
    assert cloud.calls[5][1]["p_retryable"] is True
    assert cloud.calls[7][1] == {**of_job, "p_entries": [{"message": "m"}], "p_sequence": 3}
    assert all(h["apikey"] == "sb_publishable_x" and h["authorization"] == "Bearer jwt-1" for h in cloud.headers)


async def test_a_robot_that_is_not_there_yet_registers_with_its_key(transport: DirectTransport, cloud: Cloud) -> None:
    cloud.robot_exists = False
    await transport.register(PROFILE)
    assert [name for name, _ in cloud.calls] == ["REST register", "register_robot"]


async def test_an_expired_token_is_exchanged_and_the_call_repeated(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    cloud.refused_tokens.add("jwt-1")
    await transport.start(LEASE)
    assert cloud.exchanges == 2
    assert cloud.headers[-1]["authorization"] == "Bearer jwt-2"


async def test_calls_at_once_exchange_a_refused_token_once(cloud: Cloud) -> None:
    cloud.refused_tokens.add("jwt-1")
    all_sent = asyncio.Barrier(5)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("authorization") == "Bearer jwt-1":
            await all_sent.wait()
        return cloud(request)

    transport = DirectTransport("http://o", "crpa_key", "robot-1", http_transport=httpx2.MockTransport(answer))
    await asyncio.gather(*(transport.start(LEASE) for _ in range(5)))
    assert cloud.exchanges == 2
    assert [name for name, _ in cloud.calls] == ["start_job"] * 5
    await transport.close()


async def test_a_new_token_that_is_refused_too_is_the_verdict(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    cloud.refused_tokens |= {"jwt-1", "jwt-2", "jwt-3"}
    with pytest.raises(ApiError, match="JWT expired") as caught:
        await transport.start(LEASE)
    assert (caught.value.status, cloud.exchanges) == (401, 2)


async def test_a_key_that_the_gateway_does_not_know_any_more_is_replaced(
    transport: DirectTransport, cloud: Cloud
) -> None:
    await transport.register(PROFILE)
    refusals = [httpx2.Response(401, json={"message": "Invalid API key", "hint": "Check it."})]
    well = httpx2.Response(200, json=OF_THE_SERVICE)
    cloud.answers["record_heartbeat"] = lambda: refusals.pop() if refusals else well
    await transport.heartbeat({})
    assert cloud.exchanges == 2


async def test_an_old_token_is_exchanged_before_it_ends(transport: DirectTransport, cloud: Cloud) -> None:
    cloud.lifetime = 0
    await transport.register(PROFILE)
    before = cloud.exchanges
    await transport.start(LEASE)
    assert cloud.exchanges == before + 1


async def test_a_revoked_key_is_401(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    cloud.refused_tokens.add("jwt-1")
    cloud.key_is_dead = True
    with pytest.raises(ApiError) as caught:
        await transport.claim(1, 20)
    assert caught.value.status == 401


async def test_a_stale_report_is_lease_lost_raised_or_returned(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    body = {"code": "PT409", "message": "The lease is lost.", "details": "LEASE_LOST", "hint": None}
    for status in (409, 200):
        cloud.answers["complete_job"] = lambda status=status: httpx2.Response(status, json=body)  # type: ignore[misc]
        with pytest.raises(ApiError) as caught:
            await transport.complete(LEASE, {})
        assert (caught.value.status, caught.value.code) == (409, "LEASE_LOST")


async def test_many_leases_are_renewed_in_one_call(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    rows = [
        {"job_id": "a", "renewed": True, "cancel_requested": True},
        {"job_id": "a", "renewed": False, "cancel_requested": False},
    ]
    cloud.answers["renew_leases"] = lambda: httpx2.Response(200, json=rows)
    renewals = await transport.renew([Lease("a", 2), Lease("a", 1)], 20)
    assert renewals == [
        Renewal(Lease("a", 2), renewed=True, cancel_requested=True),
        Renewal(Lease("a", 1), renewed=False),
    ]
    assert cloud.calls[-1][1]["p_leases"][0] == {"job_id": "a", "lease_token": 2}


# The doorbell


async def claim(transport: DirectTransport) -> None:
    """Claims and waits for the doorbell."""
    await transport.claim(1, 20)
    await transport.wait_for_doorbell()


async def listening(transport: DirectTransport) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while transport._realtime is None or not transport._realtime.is_joined:
            await asyncio.sleep(0.005)


async def test_a_ring_ends_the_wait_at_once(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.robot.direct.JOIN_SPREAD_SECONDS", 1000.0)
    transport._poll_seconds = (1000,)
    cloud.answers["claim_jobs"] = lambda: httpx2.Response(200, json=[])
    await transport.register(PROFILE)
    await listening(transport)
    await transport.claim(1, 20)
    assert cloud.calls[-1][1]["p_listening"] is True
    waiting = asyncio.create_task(claim(transport))
    await asyncio.sleep(0.05)
    await server.push("robot:0192-robot", "job_available", {})
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_robots_that_join_at_once_do_not_claim_at_once(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.robot.direct.random.uniform", lambda low, high: high)
    monkeypatch.setattr("casare_cloud.robot.direct.JOIN_SPREAD_SECONDS", 0.3)
    transport._poll_seconds = (1000,)
    await transport.register(PROFILE)
    started = monotonic()
    await asyncio.wait_for(transport.wait_for_doorbell(), PATIENCE_SECONDS)
    assert monotonic() - started >= 0.3


async def test_a_bell_is_trusted_only_when_the_service_follows_the_database(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer
) -> None:
    server.replicates = False
    cloud.answers["claim_jobs"] = lambda: httpx2.Response(200, json=[])
    await transport.register(PROFILE)
    join = await server.received("phx_join")
    assert join["payload"]["config"]["broadcast"]["replication_ready"] is True
    await transport.claim(1, 20)
    assert cloud.calls[-1][1]["p_listening"] is False
    await server.replicate(join["topic"])
    await listening(transport)
    await transport.claim(1, 20)
    assert cloud.calls[-1][1]["p_listening"] is True


async def test_a_ring_while_the_claim_is_under_way_is_not_lost(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer
) -> None:
    transport._poll_seconds = (1000,)
    await transport.register(PROFILE)
    await listening(transport)

    def answer() -> httpx2.Response:
        transport._on_push("job_available", {})
        return httpx2.Response(200, json=[])

    cloud.answers["claim_jobs"] = answer
    await asyncio.wait_for(claim(transport), PATIENCE_SECONDS)


async def test_without_realtime_it_polls_with_growing_pauses(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.stop()
    monkeypatch.setattr("casare_cloud.robot.direct.random.uniform", lambda low, high: 1.0)
    pauses, timeout = [], asyncio.timeout

    def noted(seconds: float) -> asyncio.Timeout:
        pauses.append(seconds)
        return timeout(0.001)

    cloud.answers["claim_jobs"] = lambda: httpx2.Response(200, json=[])
    await transport.register(PROFILE)
    for _ in range(6):
        await transport.claim(1, 20)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "timeout", noted)
            await transport.wait_for_doorbell()
    assert cloud.calls[-1][1]["p_listening"] is False
    assert [seconds for seconds in pauses if seconds in POLL_SECONDS] == [1.0, 2.0, 5.0, 15.0, 30.0, 30.0]


async def test_a_job_that_was_found_makes_the_pauses_short_again(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE)
    cloud.answers["claim_jobs"] = lambda: httpx2.Response(200, json=[])
    for _ in range(3):
        await transport.claim(1, 20)
    assert transport._polls_without_work == 3
    row = {"job_id": "a", "lease_token": 1}
    cloud.answers["claim_jobs"] = lambda: httpx2.Response(200, json=[row])
    await transport.claim(1, 20)
    assert transport._polls_without_work == 0


async def test_what_was_obeyed_and_what_is_waited_for_come_with_a_heartbeat(
    transport: DirectTransport, cloud: Cloud
) -> None:
    await transport.heartbeat({"cpu_percent": 1.0}, ["c-1"], ["claim-1"])
    assert cloud.calls[-1][1] == {
        "p_metrics": {"cpu_percent": 1.0},
        "p_acknowledged_commands": ["c-1"],
        "p_session_id": transport._session_id,
        "p_claims_in_flight": ["claim-1"],
    }


async def test_the_session_is_named_when_it_begins_and_when_it_ends(transport: DirectTransport, cloud: Cloud) -> None:
    await transport.register(PROFILE, [LEASE])
    await transport.claim(1, 20, "claim-1")
    await transport.say_goodbye()
    (_, registered), (_, claimed), (_, left) = cloud.calls
    assert registered["p_held_leases"] == [{"job_id": "0192-job", "lease_token": 17}]
    assert claimed["p_claim_id"] == "claim-1"
    assert registered["p_session_id"] == left["p_session_id"] == transport._session_id


async def test_orders_are_pushed(transport: DirectTransport, cloud: Cloud, server: PhoenixServer) -> None:
    await transport.register(PROFILE)
    await listening(transport)
    await server.push("robot:0192-robot", "cancel_job", {"job_id": "j", "reason": "r"})
    await server.push("robot:0192-robot", "dance", {})
    await server.push("robot:0192-robot", "shutdown", {})
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await transport.next_signal() == Signal("cancel_job", "j", "r")
        assert await transport.next_signal() == Signal("shutdown")


JOB = ClaimedJob("0192-job", 17, "w", "Workflow", {}, attempt=2)
COMPLETED = NodeEvent("node.completed", "n", "LogNode", "2026-11-21T08:00:00Z", "completed", 5)


@pytest.mark.parametrize("says", ["start", "progress", "push"])
async def test_node_events_go_over_the_socket_while_the_job_is_watched(
    transport: DirectTransport, cloud: Cloud, server: PhoenixServer, says: str
) -> None:
    cloud.answers["register_robot"] = lambda: httpx2.Response(200, json={"robot_id": "0192-robot"})
    await transport.register(PROFILE)
    await listening(transport)
    if says == "push":
        await server.push("robot:0192-robot", "job_watched", {"job_id": "0192-job"})
    elif says == "start":
        answer = {"started_at": "now", "watched": True}
        cloud.answers["start_job"] = lambda: httpx2.Response(200, json=answer)
        await transport.start(LEASE)
    else:
        noted = {"cancel_requested": False, "watched": True}
        cloud.answers["report_progress"] = lambda: httpx2.Response(200, json=noted)
        await transport.progress(LEASE, 5, None, None)
    join = await server.received("phx_join", 2)
    calls = len(cloud.calls)
    await transport.tell_nodes(JOB, [COMPLETED])
    frame = await server.received("broadcast")
    assert len(cloud.calls) == calls, "no call over HTTP"
    assert (frame["topic"], frame["join_ref"]) == ("realtime:job:0192-job", join["join_ref"])
    assert frame["payload"] == {
        "type": "broadcast",
        "event": "node.completed",
        "payload": {
            "job_id": "0192-job",
            "workflow_id": "w",
            "workflow_name": "Workflow",
            "status": "running",
            "robot_id": "0192-robot",
            "robot_external_id": "robot-1",
            "attempt": 2,
            "current_node": "n",
            "node_id": "n",
            "node_type": "LogNode",
            "timestamp": "2026-11-21T08:00:00Z",
            "node_status": "completed",
            "execution_time_ms": 5,
        },
    }
    await transport.complete(LEASE, {})
    assert (await server.received("phx_leave"))["topic"] == "realtime:job:0192-job"


async def test_of_a_job_that_nobody_watches_no_node_is_told(
    transport: DirectTransport, server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await transport.register(PROFILE)
    await listening(transport)
    await transport.tell_nodes(JOB, [COMPLETED])
    monkeypatch.setattr("casare_cloud.robot.watched_jobs.WATCHED_SECONDS", -1.0)
    await server.push("robot:0192-robot", "job_watched", {"job_id": "0192-job"})
    await server.received("phx_join", 2)
    await transport.tell_nodes(JOB, [COMPLETED])
    await server.received("phx_leave")
    assert [frame["event"] for frame in server.frames].count("broadcast") == 0


async def test_what_is_refused_about_a_job_leaves_the_bell_alone(
    transport: DirectTransport, server: PhoenixServer
) -> None:
    server.refused["realtime:job:0192-job"] = "Unauthorized"
    await transport.register(PROFILE)
    await listening(transport)
    await server.push("robot:0192-robot", "job_watched", {"job_id": "0192-job"})
    await server.received("phx_join", 2)
    await transport.tell_nodes(JOB, [COMPLETED])
    assert transport._realtime is not None
    assert transport._realtime.is_joined
    assert len(server.queries) == 1, "the socket is the same"

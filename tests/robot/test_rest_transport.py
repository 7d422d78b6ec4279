"""What the REST transport sends, and how it reads the answers (document 002, api-decisions#claims-and-leases)."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from tests.robot.answers import OF_THE_SERVICE

from casare_cloud.errors import ApiError
from casare_cloud.http import ForeignAnswer
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.transport import Failure, Lease, LogBatch, Renewal, RobotProfile, Signal

LEASE = Lease("0192-job", 17)
CLAIMED = {
    "job_id": "0192-job",
    "lease_token": 17,
    "workflow_id": "w",
    "workflow_name": "Demo",
    "workflow_json": {"nodes": []},
    "input": {"a": 1},
    "priority": 0,
    "environment": "*",
    "attempt": 2,
    "max_attempts": 3,
    "lease_expires_at": "2026-11-21T08:00:00Z",
    "timeout_seconds": 60,
    "something_new": True,
}


class Service:
    """Remembers requests and answers by path."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: list[httpx2.Headers] = []
        self.answers: dict[str, Callable[[], httpx2.Response]] = {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v1")
        self.requests.append((request.method, path, json.loads(request.content) if request.content else None))
        self.headers.append(request.headers)
        return self.answers.get(path, lambda: httpx2.Response(200, json=OF_THE_SERVICE))()


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def transport(service: Service) -> RestTransport:
    return RestTransport("http://x", "crpa_key", "robot-1", http_transport=httpx2.MockTransport(service))


async def test_registering_sends_the_published_fields_and_the_key(transport: RestTransport, service: Service) -> None:
    profile = RobotProfile("robot-1", "Robot", "host", "production", ("browser",), ("tag",), 3)
    await transport.register(profile, [LEASE])
    assert service.requests == [
        (
            "POST",
            "/robots/register",
            {
                "robot_id": "robot-1",
                "name": "Robot",
                "hostname": "host",
                "capabilities": ["browser"],
                "environment": "production",
                "max_concurrent_jobs": 3,
                "tags": ["tag"],
                "session_id": transport._session_id,
                "held_leases": [{"job_id": "0192-job", "lease_token": 17}],
            },
        )
    ]
    assert service.headers[0]["x-api-key"] == "crpa_key"


async def test_every_claimed_row_is_read(transport: RestTransport, service: Service) -> None:
    second = {**CLAIMED, "job_id": "other", "input": None}
    service.answers["/jobs/claim"] = lambda: httpx2.Response(200, json={"jobs": [CLAIMED, second]})
    jobs = await transport.claim(2, 20, "c-1")
    asked = {"limit": 2, "lease_seconds": 20, "wait_seconds": 20, "claim_id": "c-1"}
    assert service.requests == [("POST", "/jobs/claim", asked)]
    assert jobs[0].lease == LEASE
    assert (jobs[0].priority, jobs[0].attempt, jobs[0].input, jobs[0].timeout_seconds) == (0, 2, {"a": 1}, 60)
    assert (jobs[1].job_id, jobs[1].input) == ("other", {})


async def test_each_report_carries_the_lease_token(transport: RestTransport, service: Service) -> None:
    await transport.start(LEASE)
    await transport.complete(LEASE, {"x": 1})
    await transport.fail(LEASE, Failure("no", "Error", failed_node="n", is_retryable=False))
    await transport.release(LEASE)
    await transport.logs(LEASE, LogBatch(3, [{"message": "m"}]))
    await transport.progress(LEASE, 50, "n", None)
    token = {"lease_token": 17}
    failure = {"error_message": "no", "error_type": "Error", "failed_node": "n", "retryable": False}
    assert service.requests == [
        ("POST", "/jobs/0192-job/start", token),
        ("POST", "/jobs/0192-job/complete", {"result": {"x": 1}, **token}),
        ("POST", "/jobs/0192-job/fail", {**failure, **token}),
        ("POST", "/jobs/0192-job/release", token),
        ("POST", "/jobs/0192-job/logs", {"entries": [{"message": "m"}], "sequence": 3, **token}),
        ("PUT", "/jobs/0192-job/progress", {"progress": 50, "current_node": "n", **token}),
    ]


async def test_a_renewal_tells_lost_and_cancelled_leases(transport: RestTransport, service: Service) -> None:
    lost = {"detail": "lost", "error_code": "LEASE_LOST"}
    service.answers["/jobs/a/extend-lease"] = lambda: httpx2.Response(
        200, json={"renewed": True, "cancel_requested": True}
    )
    service.answers["/jobs/b/extend-lease"] = lambda: httpx2.Response(409, json=lost)
    assert await transport.renew([Lease("a", 1)], 20) == [Renewal(Lease("a", 1), renewed=True, cancel_requested=True)]
    assert await transport.renew([Lease("b", 2)], 20) == [Renewal(Lease("b", 2), renewed=False)]


async def test_several_leases_are_renewed_in_one_request(transport: RestTransport, service: Service) -> None:
    rows = [
        {"job_id": "a", "renewed": True, "cancel_requested": True},
        {"job_id": "b", "renewed": False, "cancel_requested": False},
    ]
    service.answers["/jobs/batch/extend-lease"] = lambda: httpx2.Response(200, json={"leases": rows})
    assert await transport.renew([Lease("a", 1), Lease("b", 2)], 20) == [
        Renewal(Lease("a", 1), renewed=True, cancel_requested=True),
        Renewal(Lease("b", 2), renewed=False),
    ]
    asked = [{"job_id": "a", "lease_token": 1}, {"job_id": "b", "lease_token": 2}]
    assert service.requests == [("POST", "/jobs/batch/extend-lease", {"leases": asked, "lease_seconds": 20})]


async def test_more_leases_than_a_request_takes_are_renewed_in_several(
    transport: RestTransport, service: Service
) -> None:
    def renew() -> httpx2.Response:
        asked = service.requests[-1][2]["leases"]
        rows = [{"job_id": lease["job_id"], "renewed": True, "cancel_requested": False} for lease in asked]
        return httpx2.Response(200, json={"leases": rows})

    service.answers["/jobs/batch/extend-lease"] = renew
    leases = [Lease(f"job-{number}", number) for number in range(102)]
    assert [renewal.lease for renewal in await transport.renew(leases, 20)] == leases
    assert [len(body["leases"]) for _, _, body in service.requests] == [100, 2]


@pytest.mark.parametrize("leases", [[Lease("a", 1)], [Lease("a", 1), Lease("b", 2)]])
async def test_a_renewal_is_one_try(
    transport: RestTransport, service: Service, pauses: list[float], leases: list[Lease]
) -> None:
    for path in ("/jobs/a/extend-lease", "/jobs/batch/extend-lease"):
        service.answers[path] = lambda: httpx2.Response(503, json={})
    with pytest.raises(ApiError):
        await transport.renew(leases, 20)
    assert (len(service.requests), pauses) == (1, [])


async def test_a_heartbeat_s_answer_holds_the_interval_and_orders(transport: RestTransport, service: Service) -> None:
    told = {"command": "quarantine", "command_id": "c", "reason": "smoke"}
    commands = [{"command": "cancel_job", "job_id": "j", "reason": "r"}, "pause", {"command": "dance"}, told]
    body = {"ok": True, "heartbeat_interval": 10, "pending_commands": commands}
    service.answers["/robots/robot-1/heartbeat"] = lambda: httpx2.Response(200, json=body)
    answer = await transport.heartbeat({"cpu_percent": 1.0})
    assert answer.interval_seconds == 10
    assert answer.signals == (Signal("cancel_job", "j", "r"), Signal("pause"), Signal("quarantine", None, "smoke", "c"))


async def test_what_was_obeyed_and_what_is_waited_for_come_with_a_heartbeat(
    transport: RestTransport, service: Service
) -> None:
    await transport.heartbeat({"cpu_percent": 1.0}, ["c-1"], ["claim-1"])
    assert service.requests[-1][2] == {
        "cpu_percent": 1.0,
        "acknowledged_commands": ["c-1"],
        "session_id": transport._session_id,
        "claims_in_flight": ["claim-1"],
    }


async def test_a_goodbye_names_its_session(transport: RestTransport, service: Service) -> None:
    await transport.say_goodbye()
    assert service.requests[-1][2] == {"status": "offline", "session_id": transport._session_id}


async def test_progress_tells_that_the_job_is_to_be_cancelled(transport: RestTransport, service: Service) -> None:
    service.answers["/jobs/0192-job/progress"] = lambda: httpx2.Response(200, json={"cancel_requested": True})
    assert await transport.progress(LEASE, 1, None, None) is True


async def test_a_stale_token_is_lease_lost(transport: RestTransport, service: Service) -> None:
    body = {"detail": "The lease is lost.", "error_code": "LEASE_LOST"}
    service.answers["/jobs/0192-job/complete"] = lambda: httpx2.Response(409, json=body)
    with pytest.raises(ApiError) as caught:
        await transport.complete(LEASE, {})
    assert (caught.value.status, caught.value.code) == (409, "LEASE_LOST")


async def test_a_service_that_does_not_wait_is_not_asked_all_the_time(
    transport: RestTransport, service: Service, pauses: list[float]
) -> None:
    service.answers["/jobs/claim"] = lambda: httpx2.Response(200, json={"jobs": []})
    for _ in range(3):
        await transport.claim(1, 20)
        await transport.wait_for_doorbell()
    assert len(pauses) == 3
    assert pauses[0] < 1 < 4 * pauses[2]


async def test_a_service_that_is_away_is_not_asked_all_the_time(pauses: list[float]) -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    transport = RestTransport("http://x", "k", "robot-1", http_transport=httpx2.MockTransport(away))
    for _ in range(3):
        with pytest.raises(ApiError):
            await transport.claim(1, 20)
        await transport.wait_for_doorbell()
    assert len(pauses) == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"jobs": [CLAIMED | {"lease_token": "x"}]},
        {"jobs": [CLAIMED | {"lease_token": None}]},
        {"jobs": [CLAIMED | {"timeout_seconds": "soon"}]},
        {"jobs": [CLAIMED | {"job_id": 5}]},
        {"jobs": [CLAIMED | {"job_id": "../../.profile"}]},
        {"heartbeat_interval": "x"},
        {"heartbeat_interval": 1e999},
        {"heartbeat_interval": 5, "warnings": 3},
        {"heartbeat_interval": 5, "pending_commands": 3},
    ],
)
async def test_an_answer_with_values_of_another_kind_is_not_the_service_s(
    transport: RestTransport, service: Service, answer: dict[str, Any]
) -> None:
    """And no job's id leads out of the folders of the robot."""
    said = httpx2.Response(200, content=json.dumps(OF_THE_SERVICE | answer))
    service.answers["/jobs/claim"] = service.answers["/robots/robot-1/heartbeat"] = lambda: said
    with pytest.raises(ForeignAnswer):
        await (transport.claim(1, 60) if "jobs" in answer else transport.heartbeat({}))

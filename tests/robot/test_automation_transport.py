"""What an agent sends over the automation face, and how it reads the answers."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from casare_cloud.errors import ApiError
from casare_cloud.http import may_pass
from casare_cloud.robot.automation import AutomationTransport
from casare_cloud.robot.transport import Failure, Lease, LogBatch, RobotProfile

TASK = {"execution_id": "t-1", "workflow_id": "w", "definition": {"steps": []}, "parameters": {"a": 1}, "attempt": 2}
PROFILE = RobotProfile("agent-1", "Office 7", "host", capabilities=("browser",), max_concurrent_jobs=3)


class Service:
    """Remembers requests and answers by the end of the path."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.held: list[str] = []
        self.cancelled: list[str] = []
        self.tasks = [TASK, {**TASK, "execution_id": "t-2"}]
        self.refusal: httpx2.Response | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v1")
        body = json.loads(request.content) if request.content else None
        self.requests.append((path, body))
        if self.refusal is not None:
            return self.refusal
        if path.endswith("/heartbeat"):
            return httpx2.Response(200, json={"task_ids": self.held, "cancel_requested": self.cancelled})
        if path.endswith("/claim"):
            task = self.tasks.pop(0) if self.tasks else None
            self.held += [] if task is None else [str(task["execution_id"])]
            return httpx2.Response(200, json={"task": task, "message": None})
        return httpx2.Response(200, json={"status": "completed", "accepted": 1})

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def transport(service: Service, pauses: list[float]) -> AutomationTransport:
    return AutomationTransport("http://x", "rpa-agent-1", "agent-1", http_transport=httpx2.MockTransport(service))


async def test_a_process_that_begins_gives_back_what_an_earlier_one_held_but_for_what_it_still_reports(
    transport: AutomationTransport, service: Service
) -> None:
    service.held = ["old", "unsent"]
    await transport.register(PROFILE, [Lease("unsent", -7)])
    assert service.paths() == ["/agents/agent-1/heartbeat", "/agent-tasks/old/release"]


async def test_tasks_are_claimed_one_by_one_and_each_has_a_token_of_its_own(
    transport: AutomationTransport, service: Service
) -> None:
    await transport.register(PROFILE)
    jobs = list(await transport.claim(3, 20))
    assert [(job.job_id, job.input, job.attempt, job.workflow_json) for job in jobs] == [
        ("t-1", {"a": 1}, 2, {"steps": []}), ("t-2", {"a": 1}, 2, {"steps": []}),
    ]  # fmt: skip
    assert jobs[0].lease_token < jobs[1].lease_token < 0
    assert service.requests[1:] == [("/agent-tasks/claim", {"agent_id": "agent-1", "capabilities": ["browser"]})] * 3
    service.held, service.cancelled = ["t-1"], ["t-1"]
    first, second = await transport.renew([job.lease for job in jobs], 20)
    assert (first.renewed, first.cancel_requested, second.renewed) == (True, True, False)
    [older] = await transport.renew([Lease("t-1", -1)], 20)
    assert older.renewed is False, "an earlier attempt of the same task"
    heard = await transport.heartbeat({"cpu": 1})
    assert [(signal.kind, signal.job_id) for signal in heard.signals] == [("cancel_job", "t-1")]
    assert await transport.progress(jobs[0].lease, 50, None, None) is True


async def test_what_is_reported_has_the_words_of_the_document(transport: AutomationTransport, service: Service) -> None:
    lease = Lease("t-1", -1)
    await transport.complete(lease, {"rows": 3, "duration_ms": 12})
    await transport.fail(lease, Failure("no stock", "StockError", node_executions=[{"node_id": "a"}]))
    entry = {"level": "info", "message": "hi", "node_id": "a", "timestamp": "2026-01-01T00:00:00Z", "extra": {"n": 1}}
    await transport.logs(lease, LogBatch(4, [entry, {"level": "info", "message": "ho", "node_id": None}]))
    line = {"level": "info", "message": "hi", "step_id": "a", "timestamp": entry["timestamp"], "context": {"n": 1}}
    assert [body for _, body in service.requests] == [
        {"status": "completed", "output": {"rows": 3, "duration_ms": 12}, "duration_ms": 12},
        {
            "status": "failed",
            "error_message": "StockError: no stock",
            "output": {"node_executions": [{"node_id": "a"}]},
        },
        {"entries": [line, {"level": "info", "message": "ho"}], "sequence": 4},
    ]


Call = Callable[[AutomationTransport], Awaitable[Any]]
ABOUT_A_TASK: list[Call] = [
    lambda it: it.complete(Lease("t", -1), {}), lambda it: it.fail(Lease("t", -1), Failure("x", "X")),
    lambda it: it.release(Lease("t", -1)), lambda it: it.logs(Lease("t", -1), LogBatch(1, [])),
]  # fmt: skip
ALL: list[Call] = [
    *ABOUT_A_TASK, lambda it: it.register(PROFILE), lambda it: it.heartbeat({}), lambda it: it.claim(1, 20),
    lambda it: it.renew([Lease("t", -1)], 20),
]  # fmt: skip


@pytest.mark.parametrize("status", [200, 404, 409])
async def test_what_something_else_answers_is_never_a_verdict(
    transport: AutomationTransport, service: Service, status: int
) -> None:
    service.refusal = httpx2.Response(status, json={"ok": True})
    for call in ALL:
        with pytest.raises(ApiError) as caught:
            await call(transport)
        assert may_pass(caught.value), caught.value


@pytest.mark.parametrize(
    ("said", "meant"),
    [((404, "JOB_NOT_FOUND"), (409, "LEASE_LOST")), ((422, "INVALID_ARGUMENT"), (400, "INVALID_ARGUMENT"))],
)
async def test_refusals_are_those_of_every_transport(
    transport: AutomationTransport, service: Service, said: tuple[int, str], meant: tuple[int, str]
) -> None:
    service.refusal = httpx2.Response(said[0], json={"detail": "no", "error_code": said[1]})
    for call in ABOUT_A_TASK:
        with pytest.raises(ApiError) as caught:
            await call(transport)
        assert (caught.value.status, caught.value.code) == meant

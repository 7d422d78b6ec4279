"""What is not the service's own answer is never a verdict: each call of a robot, in each transport, through a proxy."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench.storm.edge import Edge, Fault, page
from tests.databases import Database
from tests.factories import Robot
from tests.robot.stack import Stack, TransportName, make_worker, running_stack
from tests.robot.workflows import chain

from casare_cloud.client import Client
from casare_cloud.errors import ApiError
from casare_cloud.http import ForeignAnswer, may_pass
from casare_cloud.robot.direct import DirectTransport
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.spool import Spool
from casare_cloud.robot.transport import ClaimedJob, Failure, LogBatch, RobotProfile, Transport

JSON = "application/json"
FAULTS = {
    "408": Fault(is_passed_on=False, answer=page(408)),
    "429 without a word of ours": Fault(is_passed_on=False, answer=page(429, Retry_After="0")),
    "520": Fault(is_passed_on=False, answer=page(520)),
    "504 of a request that was served": Fault(is_passed_on=True, answer=page(504)),
    "401 page": Fault(is_passed_on=False, answer=page(401)),
    "403 page": Fault(is_passed_on=False, answer=page(403)),
    "404 page": Fault(is_passed_on=False, answer=page(404)),
    "404 of another service": Fault(is_passed_on=False, answer=page(404, '{"detail": "Not Found"}', JSON)),
    "409 of another service": Fault(is_passed_on=False, answer=page(409, '{"error": "Conflict"}', JSON)),
    "redirect to a sign-in page": Fault(is_passed_on=False, answer=page(302, Location="https://portal.invalid/login")),
    "200 page": Fault(is_passed_on=False, answer=page(200)),
    "200 of another service": Fault(is_passed_on=False, answer=page(200, '{"ok": true}', JSON)),
    "200 without a body": Fault(is_passed_on=False, answer=page(200, "")),
    "no answer": Fault(is_passed_on=True, answer=None),
}
HELLO = chain(("l", "LogNode", {"message": "hello"}))

both = pytest.mark.parametrize("transport", ["rest", "direct"])


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with Edge(lambda method, path: None) as running:
        yield running


@pytest.fixture(scope="module")
def stack(shared_database: Database, edge: Edge) -> Iterator[Stack]:
    """The cloud as robots behind the proxy see it."""
    with running_stack(shared_database, seen_at=edge) as running:
        yield running


@pytest.fixture(autouse=True)
def calm(edge: Edge) -> Iterator[None]:
    """No fault outlives its test."""
    yield
    edge.choose = lambda method, path: None


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses before another try take next to no time."""
    for module in ("http", "robot.agent_life", "robot.delivery", "robot.rest"):
        monkeypatch.setattr(f"casare_cloud.{module}.backoff_delays", lambda *_: itertools.repeat(0.005))


def profile_of(robot: Robot) -> RobotProfile:
    return RobotProfile(robot.external_id, robot.external_id, "host", max_concurrent_jobs=20)


def make_transport(stack: Stack, robot: Robot, name: TransportName) -> RestTransport | DirectTransport:
    kind = RestTransport if name == "rest" else DirectTransport
    made = kind(stack.orchestrator_url, robot.key.text, robot.external_id)
    if isinstance(made, RestTransport):
        made._claim_wait_seconds = 0
    return made


def calls_of(transport: Transport, robot: Robot, jobs: list[ClaimedJob]) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Every call of a robot by its name; those that end a lease end one each."""
    leases = [job.lease for job in jobs]
    return {
        "register": lambda: transport.register(profile_of(robot)),
        "heartbeat": lambda: transport.heartbeat({}),
        "claim": lambda: transport.claim(1, 60),
        "start": lambda: transport.start(leases[0]),
        "renew one": lambda: transport.renew(leases[:1], 60),
        "renew": lambda: transport.renew(leases[:2], 60),
        "progress": lambda: transport.progress(leases[0], 50, None, None),
        "logs": lambda: transport.logs(leases[0], LogBatch(1, [{"level": "info", "message": "m"}])),
        "complete": lambda: transport.complete(leases[0], {"x": 1}),
        "fail": lambda: transport.fail(leases[1], Failure("no", "Error", is_retryable=False)),
        "release": lambda: transport.release(leases[2]),
        "goodbye": transport.say_goodbye,
    }


@both
@pytest.mark.parametrize("kind", FAULTS)
async def test_no_call_takes_another_s_answer_for_the_service_s(
    stack: Stack, edge: Edge, transport: TransportName, kind: str, impatient: None
) -> None:
    """And the service's own answer is known as such: each call is made again without the fault, and succeeds."""
    robot = stack.robot(max_concurrent_jobs=20)
    for _ in range(3):
        stack.submit(HELLO, robot)
    made = make_transport(stack, robot, transport)
    await made.register(profile_of(robot))
    jobs = list(await made.claim(3, 60))
    assert len(jobs) == 3
    fault = FAULTS[kind]
    for name, call in calls_of(made, robot, jobs).items():
        edge.choose = lambda method, path: fault
        with pytest.raises(ApiError) as caught:
            await call()
        assert may_pass(caught.value), f"{name}: {caught.value.status} {caught.value.code} {caught.value.message}"
        edge.choose = lambda method, path: None
        if name == "release" and fault.is_passed_on:
            continue  # it was released: there is nothing to release
        await call()
    await made.close()


async def test_an_exchange_of_the_key_takes_only_the_service_s_answer(
    stack: Stack, edge: Edge, impatient: None
) -> None:
    robot = stack.robot()
    made = make_transport(stack, robot, "direct")
    for kind, fault in FAULTS.items():
        edge.choose = lambda method, path, fault=fault: fault if path.endswith("/token") else None  # type: ignore[misc]
        with pytest.raises(ApiError) as caught:
            await made.heartbeat({})
        assert may_pass(caught.value), kind
    edge.choose = lambda method, path: None
    await made.heartbeat({})
    await made.close()


@both
@pytest.mark.parametrize(
    "kind",
    ["404 page", "504 of a request that was served", "redirect to a sign-in page", "200 page", "200 without a body"],
)
async def test_a_robot_lives_through_answers_that_are_not_the_service_s_and_its_result_is_delivered_after(
    stack: Stack, edge: Edge, tmp_path: Path, transport: TransportName, kind: str, impatient: None
) -> None:
    """Each call fails once, and the end of the job until its result is on disk and waits."""
    robot, fault = stack.robot(), FAULTS[kind]
    job_id = stack.submit(HELLO, robot)
    worker = make_worker(stack, robot, tmp_path, transport, lease_seconds=60)
    seen: set[str] = set()

    def choose(method: str, path: str) -> Fault | None:
        verb = path.rpartition("/")[2]
        if verb.startswith("complete") and "spooled" not in worker.kinds:
            return fault
        if verb in seen:
            return None
        seen.add(verb)
        # A claim that was served and whose answer is lost costs a lease, and that is another test's matter.
        return replace(fault, is_passed_on=False) if verb.startswith("claim") else fault

    edge.choose = choose
    worker.start()
    await stack.until(lambda: "spooled" in worker.kinds, "the result that could not be sent")
    job = await stack.until_status(job_id, "completed")
    await stack.until(lambda: not list(Spool(tmp_path / "spool")), "the delivery")
    await worker.stop()
    assert (job["attempts"], job["error_message"]) == (1, None)
    assert {"registered", "completed"} <= set(worker.kinds)
    assert len(seen) >= 6, seen


async def test_a_person_is_told_what_came_from_where_and_not_that_nothing_was_found(
    stack: Stack, edge: Edge, impatient: None
) -> None:
    edge.choose = lambda method, path: FAULTS["404 page"]
    host = edge.url.removeprefix("http://")
    async with Client(stack.orchestrator_url, api_key="any") as client:
        for call in (client.list_jobs(), client.login("anna", "secret"), client.list_schedules(), client.get_health()):
            with pytest.raises(ForeignAnswer, match=f"^{host} answered 404 with text/html, which is not an answer"):
                await call
        edge.choose = lambda method, path: FAULTS["200 page"]
        for call in (client.get_job("x"), client.login("anna", "secret"), client.get_prometheus_metrics()):
            with pytest.raises(ForeignAnswer, match=f"^{host} answered 200 with text/html"):
                await call
        assert await client.is_ready() is False

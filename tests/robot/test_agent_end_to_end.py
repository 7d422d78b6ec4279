"""Robots against the real queue, through the real orchestrator or the Data API and Realtime."""

import asyncio
import json
import signal
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import make_tenant
from tests.robot.local_page import LocalPage
from tests.robot.stack import PATIENCE_SECONDS, ROOT, Stack, TransportName, make_worker, robot_process, running_stack
from tests.robot.workflows import chain

from casare_cloud.http import HttpClient, an_object
from casare_cloud.realtime import RealtimeClient
from casare_cloud.robot import agent_life, direct
from casare_cloud.robot.agent_core import KeyRefused
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Lease

SIGNED_OFF = "select is_signed_off from public.robot_heartbeats where robot_id = %s"
LISTENING = "select true from private.waiting_robots where robot_id = %s"
LONG = chain(("w", "WaitNode", {"duration": 60}))

both = pytest.mark.parametrize("transport", ["rest", "direct"])


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


class Gate:
    """A page that workflows wait for; each request that came is counted."""

    def __init__(self, page: LocalPage) -> None:
        self.page = page
        self.name = f"/gate/{uuid.uuid4()}"

    @property
    def workflow(self) -> dict[str, Any]:
        request = ("wait", "HTTPRequestNode", {"url": self.page.url + self.name, "timeout": 60})
        definition = chain(("before", "LogNode", {"message": "before"}), request)
        definition["nodes"][-1]["config"] = {"result": "{{wait.response_body}}"}
        return definition

    def visitors(self) -> int:
        return self.page.visitors(self.name)

    def open(self) -> None:
        self.page.open(self.name)


@pytest.fixture
def gate(page: LocalPage) -> Iterator[Gate]:
    made = Gate(page)
    yield made
    made.open()


@both
async def test_a_job_travels_from_the_queue_to_its_result(
    stack: Stack, page: LocalPage, tmp_path: Path, transport: TransportName
) -> None:
    robot = stack.robot()
    definition = json.loads((ROOT / "examples" / "orders.json").read_text(encoding="utf-8"))
    url = f"{page.url}/example-orders.json"
    job_id = stack.submit(definition, robot, input={"orders_url": url})
    worker = make_worker(stack, robot, tmp_path, transport).start()
    job = await stack.until_status(job_id, "completed", "failed")
    await worker.stop()
    assert job["status"] == "completed", job["error_message"]
    assert job["result"]["files"]
    assert job["started_at"] is not None
    assert job["first_progress_at"] is not None
    assert job["robot_id"] == robot.robot_id
    assert [t["status"] for t in job["result"]["node_executions"]][-1] == "completed"
    [folder] = (tmp_path / "jobs").glob(f"{job_id}-*")
    assert (folder / job["result"]["files"][0]).is_file()


@both
async def test_logs_and_a_failure_reach_the_record(stack: Stack, tmp_path: Path, transport: TransportName) -> None:
    robot = stack.robot()
    throw = ("t", "ThrowErrorNode", {"message": "no stock", "error_type": "StockError"})
    job_id = stack.submit(chain(("l", "LogNode", {"message": "hello", "level": "warning"}), throw), robot)
    worker = make_worker(stack, robot, tmp_path, transport).start()
    job = await stack.until_status(job_id, "failed")
    await worker.stop()
    assert (job["error_message"], job["error_type"], job["attempts"]) == ("no stock", "StockError", 1)
    logs = stack.rows(
        "select level, message, node_id from public.job_logs where job_id = %s order by job_log_id", job_id
    )
    assert logs[0] == {"level": "warning", "message": "hello", "node_id": "l"}
    assert logs[1]["level"] == "error"
    [kept] = stack.rows("select attempt, node_executions from public.job_node_executions where job_id = %s", job_id)
    nodes = [(node["node_id"], node["status"]) for node in kept["node_executions"]]
    assert (kept["attempt"], nodes[-2:]) == (1, [("l", "completed"), ("t", "failed")])


@both
async def test_a_service_that_is_busy_says_when_the_job_is_tried_again(
    stack: Stack, page: LocalPage, tmp_path: Path, transport: TransportName
) -> None:
    robot = stack.robot()
    ask = ("ask", "HTTPRequestNode", {"url": f"{page.url}/busy", "fail_on_error": True})
    job_id = stack.submit(chain(ask), robot)
    worker = make_worker(stack, robot, tmp_path, transport).start()
    waits = "select run_at - now() between '9 minutes' and '10 minutes' as ok from private.scheduled where job_id = %s"
    [row] = await stack.until(lambda: stack.rows(waits, job_id), "a second attempt that waits")
    await worker.stop()
    assert row == {"ok": True}


@both
async def test_several_jobs_run_at_the_same_time(
    stack: Stack, gate: Gate, tmp_path: Path, transport: TransportName
) -> None:
    robot = stack.robot(max_concurrent_jobs=3)
    jobs = [stack.submit(gate.workflow, robot) for _ in range(4)]
    worker = make_worker(stack, robot, tmp_path, transport, slots=3).start()
    await stack.until(lambda: gate.visitors() == 3)
    assert sorted(stack.job(job_id)["status"] for job_id in jobs) == ["queued", "running", "running", "running"]
    gate.open()
    for job_id in jobs:
        await stack.until_status(job_id, "completed")
    await worker.stop()


@both
async def test_a_new_job_is_taken_while_the_robot_waits(stack: Stack, tmp_path: Path, transport: TransportName) -> None:
    robot = stack.robot()
    worker = make_worker(stack, robot, tmp_path, transport)
    if isinstance(worker.agent._transport, direct.DirectTransport):
        worker.agent._transport._poll_seconds = (1000,)
    worker.start()
    await stack.until(lambda: stack.rows(LISTENING, robot.robot_id), "listening")
    job_id = stack.submit(chain(), robot)
    await stack.until_status(job_id, "completed")
    await worker.stop()


async def test_a_long_poll_waits_for_the_bell_of_its_robot_and_looks_for_nothing_meanwhile(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.domain.jobs.leases._LOOK_SECONDS", (1000.0,))
    robot = stack.robot()
    async with HttpClient(f"{stack.orchestrator_url}/api/v1", headers={"X-Api-Key": robot.key.text}) as http:
        asked = monotonic()
        body = {"wait_seconds": 25}
        answer = asyncio.create_task(http.call("POST", "/jobs/claim", json=body, timeout=40, expects=an_object("jobs")))
        await stack.until(lambda: stack.rows(LISTENING, robot.robot_id), "listening")
        job_id = stack.submit(chain(), robot)
        [job] = (await answer)["jobs"]
    assert job["job_id"] == str(job_id)
    assert monotonic() - asked < 20


@both
async def test_a_running_job_is_cancelled(stack: Stack, tmp_path: Path, transport: TransportName) -> None:
    stack = replace(stack, tenant=make_tenant(stack.database))
    often = "update public.tenants set robot_offline_after_seconds = 5 where tenant_id = %s returning 1"
    stack.rows(often, stack.tenant.tenant_id)  # a heartbeat each second
    robot = stack.robot()
    job_id = stack.submit(LONG, robot)
    worker = make_worker(stack, robot, tmp_path, transport).start()
    await stack.until_status(job_id, "running")
    stack.cancel(job_id)
    await stack.until_status(job_id, "cancelled")
    await worker.stop()
    assert "cancelled" in worker.kinds


async def test_a_push_cancels_before_anything_is_asked(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_life, "LEAST_HEARTBEAT_SECONDS", 3600.0)
    robot = stack.robot()
    job_id = stack.submit(LONG, robot)
    worker = make_worker(stack, robot, tmp_path, "direct", lease_seconds=3600).start()
    await stack.until_status(job_id, "running")
    transport = worker.agent._transport
    assert isinstance(transport, direct.DirectTransport)
    await stack.until(lambda: transport._realtime is not None and transport._realtime.is_joined)
    stack.cancel(job_id)
    await stack.until(lambda: "cancelled" in worker.kinds)
    await stack.until_status(job_id, "cancelled")
    await worker.stop()


async def test_those_who_watch_a_job_see_its_nodes_and_progress(stack: Stack, gate: Gate, tmp_path: Path) -> None:
    robot = stack.robot()
    job_id = stack.submit(gate.workflow, robot)
    heard: list[tuple[str, str | None]] = []

    async def token() -> tuple[str, float]:
        return stack.admin_token(), 500

    watcher = RealtimeClient(stack.settings.supabase_url, stack.settings.supabase_publishable_key, token)
    watcher.subscribe(f"job:{job_id}", lambda event, payload: heard.append((event, payload.get("current_node"))))
    watching = asyncio.create_task(watcher.run())
    await stack.until(lambda: watcher.is_joined)
    stack.watch(job_id)
    worker = make_worker(stack, robot, tmp_path, "direct").start()
    await stack.until(lambda: gate.visitors() == 1)
    gate.open()
    await stack.until(lambda: any(event == "job.completed" for event, _ in heard))
    await worker.stop()
    watching.cancel()
    assert {"job.claimed", "job.started", "job.progress", "job.completed"} <= {event for event, _ in heard}
    assert ("node.started", "wait") in heard
    assert ("node.completed", "wait") in heard


async def test_with_realtime_down_jobs_still_run(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as refuses:
        refuses.bind(("127.0.0.1", 0))  # and nobody listens
        port = refuses.getsockname()[1]

        class Deaf(RealtimeClient):
            def __init__(self, supabase_url: str, *arguments: Any, **options: Any) -> None:
                super().__init__(f"http://127.0.0.1:{port}", *arguments, **options)

        monkeypatch.setattr(direct, "RealtimeClient", Deaf)
        robot = stack.robot()
        worker = make_worker(stack, robot, tmp_path, "direct").start()
        await stack.until(lambda: "registered" in worker.kinds)
        job_id = stack.submit(chain(), robot)
        await stack.until_status(job_id, "completed")
        await worker.stop()


@both
async def test_a_result_waits_for_the_connection(
    stack: Stack, gate: Gate, tmp_path: Path, transport: TransportName
) -> None:
    robot = stack.robot()
    job_id = stack.submit(gate.workflow, robot)
    worker = make_worker(stack, robot, tmp_path, transport).start()
    await stack.until(lambda: gate.visitors() == 1)
    worker.wire.is_cut = True
    gate.open()
    await stack.until(lambda: "spooled" in worker.kinds)
    assert stack.job(job_id)["status"] == "running"
    worker.wire.is_cut = False
    await stack.until_status(job_id, "completed")
    await worker.stop()
    assert "delivered" in worker.kinds


@both
async def test_a_renewal_that_is_swallowed_does_not_cost_the_lease(
    stack: Stack, gate: Gate, tmp_path: Path, transport: TransportName
) -> None:
    robot = stack.robot()
    job_id = stack.submit(gate.workflow, robot)
    worker = make_worker(stack, robot, tmp_path, transport, lease_seconds=9).start()
    await stack.until(lambda: gate.visitors() == 1)
    worker.wire.swallow = "extend-lease" if transport == "rest" else "renew_leases"
    await stack.until(lambda: worker.wire.swallowed)
    # What is left of the lease is a busy machine's; the renewal after the swallowed one comes before a third of it.
    longer = "update private.leases set lease_expires_at = private.clock() + interval '{} seconds' where job_id = %s"
    [before] = stack.rows(f"{longer.format(20)} returning lease_expires_at", job_id)
    lease = "select lease_expires_at from private.leases where job_id = %s"
    [after] = await stack.until(
        lambda: found if (found := stack.rows(lease, job_id)) != [before] else None, "the renewal"
    )
    stack.rows(f"{longer.format(600)} returning 1", job_id)
    assert after["lease_expires_at"] - timedelta(seconds=9) < before["lease_expires_at"]
    gate.open()
    job = await stack.until_status(job_id, "completed")
    await worker.stop()
    assert (job["attempts"], "lease_lost" in worker.kinds) == (1, False)


@both
async def test_a_revoked_key_stops_the_robot(stack: Stack, tmp_path: Path, transport: TransportName) -> None:
    robot = stack.robot()
    worker = make_worker(stack, robot, tmp_path, transport).start()
    await stack.until(lambda: "registered" in worker.kinds)
    stack.revoke_key(robot)
    stack.submit(chain(), robot)
    assert worker.task is not None
    with pytest.raises(KeyRefused):
        await asyncio.wait_for(worker.task, PATIENCE_SECONDS)


async def test_a_job_that_takes_too_long_is_a_timeout(stack: Stack, tmp_path: Path) -> None:
    robot = stack.robot()
    job_id = stack.submit(LONG, robot, timeout_seconds=1, max_attempts=1)
    worker = make_worker(stack, robot, tmp_path, "rest").start()
    await stack.until_status(job_id, "timeout")
    await worker.stop()


# Processes


@pytest.mark.parametrize(("word", "transport"), [("SIGTERM", "direct"), ("SIGHUP", "rest")])
async def test_a_signal_to_end_lets_the_running_job_finish(
    stack: Stack, gate: Gate, tmp_path: Path, word: str, transport: TransportName, request: pytest.FixtureRequest
) -> None:
    number = getattr(signal, word)
    was = signal.signal(number, signal.SIG_DFL)  # a child inherits what is ignored, as under nohup
    request.addfinalizer(lambda: signal.signal(number, was))
    robot = stack.robot()
    job_id = stack.submit(gate.workflow, robot)
    with robot_process(stack, robot, tmp_path, transport) as process:
        await stack.until(lambda: gate.visitors() == 1)
        waiting = stack.submit(chain(), robot)
        process.send(number)
        await stack.until(lambda: stack.rows(SIGNED_OFF, robot.robot_id)[0]["is_signed_off"])
        gate.open()
        assert await process.exit_code() == 0
    assert stack.job(job_id)["status"] == "completed"
    assert stack.job(waiting)["status"] == "queued"
    assert process.lines[-1].endswith("goodbye")


async def test_a_second_signal_ends_the_robot_at_once(stack: Stack, gate: Gate, tmp_path: Path) -> None:
    robot = stack.robot()
    job_id = stack.submit(gate.workflow, robot)
    with robot_process(stack, robot, tmp_path, "rest") as process:
        await stack.until(lambda: gate.visitors() == 1)
        process.send(signal.SIGINT)
        await stack.until(lambda: stack.rows(SIGNED_OFF, robot.robot_id)[0]["is_signed_off"])  # it has heard the first
        process.send(signal.SIGINT)
        assert await process.exit_code() == 130
    assert stack.job(job_id)["status"] == "running"


@both
async def test_a_killed_robot_s_job_is_finished_by_another_and_its_late_result_is_refused_and_kept(
    stack: Stack, gate: Gate, tmp_path: Path, transport: TransportName
) -> None:
    first, second = stack.robot(), stack.robot()
    job_id = stack.submit(gate.workflow, required_capabilities=["x"])
    with robot_process(stack, first, tmp_path / "first", transport, ["x"]) as process:
        await stack.until(lambda: gate.visitors() == 1, "the first robot's request")
        process.kill()
    token = stack.rows("select lease_token from private.leases where job_id = %s", job_id)[0]["lease_token"]
    stack.end_lease(job_id)
    worker = make_worker(stack, second, tmp_path / "second", transport, capabilities=["x"]).start()
    await stack.until(lambda: gate.visitors() == 2, "the second robot's request")
    gate.open()
    job = await stack.until_status(job_id, "completed")
    await worker.stop()
    assert (job["robot_id"], job["attempts"]) == (second.robot_id, 2)

    # As if the first had finished the job just before it was killed.
    late = Outcome(Lease(str(job_id), token), "completed", result={"from": "the dead"})
    Spool(tmp_path / "first" / "spool").put(late)
    reborn = make_worker(stack, first, tmp_path / "first", transport).start()
    await stack.until(lambda: "refused" in reborn.kinds, "the refusal")
    await reborn.stop()
    assert stack.job(job_id)["result"] == job["result"]
    kept = stack.rows("select robot_id, payload from public.late_results where job_id = %s", job_id)
    assert kept == [{"robot_id": first.robot_id, "payload": {"result": {"from": "the dead"}}}]

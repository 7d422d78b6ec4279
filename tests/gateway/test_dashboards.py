"""Each dashboard socket in its published spelling: all documented keys, and what they say."""

import json
import uuid
from datetime import datetime
from typing import Any

import httpx2
import pytest
from tests.factories import Robot, make_robot
from tests.gateway.gate import Gate

OVERVIEW = "select private.push_overviews()"
HEARTBEAT = {"cpu_percent": 45.2, "memory_mb": 1024.5, "memory_percent": 12.5}


def robot_of(gate: Gate) -> Robot:
    robot = make_robot(gate.database, gate.tenant)
    gate.run("select public.record_heartbeat(%s, %s::jsonb)", robot.external_id, json.dumps(HEARTBEAT), by=robot.claims)
    return robot


def claim(gate: Gate, robot: Robot) -> dict[str, Any]:
    return gate.run("select job_id, lease_token from public.claim_jobs()", by=robot.claims)


def complete(gate: Gate, robot: Robot, job: dict[str, Any]) -> None:
    gate.run("select public.complete_job(%s, %s, '{}')", job["job_id"], job["lease_token"], by=robot.claims)


def is_time(text: str) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


@pytest.mark.parametrize("path", ["/ws/live-jobs", "/api/v1/ws/live-jobs"])
async def test_live_jobs_tells_each_state_of_a_job(gate: Gate, path: str) -> None:
    robot, workflow = robot_of(gate), gate.workflow()
    async with gate.open(path) as client:
        assert await ping(client) == "pong"
        job_id = str(gate.job(workflow))
        complete(gate, robot, claim(gate, robot))
        told = [await client.next() for _ in range(3)]
    assert [set(message) for message in told] == [{"job_id", "status", "timestamp"}] * 3
    assert [message["job_id"] for message in told] == [job_id] * 3
    assert [message["status"] for message in told] == ["pending", "claimed", "completed"]
    assert all(is_time(message["timestamp"]) for message in told)


async def ping(client: Any) -> str:
    await client.socket.send("ping")
    return str(await client.text())


async def test_robot_status_tells_all_robots_at_once_and_then_heartbeats(gate: Gate) -> None:
    robot = robot_of(gate)
    async with gate.open("/ws/robot-status") as client:
        first = await client.next()
        await ready(gate, client)
        gate.run(
            "select public.record_heartbeat(%s, %s::jsonb)",
            robot.external_id,
            json.dumps(HEARTBEAT | {"cpu_percent": 99.5}),
            by=robot.claims,
        )
        gate.owner(OVERVIEW)
        second = await client.next(cpu_percent=99.5)
    assert set(first) == set(second) == {"robot_id", "status", "cpu_percent", "memory_mb", "timestamp"}
    assert first == {**second, "cpu_percent": 45.2, "timestamp": first["timestamp"]}
    assert (second["robot_id"], second["status"], second["memory_mb"]) == (robot.external_id, "idle", 1024.5)
    assert is_time(second["timestamp"])


async def ready(gate: Gate, client: Any) -> None:
    """Returns when the socket is followed and the topics are joined: what is pushed after that is told."""
    await ping(client)
    await gate.heard()


async def test_queue_metrics_tells_the_depth_at_once_and_again(gate: Gate) -> None:
    gate.job()
    async with gate.open("/ws/queue-metrics") as client:
        first = await client.next()
        gate.job()
        second = await client.next(depth=2)
    assert set(first) == set(second) == {"depth", "timestamp"}
    assert first["depth"] == 1
    assert is_time(first["timestamp"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [("live-jobs", "job_update"), ("robot-status", "robot_heartbeat"), ("queue-metrics", "queue_metrics")],
)
async def test_monitoring_sockets_are_the_same_with_a_type(gate: Gate, path: str, kind: str) -> None:
    robot_of(gate)
    async with gate.open(f"/ws/monitoring/{path}") as client, gate.open(f"/ws/{path}") as other:
        if path == "live-jobs":
            await ping(client), await ping(other)
            gate.job()
        typed, plain = await client.next(), await other.next()
    assert typed.pop("type") == kind
    assert set(typed) == set(plain)


async def test_a_page_of_jobs_gets_jobs_that_it_does_not_know_whole(gate: Gate) -> None:
    robot, workflow = robot_of(gate), gate.workflow()
    async with gate.open("/api/v1/ws/jobs") as client:
        await ping(client)
        job_id = str(gate.job(workflow))
        queued = await client.next(type="job_status")
        job = claim(gate, robot)
        gate.run(
            "select public.report_progress(%s, 40, 'fetch', null, %s, null)", job["job_id"], job["lease_token"],
            by=robot.claims,
        )  # fmt: skip
        while (running := await client.next(type="job_status"))["data"]["progress"] != 40:
            pass
    assert set(queued) == {"type", "ts", "tenant_id", "workspace_id", "data"}
    assert (queued["tenant_id"], queued["workspace_id"]) == (str(gate.tenant.tenant_id), None)
    assert is_time(queued["ts"])
    assert set(queued["data"]) == {
        "job_id", "status", "progress", "current_node", "robot_id", "workflow_id", "created_at",
    }  # fmt: skip
    assert (queued["data"]["job_id"], queued["data"]["status"]) == (job_id, "pending")
    assert queued["data"]["workflow_id"] == str(workflow.workflow_id)
    assert is_time(queued["data"]["created_at"])
    assert (running["data"]["current_node"], running["data"]["robot_id"]) == ("fetch", robot.external_id)


async def test_a_page_of_robots_gets_states_and_heartbeats(gate: Gate) -> None:
    robot = robot_of(gate)
    async with gate.open("/api/v1/ws/robots") as client:
        first = await client.next()
        gate.run("select public.set_robot_status(%s, 'offline')", robot.external_id, by=robot.claims)
        gone = await client.next(type="robot_status")
    assert set(first) == {"type", "ts", "tenant_id", "workspace_id", "data"}
    assert first["type"] == "robot_status"
    assert first["data"] == {"robot_id": robot.external_id, "status": "idle", "metrics": HEARTBEAT}
    assert (gone["data"]["robot_id"], gone["data"]["status"]) == (robot.external_id, "offline")


async def test_a_page_of_the_queue_gets_it_by_environment(gate: Gate) -> None:
    workflow = gate.workflow()
    gate.run("select public.enqueue_job(%s, p_environment => 'production')", str(workflow.workflow_id))
    async with gate.open("/api/v1/ws/queue-depth") as client:
        message = await client.next()
    assert set(message) == {"type", "ts", "data"}
    assert message["type"] == "queue_depth"
    assert message["data"] == {"pending": 1, "running": 0, "by_environment": {"production": 1}}


async def test_a_job_s_socket_tells_it_from_its_beginning_with_progress_and_log(gate: Gate) -> None:
    robot = robot_of(gate)
    job_id = gate.job()
    async with gate.open(f"/ws/jobs/{job_id}") as client:
        assert (await client.next())["type"] == "job.queued"
        await ready(gate, client)
        gate.job()  # another one is not its business
        job = claim(gate, robot)
        gate.run("select public.start_job(%s, %s)", job["job_id"], job["lease_token"], by=robot.claims)
        gate.run(
            "select public.report_progress(%s, 40, 'fetch', null, %s, null)", job["job_id"], job["lease_token"],
            by=robot.claims,
        )  # fmt: skip
        log(gate, robot, job, "Fetched.")
        complete(gate, robot, job)
        told = []
        while not told or not {"job.completed", "job.progress", "job.log"} <= {message["type"] for message in told}:
            told.append(await client.next())
    by_type = {message["type"]: message for message in told}
    assert all({"type", "job_id", "timestamp"} <= set(message) for message in told)
    assert {message["job_id"] for message in told} == {str(job_id)}
    assert [each for each in by_type if each not in ("job.progress", "job.log")] == [
        "job.claimed", "job.started", "node.started", "job.completed",
    ]  # fmt: skip
    assert by_type["job.progress"]["current_node"] == "fetch"
    assert by_type["job.log"]["lines"][0]["message"] == "Fetched."


def log(gate: Gate, robot: Robot, job: dict[str, Any], message: str, level: str = "info") -> None:
    lines = json.dumps([{"level": level, "message": message, "node_id": "fetch"}])
    gate.run(
        "select public.append_job_logs(%s, %s, %s::jsonb)", job["job_id"], job["lease_token"], lines, by=robot.claims
    )


async def test_a_job_that_has_ended_is_told_to_who_comes_late(gate: Gate) -> None:
    robot = robot_of(gate)
    job_id = gate.job()
    complete(gate, robot, claim(gate, robot))
    async with gate.open(f"/api/v1/ws/jobs/{job_id}") as client:
        told = [(await client.next())["type"] for _ in range(3)]
    assert told == ["job.queued", "job.claimed", "job.completed"]


async def test_nodes_of_a_robot_that_reports_them_at_the_end_are_told(gate: Gate) -> None:
    """A robot over REST says where it is, and in the end what each node took."""
    robot = robot_of(gate)
    job_id = gate.job()
    nodes = [{"node_id": "fetch", "node_type": "HttpNode", "status": "completed", "duration_ms": 12}]
    async with gate.open(f"/ws/jobs/{job_id}") as client:
        await client.next(type="job.queued")
        await ready(gate, client)
        job = claim(gate, robot)
        gate.run(
            "select public.report_progress(%s, 40, 'fetch', null, %s, %s::jsonb)", job["job_id"], job["lease_token"],
            json.dumps(nodes), by=robot.claims,
        )  # fmt: skip
        started = await client.next(type="node.started")
        complete(gate, robot, job)
        completed = await client.next(type="node.completed")
        assert (await client.next())["type"] == "job.completed"
    async with gate.open(f"/ws/jobs/{job_id}") as late:
        assert await late.next(type="node.completed") == completed
    assert {"type", "job_id", "timestamp", "node_id"} <= set(started)
    assert (started["node_id"], started["job_id"]) == ("fetch", str(job_id))
    assert completed.pop("timestamp")
    assert completed == {
        "type": "node.completed", "job_id": str(job_id), "node_id": "fetch", "node_type": "HttpNode",
        "node_status": "completed", "execution_time_ms": 12,
    }  # fmt: skip


async def test_automation_hears_executions_their_logs_and_triggers(gate: Gate) -> None:
    robot, workflow = robot_of(gate), gate.workflow()
    trigger = gate.run(
        "select trigger_id from public.create_trigger(%s, 'Button', 'manual', '{}')", workflow.workflow_id
    )["trigger_id"]
    async with gate.open("/ws") as client:
        await client.socket.send('{"type": "ping"}')
        assert await client.next() == {"type": "pong"}
        gate.run("select public.fire_trigger(%s, '{}')", trigger)
        fired = await client.next(type="trigger.fired")
        job = claim(gate, robot)
        changed = await client.next(type="execution.status_changed", status="running")
        log(gate, robot, job, "Fetched.", "warning")
        line = await client.next(type="execution.log")
    job_id = str(job["job_id"])
    ids = {"execution_id": job_id, "workflow_id": str(workflow.workflow_id)}
    assert fired == {"type": "trigger.fired", "trigger_id": str(trigger), **ids}
    assert changed == {"type": "execution.status_changed", "status": "running", **ids}
    assert set(line) == {"type", "execution_id", "level", "message", "timestamp"}
    assert (line["execution_id"], line["level"], line["message"]) == (job_id, "WARNING", "Fetched.")


async def test_automation_is_notified_of_what_its_list_has(gate: Gate) -> None:
    workflow = gate.workflow()
    async with gate.open("/ws") as client:
        await ping(client)
        job_id = gate.job(workflow)
        gate.run("select public.cancel_job(%s)", job_id)
        told = await client.next(type="notification")
    [listed] = [gate.run("select * from public.list_notifications()")]
    assert told.pop("timestamp")
    assert told.pop("metadata") == listed["data"]
    assert told == {
        "type": "notification", "id": str(listed["seq"]), "title": "Execution cancelled",
        "message": f"{listed['data']['workflow_name']}: Cancelled.", "severity": "warning", "priority": "normal",
        "resource_type": "execution", "resource_id": str(job_id),
    }  # fmt: skip


async def test_an_administrator_s_socket_begins_with_how_things_are(gate: Gate) -> None:
    robot = robot_of(gate)
    gate.job()
    async with gate.open("/ws/admin") as client:
        first = await client.next()
        job = claim(gate, robot)
        gate.run("select public.release_job(%s, %s)", job["job_id"], job["lease_token"], by=robot.claims)
        requeued = await client.next(type="job_requeued")
        gate.run("select public.set_robot_status(%s, 'offline')", robot.external_id, by=robot.claims)
        gone = await client.next(type="robot_disconnected")
        gate.run("select public.record_heartbeat(%s, '{}')", robot.external_id, by=robot.claims)
        come = await client.next(type="robot_connected")
        complete(gate, robot, claim(gate, robot))
        ended = await client.next(type="job_completed")
    assert set(first) == {"type", "robots", "pending_jobs", "timestamp"}
    assert (first["type"], first["pending_jobs"]) == ("initial_state", 1)
    assert [set(each) for each in first["robots"]] == [{"robot_id", "robot_name", "status", "capabilities"}]
    assert set(requeued) == {"type", "job_id", "rejected_by", "reason", "timestamp"}
    assert set(gone) == {"type", "robot_id", "orphaned_jobs", "timestamp"}
    assert set(come) == {"type", "robot_id", "robot_name", "capabilities", "tenant_id", "timestamp"}
    assert set(ended) == {"type", "job_id", "robot_id", "success", "timestamp"}
    assert (come["robot_id"], ended["success"]) == (robot.external_id, True)


@pytest.mark.parametrize("of_one", [False, True])
async def test_logs_are_told_from_a_level_on_and_of_one_robot_or_all(gate: Gate, of_one: bool) -> None:
    robot, other = robot_of(gate), robot_of(gate)
    path = f"/ws/logs/{robot.external_id}" if of_one else "/ws/logs"
    async with gate.open(f"{path}?min_level=WARN&tenant_id={gate.tenant.tenant_id}") as client:
        await ping(client)
        for who in (other, robot):
            gate.job()
            job = claim(gate, who)
            log(gate, who, job, "Too quiet.", "info")
            log(gate, who, job, "Loud.", "error")
        told = [await client.next() for _ in range(1 if of_one else 2)]
    assert [set(line) for line in told] == [
        {"type", "robot_id", "timestamp", "level", "message", "source", "job_id"}
    ] * len(told)
    assert {(line["type"], line["level"], line["message"], line["source"]) for line in told} == {
        ("log_entry", "ERROR", "Loud.", "fetch")
    }
    assert {line["robot_id"] for line in told} == {robot.external_id, *([] if of_one else [other.external_id])}


async def test_what_a_robot_logs_of_itself_is_among_its_logs(gate: Gate) -> None:
    robot = robot_of(gate)
    say = "select public.append_robot_logs(%s::jsonb)"

    def lines(message: str) -> str:
        return json.dumps([{"level": "warning", "message": message, "source": "agent"}])

    gate.run(say, lines("Before."), by=robot.claims)
    async with gate.open(f"/ws/logs/{robot.robot_id}") as client:
        await ready(gate, client)
        gate.run(say, lines("Low disk."), by=robot.claims)
        line = await client.next()
    assert line.pop("timestamp")
    assert line == {
        "type": "log_entry", "robot_id": robot.external_id, "level": "WARNING", "message": "Low disk.",
        "source": "agent", "job_id": None,
    }  # fmt: skip


METRICS = {
    "robots": {"total", "active", "idle", "busy", "offline"},
    "jobs": {"pending", "running", "completed_today", "failed_today"},
    "queue": {"depth", "avg_wait_time_ms"},
    "system": {"uptime_seconds", "version"},
}


@pytest.mark.parametrize("path", ["/ws/metrics/stream", "/api/v1/metrics/stream"])
async def test_the_fleet_is_told_every_second_over_a_socket(gate: Gate, path: str) -> None:
    robot_of(gate)
    async with gate.open(f"{path}?interval=1&environment=production") as client:
        first, _ = await client.next(), await client.next()
    assert set(first) == {"type", "timestamp", "data"}
    assert all(keys <= set(first["data"][name]) for name, keys in METRICS.items())
    assert (first["type"], first["data"]["robots"]["idle"], first["data"]["environment"]) == (
        "metrics",
        1,
        "production",
    )


@pytest.mark.parametrize("path", ["/metrics/stream", "/api/v1/metrics/stream"])
async def test_the_fleet_is_told_as_server_sent_events(gate: Gate, path: str) -> None:
    url = gate.url.replace("ws://", "http://")
    headers = {"Authorization": f"Bearer {gate.token(gate.tenant.admin)}"}
    async with (
        httpx2.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{url}{path}?interval=1", headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        told = [await anext(lines) for _ in range(3)]
    assert answer.headers["content-type"] == "text/event-stream"
    assert told[1] == ""
    for line in (told[0], told[2]):
        message = json.loads(line.removeprefix("data: "))
        assert all(keys <= set(message["data"][name]) for name, keys in METRICS.items())


async def test_a_service_key_may_watch_and_bells_reach_it(gate: Gate) -> None:
    key = gate.service_key("events.read", "jobs.read")
    async with gate.open("/ws/live-jobs", key) as client:
        await ping(client)
        job_id = str(gate.job())
        assert (await client.next())["job_id"] == job_id


async def test_equal_sockets_hear_the_same_and_nothing_of_other_tenants(gate: Gate, elsewhere: Gate) -> None:
    async with (
        gate.open("/ws/live-jobs") as first,
        gate.open("/ws/live-jobs", gate.token(gate.member("viewer"))) as second,
        elsewhere.open("/ws/live-jobs") as foreign,
    ):
        for client in (first, second, foreign):
            await ping(client)
        theirs = str(elsewhere.job())
        ours = [str(gate.job()) for _ in range(3)]
        for client in (first, second):
            assert [(await client.next())["job_id"] for _ in ours] == ours
        assert (await foreign.next())["job_id"] == theirs
        await foreign.socket.send("ping")
        assert await foreign.text() == "pong", "nothing else was told"
    assert uuid.UUID(theirs)

"""The metrics endpoints: what they count, both spellings of what they say, and what they refuse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.fleets import call

NODES = [
    {"node_id": "start", "node_type": "StartNode", "status": "completed", "duration_ms": 5, "runs": 1},
    {"node_id": "click", "status": "failed", "duration_ms": 80, "healing": {"healed": False, "attempts": 3}},
]


async def complete(stage: Stage, robot: Asker, **body: Any) -> str:
    """The id of a job that the robot has just completed."""
    job = await stage.claimed(robot)
    answer = await robot.post(f"/jobs/{job['job_id']}/complete", {"lease_token": job["lease_token"], **body})
    assert answer.status_code == 200, answer.text
    return str(job["job_id"])


async def fail(stage: Stage, robot: Asker, error_type: str | None, **body: Any) -> str:
    """The id of a job that the robot has just failed for good."""
    job = await stage.claimed(robot)
    failure = {"lease_token": job["lease_token"], "error_message": "It broke.", "retryable": False, **body}
    answer = await robot.post(f"/jobs/{job['job_id']}/fail", {**failure, "error_type": error_type})
    assert answer.status_code == 200, answer.text
    return str(job["job_id"])


async def of(asker: Asker, path: str, **params: Any) -> Any:
    """The answer of a metrics endpoint, which must succeed."""
    answer = await asker.get(f"/metrics{path}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


# -- fleet


async def test_the_fleet_is_counted_by_state_and_active_means_idle_or_busy(stage: Stage) -> None:
    _, robot = stage.robot()
    stage.robot()
    _, away = stage.robot("away")
    _, resting = stage.robot("resting")
    await stage.claimed(robot)
    await away.put("/robots/away/status", {"status": "offline"})
    await resting.put("/robots/resting/status", {"status": "maintenance"})
    await stage.job()
    await stage.job(run_at="2099-01-01T00:00:00Z", priority=1)
    fleet = await of(stage.member("viewer"), "/fleet")
    assert {name: fleet[name] for name in fleet if name.endswith("_robots")} == {
        "total_robots": 4,
        "active_robots": 2,
        "idle_robots": 1,
        "busy_robots": 1,
        "offline_robots": 1,
        "maintenance_robots": 1,
        "error_robots": 0,
    }
    assert (fleet["active_jobs"], fleet["queue_depth"], fleet["scheduled_jobs"]) == (1, 1, 1)
    assert fleet["queue_by_priority"] == {"10": 1}
    old = await of(stage.member("viewer"), "/fleet", schema="1")
    assert (old["active_robots"], old["idle_robots"], old["offline_robots"]) == (1, 1, 2)
    assert old["total_robots"] == old["active_robots"] + old["idle_robots"] + old["offline_robots"]


async def test_a_day_counts_what_ended_in_it_and_not_what_waits(stage: Stage) -> None:
    _, robot = stage.robot()
    await complete(stage, robot)
    await fail(stage, robot, "E")
    await stage.job()
    fleet = await of(stage.admin, "/fleet")
    assert (fleet["total_jobs_today"], fleet["completed_jobs_today"], fleet["failed_jobs_today"]) == (2, 1, 1)


async def test_a_tenant_without_anything_has_zeros(stage: Stage) -> None:
    fleet = await of(stage.admin, "/fleet")
    assert fleet.pop("queue_by_priority") == {}
    assert set(fleet.values()) == {0}
    analytics = await of(stage.admin, "/analytics")
    assert analytics["self_healing_success_rate"] is None, "never invented"
    assert (analytics["error_distribution"], analytics["error_counts"], analytics["slowest_workflows"]) == ({}, [], [])
    assert (analytics["total_jobs"], analytics["success_rate"], analytics["p99_duration_ms"]) == (0, 0, 0)
    assert await of(stage.admin, "/robots") == await of(stage.admin, "/jobs") == []
    assert (await of(stage.admin, "/activity"))["total"] == 0


# -- robots


async def test_robots_are_filtered_by_their_state(stage: Stage) -> None:
    busy, robot = stage.robot()
    idle, _ = stage.robot()
    job = await stage.claimed(robot)
    assert [item["robot_id"] for item in await of(stage.admin, "/robots", status="idle")] == [idle.external_id]
    [item] = await of(stage.admin, "/robots", status="busy")
    assert (item["robot_id"], item["robot_uuid"]) == (busy.external_id, str(busy.robot_id))
    assert item["current_job_id"] == item["current_job"] == job["job_id"]
    assert (item["cpu_percent"], item["memory_mb"]) == (None, None), "it has not said"
    refused(await stage.admin.get("/metrics/robots", status="asleep"), 400, "INVALID_ARGUMENT", "'idle'", "'busy'")


@pytest.mark.parametrize("name", ["external_id", "robot_id"])
async def test_a_robots_day_is_its_own(stage: Stage, name: str) -> None:
    mine, robot = stage.robot()
    _, other = stage.robot()
    await complete(stage, robot)
    await fail(stage, robot, "E")
    await complete(stage, other)
    metrics = await of(stage.admin, f"/robots/{getattr(mine, name)}")
    assert (metrics["jobs_completed_today"], metrics["jobs_failed_today"]) == (1, 1)
    assert metrics["average_job_duration_seconds"] == metrics["avg_job_duration_ms"] / 1000


async def test_a_measurement_that_is_no_number_of_ours_is_null(stage: Stage) -> None:
    robot, _ = stage.robot()
    metrics = {"cpu_percent": 10**400, "memory_mb": "much", "memory_percent": 12.5}
    with stage.database.connect("authenticated", stage.tenant.admin.claims) as member:
        call(member, "record_heartbeat", robot=robot.external_id, metrics=metrics)
    [shown] = await of(stage.admin, "/robots")
    assert [shown[name] for name in metrics] == [None, None, 12.5]


async def test_a_node_that_ran_for_ever_is_shown(stage: Stage) -> None:
    _, robot = stage.robot()
    job_id = await complete(stage, robot, result={"node_executions": [{"node_id": "n", "duration_ms": 10**400}]})
    assert (await of(stage.admin, f"/jobs/{job_id}"))["node_executions"][0]["duration_ms"] == 2**31 - 1


async def test_an_unknown_and_a_foreign_robot_are_both_not_found(stage: Stage, elsewhere: Stage) -> None:
    foreign, _ = elsewhere.robot()
    refused(await stage.admin.get(f"/metrics/robots/{foreign.external_id}"), 404, "ROBOT_NOT_FOUND")
    refused(await stage.admin.get(f"/metrics/robots/{UNKNOWN_ID}"), 404, "ROBOT_NOT_FOUND")
    refused(await stage.admin.get("/metrics/robots/no%20name"), 400, "INVALID_ARGUMENT", "robot_id")


# -- jobs


async def test_job_history_is_a_bare_list_newest_first_and_filtered(stage: Stage) -> None:
    who, robot = stage.robot()
    done = await complete(stage, robot)
    failed = await fail(stage, robot, "E")
    waiting = await stage.job()

    async def ids(**params: Any) -> list[str]:
        return [job["job_id"] for job in await of(stage.admin, "/jobs", **params)]

    assert await ids() == [waiting, failed, done]
    assert await ids(limit=1) == [waiting]
    assert await ids(status="pending") == [waiting]
    assert await ids(status="failed") == [failed]
    assert await ids(status="completed", robot_id=who.external_id) == [done]
    [job] = await of(stage.admin, "/jobs", status="failed")
    assert await ids(workflow_id=job["workflow_id"]) == [failed]
    assert await ids(robot_id="nobody") == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 501}, {"workflow_id": "x"}, {"robot_id": "a b"}])
async def test_a_bad_filter_of_jobs_is_refused_by_name(stage: Stage, params: dict[str, Any]) -> None:
    refused(await stage.admin.get("/metrics/jobs", **params), 400, "INVALID_ARGUMENT", next(iter(params)))


async def test_an_unknown_status_word_is_refused_with_the_words_there_are(stage: Stage) -> None:
    answer = await stage.admin.get("/metrics/jobs", status="done")
    refused(answer, 400, "INVALID_ARGUMENT", "status", "'pending'", "'claimed'", "'completed'", "'failed'")


@pytest.mark.parametrize("where", ["body", "result"])
async def test_node_executions_are_shown_in_both_spellings(stage: Stage, where: str) -> None:
    _, robot = stage.robot()
    sent = {"node_executions": NODES}
    job_id = await complete(stage, robot, **(sent if where == "body" else {"result": sent}))
    job = await of(stage.admin, f"/jobs/{job_id}")
    assert job["node_executions"] == job["node_execution"]
    for shown, node in zip(job["node_executions"], NODES, strict=True):
        assert {name: shown[name] for name in node} == node


async def test_nodes_are_shown_while_a_job_runs_and_of_its_newest_attempt_only(stage: Stage) -> None:
    _, robot = stage.robot()
    policy = {"policy": "fixed", "base_delay_seconds": 0, "max_delay_seconds": 0, "jitter": 0}
    job = await stage.claimed(robot, retry_policy=policy, max_attempts=2)
    path, lease = f"/jobs/{job['job_id']}", {"lease_token": job["lease_token"]}
    await robot.put(f"{path}/progress", {"progress": 10, **lease, "node_executions": [{"node_id": "a"}]})
    assert [node["node_id"] for node in (await of(stage.admin, path))["node_execution"]] == ["a"]
    failure = {**lease, "error_message": "no", "node_executions": [{"node_id": "a"}, {"node_id": "b"}]}
    assert (await robot.post(f"{path}/fail", failure)).json()["status"] == "pending"
    assert [node["node_id"] for node in (await of(stage.admin, path))["node_execution"]] == ["a", "b"]
    [again] = (await robot.post("/jobs/claim", {})).json()["jobs"]
    done = {"lease_token": again["lease_token"], "node_executions": [{"node_id": "c"}]}
    await robot.post(f"{path}/complete", done)
    metrics = await of(stage.admin, path)
    assert [node["node_id"] for node in metrics["node_execution"]] == ["c"]
    assert metrics["retry_count"] == 1


async def test_a_job_whose_robot_said_nothing_has_no_nodes(stage: Stage) -> None:
    assert (await of(stage.admin, f"/jobs/{await stage.job()}"))["node_executions"] == []


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([{"status": "completed"}], "node_id"),
        ([{"node_id": ""}], "node_id"),
        ([{"node_id": "a", "duration_ms": -1}], "duration_ms"),
        ([{"node_id": "a", "healing": {"attempts": 1}}], "healed"),
        ([{"node_id": "a", "healing": {"healed": "yes"}}], "healed"),
        ([{"node_id": str(n)} for n in range(1001)], "node_executions"),
        ("none", "node_executions"),
    ],
)
async def test_node_executions_that_are_none_are_refused_and_the_lease_stays(
    stage: Stage, nodes: Any, word: str
) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    body = {"lease_token": job["lease_token"], "node_executions": nodes}
    refused(await robot.post(f"/jobs/{job['job_id']}/complete", body), 400, "INVALID_ARGUMENT", word)
    assert (await robot.post(f"/jobs/{job['job_id']}/complete", {**body, "node_executions": None})).is_success


async def test_an_unknown_and_a_foreign_job_are_both_not_found(stage: Stage, elsewhere: Stage) -> None:
    foreign = await elsewhere.job()
    for job_id in (foreign, UNKNOWN_ID, "job-12345"):
        refused(await stage.admin.get(f"/metrics/jobs/{job_id}"), 404, "JOB_NOT_FOUND")


# -- analytics


async def test_rates_errors_and_healing_are_counted_in_both_spellings(stage: Stage) -> None:
    _, robot = stage.robot()
    for _ in range(2):
        await complete(stage, robot, node_executions=[{"node_id": "a", "healing": {"healed": True, "attempts": 1}}])
    await complete(stage, robot, node_executions=NODES)
    await fail(stage, robot, "TimeoutError")
    cancelled = await stage.job()
    await stage.admin.post(f"/jobs/{cancelled}/cancel")
    analytics = await of(stage.admin, "/analytics", days=1)
    assert (analytics["total_jobs"], analytics["completed_jobs"], analytics["cancelled_jobs"]) == (5, 3, 1)
    assert (analytics["success_rate"], analytics["failure_rate"]) == (75.0, 25.0)
    assert analytics["self_healing_success_rate"] == 66.67
    assert analytics["error_distribution"] == {"TimeoutError": 1}
    assert analytics["error_counts"] == [{"error_type": "TimeoutError", "count": 1}]
    assert (await of(stage.admin, "/analytics", schema="1"))["error_distribution"] == analytics["error_counts"]
    for name in ("p50", "p90", "p99"):
        assert analytics[f"{name}_duration_ms"] == analytics[f"duration_{name}_ms"]
    assert analytics["average_duration_ms"] == analytics["avg_duration_ms"]
    for slow in analytics["slowest_workflows"]:
        assert slow["average_duration_ms"] == slow["avg_duration_ms"]


async def test_another_tenants_jobs_are_in_no_figure(stage: Stage, elsewhere: Stage) -> None:
    _, robot = elsewhere.robot()
    await complete(elsewhere, robot)
    await elsewhere.job()
    assert (await of(stage.admin, "/analytics"))["total_jobs"] == 0
    fleet = await of(stage.admin, "/fleet")
    assert fleet.pop("queue_by_priority") == {}
    assert set(fleet.values()) == {0}
    assert (await of(stage.admin, "/activity"))["events"] == []
    assert "completed" not in {sample.labels.get("status") for sample in await samples(stage.admin) if sample.value}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/analytics", {"days": 0}),
        ("/analytics", {"days": 91}),
        ("/analytics", {"days": "a week"}),
        ("/analytics", {"schema": 3}),
        ("/fleet", {"schema": "x"}),
        ("/activity", {"limit": 0}),
        ("/activity", {"limit": 201}),
        ("/activity", {"since": "yesterday"}),
        ("/prometheus", {"environment": 'a"b'}),
        ("/prometheus", {"environment": ""}),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(stage: Stage, path: str, params: dict[str, Any]) -> None:
    refused(await stage.admin.get(f"/metrics{path}", **params), 400, "INVALID_ARGUMENT", next(iter(params)))


# -- activity


async def test_activity_tells_what_happened_newest_first(stage: Stage) -> None:
    who, robot = stage.robot()
    done = await complete(stage, robot)
    failed = await fail(stage, robot, "E")
    events = (await of(stage.admin, "/activity"))["events"]
    jobs = [(event["type"], event["job_id"]) for event in events if event["job_id"]]
    assert jobs == [("job_failed", failed), ("job_completed", done)]
    completed = next(event for event in events if event["type"] == "job_completed")
    assert completed["event_type"] == "job_completed"
    assert completed["robot_id"] == who.external_id
    assert completed["title"] == "Job completed successfully"
    assert completed["details"].startswith(completed["data"]["workflow_name"] + " finished in ")
    assert completed["data"]["job_id"] == done
    assert "It broke." in next(event for event in events if event["type"] == "job_failed")["details"]
    assert {"robot_online"} <= {event["type"] for event in events}


async def test_activity_is_filtered_by_type_and_time_and_counts_all_that_match(stage: Stage) -> None:
    _, robot = stage.robot()
    for _ in range(3):
        await complete(stage, robot)
    page = await of(stage.admin, "/activity", event_type="job_completed", limit=2)
    assert (len(page["events"]), page["total"], page["total_is_capped"]) == (2, 3, False)
    newest = page["events"][0]["timestamp"]
    assert (await of(stage.admin, "/activity", event_type="job_completed", since=newest))["events"] == []
    before = (datetime.fromisoformat(newest) - timedelta(minutes=5)).astimezone(UTC).isoformat()
    assert (await of(stage.admin, "/activity", event_type="job_completed", since=before))["total"] == 3


async def catch_up(asker: Asker, since: str, **params: Any) -> tuple[list[int], str]:
    """(the numbers of all events after a time, in the order they came; the newest time) as a client reads them."""
    found: list[int] = []
    while events := (await of(asker, "/activity", since=since, **params))["events"]:
        found += [event["seq"] for event in reversed(events)]
        since = events[0]["timestamp"]
    return found, since


async def test_activity_that_is_committed_late_is_not_missed(stage: Stage) -> None:
    emit = (
        "select private.emit_event(%s, 'schedule.triggered', p_data => jsonb_build_object('schedule_name', %s::text))"
    )
    start = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    with stage.database.connect() as slow, stage.database.connect() as quick:
        with slow.transaction():
            slow.execute(emit, [stage.tenant.tenant_id, "slow"])
            quick.execute(emit, [stage.tenant.tenant_id, "quick"])
            first, newest = await catch_up(stage.admin, start)
        late = (await of(stage.admin, "/activity", since=newest))["events"]
    assert len(first) == 1
    assert [event["data"]["schedule_name"] for event in late] == ["slow"]
    assert await catch_up(stage.admin, newest) == ([late[0]["seq"]], late[0]["timestamp"])
    assert [event["seq"] for event in (await of(stage.admin, "/activity"))["events"]] == [late[0]["seq"], *first]


async def test_activity_of_one_moment_is_read_page_by_page_and_each_event_once(stage: Stage) -> None:
    start = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    with stage.database.connect() as owner:
        owner.execute(
            "select private.emit_event(%s, 'schedule.triggered') from generate_series(1, 450)", [stage.tenant.tenant_id]
        )
    numbers, newest = await catch_up(stage.admin, start, limit=200)
    assert numbers == list(range(1, 451))
    with stage.database.connect() as owner:  # as after a step of the clock
        owner.execute("set casare.now = '2020-01-01 00:00:00+00'")
        owner.execute("select private.emit_event(%s, 'schedule.triggered')", [stage.tenant.tenant_id])
    assert (await catch_up(stage.admin, newest))[0] == [451]


async def test_an_unknown_type_of_activity_is_refused_with_the_types_there_are(stage: Stage) -> None:
    answer = await stage.admin.get("/metrics/activity", event_type="job.completed")
    refused(answer, 400, "INVALID_ARGUMENT", "event_type", "'job_started'", "'robot_offline'", "'schedule_triggered'")


# -- prometheus


async def samples(asker: Asker, **params: Any) -> list[Any]:
    """What Prometheus would read."""
    answer = await asker.get("/metrics/prometheus", **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


async def test_prometheus_reads_the_documented_figures(stage: Stage) -> None:
    _, robot = stage.robot()
    for _ in range(2):
        await complete(stage, robot)
    await fail(stage, robot, "E")
    await stage.job()
    scraper = stage.service("analytics.read")
    text = (await scraper.get("/metrics/prometheus")).text
    for line in (
        "# HELP casare_rpa_jobs_total Total number of jobs",
        "# TYPE casare_rpa_jobs_total counter",
        'casare_rpa_jobs_total{environment="development",status="completed"} 2.0',
        'casare_rpa_jobs_total{environment="development",status="failed"} 1.0',
        "# HELP casare_rpa_robots_active Number of active robots",
        "# TYPE casare_rpa_robots_active gauge",
        'casare_rpa_robots_active{environment="development"} 1.0',
        'casare_rpa_queue_depth{environment="development"} 1.0',
    ):
        assert line in text.splitlines(), text
    found = {
        (s.name, s.labels.get("le"), s.labels["environment"]): s.value
        for s in await samples(scraper, environment="prod-1")
    }
    assert found["casare_rpa_job_duration_seconds_count", None, "prod-1"] == 2
    assert found["casare_rpa_job_duration_seconds_bucket", "+Inf", "prod-1"] == 2
    assert found["casare_rpa_job_duration_seconds_bucket", "3600.0", "prod-1"] == 2


async def test_prometheus_is_told_of_every_state_of_robots_also_of_those_that_none_has(stage: Stage) -> None:
    stage.robot()
    found = {s.labels["status"]: s.value for s in await samples(stage.admin) if s.name == "casare_rpa_robots"}
    assert found == {"idle": 1, "busy": 0, "offline": 0, "error": 0, "maintenance": 0}


async def test_prometheus_needs_a_credential_with_the_scope(stage: Stage) -> None:
    refused(await Asker(stage.client, {}).get("/metrics/prometheus"), 401, "AUTHENTICATION_FAILED")
    refused(await stage.service("jobs.read").get("/metrics/prometheus"), 403, "FORBIDDEN", "analytics.read")


# -- who may


@pytest.mark.parametrize("path", ["/fleet", "/robots", "/jobs", "/analytics", "/activity", "/prometheus"])
async def test_every_role_may_read_metrics_and_a_robot_only_its_own(stage: Stage, path: str) -> None:
    for role in ("viewer", "operator", "developer", "admin"):
        assert (await stage.member(role).get(f"/metrics{path}")).status_code == 200
    (own, robot), _ = stage.robot(), stage.robot()
    if path == "/robots":
        assert [item["robot_id"] for item in (await robot.get("/metrics/robots")).json()] == [own.external_id]
    else:
        refused(await robot.get(f"/metrics{path}"), 403, "FORBIDDEN")
    refused(await Asker(stage.client, {}).get(f"/metrics{path}"), 401, "AUTHENTICATION_FAILED")


async def test_a_schedule_that_queued_a_job_is_told_by_its_name(stage: Stage) -> None:
    with stage.database.connect() as owner:
        for event_type in ("schedule.triggered", "schedule.fired"):  # by hand, and by the clock
            owner.execute(
                'select private.emit_event(%s, %s, p_data => \'{"schedule_name": "Nightly"}\')',
                [stage.tenant.tenant_id, event_type],
            )
    for filters in ({"event_type": "schedule_triggered"}, {}):
        events = (await of(stage.admin, "/activity", **filters))["events"]
        told = {(event["event_type"], event["title"], event["details"]) for event in events}
        assert told == {("schedule_triggered", "Schedule triggered", "Nightly queued a job")}
        assert len(events) == 2


# -- series


async def test_a_series_has_an_entry_for_each_hour_and_the_last_one_is_this_hours(stage: Stage) -> None:
    _, robot = stage.robot("worker")
    await complete(stage, robot)
    await fail(stage, robot, "E")
    await stage.job()
    series = await of(stage.member("viewer"), "/series", interval="hour", count=3)
    assert (series["interval"], len(series["points"])) == ("hour", 3)
    total = {name: sum(point[name] for point in series["points"]) for name in ("created", "completed", "failed")}
    assert total == {"created": 3, "completed": 1, "failed": 1}
    assert series["points"][-1]["unfinished"] == 1
    days = await of(stage.admin, "/series", interval="day", count=2, timezone="Pacific/Auckland")
    assert sum(point["completed"] for point in days["points"]) == 1
    own = await of(robot, "/robots/worker/series", interval="day", count=1)
    assert set(own["points"][0]) == {
        "starts_at", "completed", "failed", "timed_out", "cancelled", "average_duration_ms",
    }  # fmt: skip
    assert len((await of(stage.admin, "/series"))["points"]) == 24


async def test_what_a_robot_measured_is_shown_to_a_viewer_over_time_with_its_gaps(stage: Stage) -> None:
    _, robot = stage.robot("worker")
    asked = await robot.post(
        "/robots/worker/heartbeat", {"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_percent": "x"}
    )
    assert asked.status_code == 200, asked.text
    told = await of(stage.member("viewer"), "/robots/worker/measurements")
    assert (told["step_minutes"], len(told["points"])) == (5, 289)
    figures = ("cpu_percent", "cpu_percent_max", "memory_mb", "disk_percent", "memory_percent")
    # The last step may have begun since the heartbeat.
    said = [tuple(point[name] for name in figures) for point in told["points"]]
    assert [point for point in said if any(point)] == [(45.2, 45.2, 1024.5, None, None)]
    assert any(said[-1]) or any(said[-2])
    own = await of(robot, "/robots/worker/measurements", step_minutes=1440)
    assert max(point["cpu_percent"] or 0 for point in own["points"]) == 45.2


async def test_measurements_are_asked_for_in_bounds_and_of_robots_of_ones_own(stage: Stage, elsewhere: Stage) -> None:
    _, robot = stage.robot("worker")
    for params, field in (
        ({"step_minutes": 7}, "step_minutes"),
        ({"step_minutes": 0}, "step_minutes"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "since"),
        ({"until": "tomorrow"}, "until"),
    ):
        answer = await stage.admin.get("/metrics/robots/worker/measurements", **params)
        assert refused(answer, 400, "INVALID_ARGUMENT", field)
    its = stage.database.connect().execute(
        "select robot_id from public.robots where tenant_id = %s", [stage.tenant.tenant_id]
    )
    for name in ("worker", str(its.fetchone()["robot_id"])):
        assert refused(await elsewhere.admin.get(f"/metrics/robots/{name}/measurements"), 404, "ROBOT_NOT_FOUND")
    stage.robot("other")
    assert refused(await robot.get("/metrics/robots/other/measurements"), 404, "ROBOT_NOT_FOUND")
    assert refused(await stage.service("jobs.read").get("/metrics/robots/worker/measurements"), 403, "FORBIDDEN")


async def test_a_series_that_is_none_is_refused(stage: Stage) -> None:
    stage.robot("worker")
    for path, params in (
        ("/series", {"interval": "week"}),
        ("/series", {"interval": "day", "count": 91}),
        ("/series", {"count": 0}),
        ("/series", {"timezone": "Mars/Olympus"}),
        ("/robots/worker/series", {"interval": "minute"}),
    ):
        assert refused(await stage.admin.get(f"/metrics{path}", **params), 400, "INVALID_ARGUMENT", list(params)[-1])
    assert refused(await stage.admin.get("/metrics/robots/nobody/series"), 404, "ROBOT_NOT_FOUND")
    assert refused(await stage.service("jobs.read").get("/metrics/series"), 403, "FORBIDDEN")

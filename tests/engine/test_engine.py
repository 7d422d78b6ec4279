"""The Python API of document 001, against the real orchestrator."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.engine.programs import HELLO, environment_of
from tests.factories import make_robot
from tests.robot.stack import Stack, make_worker

from casare_cloud.client.signing_in import NotConfigured
from casare_cloud.engine import JobPriority, OrchestratorEngine, ScheduleFrequency
from casare_cloud.engine.models import JobStatus, RobotStatus, Workflow
from casare_cloud.env_file import environment
from casare_cloud.errors import ApiError, InvalidArgument

KEYS = (
    "id workflow_id workflow_name robot_id robot_name status priority environment workflow_json scheduled_time"
    " started_at completed_at duration_ms progress current_node result logs error_message created_at created_by"
)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


def new_id() -> str:
    return f"their-{uuid.uuid4().hex[:8]}"


async def test_a_job_has_the_keys_and_words_of_document_001(engine: OrchestratorEngine) -> None:
    their_id = new_id()
    job = await engine.submit_job(their_id, "Data Extraction", HELLO, None, JobPriority.HIGH, None, {"n": 1})
    assert (job.status, job.priority, job.workflow_name, job.progress) == ("queued", 2, "Data Extraction", 0)
    assert job.scheduled_time is None
    assert set(job.to_dict()) == set(KEYS.split())
    assert job.to_dict()["priority"] == 2
    stored = await engine.client.get_job(job.id)
    assert (stored["priority"], stored["input"], stored["timeout_seconds"]) == (5, {"n": 1}, 3600)
    later = await engine.submit_job(their_id, "Data Extraction", HELLO, None, 0, FUTURE)
    assert (later.status, later.scheduled_time, later.priority) == (JobStatus.PENDING, FUTURE, JobPriority.LOW)


async def test_a_duplicate_is_answered_by_the_job_that_is_there(engine: OrchestratorEngine) -> None:
    their_id = new_id()
    first = await engine.submit_job(their_id, "Twice", HELLO, params={"a": 1, "b": 2})
    again = await engine.submit_job(their_id, "Twice", HELLO, params={"b": 2, "a": 1})
    assert again.id == first.id
    others = [
        await engine.submit_job(their_id, "Twice", HELLO, params={"a": 2}),
        await engine.submit_job(their_id, "Twice", HELLO, params={"a": 1, "b": 2}, scheduled_time=FUTURE),
        await engine.submit_job(their_id, "Twice", HELLO, params={"a": 1, "b": 2}, check_duplicate=False),
    ]
    assert len({first.id, *(job.id for job in others)}) == 4


async def test_a_workflow_is_stored_once_and_published_again_when_it_has_changed(engine: OrchestratorEngine) -> None:
    their_id = new_id()
    first = await engine.submit_job(their_id, "Stored", HELLO, params={"n": 1})
    again = await engine.submit_job(their_id, "Stored", HELLO, params={"n": 2})
    assert again.workflow_id == first.workflow_id
    workflow = Workflow.of(await engine.client.get_workflow(first.workflow_id))
    assert workflow.version == 1
    renamed = await engine.submit_job(their_id, "Renamed", {**HELLO, "variables": {"x": 1}}, params={"n": 3})
    assert (renamed.workflow_id, renamed.workflow_name) == (first.workflow_id, "Renamed")
    assert (await engine.client.get_workflow(first.workflow_id))["version"] == 2
    by_id = await engine.submit_job(first.workflow_id, "Renamed", params={"n": 4})
    assert by_id.workflow_id == first.workflow_id
    await engine.client.delete_workflow(first.workflow_id)
    anew = await engine.submit_job(their_id, "Renamed", {**HELLO, "variables": {"x": 1}}, params={"n": 5})
    assert anew.workflow_id != first.workflow_id
    with pytest.raises(ApiError, match="No workflow is stored whose id or name is"):
        await engine.submit_job(new_id(), "Nowhere")


async def test_publishing_alone_queues_no_job_and_no_schedule(engine: OrchestratorEngine) -> None:
    answer = await engine.client.submit_workflow("Only stored", HELLO, run=False)
    assert (answer["job_id"], answer["schedule_id"]) == (None, None)
    assert answer["message"] == "Workflow submitted and not run"
    assert (await engine.client.list_jobs(workflow_id=answer["workflow_id"]))["total"] == 0
    with pytest.raises(ApiError, match="run: cannot be false when trigger_type is scheduled"):
        await engine.client.submit_workflow(
            "Both", HELLO, run=False, trigger_type="scheduled", schedule_cron="0 9 * * *"
        )


async def test_cancelling_says_whether_it_could_and_a_retry_is_a_new_job(engine: OrchestratorEngine) -> None:
    job = await engine.submit_job(new_id(), "Ended", HELLO)
    assert await engine.cancel_job(job.id, "Cancelled by administrator") is True
    assert await engine.cancel_job(job.id) is False
    assert (await engine.get_job(job.id)).status == "cancelled"
    again = await engine.retry_job(job.id)
    assert (again.status, again.workflow_id) == ("queued", job.workflow_id)
    assert again.id != job.id
    with pytest.raises(ApiError) as refused:
        await engine.cancel_job(str(uuid.uuid4()))
    assert refused.value.code == "JOB_NOT_FOUND"


async def test_a_robot_is_made_or_given_the_settings(engine: OrchestratorEngine) -> None:
    robot_id = f"robot-{uuid.uuid4().hex[:8]}"
    made = await engine.register_robot(robot_id, "Production Robot 1", "production", 3, ["browser", "desktop"])
    assert (made.id, made.max_concurrent_jobs, made.environment) == (robot_id, 3, "production")
    assert made.metrics.keys() >= {"cpu_percent", "memory_percent", "disk_percent"}
    changed = await engine.register_robot(robot_id, "Production Robot 1", tags=["night"])
    assert (changed.tags, changed.max_concurrent_jobs, changed.environment) == (["night"], 1, "default")
    assert (made.status, changed.status) == (RobotStatus.OFFLINE, RobotStatus.OFFLINE)


async def test_a_schedule_takes_its_zone_under_both_names(engine: OrchestratorEngine) -> None:
    job = await engine.submit_job(their_id := new_id(), "By the clock", HELLO)
    made = await engine.create_schedule(
        "Daily Report", their_id, "By the clock", ScheduleFrequency.CRON, "0 9 * * MON-FRI", timezone="America/New_York"
    )
    assert (made.workflow_id, made.timezone, made.priority) == (job.workflow_id, "America/New_York", 1)
    assert made.next_run is not None
    assert made.next_run.hour in (13, 14)
    daily = await engine.create_schedule(
        "Daily", job.workflow_id, "By the clock", "daily", tz_name="Asia/Tokyo",
        starts_at=datetime(2099, 1, 1, 9, 30), priority="critical",
    )  # fmt: skip
    assert (daily.frequency, daily.cron_expression, daily.priority) == ("daily", "30 18 * * *", 3)
    with pytest.raises(InvalidArgument, match="timezone: UTC contradicts tz_name: Asia/Tokyo"):
        await engine.create_schedule("x", their_id, "x", "cron", "@daily", timezone="UTC", tz_name="Asia/Tokyo")
    with pytest.raises(InvalidArgument, match="frequency: must be one of once, hourly"):
        await engine.create_schedule("x", their_id, "x", "sometimes")


async def test_figures_are_answered_at_once_and_follow_what_happens(engine: OrchestratorEngine, stack: Stack) -> None:
    before = engine.get_queue_stats()
    assert list(before["by_priority"]) == ["critical", "high", "normal", "low"]
    for priority in JobPriority:
        await engine.submit_job(new_id(), "Counted", HELLO, priority=priority)
    await engine.submit_job(new_id(), "Later", HELLO, scheduled_time=FUTURE)
    async with asyncio.timeout(60):
        while (after := engine.get_queue_stats())["queued"] < before["queued"] + 4 or (
            after["scheduled"] == before["scheduled"]
        ):
            await asyncio.sleep(0.05)
    assert {word: after["by_priority"][word] - count for word, count in before["by_priority"].items()} == {
        "critical": 1, "high": 1, "normal": 1, "low": 1,
    }  # fmt: skip
    assert after["scheduled"] == before["scheduled"] + 1
    assert datetime.fromisoformat(after["as_of"]) > datetime.fromisoformat(before["as_of"])
    # What another program does is seen as well.
    other = await engine.client.create_job("Counted")
    async with asyncio.timeout(60):
        while engine.get_queue_stats()["queued"] < after["queued"] + 1:
            await asyncio.sleep(0.05)
    await engine.client.cancel_job(other["job_id"])
    stats = engine.get_dispatcher_stats()
    assert (stats["strategy"], stats["dispatch_interval"]) == ("least_loaded", 5)
    assert stats["total_robots"] == len(stack.rows("select 1 from public.robots"))


async def test_the_next_runs_are_kept(engine: OrchestratorEngine) -> None:
    job = await engine.submit_job(new_id(), "Next", HELLO)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    made = await engine.create_schedule("Soon", job.workflow_id, "Next", "once", run_at=soon)
    async with asyncio.timeout(60):
        while not (runs := [run for run in engine.get_upcoming_schedules() if run["id"] == made.id]):
            await asyncio.sleep(0.05)
    [run] = runs
    assert (run["name"], run["frequency"], run["enabled"]) == ("Soon", "once", True)
    assert len(engine.get_upcoming_schedules(limit=1)) == 1
    with pytest.raises(InvalidArgument, match="limit: must lie between 1 and 100"):
        engine.get_upcoming_schedules(0)


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "random", "affinity"])
async def test_a_strategy_names_a_robot_that_is_there(stack: Stack, tmp_path: Path, strategy: str) -> None:
    env = environment_of(stack)
    place = f"place-{strategy}"
    robots = [make_robot(stack.database, stack.tenant, f"{strategy}-{n}", environment=place) for n in range(3)]
    make_robot(stack.database, stack.tenant, f"{strategy}-elsewhere", environment="elsewhere")
    async with OrchestratorEngine(strategy, url=env["ORCHESTRATOR_URL"], api_key=env["CASARE_API_KEY"]) as engine:
        names = [robot.external_id for robot in robots]
        if strategy == "affinity":
            worker = make_worker(stack, robots[2], tmp_path, "rest").start()
            workflow_id = new_id()
            done = await engine.submit_job(workflow_id, "Kept", HELLO, names[2])
            assert (await engine.wait_for_job(done.id, 60)).robot_id == names[2]
            job = await engine.submit_job(workflow_id, "Kept", HELLO, params={"n": 2}, pick_robot=True)
            assert job.robot_id == names[2]
            await worker.stop()
            return
        jobs = [
            await engine.submit_job(new_id(), "Anywhere", HELLO, environment=place, pick_robot=True) for _ in range(4)
        ]
        chosen = [job.robot_id for job in jobs]
        assert set(chosen) <= set(names)
        if strategy == "round_robin":
            assert chosen == [*names, names[0]]
        with pytest.raises(InvalidArgument, match="pick_robot: cannot be true when robot_id"):
            await engine.submit_job(new_id(), "x", HELLO, names[0], pick_robot=True)


def test_what_the_engine_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="load_balancing: must be one of round_robin, least_loaded, random"):
        OrchestratorEngine(load_balancing="fastest")
    with pytest.raises(InvalidArgument, match="dispatch_interval: must be greater than 0"):
        OrchestratorEngine(dispatch_interval=0)
    with pytest.raises(InvalidArgument, match=r"priority: 'urgent' is none of 0 \(low\)"):
        JobPriority.read("urgent")
    with pytest.raises(RuntimeError, match="has not been started"):
        OrchestratorEngine().get_queue_stats()


async def test_a_definition_that_is_no_json_is_refused_before_anything_is_sent(engine: OrchestratorEngine) -> None:
    with pytest.raises(InvalidArgument, match="workflow_json: is not JSON"):
        await engine.submit_job(new_id(), "x", '{"nodes": [...], "connections": [...]}')
    with pytest.raises(InvalidArgument, match="workflow_json: must be an object"):
        await engine.submit_job(new_id(), "x", "[1]")


async def test_the_environment_is_found_in_a_folder_above(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CASARE_HOME", "CASARE_API_KEY", "ORCHESTRATOR_URL", "DEMO_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with pytest.raises(NotConfigured, match="Set ORCHESTRATOR_URL, or start a local stack"):
        await OrchestratorEngine().start()
    (tmp_path / ".casare").mkdir()
    env = environment_of(stack)
    (tmp_path / ".casare/env").write_text("# keys\n" + "".join(f"{name}='{value}'\n" for name, value in env.items()))
    assert environment()["CASARE_API_KEY"] == env["CASARE_API_KEY"]
    async with OrchestratorEngine() as engine:
        assert engine.get_queue_stats()["queued"] >= 0


def test_priorities_are_translated_both_ways() -> None:
    assert [priority.stored for priority in JobPriority] == [15, 10, 5, 0]
    assert [JobPriority.of(stored).value for stored in (0, 2, 3, 7, 8, 12, 13, 20)] == [3, 3, 2, 2, 1, 1, 0, 0]

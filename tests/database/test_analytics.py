"""Rollups say what happened, whatever happened: compared with figures that Python computes from the same history."""

import math
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.databases import Claims, Connection, Database, as_caller, at
from tests.factories import make_robot, make_tenant, make_workflow
from tests.fleets import Fleet, call, make_fleet, refused
from tests.histories import Ended, Figures, figures_of, load_history, make_history, outcomes_of

from casare_cloud.domain.metrics import queries

# Of these, more than `COUNTED_EVENTS` failed or timed out; and there are some in each hour, and in each bucket.
HISTORY_JOBS, ENDS = 25_000, (46, 36, 10, 8)
NOW = datetime(2026, 7, 15, 13, 20, tzinfo=UTC)


def analytics(member: Connection, days: int = 90) -> dict[str, Any]:
    """What the database answers."""
    answer: dict[str, Any] = call(member, "get_job_analytics", days=days)["get_job_analytics"]
    return answer


def assert_same(answer: dict[str, Any], figures: Figures) -> None:
    """Every figure: counts and sums to the last digit, percentiles within 5 percent."""
    counted = {name: answer[name] for name in ("completed", "failed", "timed_out", "cancelled")}
    expected = {
        "timed_out" if name == "timeout" else name: figures.counts[name]
        for name in ("completed", "failed", "timeout", "cancelled")
    }
    assert counted == expected
    assert answer["duration_ms_sum"] == figures.duration_ms_sum
    assert (answer["healed"], answer["not_healed"]) == (figures.healed, figures.not_healed)
    assert {item["error_type"]: item["count"] for item in answer["error_counts"]} == figures.errors
    slowest = sorted(figures.averages.items(), key=lambda item: -item[1])[:10]
    assert [item["workflow_id"] for item in answer["slowest_workflows"]] == [str(key) for key, _ in slowest]
    for item, (_, average) in zip(answer["slowest_workflows"], slowest, strict=True):
        assert abs(item["average_duration_ms"] - average) <= 0.5
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = figures.percentile(fraction)
        assert abs(answer["percentiles"][name] - exact) <= 0.05 * exact + 0.5, (name, exact, answer["percentiles"])


class History:
    """A tenant with a past, in a database of its own."""

    def __init__(self, database: Database) -> None:
        self.tenant = make_tenant(database)
        self.workflows = [make_workflow(database, self.tenant).workflow_id for _ in range(12)]
        self.robots = [make_robot(database, self.tenant).robot_id for _ in range(3)]
        self.owner = database.connect()
        self.member = database.connect("authenticated", self.tenant.admin.claims)
        for connection in (self.owner, self.member):
            at(connection, NOW)
        self.jobs: list[Ended] = make_history(HISTORY_JOBS, self.workflows, self.robots, NOW, ends=ENDS)


@pytest.fixture(scope="module")
def history(shared_database: Database) -> History:
    history = History(shared_database)
    load_history(history.owner, history.tenant.tenant_id, history.jobs)
    while history.owner.execute("select private.run_duty('sequence_events') as n").fetchone() != {"n": 0}:
        pass
    return history


@pytest.mark.parametrize("days", [1, 7, 30, 89, 90])
def test_every_figure_of_a_generated_history_is_what_python_computes(history: History, days: int) -> None:
    assert_same(analytics(history.member, days), figures_of(history.jobs, NOW, days))


@pytest.mark.parametrize("hours", [1, 13, 14, 25])
def test_hours_are_counted_as_days_are(history: History, hours: int) -> None:
    answer = call(history.member, "get_job_analytics", hours=hours)["get_job_analytics"]
    assert_same(answer, figures_of(history.jobs, NOW, hours / 24))


@pytest.mark.parametrize("hours", [0, 2161])
def test_there_are_as_many_hours_as_days(history: History, hours: int) -> None:
    with refused(400, "INVALID_ARGUMENT", "hours"), history.member.transaction():
        call(history.member, "get_job_analytics", hours=hours)


@pytest.mark.parametrize("hour", [0, 1, 23])
def test_the_first_day_is_counted_from_its_hour_on_whatever_hour_it_is(history: History, hour: int) -> None:
    now = NOW.replace(hour=hour) - timedelta(days=40)
    at(history.member, now)
    try:
        # What ended after this moment is there already, and is nearer than the period's beginning.
        assert_same(analytics(history.member, 10), figures_of(history.jobs, now, 10))
    finally:
        at(history.member, NOW)


def test_rebuilding_rollups_from_the_jobs_gives_the_same(history: History) -> None:
    order = "select r.* from public.job_rollups as r where tenant_id = %s order by level, starts_at, subject_id"
    before = history.owner.execute(order, [history.tenant.tenant_id]).fetchall()
    count = history.owner.execute("select private.rebuild_job_rollups(%s) as n", [history.tenant.tenant_id]).fetchone()
    assert count == {"n": len(history.jobs)}
    assert history.owner.execute(order, [history.tenant.tenant_id]).fetchall() == before


def test_rebuilding_leaves_to_their_events_the_jobs_that_end_meanwhile(database: Database) -> None:
    fleet = make_fleet(database)
    robot = fleet.robot(max_concurrent_jobs=2)
    for _ in range(2):
        fleet.enqueue()
    first, second = fleet.claim(robot, 2)
    fleet.report(robot, "complete_job", first)
    with fleet.owner.transaction():
        # As if the second ended between the numbering of events and the reading of jobs.
        fleet.owner.execute(
            "select from private.event_counters where tenant_id = %s for update", [fleet.tenant.tenant_id]
        )
        fleet.report(robot, "complete_job", second)
        fleet.owner.execute(
            "create or replace function private.sequence_tenant_events(p_tenant_id uuid, p_limit integer default 1, "
            "p_is_whole boolean default false, p_lag interval default '0') "
            "returns integer language sql set search_path = pg_catalog, pg_temp as 'select 0'"
        )
        count = fleet.owner.execute("select private.rebuild_job_rollups(%s) as n", [fleet.tenant.tenant_id]).fetchone()
        assert count == {"n": 0}, "both have an event that will count them"


def test_the_answer_of_analytics_reads_rollups_and_no_job(history: History, shared_database: Database) -> None:
    history.owner.execute("analyze public.job_rollups")
    analytics(history.member)
    reader = shared_database.connect()
    at(reader, NOW)
    with as_caller(reader, history.tenant.admin.claims):
        reader.execute("select public.get_job_analytics(90)")
        reader.execute("reset role")
        rows = reader.execute(
            "select relname as name, seq_scan, coalesce(idx_scan, 0) as idx_scan, coalesce(idx_tup_fetch, 0) as fetched"
            " from pg_stat_xact_user_tables where schemaname in ('public', 'private')"
        ).fetchall()
    read = {row["name"]: row for row in rows if row["seq_scan"] or row["idx_scan"]}
    assert not [name for name in read if name.startswith(("jobs", "job_node_executions", "events"))]
    assert read["job_rollups"]["seq_scan"] == 0
    workflows = len(history.workflows)
    assert read["job_rollups"]["fetched"] <= (90 + 24) * (1 + workflows)


def test_the_figures_of_a_robot_and_of_a_fleet_read_the_hours_of_today_only(
    history: History, shared_database: Database
) -> None:
    reader = shared_database.connect()
    at(reader, NOW)
    today = [job for job in history.jobs if job.finished_at >= NOW.replace(hour=0, minute=0)]
    assert today
    with as_caller(reader, history.tenant.admin.claims):
        for robot_id in history.robots:
            robot = reader.execute("select public.get_robot_metrics(%s) as r", [robot_id]).fetchone()
            assert robot == {"r": outcomes_of(job for job in today if job.robot_id == robot_id)}
        row = reader.execute("select public.get_fleet_metrics() as f").fetchone()
        reader.execute("reset role")
        reads = reader.execute(
            "select seq_scan, idx_tup_fetch as fetched from pg_stat_xact_user_tables where relname = 'job_rollups'"
        ).fetchone()
    assert reads is not None
    assert reads["seq_scan"] == 0
    assert reads["fetched"] <= 24 * (1 + len(history.robots) ** 2) + 1
    assert row is not None
    fleet = row["f"]
    assert fleet["today"] == outcomes_of(today)
    histogram = fleet["total"].pop("durations")
    assert fleet["total"] == outcomes_of(history.jobs)
    assert {round(stands_for, 6): times for stands_for, times in histogram} == Counter(
        round(bucket_of(job.duration_ms or 0), 6) for job in history.jobs if job.status == "completed"
    )
    assert (fleet["robots"], fleet["active_jobs"], fleet["queue_depth"], fleet["scheduled_jobs"]) == (
        [{"is_online": True, "is_active": True, "is_healthy": True, "is_busy": False, "robots": len(history.robots)}],
        0, 0, 0,
    )  # fmt: skip


def bucket_of(milliseconds: int) -> float:
    """The duration that stands for this one in a histogram whose bounds grow by 8 percent."""
    return 0.0 if milliseconds < 1 else 2 * 1.08 ** math.ceil(round(math.log(milliseconds, 1.08), 9)) / 2.08


def test_the_feed_holds_the_newest_ends_and_counts_the_others(history: History) -> None:
    rows = history.member.execute(
        queries.LIST_ACTIVITY, {"types": ["job.failed", "job.timeout"], "since": None, "limit": 200}
    ).fetchall()
    ended = [job.job_id for job in history.jobs if job.status in ("failed", "timeout")]
    assert [row["job_id"] for row in rows] == ended[:-201:-1]
    assert len(ended) > queries.COUNTED_EVENTS
    assert {row["total"] for row in rows} == {queries.COUNTED_EVENTS}
    assert all(row["occurred_at"] > after["occurred_at"] for row, after in pairwise(rows))


def test_the_activity_feed_walks_its_own_index(history: History, shared_database: Database) -> None:
    planner = shared_database.connect()
    planner.execute("analyze public.events")
    with as_caller(planner, history.tenant.admin.claims):
        row = planner.execute(
            "explain (analyze, format json) " + queries.LIST_ACTIVITY,
            {"types": list(queries.ACTIVITY_TYPES), "since": None, "limit": 50},
        ).fetchone()
    assert row is not None
    scans = [node for node in nodes(row["QUERY PLAN"][0]["Plan"]) if node.get("Relation Name") == "events"]
    assert scans
    page = [node for node in scans if node["Actual Rows"] * node["Actual Loops"] <= 50 * len(queries.ACTIVITY_TYPES)]
    assert page, scans
    assert all("Index" in node["Node Type"] for node in page), scans


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


# -- the life of jobs, through the queue's own functions


def test_a_retried_job_is_counted_once_by_its_last_end(fleet: Fleet) -> None:
    robot = fleet.robot()
    policy = {"policy": "fixed", "base_delay_seconds": 5, "max_delay_seconds": 5, "jitter": 0}
    fleet.enqueue(retry_policy=policy, max_attempts=3)
    nodes = [{"node_id": "a", "healing": {"healed": False, "attempts": 3}}]
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="no", error_type="E1", node_executions=nodes)
    fleet.travel(seconds=10)
    job = fleet.claim_one(robot)
    fleet.travel(seconds=2)
    nodes = [{"node_id": "a", "healing": {"healed": True, "attempts": 1}}]
    fleet.report(robot, "complete_job", job, result={"node_executions": nodes})
    fleet.report(robot, "complete_job", job)  # again: the same answer, and no second count
    answer = analytics(fleet.member, 1)
    assert (answer["completed"], answer["failed"], answer["error_counts"]) == (1, 0, [])
    assert answer["duration_ms_sum"] == 2000
    assert (answer["healed"], answer["not_healed"]) == (1, 1), "each attempt's healings count"


def test_a_job_that_fails_for_good_counts_its_error_and_a_cancelled_one_counts_none(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=3)
    for _ in range(3):
        fleet.enqueue()
    failed, cancelled, _ = fleet.claim(robot, 3)
    fleet.report(robot, "fail_job", failed, error_message="no", error_type="E1", retryable=False)
    call(fleet.member, "cancel_job", job_id=cancelled["job_id"])
    fleet.report(robot, "fail_job", cancelled, error_message="stopped", error_type="Stopped")
    waiting = fleet.enqueue()
    call(fleet.member, "cancel_job", job_id=waiting["job_id"])
    answer = analytics(fleet.member, 1)
    assert (answer["failed"], answer["cancelled"], answer["completed"]) == (1, 2, 0)
    assert answer["error_counts"] == [{"error_type": "E1", "count": 1}]


def test_the_sum_of_durations_never_falls(fleet: Fleet) -> None:
    """Not even by an event of before durations were guarded against a clock that is set back."""
    robot = fleet.robot()
    fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", claimed)
    fleet.owner.execute(
        """update private.event_inbox set data = data || '{"duration_ms": -3600000}'
        where job_id = %s and event_type = 'job.completed'""",
        [claimed["job_id"]],
    )
    answer = analytics(fleet.member, 1)
    assert (answer["completed"], answer["duration_ms_sum"]) == (1, 0)


def test_a_late_result_counts_nothing(fleet: Fleet) -> None:
    slow, quick = fleet.robot(), fleet.robot()
    fleet.enqueue()
    lost = fleet.claim_one(slow)
    fleet.travel(seconds=61)
    fleet.owner.execute("select private.rescue_expired_leases()")
    fleet.report(quick, "complete_job", fleet.claim_one(quick))
    answer = fleet.report(slow, "complete_job", lost, node_executions=[{"node_id": "late"}])
    assert answer["code"] == "PT409"
    assert analytics(fleet.member, 1)["completed"] == 1
    assert (
        fleet.owner.execute("select from public.job_node_executions where job_id = %s", [lost["job_id"]]).fetchall()
        == []
    )


def test_what_timed_out_counts_as_timed_out(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(timeout_seconds=10, max_attempts=1)
    fleet.start_one(robot)
    fleet.travel(seconds=11)
    fleet.owner.execute("select private.rescue_expired_leases()")
    answer = analytics(fleet.member, 1)
    assert (answer["timed_out"], answer["failed"]) == (1, 0)
    assert answer["error_counts"] == [{"error_type": "JOB_TIMEOUT", "count": 1}]


def test_a_deleted_workflow_keeps_its_counts_and_leaves_the_list_of_the_slowest(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    assert len(analytics(fleet.member, 1)["slowest_workflows"]) == 1
    call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
    answer = analytics(fleet.member, 1)
    assert (answer["completed"], answer["slowest_workflows"]) == (1, [])


def test_deleting_a_tenant_takes_its_rollups_along(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    analytics(fleet.member, 1)
    count = "select count(*) as n from public.job_rollups where tenant_id = %s"
    assert fleet.owner.execute(count, [fleet.tenant.tenant_id]).fetchone() != {"n": 0}
    with fleet.owner.transaction(force_rollback=True):
        fleet.owner.execute("delete from public.tenants where tenant_id = %s", [fleet.tenant.tenant_id])
        assert fleet.owner.execute(count, [fleet.tenant.tenant_id]).fetchone() == {"n": 0}


def test_two_tenants_are_counted_apart(fleet: Fleet, stranger: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    assert analytics(stranger.member, 90)["completed"] == 0
    assert analytics(fleet.member, 90)["completed"] == 1


def test_completions_do_not_wait_for_one_another_nor_for_the_count(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    for _ in range(2):
        fleet.enqueue()
    first, second = fleet.claim(robot, 2)
    other = fleet.database.connect("authenticated", robot.claims)
    other.execute("set lock_timeout = '2s'")
    call_args = "select public.complete_job(%s, %s) as answer"
    with fleet.owner.transaction(), fleet.robots[robot.robot_id].transaction():
        fleet.owner.execute("select private.sequence_tenant_events(%s)", [fleet.tenant.tenant_id])  # holds the counter
        fleet.report(robot, "complete_job", first)
        row = other.execute(call_args, [second["job_id"], second["lease_token"]]).fetchone()
    assert row is not None
    assert row["answer"]["outcome"] == "applied"
    assert analytics(fleet.member, 1)["completed"] == 2


# -- parts


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3, 10, 107, 1080, 59_999, 3_600_000, 604_800_000])
def test_a_bucket_stands_for_its_durations_within_four_percent(fleet: Fleet, milliseconds: int) -> None:
    row = fleet.owner.execute(
        "select private.bucket_duration_ms(private.duration_bucket(%s)) as ms", [milliseconds]
    ).fetchone()
    assert row is not None
    assert math.isclose(row["ms"], milliseconds, rel_tol=0.04)


def test_error_types_beyond_the_most_frequent_are_counted_together(fleet: Fleet) -> None:
    row = fleet.owner.execute(
        """select private.add_counts('{"a": 5, "b": 1, "c": 1}', '{"a": 1, "b": 3, "d": 1}', 2) as counts"""
    ).fetchone()
    assert row == {"counts": {"a": 6, "b": 4, "(other)": 2}}


def test_node_executions_are_tidied_and_never_stop_a_job_from_ending(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    nodes: list[Any] = [
        {"node_id": "a", "node_type": "T", "status": "completed", "duration_ms": 4.6, "runs": 2, "secret": "x"},
        {"node_id": "b", "duration_ms": "soon", "healing": {"healed": True, "attempts": 2, "how": "x"}},
        {"no": "id"},
        {"node_id": "c", "duration_ms": -5, "healing": "yes"},
        {"node_id": "d", "duration_ms": 10**400, "runs": 10**400, "healing": {"healed": False, "attempts": 10**400}},
    ]
    answer = fleet.report(robot, "complete_job", job, result={"node_executions": [*nodes, "text", None]})
    assert answer["outcome"] == "applied"
    row = fleet.member.execute(
        "select attempt, node_executions, healed, not_healed from public.job_node_executions where job_id = %s",
        [job["job_id"]],
    ).fetchone()
    assert row == {
        "attempt": 1,
        "node_executions": [
            {"node_id": "a", "node_type": "T", "status": "completed", "duration_ms": 5, "runs": 2},
            {"node_id": "b", "healing": {"healed": True, "attempts": 2}},
            {"node_id": "c", "duration_ms": 0},
            {
                "node_id": "d",
                "duration_ms": 2**31 - 1,
                "runs": 2**31 - 1,
                "healing": {"healed": False, "attempts": 2**31 - 1},
            },
        ],
        "healed": 1,
        "not_healed": 1,
    }


@pytest.mark.parametrize("result", [5, "text", [1, 2], {"node_executions": "none"}, {"node_executions": {}}, None])
def test_any_result_is_taken_and_leaves_no_row_when_it_names_no_nodes(fleet: Fleet, result: Any) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    row = (
        fleet.robots[robot.robot_id]
        .execute("select public.complete_job(%s, %s, %s) as answer", [job["job_id"], job["lease_token"], Jsonb(result)])
        .fetchone()
    )
    assert row is not None
    assert row["answer"]["outcome"] == "applied"
    assert not fleet.owner.execute(
        "select from public.job_node_executions where job_id = %s", [job["job_id"]]
    ).fetchall()


def test_old_hours_and_days_are_purged_and_the_total_stays(fleet: Fleet) -> None:
    def levels() -> set[str]:
        rows = fleet.owner.execute(
            "select distinct level::text as level from public.job_rollups where tenant_id = %s",
            [fleet.tenant.tenant_id],
        ).fetchall()
        return {row["level"] for row in rows}

    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    analytics(fleet.member, 1)
    assert len(levels()) == 7
    with fleet.owner.transaction(force_rollback=True):
        fleet.travel(days=102)
        fleet.owner.execute("select private.run_duty('purge_job_rollups')")
        assert levels() == {"tenant", "tenant_day", "workflow_day"}
        fleet.travel(days=700)
        fleet.owner.execute("select private.run_duty('purge_job_rollups')")
        assert levels() == {"tenant"}


@pytest.mark.parametrize("days", [0, -1, 91, None])
def test_days_outside_the_rollups_are_refused(fleet: Fleet, days: int | None) -> None:
    with refused(400, "INVALID_ARGUMENT", "days", "1 and 90"):
        analytics(fleet.member, days)  # type: ignore[arg-type]


def test_today_begins_at_midnight_of_the_tenants_timezone(fleet: Fleet) -> None:
    claims: Claims = fleet.tenant.admin.claims
    functions = fleet.database.connect()
    at(functions, datetime(2026, 7, 15, 23, 30, tzinfo=UTC))
    query = "select private.tenant_day_began_at(%s) as at"
    assert functions.execute(query, [fleet.tenant.tenant_id]).fetchone() == {"at": datetime(2026, 7, 15, tzinfo=UTC)}
    with as_caller(functions, claims):
        functions.execute("select public.update_tenant(p_timezone => 'Europe/Berlin')")
    began = functions.execute(query, [fleet.tenant.tenant_id]).fetchone()
    assert began == {"at": datetime(2026, 7, 15, 22, tzinfo=UTC)}


def test_today_begins_with_the_full_utc_hour_before_midnight_in_a_zone_of_half_hours(fleet: Fleet) -> None:
    call(fleet.member, "update_tenant", timezone="Asia/Kolkata")
    robot = fleet.robot()
    midnight = (fleet.now + timedelta(days=1)).replace(hour=18, minute=30, second=0, microsecond=0)  # 00:00 there
    for minutes in (-31, -29):  # 23:29 and 23:31
        fleet.travel(seconds=(midnight + timedelta(minutes=minutes) - fleet.now).total_seconds())
        fleet.enqueue()
        fleet.report(robot, "complete_job", fleet.claim_one(robot))
    fleet.owner.execute("select private.run_duty('sequence_events')")
    completed = []
    for minutes in (-1, 1):
        fleet.travel(seconds=(midnight + timedelta(minutes=minutes) - fleet.now).total_seconds())
        completed.append(call(fleet.member, "get_fleet_metrics")["get_fleet_metrics"]["today"]["completed"])
    assert completed == [2, 1]


def test_a_robot_that_is_not_there_has_done_nothing(fleet: Fleet) -> None:
    answer = call(fleet.member, "get_robot_metrics", robot_id=uuid.uuid4())["get_robot_metrics"]
    assert set(answer.values()) == {0}


def test_node_executions_leave_by_retention_and_with_purged_jobs(fleet: Fleet) -> None:
    robot = fleet.robot()
    nodes = [{"node_id": "a"}]
    jobs = []
    for _ in range(2):
        fleet.enqueue()
        jobs.append(fleet.claim_one(robot))
        fleet.report(robot, "complete_job", jobs[-1], node_executions=nodes)
    count = "select count(*) as n from public.job_node_executions where tenant_id = %s"
    with fleet.owner.transaction(force_rollback=True):
        fleet.owner.execute("select set_config('casare.now', %s, true)", [str(fleet.now + timedelta(days=6))])
        fleet.owner.execute("select private.run_duty('purge_expired_job_node_executions')")
        assert fleet.owner.execute(count, [fleet.tenant.tenant_id]).fetchone() == {"n": 2}
        fleet.owner.execute("select set_config('casare.now', %s, true)", [str(fleet.now + timedelta(days=8))])
        fleet.owner.execute("select private.run_duty('purge_expired_job_node_executions')")
        assert fleet.owner.execute(count, [fleet.tenant.tenant_id]).fetchone() == {"n": 0}
    fleet.travel(seconds=1)
    call(fleet.member, "purge_jobs")
    assert fleet.owner.execute(count, [fleet.tenant.tenant_id]).fetchone() == {"n": 0}
    assert analytics(fleet.member, 1)["completed"] == 2, "what was counted stays"

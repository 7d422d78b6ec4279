"""What the queue costs: plans that stay right when tables fill; claims that cost the same whatever stands in front."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.database.plans import PlanWatcher, nodes
from tests.databases import Claims, Connection, Database
from tests.factories import Robot, make_workflow
from tests.fleets import Fleet, call, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database, whose tables were analysed while they were empty."""
    database.connect().execute("vacuum analyze")
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def buffers_of_claim(fleet: Fleet, robot: Robot) -> int:
    """Pages that one claim touches, everything that it calls included."""
    session = fleet.robots[robot.robot_id]
    for _ in range(3):  # the first claims of a session plan their statements, which reads the catalog
        fleet.report(robot, "complete_job", fleet.claim_one(robot))
    row = session.execute("explain (analyze, buffers, format json) select * from public.claim_jobs()").fetchone()
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    assert plan["Actual Rows"] == 1
    for claimed in session.execute(
        "select job_id, lease_token from private.leases where robot_id = %s", [robot.robot_id]
    ).fetchall():
        fleet.report(robot, "complete_job", claimed)
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def test_plans_made_on_empty_tables_stay_right_when_the_tables_fill(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=100)
    watcher = PlanWatcher(fleet)
    claims = fleet.tenant.admin.claims
    workflow_id = fleet.workflow.workflow_id

    def cycle() -> list[str]:
        scans: list[str] = []

        def step(who: Claims, function: str, **arguments: object) -> Any:
            answer = watcher.call(who, function, **arguments)
            scans.extend(watcher.full_scans + watcher.hash_joins)
            return answer

        for end, extra in [("complete_job", {}), ("fail_job", {"error_message": "x"}), ("release_job", {})]:
            step(claims, "enqueue_job", workflow_id=workflow_id, dedupe_key=f"k{end}", priority=0)
            claimed = step(robot.claims, "claim_jobs")
            token = {"job_id": claimed["job_id"], "lease_token": claimed["lease_token"]}
            step(robot.claims, "start_job", **token)
            step(robot.claims, "report_progress", progress=1, **token)
            step(robot.claims, end, **token, **extra)
            step(claims, "cancel_job", job_id=claimed["job_id"])
        return scans

    assert cycle() == []
    fleet.fill(20_000)
    fleet.owner.execute("update public.jobs set status = 'cancelled', finished_at = now() where priority = 10")
    assert cycle() == []


@pytest.mark.parametrize("blocker", ["capability", "environment", "other robot", "future", "other tenant", "worse"])
def test_what_a_robot_may_not_have_costs_its_claim_nothing(fleet: Fleet, blocker: str) -> None:
    robot = fleet.robot()
    fleet.fill(40, priority=10)
    fleet.owner.execute("vacuum analyze")
    before = buffers_of_claim(fleet, robot)

    match blocker:
        case "capability":
            fleet.fill(20_000, priority=0, required_capabilities=["gpu"])
        case "environment":
            fleet.fill(20_000, priority=0, environment="elsewhere")
        case "other robot":
            fleet.fill(20_000, priority=0, robot_id=fleet.robot().external_id)
        case "future":
            fleet.fill(20_000, priority=0, run_at=fleet.now + timedelta(days=1))
        case "other tenant":
            other = make_fleet(fleet.database)
            other.fill(20_000, priority=0)
            other.close()
        case "worse":
            fleet.fill(20_000, priority=20)
    fleet.owner.execute("vacuum analyze")
    after = buffers_of_claim(fleet, robot)
    # A few pages more for indexes that grew a level; walking 20,000 rows would touch hundreds.
    assert after <= before + 25, f"{before} pages before, {after} after"


def explain(connection: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    """The nodes of a query's plan."""
    row = connection.execute(f"explain (format json) {query}", values).fetchone()
    assert row is not None
    return list(nodes(row["QUERY PLAN"][0]["Plan"]))


def test_a_look_up_by_id_reads_one_partition(fleet: Fleet) -> None:
    fleet.fill(1_000)
    job = fleet.enqueue()
    fleet.owner.execute("vacuum analyze")
    found = explain(fleet.member, "select * from public.live_jobs where job_id = %s", job["job_id"])
    scans = [node for node in found if node.get("Relation Name", "").startswith("jobs_")]
    assert [(node["Node Type"], node["Relation Name"] == "jobs_default") for node in scans] == [("Index Scan", False)]


def test_a_list_of_a_tenants_newest_jobs_does_not_read_those_of_others(fleet: Fleet) -> None:
    fleet.fill(100)
    other = make_fleet(fleet.database)
    other.fill(5_000)
    other.close()
    fleet.owner.execute("vacuum analyze")
    found = explain(
        fleet.member,
        "select job_id, status from public.live_jobs where tenant_id = %s order by job_id desc limit 20",
        fleet.tenant.tenant_id,
    )
    scans = [node for node in found if node.get("Relation Name", "").startswith("jobs_")]
    assert scans
    assert all("tenant_id" in node.get("Index Cond", "") for node in scans)


def test_almost_every_completion_changes_no_index(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=100)
    for _ in range(60):
        fleet.enqueue()
    for job in fleet.claim(robot, limit=60):
        fleet.report(robot, "start_job", job)
        fleet.report(robot, "report_progress", job, progress=10)
        fleet.report(robot, "complete_job", job, result={"n": 1})
    fleet.robots[robot.robot_id].execute("select pg_stat_force_next_flush()")
    row = fleet.owner.execute(
        "select sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as hot from pg_stat_all_tables "
        "where relid in (select inhrelid from pg_inherits where inhparent = 'public.jobs'::regclass)"
    ).fetchone()
    assert row is not None
    assert row["updates"] == 60, "one update of the wide row in a job's life"
    assert row["hot"] >= 54, "and a HOT one, unless its page is full"


def test_a_reached_limit_costs_a_look_at_it_whatever_waits_behind(fleet: Fleet) -> None:
    robot = fleet.robot()
    free = make_workflow(fleet.database, fleet.tenant)
    fleet.fill(40, priority=20, workflow_id=free.workflow_id)
    fleet.owner.execute("vacuum analyze")
    before = buffers_of_claim(fleet, robot)

    lanes, costs = 200, []
    for number in range(lanes):
        key = f"key-{number}"
        call(fleet.member, "set_limit", scope="key", concurrency_key=key, max_running=0)
        fleet.enqueue(priority=0, concurrency_key=key)
    for jobs in (0, 20_000):
        if jobs:
            fleet.fill(jobs, priority=0, concurrency_key="key-0")
        fleet.owner.execute("vacuum analyze")
        costs.append(buffers_of_claim(fleet, robot) - before)
    # A look at a limit is two or three pages; the 20,000 jobs add nothing but a level of an index.
    assert costs[0] <= 4 * lanes, f"{costs[0]} pages for {lanes} lanes"
    assert costs[1] <= costs[0] + 25, f"{costs} pages"

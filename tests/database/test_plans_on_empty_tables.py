"""Every step of a job and every duty keeps a plan by index that was made, and analysed, while the tables were empty."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.database.plans import PlanWatcher, nodes
from tests.databases import Claims, Database, at
from tests.factories import Robot
from tests.fleets import Fleet, call, make_fleet

# What a duty may read from end to end: rows that are few by their nature, or the weeks of a tenant's jobs in order.
DUTIES = (
    "promote_scheduled_jobs()",
    "rescue_expired_leases()",
    "raise_low_water('0', 1, 0)",
    "recheck_low_water()",
    "run_duty('cancel_jobs_of_deleted_workflows')",
    "run_duty('purge_expired_jobs')",
    "run_duty('purge_expired_dead_letters')",
    "run_duty('purge_expired_late_results')",
    "run_duty('purge_expired_job_logs')",
    "run_duty('purge_expired_events')",
    "run_duty('purge_expired_job_node_executions')",
    "run_duty('purge_expired_audit_log')",
)


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database, whose tables were analysed while they were empty."""
    database.connect().execute("vacuum analyze")
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def fill_everything(fleet: Fleet) -> None:
    """Puts thousands of rows in every table that grows with the work, and analyses nothing."""
    fleet.fill(15_000)
    fleet.fill(5_000, run_at=fleet.now + timedelta(days=3000))
    holder = fleet.robot(max_concurrent_jobs=1)
    fleet.owner.execute(
        """
        with taken as (
            delete from private.ready where job_id in (select job_id from private.ready order by job_id desc limit 3000)
            returning *
        )
        insert into private.leases (
            job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt,
            claimed_at, lease_expires_at, timeout_at
        )
        select j.job_id, nextval('private.lease_tokens'), j.tenant_id, t.tenant_no, t.lane_id, %(robot)s, j.workflow_id,
            j.workflow_name, 1, now(), 'infinity', 'infinity'
        from taken as t join public.jobs as j using (job_id)
        """,
        {"robot": holder.robot_id},
    )
    for statement in (
        "insert into public.job_logs (tenant_id, job_id, attempt, message, logged_at) "
        "select tenant_id, job_id, 1, 'x', now() from public.jobs limit 10000",
        "insert into public.late_results (tenant_id, job_id, lease_token, outcome, payload) "
        "select tenant_id, job_id, 1, 'failed', '{}' from public.jobs limit 5000",
        "insert into public.dead_letters (job_id, tenant_id, workflow_id, reason, attempts) "
        "select job_id, tenant_id, workflow_id, 'timeout', 1 from public.jobs limit 5000",
        "insert into private.dedupe_keys (tenant_id, dedupe_key, job_id) "
        "select tenant_id, job_id::text, job_id from public.jobs limit 5000",
    ):
        fleet.owner.execute(statement)


def held(fleet: Fleet, robot: Robot) -> list[dict[str, Any]]:
    """What a robot holds, as a batch names it."""
    leases = fleet.owner.execute(
        "select job_id::text, lease_token from private.leases where robot_id = %s", [robot.robot_id]
    ).fetchall()
    assert len(leases) > 1
    return leases


def test_every_step_of_a_job_keeps_its_plan(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=50)
    watcher = PlanWatcher(fleet)
    admin = fleet.tenant.admin.claims
    found: list[str] = []

    def step(who: Claims, function: str, **arguments: object) -> Any:
        at(watcher.connection, fleet.now)
        answer = watcher.call(who, function, **arguments)
        found.extend(f"{function}: {fault}" for fault in watcher.full_scans + watcher.hash_joins)
        return answer

    def duty(expression: str) -> Any:
        count = watcher.run_duty(expression, fleet.now)
        found.extend(f"{expression}: {fault}" for fault in watcher.full_scans + watcher.hash_joins)
        return count

    def cycle() -> None:
        job = {"workflow_id": str(fleet.workflow.workflow_id), "priority": 0}
        policy = {"policy": "fixed", "base_delay_seconds": 60, "jitter": 0}
        step(admin, "enqueue_job", retry_policy=policy, **job)
        step(admin, "enqueue_jobs", jobs=[job, job | {"dedupe_key": "k"}])
        claimed = step(robot.claims, "claim_jobs")
        token = {"job_id": claimed["job_id"], "lease_token": claimed["lease_token"]}
        step(robot.claims, "renew_leases", leases=[{name: str(value) for name, value in token.items()}])
        step(robot.claims, "append_job_logs", entries=[{"level": "info", "message": "x"}], **token)
        step(robot.claims, "fail_job", error_message="x", **token)
        fleet.travel(seconds=60)
        assert duty("promote_scheduled_jobs()") == 1
        lost = step(robot.claims, "claim_jobs", limit=3)
        fleet.travel(seconds=61)
        assert duty("rescue_expired_leases()") == 3
        again = step(robot.claims, "claim_jobs")
        assert again["job_id"] == lost["job_id"] == claimed["job_id"]
        step(
            robot.claims, "fail_job", job_id=again["job_id"], lease_token=again["lease_token"], error_message="x",
            retryable=False,
        )  # fmt: skip
        step(admin, "list_waiting_reasons")
        step(admin, "get_job_series", interval="day", count=90)
        step(admin, "get_robot_measurements", robot=str(robot.robot_id))
        step(admin, "retry_job", job_id=again["job_id"])
        last = step(robot.claims, "claim_jobs")
        step(robot.claims, "complete_job", job_id=last["job_id"], lease_token=last["lease_token"])
        step(robot.claims, "claim_jobs", limit=2)
        step(robot.claims, "complete_jobs", results=held(fleet, robot))
        call(fleet.member, "set_retention", days={"jobs": 5})

    cycle()
    assert found == [], "on empty tables"
    fill_everything(fleet)
    cycle()
    assert found == [], "on full tables, with the plans of the empty ones"


def test_a_batch_opens_the_partition_of_its_jobs_only(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=50)
    for _ in range(3):
        fleet.enqueue()
    watcher = PlanWatcher(fleet)

    def partitions() -> set[str]:
        names = {node.get("Relation Name", "") for plan in watcher.plans for node in nodes(plan["Plan"])}
        return {name for name in names if name.startswith("jobs_")}

    watcher.call(robot.claims, "claim_jobs", limit=3)
    (claimed_from,) = partitions()
    watcher.call(robot.claims, "complete_jobs", results=held(fleet, robot))
    assert partitions() == {claimed_from} != {"jobs_default"}


def test_every_duty_keeps_its_plan(fleet: Fleet) -> None:
    watcher = PlanWatcher(fleet)
    found: list[str] = []

    def run_all() -> None:
        for expression in DUTIES:
            watcher.run_duty(expression, fleet.now)
            found.extend(f"{expression}: {fault}" for fault in watcher.full_scans + watcher.hash_joins)

    run_all()
    assert found == [], "on empty tables"
    fill_everything(fleet)
    run_all()
    fleet.travel(days=2000)
    run_all()
    assert found == [], "on full tables, with the plans of the empty ones"
    assert fleet.count("public.job_logs") == 0, "the duties had something to do"

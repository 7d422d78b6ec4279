"""What claims and cron do for all tenants: nothing of one keeps it from another, and nobody's name stands in it."""

from collections.abc import Iterator

import pytest
from tests.databases import Database
from tests.fleets import Fleet, Row, call, make_fleet

FIXED = {"policy": "fixed", "base_delay_seconds": 30}


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant in a database of its own."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


@pytest.fixture
def stranger(database: Database) -> Iterator[Fleet]:
    """Another tenant there."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def time_out(fleet: Fleet, stranger: Fleet) -> tuple[Row, Row]:
    """A job of each, claimed, whose time is over."""
    jobs = []
    for each in (fleet, stranger):
        robot = each.robot()
        each.enqueue(timeout_seconds=10, retry_policy=FIXED)
        jobs.append(each.start_one(robot))
    stranger.now = fleet.travel(seconds=11)
    stranger.travel()
    return jobs[0], jobs[1]


def status(fleet: Fleet, job: Row) -> str:
    return str(fleet.job(job["job_id"])["status"])


@pytest.mark.parametrize("field", ["base_delay_seconds", "max_delay_seconds", "jitter"])
def test_no_number_that_a_retry_policy_may_have_fails_a_retry(fleet: Fleet, field: str) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    # As it comes from a client that writes such a number; Python has none so small.
    policy = f'{{"policy": "exponential", "base_delay_seconds": 7, "{field}": 1e-400}}'
    fleet.owner.execute("update public.jobs set retry_policy = %s where job_id = %s", [policy, job["job_id"]])
    problem = fleet.owner.execute("select private.find_retry_policy_problem(%s::jsonb) as found", [policy]).fetchone()
    assert problem == {"found": None}
    assert fleet.report(robot, "fail_job", claimed, error_message="boom")["status"] == "queued"


def test_a_lease_that_cannot_be_ended_keeps_nobody_elses_from_being_rescued(fleet: Fleet, stranger: Fleet) -> None:
    call(stranger.member, "set_limit", scope="tenant", max_running=1)
    bad, good = time_out(fleet, stranger)
    fleet.owner.execute(
        """update public.jobs set retry_policy = retry_policy || '{"base_delay_seconds": "soon"}' where job_id = %s""",
        [bad["job_id"]],
    )
    warnings: list[str] = []
    fleet.owner.add_notice_handler(lambda notice: warnings.append(str(notice.message_primary)))
    assert fleet.run("rescue_expired_leases") == 1
    assert (status(fleet, bad), status(stranger, good)) == ("running", "queued")
    assert [str(bad["job_id"]) in warning for warning in warnings] == [True]
    assert call(stranger.member, "list_limits")["list_limits"]["running"] == 0
    fleet.owner.execute('update public.jobs set retry_policy = \'{"policy": "none"}\'')
    assert fleet.run("rescue_expired_leases") == 1
    assert status(fleet, bad) == "timeout"


def test_a_claim_that_does_what_is_due_leaves_no_trace_of_its_robot_in_another_tenant(
    fleet: Fleet, stranger: Fleet
) -> None:
    fleet.owner.execute("update public.tenants set quarantine_after_failures = 1")
    late, mine = time_out(fleet, stranger)
    session = stranger.robots[next(iter(stranger.robots))]
    stranger.enqueue()
    with session.transaction():
        session.execute("select set_config('casare.request_id', 'theirs', true)")
        session.execute("select set_config('casare.client_ip', '192.0.2.7', true)")
        call_claim = session.execute("select job_id from public.claim_jobs()").fetchall()
        after = session.execute("select current_setting('casare.request_id') as id").fetchone()
    assert (status(fleet, late), status(stranger, mine)) == ("queued", "queued")
    events = "select event_type, actor_id from private.event_inbox where tenant_id = %s and event_type in (%s, %s)"
    rows = fleet.owner.execute(events, [fleet.tenant.tenant_id, "job.retrying", "robot.quarantined"]).fetchall()
    assert {row["event_type"]: row["actor_id"] for row in rows} == {"job.retrying": None, "robot.quarantined": None}
    trail = fleet.owner.execute(
        "select principal, actor_id, request_id, ip_address from public.audit_log "
        "where tenant_id = %s and resource_type = 'robots' and action = 'update'",
        [fleet.tenant.tenant_id],
    ).fetchall()
    assert trail == [{"principal": "system", "actor_id": None, "request_id": None, "ip_address": None}]
    # And what the claim itself does is its robot's again.
    assert (call_claim, after) == ([], {"id": "theirs"}), "its robot is in quarantine, too"

"""Purging finished jobs by hand: what a tenant's administrator may delete, and what nobody may."""

import uuid
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, call, make_fleet, refused

ALL = ["completed", "failed", "cancelled", "timeout"]


def purge(fleet: Fleet, **arguments: object) -> dict[str, Any]:
    """What `purge_jobs` answers."""
    answer: dict[str, Any] = call(fleet.member, "purge_jobs", **arguments)["purge_jobs"]
    return answer


@pytest.fixture
def robot(fleet: Fleet) -> Robot:
    """The fleet's robot."""
    return fleet.robot(max_concurrent_jobs=20)


def finish(fleet: Fleet, robot: Robot, function: str, **arguments: object) -> uuid.UUID:
    """A job with a log entry that ended as `function` ends one."""
    fleet.enqueue()
    job = fleet.claim_one(robot)
    call(
        fleet.robots[robot.robot_id], "append_job_logs", job_id=job["job_id"], lease_token=job["lease_token"],
        entries=[{"level": "info", "message": "x"}],
    )  # fmt: skip
    fleet.report(robot, function, job, **arguments)
    found: uuid.UUID = job["job_id"]
    return found


def left(fleet: Fleet) -> set[uuid.UUID]:
    """The tenant's jobs."""
    return {row["job_id"] for row in fleet.member.execute("select job_id from public.jobs").fetchall()}


def test_finished_jobs_go_with_their_logs_and_live_ones_stay(fleet: Fleet, robot: Robot) -> None:
    done = finish(fleet, robot, "complete_job")
    failed = finish(fleet, robot, "fail_job", error_message="x", retryable=False)
    fleet.enqueue()
    held = fleet.claim_one(robot)["job_id"]
    waiting, delayed = fleet.enqueue()["job_id"], fleet.enqueue(run_at=fleet.now.replace(year=2099))["job_id"]
    fleet.travel(seconds=1)

    answer = purge(fleet)
    assert (answer["purged"], answer["dead_letters"], answer["log_entries"]) == (1, 0, 1)
    assert left(fleet) == {failed, held, waiting, delayed}
    answer = purge(fleet, status=ALL)
    assert (answer["purged"], answer["dead_letters"], answer["next_after"]) == (1, 1, None)
    assert left(fleet) == {held, waiting, delayed}
    assert fleet.member.execute("select from public.job_logs").fetchall() == []
    assert done not in left(fleet)


def test_a_dry_run_says_what_would_go_and_nothing_goes(fleet: Fleet, robot: Robot) -> None:
    for _ in range(2):
        finish(fleet, robot, "complete_job")
        finish(fleet, robot, "fail_job", error_message="x", retryable=False)
    fleet.enqueue()
    fleet.travel(seconds=1)
    before = left(fleet)
    for page in ({}, {"limit": 3}):
        counted = purge(fleet, status=ALL, dry_run=True, **page)
        assert left(fleet) == before
    assert (counted["seen"], counted["purged"], counted["dead_letters"]) == (3, 3, 1)
    assert purge(fleet, status=ALL, limit=3) == counted


def test_only_what_the_filter_names_goes(fleet: Fleet, robot: Robot) -> None:
    old = finish(fleet, robot, "complete_job")
    fleet.travel(minutes=1)
    between = fleet.now
    fleet.travel(minutes=1)
    young = finish(fleet, robot, "complete_job")
    fleet.travel(minutes=1)
    assert purge(fleet, status=["cancelled"])["purged"] == 0
    assert purge(fleet, workflow_id=uuid.uuid4())["purged"] == 0
    assert purge(fleet, workflow_id=fleet.workflow.workflow_id, finished_before=between)["purged"] == 1
    assert left(fleet) == {young}
    assert old != young


def test_a_call_looks_at_a_page_and_says_where_to_go_on(fleet: Fleet, robot: Robot) -> None:
    for _ in range(5):
        finish(fleet, robot, "complete_job")
    live = fleet.enqueue()["job_id"]
    fleet.travel(seconds=1)
    answer = purge(fleet, limit=3)
    assert (answer["purged"], answer["seen"]) == (3, 3)
    answer = purge(fleet, limit=3, after=uuid.UUID(answer["next_after"]))
    assert (answer["purged"], answer["seen"]) == (2, 3)
    assert answer["next_after"] == str(live)
    assert purge(fleet, limit=3, after=live) == {
        "purged": 0, "dead_letters": 0, "log_entries": 0, "seen": 0, "next_after": None,
    }  # fmt: skip


def test_jobs_of_others_are_out_of_reach(fleet: Fleet, stranger: Fleet) -> None:
    job = finish(stranger, stranger.robot(), "complete_job")
    fleet.travel(seconds=5)
    assert purge(fleet, status=ALL)["seen"] == 0
    assert left(stranger) == {job}


@pytest.mark.parametrize("role", ["developer", "operator", "viewer"])
def test_only_an_administrator_may_purge(shared_database: Database, role: str) -> None:
    fleet = make_fleet(shared_database, role)
    with refused(403, "FORBIDDEN"):
        purge(fleet)
    fleet.close()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 5001}, "limit"),
        ({"status": ["queued"]}, "status"),
        ({"status": []}, "status"),
    ],
)
def test_what_cannot_be_meant_is_refused(fleet: Fleet, arguments: dict[str, Any], word: str) -> None:
    with refused(400, "INVALID_ARGUMENT", word):
        purge(fleet, **arguments)


def test_a_purge_is_an_event(fleet: Fleet, robot: Robot) -> None:
    finish(fleet, robot, "complete_job")
    fleet.travel(seconds=1)
    purge(fleet)
    purge(fleet)
    rows = fleet.owner.execute(
        "select data from private.event_inbox where tenant_id = %s and event_type = 'jobs.purged'",
        [fleet.tenant.tenant_id],
    ).fetchall()
    assert [row["data"]["jobs"] for row in rows] == [1]

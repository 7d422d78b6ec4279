"""A tenant's queue can be full: enqueueing says so until some of what waits is done."""

from typing import Any

import pytest
from tests.database.test_queue_races import PATIENCE_SECONDS, is_waiting, run_beside
from tests.fleets import Fleet, call, call_all, refused


def check(fleet: Fleet) -> list[str]:
    """Runs the duty; the events of the tenant's queue so far."""
    fleet.run("check_waiting_quotas")
    rows = fleet.owner.execute(
        "select event_type from private.event_inbox "
        "where tenant_id = %s and event_type like 'queue.%%' order by inbox_id",
        [fleet.tenant.tenant_id],
    ).fetchall()
    return [row["event_type"] for row in rows]


def set_quota(fleet: Fleet, quota: object) -> None:
    """Sets the tenant's max_waiting."""
    fleet.owner.execute(
        "update public.tenants set settings = jsonb_build_object('queue', jsonb_build_object('max_waiting', %s::int)) "
        "where tenant_id = %s",
        [quota, fleet.tenant.tenant_id],
    )


def test_a_full_queue_takes_no_more_jobs_until_a_tenth_is_gone(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    set_quota(fleet, 10)
    for _ in range(9):
        fleet.enqueue()
    assert check(fleet) == []
    fleet.enqueue(run_at=fleet.now.replace(year=fleet.now.year + 1))
    assert check(fleet) == ["queue.full"]
    job = {"workflow_id": str(fleet.workflow.workflow_id)}
    with refused(429, "QUEUE_FULL"):
        fleet.enqueue()
    rows = call_all(fleet.member, "enqueue_jobs", jobs=[job, job])
    assert [(row["error_status"], row["error_code"], row["job_id"]) for row in rows] == [(429, "QUEUE_FULL", None)] * 2

    fleet.claim(robot)
    assert check(fleet) == ["queue.full"], "nine of ten: not yet, or it would flap"
    fleet.claim(robot)
    assert check(fleet) == ["queue.full", "queue.has_room"]
    fleet.enqueue()


def test_a_full_queue_refuses_each_dead_letter_and_not_the_batch(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(max_attempts=1)
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    set_quota(fleet, 1)
    fleet.enqueue()
    assert check(fleet) == ["queue.full"]
    rows = call_all(fleet.member, "requeue_dead_letters", job_ids=[job["job_id"]])
    assert [(row["error_status"], row["error_code"]) for row in rows] == [(429, "QUEUE_FULL")]


def test_a_job_that_is_there_already_is_found_in_a_full_queue(fleet: Fleet) -> None:
    set_quota(fleet, 1)
    job = fleet.enqueue(dedupe_key="k")
    check(fleet)
    assert fleet.enqueue(dedupe_key="k")["job_id"] == job["job_id"]
    with refused(429, "QUEUE_FULL"):
        fleet.enqueue(dedupe_key="j")
    wishes = [{"workflow_id": str(fleet.workflow.workflow_id), "dedupe_key": key} for key in ("j", "k")]
    rows = call_all(fleet.member, "enqueue_jobs", jobs=wishes)
    assert [(row["job_id"], row["error_code"]) for row in rows] == [(None, "QUEUE_FULL"), (job["job_id"], None)]
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    check(fleet)
    assert fleet.enqueue(dedupe_key="j")["status"] == "queued"


def test_a_queue_that_becomes_full_during_a_batch_refuses_what_comes_after_and_not_the_batch(fleet: Fleet) -> None:
    fleet.enqueue()
    wish = {"workflow_id": str(fleet.workflow.workflow_id)}
    with fleet.owner.transaction(force_rollback=True), fleet.database.connect() as watcher:
        # The batch waits here between its first and its last job.
        fleet.owner.execute(
            "insert into private.dedupe_keys (tenant_id, dedupe_key, job_id) values (%s, 'k', gen_random_uuid())",
            [fleet.tenant.tenant_id],
        )
        batch = [wish, wish | {"dedupe_key": "k"}, wish]
        beside = run_beside(lambda: call_all(fleet.member, "enqueue_jobs", jobs=batch))
        assert is_waiting(watcher)
        watcher.execute(
            "update private.queue_tenants set is_full = true where tenant_id = %s", [fleet.tenant.tenant_id]
        )
    rows = beside.result(PATIENCE_SECONDS)
    assert isinstance(rows, list)
    assert [(row["status"], row["error_code"]) for row in rows] == [
        ("queued", None),
        ("queued", None),
        (None, "QUEUE_FULL"),
    ]


def test_the_queue_of_a_tenant_is_not_full_for_another(fleet: Fleet, stranger: Fleet) -> None:
    set_quota(fleet, 0)
    fleet.enqueue()
    stranger.enqueue()
    check(fleet)
    with refused(429, "QUEUE_FULL"):
        fleet.enqueue()
    stranger.enqueue()


@pytest.mark.parametrize(
    ("plan", "settings", "quota"),
    [
        ("free", "{}", 1_000_000),
        ("pro", "{}", 10_000_000),
        ("enterprise", "{}", None),
        ("enterprise", '{"queue": {"max_waiting": 5}}', 5),
        ("free", '{"queue": {"max_waiting": "many"}}', 1_000_000),
        ("free", '{"queue": {"max_waiting": -1}}', 1_000_000),
    ],
)
def test_the_quota_is_the_plans_unless_a_setting_says_another(
    fleet: Fleet, plan: str, settings: str, quota: Any
) -> None:
    row = fleet.owner.execute("select private.waiting_quota(%s, %s) as quota", [plan, settings]).fetchone()
    assert row == {"quota": quota}

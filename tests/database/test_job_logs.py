"""The log of a job: who may append to it and until when, and batches that are sent twice."""

import threading
from typing import Any

import pytest
from tests.database.asserting import wait_for_lock
from tests.fleets import Fleet, Row, call, refused

ENTRIES = [{"message": "one"}, {"message": "two"}]


def logged(fleet: Fleet, job: Row) -> list[str]:
    rows = fleet.member.execute(
        "select message from public.job_logs where job_id = %s order by job_log_id", [job["job_id"]]
    )
    return [row["message"] for row in rows]


def test_logs_are_kept_for_the_holder_only_and_all_or_nothing(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    entries = [
        {"level": "info", "message": "one", "node_id": "start", "timestamp": "2026-11-21T08:00:00Z"},
        {"message": "two", "extra": {"n": 1}},
    ]
    assert fleet.report(robot, "append_job_logs", claimed, entries=entries) == 2
    rows = fleet.member.execute(
        "select level, message, node_id, extra, attempt from public.job_logs where job_id = %s order by job_log_id",
        [job["job_id"]],
    ).fetchall()
    assert rows == [
        {"level": "info", "message": "one", "node_id": "start", "extra": None, "attempt": 1},
        {"level": "info", "message": "two", "node_id": None, "extra": {"n": 1}, "attempt": 1},
    ]
    for bad, word in [({"message": "x", "level": "loud"}, "level"), ({"level": "info"}, "message")]:
        with refused(400, "INVALID_ARGUMENT", "entries[1]", word):
            fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "good"}, bad])
    with refused(400, "INVALID_ARGUMENT", "timestamp"):
        fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "x", "timestamp": "soon"}])
    for never in ("infinity", "-infinity", "20000-01-01T00:00:00Z", "2026-01-02T00:00:00-16:09"):
        with refused(400, "INVALID_ARGUMENT", "timestamp"):
            fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "x", "timestamp": never}])
    with refused(409, "LEASE_LOST"):
        fleet.report(robot, "append_job_logs", claimed | {"lease_token": 0}, entries=entries)
    assert fleet.owner.execute(
        "select count(*) as n from public.job_logs where job_id = %s", [job["job_id"]]
    ).fetchone() == {"n": 2}


def test_a_batch_that_is_sent_again_is_stored_once_and_answered_alike(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    for sequence in (1, 2, 1, 2, 0):
        assert fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES, sequence=sequence) == 2
    assert logged(fleet, job) == ["one", "two"] * 3
    for _ in range(2):  # without a number nobody can know
        assert fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "x"}]) == 1
    assert logged(fleet, job)[6:] == ["x", "x"]
    with refused(400, "INVALID_ARGUMENT", "sequence"):
        fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES, sequence=-1)


def test_the_numbers_of_another_lease_are_its_own(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    for _ in range(2):
        claimed = fleet.claim_one(robot)
        fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES, sequence=1)
        fleet.report(robot, "release_job", claimed)
    assert logged(fleet, job) == ["one", "two"] * 2


def test_a_batch_that_is_sent_twice_at_once_is_stored_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    first, second = fleet.robots[robot.robot_id], fleet.database.connect("authenticated", robot.claims)
    arguments: dict[str, Any] = {"job_id": claimed["job_id"], "lease_token": claimed["lease_token"], "sequence": 1}
    answers: list[Row] = []

    def send_again() -> None:
        answers.append(call(second, "append_job_logs", entries=ENTRIES, **arguments))

    with first.transaction():
        call(first, "append_job_logs", entries=ENTRIES, **arguments)
        thread = threading.Thread(target=send_again)
        thread.start()
        wait_for_lock(fleet.owner, second.info.backend_pid)
    thread.join(120)
    second.close()
    assert answers == [{"append_job_logs": 2}]
    assert logged(fleet, job) == ["one", "two"]


@pytest.mark.parametrize("retryable", [None, False, True], ids=["completed", "failed", "to be tried again"])
def test_the_last_lines_may_come_after_the_outcome_from_the_robot_that_reported_it(
    fleet: Fleet, retryable: bool | None
) -> None:
    robot, other = fleet.robot(), fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    if retryable is None:
        fleet.report(robot, "complete_job", claimed)
    else:
        fleet.report(robot, "fail_job", claimed, error_message="no", retryable=retryable)
    for _ in range(2):
        assert fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES, sequence=1) == 2
    assert logged(fleet, job) == ["one", "two"]
    code = "LEASE_LOST" if retryable else "JOB_ALREADY_FINISHED"
    with refused(409, code):
        fleet.report(other, "append_job_logs", claimed, entries=ENTRIES)
    with refused(409, code):
        fleet.report(robot, "append_job_logs", claimed | {"lease_token": claimed["lease_token"] - 1}, entries=ENTRIES)
    fleet.travel(minutes=11)
    if retryable:
        fleet.report(other, "complete_job", fleet.claim_one(other))
        code = "JOB_ALREADY_FINISHED"
    with refused(409, code):
        fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES)


def test_a_lease_that_was_lost_logs_no_more(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.travel(seconds=61)
    fleet.run("rescue_expired_leases")
    with refused(409, "LEASE_LOST"):
        fleet.report(robot, "append_job_logs", claimed, entries=ENTRIES)

"""A robot that knows no lease tokens names the job alone: which attempt it means, and what is not taken for it."""

from typing import Any

import pytest
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, refused


def say(fleet: Fleet, robot: Robot, function: str, job: Row, **arguments: object) -> Any:
    """What a verb answers to a robot that names no lease."""
    return call(fleet.robots[robot.robot_id], function, job_id=job["job_id"], **arguments)[function]


def lose(fleet: Fleet, robot: Robot, **properties: object) -> Row:
    """A job that the robot ran, and whose lease ended without a word of it."""
    fleet.enqueue(max_attempts=5, **properties)
    job = fleet.start_one(robot)
    fleet.travel(seconds=61)
    assert fleet.rescue() == 1
    return job


def lose_and_claim(fleet: Fleet, robot: Robot) -> Row:
    """The same job in the hands of the same robot again."""
    job = lose(fleet, robot)
    assert fleet.start_one(robot)["job_id"] == job["job_id"]
    return job


@pytest.mark.parametrize(
    ("verb", "arguments", "status"),
    [
        ("complete_job", {"result": {"rows": 3}}, "completed"),
        ("fail_job", {"error_message": "boom", "retryable": False}, "failed"),
        ("release_job", {}, "queued"),
    ],
)
def test_without_a_token_the_robots_one_live_lease_is_meant(
    fleet: Fleet, verb: str, arguments: Row, status: str
) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    assert say(fleet, robot, "start_job", job)["status"] == "running"
    assert say(fleet, robot, "append_job_logs", job, lease_token=None, entries=[{"message": "line"}]) == 1
    [renewed] = call_all(fleet.robots[robot.robot_id], "renew_leases", leases=[{"job_id": str(job["job_id"])}])
    assert renewed["renewed"] is True
    assert say(fleet, robot, verb, job, **arguments)["status"] == status
    assert fleet.job(job["job_id"])["status"] == status


@pytest.mark.parametrize("verb", ["complete_job", "fail_job"])
def test_a_report_without_a_token_that_is_repeated_gets_the_same_answer(fleet: Fleet, verb: str) -> None:
    robot = fleet.robot()
    fleet.enqueue(retry_policy={"policy": "none"})
    job = fleet.start_one(robot)
    arguments = {"fail_job": {"error_message": "boom"}}.get(verb, {})
    assert say(fleet, robot, verb, job, **arguments) == say(fleet, robot, verb, job, **arguments)
    assert fleet.member.execute("select from public.late_results").fetchall() == []


def test_without_a_lease_and_without_a_token_nothing_is_changed(fleet: Fleet) -> None:
    holder, stranger = fleet.robot(), fleet.robot()
    fleet.enqueue()
    job = fleet.start_one(holder)
    for verb, arguments in ("complete_job", {}), ("fail_job", {"error_message": "boom"}), ("release_job", {}):
        with refused(409, "LEASE_LOST"):
            say(fleet, stranger, verb, job, **arguments)
    [answer] = call_all(fleet.robots[stranger.robot_id], "renew_leases", leases=[{"job_id": str(job["job_id"])}])
    assert answer["renewed"] is False
    assert fleet.job(job["job_id"])["status"] == "running"


def test_a_late_report_without_a_token_is_kept_as_evidence(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = lose(fleet, robot)
    assert say(fleet, robot, "complete_job", job, result={"rows": 3})["details"] == "LEASE_LOST"
    [late] = fleet.member.execute("select lease_token, payload from public.late_results").fetchall()
    assert late == {"lease_token": job["lease_token"], "payload": {"result": {"rows": 3}}}
    # It has said that it is done, so that what it says of the next attempt is of that.
    fleet.start_one(robot)
    assert say(fleet, robot, "complete_job", job, result={"rows": 4})["status"] == "completed"


def test_the_first_report_after_a_silent_end_may_be_the_older_attempts_and_is_not_taken(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = lose_and_claim(fleet, robot)
    with refused(409, "LEASE_LOST"):
        say(fleet, robot, "release_job", job)
    assert say(fleet, robot, "complete_job", job, result={"n": 1})["details"] == "LEASE_LOST"
    assert say(fleet, robot, "complete_job", job, result={"n": 1})["details"] == "LEASE_LOST", "the same report again"
    assert fleet.job(job["job_id"])["status"] == "running"
    assert say(fleet, robot, "complete_job", job, result={"n": 2})["status"] == "completed", "both have ended by now"
    assert fleet.job(job["job_id"])["result"] == {"n": 2}


def test_a_robot_that_ran_nothing_since_the_silent_end_means_the_newer_attempt(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = lose(fleet, robot)
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"current_job_count": 1})
    fleet.travel(seconds=1)
    fleet.start_one(robot)
    assert say(fleet, robot, "complete_job", job, result={"n": 1})["details"] == "LEASE_LOST"
    fleet.travel(seconds=61)
    assert fleet.rescue() == 1
    fleet.travel(seconds=1)
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"current_job_count": 0})
    fleet.start_one(robot)
    assert say(fleet, robot, "complete_job", job, result={"n": 2})["status"] == "completed"


def test_what_took_longer_than_the_lease_is_old_is_not_of_it(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = lose(fleet, robot)
    fleet.travel(seconds=1)
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"current_job_count": 0})
    fleet.start_one(robot)
    fleet.travel(seconds=5)
    assert say(fleet, robot, "complete_job", job, result={"duration_ms": 66_000})["details"] == "LEASE_LOST"
    assert say(fleet, robot, "complete_job", job, result={"duration_ms": 4_900})["status"] == "completed"


def test_an_attempt_that_was_reported_leaves_no_doubt_about_the_next(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(retry_policy={"policy": "fixed", "base_delay_seconds": 0})
    job = fleet.start_one(robot)
    say(fleet, robot, "fail_job", job, error_message="boom")
    fleet.start_one(robot)
    say(fleet, robot, "release_job", job)
    fleet.start_one(robot)
    assert say(fleet, robot, "complete_job", job)["status"] == "completed"

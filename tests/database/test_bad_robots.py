"""Robots that fail, die or never ask, jobs that kill robots, and what people tell robots."""

import uuid
from typing import Any

import pytest
from tests.factories import Robot, make_member
from tests.fleets import Fleet, call, refused, state_of

AT_ONCE = {"policy": "fixed", "base_delay_seconds": 0}


def fail(fleet: Fleet, robot: Robot, **arguments: object) -> None:
    """One attempt that the robot fails."""
    job = fleet.claim_one(robot)
    fleet.report(robot, "fail_job", job, **({"error_message": "boom"} | arguments))


def live(fleet: Fleet, robot: Robot) -> dict[str, Any]:
    row = fleet.member.execute("select * from public.live_robots where robot_id = %s", [robot.robot_id]).fetchone()
    assert row is not None
    return row


def robot_events(fleet: Fleet, robot: Robot) -> list[dict[str, Any]]:
    return fleet.owner.execute(
        "select event_type as type, data, actor_id from private.event_inbox where robot_id = %s and job_id is null "
        "order by inbox_id",
        [robot.robot_id],
    ).fetchall()


def types(fleet: Fleet, robot: Robot) -> list[str]:
    return [event["type"] for event in robot_events(fleet, robot)]


def command(fleet: Fleet, robot: Robot, word: str, reason: str | None = None) -> uuid.UUID:
    answer = call(fleet.member, "command_robot", robot=robot.external_id, command=word, reason=reason)
    return uuid.UUID(answer["command_robot"]["command_id"])


def heartbeat(fleet: Fleet, robot: Robot, *acknowledged: uuid.UUID) -> list[dict[str, Any]]:
    """The commands that wait for a robot, after it acknowledged some."""
    row = call(fleet.robots[robot.robot_id], "record_heartbeat", acknowledged_commands=list(acknowledged))
    found: list[dict[str, Any]] = row["record_heartbeat"]["pending_commands"]
    return found


# -- quarantine


def test_a_robot_that_fails_five_times_in_a_row_gets_nothing_until_a_person_releases_it(fleet: Fleet) -> None:
    robot = fleet.robot()
    for _ in range(6):
        fleet.enqueue(max_attempts=1)
    for _ in range(4):
        fail(fleet, robot)
    assert live(fleet, robot)["quarantined_at"] is None
    fail(fleet, robot)
    seen = live(fleet, robot)
    assert (seen["quarantined_at"], state_of(seen)) == (fleet.now, "error")
    assert seen["quarantine_reason"] == "It failed 5 attempts in a row."
    assert fleet.claim(robot) == []
    event = robot_events(fleet, robot)[-1]
    assert (event["type"], event["data"]["failures"]) == ("robot.quarantined", 5)

    command(fleet, robot, "release")
    assert live(fleet, robot)["quarantined_at"] is None
    assert types(fleet, robot)[-1] == "robot.released"
    fail(fleet, robot)
    assert live(fleet, robot)["quarantined_at"] is None, "it starts to count anew"


def test_a_success_ends_the_count_of_failures(fleet: Fleet) -> None:
    robot = fleet.robot()
    for _ in range(9):
        fleet.enqueue(max_attempts=1)
    for _ in range(4):
        fail(fleet, robot)
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    for _ in range(4):
        fail(fleet, robot)
    assert live(fleet, robot)["quarantined_at"] is None


@pytest.mark.parametrize("how", ["not_retryable", "named_by_the_policy", "cancelled", "released", "lost"])
def test_what_is_not_the_robots_fault_is_not_counted(fleet: Fleet, how: str) -> None:
    call(fleet.member, "update_tenant", quarantine_after_failures=1)
    robot = fleet.robot()
    fleet.enqueue(max_attempts=2, retry_policy=AT_ONCE | {"non_retryable_errors": ["NoSuchCustomer"]})
    job = fleet.claim_one(robot)
    if how == "not_retryable":
        fleet.report(robot, "fail_job", job, error_message="No such customer.", retryable=False)
    elif how == "named_by_the_policy":
        fleet.report(robot, "fail_job", job, error_message="x", error_type="NoSuchCustomer")
    elif how == "cancelled":
        call(fleet.member, "cancel_job", job_id=job["job_id"])
        fleet.report(robot, "fail_job", job, error_message="stopped")
    elif how == "released":
        fleet.report(robot, "release_job", job)
    else:
        fleet.travel(minutes=5)
        assert fleet.rescue() == 1
    assert live(fleet, robot)["quarantined_at"] is None


def test_the_tenant_says_how_many_failures_are_too_many_and_zero_is_never(fleet: Fleet) -> None:
    robot = fleet.robot()
    call(fleet.member, "update_tenant", quarantine_after_failures=0)
    for _ in range(8):
        fleet.enqueue(max_attempts=1)
    for _ in range(7):
        fail(fleet, robot)
    assert live(fleet, robot)["quarantined_at"] is None
    call(fleet.member, "update_tenant", quarantine_after_failures=2)
    fail(fleet, robot)
    assert live(fleet, robot)["quarantined_at"] is not None
    with refused(400, "INVALID_ARGUMENT", "quarantine_after_failures"):
        call(fleet.member, "update_tenant", quarantine_after_failures=-1)


def test_a_robot_in_quarantine_finishes_what_it_holds(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    command(fleet, robot, "quarantine", "smoke")
    assert fleet.report(robot, "complete_job", job)["status"] == "completed"
    with refused(409, "ROBOT_QUARANTINED"):
        command(fleet, robot, "quarantine")


# -- poison jobs


def lose(fleet: Fleet, robot: Robot) -> uuid.UUID:
    """The robot begins a job and is never heard of again."""
    job = fleet.start_one(robot)
    fleet.travel(seconds=61)
    assert fleet.rescue() == 1
    job_id: uuid.UUID = job["job_id"]
    return job_id


def test_a_job_on_which_two_robots_died_is_a_dead_letter_and_kills_no_third(fleet: Fleet) -> None:
    one, two, three = fleet.robot(), fleet.robot(), fleet.robot()
    fleet.enqueue(max_attempts=10)
    lose(fleet, one)
    job_id = lose(fleet, two)
    assert fleet.claim(three) == []
    assert (fleet.job(job_id)["status"], fleet.job(job_id)["error_type"]) == ("failed", "POISON_JOB")
    letter = fleet.owner.execute("select reason from public.dead_letters where job_id = %s", [job_id]).fetchone()
    assert letter == {"reason": "poison"}
    assert fleet.events(job_id)[-2:] == ["job.failed", "job.poisoned"]


def test_a_robot_that_dies_twice_proves_nothing_against_the_job(fleet: Fleet) -> None:
    one, two = fleet.robot(), fleet.robot()
    fleet.enqueue(max_attempts=10)
    lose(fleet, one)
    lose(fleet, one)
    assert len(fleet.claim(two)) == 1


def test_a_robot_that_a_person_deleted_did_not_die(fleet: Fleet) -> None:
    one, two, three = fleet.robot(), fleet.robot(), fleet.robot()
    fleet.enqueue(max_attempts=10)
    fleet.start_one(one)
    call(fleet.member, "delete_robot", robot=one.external_id)
    assert fleet.rescue() == 1
    lose(fleet, two)
    assert len(fleet.claim(three)) == 1


# -- deaf robots


def test_a_robot_that_lives_and_never_asks_for_the_work_that_waits_is_noticed_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.claim(robot)
    fleet.enqueue()
    for _ in range(7):
        fleet.travel(minutes=1)
        heartbeat(fleet, robot)
    assert fleet.run("notice_deaf_robots") == 1
    assert fleet.run("notice_deaf_robots") == 0
    assert types(fleet, robot)[-1] == "robot.deaf"
    assert live(fleet, robot)["deaf_since"] == live(fleet, robot)["last_claim_at"]
    assert len(fleet.claim(robot)) == 1
    assert live(fleet, robot)["deaf_since"] is None


@pytest.mark.parametrize("why", ["asks", "nothing fits", "slots full", "paused", "silent"])
def test_a_robot_that_has_a_reason_not_to_ask_is_not_deaf(fleet: Fleet, why: str) -> None:
    robot = fleet.robot()
    if why == "slots full":
        fleet.enqueue()
        fleet.claim(robot, lease_seconds=3600)
    if why == "paused":
        command(fleet, robot, "pause")
    fleet.enqueue(required_capabilities=["other"] if why in ("nothing fits", "asks") else [])
    for _ in range(7):
        fleet.travel(minutes=1)
        if why != "silent":
            heartbeat(fleet, robot)
        if why == "asks":
            fleet.claim(robot)
    assert fleet.run("notice_deaf_robots") == 0


# -- commands


@pytest.mark.parametrize(
    ("word", "mode", "claims"),
    [("pause", "paused", 0), ("drain", "draining", 0), ("shutdown", "active", 1), ("resume", "active", 1)],
)
def test_a_command_is_obeyed_by_the_cloud_at_once_and_by_the_robot_when_it_hears(
    fleet: Fleet, word: str, mode: str, claims: int
) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    command_id = command(fleet, robot, word, "spring cleaning")
    assert live(fleet, robot)["mode"] == mode
    push = fleet.pushes(f"robot:{robot.robot_id}")[-1]
    assert (push["event"], push["payload"]["command_id"]) == (word, str(command_id))
    waiting = heartbeat(fleet, robot)
    assert [(c["command"], c["command_id"], c["reason"]) for c in waiting] == [
        (word, str(command_id), "spring cleaning")
    ]
    assert live(fleet, robot)["last_command"]["acknowledged_at"] is None
    assert heartbeat(fleet, robot, command_id) == []
    assert live(fleet, robot)["last_command"]["acknowledged_at"] is not None
    assert len(fleet.claim(robot)) == claims


def test_the_newest_command_is_the_one_that_counts(fleet: Fleet) -> None:
    robot = fleet.robot()
    command(fleet, robot, "pause")
    newest = command(fleet, robot, "resume")
    assert [c["command_id"] for c in heartbeat(fleet, robot)] == [str(newest)]


def test_a_robot_that_was_started_again_is_not_shut_down_by_an_old_word(fleet: Fleet) -> None:
    robot = fleet.robot()
    command(fleet, robot, "shutdown")
    call(fleet.robots[robot.robot_id], "register_robot", external_id=robot.external_id, name="again")
    assert heartbeat(fleet, robot) == []


def test_a_robot_acknowledges_its_own_commands_only(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    command_id = command(fleet, robot, "pause")
    heartbeat(fleet, other, command_id)
    assert len(heartbeat(fleet, robot)) == 1


def test_a_command_that_nobody_knows_or_may_give_is_refused(fleet: Fleet, stranger: Fleet) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", "command"):
        command(fleet, robot, "explode")
    with refused(404, "ROBOT_NOT_FOUND"):
        command(stranger, robot, "pause")
    viewer = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "viewer").claims)
    with refused(403, "FORBIDDEN"):
        call(viewer, "command_robot", robot=robot.external_id, command="pause")
    viewer.close()

"""Leases that were never started: they cost nothing, are asked for again, and go back when they are unknown."""

import uuid
from typing import Any

import pytest
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, refused, state_of


def expire(fleet: Fleet) -> None:
    fleet.travel(seconds=61)
    fleet.run("rescue_expired_leases")


def held_ids(fleet: Fleet) -> set[uuid.UUID]:
    """The jobs of this tenant that are held."""
    rows = fleet.member.execute("select job_id from private.leases").fetchall()
    return {row["job_id"] for row in rows}


def heartbeat(fleet: Fleet, robot: Robot, *known: Row, **arguments: Any) -> Any:
    metrics = {"active_job_ids": [str(job["job_id"]) for job in known]}
    return call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=metrics, **arguments)["record_heartbeat"]


def untouched(fleet: Fleet, job: Row) -> None:
    """As if it had never been handed out."""
    now = fleet.job(job["job_id"])
    assert (now["status"], now["attempts"], now["claimed_at"], now["started_at"], now["robot_id"]) == (
        "queued", 0, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize("end", ["expired", "released", "deleted", "restarted", "unknown", "time over", "no progress"])
def test_the_end_of_a_lease_that_was_never_started_costs_no_attempt_and_blames_nobody(fleet: Fleet, end: str) -> None:
    call(fleet.member, "set_limit", scope="tenant", max_running=1)
    robot = fleet.robot()
    job = fleet.enqueue(
        max_attempts=1,
        retry_policy={"policy": "none"},
        timeout_seconds=20 if end == "time over" else 3600,
        progress_timeout_seconds=20 if end == "no progress" else None,
    )
    claimed = fleet.claim_one(robot)
    if end == "released":
        assert fleet.report(robot, "release_job", claimed)["status"] == "queued"
    elif end == "restarted":
        call(fleet.robots[robot.robot_id], "register_robot", external_id=robot.external_id, name="r", held_leases="[]")
    elif end == "unknown":
        fleet.travel(seconds=11)
        heartbeat(fleet, robot)
    elif end == "deleted":
        call(fleet.member, "delete_robot", robot=robot.external_id)
        fleet.run("rescue_expired_leases")
    else:
        expire(fleet)
    untouched(fleet, job)
    assert fleet.member.execute("select from public.dead_letters").fetchall() == []
    failures = "select from private.robot_failures where robot_id = %s"
    assert fleet.owner.execute(failures, [robot.robot_id]).fetchall() == []
    assert call(fleet.member, "list_limits")["list_limits"]["running"] == 0
    assert fleet.claim_one(fleet.robot())["attempt"] == 1


def test_a_job_that_many_robots_were_handed_and_never_started_is_no_poison(fleet: Fleet) -> None:
    job = fleet.enqueue(max_attempts=1)
    for _ in range(3):
        fleet.claim_one(fleet.robot())
        expire(fleet)
    untouched(fleet, job)


def test_a_job_that_nobody_starts_waits_longer_each_time_and_says_so(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    waits = []
    for _ in range(12):
        answer = fleet.report(robot, "release_job", fleet.claim_one(robot))
        row = fleet.member.execute("select run_at from private.scheduled").fetchone()
        waits.append((row["run_at"] - fleet.now).total_seconds() if row else 0)
        assert ("retry_at" in answer) == bool(row)
        if row:
            said = call(fleet.member, "explain_job", job_id=job["job_id"])["explain_job"]
            assert said["reason_code"] == "start_backoff"
            assert f"{len(waits)} times" in said["sentence"]
            fleet.travel(seconds=waits[-1])
            fleet.run("promote_scheduled_jobs")
    assert waits == [0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_an_attempt_that_was_started_and_failed_begins_the_count_anew(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(retry_policy={"policy": "fixed", "base_delay_seconds": 0})
    for _ in range(3):
        fleet.report(robot, "release_job", fleet.claim_one(robot))
    fleet.report(robot, "fail_job", fleet.start_one(robot), error_message="boom")
    for _ in range(3):
        assert "retry_at" not in fleet.report(robot, "release_job", fleet.claim_one(robot))


def test_a_job_that_nobody_started_collides_with_no_other_of_its_key_when_its_pause_is_over(fleet: Fleet) -> None:
    call(
        fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1, on_collision="cancel_newest",
    )  # fmt: skip
    robot = fleet.robot()
    job = fleet.enqueue(concurrency_key="k")
    for _ in range(4):
        fleet.report(robot, "release_job", fleet.claim_one(robot))
    fleet.enqueue(concurrency_key="k")
    fleet.travel(seconds=6)
    fleet.run("promote_scheduled_jobs")
    untouched(fleet, job)


def test_a_job_that_was_to_stop_and_was_never_started_ends_without_a_start(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(dedupe_key="d")
    fleet.claim_one(robot)
    call(fleet.member, "cancel_job", job_id=job["job_id"], reason="Wrong file")
    expire(fleet)
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["started_at"], ended["attempts"], ended["error_message"]) == (
        "cancelled", None, 0, "Wrong file",
    )  # fmt: skip
    assert fleet.enqueue(dedupe_key="d")["job_id"] != job["job_id"]


# A claim that is asked again.


def test_a_claim_whose_answer_was_lost_is_answered_again_and_takes_nothing_new(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    for _ in range(4):
        fleet.enqueue()
    claim_id = uuid.uuid4()
    lost = fleet.claim(robot, limit=2, claim_id=claim_id)
    fleet.travel(seconds=40)
    again = fleet.claim(robot, limit=3, claim_id=claim_id)
    moved = {"lease_expires_at": again[0]["lease_expires_at"]}
    assert [row | moved for row in lost] == again
    assert (again[0]["lease_expires_at"] - fleet.now).total_seconds() == 60
    fleet.report(robot, "start_job", again[0])
    assert [row["job_id"] for row in fleet.claim(robot, claim_id=claim_id)] == [again[1]["job_id"]]
    fleet.report(robot, "start_job", again[1])
    assert fleet.claim(robot, limit=3, claim_id=claim_id) == [], "both are started, and nothing new is taken"
    assert len(fleet.claim(robot, limit=3, claim_id=uuid.uuid4())) == 2
    assert fleet.events(lost[0]["job_id"]) == ["job.queued", "job.claimed", "job.started"]


def test_a_claim_that_came_back_empty_may_be_asked_again_until_there_is_work(fleet: Fleet) -> None:
    robot, claim_id = fleet.robot(), uuid.uuid4()
    assert fleet.claim(robot, claim_id=claim_id) == []
    job = fleet.enqueue()
    assert [row["job_id"] for row in fleet.claim(robot, claim_id=claim_id)] == [job["job_id"]]


def test_the_claim_of_another_robot_is_not_answered_again(fleet: Fleet) -> None:
    one, two, claim_id = fleet.robot(), fleet.robot(), uuid.uuid4()
    fleet.enqueue()
    fleet.claim(one, claim_id=claim_id)
    assert fleet.claim(two, claim_id=claim_id) == []


# What a robot knows, and what it does not.


def test_a_heartbeat_gives_back_only_what_was_not_started_and_whose_answer_cannot_be_under_way(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=9)
    jobs = [fleet.enqueue() for _ in range(5)]
    claim_id = uuid.uuid4()
    running, known, unknown = fleet.claim(robot, limit=3)
    fleet.report(robot, "start_job", running)
    [in_flight] = fleet.claim(robot, claim_id=claim_id)
    fleet.travel(seconds=9)
    [young] = fleet.claim(robot)
    fleet.travel(seconds=2)
    heartbeat(fleet, robot, known, claims_in_flight=[claim_id])
    assert held_ids(fleet) == {job["job_id"] for job in (running, known, in_flight, young)}
    untouched(fleet, unknown)
    assert fleet.events(unknown["job_id"]) == ["job.queued", "job.claimed", "job.queued"]
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"cpu_percent": 1})
    assert len(held_ids(fleet)) == len(jobs) - 1, "who names no list says nothing"


def test_a_list_of_jobs_that_is_none_is_refused(fleet: Fleet) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", "active_job_ids"):
        call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"active_job_ids": 3})


def register(fleet: Fleet, robot: Robot, held: list[Row] | None = None, **arguments: Any) -> Row:
    named = None if held is None else [
        {"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in held
    ]  # fmt: skip
    return call(
        fleet.robots[robot.robot_id],
        "register_robot",
        external_id=robot.external_id,
        name="r",
        max_concurrent_jobs=9,
        **({} if named is None else {"held_leases": named or "[]"}),
        **arguments,
    )


def test_a_robot_that_was_started_again_gives_back_what_it_does_not_know_at_once_and_uncounted(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=9)
    for _ in range(3):
        fleet.enqueue(max_attempts=1)
    kept, running, waiting = fleet.claim(robot, limit=3)
    fleet.report(robot, "start_job", kept)
    fleet.report(robot, "start_job", running)
    register(fleet, robot)
    assert len(held_ids(fleet)) == 3, "who names no leases says nothing"
    register(fleet, robot, [kept, running | {"lease_token": running["lease_token"] - 1}], session_id=uuid.uuid4())
    assert fleet.job(kept["job_id"])["status"] == "running"
    untouched(fleet, running)
    untouched(fleet, waiting)
    assert len(call_all(fleet.robots[robot.robot_id], "claim_jobs", limit=9)) == 2


def test_a_registration_that_comes_again_late_takes_nothing_from_its_own_process(fleet: Fleet) -> None:
    robot, session_id = fleet.robot(), uuid.uuid4()
    register(fleet, robot, [], session_id=session_id)
    fleet.enqueue()
    fleet.claim_one(robot)
    register(fleet, robot, [], session_id=session_id)
    assert len(held_ids(fleet)) == 1


def test_a_job_that_must_not_run_twice_ends_when_its_robot_was_started_again(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy={"policy": "none"})
    fleet.start_one(robot)
    register(fleet, robot, [])
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["error_message"]) == (
        "failed", "The robot was started again and does not know it.",
    )  # fmt: skip


@pytest.mark.parametrize(("robots", "reason"), [(1, "lease_lost"), (3, "poison")])
def test_a_job_that_ends_the_processes_of_its_robots_comes_to_an_end(fleet: Fleet, robots: int, reason: str) -> None:
    """Each is started again at once and says that it knows nothing; nothing else would ever count."""
    fleet_of = [fleet.robot() for _ in range(robots)]
    job = fleet.enqueue(max_attempts=2)
    for crash in range(20):
        robot = fleet_of[crash % robots]
        if not fleet.claim(robot):
            break
        [held] = fleet.owner.execute("select * from private.leases where job_id = %s", [job["job_id"]]).fetchall()
        fleet.report(robot, "start_job", held)
        register(fleet, robot, [], session_id=uuid.uuid4())
        fleet.travel(seconds=301)
        fleet.run("promote_scheduled_jobs")
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["attempts"]) == ("failed", 2)
    [letter] = fleet.member.execute("select reason from public.dead_letters").fetchall()
    assert letter["reason"] == reason


@pytest.mark.parametrize(
    "held",
    ['{"job_id": 1}', "[1]", '[{"job_id": "x", "lease_token": 1}]', f'[{{"job_id": "{uuid.UUID(int=1)}"}}]'],
)
def test_leases_that_are_none_are_refused(fleet: Fleet, held: str) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", "held_leases"):
        call(fleet.robots[robot.robot_id], "register_robot", external_id=robot.external_id, name="r", held_leases=held)


def test_only_the_robot_itself_speaks_of_its_session_and_its_leases(fleet: Fleet) -> None:
    robot = fleet.robot()
    with refused(403, "FORBIDDEN", "held_leases"):
        call(fleet.member, "register_robot", external_id=robot.external_id, name="r", held_leases="[]")


# Two processes of one robot.


def status(fleet: Fleet, robot: Robot, word: str, session_id: uuid.UUID | None = None) -> Row:
    return call(
        fleet.robots[robot.robot_id], "set_robot_status", robot=robot.external_id, status=word, session_id=session_id
    )


def test_the_goodbye_of_the_process_before_does_not_put_the_new_one_offline(fleet: Fleet) -> None:
    robot, old, new = fleet.robot(), uuid.uuid4(), uuid.uuid4()
    register(fleet, robot, [], session_id=old)
    register(fleet, robot, [], session_id=new)
    fleet.enqueue()
    assert state_of(status(fleet, robot, "offline", old)) == "idle"
    assert len(fleet.claim(robot)) == 1
    assert state_of(status(fleet, robot, "offline", new)) == "offline", "no other is left"


@pytest.mark.parametrize("is_heard_of", [True, False])
def test_the_goodbye_of_the_newer_of_two_processes_does_not_put_the_other_one_offline(
    fleet: Fleet, is_heard_of: bool
) -> None:
    robot, older, newer = fleet.robot(), uuid.uuid4(), uuid.uuid4()
    register(fleet, robot, [], session_id=older)
    fleet.travel(seconds=20)
    register(fleet, robot, [], session_id=newer)
    if is_heard_of:
        heartbeat(fleet, robot, session_id=older)
    fleet.travel(seconds=20)
    assert state_of(status(fleet, robot, "offline", newer)) == "idle"
    answer = heartbeat(fleet, robot, session_id=older)
    assert answer["other_session_at"] is None, "it is alone now"
    assert state_of(status(fleet, robot, "offline", older)) == "offline"


def test_a_goodbye_that_names_no_process_is_the_robots(fleet: Fleet) -> None:
    robot = fleet.robot()
    register(fleet, robot, [], session_id=uuid.uuid4())
    assert state_of(status(fleet, robot, "offline")) == "offline"


def test_two_processes_with_one_robots_key_are_told(fleet: Fleet) -> None:
    robot, one, two = fleet.robot(), uuid.uuid4(), uuid.uuid4()
    assert register(fleet, robot, [], session_id=one)["other_session_at"] is None
    assert heartbeat(fleet, robot, session_id=one)["other_session_at"] is None
    assert register(fleet, robot, [], session_id=two)["other_session_at"] == fleet.now
    fleet.travel(seconds=91)
    assert heartbeat(fleet, robot, session_id=two)["other_session_at"] is None, "the other one was not heard of again"
    assert heartbeat(fleet, robot, session_id=one)["other_session_at"] is not None
    assert heartbeat(fleet, robot, session_id=two)["other_session_at"] is not None


def test_a_robot_that_left_and_came_again_is_warned_of_nobody(fleet: Fleet) -> None:
    robot, one = fleet.robot(), uuid.uuid4()
    register(fleet, robot, [], session_id=one)
    status(fleet, robot, "offline", one)
    assert register(fleet, robot, [], session_id=uuid.uuid4())["other_session_at"] is None

"""What follows an attempt that did not succeed: retries by policy, dead letters, timeouts, rescue, cancellation."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, refused

FIXED = {"policy": "fixed", "base_delay_seconds": 30}


def fail_once(fleet: Fleet, robot: Robot, **arguments: object) -> Any:
    """Claims the next job and fails it: what the robot is told."""
    return fleet.report(robot, "fail_job", fleet.claim_one(robot), **({"error_message": "boom"} | arguments))


def retry_delay(fleet: Fleet, answer: Row) -> float:
    """Seconds until the retry that an answer promises."""
    retry_at = datetime.fromisoformat(answer["retry_at"])
    return (retry_at.astimezone(UTC) - fleet.now).total_seconds()


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        ({"policy": "fixed", "base_delay_seconds": 7}, [7, 7, 7, 7]),
        ({"policy": "linear", "base_delay_seconds": 10}, [10, 20, 30, 40]),
        ({"policy": "exponential", "base_delay_seconds": 5}, [5, 10, 20, 40]),
        ({"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 15}, [5, 10, 15, 15]),
        ({"policy": "exponential"}, [5, 10, 20, 40]),
    ],
)
def test_the_retry_schedule_follows_the_policy(fleet: Fleet, policy: dict[str, object], delays: list[int]) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(max_attempts=5, retry_policy=policy)
    for attempt, delay in enumerate(delays, start=1):
        answer = fail_once(fleet, robot, error_type="NetworkError")
        assert (answer["status"], retry_delay(fleet, answer)) == ("queued", delay)
        waiting = fleet.job(job["job_id"])
        assert (waiting["attempts"], waiting["error_type"]) == (attempt, "NetworkError")
        fleet.travel(seconds=delay - 0.001)
        assert fleet.claim(robot) == [], "not before its time"
        fleet.travel(seconds=1.001)
    assert fail_once(fleet, robot)["status"] == "failed"
    assert fleet.job(job["job_id"])["attempts"] == 5


def test_a_failure_may_name_when_to_try_again_and_the_later_time_counts(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(max_attempts=4, retry_policy=FIXED)
    for ahead, delay in [(600, 600), (10, 30), (-600, 30)]:
        answer = fail_once(fleet, robot, retry_at=fleet.now + timedelta(seconds=ahead))
        assert (answer["status"], retry_delay(fleet, answer)) == ("queued", delay)
        fleet.travel(seconds=delay + 1)
    assert fail_once(fleet, robot, retry_at=fleet.now)["status"] == "failed", "it gives no attempt more"


def test_a_time_to_try_again_that_is_too_far_is_refused_and_the_lease_stays(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(retry_policy=FIXED)
    job = fleet.claim_one(robot)
    for far in (fleet.now + timedelta(days=7, seconds=1), "infinity"):
        with refused(400, "INVALID_ARGUMENT", "retry_at", "7 days"):
            fleet.report(robot, "fail_job", job, error_message="busy", retry_at=far)
    failure = {"job_id": str(job["job_id"]), "lease_token": job["lease_token"], "error_message": "busy"}
    at = fleet.now + timedelta(days=1)
    [row] = call_all(fleet.robots[robot.robot_id], "fail_jobs", failures=[failure | {"retry_at": at.isoformat()}])
    assert row["retry_at"] == at


def test_jitter_spreads_retries_to_both_sides_and_never_over_the_cap(fleet: Fleet) -> None:
    call(fleet.member, "update_tenant", quarantine_after_failures=0)
    robot = fleet.robot()
    policy = {"policy": "fixed", "base_delay_seconds": 100, "max_delay_seconds": 110, "jitter": 0.5}
    delays = []
    for _ in range(40):
        fleet.enqueue(retry_policy=policy)
        delays.append(retry_delay(fleet, fail_once(fleet, robot)))
    assert 50 <= min(delays) < 100 < max(delays) <= 110
    assert len(set(delays)) > 10


def test_a_retry_keeps_its_id_and_so_its_place(fleet: Fleet) -> None:
    robot = fleet.robot()
    first = fleet.enqueue(retry_policy={"policy": "fixed", "base_delay_seconds": 0})
    fleet.enqueue()
    fail_once(fleet, robot)
    again = fleet.claim_one(robot)
    assert (again["job_id"], again["attempt"]) == (first["job_id"], 2)


@pytest.mark.parametrize(
    ("arguments", "policy"),
    [
        ({"retryable": False}, FIXED),
        ({}, {"policy": "none"}),
        ({"error_type": "BusinessError"}, FIXED | {"non_retryable_errors": ["BusinessError"]}),
    ],
)
def test_what_must_not_be_retried_is_not(fleet: Fleet, arguments: Row, policy: Row) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy=policy)
    answer = fail_once(fleet, robot, stack_trace="line 1", failed_node="end", **arguments)
    assert (answer["status"], "retry_at" in answer) == ("failed", False)
    failed = fleet.job(job["job_id"])
    assert (failed["status"], failed["error_message"]) == ("failed", "boom")
    assert failed["error_details"] == {"stack_trace": "line 1", "failed_node": "end"}
    letter = fleet.member.execute("select job_id, reason, attempts from public.dead_letters").fetchall()
    assert letter == [{"job_id": job["job_id"], "reason": "not_retryable", "attempts": 1}]


def test_a_job_that_used_its_attempts_becomes_a_dead_letter(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(max_attempts=2, retry_policy=FIXED)
    fail_once(fleet, robot)
    fleet.travel(seconds=31)
    fail_once(fleet, robot)
    rows = fleet.member.execute("select job_id, reason, attempts from public.dead_letters").fetchall()
    assert rows == [{"job_id": job["job_id"], "reason": "attempts_exhausted", "attempts": 2}]
    assert fleet.events(job["job_id"])[-3:] == ["job.retrying", "job.claimed", "job.failed"]


def test_completion_after_a_retry_forgets_the_earlier_error(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy=FIXED)
    fail_once(fleet, robot)
    fleet.travel(seconds=31)
    fleet.report(robot, "complete_job", fleet.claim_one(robot), result={})
    done = fleet.job(job["job_id"])
    assert (done["status"], done["attempts"], done["error_message"]) == ("completed", 2, None)


# Reports are idempotent, and fenced.


def test_a_report_that_is_repeated_gets_the_same_answer_and_changes_nothing(fleet: Fleet) -> None:
    robot = fleet.robot()
    done = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    answer = fleet.report(robot, "complete_job", claimed, result={"n": 1})
    assert fleet.report(robot, "complete_job", claimed, result={"n": 2}) == answer
    assert fleet.job(done["job_id"])["result"] == {"n": 1}
    assert fleet.events(done["job_id"]).count("job.completed") == 1

    fleet.enqueue(retry_policy=FIXED)
    claimed = fleet.claim_one(robot)
    answer = fleet.report(robot, "fail_job", claimed, error_message="boom")
    assert answer["retry_at"]
    assert fleet.report(robot, "fail_job", claimed, error_message="boom") == answer
    assert fleet.member.execute("select from public.late_results").fetchall() == []


@pytest.mark.parametrize("function", ["complete_job", "fail_job"])
def test_a_result_with_a_stale_token_is_refused_and_kept_as_evidence(fleet: Fleet, function: str) -> None:
    first, second = fleet.robot(), fleet.robot()
    job = fleet.enqueue()
    stale = fleet.claim_one(first)
    fleet.travel(seconds=61)
    newer = fleet.claim_one(second)
    assert newer["lease_token"] > stale["lease_token"]

    arguments = {"error_message": "late"} if function == "fail_job" else {"result": {"late": True}}
    connection = fleet.robots[first.robot_id]
    with connection.transaction():
        answer = fleet.report(first, function, stale, **arguments)
        status = connection.execute("select current_setting('response.status', true) as status").fetchone()
    assert (answer["code"], answer["details"], answer["hint"]) == ("PT409", "LEASE_LOST", None)
    assert status == {"status": "409"}
    evidence = fleet.member.execute("select job_id, lease_token, robot_id, payload from public.late_results").fetchall()
    assert [(row["job_id"], row["lease_token"], row["robot_id"]) for row in evidence] == [
        (job["job_id"], stale["lease_token"], first.robot_id)
    ]
    assert "late" in str(evidence[0]["payload"])
    fleet.report(second, "complete_job", newer, result={"by": "second"})
    assert fleet.job(job["job_id"])["result"] == {"by": "second"}


@pytest.mark.parametrize("function", ["complete_job", "fail_job"])
def test_of_a_stale_token_one_report_is_kept_and_of_one_that_no_claim_got_none(fleet: Fleet, function: str) -> None:
    robot, other = fleet.robot(), fleet.robot()
    fleet.enqueue()
    held = fleet.claim_one(robot)
    arguments = {"error_message": "mine"} if function == "fail_job" else {"result": {"by": "me"}}
    for token in (-1, 0, held["lease_token"] + 1000):
        with refused(409, "LEASE_LOST"):
            fleet.report(robot, function, held | {"lease_token": token}, **arguments)
    assert fleet.member.execute("select from public.late_results").fetchall() == []
    fleet.travel(seconds=61)
    fleet.claim_one(other)
    for _ in range(3):
        assert fleet.report(robot, function, held, **arguments)["details"] == "LEASE_LOST"
    assert len(fleet.member.execute("select from public.late_results").fetchall()) == 1


@pytest.mark.parametrize("function", ["complete_job", "fail_job"])
def test_a_forged_report_is_not_kept_and_takes_nobodys_place(fleet: Fleet, function: str) -> None:
    robot, other, forger = fleet.robot(), fleet.robot(), fleet.robot()
    fleet.enqueue(max_attempts=2)
    forged = {"error_message": "forged"} if function == "fail_job" else {"result": {"by": "a forger"}}
    true = {"error_message": "true"} if function == "fail_job" else {"result": {"by": "the robot"}}
    first = fleet.claim_one(robot)
    fleet.report(robot, "start_job", first)
    with refused(409, "LEASE_LOST"):  # it is held, by another
        fleet.report(forger, function, first, **forged)
    fleet.travel(seconds=61)
    second = fleet.claim_one(other)
    fleet.report(other, "start_job", second)
    fleet.travel(seconds=61)
    fleet.run("rescue_expired_leases")
    for lease, holder in ((first, robot), (second, other)):
        with refused(409, "JOB_ALREADY_FINISHED"):
            fleet.report(forger, function, lease, **forged)
        assert fleet.report(holder, function, lease, **true)["details"] == "JOB_ALREADY_FINISHED"
    kept = fleet.member.execute("select lease_token, robot_id, payload from public.late_results order by 1").fetchall()
    assert [(row["lease_token"], row["robot_id"]) for row in kept] == [
        (first["lease_token"], robot.robot_id), (second["lease_token"], other.robot_id),
    ]  # fmt: skip
    assert "forge" not in str(kept)


def test_the_repeated_report_of_another_robot_is_not_its_own(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", claimed, result={})
    assert fleet.report(robot, "complete_job", claimed, result={})["outcome"] == "applied"
    with refused(409, "JOB_ALREADY_FINISHED"):
        fleet.report(other, "complete_job", claimed, result={})


@pytest.mark.parametrize("end", ["complete_job", "fail_job", "rescue", "cancel"])
def test_no_duration_is_negative_after_the_clock_was_set_back(fleet: Fleet, end: str) -> None:
    """An hour ahead when the job was claimed, right when it ended."""
    robot = fleet.robot()
    fleet.travel(hours=1)
    job = fleet.enqueue(max_attempts=1)
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "report_progress", claimed, progress=1)
    fleet.travel(hours=-1)
    if end == "complete_job":
        fleet.report(robot, end, claimed, result={})
    elif end == "fail_job":
        fleet.report(robot, end, claimed, error_message="boom")
    elif end == "rescue":
        fleet.owner.execute("update private.leases set lease_expires_at = %s", [fleet.now])
        fleet.run("rescue_expired_leases")
    else:
        call(fleet.member, "cancel_job", job_id=job["job_id"])
        fleet.report(robot, "release_job", claimed)
    ended = fleet.job(job["job_id"])
    assert [ended[name] for name in ("claimed_at", "started_at", "first_progress_at")] == [fleet.now] * 3
    assert ended["finished_at"] == fleet.now
    data = fleet.owner.execute(
        "select data -> 'duration_ms' as duration from private.event_inbox "
        "where event_type = 'job.completed' and job_id = %s",
        [job["job_id"]],
    ).fetchall()
    assert data == ([{"duration": 0}] if end == "complete_job" else [])


def test_every_other_verb_of_a_lost_lease_is_refused(fleet: Fleet) -> None:
    first, second = fleet.robot(), fleet.robot()
    fleet.enqueue()
    stale = fleet.claim_one(first)
    fleet.travel(seconds=61)
    fleet.claim_one(second)
    for function, arguments in [("start_job", {}), ("release_job", {}), ("report_progress", {"progress": 1})]:
        with refused(409, "LEASE_LOST"):
            fleet.report(first, function, stale, **arguments)
    with refused(409, "LEASE_LOST"):
        call(fleet.robots[first.robot_id], "report_progress", job_id=stale["job_id"], progress=1)


def test_a_report_on_a_job_that_has_ended_says_so_and_is_kept(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", claimed, result={"done": True})
    for function, arguments in [
        ("start_job", {}),
        ("release_job", {}),
        ("report_progress", {"progress": 1}),
    ]:
        with refused(409, "JOB_ALREADY_FINISHED", "completed"):
            fleet.report(robot, function, claimed, **arguments)
    answer = fleet.report(robot, "fail_job", claimed, error_message="late")
    assert (answer["code"], answer["details"]) == ("PT409", "JOB_ALREADY_FINISHED")
    kept = fleet.member.execute(
        "select outcome, payload ->> 'error_message' as said from public.late_results"
    ).fetchall()
    assert kept == [{"outcome": "failed", "said": "late"}]
    assert fleet.job(job["job_id"])["result"] == {"done": True}


def test_another_robots_token_does_not_serve(fleet: Fleet) -> None:
    holder, thief = fleet.robot(), fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(holder)
    with refused(409, "LEASE_LOST"):
        fleet.report(thief, "complete_job", claimed, result={})
    assert fleet.job(job["job_id"])["status"] == "claimed"


def test_renewal_keeps_a_lease_and_tells_which_are_lost(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=3)
    for _ in range(2):
        fleet.enqueue()
    one, two = fleet.claim(robot, limit=2)
    call(fleet.member, "cancel_job", job_id=two["job_id"])
    fleet.travel(seconds=50)
    asked = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in (one, two)]
    asked.append({"job_id": str(one["job_id"]), "lease_token": one["lease_token"] - 1})
    asked.append({"job_id": str(uuid.uuid4()), "lease_token": 1})
    connection = fleet.robots[robot.robot_id]
    rows = call_all(connection, "renew_leases", leases=asked, lease_seconds=120)
    assert [(row["renewed"], row["cancel_requested"]) for row in rows] == [
        (True, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert rows[0]["lease_expires_at"] == fleet.now + timedelta(seconds=120)
    fleet.travel(seconds=119)
    fleet.run("rescue_expired_leases")
    assert fleet.job(one["job_id"])["status"] == "claimed"
    fleet.travel(seconds=1)
    fleet.run("rescue_expired_leases")
    assert [fleet.job(job["job_id"])["status"] for job in (one, two)] == ["queued", "cancelled"]


# Leases that end, and jobs that take too long.


def test_a_job_whose_robot_died_goes_to_another_at_once_and_the_attempt_counts(fleet: Fleet) -> None:
    dead, alive = fleet.robot(), fleet.robot()
    job = fleet.enqueue()
    fleet.start_one(dead)
    fleet.travel(seconds=59)
    assert fleet.claim(alive) == []
    fleet.travel(seconds=6)
    again = fleet.claim_one(alive)
    assert (again["job_id"], again["attempt"]) == (job["job_id"], 2)
    assert fleet.events(job["job_id"]) == [
        "job.queued", "job.claimed", "job.started", "job.retrying", "job.claimed",
    ]  # fmt: skip


def test_a_job_that_costs_every_robot_its_life_ends_as_a_dead_letter(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(max_attempts=2)
    for _ in range(2):
        fleet.start_one(robot)
        fleet.travel(seconds=61)
        fleet.run("rescue_expired_leases")
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["error_type"], ended["attempts"]) == ("failed", "LEASE_EXPIRED", 2)
    assert fleet.member.execute("select reason from public.dead_letters").fetchall() == [{"reason": "lease_lost"}]


def test_a_job_that_must_not_be_retried_is_not_run_again_when_its_robot_dies(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy={"policy": "none"})
    fleet.start_one(robot)
    fleet.travel(seconds=61)
    fleet.run("rescue_expired_leases")
    assert fleet.job(job["job_id"])["status"] == "failed"


def test_a_job_that_takes_too_long_times_out_though_its_lease_is_renewed(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(timeout_seconds=100, max_attempts=1)
    claimed = call(fleet.robots[robot.robot_id], "claim_jobs", lease_seconds=3600)
    fleet.travel(seconds=20)
    fleet.report(robot, "start_job", claimed)
    fleet.travel(seconds=99)
    fleet.run("rescue_expired_leases")
    assert fleet.job(job["job_id"])["status"] == "running", "the time counts from the start"
    fleet.travel(seconds=1)
    fleet.run("rescue_expired_leases")
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["error_type"]) == ("timeout", "JOB_TIMEOUT")
    assert fleet.member.execute("select reason from public.dead_letters").fetchall() == [{"reason": "timeout"}]
    assert fleet.report(robot, "complete_job", claimed, result={})["details"] == "JOB_ALREADY_FINISHED"


def test_a_job_without_progress_ends_though_its_lease_is_renewed_and_its_time_is_not_over(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(progress_timeout_seconds=60, max_attempts=1)
    claimed = call(fleet.robots[robot.robot_id], "claim_jobs", lease_seconds=3600)
    fleet.travel(seconds=50)
    fleet.report(robot, "start_job", claimed)
    fleet.travel(seconds=59)
    fleet.report(robot, "report_progress", claimed, progress=10)
    fleet.travel(seconds=59)
    fleet.report(robot, "report_progress", claimed, progress=10)
    fleet.travel(seconds=59)
    fleet.run("rescue_expired_leases")
    assert fleet.job(job["job_id"])["status"] == "running", "what says the same again is progress as well"
    fleet.travel(seconds=1)
    fleet.run("rescue_expired_leases")
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["error_type"]) == ("timeout", "NO_PROGRESS")
    assert ended["error_message"] == "The robot reported no progress for 60 seconds."
    assert fleet.member.execute("select reason from public.dead_letters").fetchall() == [{"reason": "no_progress"}]


def test_a_job_without_progress_is_tried_again_and_its_robot_has_failed(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(progress_timeout_seconds=5, retry_policy=FIXED)
    fleet.start_one(robot)
    fleet.travel(seconds=6)
    fleet.run("rescue_expired_leases")
    assert (fleet.job(job["job_id"])["status"], fleet.job(job["job_id"])["attempts"]) == ("queued", 1)
    failures = "select failures from private.robot_failures where robot_id = %s"
    assert fleet.owner.execute(failures, [robot.robot_id]).fetchall() == [{"failures": 1}]


@pytest.mark.parametrize(("on_timeout", "status"), [(True, "queued"), (False, "timeout")])
def test_a_timeout_is_retried_unless_the_policy_says_no(fleet: Fleet, on_timeout: bool, status: str) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(timeout_seconds=10, retry_policy=FIXED | {"retry_on_timeout": on_timeout})
    fleet.start_one(robot)
    fleet.travel(seconds=11)
    fleet.run("rescue_expired_leases")
    assert fleet.job(job["job_id"])["status"] == status


def test_a_released_job_is_ready_again_and_the_attempt_does_not_count(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(max_attempts=1)
    answer = fleet.report(robot, "release_job", fleet.claim_one(robot))
    assert answer["status"] == "queued"
    assert fleet.job(job["job_id"])["attempts"] == 0
    assert fleet.claim_one(robot)["attempt"] == 1


# Cancellation, and retry by a person.


def test_a_waiting_job_is_cancelled_at_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    ready = fleet.enqueue()
    later = fleet.enqueue(run_at=fleet.now + timedelta(hours=1))
    for job in (ready, later):
        answer = call(fleet.member, "cancel_job", job_id=job["job_id"], reason="not needed")["cancel_job"]
        assert (answer["cancelled"], answer["previous_status"]) == (True, "queued")
        ended = fleet.job(job["job_id"])
        assert (ended["status"], ended["error_message"]) == ("cancelled", "not needed")
    fleet.travel(hours=2)
    assert fleet.claim(robot) == []


def test_a_running_job_is_asked_to_stop_and_every_answer_to_its_robot_says_so(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    answer = call(fleet.member, "cancel_job", job_id=job["job_id"], reason="wrong file")["cancel_job"]
    assert (answer["cancelled"], answer["previous_status"], answer["cancel_requested"]) == (False, "claimed", True)
    assert [(p["event"], p["payload"]["reason"]) for p in fleet.pushes(f"robot:{robot.robot_id}")] == [
        ("cancel_job", "wrong file")
    ]
    assert fleet.report(robot, "start_job", claimed)["cancel_requested"] is True
    assert fleet.report(robot, "report_progress", claimed, progress=1)["cancel_requested"] is True
    beat = call(fleet.robots[robot.robot_id], "record_heartbeat")["record_heartbeat"]
    assert beat["pending_commands"] == [{"command": "cancel_job", "job_id": str(job["job_id"]), "reason": "wrong file"}]
    assert fleet.job(job["job_id"])["cancel_requested_at"] == fleet.now


def test_a_job_that_is_cancelled_between_two_attempts_forgets_the_error(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy=FIXED)
    fail_once(fleet, robot, error_type="ValueError", stack_trace="line 1")
    call(fleet.member, "cancel_job", job_id=job["job_id"], reason="not needed")
    ended = fleet.job(job["job_id"])
    assert (ended["error_message"], ended["error_type"], ended["error_details"]) == ("not needed", None, None)


@pytest.mark.parametrize("end", ["fail_job", "release_job", "rescue"])
def test_a_job_that_shall_stop_ends_cancelled_however_its_lease_ends(fleet: Fleet, end: str) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    if end == "rescue":
        fleet.travel(seconds=61)
        fleet.run("rescue_expired_leases")
    else:
        arguments = {"error_message": "stopped", "stack_trace": "line 1"} if end == "fail_job" else {}
        assert fleet.report(robot, end, claimed, **arguments)["status"] == "cancelled"
    ended = fleet.job(job["job_id"])
    assert (ended["status"], ended["error_type"], ended["error_details"]) == ("cancelled", None, None)
    assert fleet.member.execute("select from public.dead_letters").fetchall() == []


def test_a_job_that_was_done_before_it_heard_of_the_cancellation_is_completed(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    assert fleet.report(robot, "complete_job", claimed, result={})["status"] == "completed"
    answer = call(fleet.member, "cancel_job", job_id=job["job_id"])["cancel_job"]
    assert (answer["cancelled"], answer["previous_status"]) == (False, "completed")
    assert (answer["cancel_requested"], answer["is_forced"]) == (False, False)
    assert fleet.job(job["job_id"])["cancel_requested_at"] == fleet.now
    told = call(fleet.member, "explain_job", job_id=job["job_id"])["explain_job"]
    assert (told["state"], told["reason_code"]) == ("completed", "completed_despite_cancel")


def stuck(fleet: Fleet, robot: Robot, **properties: Any) -> Row:
    """A job that a robot runs, renews for an hour and does not stop, though it was asked to."""
    fleet.enqueue(**properties)
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "start_job", claimed)
    call(fleet.member, "cancel_job", job_id=claimed["job_id"], reason="Wrong file.")
    lease = [{"job_id": str(claimed["job_id"]), "lease_token": claimed["lease_token"]}]
    assert call(fleet.robots[robot.robot_id], "renew_leases", leases=lease, lease_seconds=3600)["cancel_requested"]
    return claimed


def test_a_cancellation_that_a_robot_ignores_is_forced_after_its_grace_time(fleet: Fleet) -> None:
    robot = fleet.robot()
    call(fleet.member, "set_limit", scope="tenant", max_running=1)
    claimed = stuck(fleet, robot)
    waiting = fleet.enqueue()
    fleet.travel(seconds=61)
    answer = call(fleet.member, "cancel_job", job_id=claimed["job_id"], force=True)["cancel_job"]
    assert (answer["cancelled"], answer["previous_status"], answer["cancel_requested"]) == (True, "running", False)
    ended = fleet.job(claimed["job_id"])
    assert (ended["status"], ended["error_message"], ended["attempts"]) == (
        "cancelled", "Wrong file. The robot did not stop, so the cancellation was forced.", 1,
    )  # fmt: skip
    assert fleet.claim_one(robot)["job_id"] == waiting["job_id"], "the limit and the slot are free"
    with refused(409, "JOB_ALREADY_FINISHED"):
        fleet.report(robot, "report_progress", claimed, progress=50)
    late = fleet.report(robot, "fail_job", claimed, error_message="stopped")
    assert (late["code"], late["details"]) == ("PT409", "JOB_ALREADY_FINISHED"), "it was not this report that ended it"
    lease = [{"job_id": str(claimed["job_id"]), "lease_token": claimed["lease_token"]}]
    assert not call(fleet.robots[robot.robot_id], "renew_leases", leases=lease)["renewed"]


def test_a_cancellation_is_not_forced_before_the_robot_had_its_grace_time(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    claimed = stuck(fleet, robot)
    until = fleet.now + timedelta(seconds=60)
    fleet.travel(seconds=59)
    with refused(409, "CANCEL_NOT_FORCEABLE", until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")):
        call(fleet.member, "cancel_job", job_id=claimed["job_id"], force=True)
    told = call(fleet.member, "explain_job", job_id=claimed["job_id"])["explain_job"]
    assert told["reason_code"] == "cancel_requested"
    assert f"--force) from {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC on" in told["next_step"]
    fleet.enqueue()
    other = fleet.claim_one(robot)
    with refused(409, "CANCEL_NOT_FORCEABLE", "has not been asked"):
        call(fleet.member, "cancel_job", job_id=other["job_id"], force=True)
    assert fleet.job(other["job_id"])["cancel_requested_at"] is None


@pytest.mark.parametrize(("setting", "seconds"), [("5", 5), ("0", 0), ("-1", 60), ('"soon"', 60)])
def test_the_grace_time_of_a_cancellation_is_a_setting(fleet: Fleet, setting: str, seconds: int) -> None:
    claimed = stuck(fleet, fleet.robot())
    fleet.owner.execute(
        """
        update public.tenants
        set settings = jsonb_build_object('queue', jsonb_build_object('cancel_grace_seconds', %s::jsonb))
        where tenant_id = %s""",
        [setting, fleet.tenant.tenant_id],
    )
    if seconds:
        fleet.travel(seconds=seconds - 0.01)
        with refused(409, "CANCEL_NOT_FORCEABLE"):
            call(fleet.member, "cancel_job", job_id=claimed["job_id"], force=True)
    fleet.travel(seconds=0.01)
    assert call(fleet.member, "cancel_job", job_id=claimed["job_id"], force=True)["cancel_job"]["cancelled"]


def test_force_cancels_what_waits_and_leaves_what_has_ended(fleet: Fleet) -> None:
    job = fleet.enqueue()
    answers = [call(fleet.member, "cancel_job", job_id=job["job_id"], force=True)["cancel_job"] for _ in range(2)]
    assert [(answer["cancelled"], answer["previous_status"]) for answer in answers] == [
        (True, "queued"), (False, "cancelled"),
    ]  # fmt: skip


def test_a_job_whose_only_robot_is_deleted_is_not_retried_to_wait_for_ever(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(robot_id=str(robot.robot_id), retry_policy={"policy": "none"})
    fail_once(fleet, robot)
    call(fleet.member, "delete_robot", robot=str(robot.robot_id))
    with refused(404, "ROBOT_NOT_FOUND"):
        call(fleet.member, "retry_job", job_id=job["job_id"])


def test_retry_makes_a_new_job_like_the_old_one(fleet: Fleet) -> None:
    robot = fleet.robot()
    old = fleet.enqueue(input={"a": 1}, priority=3, retry_policy={"policy": "none"}, environment="default")
    with refused(400, "JOB_NOT_RETRYABLE"):
        call(fleet.member, "retry_job", job_id=old["job_id"])
    fail_once(fleet, robot)
    answer = call(fleet.member, "retry_job", job_id=old["job_id"])["retry_job"]
    new = fleet.job(uuid.UUID(answer["new_job_id"]))
    assert answer["job_id"] == str(old["job_id"])
    assert (new["retry_of"], new["input"], new["priority"], new["environment"], new["status"], new["trigger_type"]) == (
        old["job_id"],
        {"a": 1},
        3,
        "default",
        "queued",
        "retry",
    )

"""Verbs against each other, in both orders with two sessions and let loose with sixteen."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from tests.databases import Database
from tests.factories import claims_for, make_key
from tests.fleets import Fleet, Row, call, call_all, make_fleet
from tests.reliability.races import (
    PATIENCE_SECONDS,
    SESSIONS,
    answer_of,
    assert_each_job_is_in_one_place,
    at_once,
    beside,
    claim,
    impatient,
    is_waiting,
    session_of,
)

AT_ONCE = {"policy": "fixed", "base_delay_seconds": 0}


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


# Claim


def test_sixteen_robots_at_one_lane_get_a_job_each(fleet: Fleet) -> None:
    sessions = [session_of(fleet, fleet.robot()) for _ in range(SESSIONS)]
    for _ in range(5):
        jobs = {fleet.enqueue()["job_id"] for _ in range(SESSIONS)}
        taken = at_once([partial(claim, session) for session in sessions])
        assert [len(each) for each in taken] == [1] * SESSIONS
        assert {each[0]["job_id"] for each in taken} == jobs
        for session, (job,) in zip(sessions, taken, strict=True):
            call(session, "complete_job", job_id=job["job_id"], lease_token=job["lease_token"])
    assert_each_job_is_in_one_place(fleet)


def test_a_claim_does_not_wait_for_the_head_that_another_takes(fleet: Fleet) -> None:
    one, two = (session_of(fleet, fleet.robot()) for _ in range(2))
    first, second = fleet.enqueue(), fleet.enqueue()
    with one.transaction(), impatient(two):
        assert [job["job_id"] for job in claim(one)] == [first["job_id"]]
        assert [job["job_id"] for job in claim(two)] == [second["job_id"]]


# Rescue


def held_too_long(fleet: Fleet, count: int = 1) -> list[Row]:
    """Jobs, each with a session of its holder, whose leases are over."""
    held: list[Row] = []
    for _ in range(count):
        robot = fleet.robot()
        fleet.enqueue(retry_policy=AT_ONCE)
        held.append({**fleet.start_one(robot), "robot": robot})
    fleet.travel(seconds=61)
    return [{**job, "session": session_of(fleet, job["robot"])} for job in held]


def completion(job: Row) -> object:
    """What `complete_job` says to the holder."""
    return answer_of(
        job["session"], "complete_job", job_id=job["job_id"], lease_token=job["lease_token"], result={"late": True}
    )


def renewal(job: Row) -> object:
    """Whether the holder's lease is renewed."""
    leases = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]}]
    return call(job["session"], "renew_leases", leases=leases)["renewed"]


def test_what_is_being_renewed_is_not_rescued(fleet: Fleet) -> None:
    (job,) = held_too_long(fleet)
    with job["session"].transaction():
        assert renewal(job)
        rescued = beside(lambda: fleet.run("rescue_expired_leases"))
        is_waiting(fleet, 0.2)  # it must not; what it would do after the commit is what counts
    assert rescued.result(PATIENCE_SECONDS) == 0
    assert fleet.job(job["job_id"])["status"] == "running"


def test_what_is_being_rescued_is_not_renewed(fleet: Fleet) -> None:
    (job,) = held_too_long(fleet)
    with fleet.owner.transaction():
        assert fleet.run("rescue_expired_leases") == 1
        renewed = beside(lambda: renewal(job))
        assert is_waiting(fleet)
    assert renewed.result(PATIENCE_SECONDS) is False
    assert fleet.job(job["job_id"])["status"] == "queued"


def test_of_sixteen_rescues_and_completions_each_job_has_one(fleet: Fleet) -> None:
    jobs = held_too_long(fleet, 8)
    owners = [fleet.database.connect() for _ in range(8)]
    for owner in owners:
        owner.execute("select set_config('casare.now', %s, false)", [str(fleet.now)])
    rescues = [lambda owner=owner: owner.execute("select private.rescue_expired_leases(3)") for owner in owners]
    completions = [partial(completion, job) for job in jobs]
    answers = at_once([work for pair in zip(rescues, completions, strict=True) for work in pair])[1::2]
    assert_each_job_is_in_one_place(fleet)
    for job, answer in zip(jobs, answers, strict=True):
        found = fleet.job(job["job_id"])
        if answer == "LEASE_LOST":
            assert (found["status"], found["result"], found["attempts"]) == ("queued", None, 1)
        else:
            assert (found["status"], found["result"], found["attempts"]) == ("completed", {"late": True}, 1)
    assert fleet.count("public.late_results") == answers.count("LEASE_LOST")


# Ends


def held(fleet: Fleet) -> Row:
    """A job and a session of its holder."""
    robot = fleet.robot()
    fleet.enqueue(retry_policy=AT_ONCE)
    return {**fleet.claim_one(robot), "robot": robot, "session": session_of(fleet, robot)}


def test_a_cancellation_that_waited_for_the_completion_finds_it_done(fleet: Fleet) -> None:
    job = held(fleet)
    with job["session"].transaction():
        completion(job)
        cancelled = beside(lambda: answer_of(fleet.member, "cancel_job", job_id=job["job_id"]))
        assert is_waiting(fleet)
    answer = cancelled.result(PATIENCE_SECONDS)
    assert (answer["cancelled"], answer["previous_status"]) == (False, "completed")


def test_a_completion_that_waited_for_the_cancellation_still_completes(fleet: Fleet) -> None:
    job = held(fleet)
    with fleet.member.transaction():
        assert answer_of(fleet.member, "cancel_job", job_id=job["job_id"])["cancel_requested"]
        completed = beside(lambda: completion(job))
        assert is_waiting(fleet)
    assert dict(completed.result(PATIENCE_SECONDS))["outcome"] == "applied"  # type: ignore[call-overload]
    assert fleet.job(job["job_id"])["status"] == "completed"


def test_a_failure_that_waited_for_the_cancellation_cancels(fleet: Fleet) -> None:
    job = held(fleet)
    with fleet.member.transaction():
        answer_of(fleet.member, "cancel_job", job_id=job["job_id"])
        failed = beside(lambda: fleet.report(job["robot"], "fail_job", job, error_message="boom"))
        assert is_waiting(fleet)
    assert failed.result(PATIENCE_SECONDS)["status"] == "cancelled"
    assert_each_job_is_in_one_place(fleet)


def test_of_sixteen_cancellations_and_completions_each_job_ends_once(fleet: Fleet) -> None:
    jobs = [held(fleet) for _ in range(8)]
    members = [session_of(fleet) for _ in jobs]
    works = [
        work
        for job, member in zip(jobs, members, strict=True)
        for work in (partial(completion, job), partial(answer_of, member, "cancel_job", job_id=job["job_id"]))
    ]
    at_once(works)
    for job in jobs:
        assert fleet.job(job["job_id"])["status"] == "completed"
        assert Counter(fleet.events(job["job_id"]))["job.completed"] == 1
    assert_each_job_is_in_one_place(fleet)


def test_of_sixteen_cancellations_of_one_job_one_cancels(fleet: Fleet) -> None:
    job_id = fleet.enqueue(dedupe_key="k")["job_id"]
    answers = at_once([partial(answer_of, session_of(fleet), "cancel_job", job_id=job_id) for _ in range(SESSIONS)])
    assert Counter(answer["cancelled"] for answer in answers) == {True: 1, False: SESSIONS - 1}
    assert fleet.events(job_id) == ["job.queued", "job.cancelled"]
    assert fleet.count("private.dedupe_keys") == 0


def test_a_completion_that_sixteen_sessions_send_is_one(fleet: Fleet) -> None:
    job = held(fleet)
    answers = at_once(
        [partial(completion, job | {"session": session_of(fleet, job["robot"])}) for _ in range(SESSIONS)]
    )
    assert [answer["outcome"] for answer in answers] == ["applied"] * SESSIONS  # type: ignore[index]
    assert Counter(fleet.events(job["job_id"]))["job.completed"] == 1
    assert fleet.count("public.late_results") == 0


def test_of_sixteen_different_reports_on_one_lease_one_is_applied(fleet: Fleet) -> None:
    for _ in range(5):
        job = held(fleet)
        reports = [("complete_job", {}), ("fail_job", {"error_message": "boom"}), ("release_job", {})]
        works = [
            partial(
                answer_of,
                session_of(fleet, job["robot"]),
                function,
                job_id=job["job_id"],
                lease_token=job["lease_token"],
                **arguments,
            )
            for function, arguments in [reports[number % 3] for number in range(SESSIONS)]
        ]
        at_once(works)
        assert len(fleet.events(job["job_id"])) == 3, "queued, claimed, and what one report made of it"
        assert_each_job_is_in_one_place(fleet)
        answer_of(fleet.member, "cancel_job", job_id=job["job_id"])


def test_a_cancellation_finds_the_job_that_is_being_promoted(fleet: Fleet) -> None:
    job_id = fleet.enqueue(run_at=fleet.now.replace(year=fleet.now.year + 1))["job_id"]
    fleet.travel(days=400)
    with fleet.owner.transaction():
        assert fleet.run("promote_scheduled_jobs") == 1
        cancelled = beside(lambda: answer_of(fleet.member, "cancel_job", job_id=job_id))
        assert is_waiting(fleet)
    assert cancelled.result(PATIENCE_SECONDS)["cancelled"]
    assert fleet.job(job_id)["status"] == "cancelled"
    assert_each_job_is_in_one_place(fleet)


# Enqueue and retry


@pytest.mark.parametrize("sessions", [2, SESSIONS])
def test_enqueues_with_one_dedupe_key_at_once_make_one_job(fleet: Fleet, sessions: int) -> None:
    arguments = {"workflow_id": fleet.workflow.workflow_id, "dedupe_key": "k"}
    rows = at_once([partial(call, session_of(fleet), "enqueue_job", **arguments) for _ in range(sessions)])
    assert len({row["job_id"] for row in rows}) == 1
    assert fleet.count("public.jobs") == fleet.count("private.ready") == 1


@pytest.mark.parametrize("sessions", [2, SESSIONS])
@pytest.mark.parametrize(("key", "expected"), [("k", 1), (None, None)], ids=["with a dedupe key", "without"])
def test_retries_of_one_job_at_once_are_linked_to_it(
    fleet: Fleet, sessions: int, key: str | None, expected: int | None
) -> None:
    """Each is a job of its own, unless a dedupe key says that there shall be one."""
    job_id = fleet.enqueue(dedupe_key=key)["job_id"]
    answer_of(fleet.member, "cancel_job", job_id=job_id)
    answers = at_once([partial(answer_of, session_of(fleet), "retry_job", job_id=job_id) for _ in range(sessions)])
    made = {answer["new_job_id"] for answer in answers}
    assert len(made) == (expected or sessions)
    linked = fleet.owner.execute("select job_id from public.jobs where retry_of = %s", [job_id]).fetchall()
    assert {str(row["job_id"]) for row in linked} == made
    assert fleet.count("private.ready") == len(made)


# Robots


@pytest.mark.parametrize("sessions", [2, SESSIONS])
def test_registrations_of_one_id_at_once_make_one_robot(fleet: Fleet, sessions: int) -> None:
    rows = at_once(
        [partial(call, session_of(fleet), "register_robot", external_id="r", name="R") for _ in range(sessions)]
    )
    assert len({row["robot_id"] for row in rows}) == 1
    assert fleet.count("public.robots") == 1


def unbound(fleet: Fleet) -> dict[str, object]:
    """The claims of a robot's key that belongs to no robot yet."""
    key = make_key(fleet.database, fleet.tenant)
    return dict(claims_for(key.api_key_id, fleet.tenant.tenant_id, "robot", api_key_id=key.api_key_id, roles=["robot"]))


@pytest.mark.parametrize("sessions", [2, SESSIONS])
def test_of_keys_that_register_one_id_at_once_one_gets_it(fleet: Fleet, sessions: int) -> None:
    connections = [fleet.database.connect("authenticated", unbound(fleet)) for _ in range(sessions)]
    answers = at_once([partial(registration, connection, "r") for connection in connections])
    assert Counter(answers) == {"registered": 1, "ROBOT_ID_TAKEN": sessions - 1}
    assert fleet.count("public.robots") == 1


@pytest.mark.parametrize("sessions", [2, SESSIONS])
def test_a_key_that_registers_different_ids_at_once_gets_one(fleet: Fleet, sessions: int) -> None:
    claims = unbound(fleet)
    connections = [fleet.database.connect("authenticated", claims) for _ in range(sessions)]
    answers = at_once([partial(registration, each, f"r{number}") for number, each in enumerate(connections)])
    assert Counter(answers) == {"registered": 1, "FORBIDDEN": sessions - 1}
    assert fleet.count("public.robots") == 1


def registration(connection: object, external_id: str) -> str:
    """`registered`, or why not."""
    answer = answer_of(connection, "register_robot", external_id=external_id, name="R")  # type: ignore[arg-type]
    return answer if isinstance(answer, str) else "registered"


# Workflows


def test_a_deletion_of_a_workflow_waits_for_the_job_that_is_being_enqueued(fleet: Fleet) -> None:
    fleet.enqueue()
    other = session_of(fleet)
    with other.transaction():
        job = call(other, "enqueue_job", workflow_id=fleet.workflow.workflow_id)
        deleted = beside(lambda: answer_of(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id))
        is_waiting(fleet, 0.2)
    assert deleted.result(PATIENCE_SECONDS)["cancelled_jobs"] == 2
    assert fleet.job(job["job_id"])["status"] == "cancelled"


@pytest.mark.parametrize("is_batch", [False, True], ids=["one", "a batch"])
def test_an_enqueue_that_waited_for_the_deletion_finds_no_workflow(fleet: Fleet, is_batch: bool) -> None:
    other = session_of(fleet)
    workflow_id = fleet.workflow.workflow_id
    with fleet.member.transaction():
        answer_of(fleet.member, "delete_workflow", workflow_id=workflow_id)
        if is_batch:
            late = beside(lambda: call_all(other, "enqueue_jobs", jobs=[{"workflow_id": str(workflow_id)}])[0])
        else:
            late = beside(lambda: {"error_code": enqueued(other, workflow_id)})
        is_waiting(fleet, 0.2)
    assert late.result(PATIENCE_SECONDS)["error_code"] == "WORKFLOW_NOT_FOUND"
    assert fleet.count("public.jobs") == 0


def test_of_fifteen_enqueues_and_a_deletion_no_job_of_a_deleted_workflow_waits(fleet: Fleet) -> None:
    workflow_id = fleet.workflow.workflow_id
    sessions = [session_of(fleet) for _ in range(SESSIONS)]
    works = [partial(answer_of, sessions[0], "delete_workflow", workflow_id=workflow_id)]
    works += [partial(enqueued, session, workflow_id) for session in sessions[1:]]
    at_once(works)
    assert fleet.count("private.ready") == 0
    assert_each_job_is_in_one_place(fleet)


def enqueued(connection: object, workflow_id: object) -> object:
    """`queued`, or why not."""
    answer = answer_of(connection, "enqueue_job", workflow_id=workflow_id)  # type: ignore[arg-type]
    return answer if isinstance(answer, str) else "queued"

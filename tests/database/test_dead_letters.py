"""Dead letters: queued again once, as a new job, or taken away; one by one or many at once."""

import uuid
from typing import Any

from tests.factories import make_member
from tests.fleets import Fleet, Row, call, call_all, refused


def dead(fleet: Fleet) -> uuid.UUID:
    """A job that its robot failed for good."""
    robot = fleet.robot()
    job_id: uuid.UUID = fleet.enqueue(max_attempts=1, input={"month": 11}, priority=3)["job_id"]
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    return job_id


def letter(fleet: Fleet, job_id: uuid.UUID) -> Row | None:
    return fleet.member.execute("select * from public.dead_letters where job_id = %s", [job_id]).fetchone()


def requeue(fleet: Fleet, job_id: uuid.UUID) -> Any:
    return call(fleet.member, "requeue_dead_letter", job_id=job_id)["requeue_dead_letter"]


def test_a_dead_letter_is_queued_again_as_a_new_job_and_resolved(fleet: Fleet) -> None:
    job_id = dead(fleet)
    new = fleet.job(uuid.UUID(requeue(fleet, job_id)["new_job_id"]))
    assert (new["retry_of"], new["status"], new["attempts"], new["input"], new["priority"]) == (
        job_id, "queued", 0, {"month": 11}, 3,
    )  # fmt: skip
    assert fleet.job(job_id)["status"] == "failed"
    row = letter(fleet, job_id)
    assert row is not None
    assert (row["requeued_job_id"], row["resolved_at"], row["resolved_by"]) == (
        new["job_id"], fleet.now, fleet.tenant.admin.user_id,
    )  # fmt: skip


def test_a_dead_letter_is_queued_again_once(fleet: Fleet) -> None:
    job_id = dead(fleet)
    requeue(fleet, job_id)
    with refused(409, "DEAD_LETTER_RESOLVED"):
        requeue(fleet, job_id)


def test_retrying_the_job_resolves_its_dead_letter_too(fleet: Fleet) -> None:
    job_id = dead(fleet)
    call(fleet.member, "retry_job", job_id=job_id)
    with refused(409, "DEAD_LETTER_RESOLVED"):
        requeue(fleet, job_id)


def test_a_purged_dead_letter_is_gone_and_the_job_stays_as_it_ended(fleet: Fleet) -> None:
    job_id = dead(fleet)
    call(fleet.member, "purge_dead_letter", job_id=job_id)
    assert letter(fleet, job_id) is None
    assert fleet.job(job_id)["status"] == "failed"
    with refused(404, "DEAD_LETTER_NOT_FOUND"):
        call(fleet.member, "purge_dead_letter", job_id=job_id)


def test_many_at_once_are_answered_one_by_one_and_the_good_ones_are_done(fleet: Fleet, stranger: Fleet) -> None:
    good, resolved, foreign, unknown = dead(fleet), dead(fleet), dead(stranger), uuid.uuid4()
    requeue(fleet, resolved)
    rows = call_all(fleet.member, "requeue_dead_letters", job_ids=[good, resolved, foreign, unknown, good])
    assert [(row["position"], row["status"], row["error_code"]) for row in rows] == [
        (0, "requeued", None),
        (1, None, "DEAD_LETTER_RESOLVED"),
        (2, None, "DEAD_LETTER_NOT_FOUND"),
        (3, None, "DEAD_LETTER_NOT_FOUND"),
        (4, None, "DEAD_LETTER_RESOLVED"),
    ]
    assert fleet.job(rows[0]["new_job_id"])["retry_of"] == good
    rows = call_all(fleet.member, "purge_dead_letters", job_ids=[good, foreign])
    assert [(row["status"], row["error_status"]) for row in rows] == [("purged", None), (None, 404)]
    assert letter(stranger, foreign) is not None
    with refused(400, "INVALID_ARGUMENT", "job_ids"):
        call_all(fleet.member, "purge_dead_letters", job_ids=[])


def test_a_job_whose_dedupe_key_another_has_stays_a_dead_letter_until_that_one_ends(fleet: Fleet) -> None:
    robot = fleet.robot()
    dead_id = fleet.enqueue(max_attempts=1, dedupe_key="k", input={"n": 1})["job_id"]
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    holder = fleet.enqueue(dedupe_key="k", input={"n": 2})
    for verb in ("retry_job", "requeue_dead_letter"):
        with refused(409, "DEDUPE_KEY_TAKEN", str(holder["job_id"])):
            call(fleet.member, verb, job_id=dead_id)
        (row,) = call_all(fleet.member, f"{verb}s", job_ids=[dead_id])
        assert (row["new_job_id"], row["error_status"], row["error_code"]) == (None, 409, "DEDUPE_KEY_TAKEN")
        assert str(holder["job_id"]) in row["error_message"]
    left = letter(fleet, dead_id)
    assert left is not None
    assert (left["resolved_at"], left["requeued_job_id"]) == (None, None)
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    new = fleet.job(uuid.UUID(requeue(fleet, dead_id)["new_job_id"]))
    assert (new["retry_of"], new["input"], new["dedupe_key"]) == (dead_id, {"n": 1}, "k")
    again = call(fleet.member, "retry_job", job_id=dead_id)["retry_job"]
    assert again["new_job_id"] == str(new["job_id"]), "a second retry finds the first one"


def test_an_operator_may_queue_again_and_only_a_developer_may_purge(fleet: Fleet) -> None:
    job_id = dead(fleet)
    operator = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "operator").claims)
    with refused(403, "FORBIDDEN"):
        call(operator, "purge_dead_letter", job_id=job_id)
    call(operator, "requeue_dead_letter", job_id=job_id)
    developer = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "developer").claims)
    call(developer, "purge_dead_letter", job_id=job_id)
    operator.close()
    developer.close()

"""The answer to a claim is bounded by bytes: what does not fit stays in the queue, as if it had never been touched."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.database.pools import Pool, fair_pool, pool_robot
from tests.database.test_fair_share import share_fairly
from tests.database.test_pool_claims import is_rotation
from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all

MEGABYTE = 1024 * 1024


def grow(fleet: Fleet, megabytes: int) -> None:
    """Makes the definition of the fleet's workflow so big; it is all one letter, so Postgres keeps little of it."""
    fleet.owner.execute(
        "update public.workflow_versions set definition = definition || jsonb_build_object('pad', repeat('x', %s)) "
        "where workflow_id = %s",
        [megabytes * MEGABYTE, fleet.workflow.workflow_id],
    )


def claim(fleet: Fleet, robot: Robot, limit: int) -> list[Row]:
    """What a robot gets, without the definitions, so that they need not travel."""
    return (
        fleet.robots[robot.robot_id]
        .execute("select job_id, lease_token, workflow_id from public.claim_jobs(p_limit => %s)", [limit])
        .fetchall()
    )


def ids(rows: list[Row]) -> list[uuid.UUID]:
    return [row["job_id"] for row in rows]


@contextmanager
def with_big_jobs(pool: Pool) -> Iterator[Robot]:
    """A robot with six slots of a pool, whose members have jobs for it, each so big that two fit into an answer."""
    for name, fleet in pool.members.items():
        grow(fleet, 15)
        pool.fill(**{name: 20})
    yield pool_robot(pool.owner, pool.id, max_concurrent_jobs=6)
    pool.close()


@pytest.mark.parametrize("is_fair", [False, True])
@pytest.mark.parametrize(("megabytes", "answers"), [(9, [3, 2]), (12, [2, 2, 1]), (33, [1, 1])])
def test_a_claim_answers_as_many_jobs_as_fit_into_32_mb_and_always_one(
    fleet: Fleet, megabytes: int, answers: list[int], is_fair: bool
) -> None:
    share_fairly(fleet, is_fair)
    grow(fleet, megabytes)
    robot = fleet.robot(max_concurrent_jobs=5)
    asked = [fleet.enqueue()["job_id"] for _ in range(sum(answers))]
    claims = [ids(claim(fleet, robot, limit=5)) for _ in answers]
    assert [len(answer) for answer in claims] == answers
    assert [job_id for answer in claims for job_id in answer] == asked


def test_big_inputs_count_as_well(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    for _ in range(4):
        fleet.enqueue(input={"text": "x" * 9 * MEGABYTE})
    assert [len(claim(fleet, robot, limit=5)) for _ in range(2)] == [3, 1]


@pytest.mark.parametrize("is_fair", [False, True])
def test_a_job_that_did_not_fit_waits_as_if_no_claim_had_seen_it(fleet: Fleet, is_fair: bool) -> None:
    share_fairly(fleet, is_fair)
    grow(fleet, 20)
    call(fleet.member, "set_limit", scope="tenant", max_running=5)
    call(fleet.member, "set_limit", scope="workflow", workflow_id=fleet.workflow.workflow_id, max_running=2)
    first, second = fleet.enqueue(), fleet.enqueue()
    waiting = "select tenant_no, lane_id, job_id, attempts, pool_id from private.ready where job_id = %s"
    before = fleet.owner.execute(waiting, [second["job_id"]]).fetchone()
    assert ids(claim(fleet, fleet.robot(max_concurrent_jobs=5), limit=5)) == [first["job_id"]]
    assert fleet.owner.execute(waiting, [second["job_id"]]).fetchone() == before
    assert fleet.events(second["job_id"]) == ["job.queued"]
    assert [row["list_limits"]["running"] for row in call_all(fleet.member, "list_limits")] == [1, 1]
    assert ids(claim(fleet, fleet.robot(), limit=1)) == [second["job_id"]]


def test_members_of_a_pool_have_their_turns_though_not_all_that_was_taken_fits(shared_database: Database) -> None:
    pool = Pool(shared_database, A=1, B=1, C=3)
    with with_big_jobs(pool) as robot:
        names = ""
        for _ in range(10):
            rows = claim(pool.owner, robot, limit=6)
            names += pool.names_of(rows)
            for row in rows:
                pool.owner.report(robot, "complete_job", row)
    assert len(names) == 20
    assert is_rotation(names, "ABCCC"), names


def test_what_members_share_by_seconds_and_does_not_fit_is_not_lost(shared_database: Database) -> None:
    pool = fair_pool(shared_database)
    with with_big_jobs(pool) as robot:
        assert [len(claim(pool.owner, robot, limit=6)) for _ in range(3)] == [2, 2, 2]

"""Two sessions at once, and eight threads: nothing lost, none twice, slots never exceeded, no deadlock."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from tests.databases import Connection, Database
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


PATIENCE_SECONDS = 120  # a safety net: nothing here is about how long it takes


def connect(fleet: Fleet, robot: Robot) -> Connection:
    """One more session of a robot."""
    return fleet.database.connect("authenticated", robot.claims)


def claim(connection: Connection, limit: int = 1) -> list[Row]:
    return call_all(connection, "claim_jobs", limit=limit)


def run_beside(work: Callable[[], object]) -> "Future[object]":
    """Starts work that may have to wait for what this thread holds."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(work)
    executor.shutdown(wait=False)
    return future


def is_waiting(watcher: Connection) -> bool:
    """Whether a session of this database comes to wait for a lock, however busy the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        row = watcher.execute(
            "select count(*) as n from pg_locks as l join pg_stat_activity as a using (pid) "
            "where not l.granted and a.datname = current_database()"
        ).fetchone()
        if row and row["n"]:
            return True
        time.sleep(0.001)
    return False


def test_two_robots_that_claim_at_once_get_different_jobs_and_do_not_wait(fleet: Fleet) -> None:
    one, two = (connect(fleet, fleet.robot()) for _ in range(2))
    jobs = [fleet.enqueue()["job_id"] for _ in range(2)]
    with one.transaction():
        first = claim(one)
        second = claim(two)
    assert [first[0]["job_id"], second[0]["job_id"]] == jobs


def test_a_claim_that_rolls_back_leaves_the_job_in_its_place(fleet: Fleet) -> None:
    robot = connect(fleet, fleet.robot())
    job = fleet.enqueue()
    with robot.transaction(force_rollback=True):
        assert claim(robot)[0]["job_id"] == job["job_id"]
    assert claim(robot)[0]["job_id"] == job["job_id"]


def test_a_robot_that_claims_twice_at_once_does_not_exceed_its_slots(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    one, two = connect(fleet, robot), connect(fleet, robot)
    for _ in range(4):
        fleet.enqueue()
    with one.transaction():
        assert len(claim(one, 2)) == 2
        beside = run_beside(lambda: claim(two, 2))
        assert is_waiting(fleet.owner)
    assert beside.result(PATIENCE_SECONDS) == []


def test_a_job_is_cancelled_or_claimed_but_never_both(fleet: Fleet) -> None:
    robot = connect(fleet, fleet.robot())
    job = fleet.enqueue()
    with robot.transaction():
        claim(robot)
        beside = run_beside(lambda: call(fleet.member, "cancel_job", job_id=job["job_id"])["cancel_job"])
        assert is_waiting(fleet.owner)
    answer = beside.result(PATIENCE_SECONDS)
    assert isinstance(answer, dict)
    assert (answer["cancelled"], answer["cancel_requested"]) == (False, True)
    assert fleet.job(job["job_id"])["status"] == "claimed"


def test_of_two_enqueues_with_one_dedupe_key_the_second_finds_the_first(fleet: Fleet) -> None:
    other = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    arguments = {"workflow_id": fleet.workflow.workflow_id, "dedupe_key": "k"}
    with fleet.member.transaction():
        first = call(fleet.member, "enqueue_job", **arguments)
        beside = run_beside(lambda: call(other, "enqueue_job", **arguments))
        assert is_waiting(fleet.owner)
    second = beside.result(PATIENCE_SECONDS)
    assert isinstance(second, dict)
    assert second["job_id"] == first["job_id"]
    assert fleet.count("private.ready") == 1


def test_a_completion_and_the_rescue_of_its_lease_do_not_both_happen(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.travel(seconds=61)
    session = fleet.robots[robot.robot_id]
    with session.transaction():
        assert fleet.report(robot, "complete_job", claimed, result={})["outcome"] == "applied"
        assert fleet.run("rescue_expired_leases") == 0, "what is being completed is skipped, not waited for"
    assert fleet.job(job["job_id"])["status"] == "completed"


def test_a_completion_waits_for_the_rescue_and_then_loses(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.travel(seconds=61)
    with fleet.owner.transaction():
        assert fleet.run("rescue_expired_leases") == 1
        beside = run_beside(lambda: fleet.report(robot, "complete_job", claimed, result={}))
        with fleet.database.connect() as watcher:
            assert is_waiting(watcher)
    answer = beside.result(PATIENCE_SECONDS)
    assert isinstance(answer, dict)
    assert answer["details"] == "LEASE_LOST"
    assert fleet.job(job["job_id"])["status"] == "queued"


def test_eight_threads_lose_nothing_and_do_nothing_twice(fleet: Fleet) -> None:
    """Robots claim in batches, complete, fail, release and cancel at random until every job has ended once."""
    robots = [fleet.robot(max_concurrent_jobs=3, capabilities=["a"] if number % 2 else []) for number in range(8)]
    jobs: set[uuid.UUID] = set()
    for number in range(240):
        capabilities = ["a"] if number % 5 == 0 else []
        jobs.add(
            fleet.enqueue(
                priority=number % 3,
                required_capabilities=capabilities,
                max_attempts=100,
                retry_policy={"policy": "fixed", "base_delay_seconds": 0},
            )["job_id"]
        )
    ended: Counter[uuid.UUID] = Counter()
    held: Counter[uuid.UUID] = Counter()
    guard = threading.Lock()
    problems: list[str] = []

    def work(robot: Robot, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        idle = 0
        with connect(fleet, robot) as session:
            while idle < 5:
                taken = claim(session, chance.randint(1, 5))
                idle = 0 if taken else idle + 1
                if len(taken) > 3:
                    problems.append(f"{len(taken)} jobs for 3 slots")
                with guard:
                    for job in taken:
                        held[job["job_id"]] += 1
                        if held[job["job_id"]] > 1 or ended[job["job_id"]]:
                            problems.append(f"{job['job_id']} was given twice")
                for job in taken:
                    what = chance.choice(["complete_job"] * 6 + ["fail_job", "release_job"])
                    arguments: dict[str, object] = {"job_id": job["job_id"], "lease_token": job["lease_token"]}
                    if what == "fail_job":
                        arguments["error_message"] = "boom"
                    # A job that is given back again and again without having been started would wait.
                    call(session, "start_job", job_id=job["job_id"], lease_token=job["lease_token"])
                    with guard:
                        held[job["job_id"]] -= 1
                        ended[job["job_id"]] += what == "complete_job"
                    answer = call(session, what, **arguments)[what]
                    if answer["outcome"] != "applied":
                        problems.append(str(answer))

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(work, robot, seed) for seed, robot in enumerate(robots)]:
            future.result(PATIENCE_SECONDS)
    assert problems == []
    assert set(ended) >= jobs
    assert {ended[job_id] for job_id in jobs} == {1}
    counts = fleet.owner.execute("select status::text, count(*)::int as n from public.jobs group by 1").fetchall()
    assert counts == [{"status": "completed", "n": 240}]
    assert [fleet.count(table) for table in ("private.ready", "private.leases", "private.scheduled")] == [0, 0, 0]


def test_enqueues_of_new_lanes_at_once_make_each_lane_once(fleet: Fleet) -> None:
    def enqueue(seed: int) -> None:
        with fleet.database.connect("authenticated", fleet.tenant.admin.claims) as session:
            for priority in range(10):
                call(session, "enqueue_job", workflow_id=fleet.workflow.workflow_id, priority=priority)

    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(enqueue, seed) for seed in range(4)]:
            future.result(PATIENCE_SECONDS)
    assert fleet.count("private.lanes") == 10
    assert fleet.count("private.ready") == 40


def test_a_report_that_cannot_wait_any_longer_changes_nothing(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    with fleet.owner.transaction():
        fleet.owner.execute("select from private.leases where job_id = %s for update", [job["job_id"]])
        session = fleet.robots[robot.robot_id]
        session.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            fleet.report(robot, "complete_job", claimed, result={})
        session.execute("set lock_timeout = 0")
    assert fleet.report(robot, "complete_job", claimed, result={})["outcome"] == "applied"

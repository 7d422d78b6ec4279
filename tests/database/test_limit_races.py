"""Sixteen robots at once: a limit is never passed, no job is lost, nobody waits for another in a circle."""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import psycopg
import pytest
from tests.databases import Connection, Database
from tests.factories import Robot, Workflow, make_workflow
from tests.fleets import Fleet, Row, call, call_all, make_fleet

SESSIONS = 16
Name = tuple[str, uuid.UUID | str | None]


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


class Watch:
    """What robots hold, by what it counts towards, as they know it: from a claim's answer to the report."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.now: Counter[Name] = Counter()
        self.most: Counter[Name] = Counter()
        self.ended: Counter[uuid.UUID] = Counter()

    def begin(self, names: list[Name]) -> None:
        """A job has been claimed."""
        with self.guard:
            self.now.update(names)
            for name in names:
                self.most[name] = max(self.most[name], self.now[name])

    def end(self, job_id: uuid.UUID, names: list[Name], *, completed: bool) -> None:
        """A job is about to be reported."""
        with self.guard:
            self.now.subtract(names)
            self.ended[job_id] += completed


def connect(fleet: Fleet, robot: Robot) -> Connection:
    """A session of the robot's own."""
    return fleet.database.connect("authenticated", robot.claims)


def claim(session: Connection, names: dict[uuid.UUID, list[Name]], watch: Watch, limit: int) -> list[Row]:
    """Jobs that the session's robot holds from now on."""
    taken = call_all(session, "claim_jobs", limit=limit)
    for job in taken:
        watch.begin(names[job["job_id"]])
    return taken


def work(
    session: Connection,
    names: dict[uuid.UUID, list[Name]],
    watch: Watch,
    seed: int,
    total: int,
    held: Sequence[Row] = (),
) -> None:
    """Completes, fails and releases at random, what is held first, and claims until every job has been completed."""
    chance = random.Random(seed)  # noqa: S311
    while sum(watch.ended.values()) < total:
        for job in held or claim(session, names, watch, chance.randint(1, 4)):
            report(session, job, names[job["job_id"]], watch, chance)
        held = ()


def report(session: Connection, job: Row, names: list[Name], watch: Watch, chance: random.Random) -> None:
    """Ends a lease in one of the ways that a robot has."""
    what = chance.choice(["complete_job"] * 5 + ["fail_job", "release_job"])
    arguments: Row = {"job_id": job["job_id"], "lease_token": job["lease_token"]}
    if what == "fail_job":
        arguments["error_message"] = "boom"
    watch.end(job["job_id"], names, completed=what == "complete_job")
    assert call(session, what, **arguments)[what]["outcome"] == "applied"


def enqueue_all(
    fleet: Fleet, workflows: list[Workflow], keys: list[str | None], count: int
) -> dict[uuid.UUID, list[Name]]:
    """Jobs over all workflows and keys; what each counts towards, by its id."""
    names: dict[uuid.UUID, list[Name]] = {}
    for number in range(count):
        workflow, key = workflows[number % len(workflows)], keys[number % len(keys)]
        job = fleet.enqueue(
            workflow_id=workflow.workflow_id,
            concurrency_key=key,
            priority=number % 3,
            max_attempts=100,
            retry_policy={"policy": "fixed", "base_delay_seconds": 0},
        )
        names[job["job_id"]] = [("tenant", None), ("workflow", workflow.workflow_id), ("key", key)]
    return names


def counters(fleet: Fleet) -> list[int]:
    """What the limits count."""
    return [row["list_limits"]["running"] for row in call_all(fleet.member, "list_limits")]


def test_sixteen_robots_never_hold_more_than_any_limit_allows(fleet: Fleet) -> None:
    workflows = [fleet.workflow, *(make_workflow(fleet.database, fleet.tenant) for _ in range(3))]
    maximum: dict[Name, int] = {("tenant", None): 7, ("key", "a"): 1, ("key", "b"): 2}
    maximum |= {("workflow", workflow.workflow_id): 2 for workflow in workflows[:2]}
    for (scope, target), most in maximum.items():
        argument = {"workflow": "workflow_id", "key": "concurrency_key"}.get(scope)
        call(fleet.member, "set_limit", scope=scope, max_running=most, **({argument: target} if argument else {}))
    names = enqueue_all(fleet, workflows, ["a", "b", "c", None, None], 200)
    robots = [fleet.robot(max_concurrent_jobs=4) for _ in range(SESSIONS)]
    watch = Watch()

    with ThreadPoolExecutor(SESSIONS) as threads:
        sessions = [connect(fleet, robot) for robot in robots]
        held = [
            claim(session, names, watch, 4) for session in sessions
        ]  # until the limits leave nothing, whoever is fast
        shares = enumerate(zip(sessions, held, strict=True))
        for future in [threads.submit(work, s, names, watch, seed, 200, jobs) for seed, (s, jobs) in shares]:
            future.result(120)
    assert {name: watch.most[name] for name in maximum if watch.most[name] > maximum[name]} == {}
    assert watch.ended == Counter(names.keys()), "every job once"
    assert watch.most["key", "a"] == 1
    reached = [watch.most["tenant", None], watch.most["workflow", workflows[1].workflow_id]]
    assert reached == [7, 2], "limits were reached, so that this shows something"
    assert counters(fleet) == [0] * len(maximum)
    assert fleet.run("reconcile_limits") == 0


def test_limits_that_come_change_and_go_under_load_stay_exact(fleet: Fleet) -> None:
    workflows = [fleet.workflow, make_workflow(fleet.database, fleet.tenant)]
    names = enqueue_all(fleet, workflows, ["a", "b", None], 240)
    robots = [fleet.robot(max_concurrent_jobs=4) for _ in range(6)]
    watch = Watch()
    reality = """
        select c.counter_id
        from private.limit_counters as c
        join private.limits as w on w.limit_id = c.limit_id
        where c.running <> (select count(*) from private.leases as l where c.counter_id = any (l.counter_ids))
            or c.max_running = w.max_running and c.running <> (
                select count(*)
                from private.leases as l
                join public.jobs as j on j.job_id = l.job_id
                where l.tenant_id = w.tenant_id
                    and (w.scope = 'tenant' or j.workflow_id = w.workflow_id or j.concurrency_key = w.concurrency_key)
            )
    """
    wrong: list[Row] = []

    def change(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        with fleet.database.connect("authenticated", fleet.tenant.admin.claims) as session:
            while sum(watch.ended.values()) < 240:
                arguments: Row = chance.choice(
                    [
                        {"scope": "tenant"},
                        {"scope": "workflow", "workflow_id": workflows[0].workflow_id},
                        {"scope": "key", "concurrency_key": "a"},
                    ]
                )
                try:
                    if chance.random() < 0.4:
                        call(session, "remove_limit", **arguments)
                    else:
                        call(session, "set_limit", max_running=chance.randint(2, 6), **arguments)
                except psycopg.Error as error:
                    assert error.sqlstate == "PT404"  # noqa: PT017
                wrong.extend(fleet.owner.execute(reality).fetchall())

    with ThreadPoolExecutor(7) as threads:
        sessions = [connect(fleet, robot) for robot in robots]
        futures = [threads.submit(work, s, names, watch, seed, 240) for seed, s in enumerate(sessions)]
        for future in [threads.submit(change, 99), *futures]:
            future.result(120)
    assert wrong == []
    assert watch.ended == Counter(names.keys())
    assert counters(fleet) == [0] * len(counters(fleet))


@pytest.mark.parametrize("rule", ["cancel_newest", "cancel_running"])
def test_of_many_jobs_with_one_key_that_come_at_once_one_goes_on(fleet: Fleet, rule: str) -> None:
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1, on_collision=rule)

    def enqueue(_: int) -> None:
        with fleet.database.connect("authenticated", fleet.tenant.admin.claims) as session:
            for _ in range(5):
                call(session, "enqueue_job", workflow_id=fleet.workflow.workflow_id, concurrency_key="k")

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(enqueue, number) for number in range(8)]:
            future.result(120)
    rows = fleet.owner.execute("select status::text, count(*)::int as n from public.jobs group by 1").fetchall()
    assert {row["status"]: row["n"] for row in rows} == {"queued": 1, "cancelled": 39}
    assert fleet.count("private.ready") == 1


# -- limits of several counters


def parts(fleet: Fleet) -> list[tuple[int, int]]:
    """The counters of the tenant's limit: how many jobs each counts, and may."""
    rows = fleet.owner.execute(
        "select c.running, c.max_running from private.limit_counters as c join private.limits as w using (limit_id) "
        "where w.tenant_id = %s and w.scope = 'tenant' order by c.counter_id",
        [fleet.tenant.tenant_id],
    ).fetchall()
    return [(row["running"], row["max_running"]) for row in rows]


def fill(fleet: Fleet, count: int, **job: Any) -> None:
    """So many waiting jobs."""
    jobs = [{"workflow_id": str(fleet.workflow.workflow_id), **job}] * count
    assert {answer["status"] for answer in call_all(fleet.member, "enqueue_jobs", jobs=jobs)} == {"queued"}


def end_all(session: Connection, jobs: list[Row]) -> None:
    """Completes jobs together."""
    reports = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in jobs]
    if reports:
        answers = call_all(session, "complete_jobs", results=reports)
        assert {answer["status"] for answer in answers} == {"completed"}


def test_one_claim_gets_all_that_the_counters_of_a_limit_have_room_for(fleet: Fleet) -> None:
    call(fleet.member, "set_limit", scope="tenant", max_running=67)
    call(fleet.member, "set_limit", scope="workflow", workflow_id=fleet.workflow.workflow_id, max_running=66)
    robot = fleet.robot(max_concurrent_jobs=100)
    fill(fleet, 10, priority=1)
    fill(fleet, 90, priority=2)
    claimed = fleet.claim(robot, limit=100)
    assert [job["priority"] for job in claimed] == [1] * 10 + [2] * 56
    assert counters(fleet) == [66, 66]
    end_all(fleet.robots[robot.robot_id], claimed[:5])
    assert len(fleet.claim(robot, limit=100)) == 5
    assert fleet.run("reconcile_limits") == 0


def test_what_runs_is_spread_over_the_counters_when_a_limit_is_set_anew(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=100)
    fill(fleet, 100)
    claimed = fleet.claim(robot, limit=20)
    call(fleet.member, "set_limit", scope="tenant", max_running=63)
    assert parts(fleet) == [(20, 63)]
    call(fleet.member, "set_limit", scope="tenant", max_running=67)
    assert parts(fleet) == [(3, 9)] * 3 + [(3, 8)] + [(2, 8)] * 4
    claimed += fleet.claim(robot, limit=100)
    assert parts(fleet) == [(9, 9)] * 3 + [(8, 8)] * 5
    call(fleet.member, "set_limit", scope="tenant", max_running=65)
    assert parts(fleet) == [(67, 65)], "more run than may, so that no part may have room"
    for left in (66, 65):
        end_all(fleet.robots[robot.robot_id], [claimed.pop()])
        assert fleet.claim(robot, limit=100) == []
        assert counters(fleet) == [left]
    call(fleet.member, "set_limit", scope="tenant", max_running=65)
    assert parts(fleet) == [(9, 9)] + [(8, 8)] * 7
    end_all(fleet.robots[robot.robot_id], [claimed.pop()])
    assert len(fleet.claim(robot, limit=100)) == 1
    assert fleet.run("reconcile_limits") == 0


def test_sixteen_robots_fill_a_limit_of_several_counters_exactly(fleet: Fleet) -> None:
    call(fleet.member, "set_limit", scope="tenant", max_running=67)
    robots = [fleet.robot(max_concurrent_jobs=20) for _ in range(SESSIONS)]
    fill(fleet, 150)
    barrier = threading.Barrier(SESSIONS)

    def take(session: Connection, seed: int) -> list[Row]:
        chance = random.Random(seed)  # noqa: S311
        taken: list[Row] = []
        barrier.wait(120)
        for _ in range(20):
            taken += call_all(session, "claim_jobs", limit=chance.randint(1, 5))
        return taken

    with ThreadPoolExecutor(SESSIONS) as threads:
        sessions = [connect(fleet, robot) for robot in robots]
        futures = [threads.submit(take, session, seed) for seed, session in enumerate(sessions)]
        held = [future.result(120) for future in futures]
    assert sum(len(jobs) for jobs in held) == 67
    assert parts(fleet) == [(9, 9)] * 3 + [(8, 8)] * 5
    for session, jobs in zip(sessions, held, strict=True):
        end_all(session, jobs)
    assert counters(fleet) == [0]
    assert fleet.run("reconcile_limits") == 0


def test_batches_over_counters_that_come_and_go_wait_for_nobody_in_a_circle(fleet: Fleet) -> None:
    scopes: list[Row] = [{"scope": "tenant"}, {"scope": "workflow", "workflow_id": fleet.workflow.workflow_id}]
    for scope in scopes:
        call(fleet.member, "set_limit", max_running=80, **scope)
    robots = [fleet.robot(max_concurrent_jobs=30) for _ in range(10)]
    for key in range(8):
        fill(fleet, 75, priority=key % 3, concurrency_key=str(key))
    ended: Counter[uuid.UUID] = Counter()
    wrong: list[Row] = []
    failed: list[BaseException | None] = []  # then the others stop, too
    reality = """
        select c.counter_id
        from private.limit_counters as c
        where c.running <> (select count(*) from private.leases as l where c.counter_id = any (l.counter_ids))
        union all
        select w.limit_id
        from private.limits as w
        join private.limit_counters as c on c.limit_id = w.limit_id
        group by w.limit_id
        having w.max_running <> sum(c.max_running)
            or (select count(*) from private.leases as l where l.tenant_id = w.tenant_id) <> sum(c.running)
    """

    def serve(session: Connection, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        while sum(ended.values()) < 600 and not failed:
            taken = call_all(session, "claim_jobs", limit=chance.randint(1, 30))
            end_all(session, chance.sample(taken, len(taken)))
            ended.update(job["job_id"] for job in taken)

    def change(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        with fleet.database.connect("authenticated", fleet.tenant.admin.claims) as session:
            while sum(ended.values()) < 600 and not failed:
                call(session, "set_limit", max_running=chance.choice([3, 20, 64, 75, 200]), **chance.choice(scopes))
                wrong.extend(fleet.owner.execute(reality).fetchall())

    with ThreadPoolExecutor(11) as threads:
        sessions = [connect(fleet, robot) for robot in robots]
        futures = [threads.submit(serve, session, seed) for seed, session in enumerate(sessions)]
        futures.append(threads.submit(change, 99))
        failed += [done.exception() for done in wait(futures, 300, FIRST_EXCEPTION).done if done.exception()] or (
            [] if all(future.done() for future in futures) else [TimeoutError()]
        )
    assert failed == []
    assert wrong == []
    assert set(ended.values()) == {1}
    assert counters(fleet) == [0, 0]
    assert fleet.run("reconcile_limits") == 0

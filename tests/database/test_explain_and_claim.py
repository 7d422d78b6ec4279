"""explain_job and explain_robot say what claim_jobs does: random fleets and queues on the real database."""

import uuid
from collections import Counter
from typing import Any

import psycopg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.database.test_fair_share import share_fairly
from tests.databases import Database
from tests.factories import Robot, Workflow, make_workflow
from tests.fleets import Fleet, Row, call, call_all, make_fleet

LimitName = tuple[str, str]
Limits = dict[LimitName, int]
Shares = list[tuple[int, int]] | None

WORDS = st.just([]) | st.lists(st.sampled_from(["ocr", "sap"]), unique=True)
TAGS = st.just([]) | st.lists(st.sampled_from(["vip"]), unique=True)
ENVIRONMENTS = ["default", "production"]
HINDRANCES = ["pause", "drain", "quarantine", "revoked", "left", "silent", "busy", "maintenance"]

ROBOTS = st.fixed_dictionaries(
    {
        "capabilities": WORDS,
        "tags": TAGS,
        "environment": st.sampled_from(ENVIRONMENTS),
        "is_internet": st.booleans(),
        "locked": st.sampled_from([None, None, False, True]),  # of its session
        "max_concurrent_jobs": st.integers(1, 3),
        "hindrance": st.one_of(st.none(), st.none(), st.sampled_from(HINDRANCES)),
    }
)
JOBS = st.fixed_dictionaries(
    {
        "required_capabilities": WORDS | st.just(["session:interactive"]),
        "required_tags": TAGS,
        "environment": st.sampled_from(["*", "*", *ENVIRONMENTS]),
        "execution_mode": st.sampled_from(["lan", "lan", "lan", "internet"]),
        "priority": st.sampled_from([1, 10]),
        "target": st.one_of(st.none(), st.none(), st.integers(0, 3)),
        "is_late": st.sampled_from([False, False, False, True]),
        "workflow": st.integers(0, 1),
        "concurrency_key": st.sampled_from([None, None, "k", "j"]),
    }
)
# How many may run of each; robots hold some of them already.
LIMITS = st.dictionaries(
    st.sampled_from([("tenant", ""), ("workflow", "0"), ("workflow", "1"), ("key", "k"), ("key", "j")]),
    st.integers(0, 3),
    max_size=3,
)
# Of a tenant that shares fairly: the weight of each workflow, and the robot-seconds that it has had.
SHARES = st.none() | st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0, 50, 500])), min_size=2, max_size=2)

PLAIN_ROBOT: Row = {"max_concurrent_jobs": 3, "hindrance": None}
PLAIN_JOB: Row = {"target": None, "is_late": False, "workflow": 0}
OF_A_KEY: Row = PLAIN_JOB | {"concurrency_key": "k"}


def hinder(fleet: Fleet, robot: Robot, how: str | None) -> None:
    """Brings a robot into a state in which it gets nothing, or asks for nothing."""
    session, name = fleet.robots[robot.robot_id], robot.external_id
    match how:
        case "pause" | "drain" | "quarantine":
            call(fleet.member, "command_robot", robot=name, command=how)
        case "revoked":
            call(fleet.member, "revoke_api_key", api_key_id=robot.key.api_key_id)
        case "left":
            call(session, "set_robot_status", robot=name, status="offline")
        case "maintenance":
            call(session, "set_robot_status", robot=name, status="maintenance")
        case "silent":
            fleet.owner.execute(
                "update public.robot_heartbeats set last_heartbeat_at = now() - interval '1 day' where robot_id = %s",
                [robot.robot_id],
            )
        case "busy":
            fleet.enqueue(robot_id=name, priority=0, concurrency_key="k")
            assert len(fleet.claim(robot)) == 1


def would_get(fleet: Fleet, robot: Robot, *limits: int) -> list[str]:
    """What the robot's claims give, one after another, undone again."""
    session = fleet.robots[robot.robot_id]
    got: list[str] = []
    with session.transaction(force_rollback=True):
        try:
            with session.transaction():
                for limit in limits:
                    rows = session.execute("select job_id from public.claim_jobs(%s)", [limit]).fetchall()
                    got.extend(str(row["job_id"]) for row in rows)
        except psycopg.Error as error:
            if error.sqlstate != "PT401":
                raise
    return got


def explain(fleet: Fleet, job_id: uuid.UUID) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_job", job_id=job_id)["explain_job"]
    return answer


def explain_robot(fleet: Fleet, robot: Robot) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_robot", robot=robot.external_id)["explain_robot"]
    return answer


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    robots=st.lists(ROBOTS, min_size=1, max_size=4),
    jobs=st.lists(JOBS, min_size=1, max_size=6),
    limits=LIMITS,
    shares=SHARES,
)
# Two lanes under one limit that has room for one of them; and a workflow that has had more than another.
@example([PLAIN_ROBOT], [OF_A_KEY | {"priority": 1}, OF_A_KEY, PLAIN_JOB], {("key", "k"): 1}, None)
@example([PLAIN_ROBOT], [PLAIN_JOB, PLAIN_JOB | {"workflow": 1}], {}, [(1, 50), (1, 0)])
def test_what_is_explained_is_what_a_claim_does(
    shared_database: Database, robots: list[Row], jobs: list[Row], limits: Limits, shares: Shares
) -> None:
    fleet = make_fleet(shared_database)
    try:
        workflows = [fleet.workflow, make_workflow(fleet.database, fleet.tenant)]
        if shares:
            share_fairly(fleet)
        made = make_robots(fleet, robots)
        set_limits(fleet, workflows, limits)
        wishes = enqueue(fleet, workflows, made, jobs)
        if shares:
            give_shares(fleet, workflows, shares)
        compare(fleet, made, wishes, is_fair=bool(shares))
    finally:
        fleet.close()


def make_robots(fleet: Fleet, robots: list[Row]) -> list[Robot]:
    """The robots, each in its state."""
    made = []
    for properties in robots:
        robot = fleet.robot(
            **{name: value for name, value in properties.items() if name not in ("hindrance", "locked")}
        )
        if properties.get("locked") is not None:
            session = {"interactive": True, "locked": properties["locked"]}
            call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"session": session})
        hinder(fleet, robot, properties["hindrance"])
        made.append(robot)
    return made


def set_limits(fleet: Fleet, workflows: list[Workflow], limits: Limits) -> None:
    """The limits; what robots hold by now counts towards them."""
    for (scope, of), max_running in limits.items():
        arguments: Row = {"scope": scope, "max_running": max_running}
        if scope == "workflow":
            arguments["workflow_id"] = workflows[int(of)].workflow_id
        elif scope == "key":
            arguments["concurrency_key"] = of
        call(fleet.member, "set_limit", **arguments)


def give_shares(fleet: Fleet, workflows: list[Workflow], shares: list[tuple[int, int]]) -> None:
    """The weight of each workflow, and what it has had."""
    for workflow, (weight, seconds) in zip(workflows, shares, strict=True):
        call(fleet.member, "set_share", workflow_id=workflow.workflow_id, weight=weight)
        fleet.owner.execute(
            "update private.shares set used_seconds = %s, folded_at = private.clock() where workflow_id = %s",
            [seconds, workflow.workflow_id],
        )


def enqueue(fleet: Fleet, workflows: list[Workflow], robots: list[Robot], jobs: list[Row]) -> dict[str, Row]:
    """The jobs as they were enqueued, by their ids."""
    wishes = {}
    for properties in jobs:
        wanted = {name: value for name, value in properties.items() if name not in ("target", "is_late", "workflow")}
        wanted["workflow_id"] = workflows[properties["workflow"]].workflow_id
        if properties["target"] is not None and properties["target"] < len(robots):
            wanted["robot_id"] = robots[properties["target"]].external_id
        if properties["is_late"]:
            wanted["run_at"] = "2099-01-01"
        wishes[str(fleet.enqueue(**wanted)["job_id"])] = wanted
    return wishes


def room(fleet: Fleet) -> dict[LimitName, int]:
    """How many more jobs each limit lets be claimed."""
    limits = [row["list_limits"] for row in call_all(fleet.member, "list_limits")]
    return {
        (limit["scope"], limit["workflow_id"] or limit["concurrency_key"] or ""): max(
            limit["max_running"] - limit["running"], 0
        )
        for limit in limits
    }


def counts_towards(wish: Row) -> list[LimitName]:
    """The limits that a job counts towards, if they are set."""
    return [("tenant", ""), ("workflow", str(wish["workflow_id"])), ("key", wish.get("concurrency_key") or "none")]


def compare(fleet: Fleet, robots: list[Robot], wishes: dict[str, Row], *, is_fair: bool) -> None:
    """Holds every explanation to what each robot's claims give.

    `ahead` is exact for jobs that are claimed one after another. A claim for several may get fewer beside limits; and
    under fair share each job that is taken changes whose turn it is, so that only who is first is certain.
    """
    told = {job_id: explain(fleet, uuid.UUID(job_id)) for job_id in wishes}
    left = room(fleet)
    for robot in robots:
        of_robot = explain_robot(fleet, robot)
        slots = of_robot["free_slots"]
        in_turn, batch = would_get(fleet, robot, *[1] * max(slots, 1)), would_get(fleet, robot, 100)
        first = in_turn[:1]
        assert first == ([of_robot["next_job_id"]] if of_robot["is_eligible"] and of_robot["next_job_id"] else [])
        assert batch == in_turn if is_fair or not left else batch[:1] == first
        if of_robot["verdict"] == "ready":
            assert first != []
        for job_id, answer in told.items():
            judgement = {seen["robot_id"]: seen for seen in answer["robots"]}.get(str(robot.robot_id))
            if judgement is None or answer["state"] != "queued":
                assert job_id not in in_turn + batch
                continue
            is_eligible, ahead = judgement["is_eligible"], judgement["ahead"]
            assert (first == [job_id]) == (is_eligible and ahead == 0), (judgement, of_robot)
            if is_eligible and not is_fair:
                taken = Counter(each for other in in_turn[:ahead] for each in counts_towards(wishes[other]))
                has_room = all(taken[each] < left[each] for each in counts_towards(wishes[job_id]) if each in left)
                assert (job_id in in_turn) == (ahead < slots and has_room), (judgement, of_robot)
                assert in_turn.index(job_id) == ahead if job_id in in_turn else True
            if judgement["verdict"] == "ready":
                assert first == [job_id]
                assert answer["verdict"] == "ready"
            if not is_eligible:
                assert job_id not in in_turn + batch
                assert judgement["verdict"] in ("blocked", "waiting")
                assert judgement["reason_code"] not in ("next_in_line", "better_jobs_ahead")

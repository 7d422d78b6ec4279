"""explain_job and explain_robot say what claim_jobs does: random fleets and queues on the real database."""

import uuid
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, call, make_fleet

WORDS = st.lists(st.sampled_from(["ocr", "sap"]), unique=True)
TAGS = st.lists(st.sampled_from(["vip"]), unique=True)
ENVIRONMENTS = ["default", "production"]
HINDRANCES = ["pause", "drain", "quarantine", "revoked", "left", "silent", "busy", "maintenance"]

ROBOTS = st.fixed_dictionaries(
    {
        "capabilities": WORDS,
        "tags": TAGS,
        "environment": st.sampled_from(ENVIRONMENTS),
        "is_internet": st.booleans(),
        "max_concurrent_jobs": st.integers(1, 2),
        "hindrance": st.one_of(st.none(), st.none(), st.sampled_from(HINDRANCES)),
    }
)
JOBS = st.fixed_dictionaries(
    {
        "required_capabilities": WORDS,
        "required_tags": TAGS,
        "environment": st.sampled_from(["*", "*", *ENVIRONMENTS]),
        "execution_mode": st.sampled_from(["lan", "lan", "lan", "internet"]),
        "priority": st.sampled_from([1, 10]),
        "target": st.one_of(st.none(), st.none(), st.integers(0, 3)),
        "is_late": st.booleans(),
    }
)


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
            fleet.enqueue(robot_id=name, priority=0)
            assert len(fleet.claim(robot)) == 1


def would_get(fleet: Fleet, robot: Robot, limit: int) -> list[str]:
    """What the robot's claim gives, undone again."""
    session = fleet.robots[robot.robot_id]
    with session.transaction(force_rollback=True):
        try:
            with session.transaction():
                rows = session.execute("select job_id from public.claim_jobs(%s)", [limit]).fetchall()
        except psycopg.Error as error:
            if error.sqlstate != "PT401":
                raise
            return []
        return [str(row["job_id"]) for row in rows]


def explain(fleet: Fleet, job_id: uuid.UUID) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_job", job_id=job_id)["explain_job"]
    return answer


def explain_robot(fleet: Fleet, robot: Robot) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_robot", robot=robot.external_id)["explain_robot"]
    return answer


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(robots=st.lists(ROBOTS, min_size=1, max_size=4), jobs=st.lists(JOBS, min_size=1, max_size=6))
def test_what_is_explained_is_what_a_claim_does(
    shared_database: Database, robots: list[dict[str, Any]], jobs: list[dict[str, Any]]
) -> None:
    fleet = make_fleet(shared_database)
    try:
        compare(fleet, robots, jobs)
    finally:
        fleet.close()


def compare(fleet: Fleet, robots: list[dict[str, Any]], jobs: list[dict[str, Any]]) -> None:
    """Makes the robots and jobs and holds every explanation to what each robot's claim gives."""
    made: list[Robot] = []
    for properties in robots:
        robot = fleet.robot(**{name: value for name, value in properties.items() if name != "hindrance"})
        hinder(fleet, robot, properties["hindrance"])
        made.append(robot)
    answers = []
    for properties in jobs:
        wanted = {name: value for name, value in properties.items() if name not in ("target", "is_late")}
        if properties["target"] is not None and properties["target"] < len(made):
            wanted["robot_id"] = made[properties["target"]].external_id
        if properties["is_late"]:
            wanted["run_at"] = "2099-01-01"
        answers.append(fleet.enqueue(**wanted)["job_id"])
    told = [explain(fleet, job_id) for job_id in answers]

    for robot in made:
        first, batch = would_get(fleet, robot, 1), would_get(fleet, robot, 100)
        of_robot = explain_robot(fleet, robot)
        assert first == ([of_robot["next_job_id"]] if of_robot["is_eligible"] and of_robot["next_job_id"] else [])
        if of_robot["verdict"] == "ready":
            assert first != []
        for answer in told:
            judged = {judgement["robot_id"]: judgement for judgement in answer["robots"]}
            judgement = judged.get(str(robot.robot_id))
            if judgement is None or answer["state"] != "queued":
                assert answer["job_id"] not in batch
                continue
            gets_it = judgement["is_eligible"] and judgement["ahead"] < of_robot["free_slots"]
            assert (answer["job_id"] in batch) == gets_it, (judgement, of_robot)
            assert (first == [answer["job_id"]]) == (judgement["is_eligible"] and judgement["ahead"] == 0)
            if judgement["verdict"] == "ready":
                assert first == [answer["job_id"]]
                assert answer["verdict"] == "ready"
            if not judgement["is_eligible"]:
                assert judgement["verdict"] in ("blocked", "waiting")
                assert judgement["reason_code"] not in ("next_in_line", "better_jobs_ahead")

"""A member's job on the owner's robot: every verb works, all of it is the member's, neither side sees the other's."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.database.pools import Pool, pool_robot, slug_of
from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, refused


@pytest.fixture
def pool(shared_database: Database) -> Iterator[Pool]:
    """A pool with the members A and B."""
    pool = Pool(shared_database, A=1, B=1)
    yield pool
    pool.close()


def travel(pool: Pool, **duration: float) -> None:
    """Lets time pass for all tenants of the pool."""
    for fleet in (pool.owner, *pool.members.values()):
        fleet.travel(**duration)


def take(pool: Pool, robot: Robot, **properties: Any) -> Row:
    """A job of A for the pool, claimed."""
    job = pool.members["A"].enqueue(pool=pool.id, **properties)
    claimed = pool.owner.claim_one(robot)
    assert claimed["job_id"] == job["job_id"]
    return claimed


def explain(fleet: Fleet, job_id: uuid.UUID) -> Row:
    answer: Row = call(fleet.member, "explain_job", job_id=job_id)["explain_job"]
    assert "{" not in answer["sentence"] + answer["next_step"], "a fact is missing"
    return answer


def told(fleet: Fleet, job_id: uuid.UUID) -> tuple[str, str]:
    answer = explain(fleet, job_id)
    return answer["verdict"], answer["reason_code"]


# -- the verbs


def test_a_members_job_from_the_claim_to_its_end(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    job = take(pool, robot)
    member.watch(job["job_id"])
    session, token = pool.owner.robots[robot.robot_id], {"job_id": job["job_id"], "lease_token": job["lease_token"]}
    assert pool.owner.report(robot, "start_job", job)["status"] == "running"
    nodes = [{"node_id": "n1", "status": "completed"}]
    pool.owner.report(robot, "report_progress", job, progress=40, current_node="n1", node_executions=nodes)
    entries = [{"level": "info", "message": "a secret of A"}]
    assert call(session, "append_job_logs", entries=entries, **token)["append_job_logs"] == 1
    renewed = call(session, "renew_leases", leases=[{k: str(v) for k, v in token.items()}])
    assert renewed["renewed"]
    assert member.job(job["job_id"])["status"] == "running"
    assert member.job(job["job_id"])["robot_id"] == robot.robot_id
    answer = pool.owner.report(robot, "complete_job", job, result={"ok": True})
    assert pool.owner.report(robot, "complete_job", job, result={"ok": True}) == answer
    done = member.job(job["job_id"])
    assert (done["status"], done["result"], str(done["pool_id"])) == ("completed", {"ok": True}, pool.id)
    assert [row["message"] for row in member.member.execute("select message from public.job_logs").fetchall()] == [
        "a secret of A"
    ]
    kept = member.member.execute("select node_executions from public.job_node_executions").fetchall()
    assert [row["node_executions"][0]["node_id"] for row in kept] == ["n1"]
    assert member.events(job["job_id"]) == ["job.queued", "job.claimed", "job.started", "job.completed"]
    pushed = [push["event"] for push in member.pushes(f"job:{job['job_id']}")]
    assert pushed == ["job.started", "job.progress", "job.log", "job.completed"]


def test_nothing_of_a_members_job_is_the_owners(pool: Pool) -> None:
    owner, robot = pool.owner, pool_robot(pool.owner, pool.id)
    job = take(pool, robot, input={"secret": "of A"})
    owner.report(robot, "start_job", job)
    live = owner.member.execute("select * from public.live_robots").fetchone()
    assert live is not None
    assert (live["is_busy"], live["load"], live["current_job_ids"]) == (True, 1, [])
    for query in (
        "select job_id from public.jobs",
        "select job_id from public.live_jobs",
        "select job_id from private.leases",
        "select job_id from public.job_logs",
    ):
        assert owner.member.execute(query).fetchall() == [], query
    own = explain_robot(owner, robot)
    assert (own["reason_code"], own["held_job_ids"]) == ("slots_full", [])
    for refusal, arguments in {"explain_job": {}, "cancel_job": {}, "retry_job": {}}.items():
        with refused(404, "JOB_NOT_FOUND"):
            call(owner.member, refusal, job_id=job["job_id"], **arguments)
    owner.report(robot, "fail_job", job, error_message="a secret of A", retryable=False)
    events = owner.owner.execute(
        "select data::text as data from private.event_inbox where tenant_id = %s", [owner.tenant.tenant_id]
    ).fetchall()
    text = json.dumps([row["data"] for row in events] + [str(push) for push in owner.bells()])
    for secret in ("secret of A", pool.members["A"].workflow.name, str(pool.members["A"].tenant.tenant_id)):
        assert secret not in text
    metrics = call(owner.member, "get_robot_metrics", robot_id=robot.robot_id)["get_robot_metrics"]
    assert metrics["failed"] == 0, "the owner's figures are of the owner's jobs"
    theirs = call(pool.members["A"].member, "get_fleet_metrics")["get_fleet_metrics"]
    assert theirs["today"]["failed"] == 1


def explain_robot(fleet: Fleet, robot: Robot) -> Row:
    answer: Row = call(fleet.member, "explain_robot", robot=robot.external_id)["explain_robot"]
    assert "{" not in answer["sentence"] + answer["next_step"], "a fact is missing"
    return answer


def test_a_member_sees_of_the_owners_robot_its_id_and_no_more(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    name = robot.external_id
    job = take(pool, robot)
    waiting = member.enqueue(pool=pool.id)["job_id"]
    seen = [explain(member, job["job_id"]), explain(member, waiting)]
    assert str(robot.robot_id) in seen[0]["sentence"]
    pool.owner.report(robot, "complete_job", job)
    call(pool.owner.member, "command_robot", robot=name, command="quarantine", reason="a secret of the owner")
    seen += [explain(member, job["job_id"]), explain(member, waiting)]
    text = json.dumps(seen)
    assert name not in text
    assert "secret" not in text
    assert [answer["robots"] for answer in seen] == [[]] * 4
    assert member.member.execute("select from public.robots").fetchall() == []
    with refused(404, "ROBOT_NOT_FOUND"):
        call(member.member, "explain_robot", robot=str(robot.robot_id))
    with refused(404, "ROBOT_NOT_FOUND"):
        call(member.member, "command_robot", robot=str(robot.robot_id), command="pause")
    with refused(404, "ROBOT_NOT_FOUND"):
        member.enqueue(pool=pool.id, robot_id=str(robot.robot_id))


def test_a_members_job_fails_is_retried_and_ends_as_the_members_dead_letter(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    policy = {"policy": "fixed", "base_delay_seconds": 60}
    job = take(pool, robot, max_attempts=2, retry_policy=policy)
    assert pool.owner.report(robot, "fail_job", job, error_message="x")["status"] == "queued"
    assert pool.owner.claim(robot) == []
    travel(pool, minutes=2)
    member.run("promote_scheduled_jobs")
    again = pool.owner.claim_one(robot)
    assert (again["job_id"], again["attempt"]) == (job["job_id"], 2)
    pool.owner.report(robot, "fail_job", again, error_message="x")
    letters = member.member.execute("select job_id, reason from public.dead_letters").fetchall()
    assert letters == [{"job_id": job["job_id"], "reason": "attempts_exhausted"}]


def test_what_is_given_back_or_lost_waits_for_the_pool_again(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    job = take(pool, robot)
    pool.owner.report(robot, "release_job", job)
    job = pool.owner.start_one(robot)
    assert job["attempt"] == 1
    travel(pool, minutes=5)
    assert member.rescue() == 1
    call(pool.owner.robots[robot.robot_id], "record_heartbeat")
    assert pool.owner.claim_one(robot)["attempt"] == 2
    assert member.events(job["job_id"])[-2:] == ["job.retrying", "job.claimed"]


def test_a_cancelled_job_tells_the_owners_robot(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    job = take(pool, robot)
    assert call(member.member, "cancel_job", job_id=job["job_id"])["cancel_job"]["cancel_requested"]
    assert [push["event"] for push in member.pushes(f"robot:{robot.robot_id}")][-1] == "cancel_job"
    beat = call(pool.owner.robots[robot.robot_id], "record_heartbeat")["record_heartbeat"]
    assert [command["job_id"] for command in beat["pending_commands"]] == [str(job["job_id"])]
    pool.owner.report(robot, "release_job", job)
    assert member.job(job["job_id"])["status"] == "cancelled"


def test_only_the_pool_s_robot_reports_on_a_job_of_a_member(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    job = take(pool, robot)
    report = {"job_id": job["job_id"], "lease_token": job["lease_token"], "progress": 50}
    with refused(409, "LEASE_LOST"):
        call(member.member, "report_progress", **report)
    with refused(404, "JOB_NOT_FOUND"):
        call(pool.owner.member, "report_progress", **report)
    assert pool.owner.report(robot, "report_progress", job, progress=50)["progress"] == 50


def test_a_late_result_is_kept_for_the_member_and_refused(pool: Pool) -> None:
    member, robot, second = pool.members["A"], pool_robot(pool.owner, pool.id), pool_robot(pool.owner, pool.id)
    job = take(pool, robot)
    travel(pool, minutes=5)
    member.rescue()
    newer = pool.owner.claim_one(second)
    answer = pool.owner.report(robot, "complete_job", job, result={"late": True})
    assert answer["details"] == "LEASE_LOST"
    for function, arguments in {
        "start_job": {},
        "release_job": {},
        "report_progress": {"progress": 1},
        "append_job_logs": {"entries": [{"message": "x"}]},
    }.items():
        with refused(409, "LEASE_LOST"):
            pool.owner.report(robot, function, job, **arguments)
    kept = member.member.execute("select robot_id, payload from public.late_results").fetchall()
    assert kept == [{"robot_id": robot.robot_id, "payload": {"result": {"late": True}}}]
    assert pool.owner.report(second, "complete_job", newer)["outcome"] == "applied"


def test_another_robot_of_the_owner_learns_nothing_of_a_members_job(pool: Pool) -> None:
    robot, outside = pool_robot(pool.owner, pool.id), pool.owner.robot()
    job = take(pool, robot)
    for function in ("start_job", "release_job", "complete_job"):
        with refused(404, "JOB_NOT_FOUND"):
            pool.owner.report(outside, function, job)
    session = pool.owner.robots[outside.robot_id]
    leases = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]}]
    assert call(session, "renew_leases", leases=leases)["renewed"] is False


def test_a_batch_over_several_members_ends_each_where_it_belongs(pool: Pool) -> None:
    pool.fill(A=3, B=3)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=6)
    jobs = pool.owner.claim(robot, limit=6)
    assert sorted(pool.names_of(jobs)) == list("AAABBB")
    session = pool.owner.robots[robot.robot_id]
    results = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in jobs]
    answers = call_all(session, "complete_jobs", results=results)
    assert [answer["status"] for answer in answers] == ["completed"] * 6
    for member in pool.members.values():
        rows = member.member.execute("select status from public.jobs").fetchall()
        assert [row["status"] for row in rows] == ["completed"] * 3


def test_the_robot_may_join_the_topic_of_a_job_that_it_holds(pool: Pool) -> None:
    robot, outside = pool_robot(pool.owner, pool.id), pool_robot(pool.owner, pool.id)
    topic = f"job:{take(pool, robot)['job_id']}"
    query = "select private.can_receive_topic(%s) as may, private.can_send_to_topic(%s, 'broadcast') as may_send"
    for who, may in ((robot, True), (outside, False)):
        answer = pool.owner.robots[who.robot_id].execute(query, [topic, topic]).fetchone()
        assert answer == {"may": may, "may_send": may}
    answer = pool.owner.member.execute(query, [topic, topic]).fetchone()
    assert answer == {"may": False, "may_send": False}


# -- broken robots


def failures(pool: Pool, robot: Robot) -> int:
    row = pool.owner.owner.execute(
        "select failures from private.robot_failures where robot_id = %s and tenant_id = %s",
        [robot.robot_id, pool.owner.tenant.tenant_id],
    ).fetchone()
    return 0 if row is None else int(row["failures"])


def fail_one(pool: Pool, robot: Robot, name: str) -> None:
    """Lets the robot fail a job of a tenant."""
    pool.tenant(name).enqueue(pool=pool.id, max_attempts=1)
    job = pool.owner.claim_one(robot)
    assert pool.names_of([job]) == name
    pool.owner.report(robot, "fail_job", job, error_message="boom")


def test_a_member_alone_cannot_put_the_owners_robots_out_of_work(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id)
    for _ in range(7):
        fail_one(pool, robot, "A")
    assert failures(pool, robot) == 1
    fail_one(pool, robot, "B")
    fail_one(pool, robot, "O")
    assert failures(pool, robot) == 3
    pool.members["A"].enqueue(pool=pool.id)
    pool.owner.report(robot, "complete_job", pool.owner.claim_one(robot))
    assert failures(pool, robot) == 0


def test_a_robot_that_fails_everybodys_jobs_is_quarantined_by_its_owners_rule(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id)
    call(pool.owner.member, "update_tenant", quarantine_after_failures=3)
    for name in "ABA":
        fail_one(pool, robot, name)
    row = pool.owner.member.execute("select quarantined_at is not null as is_out from public.robots").fetchone()
    assert row == {"is_out": True}
    pool.fill(A=1)
    assert pool.owner.claim(robot) == []


# -- why it waits


def test_a_members_job_is_explained_by_the_pool(pool: Pool) -> None:
    member, owner = pool.members["A"], pool.owner
    job = member.enqueue(pool=pool.id)["job_id"]
    picky = member.enqueue(pool=pool.id, required_capabilities=["sap"])["job_id"]
    member.robot()  # its own does not matter
    assert told(member, job) == ("blocked", "pool_no_robot_suits")
    robot = pool_robot(owner, pool.id)
    assert told(member, picky) == ("blocked", "pool_no_robot_suits")
    assert told(member, job) == ("ready", "pool_next")
    call(owner.member, "command_robot", robot=robot.external_id, command="pause")
    assert told(member, job) == ("blocked", "pool_no_robot_online")
    call(owner.member, "command_robot", robot=robot.external_id, command="resume")
    second = member.enqueue(pool=pool.id)["job_id"]
    assert (told(member, second), explain(member, second)["position"]) == (("waiting", "pool_turn"), 1)
    pool.members["B"].enqueue(pool=pool.id)
    assert told(member, job) == ("waiting", "pool_turn")
    held = owner.claim_one(robot)
    assert told(member, second) == ("waiting", "pool_robots_busy")
    owner.report(robot, "complete_job", held)
    call(owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member), max_running=0)
    assert told(member, second) == ("blocked", "pool_paused")
    assert "paused in the pool Shared" in explain(member, second)["sentence"]
    call(owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member))
    call(member.member, "set_limit", scope="tenant", max_running=0)
    assert told(member, second) == ("blocked", "tenant_paused")
    call(member.member, "leave_pool", pool=pool.id)
    assert told(member, second) == ("blocked", "pool_left")


@pytest.mark.parametrize("shares_by", ["jobs", "robot_seconds"])
def test_what_is_explained_is_what_the_claim_gives(pool: Pool, shares_by: str) -> None:
    """Round after round: whoever is told that it is next gets the next claim."""
    call(pool.owner.member, "update_pool", pool=pool.id, shares_by=shares_by)
    robot = pool_robot(pool.owner, pool.id)
    jobs = {name: pool.members[name].enqueue(pool=pool.id)["job_id"] for name in "AB"}
    while jobs:
        codes = {name: told(pool.members[name], job_id)[1] for name, job_id in jobs.items()}
        assert set(codes.values()) == ({"pool_turn"} if len(jobs) == 2 else {"pool_next"})
        claimed = pool.owner.claim_one(robot)
        assert jobs.pop(pool.names_of([claimed])) == claimed["job_id"]
        pool.owner.report(robot, "complete_job", claimed)


def test_the_owner_is_told_of_turns_and_of_robots_outside_the_pool(pool: Pool) -> None:
    owner, robot = pool.owner, pool_robot(pool.owner, pool.id)
    outside = owner.robot()
    job = owner.enqueue(pool=pool.id)["job_id"]
    assert told(owner, job) == ("ready", "next_in_line")
    by_robot = {seen["external_id"]: seen["reason_code"] for seen in explain(owner, job)["robots"]}
    assert by_robot == {robot.external_id: "next_in_line", outside.external_id: "not_in_pool"}
    assert explain_robot(owner, robot)["reason_code"] == "next_claim"
    assert explain_robot(owner, outside)["reason_code"] == "nothing_suitable"
    assert "the pool Shared" in explain_robot(owner, outside)["sentence"]
    pool.fill(A=1)
    assert told(owner, job) == ("waiting", "pool_turn")
    assert explain_robot(owner, robot)["reason_code"] == "next_turn"


def test_a_finished_robot_of_the_owner_is_not_named_to_a_member_by_any_row(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id)
    pool.owner.report(robot, "complete_job", take(pool, robot))
    relations = member.owner.execute(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables "
        "where schemaname = 'public' and tablename not like 'jobs_%%' union all "
        "select format('%I.%I', schemaname, viewname) from pg_views where schemaname = 'public'"
    ).fetchall()
    for relation in relations:
        try:
            rows = member.member.execute(f"select t::text as row from {relation['name']} as t").fetchall()
        except psycopg.errors.InsufficientPrivilege:
            continue
        assert robot.external_id not in "".join(row["row"] for row in rows), relation["name"]

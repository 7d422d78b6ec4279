"""Limits of what runs at once: of a tenant, of a workflow, of a concurrency key; what collides; every way down."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import Robot, Workflow, make_member, make_workflow
from tests.fleets import Fleet, Row, call, call_all, refused


def set_limit(fleet: Fleet, scope: str, **arguments: Any) -> Row:
    """What set_limit answers to the fleet's member."""
    if scope == "workflow":
        arguments.setdefault("workflow_id", fleet.workflow.workflow_id)
    answer: Row = call(fleet.member, "set_limit", scope=scope, **arguments)["set_limit"]
    return answer


def limits(fleet: Fleet) -> list[Row]:
    """The limits as a member lists them."""
    return [row["list_limits"] for row in call_all(fleet.member, "list_limits")]


def running(fleet: Fleet) -> int:
    """The counter of the only limit."""
    (limit,) = limits(fleet)
    return int(limit["running"])


def other_workflow(fleet: Fleet) -> Workflow:
    """A second workflow of the tenant."""
    return make_workflow(fleet.database, fleet.tenant)


# -- what a limit does


def test_no_more_jobs_of_a_limited_workflow_are_claimed_than_may_run(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    free = other_workflow(fleet)
    set_limit(fleet, "workflow", max_running=2)
    for _ in range(4):
        fleet.enqueue()
    fleet.enqueue(workflow_id=free.workflow_id)
    claimed = fleet.claim(robot, limit=10)
    assert [job["workflow_id"] for job in claimed].count(fleet.workflow.workflow_id) == 2
    assert len(claimed) == 3
    assert fleet.claim(robot, limit=10) == []
    fleet.report(robot, "complete_job", claimed[0])
    assert len(fleet.claim(robot, limit=10)) == 1


def test_no_more_jobs_of_a_limited_tenant_are_claimed_than_may_run(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    free = other_workflow(fleet)
    set_limit(fleet, "tenant", max_running=3)
    for workflow in [fleet.workflow, free, fleet.workflow, free]:
        fleet.enqueue(workflow_id=workflow.workflow_id)
    assert [len(fleet.claim(robot, limit=limit)) for limit in (1, 10, 1)] == [1, 2, 0]


def test_a_claim_for_more_than_the_tenant_may_have_takes_the_oldest_jobs_of_all_lanes(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10, environment="lab")
    set_limit(fleet, "tenant", max_running=3)
    jobs = [fleet.enqueue(environment=environment)["job_id"] for environment in ("*", "*", "lab", "*")]
    assert [job["job_id"] for job in fleet.claim(robot, limit=4)] == jobs[:3]


def test_only_jobs_with_the_same_key_wait_for_each_other(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    set_limit(fleet, "key", concurrency_key="till-1", max_running=1)
    for key in ["till-1", "till-1", "till-2", "till-2", None]:
        fleet.enqueue(concurrency_key=key)
    assert len(fleet.claim(robot, limit=10)) == 4
    assert running(fleet) == 1


def test_a_job_needs_room_under_every_limit_that_it_counts_towards(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    set_limit(fleet, "tenant", max_running=5)
    set_limit(fleet, "workflow", max_running=3)
    set_limit(fleet, "key", concurrency_key="k", max_running=1)
    for key in ["k", "k", "j", "j", "j"]:
        fleet.enqueue(concurrency_key=key)
    assert len(fleet.claim(robot, limit=10)) == 3
    assert {limit["scope"]: limit["running"] for limit in limits(fleet)} == {"tenant": 3, "workflow": 3, "key": 1}


def test_a_limit_of_zero_holds_everything_back(fleet: Fleet) -> None:
    robot = fleet.robot()
    set_limit(fleet, "workflow", max_running=0)
    fleet.enqueue()
    assert fleet.claim(robot) == []


def test_a_full_workflow_in_front_keeps_nothing_else_waiting(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    free = other_workflow(fleet)
    set_limit(fleet, "workflow", max_running=0)
    for _ in range(3):
        fleet.enqueue(priority=0)
    fleet.enqueue(priority=20, workflow_id=free.workflow_id)
    assert [job["workflow_id"] for job in fleet.claim(robot, limit=3)] == [free.workflow_id]


def test_limits_of_a_tenant_are_nothing_to_another(fleet: Fleet, stranger: Fleet) -> None:
    set_limit(fleet, "tenant", max_running=0)
    set_limit(fleet, "key", concurrency_key="k", max_running=0)
    robot = stranger.robot()
    stranger.enqueue(concurrency_key="k")
    assert len(stranger.claim(robot)) == 1
    assert limits(stranger) == []


# -- every way in which a lease ends


def cancelled_and(report: str) -> Callable[[Fleet, Robot, Row], None]:
    """Asks for cancellation, and then reports as the robot does."""

    def end(fleet: Fleet, robot: Robot, job: Row) -> None:
        call(fleet.member, "cancel_job", job_id=job["job_id"])
        fleet.report(robot, report, job, **({"error_message": "x"} if report == "fail_job" else {}))

    return end


def lose(fleet: Fleet, seconds: float) -> None:
    """Lets time pass and takes back what is over."""
    fleet.travel(seconds=seconds)
    fleet.run("rescue_expired_leases")


ENDS: dict[str, Callable[[Fleet, Robot, Row], Any]] = {
    "completed": lambda fleet, robot, job: fleet.report(robot, "complete_job", job),
    "completed with others": lambda fleet, robot, job: call_all(
        fleet.robots[robot.robot_id], "complete_jobs",
        results=[{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]}],
    ),
    "failed with others": lambda fleet, robot, job: call_all(
        fleet.robots[robot.robot_id], "fail_jobs",
        failures=[{"job_id": str(job["job_id"]), "lease_token": job["lease_token"], "error_message": "x"}],
    ),
    "failed": lambda fleet, robot, job: fleet.report(robot, "fail_job", job, error_message="x"),
    "failed for good": lambda fleet, robot, job: fleet.report(
        robot, "fail_job", job, error_message="x", retryable=False
    ),
    "released": lambda fleet, robot, job: fleet.report(robot, "release_job", job),
    "cancelled and completed": cancelled_and("complete_job"),
    "cancelled and failed": cancelled_and("fail_job"),
    "cancelled and released": cancelled_and("release_job"),
    "lost": lambda fleet, _robot, _job: lose(fleet, 61),
    "timed out": lambda fleet, _robot, _job: lose(fleet, 3601),
    "robot deleted": lambda fleet, robot, _job: (
        call(fleet.member, "delete_robot", robot=str(robot.robot_id)), lose(fleet, 0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", ENDS)
def test_the_counters_go_down_however_a_lease_ends(fleet: Fleet, way: str) -> None:
    robot = fleet.robot()
    set_limit(fleet, "tenant", max_running=1)
    set_limit(fleet, "workflow", max_running=1)
    set_limit(fleet, "key", concurrency_key="k", max_running=1)
    fleet.enqueue(concurrency_key="k", max_attempts=5)
    claimed = fleet.claim_one(robot)
    assert [limit["running"] for limit in limits(fleet)] == [1, 1, 1]
    ENDS[way](fleet, robot, claimed)
    query = "select from private.leases where tenant_id = %s"
    assert fleet.owner.execute(query, [fleet.tenant.tenant_id]).fetchone() is None
    assert [limit["running"] for limit in limits(fleet)] == [0, 0, 0]


def test_whatever_takes_leases_away_counts_them_out(db: Database) -> None:
    with db.connect() as owner:
        rows = owner.execute(
            "select proname, prosrc from pg_proc "
            "where pronamespace in ('public'::regnamespace, 'private'::regnamespace) "
            "and prosrc ~ 'delete from private.leases'"
        ).fetchall()
    assert {row["proname"] for row in rows} >= {"complete_leases", "fail_job", "release_job", "rescue_lease"}
    counting = ("private.count_out(", "private.end_attempt(")
    assert [row["proname"] for row in rows if not any(call in row["prosrc"] for call in counting)] == []


# -- changes while jobs wait and run


def test_a_new_limit_holds_for_what_waits_and_counts_what_runs(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    free = other_workflow(fleet)
    jobs = [fleet.enqueue(concurrency_key="k") for _ in range(4)]
    delayed = fleet.enqueue(run_at=fleet.now.replace(year=fleet.now.year + 1))
    fleet.enqueue(workflow_id=free.workflow_id)
    (held,) = fleet.claim(robot)
    assert set_limit(fleet, "workflow", max_running=2)["running"] == 1
    assert len(fleet.claim(robot, limit=10)) == 2, "one of the workflow, and the other workflow's"
    assert set_limit(fleet, "key", concurrency_key="k", max_running=1)["running"] == 2
    for job in jobs[2:]:
        assert call(fleet.member, "cancel_job", job_id=job["job_id"])["cancel_job"]["previous_status"] == "queued"
    assert call(fleet.member, "cancel_job", job_id=delayed["job_id"])["cancel_job"]["cancelled"]
    fleet.report(robot, "release_job", held)
    assert [limit["running"] for limit in limits(fleet)] == [1, 1]
    assert fleet.claim(robot) == [], "the key is still full"


def test_a_limit_that_is_lowered_lets_go_on_what_runs(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    set_limit(fleet, "workflow", max_running=3)
    for _ in range(5):
        fleet.enqueue()
    claimed = fleet.claim(robot, limit=10)
    set_limit(fleet, "workflow", max_running=1)
    for job in claimed[:2]:
        assert fleet.claim(robot) == []
        fleet.report(robot, "complete_job", job)
    assert running(fleet) == 1
    set_limit(fleet, "workflow", max_running=2)
    assert len(fleet.claim(robot, limit=10)) == 1


def test_a_limit_that_is_removed_holds_nothing_back(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    set_limit(fleet, "workflow", max_running=1)
    for _ in range(4):
        fleet.enqueue()
    (first,) = fleet.claim(robot, limit=10)
    removed = call(fleet.member, "remove_limit", scope="workflow", workflow_id=fleet.workflow.workflow_id)
    assert removed["remove_limit"]["running"] == 1
    assert limits(fleet) == []
    (second,) = fleet.claim(robot)
    fleet.report(robot, "complete_job", first)
    assert set_limit(fleet, "workflow", max_running=2)["running"] == 1
    fleet.report(robot, "complete_job", second)
    assert running(fleet) == 0
    assert len(fleet.claim(robot, limit=10)) == 2, "jobs that waited since the first limit count towards the second"


def test_a_job_that_was_put_in_a_lane_without_its_limit_is_moved_by_the_claim_that_meets_it(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    stray = fleet.enqueue()
    row = fleet.owner.execute("select * from private.ready where job_id = %s", [stray["job_id"]]).fetchone()
    assert row is not None
    fleet.owner.execute("delete from private.ready where job_id = %s", [stray["job_id"]])
    set_limit(fleet, "workflow", max_running=1)
    fleet.owner.execute("insert into private.ready values (%(tenant_no)s, %(lane_id)s, %(job_id)s)", row)
    fleet.enqueue()
    assert [job["job_id"] for job in fleet.claim(robot)] == [stray["job_id"]]
    assert running(fleet) == 1
    assert fleet.claim(robot, limit=10) == []


def test_robots_that_wait_are_rung_when_a_full_limit_gets_room(fleet: Fleet) -> None:
    busy, idle = fleet.robot(), fleet.robot()
    set_limit(fleet, "workflow", max_running=1)
    fleet.enqueue()
    claimed = fleet.claim_one(busy)
    fleet.enqueue()
    assert fleet.claim(idle, listening=True) == []
    fleet.report(busy, "complete_job", claimed)
    assert [push["event"] for push in fleet.pushes(f"robot:{idle.robot_id}")] == ["job_available"]


# -- collisions


def test_the_newest_job_of_a_full_key_is_cancelled_when_the_rule_says_so(fleet: Fleet) -> None:
    robot = fleet.robot()
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision="cancel_newest")
    first = fleet.enqueue(concurrency_key="k")
    assert first["status"] == "queued"
    assert fleet.enqueue(concurrency_key="k")["status"] == "cancelled", "one waits"
    fleet.claim_one(robot)
    newest = fleet.enqueue(concurrency_key="k")
    assert (newest["status"], newest["error_message"]) == (
        "cancelled", "Cancelled: an older job has the concurrency key k.",
    )  # fmt: skip
    assert fleet.events(newest["job_id"]) == ["job.queued", "job.cancelled"]
    assert fleet.enqueue(concurrency_key="j")["status"] == "queued"


def test_the_oldest_job_of_a_full_key_is_cancelled_when_the_rule_says_so(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision="cancel_running")
    fleet.enqueue(concurrency_key="k")
    held = fleet.claim_one(robot)
    waiting = fleet.enqueue(concurrency_key="k")
    assert fleet.job(held["job_id"])["cancel_requested_at"] is not None
    newest = fleet.enqueue(concurrency_key="k")
    assert fleet.job(waiting["job_id"])["status"] == "cancelled"
    assert fleet.claim(robot) == [], "the one that runs has not stopped yet"
    fleet.report(robot, "fail_job", held, error_message="stopped")
    assert fleet.job(held["job_id"])["status"] == "cancelled"
    assert fleet.claim_one(robot)["job_id"] == newest["job_id"]


@pytest.mark.parametrize("rule", ["cancel_newest", "cancel_running"])
def test_a_delayed_job_collides_when_its_time_comes(fleet: Fleet, rule: str) -> None:
    robot = fleet.robot()
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision=rule)
    delayed = fleet.enqueue(concurrency_key="k", run_at=fleet.now.replace(year=fleet.now.year + 1))
    held = fleet.enqueue(concurrency_key="k")
    assert fleet.job(delayed["job_id"])["status"] == held["status"] == "queued"
    fleet.claim_one(robot)
    fleet.owner.execute("update private.scheduled set run_at = private.clock() where job_id = %s", [delayed["job_id"]])
    fleet.run("promote_scheduled_jobs")
    is_newest = rule == "cancel_newest"
    assert fleet.job(delayed["job_id"])["status"] == ("cancelled" if is_newest else "queued")
    assert (fleet.job(held["job_id"])["cancel_requested_at"] is None) is is_newest


@pytest.mark.parametrize(("rule", "left"), [("cancel_newest", 0), ("cancel_running", 2)])
def test_of_delayed_jobs_whose_time_comes_together_one_is_left(fleet: Fleet, rule: str, left: int) -> None:
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision=rule)
    time = fleet.now.replace(year=fleet.now.year + 1)
    jobs = [fleet.enqueue(concurrency_key="k", run_at=time) for _ in range(3)]
    fleet.travel(days=366)
    fleet.run("promote_scheduled_jobs")
    words = [fleet.job(job["job_id"])["status"] for job in jobs]
    assert words == ["queued" if number == left else "cancelled" for number in range(3)]


def test_a_retry_waits_for_its_turn_whatever_the_rule(fleet: Fleet) -> None:
    robot = fleet.robot()
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision="cancel_newest")
    job = fleet.enqueue(concurrency_key="k", retry_policy={"policy": "fixed", "base_delay_seconds": 5})
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="x")
    newer = fleet.enqueue(concurrency_key="k")
    fleet.travel(seconds=6)
    fleet.run("promote_scheduled_jobs")
    assert fleet.job(job["job_id"])["status"] == fleet.job(newer["job_id"])["status"] == "queued"


@pytest.mark.parametrize("rule", ["cancel_newest", "cancel_running"])
@pytest.mark.parametrize("verb", ["retry_job", "requeue_dead_letter"])
def test_a_retry_by_hand_waits_for_its_turn_whatever_the_rule(fleet: Fleet, verb: str, rule: str) -> None:
    robot = fleet.robot()
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision=rule)
    job = fleet.enqueue(concurrency_key="k", max_attempts=1)
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="x")
    newer = fleet.enqueue(concurrency_key="k")
    again = uuid.UUID(call(fleet.member, verb, job_id=job["job_id"])[verb]["new_job_id"])
    assert fleet.job(again)["status"] == fleet.job(newer["job_id"])["status"] == "queued"
    for job_id in (newer["job_id"], again):
        claimed = fleet.claim_one(robot)
        assert claimed["job_id"] == job_id
        fleet.report(robot, "complete_job", claimed)


def test_a_batch_says_which_of_its_jobs_collided(fleet: Fleet) -> None:
    set_limit(fleet, "key", concurrency_key="k", max_running=1, on_collision="cancel_newest")
    job = {"workflow_id": str(fleet.workflow.workflow_id), "concurrency_key": "k"}
    answers = call_all(fleet.member, "enqueue_jobs", jobs=[job, job])
    assert [answer["status"] for answer in answers] == ["queued", "cancelled"]


def test_a_retried_job_keeps_its_key(fleet: Fleet) -> None:
    job = fleet.enqueue(concurrency_key="k")
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    again = call(fleet.member, "retry_job", job_id=job["job_id"])["retry_job"]["new_job_id"]
    assert fleet.job(again)["concurrency_key"] == "k"


# -- the counter and reality


def test_a_counter_that_differs_from_its_leases_is_set_right_and_told(fleet: Fleet) -> None:
    robot = fleet.robot()
    set_limit(fleet, "workflow", max_running=5)
    fleet.enqueue()
    fleet.claim_one(robot)
    assert fleet.run("reconcile_limits") == 0
    fleet.owner.execute(
        "update private.limit_counters as c set running = 3 from private.limits as w "
        "where w.limit_id = c.limit_id and w.tenant_id = %s",
        [fleet.tenant.tenant_id],
    )
    assert fleet.run("reconcile_limits") == 1
    assert running(fleet) == 1
    event = fleet.owner.execute(
        "select data from private.event_inbox where tenant_id = %s and event_type = 'limit.corrected'",
        [fleet.tenant.tenant_id],
    ).fetchone()
    assert event is not None
    assert (event["data"]["counted"], event["data"]["running"]) == (3, 1)


def test_the_limits_that_keep_a_job_waiting_are_named(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    set_limit(fleet, "tenant", max_running=5)
    set_limit(fleet, "workflow", max_running=1)
    set_limit(fleet, "key", concurrency_key="k", max_running=0)
    fleet.enqueue()
    fleet.claim_one(robot)
    found = fleet.owner.execute(
        "select f.scope::text from private.find_full_limits(%s, %s, 'k') as f",
        [fleet.tenant.tenant_id, fleet.workflow.workflow_id],
    ).fetchall()
    assert [row["scope"] for row in found] == ["key", "workflow"], "what is paused goes first"


# -- who may, and what is refused


def test_only_who_may_change_settings_sets_limits(fleet: Fleet) -> None:
    operator = make_member(fleet.database, fleet.tenant, "operator")
    with fleet.database.connect("authenticated", operator.claims) as session:
        for function, arguments in [
            ("set_limit", {"scope": "tenant"}), ("remove_limit", {"scope": "tenant"}), ("list_limits", {}),
        ]:  # fmt: skip
            with refused(403, "FORBIDDEN"):
                call_all(session, function, **arguments)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scope": "robot"}, "scope"),
        ({"scope": "tenant", "workflow_id": uuid.UUID(int=1)}, "workflow_id"),
        ({"scope": "workflow"}, "workflow_id"),
        ({"scope": "key"}, "concurrency_key"),
        ({"scope": "key", "concurrency_key": "k" * 256}, "concurrency_key"),
        ({"scope": "tenant", "max_running": -1}, "max_running"),
        ({"scope": "tenant", "max_running": 100001}, "max_running"),
        ({"scope": "tenant", "on_collision": "cancel_newest"}, "on_collision"),
        ({"scope": "key", "concurrency_key": "k", "on_collision": "shout"}, "on_collision"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    fleet: Fleet, arguments: Row, word: str
) -> None:
    with refused(400, "INVALID_ARGUMENT", word):
        call(fleet.member, "set_limit", **arguments)


def test_a_workflow_that_is_not_there_gets_no_limit_and_a_limit_that_is_not_there_cannot_go(
    fleet: Fleet, stranger: Fleet
) -> None:
    with refused(404, "WORKFLOW_NOT_FOUND"):
        set_limit(fleet, "workflow", workflow_id=stranger.workflow.workflow_id)
    with refused(404, "LIMIT_NOT_FOUND"):
        call(fleet.member, "remove_limit", scope="tenant")


def test_a_key_that_is_too_long_is_refused(fleet: Fleet) -> None:
    with refused(400, "INVALID_ARGUMENT", "concurrency_key"):
        fleet.enqueue(concurrency_key="k" * 256)

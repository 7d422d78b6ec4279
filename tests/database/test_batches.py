"""Verbs for many jobs at once: each is answered by its position, and the good ones are done."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.factories import Robot, make_member
from tests.fleets import Fleet, Row, call, call_all, refused


def held(fleet: Fleet, robot: Robot, count: int, **properties: Any) -> list[Row]:
    """Leases of new jobs as a batch names them: job_id and lease_token."""
    for _ in range(count):
        fleet.enqueue(**properties)
    jobs = fleet.claim(robot, limit=count)
    assert len(jobs) == count
    return [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in jobs]


def report(fleet: Fleet, robot: Robot, function: str, items: list[Any]) -> list[Row]:
    """What complete_jobs or fail_jobs answers, by position."""
    name = "results" if function == "complete_jobs" else "failures"
    rows = call_all(fleet.robots[robot.robot_id], function, **{name: items})
    assert [row["position"] for row in rows] == list(range(len(items)))
    return rows


def test_many_jobs_are_completed_at_once_each_with_its_result(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    items = [lease | {"result": {"n": n}} for n, lease in enumerate(held(fleet, robot, 3))]
    assert [row["status"] for row in report(fleet, robot, "complete_jobs", items)] == ["completed"] * 3
    jobs = [fleet.job(uuid.UUID(item["job_id"])) for item in items]
    assert [(job["status"], job["result"]) for job in jobs] == [("completed", {"n": n}) for n in range(3)]
    again = report(fleet, robot, "complete_jobs", items)
    assert [(row["status"], row["error_code"]) for row in again] == [("completed", None)] * 3


def test_of_two_results_for_one_job_the_first_counts(fleet: Fleet) -> None:
    robot = fleet.robot()
    (lease,) = held(fleet, robot, 1)
    spelled = lease | {"job_id": lease["job_id"].upper()}
    rows = report(fleet, robot, "complete_jobs", [spelled | {"result": {"n": 1}}, lease | {"result": {"n": 2}}])
    assert [row["status"] for row in rows] == ["completed", "completed"]
    assert fleet.job(uuid.UUID(lease["job_id"]))["result"] == {"n": 1}


@pytest.mark.parametrize("function", ["complete_jobs", "fail_jobs"])
def test_a_stale_token_in_a_batch_ends_nothing(fleet: Fleet, function: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    good, stale = ({"error_message": "x"} | lease for lease in held(fleet, robot, 2))
    rows = report(fleet, robot, function, [good, stale | {"lease_token": good["lease_token"]}])
    assert [row["error_code"] for row in rows] == [None, "LEASE_LOST"]
    assert fleet.job(uuid.UUID(stale["job_id"]))["status"] == "claimed"


def test_many_jobs_fail_at_once_each_by_its_policy(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    first, second = held(fleet, robot, 2)
    rows = report(
        fleet, robot, "fail_jobs",
        [first | {"error_message": "x"}, second | {"error_message": "x", "retryable": False}],
    )  # fmt: skip
    assert [row["status"] for row in rows] == ["queued", "failed"]
    assert rows[0]["retry_at"] > fleet.now
    assert rows[1]["retry_at"] is None


@pytest.mark.parametrize("function", ["complete_jobs", "fail_jobs"])
def test_the_node_executions_of_each_report_are_kept(fleet: Fleet, function: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    mine: list[Any] = [[{"node_id": "a"}], [{"node_id": "b"}], None, "none"]
    items = [
        lease | {"error_message": "x", "result": {"node_executions": [{"node_id": "r"}]}, "node_executions": nodes}
        for lease, nodes in zip(held(fleet, robot, 4), mine, strict=True)
    ]
    assert all(row["error_code"] is None for row in report(fleet, robot, function, items))
    kept = {
        str(row["job_id"]): [node["node_id"] for node in row["node_executions"]]
        for row in fleet.member.execute("select job_id, node_executions from public.job_node_executions").fetchall()
    }
    in_result = [["r"]] if function == "complete_jobs" else []
    expected = [["a"], ["b"], *in_result]
    assert kept == dict(zip([item["job_id"] for item in items], expected, strict=False))


@pytest.mark.parametrize("function", ["complete_jobs", "fail_jobs"])
def test_one_that_is_refused_does_not_keep_the_others_from_being_done(fleet: Fleet, function: str) -> None:
    robot, other = fleet.robot(max_concurrent_jobs=5), fleet.robot()
    good, last = held(fleet, robot, 2)
    (foreign,) = held(fleet, other, 1)
    items: list[Any] = [
        good, foreign, {**last, "lease_token": 0}, {"job_id": str(uuid.uuid4()), "lease_token": 1},
        {"job_id": "x", "lease_token": 1}, {"job_id": good["job_id"]}, "x", last,
    ]  # fmt: skip
    if function == "fail_jobs":
        items = [
            item | {"error_message": "x", "retryable": False} if isinstance(item, dict) else item for item in items
        ]
    rows = report(fleet, robot, function, items)
    status = "completed" if function == "complete_jobs" else "failed"
    assert [row["status"] for row in rows] == [status, *[None] * 6, status]
    assert [row["error_code"] for row in rows] == [
        None, "LEASE_LOST", "LEASE_LOST", "JOB_NOT_FOUND", *["INVALID_ARGUMENT"] * 3, None,
    ]  # fmt: skip
    assert [row["error_status"] for row in rows] == [None, 409, 409, 404, 400, 400, 400, None]
    assert fleet.job(uuid.UUID(foreign["job_id"]))["status"] == "claimed"
    kept = fleet.owner.execute(
        "select count(*)::int as n from public.late_results where tenant_id = %s", [fleet.tenant.tenant_id]
    ).fetchone()
    assert kept == {"n": 0}, "the robot held none of them"


def test_the_answer_of_a_batch_is_no_refusal_for_one_of_its_jobs(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    (lease,) = held(fleet, robot, 1)
    fleet.travel(seconds=61)
    fleet.run("rescue_expired_leases")
    session = fleet.robots[robot.robot_id]
    with session.transaction():
        call_all(session, "complete_jobs", results=[lease])
        row = session.execute("select current_setting('response.status', true) as status").fetchone()
    assert row == {"status": "200"}
    assert len(fleet.member.execute("select from public.late_results").fetchall()) == 1, "kept, as for one"


def test_what_is_no_lease_is_not_renewed_and_keeps_no_other_from_it(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    first, last = held(fleet, robot, 2)
    nobodys = {"job_id": str(uuid.uuid4())}
    strange: list[Any] = [
        7, None, [], {}, {"job_id": "x", "lease_token": 1}, nobodys, first | {"lease_token": 1.5},
        first | {"lease_token": 10**30}, {"job_id": {}, "lease_token": []},
    ]  # fmt: skip
    rows = call_all(fleet.robots[robot.robot_id], "renew_leases", leases=[first, *strange, last])
    assert [row["renewed"] for row in rows] == [True, *[False] * len(strange), True]
    assert str(rows[6]["job_id"]) == nobodys["job_id"], "what can be named is"


def test_jobs_of_all_kinds_are_cancelled_at_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    (lease,) = held(fleet, robot, 1)
    waiting, delayed = fleet.enqueue(), fleet.enqueue(run_at=fleet.now.replace(year=fleet.now.year + 1))
    ids = [waiting["job_id"], uuid.uuid4(), uuid.UUID(lease["job_id"]), delayed["job_id"]]
    rows = sorted(call_all(fleet.member, "cancel_jobs", job_ids=ids, reason="storm"), key=lambda row: row["position"])
    assert [row["job_id"] for row in rows] == ids
    assert [row["cancelled"] for row in rows] == [True, None, False, True]
    assert [row["cancel_requested"] for row in rows] == [False, None, True, False]
    assert [row["error_code"] for row in rows] == [None, "JOB_NOT_FOUND", None, None]
    assert fleet.job(waiting["job_id"])["error_message"] == "storm"


def test_finished_jobs_are_retried_at_once_and_others_refused(fleet: Fleet) -> None:
    cancelled, waiting = fleet.enqueue(), fleet.enqueue()
    call(fleet.member, "cancel_job", job_id=cancelled["job_id"])
    ids = [cancelled["job_id"], waiting["job_id"], uuid.uuid4()]
    rows = call_all(fleet.member, "retry_jobs", job_ids=ids)
    assert [row["error_code"] for row in rows] == [None, "JOB_NOT_RETRYABLE", "JOB_NOT_FOUND"]
    assert fleet.job(rows[0]["new_job_id"])["retry_of"] == cancelled["job_id"]


def test_two_batches_in_opposite_order_do_not_wait_for_each_other_for_ever(fleet: Fleet) -> None:
    robots = [fleet.robot(max_concurrent_jobs=50) for _ in range(4)]
    for key in "abcd":
        call(fleet.member, "set_limit", scope="key", concurrency_key=key, max_running=100)
    leases: list[list[Row]] = [[] for _ in robots]
    for key in "abcd":
        for mine, robot in zip(leases, robots, strict=True):
            mine.extend(held(fleet, robot, 5, concurrency_key=key))

    def complete(number: int) -> list[Row]:
        items = list(leases[number])
        random.Random(number).shuffle(items)  # noqa: S311
        with fleet.database.connect("authenticated", robots[number].claims) as session:
            return call_all(session, "complete_jobs", results=items)

    with ThreadPoolExecutor(4) as threads:
        answers = [row for rows in threads.map(complete, range(4)) for row in rows]
    assert [row["status"] for row in answers] == ["completed"] * 80
    assert {row["list_limits"]["running"] for row in call_all(fleet.member, "list_limits")} == {0}


def test_batches_have_their_bounds_and_ask_who_calls(fleet: Fleet) -> None:
    robot = fleet.robot()
    session = fleet.robots[robot.robot_id]
    lease = {"job_id": str(uuid.uuid4()), "lease_token": 1}
    viewer = make_member(fleet.database, fleet.tenant, "viewer")
    for function, name in [("complete_jobs", "results"), ("fail_jobs", "failures")]:
        for items in ({}, [lease] * 101):
            with refused(400, "INVALID_ARGUMENT", name):
                call_all(session, function, **{name: items})
        with refused(403, "FORBIDDEN"):
            call_all(fleet.member, function, **{name: [lease]})
    with fleet.database.connect("authenticated", viewer.claims) as reader:
        for function in ("cancel_jobs", "retry_jobs"):
            with refused(400, "INVALID_ARGUMENT", "job_ids"):
                call_all(fleet.member, function, job_ids=[uuid.uuid4()] * 1001)
            with refused(403, "FORBIDDEN"):
                call_all(reader, function, job_ids=[uuid.uuid4()])

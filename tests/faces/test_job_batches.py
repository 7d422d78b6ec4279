"""Many jobs in one request over HTTP: each has an answer of its own, and those that can be done are done."""

from typing import Any

from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused

Row = dict[str, Any]


async def answers(asker: Asker, path: str, body: Row) -> tuple[list[Row], tuple[int, int]]:
    """(results, (succeeded, failed)) of a batch that is taken."""
    answer = await asker.post(path, body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [row["position"] for row in told["results"]] == list(range(len(told["results"])))
    return told["results"], (told["succeeded"], told["failed"])


def codes(rows: list[Row]) -> list[str | None]:
    return [row["error_code"] for row in rows]


async def test_many_jobs_are_queued_and_what_one_lacks_is_its_own_answer(stage: Stage) -> None:
    workflow = stage.workflow().workflow_id
    jobs: list[Row] = [
        {"workflow_id": str(workflow), "input": {"n": 1}, "priority": 3, "progress_timeout_seconds": 60},
        {"workflow_name": "there is none"},
        {"workflow_id": UNKNOWN_ID},
        {"workflow_id": str(workflow), "scheduled_time": "2100-01-01T00:00:00Z", "dedupe_key": "k"},
        {"workflow_id": str(workflow), "dedupe_key": "k"},
        {"workflow_id": str(workflow), "robot_id": "nobody"},
    ]
    rows, counts = await answers(stage.admin, "/jobs/batch", {"jobs": jobs})
    assert codes(rows) == [None, "WORKFLOW_NOT_FOUND", "WORKFLOW_NOT_FOUND", None, None, "ROBOT_NOT_FOUND"]
    assert [row["status"] for row in rows] == ["pending", None, None, "pending", "pending", None]
    assert counts == (3, 3)
    assert rows[3]["job_id"] == rows[4]["job_id"]
    first = (await stage.admin.get(f"/jobs/{rows[0]['job_id']}")).json()
    assert (first["input"], first["priority"], first["progress_timeout_seconds"]) == ({"n": 1}, 3, 60)
    assert (await stage.admin.get(f"/jobs/{rows[3]['job_id']}")).json()["run_at"] == "2100-01-01T00:00:00Z"


async def test_a_batch_that_breaks_a_rule_is_refused_as_a_whole_and_names_the_place(stage: Stage) -> None:
    good = {"workflow_id": str(stage.workflow().workflow_id)}
    answer = await stage.admin.post("/jobs/batch", {"jobs": [good, {**good, "priority": 21}]})
    assert refused(answer, 400, None, "jobs.1.priority")
    assert (await stage.admin.get("/jobs")).json()["total"] == 0
    for body in ({"jobs": []}, {}, {"jobs": [good] * 1001}):
        assert refused(await stage.admin.post("/jobs/batch", body), 400)
    assert refused(await stage.member("viewer").post("/jobs/batch", {"jobs": [good]}), 403, "FORBIDDEN")


async def test_a_batch_that_is_sent_twice_with_one_key_queues_once(stage: Stage) -> None:
    body = {"jobs": [{"workflow_id": str(stage.workflow().workflow_id)}] * 2}
    first, again = [await stage.admin.post("/jobs/batch", body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (await stage.admin.get("/jobs")).json()["total"] == 2


async def test_many_jobs_are_cancelled_and_retried(stage: Stage) -> None:
    _, robot = stage.robot()
    running = await stage.claimed(robot)
    waiting = await stage.job()
    ids = [waiting, str(running["job_id"]), UNKNOWN_ID]
    rows, counts = await answers(
        stage.member("operator"), "/jobs/batch/cancel", {"job_ids": [str(each) for each in ids], "reason": "wrong"}
    )
    assert [(row["cancelled"], row["cancel_requested"], row["previous_status"]) for row in rows] == [
        (True, False, "pending"), (False, True, "claimed"), (None, None, None),
    ]  # fmt: skip
    assert (codes(rows), counts) == ([None, None, "JOB_NOT_FOUND"], (2, 1))
    assert (await stage.admin.get(f"/jobs/{waiting}")).json()["error_message"] == "wrong"

    rows, counts = await answers(stage.admin, "/jobs/batch/retry", {"job_ids": [str(each) for each in ids]})
    assert (codes(rows), counts) == ([None, "JOB_NOT_RETRYABLE", "JOB_NOT_FOUND"], (1, 2))
    assert (await stage.admin.get(f"/jobs/{rows[0]['new_job_id']}")).json()["retry_of"] == waiting


async def test_a_robot_ends_and_keeps_many_jobs_at_once(stage: Stage) -> None:
    _, robot = stage.robot(max_concurrent_jobs=4)
    held = [await stage.claimed(robot, max_attempts=2) for _ in range(4)]
    leases = [{"job_id": job["job_id"], "lease_token": job["lease_token"]} for job in held]
    stale = {**leases[3], "lease_token": leases[3]["lease_token"] - 1}

    answer = await robot.post("/jobs/batch/extend-lease", {"leases": [leases[0], stale], "lease_seconds": 600})
    assert answer.status_code == 200, answer.text
    assert [row["renewed"] for row in answer.json()["leases"]] == [True, False]
    assert answer.json()["leases"][1]["lease_expires_at"] is None

    nodes = [{"node_id": "start", "status": "completed", "duration_ms": 5}]
    results = [{**leases[0], "result": {"n": 1}, "node_executions": nodes}, stale, {**leases[1], "result": None}]
    rows, counts = await answers(robot, "/jobs/batch/complete", {"results": results})
    assert [row["status"] for row in rows] == ["completed", None, "completed"]
    assert (codes(rows), counts) == ([None, "LEASE_LOST", None], (2, 1))
    assert (await stage.admin.get(f"/jobs/{held[0]['job_id']}")).json()["result"] == {"n": 1}

    failures = [
        {**leases[2], "error_message": "boom", "retryable": False},
        {**leases[3], "error_message": "again"},
        {**leases[0], "error_message": "late"},
    ]
    rows, counts = await answers(robot, "/jobs/batch/fail", {"failures": failures})
    assert [row["status"] for row in rows] == ["failed", "pending", None]
    assert (codes(rows), counts) == ([None, None, "JOB_ALREADY_FINISHED"], (2, 1))
    assert rows[1]["retry_at"] is not None
    for path in ("complete", "fail", "extend-lease"):
        assert (await stage.admin.post(f"/jobs/batch/{path}", {})).status_code == 400


async def test_what_only_robots_may_do_is_forbidden_for_people(stage: Stage) -> None:
    lease = {"job_id": UNKNOWN_ID, "lease_token": 1}
    assert refused(await stage.admin.post("/jobs/batch/complete", {"results": [lease]}), 403, "FORBIDDEN")
    failure = {"failures": [{**lease, "error_message": "x"}]}
    assert refused(await stage.admin.post("/jobs/batch/fail", failure), 403, "FORBIDDEN")
    assert refused(await stage.admin.post("/jobs/batch/extend-lease", {"leases": [lease]}), 403, "FORBIDDEN")

"""Jobs found by text, error and cause, page by page however many there are; their logs and nodes; another input."""

from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused

from casare_cloud.domain.jobs import queries


async def fail(stage: Stage, robot: Asker, message: str, error_type: str, **fields: Any) -> str:
    """The id of a job that has just failed for good."""
    job = await stage.claimed(robot, **fields)
    failure = {"lease_token": job["lease_token"], "error_message": message, "error_type": error_type}
    answer = await robot.post(f"/jobs/{job['job_id']}/fail", {**failure, "retryable": False})
    assert answer.status_code == 200, answer.text
    return str(job["job_id"])


async def ids(asker: Asker, **params: Any) -> list[str]:
    answer = await asker.get("/jobs", **params)
    assert answer.status_code == 200, answer.text
    return [job["job_id"] for job in answer.json()["jobs"]]


async def test_jobs_are_found_by_text_error_and_cause(stage: Stage) -> None:
    _, robot = stage.robot()
    timeout = await fail(stage, robot, "Login page: TIMED OUT 50%", "TimeoutError")
    button = await fail(stage, robot, "no such button", "SelectorNotFound", concurrency_key="Invoice-7")
    again = (await stage.admin.post(f"/jobs/{button}/retry")).json()["new_job_id"]
    named = await stage.job(stage.workflow("Täglicher Bericht"))
    assert await ids(stage.admin, search="timed out") == [timeout]
    assert await ids(stage.admin, search="0%") == [timeout]
    assert await ids(stage.admin, search="selectornot") == [button]
    assert await ids(stage.admin, search="INVOICE-7") == [again, button]
    assert await ids(stage.admin, search="TÄGLICHER") == [named]
    assert await ids(stage.admin, error_type="TimeoutError") == [timeout]
    assert await ids(stage.admin, error_type="timeouterror") == []
    assert await ids(stage.admin, trigger_type="retry") == [again]
    assert await ids(stage.admin, status="failed", search="o") == [button, timeout]
    assert await ids(stage.admin, status="pending", search="invoice") == [again]
    assert await ids(stage.admin, status="pending", trigger_type="manual") == [named]


@pytest.mark.parametrize("status", [None, "pending"])
async def test_pages_go_by_the_last_job_whatever_is_queued_meanwhile(stage: Stage, status: str | None) -> None:
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(5)]
    wanted = {"limit": 2, **({"status": status} if status else {})}
    page = (await stage.admin.get("/jobs", **wanted)).json()
    seen = [job["job_id"] for job in page["jobs"]]
    while page["next"] is not None:
        await stage.job(workflow)
        page = (await stage.admin.get("/jobs", **wanted, before=page["next"])).json()
        seen += [job["job_id"] for job in page["jobs"]]
    assert seen == list(reversed(made))


@pytest.mark.parametrize("status", [None, "pending"])
async def test_an_answer_that_looked_through_its_part_says_where_to_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, status: str | None
) -> None:
    walk = queries.LOOK_THROUGH_UNFINISHED_JOBS if status else queries.LOOK_THROUGH_JOBS
    most = queries.LOOKED_AT_UNFINISHED if status else queries.LOOKED_AT
    name = "LOOK_THROUGH_UNFINISHED_JOBS" if status else "LOOK_THROUGH_JOBS"
    monkeypatch.setattr(queries, name, walk.replace(str(most), "3"))
    rare = await stage.job(stage.workflow("Rare"))
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(5)]
    wanted = {"search": "rare", **({"status": status} if status else {})}
    first = (await stage.admin.get("/jobs", **wanted)).json()
    assert (first["jobs"], first["total"], first["total_is_capped"], first["next"]) == ([], 0, True, made[2])
    second = (await stage.admin.get("/jobs", **wanted, before=first["next"])).json()
    assert ([job["job_id"] for job in second["jobs"]], second["total"]) == ([rare], 1)
    last = (await stage.admin.get("/jobs", **wanted, before=second["next"])).json()
    assert (last["jobs"], last["next"]) == ([], None)


@pytest.mark.parametrize(
    "params",
    [
        {"before": "x"}, {"search": ""}, {"search": "x" * 256}, {"error_type": ""}, {"trigger_type": ""},
    ],
)  # fmt: skip
async def test_a_filter_that_breaks_a_rule_is_400(stage: Stage, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get("/jobs", **params), 400, "INVALID_ARGUMENT", *params)


async def test_an_offset_does_not_go_with_a_cursor(stage: Stage) -> None:
    for params in ({"before": UNKNOWN_ID}, {"search": "x"}, {"error_type": "x"}, {"trigger_type": "x"}):
        assert refused(await stage.admin.get("/jobs", **params, offset=1), 400, "INVALID_ARGUMENT", "offset")


async def test_other_tenants_jobs_are_not_found(stage: Stage, elsewhere: Stage) -> None:
    job_id = await elsewhere.job(elsewhere.workflow("Secret"))
    assert await ids(stage.admin, search="secret") == []
    assert await ids(stage.admin, before="ffffffff-ffff-7fff-bfff-ffffffffffff") == []
    assert await ids(elsewhere.admin, search="secret") == [job_id]


# -- logs


async def test_a_log_is_read_from_its_end_and_followed_line_by_line(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path, token = f"/jobs/{job['job_id']}/logs", {"lease_token": job["lease_token"]}
    lines = [{"message": f"line {n}", "level": "error" if n == 2 else "info"} for n in range(6)]
    await robot.post(path, {**token, "entries": lines})

    async def page(**params: Any) -> tuple[list[dict[str, Any]], int]:
        answer = (await stage.admin.get(path, **params)).json()
        return answer["logs"], answer["total"]

    newest, total = await page(order="newest", limit=2)
    assert ([line["message"] for line in newest], total) == (["line 5", "line 4"], 6)
    older, total = await page(order="newest", limit=2, before=newest[-1]["id"])
    assert ([line["message"] for line in older], total) == (["line 3", "line 2"], 4)
    assert await page(after=newest[0]["id"]) == ([], 0)
    await robot.post(path, {**token, "entries": [{"message": "line 6"}]})
    more, total = await page(after=newest[0]["id"])
    assert ([line["message"] for line in more], total) == (["line 6"], 1)
    errors, _ = await page(level="error", order="newest")
    assert [line["message"] for line in errors] == ["line 2"]
    assert [line["message"] for line in (await page())[0]][:2] == ["line 0", "line 1"]
    for wrong in ({"order": "odd"}, {"after": "x"}, {"before": "x"}):
        assert refused(await stage.admin.get(path, **wrong), 400, "INVALID_ARGUMENT", *wrong)


# -- nodes


async def test_the_nodes_of_all_attempts_are_there_with_their_times(stage: Stage) -> None:
    _, robot = stage.robot()
    workflow = stage.workflow()
    policy = {"policy": "fixed", "base_delay_seconds": 5, "max_delay_seconds": 5, "jitter": 0}
    job = await stage.claimed(robot, workflow=workflow, retry_policy=policy)
    path = f"/jobs/{job['job_id']}"
    began = {"started_at": "2026-01-01T10:00:00.000Z", "completed_at": "2026-01-01T10:00:01.000Z"}
    nodes = [{"node_id": "click", "node_type": "ClickElementNode", "status": "failed", "duration_ms": 1000, **began}]
    failure = {"lease_token": job["lease_token"], "error_message": "no", "node_executions": nodes}
    assert (await robot.post(f"{path}/fail", failure)).status_code == 200
    with stage.database.connect("supabase_admin") as owner:
        owner.execute("update private.scheduled set run_at = now() - interval '1 s' where job_id = %s", [job["job_id"]])
        owner.execute("select private.promote_scheduled_jobs(10)")
    [second] = (await robot.post("/jobs/claim", {})).json()["jobs"]
    healed = {"node_id": "click", "status": "completed", "healing": {"healed": True, "attempts": 2}}
    await robot.post(f"{path}/complete", {"lease_token": second["lease_token"], "node_executions": [healed]})
    answer = (await stage.member("viewer").get(f"{path}/nodes")).json()
    assert [each["attempt"] for each in answer["attempts"]] == [1, 2]
    first, last = (each["nodes"][0] for each in answer["attempts"])
    assert {name: first[name] for name in began} == began
    assert (first["status"], first["duration_ms"], first["is_healed"]) == ("failed", 1000, None)
    assert (last["status"], last["started_at"], last["is_healed"]) == ("completed", None, True)
    assert refused(await stage.admin.get(f"/jobs/{UNKNOWN_ID}/nodes"), 404, "JOB_NOT_FOUND")


async def test_a_job_without_nodes_has_no_attempts_to_show(stage: Stage, elsewhere: Stage) -> None:
    job_id = await stage.job()
    assert (await stage.admin.get(f"/jobs/{job_id}/nodes")).json() == {"job_id": job_id, "attempts": []}
    assert refused(await elsewhere.admin.get(f"/jobs/{job_id}/nodes"), 404, "JOB_NOT_FOUND")


# -- retry with another input


async def test_a_retry_with_another_input_keeps_what_it_repeats(stage: Stage) -> None:
    _, robot = stage.robot()
    job_id = await fail(stage, robot, "wrong month", "E", input={"month": 1}, priority=3)
    answer = await stage.admin.post(f"/jobs/{job_id}/retry", {"input": {"month": 2}})
    new = (await stage.admin.get(f"/jobs/{answer.json()['new_job_id']}")).json()
    assert (new["retry_of"], new["input"], new["priority"], new["trigger_type"]) == (job_id, {"month": 2}, 3, "retry")
    assert (await stage.admin.get(f"/dlq/{job_id}")).json()["requeued_job_id"] == new["job_id"]
    empty = await stage.admin.post(f"/jobs/{job_id}/retry", {"input": {}})
    assert (await stage.admin.get(f"/jobs/{empty.json()['new_job_id']}")).json()["input"] == {}


async def test_a_completed_job_is_repeated_with_another_input_only(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot, input={"n": 1})
    path = f"/jobs/{job['job_id']}"
    assert refused(await stage.admin.post(f"{path}/retry", {"input": {"n": 2}}), 400, "JOB_NOT_RETRYABLE")
    await robot.post(f"{path}/complete", {"lease_token": job["lease_token"]})
    assert refused(await stage.admin.post(f"{path}/retry", {}), 400, "JOB_NOT_RETRYABLE")
    answer = await stage.admin.post(f"{path}/retry", {"parameters": {"n": 2}})
    new = (await stage.admin.get(f"/jobs/{answer.json()['new_job_id']}")).json()
    assert (new["retry_of"], new["input"]) == (job["job_id"], {"n": 2})


async def test_another_input_needs_the_right_to_make_jobs(stage: Stage) -> None:
    job_id = await stage.job()
    await stage.admin.post(f"/jobs/{job_id}/cancel")
    program = stage.service("jobs.retry")
    assert refused(await program.post(f"/jobs/{job_id}/retry", {"input": {}}), 403, "FORBIDDEN", "jobs.create")
    assert (await program.post(f"/jobs/{job_id}/retry")).status_code == 200


@pytest.mark.parametrize("body", [{"input": []}, {"input": "x"}, {"inputs": {}}, {"input": {}, "priority": 1}])
async def test_a_retry_that_breaks_a_rule_is_400(stage: Stage, body: dict[str, Any]) -> None:
    job_id = await stage.job()
    await stage.admin.post(f"/jobs/{job_id}/cancel")
    assert refused(await stage.admin.post(f"/jobs/{job_id}/retry", body), 400, "INVALID_ARGUMENT")


# -- the queue as a whole


async def test_waiting_jobs_are_counted_by_reason(stage: Stage) -> None:
    stage.robot("r-1")
    for _ in range(2):
        job_id = await stage.job(required_capabilities=["sap"])
    answer = (await stage.member("viewer").get("/queue/reasons")).json()
    assert (answer["waiting"], answer["scheduled"], answer["is_capped"], answer["others"]) == (2, 0, False, 0)
    [reason] = answer["reasons"]
    explained = (await stage.admin.get(f"/jobs/{job_id}/explain")).json()
    names = ("reason_code", "verdict", "sentence", "next_step")
    assert {name: reason[name] for name in names} == {name: explained[name] for name in names}
    assert (reason["jobs"], reason["reason_code"]) == (2, "missing_capability")
    _, robot = stage.robot("r-2")
    assert refused(await robot.get("/queue/reasons"), 403, "FORBIDDEN")

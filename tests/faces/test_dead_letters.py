"""Dead letters and explanations of jobs over HTTP (api-decisions#dead-letters)."""

from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused


async def dead(stage: Stage, robot: Asker, **fields: object) -> str:
    """The id of a job that ended as a dead letter."""
    job = await stage.claimed(robot, max_attempts=1, **fields)
    body = {"lease_token": job["lease_token"], "error_message": "boom"}
    assert (await robot.post(f"/jobs/{job['job_id']}/fail", body)).status_code == 200
    return str(job["job_id"])


async def test_dead_letters_are_listed_counted_and_queued_again(stage: Stage) -> None:
    _, robot = stage.robot()
    first, second = await dead(stage, robot), await dead(stage, robot)
    viewer = stage.member("viewer")
    listed = (await viewer.get("/dlq")).json()
    assert ([letter["job_id"] for letter in listed["dead_letters"]], listed["total"]) == ([second, first], 2)
    letter = (await viewer.get(f"/dlq/{first}")).json()
    assert (letter["reason"], letter["error_message"], letter["workflow_name"] is None) == (
        "attempts_exhausted", "boom", False,
    )  # fmt: skip
    assert refused(await viewer.post(f"/dlq/{first}/retry"), 403, "FORBIDDEN")

    answer = await stage.member("operator").post(f"/dlq/{first}/retry")
    assert answer.status_code == 200, answer.text
    new = (await viewer.get(f"/jobs/{answer.json()['new_job_id']}")).json()
    assert (new["retry_of"], new["status"]) == (first, "pending")
    assert refused(await stage.admin.post(f"/dlq/{first}/retry"), 409, "DEAD_LETTER_RESOLVED")
    stats = (await viewer.get("/dlq/stats")).json()
    assert (stats["open"], stats["resolved"], stats["by_reason"]) == (1, 1, {"attempts_exhausted": 1})
    assert [letter["job_id"] for letter in (await viewer.get("/dlq", resolved=True)).json()["dead_letters"]] == [first]
    assert (await viewer.get("/dlq", reason="poison")).json()["total"] == 0


async def test_a_dead_letter_is_deleted(stage: Stage) -> None:
    _, robot = stage.robot()
    job_id = await dead(stage, robot)
    assert refused(await stage.member("operator").delete(f"/dlq/{job_id}"), 403, "FORBIDDEN")
    assert (await stage.member("developer").delete(f"/dlq/{job_id}")).json() == {"job_id": job_id, "purged": True}
    for answer in (await stage.admin.delete(f"/dlq/{job_id}"), await stage.admin.get(f"/dlq/{UNKNOWN_ID}")):
        assert refused(answer, 404, "DEAD_LETTER_NOT_FOUND")


async def test_many_are_answered_one_by_one(stage: Stage) -> None:
    _, robot = stage.robot()
    job_id = await dead(stage, robot)
    answer = (await stage.admin.post("/dlq/retry", {"job_ids": [job_id, UNKNOWN_ID]})).json()
    assert (answer["succeeded"], answer["failed"]) == (1, 1)
    assert [item["error_code"] for item in answer["results"]] == [None, "DEAD_LETTER_NOT_FOUND"]
    answer = (await stage.admin.post("/dlq/delete", {"job_ids": [UNKNOWN_ID, job_id]})).json()
    assert [item["status"] for item in answer["results"]] == [None, "purged"]
    assert refused(await stage.admin.post("/dlq/delete", {"job_ids": []}), 400)


async def test_a_job_is_explained_to_who_may_see_it(stage: Stage) -> None:
    stage.robot("robot-1")
    job_id = await stage.job(required_capabilities=["sap"])
    answer = await stage.member("viewer").get(f"/jobs/{job_id}/explain")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["state"], told["verdict"], told["reason_code"]) == ("queued", "blocked", "missing_capability")
    assert "lacks the capability sap." in told["sentence"]
    assert [robot["external_id"] for robot in told["robots"]] == ["robot-1"]
    assert refused(await stage.admin.get(f"/jobs/{UNKNOWN_ID}/explain"), 404, "JOB_NOT_FOUND")

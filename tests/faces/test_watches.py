"""Saying over HTTP that somebody watches."""

import uuid

from tests.faces.stage import Stage, refused


async def test_a_tenant_is_watched_and_so_is_a_job(stage: Stage) -> None:
    job_id = await stage.job(stage.workflow())
    now = (await stage.admin.get("/events")).json()["next"]
    answer = (await stage.admin.post("/watches", {})).json()
    tenant = f"tenant:{stage.tenant.tenant_id}:changes"
    assert answer == {"topic": tenant, "pushes": "watched", "renew_after_seconds": 30, "after": now}
    assert (await stage.admin.post("/watches", {"job_id": job_id})).json()["topic"] == f"job:{job_id}"


async def test_a_watch_names_a_job_of_the_tenant_and_nothing_else(stage: Stage, elsewhere: Stage) -> None:
    for job_id in (await elsewhere.job(), str(uuid.uuid4())):
        assert refused(await stage.admin.post("/watches", {"job_id": job_id}), 404, "JOB_NOT_FOUND")
    assert refused(await stage.admin.post("/watches", {"job_id": "x"}), 400, "INVALID_ARGUMENT", "job_id")
    assert refused(await stage.admin.post("/watches", {"job": "x"}), 400, "INVALID_ARGUMENT", "job")


async def test_watching_needs_what_reading_needs(stage: Stage) -> None:
    _, robot = stage.robot()
    assert refused(await robot.post("/watches", {}), 403, "FORBIDDEN")
    assert refused(await stage.service("jobs.read").post("/watches", {}), 403, "FORBIDDEN")
    assert (await stage.member("viewer").post("/watches", {})).status_code == 200

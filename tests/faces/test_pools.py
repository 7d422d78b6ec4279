"""Shared pools, over HTTP."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.faces.stage import GRAPH, UNKNOWN_ID, Stage, refused
from tests.factories import make_tenant


@pytest.fixture
def other(stage: Stage) -> Stage:
    """Another tenant of the same orchestrator."""
    return Stage(stage.database, stage.client, stage.bearer, make_tenant(stage.database))


def slug_of(stage: Stage) -> str:
    """The slug of a stage's tenant."""
    with stage.database.connect() as owner:
        row = owner.execute("select slug from public.tenants where tenant_id = %s", [stage.tenant.tenant_id]).fetchone()
    assert row is not None
    return str(row["slug"])


async def test_a_pool_from_its_making_to_a_members_job_on_its_robot(stage: Stage, other: Stage) -> None:
    made = await stage.admin.post("/pools", {"name": "shared robots"})
    assert made.status_code == 201
    pool = made.json()
    assert pool | {"pool_id": None, "invited_at": None, "accepted_at": None} == {
        "pool_id": None, "name": "shared robots", "standing": "owner", "shares_by": "jobs", "weight": 1,
        "max_running": None, "invited_at": None, "accepted_at": None,
    }  # fmt: skip
    invited = await stage.admin.put(f"/pools/shared%20robots/members/{slug_of(other)}", {"weight": 2, "max_running": 1})
    assert (invited.status_code, invited.json()["accepted_at"]) == (200, None)
    assert [item["standing"] for item in (await other.admin.get("/pools")).json()["pools"]] == ["invited"]
    accepted = await other.admin.post(f"/pools/{pool['pool_id']}/accept")
    assert (accepted.json()["standing"], accepted.json()["weight"]) == ("member", 2)
    members = (await stage.admin.get(f"/pools/{pool['pool_id']}/members")).json()["members"]
    assert {member["tenant"]: member["weight"] for member in members} == {slug_of(stage): 1, slug_of(other): 2}

    changed = await stage.admin.put(f"/pools/{pool['pool_id']}", {"shares_by": "robot_seconds"})
    assert (changed.status_code, changed.json()["shares_by"]) == (200, "robot_seconds")
    assert refused(await other.admin.put(f"/pools/{pool['pool_id']}", {"name": "mine"}), 404, "POOL_NOT_FOUND")

    robot, asker = stage.robot()
    put = await stage.admin.put(f"/robots/{robot.external_id}/pool", {"pool": "shared robots"})
    assert (put.status_code, put.json()["pool_id"]) == (200, pool["pool_id"])
    workflow = other.workflow()
    plain = (await other.admin.post("/jobs", {"workflow_id": str(workflow.workflow_id)})).json()
    body = {"workflow_id": str(workflow.workflow_id), "pool": "shared robots"}
    job = (await other.admin.post("/jobs", body)).json()
    assert (plain["pool_id"], job["pool_id"]) == (None, pool["pool_id"])
    claimed = (await asker.post("/jobs/claim", {"limit": 5})).json()["jobs"]
    assert [item["job_id"] for item in claimed] == [job["job_id"]]
    token = {"lease_token": claimed[0]["lease_token"]}
    assert (await asker.post(f"/jobs/{job['job_id']}/start", token)).status_code == 200
    assert (await asker.put(f"/jobs/{job['job_id']}/progress", {"progress": 5, "current_node": "n"})).is_success
    assert (await asker.post(f"/jobs/{job['job_id']}/complete", {**token, "result": {"ok": 1}})).is_success
    done = (await other.admin.get(f"/jobs/{job['job_id']}")).json()
    assert (done["status"], done["result"], done["robot_id"]) == ("completed", {"ok": 1}, str(robot.robot_id))
    assert refused(await stage.admin.get(f"/jobs/{job['job_id']}"), 404, "JOB_NOT_FOUND")

    assert (await stage.admin.put(f"/robots/{robot.external_id}/pool", {"pool": None})).json()["pool_id"] is None
    assert (await other.admin.post("/pools/shared%20robots/leave")).json()["left"] is True
    assert refused(await other.admin.post("/jobs", body), 404, "POOL_NOT_FOUND")
    assert (await stage.admin.delete(f"/pools/{pool['pool_id']}")).json()["deleted"] is True
    assert (await stage.admin.get("/pools")).json() == {"pools": []}


async def test_a_robot_that_is_put_into_a_pool_which_goes_meanwhile_is_409(stage: Stage) -> None:
    pool_id = (await stage.admin.post("/pools", {"name": "going"})).json()["pool_id"]
    robot, _ = stage.robot()
    with (
        stage.database.connect("authenticated", stage.tenant.admin.claims) as deleting,
        stage.database.connect("supabase_admin") as watcher,
    ):
        with deleting.transaction():
            deleting.execute("select public.delete_pool(%s)", [pool_id])
            putting = asyncio.create_task(stage.admin.put(f"/robots/{robot.external_id}/pool", {"pool": "going"}))
            waiting = "select 1 from pg_locks as l join pg_stat_activity as a using (pid) "
            waiting += "where not l.granted and a.datname = current_database()"
            while not putting.done() and watcher.execute(waiting).fetchone() is None:
                await asyncio.sleep(0.01)
        assert refused(await putting, 409, "REFERENCE_MISSING")


async def test_a_schedule_is_made_for_a_pool_and_changed(stage: Stage) -> None:
    pool = (await stage.admin.post("/pools", {"name": "mine"})).json()["pool_id"]
    body = {
        "workflow_id": str(stage.workflow().workflow_id),
        "schedule_name": "s",
        "cron_expression": "@daily",
        "pool": "mine",
    }
    made = (await stage.admin.post("/schedules", body)).json()
    path = f"/schedules/{made['schedule_id']}"
    assert made["pool_id"] == pool
    job = (await stage.admin.put(f"{path}/trigger", {})).json()["job_id"]
    assert (await stage.admin.get(f"/jobs/{job}")).json()["pool_id"] == pool
    assert (await stage.admin.put(path, {"priority": 3})).json()["pool_id"] == pool
    assert (await stage.admin.put(path, {"pool": ""})).json()["pool_id"] is None
    assert (await stage.admin.put(path, {"pool": pool})).json()["pool_id"] == pool
    assert refused(await stage.admin.put(path, {"pool": "none"}), 404, "POOL_NOT_FOUND")
    assert refused(await stage.admin.post("/schedules", {**body, "pool": "none"}), 404, "POOL_NOT_FOUND")


async def test_a_workflow_is_submitted_to_a_pool(stage: Stage) -> None:
    pool = (await stage.admin.post("/pools", {"name": "mine"})).json()["pool_id"]
    body: dict[str, Any] = {"workflow_name": "w", "workflow_json": GRAPH, "pool": "mine"}
    submitted = (await stage.admin.post("/workflows", body)).json()
    assert (await stage.admin.get(f"/jobs/{submitted['job_id']}")).json()["pool_id"] == pool
    scheduled = {**body, "trigger_type": "scheduled", "schedule_cron": "@daily"}
    made = (await stage.admin.post("/workflows", scheduled)).json()
    assert (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()["pool_id"] == pool
    assert refused(await stage.admin.post("/workflows", {**body, "pool": "none"}), 404, "POOL_NOT_FOUND")


async def test_a_tenant_that_is_not_there_is_invited_like_any_other(stage: Stage, other: Stage) -> None:
    await stage.admin.post("/pools", {"name": "shared"})
    answers = []
    for tenant in (slug_of(other), "nobody-at-all"):
        made = await stage.admin.put(f"/pools/shared/members/{tenant}", {})
        answers.append((made.status_code, {**made.json(), "tenant": None, "invited_at": None}))
    assert answers[0] == answers[1]
    members = (await stage.admin.get("/pools/shared/members")).json()["members"]
    assert [member["accepted_at"] is None for member in members].count(True) == 2


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (lambda who: who.post("/pools", {"name": ""}), 400, "INVALID_ARGUMENT"),
        (lambda who: who.post("/pools", {"name": "x", "surprise": 1}), 400, "INVALID_ARGUMENT"),
        (lambda who: who.post("/pools", {"name": "shared"}), 409, "POOL_EXISTS"),
        (lambda who: who.put("/pools/shared/members/x", {"weight": 0}), 400, "INVALID_ARGUMENT"),
        (lambda who: who.put("/pools/shared/members/x", {"max_running": -1}), 400, "INVALID_ARGUMENT"),
        (lambda who: who.put("/pools/shared/members/x%20y", {}), 400, "INVALID_ARGUMENT"),
        (lambda who: who.put("/pools/none/members/x", {}), 404, "POOL_NOT_FOUND"),
        (lambda who: who.delete("/pools/shared/members/x"), 404, "POOL_MEMBER_NOT_FOUND"),
        (lambda who: who.delete(f"/pools/{UNKNOWN_ID}"), 404, "POOL_NOT_FOUND"),
        (lambda who: who.post("/pools/shared/leave"), 409, "POOL_OWNER_STAYS"),
        (lambda who: who.post(f"/pools/{UNKNOWN_ID}/accept"), 404, "POOL_NOT_FOUND"),
        (lambda who: who.put("/robots/nobody/pool", {"pool": "shared"}), 404, "ROBOT_NOT_FOUND"),
    ],
)
async def test_what_cannot_be_done_is_refused(stage: Stage, ask: Callable[[Any], Any], status: int, code: str) -> None:
    await stage.admin.post("/pools", {"name": "shared"})
    assert refused(await ask(stage.admin), status, code)


async def test_owners_need_robots_write_and_members_settings_write(stage: Stage, other: Stage) -> None:
    await stage.admin.post("/pools", {"name": "shared"})
    await stage.admin.put(f"/pools/shared/members/{slug_of(other)}", {})
    operator = stage.member("operator")
    assert refused(await operator.post("/pools", {"name": "x"}), 403, "FORBIDDEN")
    assert refused(await operator.put("/pools/shared/members/x", {}), 403, "FORBIDDEN")
    assert refused(await operator.delete("/pools/shared"), 403, "FORBIDDEN")
    assert refused(await other.member("developer").post("/pools/shared/accept"), 403, "FORBIDDEN")
    program = other.service("settings.write")
    assert (await program.post("/pools/shared/accept")).status_code == 200
    assert (await program.post("/pools/shared/leave")).status_code == 200

"""The client for programs, against the real orchestrator, Auth and Realtime."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from tests.databases import Database
from tests.factories import make_key, make_robot
from tests.robot.local_page import LocalPage
from tests.robot.stack import Stack, make_worker, running_stack
from tests.robot.workflows import chain

from casare_cloud.client import Client
from casare_cloud.errors import ApiError

PASSWORD = "Correct-horse-1"
HELLO = chain(("log", "LogNode", {"message": "hello"}))


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


async def registered(stack: Stack) -> Client:
    client = Client(stack.orchestrator_url)
    name = f"user-{uuid.uuid4().hex[:8]}"
    await client.register(email=f"{name}@example.test", password=PASSWORD, org_name=name, username=name)
    return client


async def test_a_person_joins_a_team_and_acts_in_one_tenant_after_the_other(stack: Stack) -> None:
    async with await registered(stack) as boss, await registered(stack) as colleague:
        me, own = await colleague.me(), (await colleague.list_tenants())["tenants"][0]
        invitation = await boss.create_invitation(me["email"], "operator")
        joined = await colleague.accept_invitation(invitation["token"])
        assert (await colleague.me())["tenant_id"] == joined["tenant_id"] == (await boss.me())["tenant_id"]
        await colleague.switch_tenant(own["slug"])
        assert (await colleague.me())["tenant_id"] == own["tenant_id"]
        await colleague.switch_tenant(joined["tenant_id"])
        with pytest.raises(ApiError) as refusal:
            await colleague.update_settings({"queue.fair_share": True})
        assert refusal.value.code == "FORBIDDEN"
        await boss.update_member(me["user_id"], roles=["admin"])
        assert (await colleague.update_settings({"queue.fair_share": True}))["plan"] == "free"
        acts = [entry async for entry in boss.iterate_audit_log(actor=me["email"], resource_type="tenants")]
        assert [entry["new_values"]["settings"] for entry in acts] == [{"queue": {"fair_share": True}}]
        assert (await boss.export_audit_log(actor=me["email"], limit=1)).count("\n") == 1
        await boss.remove_member(me["user_id"])
        for _ in range(2):  # not in another tenant, without a word
            with pytest.raises(ApiError) as refusal:
                await colleague.submit_workflow("Hello", HELLO)
            assert (refusal.value.status, refusal.value.code) == (403, "TENANT_LEFT")


async def test_a_program_registers_submits_and_manages(stack: Stack) -> None:
    async with await registered(stack) as client:
        assert (await client.me())["roles"] == ["admin", "developer", "operator", "viewer"]
        submitted = await client.submit_workflow("Hello", HELLO)
        uploaded = await client.upload_workflow("again.json", json.dumps(HELLO).encode(), priority="3")
        assert (await client.get_job(uploaded["job_id"]))["priority"] == 3
        created = await client.create_job("Hello", {"n": 1})
        assert (await client.get_job(created["job_id"]))["input"] == {"n": 1}
        assert {job["job_id"] for job in (await client.list_jobs(status="pending"))["jobs"]} == {
            submitted["job_id"], uploaded["job_id"], created["job_id"],
        }  # fmt: skip
        assert (await client.cancel_job(created["job_id"], "not needed"))["cancelled"] is True
        again = await client.retry_job(created["job_id"])
        assert again["original_job_id"] == created["job_id"]
        assert (await client.get_job_logs(again["new_job_id"]))["logs"] == []
        assert (await client.list_workflows())["total"] == 2
        assert (await client.get_workflow(submitted["workflow_id"]))["workflow_json"] == HELLO
        assert (await client.delete_workflow(submitted["workflow_id"]))["status"] == "success"
        assert (await client.create_robot_api_key("Line 1"))["key"].startswith("crpa_")
        assert (await client.get_fleet_metrics())["queue_depth"] == 1
        assert (await client.get_analytics(days=1))["cancelled_jobs"] >= 1
        assert len(await client.list_job_metrics(limit=2)) == 2
        assert (await client.get_job_metrics(created["job_id"]))["node_executions"] == []
        assert await client.list_robot_metrics(status="idle") == []
        assert {event["type"] for event in (await client.list_activity())["events"]} == {"job_cancelled"}
        types = [event["event_type"] for event in (await client.list_events())["events"]]
        assert types.count("job.queued") == 4


async def test_a_program_runs_a_workflow_by_the_clock(stack: Stack) -> None:
    async with await registered(stack) as client:
        workflow_id = (await client.submit_workflow("Hello", HELLO))["workflow_id"]
        schedule = await client.create_schedule(workflow_id, "New Year", "0 0 1 1 *", timezone="Asia/Tokyo")
        schedule_id = schedule["schedule_id"]
        assert schedule["next_run"].endswith("-12-31T15:00:00Z")
        assert await client.list_schedules(enabled=True) == [schedule]
        assert [run["schedule_id"] for run in await client.list_upcoming_runs(limit=1)] == [schedule_id]
        assert (await client.update_schedule(schedule_id, priority=1))["priority"] == 1
        assert (await client.disable_schedule(schedule_id))["next_run"] is None
        assert (await client.enable_schedule(schedule_id))["next_run"] == schedule["next_run"]
        job_id = (await client.trigger_schedule(schedule_id))["job_id"]
        assert [fire["job_id"] for fire in (await client.list_schedule_fires(schedule_id))["fires"]] == [job_id]
        assert (await client.get_schedule(schedule_id))["run_count"] == 1
        assert len((await client.simulate_schedule("@daily", count=3))["runs"]) == 3
        assert (await client.delete_schedule(schedule_id))["status"] == "success"
        assert await client.list_schedules() == []


async def test_a_program_bounds_weighs_and_looks_after_its_tenant(stack: Stack) -> None:
    async with await registered(stack) as client:
        workflow_id = (await client.submit_workflow("Hello", HELLO))["workflow_id"]
        limit = await client.set_limit("key", 1, concurrency_key="sap", on_collision="cancel_newest")
        assert (await client.list_limits())["limits"] == [limit]
        assert (await client.remove_limit("key", concurrency_key="sap"))["concurrency_key"] == "sap"
        assert (await client.set_share(workflow_id, 3))["weight"] == 3
        assert [share["weight"] for share in (await client.list_shares())["shares"]] == [3]
        robot = await client.register_robot("line-1", "Line 1", "host", capabilities=["excel"])
        assert (await client.update_robot("line-1", tags=["night"]))["tags"] == ["night"]
        machine = await client.get_robot_measurements(
            "line-1", since="2026-01-01T00:10:00Z", until="2026-01-01T02:00:00Z"
        )
        assert (machine["since"], machine["step_minutes"], len(machine["points"])) == ("2026-01-01T00:10:00Z", 5, 22)
        assert (await client.set_robot_status("line-1", "maintenance"))["status"] == "maintenance"
        assert (await client.command_robot("line-1", "pause"))["robot_uuid"] == robot["robot_uuid"]
        assert [found["robot_id"] async for found in client.iterate(client.list_robots)] == ["line-1"]
        assert (await client.count_dead_letters())["open"] == 0
        with pytest.raises(ApiError) as refused:
            await client.get_dead_letter(str(uuid.uuid4()))
        assert refused.value.status == 404
        assert "# TYPE" in await client.get_prometheus_metrics("test")


async def test_iterating_gives_every_job_and_every_event(stack: Stack) -> None:
    async with await registered(stack) as client:
        job_ids = [(await client.submit_workflow("Hello", HELLO))["job_id"]]
        job_ids += [(await client.create_job("Hello"))["job_id"] for _ in range(4)]
        assert [job["job_id"] async for job in client.iterate(client.list_jobs, limit=2)] == job_ids[::-1]
        events = [event async for event in client.iterate_events()]
        assert [event["job_id"] for event in events if event["event_type"] == "job.queued"] == job_ids
        assert [event async for event in client.iterate_events(events[-1]["seq"])] == []
        of_one = [event["event_type"] async for event in client.iterate_events(job_id=job_ids[0])]
        assert of_one == ["job.queued"]


async def test_the_health_of_the_service_is_open_to_anybody(stack: Stack) -> None:
    async with Client(stack.orchestrator_url) as client:
        assert (await client.get_health())["status"] == "healthy"
        assert (await client.get_detailed_health())["dependencies"]["database"]["healthy"] is True
        assert await client.is_ready() is True
        assert await client.is_live() is True


async def test_the_base_url_may_be_the_published_one(stack: Stack) -> None:
    async with Client(f"{stack.orchestrator_url}/api/v1") as client:
        assert await client.is_live() is True


async def test_a_service_key_needs_no_login(stack: Stack) -> None:
    key = make_key(stack.database, stack.tenant, "service", scopes=["jobs.read"])
    async with Client(stack.orchestrator_url, api_key=key.text) as client:
        assert (await client.list_jobs())["total"] >= 0
        with pytest.raises(ApiError) as refused:
            await client.create_job(str(uuid.uuid4()))
    assert refused.value.status == 403


async def test_after_logout_the_client_is_nobody(stack: Stack) -> None:
    async with await registered(stack) as client:
        await client.logout()
        with pytest.raises(ApiError) as refused:
            await client.me()
    assert refused.value.status == 401


async def test_a_token_is_refreshed_before_it_ends(stack: Stack) -> None:
    async with await registered(stack) as client:
        before = await client.access_token()
        client._token_ends_at = 0.0
        assert await client.access_token() != before
        assert (await client.me())["user_id"]


async def test_a_token_that_the_service_says_has_ended_is_refreshed_whatever_the_clock_here_says(stack: Stack) -> None:
    key = json.loads(stack.settings.signing_key)
    async with await registered(stack) as client:
        claims = jwt.decode(await client.access_token(), options={"verify_signature": False})
        ended = {**claims, "iat": claims["iat"] - 7200, "exp": claims["exp"] - 7200}
        token = jwt.encode(ended, jwt.PyJWK(key, algorithm="ES256").key, "ES256", headers={"kid": key["kid"]})
        client._http.headers["Authorization"] = f"Bearer {token}"
        assert (await client.list_workflows())["total"] == 0
        assert await client.access_token() != token


@pytest.mark.parametrize("is_live", [True, False], ids=["realtime", "polling"])
async def test_watching_a_job_sees_its_way_to_the_end(
    stack: Stack, page: LocalPage, tmp_path: Path, is_live: bool
) -> None:
    settings = stack.settings
    options = {"supabase_url": settings.supabase_url, "publishable_key": settings.supabase_publishable_key}
    async with await registered(stack) as client:
        gate = f"/gate/{tmp_path.name}"
        request = ("wait", "HTTPRequestNode", {"url": page.url + gate, "timeout": 60})
        slow = chain(request, ("log", "LogNode", {"message": "x"}))
        job_id = (await client.submit_workflow("Slow", slow))["job_id"]
        robot = make_robot(stack.database, uuid.UUID((await client.me())["tenant_id"]))
        worker = make_worker(stack, robot, tmp_path, "direct")
        seen = []
        async with asyncio.timeout(120):
            async for job in client.watch_job(job_id, **(options if is_live else {})):
                if not seen:
                    worker.start()
                seen.append(job["status"])
                if job["status"] == "running" and is_live and job.get("current_node"):
                    seen.append(job["current_node"])
                if ("wait" if is_live else "running") in seen:
                    page.open(gate)
        await worker.stop()
    assert seen[0] == "pending"
    assert seen[-1] == "completed"
    if is_live:
        assert "wait" in seen


async def test_waiting_longer_than_asked_is_a_timeout(stack: Stack) -> None:
    async with await registered(stack) as client:
        job_id = (await client.submit_workflow("Never", HELLO))["job_id"]
        with pytest.raises(TimeoutError):
            await client.wait_for_job(job_id, timeout=0.2)


@pytest.mark.parametrize("is_live", [True, False], ids=["realtime", "polling"])
async def test_watching_events_sees_all_that_happen_from_then_on(stack: Stack, is_live: bool) -> None:
    settings = stack.settings
    options = {"supabase_url": settings.supabase_url, "publishable_key": settings.supabase_publishable_key}
    async with await registered(stack) as client:
        await client.submit_workflow("Hello", HELLO)
        before = (await client.list_events())["next"]
        events = client.watch_events(before, **(options if is_live else {}))
        first = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(120):
            made = [(await client.create_job("Hello"))["job_id"] for _ in range(3)]
            seen = [await first, await anext(events), await anext(events)]
        await events.aclose()
    assert [event["seq"] for event in seen] == [before + 1, before + 2, before + 3]
    assert [event["job_id"] for event in seen] == made

"""Robots over HTTP (document 002, "Robot Endpoints"; api-decisions#robots)."""

import dataclasses
import time
import uuid
from typing import Any

import httpx2
import jwt
import pytest
from psycopg.types.json import Jsonb
from tests.databases import as_caller
from tests.faces.conftest import KeyPublisher, Signer
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.factories import make_key

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app

DOCUMENTED = {
    "robot_id", "name", "hostname", "status", "environment", "max_concurrent_jobs", "capabilities", "tags",
    "current_job_ids", "last_seen", "last_heartbeat", "created_at", "metrics",
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "high_memory"],
    "environment": "production",
    "max_concurrent_jobs": 3,
    "tags": ["invoice-processing", "high-priority"],
}


def unbound(stage: Stage) -> Asker:
    """Whoever holds a new robot key that belongs to no robot yet."""
    return stage.key(make_key(stage.database, stage.tenant, "robot"))


async def test_without_a_signing_key_there_is_no_direct_mode(stage: Stage, settings: Settings) -> None:
    robot, asker = stage.robot()
    app = create_app(dataclasses.replace(settings, signing_key=""))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        answer = await Asker(client, asker.headers).post(f"/robots/{robot.external_id}/token")
    await app.close()
    assert refused(answer, 503, "DIRECT_MODE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "3600"


async def test_the_documented_example_registers_a_robot_and_binds_its_key(stage: Stage) -> None:
    asker = unbound(stage)
    answer = await asker.post("/robots/register", EXAMPLE)
    assert answer.status_code == 200, answer.text
    robot = answer.json()
    assert set(robot) >= DOCUMENTED
    assert {**{name: robot[name] for name in EXAMPLE}, "tags": sorted(robot["tags"])} == {
        **EXAMPLE,
        "tags": sorted(EXAMPLE["tags"]),
    }
    assert (robot["status"], robot["current_job_ids"], robot["metrics"]) == ("idle", [], {})
    assert robot["last_seen"] == robot["last_heartbeat"]
    assert robot["last_seen"].endswith("Z")
    again = await asker.post("/robots/register", {**EXAMPLE, "name": "Renamed"})
    assert (again.json()["name"], again.json()["robot_uuid"]) == ("Renamed", robot["robot_uuid"])
    assert refused(await asker.post("/robots/register", {**EXAMPLE, "robot_id": "another"}), 403, "FORBIDDEN")


async def test_capabilities_may_be_an_object_of_which_what_is_true_counts(stage: Stage) -> None:
    sent = {"browser": True, "desktop": False, "memory_gb": 16}
    robot = (await unbound(stage).post("/robots/register", {**EXAMPLE, "capabilities": sent})).json()
    assert (robot["capabilities"], robot["attributes"]) == (["browser"], sent)
    changed = (await stage.admin.put("/robots/robot-prod-001", {"capabilities": ["desktop"]})).json()
    assert (changed["capabilities"], changed["attributes"]) == (["desktop"], {})


async def test_a_robot_with_a_live_key_is_not_taken_over_by_another_key(stage: Stage) -> None:
    robot, _ = stage.robot()
    answer = await unbound(stage).post("/robots/register", {**EXAMPLE, "robot_id": robot.external_id})
    assert refused(answer, 409, "ROBOT_ID_TAKEN")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"robot_id": None}, ["robot_id", "required"]),
        ({"robot_id": ""}, ["robot_id"]),
        ({"robot_id": "x" * 65}, ["robot_id"]),
        ({"robot_id": "a b"}, ["robot_id"]),
        ({"name": None}, ["name", "required"]),
        ({"name": "x" * 129}, ["name", "128"]),
        ({"hostname": None}, ["hostname", "required"]),
        ({"hostname": ""}, ["hostname"]),
        ({"hostname": "x" * 257}, ["hostname", "256"]),
        ({"capabilities": "browser"}, ["capabilities"]),
        ({"capabilities": [1]}, ["capabilities"]),
        ({"capabilities": ["x" * 65]}, ["capabilities"]),
        ({"environment": ""}, ["environment"]),
        ({"environment": "*"}, ["environment"]),
        ({"max_concurrent_jobs": 0}, ["max_concurrent_jobs"]),
        ({"max_concurrent_jobs": 101}, ["max_concurrent_jobs", "100"]),
        ({"max_concurrent_jobs": "3"}, ["max_concurrent_jobs"]),
        ({"tags": {}}, ["tags"]),
        ({"is_internet": "yes"}, ["is_internet"]),
    ],
)
async def test_a_registration_that_breaks_a_rule_is_400_and_makes_nothing(
    stage: Stage, changes: dict[str, Any], named: list[str]
) -> None:
    sent = {name: value for name, value in {**EXAMPLE, **changes}.items() if value is not None}
    assert refused(await unbound(stage).post("/robots/register", sent), 400, "INVALID_ARGUMENT", *named)
    assert (await stage.admin.get("/robots")).json()["total"] == 0


async def test_a_robot_is_read_by_its_id_and_its_uuid_and_sees_itself(stage: Stage) -> None:
    robot, asker = stage.robot()
    stage.robot()
    by_name = await stage.admin.get(f"/robots/{robot.external_id}")
    assert by_name.status_code == 200
    assert set(by_name.json()) >= DOCUMENTED
    for name in (str(robot.robot_id), str(robot.robot_id).upper()):
        assert (await stage.admin.get(f"/robots/{name}")).json() == by_name.json()
    assert (await asker.get(f"/robots/{robot.external_id}")).json()["robot_uuid"] == str(robot.robot_id)


async def test_a_list_has_every_key_is_filtered_and_pages_stay(stage: Stage) -> None:
    for number in (3, 1, 2):
        stage.robot(f"robot-{number}", environment="production" if number == 1 else "default")
    _, busy = stage.robot("robot-4")
    await stage.claimed(busy)

    async def found(**params: Any) -> list[str]:
        return [item["robot_id"] for item in (await stage.admin.get("/robots", **params)).json()["robots"]]

    answer = (await stage.admin.get("/robots", limit=2)).json()
    assert {"robots", "total"} <= set(answer)
    assert answer["total"] == 4
    assert set(answer["robots"][0]) >= DOCUMENTED
    assert await found(limit=2) + await found(limit=2, offset=2) == ["robot-1", "robot-2", "robot-3", "robot-4"]
    assert await found(status="busy") == ["robot-4"]
    assert await found(status="idle") == ["robot-1", "robot-2", "robot-3"]
    assert await found(status="offline") == []
    assert await found(environment="production") == ["robot-1"]
    assert (await stage.admin.get("/robots", offset=9)).json()["total"] == 4


@pytest.mark.parametrize("params", [{"status": "asleep"}, {"limit": 501}, {"limit": 0}, {"offset": -1}])
async def test_a_list_with_a_wrong_parameter_is_400(stage: Stage, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get("/robots", **params), 400, "INVALID_ARGUMENT", *params)


async def test_an_update_changes_what_is_sent_and_leaves_the_rest(stage: Stage) -> None:
    robot, _ = stage.robot(tags=["old"])
    sent = {
        "name": "Updated Robot Name",
        "hostname": "new-hostname.example.com",
        "capabilities": ["browser"],
        "environment": "staging",
        "max_concurrent_jobs": 2,
    }
    answer = await stage.admin.put(f"/robots/{robot.external_id}", sent)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in sent} == sent
    assert answer.json()["tags"] == ["old"]
    assert (await stage.admin.put(f"/robots/{robot.external_id}", {})).json()["name"] == "Updated Robot Name"


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"max_concurrent_jobs": 101}, {"tags": "x"}, {"status": "idle"}, {"robot_id": "new"}, []]
)
async def test_an_update_that_breaks_a_rule_is_400_and_changes_nothing(stage: Stage, body: Any) -> None:
    robot, _ = stage.robot()
    before = (await stage.admin.get(f"/robots/{robot.external_id}")).json()
    assert refused(await stage.admin.put(f"/robots/{robot.external_id}", body), 400, "INVALID_ARGUMENT", *body)
    assert (await stage.admin.get(f"/robots/{robot.external_id}")).json() == before


async def test_a_robot_says_its_status(stage: Stage) -> None:
    robot, asker = stage.robot()
    for word in ("maintenance", "idle", "error", "idle", "offline"):
        answer = await asker.put(f"/robots/{robot.external_id}/status", {"status": word})
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) >= DOCUMENTED
        assert answer.json()["status"] == word


@pytest.mark.parametrize(
    "body", [{}, {"status": "asleep"}, {"status": None}, {"status": "idle", "since": "now"}, ["idle"]]
)
async def test_a_status_that_breaks_a_rule_is_400(stage: Stage, body: Any) -> None:
    robot, asker = stage.robot()
    assert refused(await asker.put(f"/robots/{robot.external_id}/status", body), 400, "INVALID_ARGUMENT")


async def test_a_heartbeat_keeps_what_was_measured(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}"
    sent = {"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2, "gpu": {"n": 1}}
    answer = await asker.post(f"{path}/heartbeat", sent)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"ok", "timestamp", "heartbeat_interval", "lease_seconds", "warnings", "pending_commands"}
    assert (body["ok"], body["heartbeat_interval"], body["pending_commands"]) == (True, 30, [])
    assert body["timestamp"].endswith("Z")
    assert (await stage.admin.get(path)).json()["metrics"] == sent
    assert (await asker.post(f"{path}/heartbeat")).json()["ok"] is True
    assert (await stage.admin.get(path)).json()["metrics"] == sent


async def test_a_process_of_a_robot_names_its_session_and_what_it_holds(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}"
    job = await stage.claimed(asker)
    sent = {**EXAMPLE, "robot_id": robot.external_id}
    held = [{"job_id": job["job_id"], "lease_token": job["lease_token"]}]
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    answer = (await asker.post("/robots/register", {**sent, "session_id": one, "held_leases": held})).json()
    assert (answer["current_job_ids"], answer["warnings"]) == ([job["job_id"]], [])
    answer = (await asker.post("/robots/register", {**sent, "session_id": two, "held_leases": []})).json()
    assert (answer["current_job_ids"], len(answer["warnings"])) == ([], 1)
    beat = {"session_id": one, "claims_in_flight": [str(uuid.uuid4())], "active_job_ids": []}
    assert len((await asker.post(f"{path}/heartbeat", beat)).json()["warnings"]) == 1
    assert (await stage.admin.get(path)).json()["metrics"] == {"active_job_ids": []}
    answer = (await asker.put(f"{path}/status", {"status": "offline", "session_id": one})).json()
    assert answer["status"] == "idle", "the other one lives"
    for body in ({**sent, "held_leases": [{"job_id": "x", "lease_token": 1}]}, {**sent, "session_id": 1}):
        assert refused(await asker.post("/robots/register", body), 400, "INVALID_ARGUMENT")


async def test_a_heartbeat_is_told_what_to_stop(stage: Stage) -> None:
    robot, asker = stage.robot()
    job = await stage.claimed(asker)
    await stage.admin.post(f"/jobs/{job['job_id']}/cancel", {"reason": "Enough"})
    answer = (await asker.post(f"/robots/{robot.robot_id}/heartbeat", {})).json()
    assert answer["pending_commands"] == [{"command": "cancel_job", "job_id": job["job_id"], "reason": "Enough"}]


@pytest.mark.parametrize(
    "body",
    [
        {"cpu_percent": "hot"},
        {"memory_mb": -1},
        {"memory_percent": "full"},
        {"memory_percent": 10**400},
        {"active_jobs": 1.5},
        [],
        {"x": "y" * 70000},
    ],
    ids=lambda body: str(body)[:30],
)
async def test_a_heartbeat_that_breaks_a_rule_is_400(stage: Stage, body: Any) -> None:
    robot, asker = stage.robot()
    assert refused(await asker.post(f"/robots/{robot.external_id}/heartbeat", body), 400, "INVALID_ARGUMENT")


async def test_a_deleted_robot_is_gone_and_its_key_is_dead(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}"
    answer = await stage.admin.delete(path)
    assert answer.json() == {"deleted": True, "robot_id": robot.external_id}
    assert refused(await stage.admin.get(path), 404, "ROBOT_NOT_FOUND")
    assert refused(await stage.admin.delete(path), 404, "ROBOT_NOT_FOUND")
    assert refused(await asker.post(f"{path}/heartbeat"), 401, "AUTHENTICATION_FAILED")
    assert (
        await unbound(stage).post("/robots/register", {**EXAMPLE, "robot_id": robot.external_id})
    ).status_code == 200


async def test_unknown_and_foreign_robots_get_the_same_404(stage: Stage, elsewhere: Stage) -> None:
    foreign, _ = elsewhere.robot()
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "Mine"}),
        ("PUT", "/status", {"status": "offline"}),
        ("POST", "/heartbeat", {}),
        ("DELETE", "", None),
    ):
        names = (UNKNOWN_ID, "nobody", str(foreign.robot_id), foreign.external_id)
        answers = [await stage.admin.ask(method, f"/robots/{name}{path}", json=body) for name in names]
        assert all(refused(answer, 404, "ROBOT_NOT_FOUND") for answer in answers), (method, path)
        assert len({answer.json()["detail"] for answer in answers}) == 1
        assert refused(await stage.admin.ask(method, f"/robots/not!one{path}", json=body), 400, None, "robot_id")
    assert (await elsewhere.admin.get(f"/robots/{foreign.external_id}")).json()["name"] == foreign.external_id


async def test_a_robot_may_act_for_itself_only(stage: Stage) -> None:
    robot, asker = stage.robot()
    other, _ = stage.robot()
    for name in (other.external_id, str(other.robot_id), "nobody"):
        for method, path, body in (
            ("POST", "/heartbeat", {}),
            ("PUT", "/status", {"status": "offline"}),
            ("POST", "/token", None),
        ):
            answer = await asker.ask(method, f"/robots/{name}{path}", **({} if body is None else {"json": body}))
            assert refused(answer, 403, "FORBIDDEN"), (name, path)
    assert refused(await asker.put(f"/robots/{robot.external_id}", {"name": "x"}), 403, "FORBIDDEN")
    assert refused(await asker.delete(f"/robots/{robot.external_id}"), 403, "FORBIDDEN")
    assert refused(await asker.get(f"/robots/{other.external_id}"), 403, "FORBIDDEN")
    assert refused(await asker.get("/robots"), 403, "FORBIDDEN")


async def test_each_role_may_do_what_it_may(stage: Stage) -> None:
    readers = {"admin", "developer", "operator", "viewer"}
    allowed = {
        "register": {"admin"},
        "list": readers,
        "get": readers,
        "update": {"admin"},
        "status": {"admin", "operator"},
        "heartbeat": {"admin", "operator"},
        "delete": {"admin"},
        "token": set[str](),
    }
    for role in sorted(readers):
        robot, _ = stage.robot()
        path, asker = f"/robots/{robot.external_id}", stage.member(role)
        answers = {
            "register": await asker.post("/robots/register", EXAMPLE),
            "list": await asker.get("/robots"),
            "get": await asker.get(path),
            "update": await asker.put(path, {"name": "New"}),
            "status": await asker.put(f"{path}/status", {"status": "maintenance"}),
            "heartbeat": await asker.post(f"{path}/heartbeat", {}),
            "token": await asker.post(f"{path}/token"),
            "delete": await asker.delete(path),
        }
        for what, answer in answers.items():
            if role in allowed[what]:
                assert answer.status_code == 200, (role, what, answer.text)
            else:
                assert refused(answer, 403, "FORBIDDEN"), (role, what)


async def test_a_robot_trades_its_key_for_a_short_token_that_works_for_it(
    stage: Stage, signer: Signer, publisher: KeyPublisher
) -> None:
    robot, asker = stage.robot()
    answer = await asker.post(f"/robots/{robot.external_id}/token")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"access_token", "expires_in", "token_type", "supabase_url", "publishable_key", "topics"}
    assert (body["token_type"], body["supabase_url"]) == ("bearer", publisher.url)
    assert 600 <= body["expires_in"] <= 3600
    assert body["topics"] == [f"robot:{robot.robot_id}"]
    claims = jwt.decode(
        body["access_token"], signer.private.public_key(), algorithms=["ES256"], audience="authenticated"
    )
    assert claims["sub"] == str(robot.robot_id)
    assert claims["exp"] - time.time() <= 3600
    with stage.database.connect("casare_functions") as functions, as_caller(functions, claims):
        for topic in body["topics"]:
            row = functions.execute("select private.can_receive_topic(%s) as can", [topic]).fetchone()
            assert row == {"can": True}

    direct = Asker(stage.client, {"Authorization": f"Bearer {body['access_token']}"})
    assert (await direct.post(f"/robots/{robot.external_id}/heartbeat")).status_code == 200
    assert refused(await direct.post(f"/robots/{robot.external_id}/token"), 403, "FORBIDDEN"), "a token is no key"
    await stage.admin.post(f"/robot-api-keys/{robot.key.api_key_id}/revoke")
    assert refused(await direct.post(f"/robots/{robot.external_id}/heartbeat"), 401, "AUTHENTICATION_FAILED")


async def test_a_key_without_a_robot_gets_no_token(stage: Stage) -> None:
    assert refused(await unbound(stage).post("/robots/robot-prod-001/token"), 403, "FORBIDDEN")


async def test_what_a_robot_logged_of_itself_is_listed_the_newest_first(stage: Stage) -> None:
    robot, _ = stage.robot()
    with stage.database.connect("authenticated", robot.claims) as session:
        for number, level in enumerate(("info", "warning", "info")):
            lines = Jsonb([{"message": f"line {number}", "level": level, "source": "agent"}])
            session.execute("select public.append_robot_logs(%s)", [lines])
    path = f"/robots/{robot.external_id}/logs"
    answer = (await stage.member("viewer").get(path, limit=2)).json()
    assert [line["message"] for line in answer["logs"]] == ["line 2", "line 1"]
    assert (answer["total"], answer["total_is_capped"], answer["logs"][0]["source"]) == (3, False, "agent")
    only = (await stage.member("viewer").get(path, level="warning")).json()
    assert [line["message"] for line in only["logs"]] == ["line 1"]
    later = (await stage.member("viewer").get(path, since=only["logs"][0]["timestamp"])).json()
    assert ([line["message"] for line in later["logs"]], later["total"]) == (["line 2"], 1)
    assert refused(await stage.admin.get(f"/robots/{UNKNOWN_ID}/logs"), 404, "ROBOT_NOT_FOUND")


async def test_a_heartbeat_says_what_session_the_robot_has(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}"
    session = {"user": "ann", "interactive": True, "locked": False, "width": 1920, "height": 1080}
    assert (await asker.post(f"{path}/heartbeat", {"session": session})).status_code == 200
    assert (await stage.admin.get(path)).json()["metrics"] == {"session": session}
    answer = await asker.post(f"{path}/heartbeat", {"session": {**session, "locked": "no"}})
    assert refused(answer, 400, "INVALID_ARGUMENT", "session.locked")


async def test_a_robot_that_does_not_ask_for_its_jobs_says_since_when(stage: Stage) -> None:
    robot, _ = stage.robot()
    path = f"/robots/{robot.external_id}"
    assert (await stage.admin.get(path)).json()["deaf_since"] is None
    with stage.database.connect() as owner:
        since = "update public.robot_heartbeats set deaf_since = '2026-11-01 10:00+00' where robot_id = %s"
        owner.execute(since, [robot.robot_id])
    assert (await stage.admin.get(path)).json()["deaf_since"] == "2026-11-01T10:00:00Z"

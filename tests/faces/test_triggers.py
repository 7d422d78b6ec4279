"""Triggers over HTTP (api-decisions#triggers; document 004, "Triggers")."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from tests.faces.conftest import Signer
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.key_ring import new_secret_keys

DOCUMENTED = {
    "id", "workflow_id", "name", "trigger_type", "config", "is_enabled", "trigger_count", "last_triggered_at",
    "error_message",
}  # fmt: skip


@pytest.fixture(scope="module")
def shared_app(settings: Settings) -> Orchestrator:
    """An orchestrator that knows the keys of secrets and where webhooks are received."""
    return create_app(replace(settings, secret_keys=new_secret_keys(), webhooks_url="https://hooks.example.org"))


def body(stage: Stage, **fields: Any) -> dict[str, Any]:
    fields.setdefault("workflow_id", str(stage.workflow().workflow_id))
    return {"name": "New orders", "trigger_type": "webhook", **fields}


async def create(stage: Stage, **fields: Any) -> dict[str, Any]:
    answer = await stage.admin.post("/triggers", body(stage, **fields))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_webhook_has_every_documented_key_and_shows_its_secret_once(stage: Stage) -> None:
    made = await create(stage, config={"cooldown_seconds": 5})
    secret = made.pop("secret")
    assert len(secret) >= 32
    assert set(made) >= DOCUMENTED
    assert made["webhook_url"] == f"https://hooks.example.org/webhook/{made['id']}"
    assert made["path_url"] == f"https://hooks.example.org/webhooks{made['config']['path']}"
    assert made["config"] == {"auth": "secret", "cooldown_seconds": 5, "path": made["config"]["path"]}
    assert (await stage.admin.get(f"/triggers/{made['id']}")).json() == made
    listed = (await stage.admin.get("/triggers")).json()
    assert listed == {"triggers": [made], "total": 1, "limit": 100, "offset": 0}
    hashed = "select count(*) from private.trigger_secrets where key_hash is not null and trigger_id = %s"
    assert stage.scalar(hashed, made["id"]) == 1
    for who in ("admin", "developer", "operator", "viewer"):
        assert secret not in (await stage.member(who).get(f"/triggers/{made['id']}")).text
    for kind in ("github", "stripe", "slack", "standard"):
        made = await create(stage, config={"auth": kind})
        assert made["webhook_url"] == made["path_url"]
        assert made["secret"].startswith("whsec_") is (kind == "standard")


async def test_secrets_are_nowhere_in_the_database_and_a_repeated_creation_shows_none(stage: Stage) -> None:
    own = "a-sender's-own-secret"
    secrets = [own]
    for auth in ("secret", "bearer", "github", "hmac_sha512", "jwt", "standard"):
        config = {"auth": auth} | ({"secret": own} if auth == "github" else {})
        sent = body(stage, config=config)
        answers = [await stage.admin.post("/triggers", sent, headers={"Idempotency-Key": auth}) for _ in "ab"]
        assert answers[0].json()["id"] == answers[1].json()["id"]
        assert answers[1].json()["secret"] is None
        secrets.append(answers[0].json()["secret"])
    assert secrets[3] == own
    dump = json.dumps(
        [
            stage.scalar(f"select coalesce(jsonb_agg(to_jsonb(t)), '[]') from {table} as t")
            for table in (
                "private.trigger_secrets", "public.triggers", "public.audit_log", "private.idempotency_keys",
                "public.trigger_deliveries", "private.event_inbox",
            )
        ]
    )  # fmt: skip
    for secret in secrets:
        assert secret not in dump
        assert secret.encode().hex() not in dump


@pytest.mark.parametrize(
    ("fields", "status", "code", "words"),
    [
        ({"workflow_id": UNKNOWN_ID}, 404, "WORKFLOW_NOT_FOUND", []),
        ({"name": ""}, 400, "INVALID_ARGUMENT", ["name"]),
        ({"trigger_type": "magic"}, 400, "INVALID_ARGUMENT", ["trigger_type"]),
        ({"trigger_type": "api_poll"}, 501, "TRIGGER_TYPE_UNAVAILABLE", ["api_poll"]),
        ({"config": {"auth": "x"}}, 400, "INVALID_ARGUMENT", ["config.auth"]),
        ({"config": {"secret": "short"}}, 400, "INVALID_ARGUMENT", ["config.secret", "16"]),
        ({"config": {"secret": 5}}, 400, "INVALID_ARGUMENT", ["config.secret"]),
        ({"config": {"auth": "standard", "secret": "x" * 20}}, 400, "INVALID_ARGUMENT", ["config.secret", "whsec_"]),
        ({"config": {"auth": "none", "secret": "x" * 20}}, 400, "INVALID_ARGUMENT", ["config.secret"]),
        ({"config": {"auth": "standard", "public_key": "whpk_" + "A" * 40}}, 400, "INVALID_ARGUMENT", ["public_key"]),
        ({"config": {"input_mapping": {"a": "$.b["}}}, 400, "INVALID_ARGUMENT", ["$.b[", "JSONPath"]),
        ({"config": {"payload_filter": {"$.b[?": 1}}}, 400, "INVALID_ARGUMENT", ["JSONPath"]),
        ({"config": {"schema": {"type": "objekt"}}}, 400, "INVALID_ARGUMENT", ["config.schema"]),
        ({"config": {"schema": {"properties": {"a": {"pattern": "("}}}}}, 400, "INVALID_ARGUMENT", ["config.schema"]),
        ({"config": {"schema": {"$ref": "http://127.0.0.1:9/x"}}}, 400, "INVALID_ARGUMENT", ["config.schema"]),
        ({"config": {"schema": {"$ref": "#"}}}, 400, "INVALID_ARGUMENT", ["config.schema"]),
    ],
)
async def test_a_body_that_breaks_a_rule_is_refused_and_makes_nothing(
    stage: Stage, fields: dict[str, Any], status: int, code: str, words: list[str]
) -> None:
    assert refused(await stage.admin.post("/triggers", body(stage, **fields)), status, code, *words)
    assert (await stage.admin.get("/triggers")).json()["total"] == 0
    if "config" in fields:
        tested = await stage.admin.post("/triggers/test", {"trigger_type": "webhook", "config": fields["config"]})
        if "none" not in str(fields):
            assert refused(tested, 400, "INVALID_ARGUMENT", *words)


async def test_words_of_other_clients_mean_the_same(stage: Stage) -> None:
    made = await create(stage, trigger_type="cron", config={"cron_expression": "@daily"})
    assert (made["trigger_type"], made["config"], made["secret"]) == ("schedule", {"cron": "@daily"}, None)
    schedule = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert schedule["cron_expression"] == "@daily"
    made = await create(stage, trigger_type="event", config={"events": ["robot.offline"]})
    assert made["trigger_type"] == "event_bus"
    made = await create(stage, config={"method": "put"})
    assert made["config"]["methods"] == ["PUT"]
    listed = (await stage.admin.get("/triggers", trigger_type="scheduled")).json()
    assert [row["trigger_type"] for row in listed["triggers"]] == ["schedule"]


async def test_types_have_schemas_and_fixed_paths_win(stage: Stage) -> None:
    types = {row["type"]: row for row in (await stage.admin.get("/triggers/types")).json()["types"]}
    assert {"webhook", "schedule", "file_watch", "email", "db_change", "api_poll", "event_bus", "manual"} <= set(types)
    assert types["webhook"]["config_schema"]["properties"]["auth"]["enum"]
    assert (types["api_poll"]["available"], types["manual"]["available"]) == (False, True)
    made = await create(stage, trigger_type="manual")
    status = (await stage.admin.get("/triggers/manager/status")).json()
    assert (status["initialized"], status["active_triggers"]) == (True, 1)
    assert "webhook" in status["registered_handlers"]
    assert status["triggers"][made["id"]]["type"] == "manual"
    tested = await stage.admin.post("/triggers/test", {"trigger_type": "webhook", "config": {"auth": "github"}})
    assert tested.json()["valid"] is True


async def test_a_trigger_is_changed_disabled_enabled_and_deleted(stage: Stage) -> None:
    made = await create(stage)
    made.pop("secret")
    path = f"/triggers/{made['id']}"
    changed = (await stage.admin.put(path, {"name": "Other", "config": {"priority": 3}})).json()
    assert (changed["name"], changed["config"]["priority"]) == ("Other", 3)
    assert changed["config"]["path"] == made["config"]["path"]
    without = (await stage.admin.put(path, {"config": {"priority": None}})).json()
    assert "priority" not in without["config"]
    assert without["config"]["path"] == made["config"]["path"]
    changed = (await stage.admin.put(path, {"config": {"priority": 3}})).json()
    assert refused(await stage.admin.put(path, {"config": {"secret": "x" * 20}}), 400, "INVALID_ARGUMENT", "rotate")
    assert refused(await stage.admin.put(path, {"config": {"schema": {"type": 3}}}), 400, "INVALID_ARGUMENT", "schema")
    assert (await stage.admin.get(path)).json()["config"] == changed["config"]
    assert (await stage.admin.put(f"{path}/disable", {})).json()["is_enabled"] is False
    assert (await stage.admin.put(f"{path}/enable", {})).json()["is_enabled"] is True
    assert (await stage.admin.delete(path)).json() == {"status": "success", "message": f"Trigger deleted: {made['id']}"}
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/fire"), ("GET", "/stats"), ("GET", "/deliveries")):
        assert refused(await stage.admin.ask(method, path + rest), 404, "TRIGGER_NOT_FOUND")


async def test_a_trigger_is_fired_by_hand_and_a_delivery_comes_again(stage: Stage) -> None:
    made = await create(
        stage,
        config={
            "input_mapping": {"ids": "$..id"},
            "schema": {"required": ["orders"]},
            "concurrency_key": "$.orders[0].id",
        },
    )
    path = f"/triggers/{made['id']}"
    assert refused(await stage.admin.post(f"{path}/fire"), 400, "INVALID_ARGUMENT", "contract", "orders")
    payload = {"orders": [{"id": 1}, {"id": 2}]}
    fired = (await stage.admin.post(f"{path}/fire", {"payload": payload, "delivery_id": "one"})).json()
    assert fired["status"] == "accepted"
    again = (await stage.admin.post(f"{path}/fire", {"payload": payload, "delivery_id": "one"})).json()
    assert (again["status"], again["job_id"]) == ("duplicate", fired["job_id"])
    job = (await stage.admin.get(f"/jobs/{fired['job_id']}")).json()
    assert (job["input"], job["concurrency_key"]) == ({"ids": [1, 2]}, "1")
    delivery = f"{path}/deliveries/{fired['delivery_id']}"
    assert (await stage.admin.get(delivery)).json()["payload"] == payload
    replayed = (await stage.admin.post(f"{delivery}/replay")).json()
    assert replayed["status"] == "accepted"
    assert replayed["job_id"] != fired["job_id"]
    listed = (await stage.admin.get(f"{path}/deliveries")).json()
    assert [row["outcome"] for row in listed["deliveries"]] == ["accepted", "duplicate", "accepted"]
    assert listed["deliveries"][0]["replay_of"] == fired["delivery_id"]
    assert (await stage.admin.get(f"{path}/deliveries", outcome="duplicate")).json()["total"] == 1
    stats = (await stage.admin.get(f"{path}/stats")).json()
    assert (stats["accepted"], stats["duplicate"], stats["rejected"]) == (2, 1, 0)
    unknown = f"{path}/deliveries/{UNKNOWN_ID}"
    assert refused(await stage.admin.get(unknown), 404, "DELIVERY_NOT_FOUND")
    assert refused(await stage.admin.post(f"{unknown}/replay"), 404, "DELIVERY_NOT_FOUND")


async def test_a_trigger_of_a_workflow_that_cannot_run_says_why(stage: Stage) -> None:
    made = await create(stage, trigger_type="manual")
    with stage.database.connect() as owner:
        owner.execute("update public.workflows set status = 'archived' where workflow_id = %s", [made["workflow_id"]])
    assert refused(await stage.admin.post(f"/triggers/{made['id']}/fire"), 409, "WORKFLOW_NOT_RUNNABLE")


async def test_a_secret_is_rotated_by_those_who_may_and_only_where_there_is_one(stage: Stage) -> None:
    made = await create(stage, config={"auth": "github"})
    path = f"/triggers/{made['id']}/rotate-secret"
    first = (await stage.admin.post(path)).json()
    assert first["secret"] not in (None, made["secret"])
    assert first["overlap_seconds"] == 86400
    own = (await stage.admin.post(path, {"secret": "my-own-secret-of-16", "overlap_seconds": 0})).json()
    assert own["secret"] == "my-own-secret-of-16"
    assert stage.scalar("select count(*) from private.trigger_secrets where trigger_id = %s", made["id"]) == 1
    assert refused(await stage.member("operator").post(path), 403, "FORBIDDEN")
    none = await create(stage, config={"auth": "none"})
    refusal = await stage.admin.post(f"/triggers/{none['id']}/rotate-secret")
    assert refused(refusal, 409, "TRIGGER_HAS_NO_SECRET")


async def test_without_keys_no_secret_is_kept(settings: Settings, stage: Stage) -> None:
    app = create_app(settings)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://orchestrator") as client:
        admin = Asker(client, stage.admin.headers)
        answer = await admin.post("/triggers", body(stage, config={"auth": "github"}))
        assert (answer.status_code, answer.json()["error_code"]) == (503, "SECRET_KEYS_MISSING")
        answer = await admin.post("/triggers", body(stage, config={"auth": "secret"}))
        assert answer.status_code == 201  # a hash needs no key
        assert (await admin.get("/triggers")).json()["total"] == 1
    await app.close()


async def test_roles_and_strangers(stage: Stage, elsewhere: Stage, signer: Signer) -> None:
    made = await create(stage)
    path = f"/triggers/{made['id']}"
    for role, may_fire in (("developer", True), ("operator", True), ("viewer", False)):
        asker = stage.member(role)
        assert (await asker.get(path)).status_code == 200
        answer = await asker.post(f"{path}/fire")
        assert answer.status_code == (200 if may_fire else 403)
        if role != "developer":
            assert refused(await asker.put(path, {"name": "x"}), 403, "FORBIDDEN")
            assert refused(await asker.post("/triggers", body(stage)), 403, "FORBIDDEN")
    assert refused(await stage.service("jobs.read").get("/triggers"), 403, "FORBIDDEN")
    for method, rest in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/fire"), ("POST", "/rotate-secret")):
        options = {"json": {}} if method == "PUT" else {}
        assert refused(await elsewhere.admin.ask(method, path + rest, **options), 404, "TRIGGER_NOT_FOUND")


async def test_a_robot_is_told_what_to_watch_and_fires_it(stage: Stage) -> None:
    robot, asker = stage.robot()
    mine = await create(
        stage,
        trigger_type="file_watch",
        config={"path": "in", "robot_id": robot.external_id, "input_mapping": {"file": "$.path"}},
    )
    other = await create(stage)
    told = (await asker.get("/triggers/assigned")).json()["triggers"]
    assert [row["trigger_id"] for row in told] == [mine["id"]]
    fired = (await asker.post(f"/triggers/{mine['id']}/fire", {"payload": {"path": "in/a.pdf"}})).json()
    job = (await stage.admin.get(f"/jobs/{fired['job_id']}")).json()
    assert job["input"] == {"file": "in/a.pdf"}
    assert refused(await asker.post(f"/triggers/{other['id']}/fire"), 404, "TRIGGER_NOT_FOUND")
    assert refused(await stage.admin.get("/triggers/assigned"), 403, "FORBIDDEN")


async def test_deleting_a_workflow_says_how_many_triggers_it_disabled(stage: Stage) -> None:
    made = await create(stage)
    answer = (await stage.admin.delete(f"/workflows/{made['workflow_id']}")).json()
    assert answer["disabled_triggers"] == 1
    trigger = (await stage.admin.get(f"/triggers/{made['id']}")).json()
    assert (trigger["is_enabled"], trigger["disabled_reason"]) == (False, "The workflow was deleted.")

"""Keys of programs over HTTP, and robot keys from tokens that were in use before."""

import dataclasses
import hashlib
from typing import Any

import httpx2
import pytest
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.factories import make_key

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app

SHOWN = {
    "api_key_id", "name", "prefix", "status", "scopes", "created_by", "created_at", "expires_at", "last_used_at",
    "revoked_at",
}  # fmt: skip


async def made(stage: Stage, **body: Any) -> dict[str, Any]:
    answer = await stage.admin.post("/api-keys", {"name": "Import", "scopes": ["jobs.read"], **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def holder(stage: Stage, key: str) -> Asker:
    """A program with the key."""
    return Asker(stage.client, {"Authorization": f"Bearer {key}"})


async def test_a_service_key_is_shown_once_and_may_do_what_its_scopes_say(stage: Stage) -> None:
    answer = await made(stage, scopes=["workflows.read", "jobs.read", "jobs.read"], expires_at="2999-01-01T00:00:00Z")
    assert set(answer) == SHOWN | {"key"}
    assert answer["key"].startswith("sk_live_")
    assert answer["key"].startswith(answer["prefix"])
    assert (answer["status"], answer["scopes"]) == ("active", ["jobs.read", "workflows.read"])
    program = holder(stage, answer["key"])
    assert (await program.get("/jobs")).status_code == 200
    assert refused(await program.get("/robots"), 403, "FORBIDDEN")
    assert refused(await program.post("/api-keys", {"name": "k", "scopes": ["*"]}), 403, "FORBIDDEN")
    listed = (await stage.admin.get("/api-keys")).json()
    assert set(listed) == {"keys", "total", "limit", "offset"}
    assert [set(item) for item in listed["keys"]] == [SHOWN]
    assert answer["key"] not in (await stage.admin.get("/api-keys")).text


async def test_a_colon_separates_the_parts_of_a_scope_too(stage: Stage) -> None:
    answer = await made(stage, scopes=["workflows:read", "jobs:*", "jobs.*"])
    assert answer["scopes"] == ["jobs.*", "workflows.read"]
    assert (await holder(stage, answer["key"]).get("/jobs")).status_code == 200
    answer = await stage.admin.post("/api-keys", {"name": "k", "scopes": ["jobs:no:read"]})
    assert refused(answer, 400, "INVALID_ARGUMENT", "scopes")


async def test_a_program_gives_no_scope_that_it_has_not_got(stage: Stage) -> None:
    key = (await made(stage, scopes=["api_keys.*", "jobs.read"]))["key"]
    program = holder(stage, key)
    assert (await program.post("/api-keys", {"name": "k", "scopes": ["jobs.read"]})).status_code == 201
    for scopes in (["jobs.create"], ["jobs.*"], ["*"], ["*.read"]):
        assert refused(await program.post("/api-keys", {"name": "k", "scopes": scopes}), 403, "FORBIDDEN")


async def test_a_revoked_service_key_is_dead_at_once(stage: Stage) -> None:
    key = await made(stage)
    answers = [await stage.admin.post(f"/api-keys/{key['api_key_id']}/revoke") for _ in range(2)]
    assert [set(answer.json()) for answer in answers] == [SHOWN, SHOWN]
    assert answers[0].json()["revoked_at"] == answers[1].json()["revoked_at"] is not None
    assert (await holder(stage, key["key"]).get("/jobs")).status_code == 401


async def test_a_rotated_service_key_keeps_its_scopes_and_works_for_the_overlap(stage: Stage) -> None:
    old = await made(stage)
    new = (await stage.admin.post(f"/api-keys/{old['api_key_id']}/rotate", {"overlap_seconds": 600})).json()
    assert set(new) == SHOWN | {"key"}
    assert (new["name"], new["scopes"]) == (old["name"], old["scopes"])
    assert new["key"].startswith("sk_live_")
    newest = (await stage.admin.post(f"/api-keys/{new['api_key_id']}/rotate")).json()
    works = [(await holder(stage, each["key"]).get("/jobs")).status_code for each in (old, new, newest)]
    assert works == [200, 401, 200]
    assert refused(await stage.admin.post(f"/api-keys/{new['api_key_id']}/rotate"), 409, "API_KEY_NOT_LIVE")


async def test_a_repeated_creation_with_an_idempotency_key_shows_no_secret(stage: Stage) -> None:
    body = {"name": "k", "scopes": ["jobs.read"]}
    answers = [(await stage.admin.post("/api-keys", body, headers={"Idempotency-Key": "i"})).json() for _ in range(2)]
    assert answers[1] == {**answers[0], "key": None}
    assert (await stage.admin.get("/api-keys")).json()["total"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["jobs.read"]},
        {"name": "", "scopes": ["jobs.read"]},
        {"name": "x" * 129, "scopes": ["jobs.read"]},
        {"name": "k"},
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": "jobs.read"},
        {"name": "k", "scopes": [None]},
        {"name": "k", "scopes": ["no.such.permission"]},
        {"name": "k", "scopes": ["jobs.read"], "robot_id": "r"},
        {"name": "k", "scopes": ["jobs.read"], "expires_at": "2001-01-01T00:00:00Z"},
        [],
    ],
)
async def test_a_key_that_breaks_a_rule_is_400_and_is_not_made(stage: Stage, body: Any) -> None:
    assert refused(await stage.admin.post("/api-keys", body), 400, "INVALID_ARGUMENT")
    assert (await stage.admin.get("/api-keys")).json()["total"] == 0


async def test_unknown_foreign_and_robot_keys_get_the_same_404(stage: Stage, elsewhere: Stage) -> None:
    foreign = (await made(elsewhere))["api_key_id"]
    robot_key = make_key(stage.database, stage.tenant)
    for verb in ("revoke", "rotate"):
        for api_key_id in (UNKNOWN_ID, foreign, robot_key.api_key_id):
            assert refused(await stage.admin.post(f"/api-keys/{api_key_id}/{verb}"), 404, "API_KEY_NOT_FOUND")
        assert refused(await stage.admin.post(f"/api-keys/x/{verb}"), 400, "INVALID_ARGUMENT", "api_key_id")
    assert (await elsewhere.admin.get("/api-keys")).json()["keys"][0]["status"] == "active"


async def test_only_an_admin_may_see_and_make_service_keys(stage: Stage) -> None:
    _, robot = stage.robot()
    for asker in (*(stage.member(role) for role in ("developer", "operator", "viewer")), robot):
        assert refused(await asker.get("/api-keys"), 403, "FORBIDDEN")
        assert refused(await asker.post("/api-keys", {"name": "k", "scopes": ["jobs.read"]}), 403, "FORBIDDEN")


# --- ROBOT_TOKENS -----------------------------------------------------------------------------------------------------

TOKEN = "a-token-from-before-1234567890"


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize(
    "form", ["{}", "robot_{}", "crpa_{}", "sk_live_{}", "a.{}.b", "robot_a.{}.b", "eyJhIjoxfQ.{}.x"]
)
async def test_an_imported_token_lets_its_robot_in_where_such_tokens_are_accepted(
    stage: Stage, settings: Settings, is_there: bool, form: str
) -> None:
    token = form.format(f"{TOKEN}-{stage.tenant.tenant_id}")
    if is_there:
        stage.robot("robot-001")
    stage.robot("another")
    body = {"robot_id": "robot-001", "sha256": sha256(token).upper()}
    answer = await stage.admin.post("/robot-api-keys/import", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["robot_id"] == "robot-001"
    assert "key" not in answer.json()
    assert refused(await stage.admin.post("/robot-api-keys/import", body), 409, "API_KEY_EXISTS")
    for is_enabled, expected in ((True, [200, 403]), (False, [401, 401])):
        app = create_app(dataclasses.replace(settings, robot_auth_enabled=is_enabled))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
            for header in ("X-Api-Token", "X-Api-Key", "Authorization"):
                robot = Asker(client, {header: token if header != "Authorization" else f"Bearer {token}"})
                answers = [await robot.post(f"/robots/{name}/heartbeat") for name in ("robot-001", "another")]
                is_taken = header != "Authorization" or token.count(".") != 2  # there, it would be an access token
                assert [answer.status_code for answer in answers] == (expected if is_taken else [401, 401]), header
        await app.close()


@pytest.mark.parametrize(
    "body",
    [
        {"robot_id": "r"},
        {"sha256": sha256(TOKEN)},
        {"robot_id": "not a robot", "sha256": sha256(TOKEN)},
        {"robot_id": "r", "sha256": TOKEN},
        {"robot_id": "r", "sha256": sha256(TOKEN)[1:]},
    ],
)
async def test_an_import_that_breaks_a_rule_is_400_and_makes_nothing(stage: Stage, body: dict[str, Any]) -> None:
    assert refused(await stage.admin.post("/robot-api-keys/import", body), 400, "INVALID_ARGUMENT")
    assert (await stage.admin.get("/robots")).json()["total"] == 0


async def test_only_an_admin_may_import(stage: Stage) -> None:
    body = {"robot_id": "r", "sha256": sha256(TOKEN)}
    for role in ("developer", "operator", "viewer"):
        assert refused(await stage.member(role).post("/robot-api-keys/import", body), 403, "FORBIDDEN")
    assert (await stage.admin.get("/robots")).json()["total"] == 0

"""Keys of robots over HTTP (api-decisions#keys)."""

from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.factories import make_key

SHOWN = {
    "api_key_id", "name", "prefix", "status", "robot_id", "robot_uuid", "created_by", "created_at", "expires_at",
    "last_used_at", "revoked_at",
}  # fmt: skip


async def made(stage: Stage, **body: Any) -> dict[str, Any]:
    answer = await stage.admin.post("/robot-api-keys", {"name": "Line 3", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def works(stage: Stage, key: str, robot: str) -> bool:
    """Whether the key is let in, as its robot."""
    answer = await Asker(stage.client, {"X-Api-Key": key}).post(f"/robots/{robot}/heartbeat")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def test_a_key_is_shown_once_and_stored_as_a_hash(stage: Stage) -> None:
    robot, _ = stage.robot()
    answer = await made(stage, robot_id=robot.external_id, expires_at="2999-01-01T00:00:00Z")
    assert set(answer) >= SHOWN | {"key"}
    assert answer["key"].startswith("crpa_")
    assert answer["key"].startswith(answer["prefix"])
    assert (answer["status"], answer["robot_id"], answer["robot_uuid"]) == (
        "active",
        robot.external_id,
        str(robot.robot_id),
    )
    assert answer["expires_at"] == "2999-01-01T00:00:00Z"
    assert await works(stage, answer["key"], robot.external_id)
    listed = (await stage.admin.get("/robot-api-keys")).json()
    assert set(listed) >= {"keys", "total", "limit", "offset"}
    assert all(set(item) >= SHOWN for item in listed["keys"])
    assert listed["keys"][0]["api_key_id"] == answer["api_key_id"]
    assert answer["key"] not in (await stage.admin.get("/robot-api-keys")).text


async def test_a_key_without_a_robot_is_bound_by_the_first_registration(stage: Stage) -> None:
    answer = await made(stage)
    assert answer["robot_id"] is None
    asker = Asker(stage.client, {"X-Api-Key": answer["key"]})
    body = {"robot_id": "new-robot", "name": "New", "hostname": "h"}
    assert (await asker.post("/robots/register", body)).status_code == 200
    [listed] = (await stage.admin.get("/robot-api-keys")).json()["keys"]
    assert (listed["robot_id"], listed["api_key_id"]) == ("new-robot", answer["api_key_id"])


async def test_a_key_for_a_robot_that_is_not_there_registers_no_other(stage: Stage) -> None:
    answer = await made(stage, robot_id="robot-of-line-3")
    assert (answer["robot_id"], answer["robot_uuid"]) == ("robot-of-line-3", None)
    asker = Asker(stage.client, {"X-Api-Key": answer["key"]})
    body = {"robot_id": "another", "name": "Another", "hostname": "h"}
    assert refused(await asker.post("/robots/register", body), 403, "FORBIDDEN", "another id")
    assert (await asker.post("/robots/register", {**body, "robot_id": "robot-of-line-3"})).status_code == 200
    [listed] = (await stage.admin.get("/robot-api-keys")).json()["keys"]
    assert listed["robot_id"] == "robot-of-line-3"
    assert listed["robot_uuid"]


async def test_a_repeated_creation_with_an_idempotency_key_makes_one_and_keeps_no_secret(stage: Stage) -> None:
    answers = [
        (await stage.admin.post("/robot-api-keys", {"name": "k"}, headers={"Idempotency-Key": "i"})).json()
        for _ in range(2)
    ]
    assert answers[0]["key"].startswith("crpa_")
    assert answers[1] == {**answers[0], "key": None, "api_key": None}
    stored = stage.scalar(
        "select response::text from private.idempotency_keys where tenant_id = %s", stage.tenant.tenant_id
    )
    assert answers[0]["key"] not in stored
    assert (await stage.admin.get("/robot-api-keys")).json()["total"] == 1


async def test_a_revoked_key_is_dead_at_once_and_stays_listed(stage: Stage) -> None:
    robot, _ = stage.robot()
    key = await made(stage, robot_id=str(robot.robot_id))
    answers = [await stage.admin.post(f"/robot-api-keys/{key['api_key_id']}/revoke") for _ in range(2)]
    assert set(answers[0].json()) >= SHOWN
    assert answers[0].json()["status"] == "revoked"
    assert answers[0].json()["revoked_at"] == answers[1].json()["revoked_at"] is not None
    assert not await works(stage, key["key"], robot.external_id)
    statuses = {
        item["api_key_id"]: item["status"] for item in (await stage.admin.get("/robot-api-keys")).json()["keys"]
    }
    assert statuses[key["api_key_id"]] == "revoked"


async def test_a_rotated_key_works_for_the_overlap(stage: Stage) -> None:
    robot, _ = stage.robot()
    old = await made(stage, robot_id=robot.external_id)
    answer = await stage.admin.post(f"/robot-api-keys/{old['api_key_id']}/rotate", {"overlap_seconds": 600})
    assert answer.status_code == 200, answer.text
    new = answer.json()
    assert set(new) >= SHOWN | {"key"}
    assert (new["name"], new["robot_id"]) == ("Line 3", robot.external_id)
    assert await works(stage, old["key"], robot.external_id)
    assert await works(stage, new["key"], robot.external_id)
    newest = (await stage.admin.post(f"/robot-api-keys/{new['api_key_id']}/rotate")).json()
    assert not await works(stage, new["key"], robot.external_id)
    assert await works(stage, newest["key"], robot.external_id)
    again = await stage.admin.post(f"/robot-api-keys/{new['api_key_id']}/rotate")
    assert refused(again, 409, "API_KEY_NOT_LIVE")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 129},
        {"name": 7},
        {"name": "k", "robot_id": "not a robot"},
        {"name": "k", "expires_at": "soon"},
        {"name": "k", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "k", "scopes": ["*"]},
        [],
    ],
)
async def test_a_key_that_breaks_a_rule_is_400_and_is_not_made(stage: Stage, body: Any) -> None:
    assert refused(await stage.admin.post("/robot-api-keys", body), 400, "INVALID_ARGUMENT")
    assert (await stage.admin.get("/robot-api-keys")).json()["total"] == 0


@pytest.mark.parametrize(
    "body", [{"overlap_seconds": -1}, {"overlap_seconds": 604801}, {"overlap_seconds": "1"}, {"x": 1}]
)
async def test_a_rotation_that_breaks_a_rule_is_400(stage: Stage, body: dict[str, Any]) -> None:
    key = await made(stage)
    answer = await stage.admin.post(f"/robot-api-keys/{key['api_key_id']}/rotate", body)
    assert refused(answer, 400, "INVALID_ARGUMENT", *body)


async def test_unknown_foreign_and_other_kinds_of_keys_get_the_same_404(stage: Stage, elsewhere: Stage) -> None:
    foreign = (await made(elsewhere))["api_key_id"]
    service_key = make_key(stage.database, stage.tenant, "service", scopes=["jobs.read"])
    for verb in ("revoke", "rotate"):
        for api_key_id in (UNKNOWN_ID, foreign, service_key.api_key_id):
            answer = await stage.admin.post(f"/robot-api-keys/{api_key_id}/{verb}")
            assert refused(answer, 404, "API_KEY_NOT_FOUND")
        assert refused(await stage.admin.post(f"/robot-api-keys/x/{verb}"), 400, "INVALID_ARGUMENT", "api_key_id")
    robot, _ = elsewhere.robot()
    for name in (UNKNOWN_ID, str(robot.robot_id)):
        answer = await stage.admin.post("/robot-api-keys", {"name": "k", "robot_id": name})
        assert refused(answer, 404, "ROBOT_NOT_FOUND")
    assert (await stage.admin.get("/robot-api-keys")).json()["total"] == 0


async def test_only_an_admin_may_see_and_make_keys(stage: Stage) -> None:
    key = (await made(stage))["api_key_id"]
    _, robot = stage.robot()
    for asker in (*(stage.member(role) for role in ("developer", "operator", "viewer")), robot):
        assert refused(await asker.get("/robot-api-keys"), 403, "FORBIDDEN")
        assert refused(await asker.post("/robot-api-keys", {"name": "k"}), 403, "FORBIDDEN")
        assert refused(await asker.post(f"/robot-api-keys/{key}/revoke"), 403, "FORBIDDEN")
        assert refused(await asker.post(f"/robot-api-keys/{key}/rotate"), 403, "FORBIDDEN")


async def test_pages_do_not_overlap(stage: Stage) -> None:
    keys = [(await made(stage))["api_key_id"] for _ in range(3)]
    seen = [
        item["api_key_id"]
        for offset in (0, 2)
        for item in (await stage.admin.get("/robot-api-keys", limit=2, offset=offset)).json()["keys"]
    ]
    assert seen == list(reversed(keys))

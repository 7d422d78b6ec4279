"""Keys of robots: make, list, revoke, rotate (api-decisions#keys). A key is shown once, in the answer that made it."""

from typing import Annotated

from fastapi import APIRouter, Query

from casare_cloud.domain.api_keys import service
from casare_cloud.domain.api_keys.model import KeyStatus
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.api_keys.shapes import RotateKeyBody
from casare_cloud.faces.orchestrator.casare.shapes import RevokeBody
from casare_cloud.faces.orchestrator.fields import ApiKeyId, RobotName
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.robot_keys.shapes import (
    CreateKeyBody,
    ImportKeyBody,
    KeyAnswer,
    KeyList,
    NewKeyAnswer,
)

router = APIRouter(prefix="/robot-api-keys", tags=["robot-api-keys"], route_class=Route)


@router.get("", responses=refusals())
async def list_robot_keys(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    status: Annotated[KeyStatus | None, Query(description="Only keys in this state.")] = None,
    robot_id: Annotated[RobotName | None, Query(description="Only keys of this robot: external id or UUID.")] = None,
) -> KeyList:
    """List the robot keys of the tenant, never the keys themselves. Needs api_keys.read."""
    items, total = await service.list_page(tx, "robot", page.limit, page.offset, status and [status], robot_id)
    keys = [KeyAnswer.of(item) for item in items]
    return KeyList(keys=keys, api_keys=keys, **page.facts(total))


@router.post("", status_code=201, **idempotent(404))
@shown_once("key", "api_key")
async def create_robot_key(body: CreateKeyBody, tx: Tx) -> NewKeyAnswer:
    """Make a key for a robot, also for one that is not there yet, or for the first one that registers with it.

    Needs api_keys.write.
    """
    return NewKeyAnswer.made(await service.create_for_robot(tx, body.name, body.robot_id, body.ends_at()))


@router.post("/import", status_code=201, **idempotent())
async def import_robot_key(body: ImportKeyBody, tx: Tx) -> KeyAnswer:
    """Let a token that a robot uses already work here, by its SHA-256; its robot is made when there is none.

    The robot sends it as `X-Api-Token`. Needs api_keys.write, and robots.write for a robot that is not there yet.
    """
    return KeyAnswer.of(await service.import_for_robot(tx, body.robot_id, bytes.fromhex(body.sha256)))


@router.post("/{api_key_id}/revoke", responses=refusals(404))
async def revoke_robot_key(api_key_id: ApiKeyId, tx: Tx, body: RevokeBody | None = None) -> KeyAnswer:
    """End a key at once, and every token that was made with it; idempotent. Needs api_keys.write."""
    return KeyAnswer.of(await service.revoke(tx, "robot", api_key_id))


@router.delete("/{api_key_id}", responses=refusals(404))
async def delete_robot_key(api_key_id: ApiKeyId, tx: Tx) -> KeyAnswer:
    """As `revoke`: the word of CasareRPA's dashboard. Needs api_keys.write."""
    return KeyAnswer.of(await service.revoke(tx, "robot", api_key_id))


@router.post("/{api_key_id}/rotate", **idempotent(404))
@shown_once("key", "api_key")
async def rotate_robot_key(api_key_id: ApiKeyId, tx: Tx, body: RotateKeyBody | None = None) -> NewKeyAnswer:
    """Make a key in place of a live one, which works for `overlap_seconds` more. Needs api_keys.write."""
    return NewKeyAnswer.made(await service.rotate(tx, "robot", api_key_id, body.overlap_seconds if body else 0))

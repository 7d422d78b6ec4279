"""Keys of robots: make, list, revoke, rotate (api-map §3). A key is shown once, in the answer that made it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from casare_cloud.domain.api_keys import service
from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.faces.orchestrator import examples
from casare_cloud.faces.orchestrator.examples import showing
from casare_cloud.faces.orchestrator.fields import ApiKeyId, Integer, Moment, RobotName
from casare_cloud.faces.shared.paging import Page, page
from casare_cloud.faces.shared.refusals import IDEMPOTENT, refusals
from casare_cloud.faces.shared.routing import Route, Tx
from casare_cloud.faces.shared.shapes import Answer, Body, Time

router = APIRouter(prefix="/robot-api-keys", tags=["robot-api-keys"], route_class=Route)


class CreateKeyBody(Body):
    """A key to make. Closed: unknown fields are refused."""

    model_config = showing(examples.CREATE_KEY, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=128)]
    robot_id: Annotated[
        RobotName | None,
        Field(description="External id or UUID; default: the first robot to register with it."),
    ] = None
    expires_at: Moment | None = None


class RotateKeyBody(Body):
    """How long the old key goes on working. Closed."""

    model_config = showing(examples.ROTATE_KEY, extra="forbid")

    overlap_seconds: Annotated[Integer, Field(ge=0, le=604800)] = 0


class KeyAnswer(Answer):
    """A key as people see it. `prefix` is its beginning; `robot_id` the external id of its robot."""

    model_config = showing(examples.KEY)

    api_key_id: UUID
    name: str
    prefix: str
    status: Literal["active", "expired", "revoked"]
    robot_id: str | None
    robot_uuid: UUID | None
    created_by: UUID | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyAnswer":
        """A key in the published words."""
        return cls(**_published(key))


class NewKeyAnswer(KeyAnswer):
    """A key that was just made. `key` is shown now and never again: a repeated request gets null."""

    model_config = showing(examples.NEW_KEY)

    key: str | None

    @classmethod
    def made(cls, made: tuple[ApiKey, str]) -> "NewKeyAnswer":
        """A new key in the published words."""
        return cls(**_published(made[0]), key=made[1])


def _published(key: ApiKey) -> dict[str, Any]:
    names = ("api_key_id", "name", "prefix", "status", "created_by", "created_at")
    times = ("expires_at", "last_used_at", "revoked_at")
    return {
        **{name: getattr(key, name) for name in (*names, *times)},
        "robot_id": key.robot or (str(key.robot_id) if key.robot_id else None),
        "robot_uuid": key.robot_id,
    }


class KeyList(Answer):
    """A page of keys, the newest first."""

    model_config = showing(examples.KEYS)

    keys: list[KeyAnswer]
    total: int
    limit: int
    offset: int


@router.get("", responses=refusals())
async def list_robot_keys(tx: Tx, page: Annotated[Page, page(100, 500)]) -> KeyList:
    """List the robot keys of the tenant, never the keys themselves. Needs api_keys.read."""
    items, total = await service.list_page(tx, page.limit, page.offset)
    return KeyList(keys=[KeyAnswer.of(item) for item in items], total=total, limit=page.limit, offset=page.offset)


@router.post("", status_code=201, responses=refusals(404), dependencies=IDEMPOTENT)
async def create_robot_key(body: CreateKeyBody, tx: Tx) -> NewKeyAnswer:
    """Make a key for a robot, or for the first one that registers with it. Needs api_keys.write."""
    return NewKeyAnswer.made(await service.create(tx, body.name, body.robot_id, body.expires_at))


@router.post("/{api_key_id}/revoke", responses=refusals(404))
async def revoke_robot_key(api_key_id: ApiKeyId, tx: Tx) -> KeyAnswer:
    """End a key at once, and every token that was made with it; again changes nothing. Needs api_keys.write."""
    return KeyAnswer.of(await service.revoke(tx, api_key_id))


@router.post("/{api_key_id}/rotate", responses=refusals(404, 409), dependencies=IDEMPOTENT)
async def rotate_robot_key(api_key_id: ApiKeyId, tx: Tx, body: RotateKeyBody | None = None) -> NewKeyAnswer:
    """Make a key in place of a live one, which works for `overlap_seconds` more. Needs api_keys.write."""
    return NewKeyAnswer.made(await service.rotate(tx, api_key_id, body.overlap_seconds if body else 0))

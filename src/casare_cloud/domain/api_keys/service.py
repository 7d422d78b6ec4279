"""What can be done with keys of robots and of programs.

A key is shown once, in the answer that made it; only its hash is stored. Each function takes the kind: it does not see
keys of the other kind.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.api_keys import queries
from casare_cloud.domain.api_keys.model import ApiKey, KeyStatus, Kind
from casare_cloud.domain.permissions import require
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import Registration
from casare_cloud.domain.rows import split_page
from casare_cloud.errors import NotFound
from casare_cloud.identity import new_api_key


class ApiKeyNotFound(NotFound):
    """There is no such key, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("API_KEY_NOT_FOUND", "There is no such key.")


async def list_page(
    tx: Transaction,
    kind: Kind,
    limit: int,
    offset: int,
    statuses: Sequence[KeyStatus] | None = None,
    robot: str | None = None,
) -> tuple[list[ApiKey], int]:
    """(keys of the page, the newest first; how many there are, in these states and of this robot).

    `robot` is an id or an external id. Needs api_keys.read.
    """
    wanted = {"kind": kind, "statuses": None if statuses is None else list(statuses), "robot": robot}
    rows = await tx.fetch_all(queries.LIST_KEYS, {**wanted, "limit": limit, "offset": offset})
    items, total = split_page(rows, "api_key_id")
    return [ApiKey(**item) for item in items], total


async def create_for_robot(
    tx: Transaction, name: str, robot: str | None, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """(a new robot key, the key itself). Without a robot it belongs to the first one that registers with it.

    `robot` is an id, or an external id: one that no robot has yet is the only one that may register with the key.
    Raises 404 ROBOT_NOT_FOUND, 400 INVALID_ARGUMENT. Needs api_keys.write.
    """
    made = new_api_key("robot")
    return await _create(tx, "robot", name, made.key_hash, made.prefix, robot, (), expires_at), made.key


async def renew_agent_token(tx: Transaction, robot_id: UUID, name: str) -> str:
    """A new token `rpa-agent-…` in place of whatever keys a robot has, which end at once. Needs api_keys.write.

    Raises 404 ROBOT_NOT_FOUND.
    """
    made = new_api_key("robot", "rpa-agent-")
    await require(tx, "api_keys.write")
    for row in await tx.fetch_all(queries.LIST_LIVE_KEYS_OF_ROBOT, {"robot_id": robot_id}):
        await _key(tx, queries.REVOKE_KEY, api_key_id=row["api_key_id"])
    await _create(tx, "robot", name, made.key_hash, made.prefix, str(robot_id), (), None)
    return made.key


async def create_for_program(
    tx: Transaction, name: str, scopes: Sequence[str], expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """(a new service key, the key itself) that may do what its scopes say: permissions or wildcards of the caller's.

    Raises 400 for a scope that does not exist, 403 for one that the caller has not got. Needs api_keys.write.
    """
    made = new_api_key("service")
    return await _create(tx, "service", name, made.key_hash, made.prefix, None, scopes, expires_at), made.key


async def import_for_robot(tx: Transaction, robot: str, key_hash: bytes) -> ApiKey:
    """A robot key from the SHA-256 of a token that is in use (ROBOT_TOKENS); its robot is made when there is none.

    The token itself is never seen. Raises 409 API_KEY_EXISTS. Needs api_keys.write, and robots.write for a new robot.
    """
    await require(tx, "api_keys.write")
    try:
        found = await robots.get(tx, robot)
    except robots.RobotNotFound:
        await robots.register(tx, Registration(external_id=robot, name=robot, hostname=""))
        found = await robots.get(tx, robot)
    return await _create(tx, "robot", f"Imported token of {robot}", key_hash, "imported", str(found.robot_id), (), None)


async def revoke(tx: Transaction, kind: Kind, api_key_id: UUID) -> ApiKey:
    """End a key at once, and every token that was made with it. Needs api_keys.write."""
    await _require_key(tx, kind, api_key_id)
    return await _key(tx, queries.REVOKE_KEY, api_key_id=api_key_id)


async def rotate(tx: Transaction, kind: Kind, api_key_id: UUID, overlap_seconds: int) -> tuple[ApiKey, str]:
    """(a key in another's place, the key itself); the old one works for `overlap_seconds`. Needs api_keys.write."""
    await _require_key(tx, kind, api_key_id)
    made = new_api_key(kind)
    row = await _key(
        tx,
        queries.ROTATE_KEY,
        api_key_id=api_key_id,
        key_hash=made.key_hash,
        prefix=made.prefix,
        overlap_seconds=overlap_seconds,
    )
    return row, made.key


async def _require_key(tx: Transaction, kind: Kind, api_key_id: UUID) -> None:
    await require(tx, "api_keys.write")
    if await tx.fetch_value(queries.IS_OF_KIND, {"api_key_id": api_key_id, "kind": kind}) is None:
        raise ApiKeyNotFound()


async def _create(
    tx: Transaction,
    kind: Kind,
    name: str,
    key_hash: bytes,
    prefix: str,
    robot: str | None,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> ApiKey:
    return await _key(
        tx,
        queries.CREATE_KEY,
        kind=kind,
        name=name,
        key_hash=key_hash,
        prefix=prefix,
        robot=robot,
        scopes=list(scopes),
        expires_at=expires_at,
    )


async def _key(tx: Transaction, query: str, **params: Any) -> ApiKey:
    row = await tx.fetch_one(query, params)
    assert row is not None
    return ApiKey(**row)

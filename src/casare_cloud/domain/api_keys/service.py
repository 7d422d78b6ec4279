"""What can be done with the keys of robots. A key is shown once, to whom it was made for; only its hash is kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.api_keys import queries
from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.domain.permissions import require
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.rows import split_page
from casare_cloud.errors import NotFound
from casare_cloud.identity import new_api_key


class ApiKeyNotFound(NotFound):
    """There is no such key, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("API_KEY_NOT_FOUND", "There is no such key.")


async def list_page(tx: Transaction, limit: int, offset: int) -> tuple[list[ApiKey], int]:
    """(robot keys of the page, the newest first; how many there are). Needs api_keys.read."""
    rows = await tx.fetch_all(queries.LIST_ROBOT_KEYS, {"limit": limit, "offset": offset})
    items, total = split_page(rows, "api_key_id")
    return [ApiKey(**item) for item in items], total


async def create(tx: Transaction, name: str, robot: str | None, expires_at: datetime | None) -> tuple[ApiKey, str]:
    """(a new robot key, the key itself). Without a robot it belongs to the first one that registers with it.

    Raises 404 ROBOT_NOT_FOUND, 400 INVALID_ARGUMENT. Needs api_keys.write.
    """
    await require(tx, "api_keys.write")
    robot_id = None if robot is None else (await robots.get(tx, robot)).robot_id
    made = new_api_key("robot")
    row = await _key(
        tx,
        queries.CREATE_ROBOT_KEY,
        name=name,
        robot_id=robot_id,
        expires_at=expires_at,
        key_hash=made.key_hash,
        prefix=made.prefix,
    )
    return row, made.key


async def revoke(tx: Transaction, api_key_id: UUID) -> ApiKey:
    """End a key at once, and every token that was made with it. Needs api_keys.write."""
    await _require_robot_key(tx, api_key_id)
    return await _key(tx, queries.REVOKE_KEY, api_key_id=api_key_id)


async def rotate(tx: Transaction, api_key_id: UUID, overlap_seconds: int) -> tuple[ApiKey, str]:
    """(a key in another's place, the key itself); the old one works for `overlap_seconds`. Needs api_keys.write."""
    await _require_robot_key(tx, api_key_id)
    made = new_api_key("robot")
    row = await _key(
        tx,
        queries.ROTATE_KEY,
        api_key_id=api_key_id,
        key_hash=made.key_hash,
        prefix=made.prefix,
        overlap_seconds=overlap_seconds,
    )
    return row, made.key


async def _require_robot_key(tx: Transaction, api_key_id: UUID) -> None:
    await require(tx, "api_keys.write")
    if await tx.fetch_value(queries.IS_ROBOT_KEY, {"api_key_id": api_key_id}) is None:
        raise ApiKeyNotFound()


async def _key(tx: Transaction, query: str, **params: Any) -> ApiKey:
    row = await tx.fetch_one(query, params)
    assert row is not None
    return ApiKey(**row)

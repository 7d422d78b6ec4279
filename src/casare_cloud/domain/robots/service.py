"""What can be done with robots. A robot is named by its id or by its external id, everywhere."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from casare_cloud.config import Settings
from casare_cloud.database import Transaction
from casare_cloud.domain.names import uuid_of
from casare_cloud.domain.permissions import require, require_found
from casare_cloud.domain.robots import queries
from casare_cloud.domain.robots.model import (
    Capabilities,
    DirectAccess,
    Filter,
    Heard,
    Heartbeat,
    HeldLease,
    Lifetime,
    Registration,
    Robot,
    RobotCommand,
    RobotLogEntry,
    SaidStatus,
    SessionFacts,
)
from casare_cloud.domain.rows import split_page
from casare_cloud.errors import Forbidden, NotFound
from casare_cloud.identity import Actor, mint_robot_token


class RobotNotFound(NotFound):
    """There is no such robot, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("ROBOT_NOT_FOUND", "There is no such robot.")


async def register(tx: Transaction, registration: Registration) -> Robot:
    """Make the robot with this external id, or bring its configuration up to date.

    A robot's key that belongs to no robot yet is bound by its first registration; a bound one registers its own robot
    only (403). Users need robots.write. 409 ROBOT_ID_TAKEN: another live key has this robot.
    """
    held = registration.held_leases
    params = asdict(registration) | {"held_leases": None if held is None else Jsonb(held)}
    return await _robot(tx, queries.REGISTER_ROBOT, **_split_capabilities(params))


async def own_id(tx: Transaction) -> UUID | None:
    """The id of the robot that makes this request; None for anybody else."""
    robot_id: UUID | None = await tx.fetch_value(queries.CALLING_ROBOT)
    return robot_id


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Robot], int]:
    """(robots of the page by external id; how many match in all). Needs robots.read."""
    rows = await tx.fetch_all(queries.LIST_ROBOTS, asdict(wanted) | {"limit": limit, "offset": offset})
    items, total = split_page(rows, "robot_id")
    return [Robot(**item) for item in items], total


async def count_lifetimes(tx: Transaction) -> dict[Lifetime, int]:
    """How many robots of the tenant are in each state. Needs robots.read."""
    rows = await tx.fetch_all(queries.COUNT_ROBOTS)
    if not rows:
        await require(tx, "robots.read")
    return {Lifetime.of(row["state"]): row["count"] for row in rows}


async def list_seen(tx: Transaction, wanted: Filter, limit: int) -> list[Robot]:
    """The first robots by external id that match; a robot sees itself. Needs robots.read, but for a robot."""
    caller: dict[str, Any] = await tx.fetch_value(queries.WHOAMI)
    if caller["principal"] != "robot":
        return (await list_page(tx, wanted, limit, 0))[0]
    if caller["robot_id"] is None:
        return []
    return [own for own in [await get(tx, caller["robot_id"])] if wanted.matches(own)]


async def get_seen(tx: Transaction, robot: str) -> Robot:
    """A robot; `RobotNotFound`, also for a robot that asks for another. Needs robots.read, but for a robot."""
    row = await tx.fetch_one(queries.GET_ROBOT, {"robot_id": uuid_of(robot), "external_id": robot})
    if row is None:
        caller: dict[str, Any] = await tx.fetch_value(queries.WHOAMI)
        if caller["principal"] != "robot":
            await require(tx, "robots.read")
        raise RobotNotFound()
    return Robot(**row)


async def get(tx: Transaction, robot: str) -> Robot:
    """A robot; `RobotNotFound`. Needs robots.read; a robot sees itself."""
    row = await tx.fetch_one(queries.GET_ROBOT, {"robot_id": uuid_of(robot), "external_id": robot})
    return Robot(**await require_found(tx, row, "robots.read", RobotNotFound))


async def update(tx: Transaction, robot: str, changes: dict[str, Any]) -> Robot:
    """Change the named fields of a robot; `capabilities` in either form. 404 ROBOT_NOT_FOUND. Needs robots.write."""
    changes = _split_capabilities(changes) if "capabilities" in changes else changes
    return await _robot(tx, queries.UPDATE_ROBOT, robot=robot, changes=changes)


def _split_capabilities(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with `capabilities` as words, and `attributes`: the form they were said in when that was an object."""
    said: Capabilities = fields["capabilities"]
    if isinstance(said, dict):
        words = [word for word, value in said.items() if value is True]
        return fields | {"capabilities": words, "attributes": said}
    return fields | {"attributes": {}}


async def set_status(tx: Transaction, robot: str, status: SaidStatus, session_id: UUID | None = None) -> Robot:
    """Take a robot's word for its state. For the robot itself, and for callers with robots.control.

    One of its processes (`session_id`) does not sign off the robot while another one lives.
    """
    return await _robot(tx, queries.SET_ROBOT_STATUS, robot=robot, status=status, session_id=session_id)


async def set_pool(tx: Transaction, robot: str, pool: str | None) -> Robot:
    """Put a robot in an own pool, by its id or name, or (None) take it out. Needs robots.write.

    Raises 404 ROBOT_NOT_FOUND, POOL_NOT_FOUND.
    """
    return await _robot(tx, queries.SET_ROBOT_POOL, robot=robot, pool=pool)


async def heartbeat(tx: Transaction, robot: str, said: Heartbeat) -> Heard:
    """Note that a robot is alive, and return what waits for it.

    `acknowledged` are commands that the robot has obeyed. Jobs that it has not started, and that the metrics'
    `active_job_ids` do not name, go back. For the robot itself, and for callers with robots.control.
    """
    row = await tx.fetch_one(queries.RECORD_HEARTBEAT, {"robot": robot, **asdict(said)})
    assert row is not None
    return Heard(**row)


async def append_logs(tx: Transaction, entries: list[dict[str, Any]], sequence: int | None = None) -> int:
    """Append lines to the log of the calling robot itself, all or none; returns how many.

    Idempotent for a batch with the `sequence` and the first timestamp of an earlier one. For robots.
    """
    accepted: int = await tx.fetch_value(queries.APPEND_ROBOT_LOGS, {"entries": Jsonb(entries), "sequence": sequence})
    return accepted


async def list_logs(
    tx: Transaction, robot: str, level: str | None, since: datetime | None, limit: int, offset: int
) -> tuple[list[RobotLogEntry], int, bool]:
    """(lines of the page, the newest first; how many match; whether there may be more than that).

    Only lines of this level, and logged after `since`. Raises `RobotNotFound`. Needs robots.read and logs.read.
    """
    robot_id = (await get(tx, robot)).robot_id
    await require(tx, "logs.read")
    params = {"robot_id": robot_id, "level": level, "since": since, "limit": limit, "offset": offset}
    items, total = split_page(await tx.fetch_all(queries.LIST_ROBOT_LOGS, params), "robot_log_id")
    return [RobotLogEntry(**item) for item in items], total, total == queries.COUNTED_LOGS


async def list_commands(tx: Transaction, robot: str, limit: int) -> list[dict[str, Any]]:
    """What a robot was told, the newest first. Raises `RobotNotFound`. Needs robots.read; a robot sees its own."""
    return await tx.fetch_all(queries.LIST_COMMANDS, {"robot_id": (await get(tx, robot)).robot_id, "limit": limit})


async def list_new_logs(
    tx: Transaction, after: Mapping[UUID, UUID], first: UUID, limit: int
) -> list[tuple[UUID, str, RobotLogEntry]]:
    """(robot, its external id, line) of what robots logged of themselves, `limit` of each at most, the oldest first.

    Of each robot after one of its lines, or else after `first`. Needs robots.read and logs.read.
    """
    wanted = {"robot_ids": list(after), "after": list(after.values()), "first": first, "limit": limit}
    rows = await tx.fetch_all(queries.LIST_NEW_ROBOT_LOGS, wanted)
    return [(row.pop("robot_id"), row.pop("external_id"), RobotLogEntry(**row)) for row in rows]


async def get_last_log(tx: Transaction) -> UUID | None:
    """The last line that any robot of the tenant logged of itself; needs logs.read."""
    last: UUID | None = await tx.fetch_value(queries.GET_LAST_ROBOT_LOG)
    return last


async def calling_robot(tx: Transaction) -> dict[str, Any]:
    """The caller as `public.whoami` says it; 403 unless its key is a robot's, of one that has registered or not."""
    caller: dict[str, Any] = await tx.fetch_value(queries.WHOAMI)
    if caller["principal"] != "robot":
        raise Forbidden("Only a robot may do this, with its own key.")
    return caller


async def session_facts(tx: Transaction) -> SessionFacts:
    """What a gateway that speaks for the calling robot must know. For robots."""
    facts = await tx.fetch_value(queries.GET_ROBOT_SESSION)
    leases = [HeldLease(**{**lease, "job_id": UUID(lease["job_id"])}) for lease in facts["leases"]]
    return SessionFacts(facts["accept_grace_seconds"], facts["reconnect_window_seconds"], leases)


async def leave_session(tx: Transaction, session_id: UUID) -> int:
    """Say that the connection of a session of the calling robot is gone.

    The jobs that it has started stay its own for the reconnect window of its tenant; returns how many. For robots.
    """
    kept: int = await tx.fetch_value(queries.LEAVE_ROBOT_SESSION, {"session_id": session_id})
    return kept


async def command(tx: Transaction, robot: str, command: RobotCommand, reason: str | None) -> tuple[UUID, Robot]:
    """Tell a robot what to do: (the command's id, the robot). Needs robots.control."""
    row = await tx.fetch_one(queries.COMMAND_ROBOT, {"robot": robot, "command": command, "reason": reason})
    assert row is not None
    return row["command_id"], await get(tx, str(row["robot_id"]))


async def explain(tx: Transaction, robot: str) -> dict[str, Any]:
    """Why a robot gets nothing, or what it gets, as `public.explain_robot` says it; 404 ROBOT_NOT_FOUND."""
    answer: dict[str, Any] = await tx.fetch_value(queries.EXPLAIN_ROBOT, {"robot": robot})
    return answer


async def delete(tx: Transaction, robot: str) -> str:
    """Take a robot out of the fleet, end its keys, give its jobs to others: its external id. Needs robots.write."""
    external_id: str = await tx.fetch_value(queries.DELETE_ROBOT, {"robot": robot})
    return external_id


async def open_direct_access(tx: Transaction, settings: Settings, actor: Actor, robot: str) -> DirectAccess:
    """A short token with which a robot uses Data API and Realtime itself.

    Only for the robot's own key: a token cannot be traded for the next one, so what leaks ends by itself.
    """
    caller = await tx.fetch_value(queries.WHOAMI)
    if actor.key_hash is None or caller["principal"] != "robot" or caller["robot_id"] is None:
        raise Forbidden("Only a registered robot may do this, with its own key.")
    robot_id, tenant_id = UUID(caller["robot_id"]), UUID(caller["tenant_id"])
    own = await get(tx, str(robot_id))
    if uuid_of(robot) != robot_id and robot != own.external_id:
        raise Forbidden("A robot's key works for its own robot only.")
    token, seconds = mint_robot_token(settings, tenant_id, robot_id, UUID(caller["api_key_id"]))
    return DirectAccess(
        access_token=token,
        expires_in=seconds,
        supabase_url=settings.supabase_url,
        publishable_key=settings.supabase_publishable_key,
        topics=[f"robot:{robot_id}"],
    )


async def _robot(tx: Transaction, query: str, **params: Any) -> Robot:
    row = await tx.fetch_one(query, params)
    assert row is not None
    return Robot(**row)

"""Robots, keys and shared pools."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.session import Answer, Paging, Session, quoted

KeyKind = Literal["service", "robot"]
RobotStatus = Literal["idle", "busy", "offline", "error", "maintenance"]
SharesBy = Literal["jobs", "robot_seconds"]
RobotCommand = Literal["pause", "resume", "drain", "shutdown", "quarantine", "release", "status-request"]

_KEYS = {"service": "/api-keys", "robot": "/robot-api-keys"}


class RobotFilters(Paging, total=False):
    """Which robots."""

    status: RobotStatus | None
    environment: str | None


class RobotLogFilters(Paging, total=False):
    """Which lines."""

    level: Literal["debug", "info", "warning", "error", "critical"] | None
    since: str | None


class RobotDetails(TypedDict, total=False):
    """What a robot can, and how many jobs it takes at once."""

    capabilities: Sequence[str] | Mapping[str, Any]
    environment: str
    max_concurrent_jobs: int
    tags: Sequence[str]
    is_internet: bool


class RobotChanges(RobotDetails, total=False):
    """The fields of a robot that may be changed."""

    name: str
    hostname: str


class PoolChanges(TypedDict, total=False):
    """The fields of a pool that may be changed."""

    name: str
    shares_by: SharesBy


class FleetCalls(Session):
    """Robots, the keys of robots and programs, and pools."""

    async def register_robot(self, robot_id: str, name: str, hostname: str, **details: Unpack[RobotDetails]) -> Answer:
        """Make a robot, or update it."""
        body = {"robot_id": robot_id, "name": name, "hostname": hostname, **details}
        return await self._create("/robots/register", body)

    async def list_robots(self, **filters: Unpack[RobotFilters]) -> Answer:
        """`{robots, total, limit, offset}`."""
        return await self._get("/robots", filters)

    async def get_robot(self, robot_id: str) -> Answer:
        """One robot, by uuid or by the id people use."""
        return await self._get(f"/robots/{quoted(robot_id)}")

    async def update_robot(self, robot_id: str, **changes: Unpack[RobotChanges]) -> Answer:
        """Change the fields that are given; the others stay."""
        return await self._call("PUT", f"/robots/{quoted(robot_id)}", json=changes)

    async def set_robot_status(self, robot_id: str, status: RobotStatus) -> Answer:
        """Say what state a robot is in: `maintenance` keeps it from work, `offline` signs it off."""
        return await self._call("PUT", f"/robots/{quoted(robot_id)}/status", json={"status": status})

    async def explain_robot(self, robot_id: str) -> Answer:
        """Why a robot gets nothing, or what it gets, in words."""
        return await self._get(f"/robots/{quoted(robot_id)}/explain")

    async def list_robot_logs(self, robot_id: str, **filters: Unpack[RobotLogFilters]) -> Answer:
        """`{logs, total, total_is_capped, limit, offset}`: what a robot logged of itself, the newest line first."""
        return await self._get(f"/robots/{quoted(robot_id)}/logs", filters)

    async def list_robot_commands(self, robot_id: str, limit: int = 20) -> Answer:
        """`{commands}`: what a robot was told, the newest first, and when it said that it knows."""
        return await self._get(f"/robots/{quoted(robot_id)}/commands", {"limit": limit})

    async def command_robot(self, robot_id: str, command: RobotCommand, reason: str | None = None) -> Answer:
        """Tell a robot to `pause`, `resume`, `drain`, `shutdown`; put it in `quarantine` or `release` it; ask for its
        status."""
        path = f"/robots/{quoted(robot_id)}/{quoted(command)}"
        return await self._call("POST", path, json={"reason": reason} if reason else None)

    async def set_robot_pool(self, robot_id: str, pool: str | None) -> Answer:
        """Put a robot in a pool of the tenant's own, by id or name, or (None) take it out."""
        return await self._call("PUT", f"/robots/{quoted(robot_id)}/pool", json={"pool": pool})

    async def delete_robot(self, robot_id: str) -> Answer:
        """Remove a robot; the jobs that it holds are released."""
        return await self._call("DELETE", f"/robots/{quoted(robot_id)}")

    # --- keys -----------------------------------------------------------------------------------------------------

    async def create_robot_api_key(
        self, name: str, robot_id: str | None = None, expires_at: str | None = None
    ) -> Answer:
        """A new robot key; `key` is shown this once."""
        return await self._create("/robot-api-keys", {"name": name, "robot_id": robot_id, "expires_at": expires_at})

    async def list_keys(self, kind: KeyKind = "service", **page: Unpack[Paging]) -> Answer:
        """`{keys, total, limit, offset}` of kind `service` or `robot`, newest first; never the keys themselves."""
        return await self._get(_KEYS[kind], page)

    async def create_service_key(self, name: str, scopes: Sequence[str], expires_at: str | None = None) -> Answer:
        """A key for a program that may do what `scopes` say; `key` is shown this once."""
        return await self._create("/api-keys", {"name": name, "scopes": list(scopes), "expires_at": expires_at})

    async def revoke_key(self, api_key_id: str, kind: KeyKind = "service") -> Answer:
        """End a key at once."""
        return await self._call("POST", f"{_KEYS[kind]}/{quoted(api_key_id)}/revoke")

    async def rotate_key(self, api_key_id: str, kind: KeyKind = "service", overlap_seconds: int = 0) -> Answer:
        """A key in another's place; `key` is shown this once."""
        return await self._create(f"{_KEYS[kind]}/{quoted(api_key_id)}/rotate", {"overlap_seconds": overlap_seconds})

    async def import_robot_token(self, robot_id: str, sha256: str) -> Answer:
        """Let a token that a robot uses already work here, by its SHA-256 in hex."""
        return await self._create("/robot-api-keys/import", {"robot_id": robot_id, "sha256": sha256})

    # --- shared pools ---------------------------------------------------------------------------------------------

    async def list_pools(self) -> Answer:
        """`{pools}` that the tenant owns, is a member of or is invited to (`standing`)."""
        return await self._get("/pools")

    async def create_pool(self, name: str, shares_by: SharesBy = "jobs") -> Answer:
        """A pool of the tenant's own; robots come in by `set_robot_pool`."""
        return await self._create("/pools", {"name": name, "shares_by": shares_by})

    async def update_pool(self, pool: str, **changes: Unpack[PoolChanges]) -> Answer:
        """Rename an own pool (`name`), or let its members take turns otherwise (`shares_by`)."""
        return await self._call("PUT", f"/pools/{quoted(pool)}", json=changes)

    async def delete_pool(self, pool: str) -> Answer:
        """End an own pool; jobs that asked for it wait."""
        return await self._call("DELETE", f"/pools/{quoted(pool)}")

    async def list_pool_members(self, pool: str) -> Answer:
        """`{members}` of an own pool, and those invited."""
        return await self._get(f"/pools/{quoted(pool)}/members")

    async def put_pool_member(self, pool: str, tenant: str, weight: int = 1, max_running: int | None = None) -> Answer:
        """Invite a tenant, by slug or id, to an own pool, or change the terms of a member."""
        body = {"weight": weight, "max_running": max_running}
        return await self._call("PUT", f"/pools/{quoted(pool)}/members/{quoted(tenant)}", json=body)

    async def remove_pool_member(self, pool: str, tenant: str) -> Answer:
        """Take a member out of an own pool, or an invitation back."""
        return await self._call("DELETE", f"/pools/{quoted(pool)}/members/{quoted(tenant)}")

    async def accept_pool(self, pool: str) -> Answer:
        """Accept an invitation: jobs with `pool` then go to its robots."""
        return await self._call("POST", f"/pools/{quoted(pool)}/accept")

    async def leave_pool(self, pool: str) -> Answer:
        """Leave a pool, or decline the invitation to it."""
        return await self._call("POST", f"/pools/{quoted(pool)}/leave")

"""What a shell's completion offers: ids and names that the service has, when it answers at once, and fixed words."""

import asyncio
from collections.abc import Callable

_SECONDS = 2.0
_MOST = 100


def job_ids(incomplete: str) -> list[tuple[str, str]]:
    """Ids of the newest jobs, and @last."""
    found = _rows("list_jobs", "jobs", "job_id", lambda row: f"{row['status']} {row['workflow_name']}")
    return [pair for pair in [("@last", "the job that was made last"), *found] if pair[0].startswith(incomplete)]


def workflow_names(incomplete: str) -> list[tuple[str, str]]:
    """Names of workflows."""
    found = _rows("list_workflows", "workflows", "workflow_name", lambda row: f"version {row['version']}")
    return [pair for pair in dict(found).items() if pair[0].startswith(incomplete)]


def robot_ids(incomplete: str) -> list[tuple[str, str]]:
    """Ids of robots."""
    found = _rows("list_robots", "robots", "robot_id", lambda row: str(row["status"]))
    return [pair for pair in found if pair[0].startswith(incomplete)]


def words(*offered: str) -> Callable[[str], list[str]]:
    """Completes one of these words."""
    return lambda incomplete: [word for word in offered if word.startswith(incomplete)]


def _rows(method: str, key: str, name: str, told: Callable[[dict[str, object]], str]) -> list[tuple[str, str]]:
    """Names with what is told of them; none when the service cannot be asked: a shell has no place for errors."""
    from casare_cloud.cli.session import environment
    from casare_cloud.client import Client
    from casare_cloud.client.signing_in import NotConfigured, client_of
    from casare_cloud.errors import ApiError

    async def ask() -> list[tuple[str, str]]:
        async with asyncio.timeout(_SECONDS), await client_of(Client, environment()) as client:
            answer = await getattr(client, method)(limit=_MOST)
        return [(str(row[name]), told(row)) for row in answer[key]]

    try:
        return asyncio.run(ask())
    except (ApiError, NotConfigured, TimeoutError, OSError):
        return []

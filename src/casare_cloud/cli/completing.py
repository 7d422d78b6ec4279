"""What a shell's completion offers: ids and names that the service has, when it answers at once, and fixed words."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from casare_cloud.cli.output import say

_SECONDS = 2.0
_MOST = 100


class Shell(StrEnum):
    """What can complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print what a shell must read to complete commands, words, and ids of the service.

    Examples: casare-cloud completion bash > ~/.local/share/bash-completion/completions/casare-cloud ·
    casare-cloud completion fish > ~/.config/fish/completions/casare-cloud.fish
    """
    from typer._completion_shared import get_completion_script

    say(get_completion_script(prog_name="casare-cloud", complete_var="_CASARE_CLOUD_COMPLETE", shell=shell.value))


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
    from casare_cloud.cli.session import open_client
    from casare_cloud.client.signing_in import NotConfigured
    from casare_cloud.errors import ApiError

    async def ask() -> list[tuple[str, str]]:
        async with asyncio.timeout(_SECONDS), await open_client(may_refresh=False) as client:
            answer = await getattr(client, method)(limit=_MOST)
        return [(str(row[name]), told(row)) for row in answer[key]]

    try:
        return asyncio.run(ask())
    except (ApiError, NotConfigured, TimeoutError, OSError, SystemExit):
        return []

"""Following on a terminal: a job with a progress bar, its timeline and result; what happens to all jobs or robots."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from casare_cloud.cli.calls import run
from casare_cloud.cli.job_files import folder_with_files
from casare_cloud.cli.output import say
from casare_cloud.cli.session import environment
from casare_cloud.client import Client
from casare_cloud.errors import ApiError
from casare_cloud.printing import one_line

EXPLAIN_AFTER_SECONDS = 3.0
_WAITS = frozenset({"pending", "queued"})


async def follow_job(client: Client, job_id: str, env: Mapping[str, str], console: Console) -> dict[str, Any]:
    """Show the job's progress until it is finished, live where Realtime can be reached; return the finished job."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    job: dict[str, Any] = {}
    waiting = _Waiting(client, job_id, console)
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        bar = progress.add_task("pending", total=100)
        changes = client.watch_job(
            job_id, supabase_url=env.get("SUPABASE_URL"), publishable_key=env.get("SUPABASE_PUBLISHABLE_KEY")
        )
        async for job in waiting.beside(changes):
            node = job.get("current_node")
            text = f"{job['status']:<9} {node}" if node and job["status"] == "running" else str(job["status"])
            progress.update(
                bar, description=one_line(text), completed=100 if job["status"] == "completed" else job["progress"] or 0
            )
    return job


class _Waiting:
    """Says why a job waits, once it has for three seconds, and again when the reason is another: before its first
    attempt as well as between two."""

    def __init__(self, client: Client, job_id: str, console: Console) -> None:
        self._client = client
        self._job_id = job_id
        self._console = console
        self._said = ""

    async def beside(self, changes: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        """The job's changes, with what is said between them."""
        saying: asyncio.Task[None] | None = None
        try:
            async for job in changes:
                if job["status"] not in _WAITS:
                    if saying is not None:
                        saying.cancel()
                    saying = None
                elif saying is None:
                    saying = asyncio.create_task(self._say())
                yield job
        finally:
            if saying is not None:
                saying.cancel()

    async def _say(self) -> None:
        while True:
            await asyncio.sleep(EXPLAIN_AFTER_SECONDS)
            with suppress(ApiError):  # the watch itself says what is wrong with the service
                answer = await self._client.explain_job(self._job_id)
                words = f"{answer['state']}: {answer['sentence']}"
                if words != self._said and answer["verdict"] not in ("held", "finished"):
                    self._said = words
                    for line in (words, f"what to do: {answer['next_step']}"):
                        self._console.print(one_line(line), markup=False)


def follow_events(prefix: str, as_json: bool) -> None:
    """Print what happens from now on whose type begins with `prefix`, a line each (JSON: an object), until Ctrl-C."""
    env = environment()

    async def work(client: Client) -> None:
        events = client.watch_events(
            supabase_url=env.get("SUPABASE_URL"), publishable_key=env.get("SUPABASE_PUBLISHABLE_KEY")
        )
        async for event in events:
            if event["event_type"].startswith(prefix):
                say(json.dumps(event) if as_json else one_line(event_line(event)))

    with suppress(KeyboardInterrupt):
        run(work)


def event_line(event: Mapping[str, Any]) -> str:
    """When, what, and to whom."""
    at, data = datetime.fromisoformat(event["timestamp"]), event["data"]
    subject = [data.get("workflow_name") or data.get("name"), event["job_id"]]
    robot = event["robot_external_id"] or data.get("external_id")
    words = [*subject, robot and f"robot {robot}", data.get("message") or data.get("error_message")]
    return f"{at:%H:%M:%S}  {event['event_type']:<20}  {'  '.join(str(word) for word in words if word)}".rstrip()


def print_job_end(job: Mapping[str, Any]) -> None:
    """The timeline, then the result or the error, and where the files are if that is this machine."""
    for line in timeline(job):
        say(f"  {line}")
    if job["status"] == "completed":
        say("result " + json.dumps(_essence(job.get("result")), indent=2, default=str))
    else:
        say(f"{job.get('error_type') or job['status']}: {job.get('error_message') or ''}")
    if (folder := folder_with_files(str(job["job_id"]))) is not None:
        say(f"files in {folder}")


def _essence(result: Any) -> Any:
    """What a person asked for: the output and the files; variables and timings are in `jobs get`."""
    if isinstance(result, Mapping) and "output" in result:
        return {name: result[name] for name in ("output", "files") if result.get(name)}
    return result


def timeline(job: Mapping[str, Any]) -> list[str]:
    """The job's moments, one a line, each with the time since the one before."""
    moments = [
        ("submitted", job.get("created_at")),
        ("claimed", job.get("claimed_at")),
        ("first progress", job.get("first_progress_at")),
        (str(job["status"]), job.get("completed_at")),
    ]
    lines: list[str] = []
    before: datetime | None = None
    for name, text in moments:
        if text is None:
            continue
        at = datetime.fromisoformat(text)
        step = "" if before is None else f"+{(at - before).total_seconds() * 1000:,.0f} ms"
        lines.append(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  {name:<14}  {step}".rstrip())
        before = at
    return lines

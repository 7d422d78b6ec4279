"""What a person sees when the stack is ready: at most 24 lines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def banner(env: Mapping[str, str], finished_job: Mapping[str, Any] | None, seconds: float) -> str:
    """The ready banner: addresses, masked keys, the demo job's timeline when it has just run, the next commands."""
    lines = [
        f"casare_cloud is ready ({seconds:.1f} s)",
        "",
        f"  Orchestrator   {env['ORCHESTRATOR_URL']}/api/v1   (docs: {env['ORCHESTRATOR_URL']}/docs)",
        f"  Supabase       {env['SUPABASE_URL']}   publishable key {mask(env['SUPABASE_PUBLISHABLE_KEY'])}",
        f"  Demo login     {env['DEMO_USERNAME']} / {mask(env['DEMO_PASSWORD'])}",
        f"  Robot key      {mask(env['ROBOT_API_KEY'])}",
        "  All values     .casare/env",
        "",
    ]
    if finished_job:
        lines += [f"  Demo job       {finished_job['job_id']}   {finished_job['status']}"]
        lines += [f"    {line}" for line in timeline(finished_job)]
        lines += [""]
    lines += [
        "  Next:  casare-cloud demo                             run the demo job again, live",
        "         casare-cloud robot run                        start a robot of your own",
        "         casare-cloud jobs submit FILE --watch         send it a workflow and follow it",
        "",
        "  Ctrl-C or `casare-cloud down` stops everything.",
        "",
    ]
    return "\n".join(lines)


def timeline(job: Mapping[str, Any]) -> list[str]:
    """The job's moments, one a line, with the time since the one before."""
    moments = [
        ("submitted", job.get("created_at")),
        ("claimed", job.get("claimed_at")),
        ("first progress", job.get("first_progress_at")),
        (str(job.get("status", "finished")), job.get("completed_at")),
    ]
    lines: list[str] = []
    before: datetime | None = None
    for name, text in moments:
        if text is None:
            continue
        at = datetime.fromisoformat(text)
        step = "" if before is None else f"   +{(at - before).total_seconds() * 1000:,.0f} ms"
        lines.append(f"{at.strftime('%H:%M:%S.%f')[:-3]}  {name:<14}{step}")
        before = at
    return lines


def mask(secret: str) -> str:
    """A secret's beginning and end, enough to recognise it."""
    return f"{secret[:12]}…{secret[-3:]}" if len(secret) > 20 else f"{secret[:2]}…{secret[-2:]}"

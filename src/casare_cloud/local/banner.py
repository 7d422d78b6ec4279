"""What a person sees when the stack is ready: at most 24 lines."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def banner(env: Mapping[str, str], env_file: Path, demo_job: Sequence[str], seconds: float) -> str:
    """The ready banner: addresses, masked keys, what there is to say of the demo job, the next commands."""
    command = command_name()
    next_commands = {
        f"{command} demo": "run the demo job again, live",
        f"{command} robot run": "start a robot of your own",
        f"{command} jobs submit FILE --watch": "send it a workflow and follow it",
    }
    width = max(len(text) for text in next_commands) + 3
    lines = [
        f"casare_cloud is ready ({seconds:.1f} s)",
        "",
        f"  Dashboard      {env['DASHBOARD_URL']}/dashboard/",
        f"  Orchestrator   {env['ORCHESTRATOR_URL']}/api/v1   (docs: {env['ORCHESTRATOR_URL']}/docs)",
        f"  Automation     {env['AUTOMATION_URL']}/api/v1   (docs: {env['AUTOMATION_URL']}/docs)",
        f"  Webhooks       {env['WEBHOOKS_URL']}",
        f"  Sockets        {env['GATEWAY_URL']}",
        f"  Supabase       {env['SUPABASE_URL']}   publishable key {mask(env['SUPABASE_PUBLISHABLE_KEY'])}",
        f"  Demo login     {env['DEMO_USERNAME']} / {mask(env['DEMO_PASSWORD'])}",
        f"  Robot key      {mask(env['ROBOT_API_KEY'])}",
        f"  All values     {relative(env_file)}",
        "",
    ]
    if demo_job:
        lines += [f"  {line}" for line in demo_job] + [""]
    lines += [
        f"  {'' if number else 'Next':<15}{text:<{width}}{what}"
        for number, (text, what) in enumerate(next_commands.items())
    ]
    lines += ["", f"  Ctrl-C or `{command} down` stops everything.", ""]
    return "\n".join(lines)


def command_name() -> str:
    """How the person who reads this can call us: by name when it is on the path, else by where it is."""
    ours = Path(sys.executable).with_name("casare-cloud")
    found = shutil.which("casare-cloud")
    if not ours.exists() or (found and Path(found).resolve() == ours.resolve()):
        return "casare-cloud"
    return relative(ours)


def relative(path: Path) -> str:
    """The path as seen from the current folder, when it is below it."""
    text = os.path.relpath(path)
    return str(path) if text.startswith("..") else text


def mask(secret: str) -> str:
    """A secret's beginning and end, enough to recognise it."""
    return f"{secret[:12]}…{secret[-3:]}" if len(secret) > 20 else f"{secret[:2]}…{secret[-2:]}"

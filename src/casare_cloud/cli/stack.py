"""`up`, `down`, `status` and `demo`: the embedded stack and the main job."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from casare_cloud.cli.output import errors_as_sentences, fail, make_console, print_json, print_table, say

PortOffset = Annotated[int, typer.Option("--port-offset", help="Add N to every port.", min=0, max=10000)]


def up(
    fresh: Annotated[bool, typer.Option("--fresh", help="Erase the local data first and start over.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the stack is ready.")] = False,
    port_offset: PortOffset = 0,
    pg_bindir: Annotated[
        Path | None,
        typer.Option("--pg-bindir", envvar="CASARE_PG_BINDIR", help="Use this PostgreSQL (15 or newer) instead."),
    ] = None,
    supabase: Annotated[
        bool,
        typer.Option(
            "--supabase",
            help="Use a Supabase project (SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, DATABASE_URL) "
            "instead of the embedded one. DEMO_PASSWORD: that of a demo user that it has already.",
        ),
    ] = False,
) -> None:
    """Start the whole stack on this machine: database, Auth, Data API, Realtime and the orchestrator.

    The first start makes the database, a demo tenant and runs the demo job. Ctrl-C stops everything; the data stays
    in .casare/ (or CASARE_HOME).

    Examples: casare-cloud up · casare-cloud up --detach · casare-cloud up --fresh --port-offset 100
    """
    from casare_cloud.cli.demo import run_first_demo
    from casare_cloud.local.stack import Options, Stack
    from casare_cloud.local.state import Ports, StateFolder

    state = StateFolder.default()
    if state.is_locked():
        info = state.read_info()
        say(
            f"The stack is already running (process {info.get('pid', '?')}). "
            "See `casare-cloud status`; stop it with `casare-cloud down`."
        )
        return
    if detach:
        _detach(state.logs / "stack.log")
        return
    options = Options(ports=Ports(port_offset), fresh=fresh, pg_bindir=pg_bindir, use_supabase=supabase)
    with errors_as_sentences():
        asyncio.run(Stack(state, options, make_console(), run_first_demo).run())


def _detach(log_path: Path) -> None:
    """Run the same command in the background and wait until its banner is there."""
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    state.create()
    state.banner_file.unlink(missing_ok=True)
    argv = [argument for argument in sys.argv[1:] if argument not in ("--detach", "-d")]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "casare_cloud", *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "CASARE_HOME": str(state.path)},
        )
    while process.poll() is None:
        if state.banner_file.exists():
            sys.stdout.write(state.banner_file.read_text())
            return
        time.sleep(0.05)
    fail(f"The stack did not start. {log_path} says:\n{log_path.read_text(errors='replace').strip()}")


def down(
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait before giving up.")] = 30.0,
) -> None:
    """Stop the running stack. The data stays."""
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    if not state.is_locked():
        say("No stack is running.")
        return
    pid = int(state.read_info().get("pid", 0))
    if pid <= 0:
        fail(f"{state.path} is locked, but does not say by which process.")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while state.is_locked():
        if time.monotonic() > deadline:
            fail(f"Process {pid} did not stop within {timeout:.0f} s. Its log is {state.logs}.")
        time.sleep(0.05)
    say("Stopped.")


def status(
    output: Annotated[str, typer.Option("--output", "-o", help="table, json or env.")] = "table",
) -> None:
    """Show what runs, on which port, and whether it answers."""
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    is_running = state.is_locked()
    info = state.read_info() if is_running else {}
    if output == "env":
        sys.stdout.write("".join(f"{name}={value}\n" for name, value in state.read_env().items()))
    elif output == "json":
        print_json({"running": is_running, **info})
    elif output == "table":
        if is_running:
            head = ("part", "state", "process", "restarts", "address")
            names = ("name", "state", "pid", "restarts", "address")
            print_table(head, [[part[name] for name in names] for part in info.get("parts", [])])
        else:
            say("No stack is running. Start one with `casare-cloud up`.")
    else:
        fail("--output must be table, json or env.", 2)
    if not is_running:
        raise SystemExit(3)


def demo() -> None:
    """Run the main job once: submit a workflow, start a robot process, follow it live, print the result."""
    from casare_cloud.cli.demo import run_demo
    from casare_cloud.cli.watching import print_job_end
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    if not state.is_locked():
        fail("No stack is running. Start one with `casare-cloud up`.")
    with errors_as_sentences():
        job = asyncio.run(run_demo(state.read_env(), state.path / "demo", make_console()))
    print_job_end(job)

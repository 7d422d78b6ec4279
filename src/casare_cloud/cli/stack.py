"""`up`, `down`, `status` and `demo`: the embedded stack and the main job."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, IsSure, confirmed
from casare_cloud.cli.output import (
    errors_as_sentences,
    fail,
    make_console,
    note,
    print_json,
    print_table,
    say,
    write_out,
)
from casare_cloud.printing import is_terminal

if TYPE_CHECKING:
    from casare_cloud.local.state import StateFolder

PortOffset = Annotated[
    int | None,
    typer.Option(
        "--port-offset",
        help="Add N to every port. Left out: 0, or the nearest hundred at which all ports are free.",
        min=0,
        max=10000,
    ),
]


@errors_as_sentences()
def up(
    fresh: Annotated[bool, typer.Option("--fresh", help="Erase the local data first and start over.")] = False,
    is_sure: IsSure = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the stack is ready.")] = False,
    port_offset: PortOffset = None,
    pg_bindir: Annotated[
        Path | None,
        typer.Option("--pg-bindir", envvar="CASARE_PG_BINDIR", help="Use this PostgreSQL (15 or newer) instead."),
    ] = None,
    auth_bin: Annotated[
        Path | None,
        typer.Option(
            "--auth-bin", envvar="CASARE_AUTH_BIN", help="Run this build of Supabase Auth instead of its emulator."
        ),
    ] = None,
    supabase: Annotated[
        bool,
        typer.Option(
            "--supabase",
            help="Use a Supabase project (SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, DATABASE_URL, "
            "CASARE_SIGNING_KEY) instead of the embedded one; each is looked at first. DEMO_PASSWORD: that of a demo "
            "user that it has already.",
        ),
    ] = False,
) -> None:
    """Start the whole stack on this machine: database, Auth, Data API, Realtime and the orchestrator.

    The first start makes the database, a demo tenant and runs the demo job. Ctrl-C stops everything; the data stays
    in .casare/: that of this folder or of the nearest one above that has a stack (or CASARE_HOME). --fresh asks before
    it erases them, unless --yes is given.

    Examples: casare-cloud up · casare-cloud up --detach · casare-cloud up --fresh --port-offset 100
    """
    from casare_cloud.cli.demo import run_first_demo
    from casare_cloud.local.auth_program import checked_program
    from casare_cloud.local.stack import Options, Stack
    from casare_cloud.local.state import Ports, StateFolder

    state = StateFolder.default()
    if state.path.parent != Path.cwd() and "CASARE_HOME" not in os.environ:
        say(f"The stack is that of {state.path}.")
    if (pid := state.holder()) is not None:
        given = {"--fresh": fresh, "--supabase": supabase, "--port-offset": port_offset is not None}
        if ignored := [option for option, is_given in given.items() if is_given]:
            fail(f"{', '.join(ignored)}: the stack runs already (process {pid}); first stop it: casare-cloud down.", 2)
        _say_running(pid)
        return
    if fresh and state.has_data():
        confirmed(is_sure, f"Erase the database, jobs and keys of the stack in {state.path}?")
    if detach:
        _detach(state, ["--yes"] if fresh else [])
    else:
        if supabase and auth_bin:
            fail("With --supabase the project's own Auth is used: leave out --auth-bin (and CASARE_AUTH_BIN).", 2)
        options = Options(
            ports=None if port_offset is None else Ports(port_offset),
            fresh=fresh,
            pg_bindir=pg_bindir,
            use_supabase=supabase,
            auth_bin=checked_program(auth_bin) if auth_bin else None,
        )
        asyncio.run(Stack(state, options, make_console(), run_first_demo).run())


def _say_running(pid: int) -> None:
    say(f"The stack is already running (process {pid}). See `casare-cloud status`; stop it with `casare-cloud down`.")


def _detach(state: "StateFolder", more: list[str]) -> None:
    """Run the same command in the background and wait until its banner is there."""
    state.create()
    state.banner_file.unlink(missing_ok=True)
    argv = [argument for argument in sys.argv[1:] if argument not in ("--detach", "-d")]
    log_path = state.logs / "stack.log"
    with log_path.open("a+b") as log:  # open to the end: `--fresh` removes the file, another start appends to it
        begin = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            [sys.executable, "-m", "casare_cloud", *argv, *more],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "CASARE_HOME": str(state.path)},
        )
        while process.poll() is None:
            if state.banner_file.exists():
                write_out(state.banner_file.read_text())
                return
            time.sleep(0.05)
        if (other := state.holder()) is not None:
            _say_running(other)
            return
        log.seek(begin)
        words = log.read().decode(errors="replace").strip()
    fail(f"The stack did not start. {log_path} says:\n{words}")


@errors_as_sentences()
def down(
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait before giving up.")] = 30.0,
) -> None:
    """Stop the running stack, or what a killed one left behind. The data stays.

    Example: casare-cloud down
    """
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    pid = state.holder()
    if pid is None:
        _end_leftover(state)
        return
    if pid == 0:
        fail(f"{state.path} is locked, but does not say by which process.")
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it has just ended
    except PermissionError:
        fail(f"The stack is another account's (process {pid}).")
    deadline = time.monotonic() + timeout
    while state.is_locked():
        if time.monotonic() > deadline:
            fail(f"Process {pid} did not stop within {timeout:.0f} s. Its log is {state.logs}.")
        time.sleep(0.05)
    say("Stopped.")


def _end_leftover(state: "StateFolder") -> None:
    from casare_cloud.local.leftovers import end_leftovers, find_leftovers

    if not find_leftovers(state):
        say("No stack is running.")
    elif not state.lock():  # so that no start takes the server for its own meanwhile
        fail("A stack is just starting; try again.")
    else:
        found = end_leftovers(state)
        if still := find_leftovers(state):
            fail(f"{still} of a stack that was killed does not stop.")
        say(f"Stopped {found}, which a stack that was killed had left behind.")


@errors_as_sentences()
def status(
    output: Annotated[str, typer.Option("--output", "-o", help="table, json or env.")] = "table",
    as_json: AsJson = False,
) -> None:
    """Show what runs, on which port, and whether it answers now; exit code 3 when no stack is running.

    With -o env: the variables of .casare/env, quoted for a shell.

    Example: casare-cloud status --json
    """
    from casare_cloud.local.leftovers import Leftovers, find_leftovers
    from casare_cloud.local.state import StateFolder, shell_lines

    if as_json:
        output = "json"
    if output not in ("table", "json", "env"):
        fail("--output must be table, json or env.", 2)
    state = StateFolder.default()
    pid = state.holder()
    left = find_leftovers(state) if pid is None else Leftovers()
    if output == "env":
        write_out(shell_lines(state.read_env()))
    elif output == "json":
        print_json({"running": pid is not None, **(_look_at(state, pid) if pid is not None else left.as_json())})
    elif pid is not None:
        _print_parts(_look_at(state, pid))
    elif left:
        say(
            f"No stack is running, but one that was killed left behind: {left}. "
            "End it with `casare-cloud down`, or go on with `casare-cloud up`."
        )
    else:
        say("No stack is running. Start one with `casare-cloud up`.")
    if pid is None:
        raise SystemExit(3)


def _look_at(state: "StateFolder", pid: int) -> dict[str, Any]:
    """What the running stack wrote about itself, with what answers now."""
    from casare_cloud.local.probes import answering

    info = state.read_info()
    if info.get("pid") != pid:  # of an earlier run: this one has only begun
        return {"pid": pid, "is_ready": False, "parts": []}
    answers = asyncio.run(answering([part["address"] for part in info["parts"]]))
    parts = [{**part, "answers": answer} for part, answer in zip(info["parts"], answers, strict=True)]
    return {**info, "parts": parts}


def _print_parts(info: dict[str, Any]) -> None:
    head = ("part", "state", "answers", "process", "restarts", "address")
    rows = [
        [
            part["name"],
            part["state"],
            "yes" if part["answers"] else "NO",
            part["pid"],
            part["restarts"],
            part["address"],
        ]
        for part in info["parts"]
    ]
    print_table(head, rows)
    if not info["is_ready"]:
        say(f"The stack is starting (process {info['pid']}).")


@errors_as_sentences()
def dashboard(
    should_open: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = True,
) -> None:
    """Print the dashboard's address and open it in a browser: DASHBOARD_URL, or that of the local stack.

    Sign in with the user name and password of a member; the local stack has the demo user of `casare-cloud up`.

    Example: casare-cloud dashboard --no-open
    """
    import webbrowser

    from casare_cloud.cli.session import environment, setting

    known = environment()
    url = setting(known, "DASHBOARD_URL", None, "DASHBOARD_URL").rstrip("/") + "/dashboard/"
    say(url)
    if known.get("DEMO_USERNAME"):
        note(f"Sign in as {known['DEMO_USERNAME']}; the password is DEMO_PASSWORD in .casare/env.")
    if should_open and is_terminal(sys.stdout):
        webbrowser.open(url)


@errors_as_sentences()
def demo() -> None:
    """Run the main job once: submit a workflow, start a robot process, follow it live, print the result.

    Example: casare-cloud demo
    """
    from casare_cloud.cli.demo import run_demo
    from casare_cloud.cli.watching import print_job_end
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    if not state.is_locked():
        fail("No stack is running. Start one with `casare-cloud up`.")
    job = asyncio.run(run_demo(state.read_env(), state.path / "demo", make_console()))
    print_job_end(job)

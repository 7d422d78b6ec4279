"""`casare-cloud robot …`: run a robot agent on this machine, and look after robots elsewhere."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casare_cloud.cli.calls import AsJson, call_client
from casare_cloud.cli.completing import robot_ids, words
from casare_cloud.cli.output import errors_as_sentences, fail, print_answer, print_fields, print_json, print_table, say

if TYPE_CHECKING:
    from casare_cloud.robot.watching.watch import Allowed

MAIL_URL = re.compile(r"imaps?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")

app = typer.Typer(help="Run a robot on this machine; control and explain robots.", no_args_is_help=True)


class Face(StrEnum):
    """Which API the robot works through."""

    orchestrator = "orchestrator"
    automation = "automation"


class TransportName(StrEnum):
    """How the robot talks to the cloud."""

    direct = "direct"
    rest = "rest"
    websocket = "websocket"
    auto = "auto"


@app.callback()
def _group() -> None:
    """Run a robot on this machine; control and explain robots."""


@app.command("run")
@errors_as_sentences()
def run(
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key", help="The robot's key (crpa_…), an agent's token (rpa-agent-…). Default: ROBOT_API_KEY."
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="E.g. http://127.0.0.1:8000. Default: ORCHESTRATOR_URL, for agents AUTOMATION_URL."),
    ] = None,
    robot_id: Annotated[
        str | None,
        typer.Option("--robot-id", help="1-64 letters, digits, _ or -; an agent's UUID. Default: ROBOT_ID."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="A name for people. Default: the robot id.")] = None,
    face: Annotated[
        Face,
        typer.Option(
            "--face",
            help="orchestrator: as a robot; automation: as an agent of document 004, which is registered when it is "
            "new (see below).",
        ),
    ] = Face.orchestrator,
    transport: Annotated[
        TransportName | None,
        typer.Option(
            "--transport",
            help="direct (the default): Data API and Realtime; rest: the orchestrator; websocket: the gateway; auto: "
            "websocket, else direct, else rest.",
        ),
    ] = None,
    gateway_url: Annotated[
        str | None,
        typer.Option("--gateway-url", envvar="GATEWAY_URL", help="For websocket. Default: the orchestrator's port."),
    ] = None,
    environment: Annotated[str, typer.Option("--environment", help="Its jobs, and those for any.")] = "default",
    capability: Annotated[
        list[str] | None,
        typer.Option(
            "--capability",
            help="Something this robot can do; repeat for more. Those of installed extras are added: browser, pdf.",
        ),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A label; repeat for more.")] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1, max=100, help="Jobs at a time.")] = 1,
    work_dir: Annotated[
        Path | None,
        typer.Option("--work-dir", help="Folder for jobs. Default: .casare/robots/<robot id>."),
    ] = None,
    lease_seconds: Annotated[
        int, typer.Option("--lease-seconds", min=5, max=3600, help="A dead robot's jobs are another's after this long.")
    ] = 20,
    watch_folder: Annotated[
        list[Path] | None,
        typer.Option("--watch-folder", help="Triggers may watch files in it; repeat for more. Default: none."),
    ] = None,
    allow_scripts: Annotated[
        bool,
        typer.Option(
            "--allow-scripts",
            envvar="ROBOT_ALLOW_SCRIPTS",
            help="Workflows may run scripts and shell commands on this machine, as its user. Default: they may not.",
        ),
    ] = False,
) -> None:
    """Claim and run jobs until Ctrl-C, SIGTERM or the end of the terminal.

    Running jobs then have 30 seconds to finish; the others are given back to the queue and begin anew.
    A second signal ends at once.

    Triggers watch nothing on this machine unless you allow it: files in each --watch-folder (or ROBOT_WATCH_FOLDERS),
    and mail in the account of ROBOT_MAIL_URL (imaps://host), ROBOT_MAIL_USER and ROBOT_MAIL_PASSWORD.

    With --face automation it works as an agent: with --robot-id and --api-key as that one, else as the one that is kept
    in the work folder; when there is none, you (CASARE_API_KEY, or CASARE_USERNAME and CASARE_PASSWORD) register one.
    One agent is one process: a second one needs another --name. It is of the environment default, has no tags, watches
    no triggers and asks for work every few seconds; what fails is not tried again by itself.

    On the machine of a local stack no option is needed.

    Examples: casare-cloud robot run · casare-cloud robot run --url https://… --api-key crpa_… --robot-id office-7 ·
    casare-cloud robot run --face automation --name "Office 7"
    """
    from casare_cloud.cli.session import environment as surroundings
    from casare_cloud.cli.session import setting
    from casare_cloud.local.state import StateFolder
    from casare_cloud.robot.agent import run_agent
    from casare_cloud.robot.console import print_event

    env = surroundings()
    folders = StateFolder.default().path
    only: AbstractContextManager[None] = nullcontext()
    if face is Face.automation:
        from casare_cloud.cli.agents import access_of, alone

        of_robots = {
            "--transport": transport,
            "--tag": tag,
            "--watch-folder": watch_folder,
            "--environment": environment != "default",
        }
        for option in (name for name, value in of_robots.items() if value):
            fail(f"{option} is of a robot of the orchestrator: leave it out, or --face automation.", 2)
        address = setting(env, "AUTOMATION_URL", url, "--url")
        access = access_of(env, address, robot_id, api_key, name, capability or [], work_dir or folders / "agents")
        address, robot, key, name = access.url, access.agent_id, access.token, access.name
        work_dir = work_dir or folders / "agents" / robot
        only = alone(robot, work_dir)
    else:
        robot = setting(env, "ROBOT_ID", robot_id, "--robot-id")
        address = setting(env, "ORCHESTRATOR_URL", url, "--url")
        key = setting(env, "ROBOT_API_KEY", api_key, "--api-key")
    with only:
        code = run_agent(
            orchestrator_url=address,
            api_key=key,
            robot_id=robot,
            name=name or robot,
            transport="automation" if face is Face.automation else (transport or TransportName.direct).value,
            gateway_url=gateway_url or env.get("GATEWAY_URL"),
            environment=environment,
            capabilities=capability or [],
            tags=tag or [],
            concurrency=concurrency,
            work_dir=work_dir or folders / "robots" / robot,
            lease_seconds=lease_seconds,
            allowed=_allowed({} if face is Face.automation else env, watch_folder),
            allows_scripts=allow_scripts,
        )
    if not print_event.drain():
        os._exit(code)  # the console stalls, and Python would wait for it
    raise SystemExit(code)


def _allowed(env: Mapping[str, str], folders: Sequence[Path] | None) -> "Allowed":
    """What triggers may watch on this machine; ends the command when it is said by half."""
    from casare_cloud.robot.watching.watch import Allowed, MailAccount

    given = folders or [Path(name) for name in env.get("ROBOT_WATCH_FOLDERS", "").split(os.pathsep) if name]
    for folder in given:
        if not folder.is_dir():
            fail(f"--watch-folder: there is no folder {folder}.", 2)
    mail = [env.get(f"ROBOT_MAIL_{name}", "") for name in ("URL", "USER", "PASSWORD")]
    if not any(mail):
        return Allowed(tuple(folder.resolve() for folder in given))
    if not all(mail):
        fail("ROBOT_MAIL_URL, ROBOT_MAIL_USER and ROBOT_MAIL_PASSWORD belong together: set all three or none.", 2)
    if not MAIL_URL.fullmatch(mail[0]):
        fail("ROBOT_MAIL_URL must be imaps://host[:port], or imap://host[:port] for STARTTLS.", 2)
    return Allowed(tuple(folder.resolve() for folder in given), MailAccount(*mail))


RobotName = Annotated[
    str, typer.Argument(help="The robot's id (robot-prod-001) or UUID.", metavar="ID", autocompletion=robot_ids)
]


class Command(StrEnum):
    """What a robot can be told."""

    pause = "pause"
    resume = "resume"
    drain = "drain"
    shutdown = "shutdown"
    quarantine = "quarantine"
    release = "release"
    status_request = "status-request"


@app.command("list")
def list_robots(
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            help="idle, busy, offline, error or maintenance.",
            autocompletion=words("idle", "busy", "offline", "error", "maintenance"),
        ),
    ] = None,
    environment: Annotated[str | None, typer.Option("--env", help="Only those of this environment.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 100,
    as_json: AsJson = False,
) -> None:
    """List the robots: what each does now, what it can, and when it was heard of last.

    Example: casare-cloud robot list --status offline
    """
    answer = call_client("list_robots", status=status, environment=environment, limit=limit)
    if as_json:
        print_json(answer)
        return
    rows = [
        [
            row["robot_id"],
            "quarantined" if row["quarantined_at"] else row["status"],
            row["environment"],
            f"{len(row['current_job_ids'])}/{row['max_concurrent_jobs']}",
            row["last_heartbeat"],
            ", ".join([*row["capabilities"], *(f"#{tag}" for tag in row["tags"])]),
        ]
        for row in answer["robots"]
    ]
    print_table(("robot", "status", "environment", "jobs", "heard of", "can, #tags"), rows)


@app.command("show")
def show(robot_id: RobotName, as_json: AsJson = False) -> None:
    """Show a robot: what it does and can, and why it gets no jobs when it gets none.

    Example: casare-cloud robot show robot-prod-001
    """
    robot = call_client("get_robot", robot_id)
    if as_json:
        print_json(robot)
        return
    names = ("robot_id", "robot_uuid", "name", "hostname", "status", "mode", "health", "environment", "capabilities")
    more = ("tags", "max_concurrent_jobs", "current_job_ids", "last_heartbeat", "created_at")
    print_fields({name: robot[name] for name in (*names, *more)})
    if robot["quarantined_at"]:
        say(
            f"quarantined: {robot['quarantine_reason']}; let it work again with "
            f"casare-cloud robot tell {robot['robot_id']} release"
        )
    for warning in robot["warnings"]:
        say(f"warning: {warning}")


@app.command("explain")
def explain(robot_id: RobotName, as_json: AsJson = False) -> None:
    """Say why a robot gets no jobs, or what it gets next.

    Example: casare-cloud robot explain robot-prod-001
    """
    from casare_cloud.cli.explaining import print_explanation

    answer = call_client("explain_robot", robot_id)
    if as_json:
        print_json(answer)
    else:
        print_explanation(answer)


@app.command("measurements")
def show_measurements(
    robot_id: RobotName,
    since: Annotated[str | None, typer.Option("--since", help="ISO 8601; default: 24 hours before --until.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="ISO 8601; default: now.")] = None,
    step: Annotated[
        int | None, typer.Option("--step", min=5, max=1440, help="Minutes: a multiple of 5 that divides a day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show processor, memory and disk of a robot's machine over time; a dot is a time when no heartbeat said it.

    Example: casare-cloud robot measurements robot-prod-001 --since 2026-11-23T00:00:00Z
    """
    from casare_cloud.cli.measurements import print_measurements

    answer = call_client("get_robot_measurements", robot_id, since=since, until=until, step_minutes=step)
    if as_json:
        print_json(answer)
    else:
        print_measurements(answer)


@app.command("commands")
def list_commands(
    robot_id: RobotName,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what a robot was told, the newest first, and when it said that it knows.

    Example: casare-cloud robot commands robot-prod-001
    """
    answer = call_client("list_robot_commands", robot_id, limit=limit)
    if as_json:
        print_json(answer)
        return
    names = ("command", "reason", "issued_at", "acknowledged_at", "superseded_at")
    rows = [[row[name] for name in names] for row in answer["commands"]]
    print_table(("command", "reason", "told", "taken", "pointless since"), rows)


@app.command("watch")
def watch(as_json: AsJson = False) -> None:
    """Show which robots come, go and change, live, until Ctrl-C.

    Example: casare-cloud robot watch
    """
    from casare_cloud.cli.watching import follow_events

    follow_events("robot.", as_json)


@app.command("tell")
def tell(
    robot_id: RobotName,
    command: Annotated[Command, typer.Argument(help="What it shall do.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why; the robot and the audit show it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a robot to pause, resume, drain or shut down; put it in quarantine or release it; ask for its status.

    One that is paused or drained takes no new jobs, finishes its jobs and stays connected until it is resumed; its
    mode says which it was. shutdown ends its program.

    Example: casare-cloud robot tell robot-prod-001 pause --reason "Windows update"
    """
    robot = call_client("command_robot", robot_id, command.value, reason=reason)
    said = f"{robot['robot_id']} is {robot['mode']} ({robot['status']}); command {robot['command_id']}"
    print_answer(robot, as_json, said)


@app.command("pool")
def pool(
    robot_id: RobotName,
    name: Annotated[
        str | None, typer.Argument(help="The pool's name or id; none: out of its pool.", metavar="POOL")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a robot in a pool of yours, or take it out; see `casare-cloud pools`.

    Example: casare-cloud robot pool robot-prod-001 shared
    """
    robot = call_client("set_robot_pool", robot_id, name)
    print_answer(robot, as_json, f"{robot['robot_id']} is in {name if name else 'no pool'}")

"""The way in for `casare-cloud robot run`: one robot in this process, until a signal tells it to stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from casare_cloud.errors import ApiError
from casare_cloud.robot.agent_core import Agent, KeyRefused
from casare_cloud.robot.agent_life import DEFAULT_GRACE_SECONDS, DEFAULT_LEASE_SECONDS
from casare_cloud.robot.console import AgentEvent, EventHandler, print_event
from casare_cloud.robot.executor import extras
from casare_cloud.robot.machine import hostname
from casare_cloud.robot.transport import RobotProfile, Transport
from casare_cloud.robot.watching.watch import Allowed

TransportName = Literal["direct", "rest", "websocket", "auto", "automation"]


def run_agent(
    *,
    orchestrator_url: str,
    api_key: str,
    robot_id: str,
    name: str | None = None,
    transport: TransportName = "direct",
    gateway_url: str | None = None,
    environment: str = "default",
    capabilities: Sequence[str] = (),
    tags: Sequence[str] = (),
    concurrency: int = 1,
    work_dir: Path | str = ".casare-robot",
    lease_seconds: int = DEFAULT_LEASE_SECONDS,
    grace_seconds: float = DEFAULT_GRACE_SECONDS,
    allowed: Allowed = Allowed(),
    allows_scripts: bool = False,
    on_event: EventHandler | None = None,
) -> int:
    """Runs a robot until it is told to stop; blocks. Returns the exit code: 0 after a drain, 2 when the key is
    refused, 1 when the service does not accept the robot for another reason.

    The first SIGTERM, SIGINT, SIGHUP (the terminal was closed) or SIGBREAK (Windows) drains: running jobs get
    `grace_seconds`. The second ends the process at once with 130; other robots get its jobs when the leases end.
    Its capabilities are those named, and those of the installed extras: `browser` (where one is found too), `pdf`.
    `allowed` is what triggers may watch on this machine: nothing by default.
    `allows_scripts` lets workflows run scripts and commands.
    `gateway_url` is where sockets are, by default the orchestrator's own port. The transport `automation` is an
    agent's of the automation face: `orchestrator_url` is its address then, the key its token, `robot_id` its id.
    `on_event` gets every `AgentEvent`; without it they are printed, one line each.
    """
    profile = RobotProfile(
        robot_id=robot_id,
        name=name or robot_id,
        hostname=hostname(),
        environment=environment,
        capabilities=tuple(dict.fromkeys((*capabilities, *extras.capabilities()))),
        tags=tuple(tags),
        max_concurrent_jobs=concurrency,
    )
    emit = on_event or print_event
    folder = Path(work_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)

    def say(text: str) -> None:
        emit(AgentEvent("transport", text))

    async def main() -> None:
        agent = Agent(
            make_transport(transport, orchestrator_url, api_key, robot_id, gateway_url, say),
            profile,
            folder,
            lease_seconds=lease_seconds,
            grace_seconds=grace_seconds,
            allowed=allowed,
            allows_scripts=allows_scripts,
            on_event=emit,
        )
        _drain_on_signals(agent, emit)
        await agent.run()

    try:
        asyncio.run(main())
    except KeyRefused as error:
        emit(AgentEvent("stopped", str(error)))
        return 2
    except ApiError as error:
        emit(AgentEvent("stopped", f"The service does not accept this robot: {error.message} ({error.code})"))
        return 1
    return 0


def make_transport(
    name: TransportName,
    orchestrator_url: str,
    api_key: str,
    robot_id: str,
    gateway_url: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Transport:
    """The transport of that name, not connected yet. `say` tells people what `auto` does."""
    match name:
        case "rest":
            from casare_cloud.robot.rest import RestTransport

            return RestTransport(orchestrator_url, api_key, robot_id)
        case "direct":
            from casare_cloud.robot.direct import DirectTransport

            return DirectTransport(orchestrator_url, api_key, robot_id)
        case "websocket":
            from casare_cloud.robot.websocket import WebSocketTransport

            return WebSocketTransport(orchestrator_url, api_key, robot_id, gateway=gateway_url)
        case "automation":
            from casare_cloud.robot.automation import AutomationTransport

            return AutomationTransport(orchestrator_url, api_key, robot_id)
    from casare_cloud.robot.auto import AutoTransport

    def make(one: TransportName) -> Transport:
        return make_transport(one, orchestrator_url, api_key, robot_id, gateway_url)

    return AutoTransport(("websocket", "direct", "rest"), make, say)


def _drain_on_signals(agent: Agent, emit: EventHandler) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    seen = False

    def on_signal() -> None:
        nonlocal seen
        if seen:
            emit(AgentEvent("stopped", f"at once; {len(agent.running_job_ids)} left to their leases"))
            print_event.drain()
            os._exit(130)
        seen = True
        agent.drain()

    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            continue  # not of this system; `nohup` wants the robot to outlive its terminal
        try:
            loop.add_signal_handler(number, on_signal)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))

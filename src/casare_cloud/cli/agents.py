"""Agents of the automation face: registered by a user once, and what is then kept of them on this machine."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from casare_cloud.cli.output import errors_as_sentences, fail, note


@dataclass(frozen=True)
class AgentAccess:
    """Where an agent works, as whom, and its name for people."""

    url: str
    agent_id: str
    token: str
    name: str


def access_of(
    env: Mapping[str, str],
    url: str,
    agent_id: str | None,
    token: str | None,
    name: str | None,
    capabilities: Sequence[str],
    folder: Path,
) -> AgentAccess:
    """The agent that is named with its token, else the one of this name that the folder keeps, else a new one.

    A new one is registered by the user of the environment (`CASARE_API_KEY`, `CASARE_USERNAME`, or the local stack's
    demo user), and kept, for nobody else to read.
    """
    from casare_cloud.local.state import write_private
    from casare_cloud.robot.machine import hostname

    if bool(agent_id) is not bool(token):
        fail("--robot-id and --api-key belong together: give an agent's id and its token, or neither.", 2)
    if agent_id and token:
        return AgentAccess(url, agent_id, token, name or agent_id)
    name = name or hostname()
    file = folder / "agents.json"
    with _locked(folder / "agents.lock", fcntl.LOCK_EX):
        kept = _read(file)
        if f"{url} {name}" in kept:
            return kept[f"{url} {name}"]
        made = register(env, url, name, capabilities)
        new = {key: asdict(access) for key, access in {**kept, f"{url} {name}": made}.items()}
        write_private(file, json.dumps(new))
    note(f"Registered the agent {name} ({made.agent_id}); its token is kept in {file}.")
    return made


@contextmanager
def alone(agent_id: str, folder: Path) -> Iterator[None]:
    """While this lasts, no other process of this machine is this agent in this folder; ends the command when one is.

    Each would give back what the other has claimed.
    """
    with _locked(folder / f"{agent_id}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


def register(env: Mapping[str, str], url: str, name: str, capabilities: Sequence[str]) -> AgentAccess:
    """A new agent, by the user of the environment."""
    from casare_cloud.client.automation import SyncAutomationClient
    from casare_cloud.client.signing_in import NotConfigured, login_of

    key = env.get("CASARE_API_KEY")
    with errors_as_sentences(), SyncAutomationClient(url, api_key=key) as cloud:
        if not key:
            try:
                cloud.login(*login_of(env), env.get("CASARE_TENANT") or None)
            except NotConfigured as problem:
                fail(str(problem), 2)
        made = cloud.register_agent(name, capabilities=list(capabilities))
    return AgentAccess(url, made["agent"]["id"], str(made["token"]), name)


@contextmanager
def _locked(file: Path, how: int) -> Iterator[None]:
    """The lock ends with the block or the process; the file stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            fail("An agent of this name runs here already; give --name.", 2)
        yield
    finally:
        os.close(handle)


def _read(file: Path) -> dict[str, AgentAccess]:
    if not file.exists():
        return {}
    try:
        return {key: AgentAccess(**access) for key, access in json.loads(file.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError):
        fail(f"{file} is not what it was written as: delete it, and agents are registered anew.")

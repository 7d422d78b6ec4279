"""A stack, its tenants, a client that waits, and a robot, each for as long as a test needs it."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from casare_cloud.client import SyncClient
from casare_cloud.errors import ApiError
from casare_cloud.local.state import Ports, StateFolder

START_SECONDS = 180
ROBOT_SECONDS = 60


@dataclass(frozen=True)
class Tenant:
    """A tenant and the user who made it."""

    stack: "Stack"
    tenant_id: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Stack:
    """A running stack; `env` are the variables with which programs reach it."""

    folder: Path
    env: Mapping[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        """Where the orchestrator answers."""
        return self.env["ORCHESTRATOR_URL"]

    @property
    def owner_url(self) -> str:
        """How the owner of the database logs in."""
        passwords = json.loads((self.folder / "database-passwords.json").read_text())["database_passwords"]
        place = self.env["DATABASE_URL"].rpartition("@")[2]
        return f"postgresql://postgres:{quote(passwords['postgres'], safe='')}@{place}"

    def make_tenant(self) -> Tenant:
        """A new tenant with a user who administers it."""
        email, password = f"{secrets.token_hex(8)}@example.test", "Aa1-" + secrets.token_urlsafe(16)
        with SyncClient(self.url) as client:
            client.register(email=email, password=password, org_name=f"Test {email[:8]}")
            tenant_id = str(client.me()["tenant_id"])
        return Tenant(self, tenant_id, email, password)


@dataclass(frozen=True)
class Robot:
    """A robot that runs; its folder holds `robot.log` and the folders of its jobs."""

    robot_id: str
    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Start a stack in a folder, without limits of requests, and stop it at the end."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SUPABASE_URL")}
    env = {**kept, "CASARE_HOME": str(folder), "CASARE_RATE_LIMITS": "false"}
    command = [sys.executable, "-m", "casare_cloud"]
    start = [*command, "up", "--detach", "--port-offset", str(_free_offset())]
    try:
        answer = subprocess.run(start, env=env, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if answer.returncode != 0:
            raise RuntimeError(f"The stack did not start: {answer.stderr or answer.stdout}")
        yield Stack(folder, StateFolder(folder).read_env())
    finally:
        subprocess.run([*command, "down"], env=env, capture_output=True, timeout=START_SECONDS, check=False)


@contextmanager
def signed_in(tenant: Tenant) -> Iterator[SyncClient]:
    """A client of the tenant's administrator."""
    with SyncClient(tenant.stack.url) as client:
        client.login(tenant.email, tenant.password)
        yield client


@contextmanager
def running_robot(client: SyncClient, tenant: Tenant) -> Iterator[Robot]:
    """Start a robot with a key of its own, wait until it is registered, and end it at the end."""
    robot_id = f"robot-{secrets.token_hex(4)}"
    folder = tenant.stack.folder / "robots" / robot_id
    folder.mkdir(parents=True)
    key = client.create_robot_api_key(name=robot_id)["key"]
    env = {**os.environ, **tenant.stack.env, "ROBOT_API_KEY": key, "ROBOT_ID": robot_id}
    command = [sys.executable, "-m", "casare_cloud", "robot", "run", "--work-dir", str(folder / "jobs")]
    with (folder / "robot.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_registered(client, robot_id, process, folder / "robot.log")
        yield Robot(robot_id, folder, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_registered(client: SyncClient, robot_id: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + ROBOT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.get_robot(robot_id)
        except ApiError as problem:
            if problem.code != "ROBOT_NOT_FOUND":
                raise
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The robot did not register: {log.read_text(errors='replace')}")


def _free_offset() -> int:
    """An offset at which all ports are free, above those that systems give to outgoing connections."""
    while True:
        ports = Ports(6700 + secrets.randbelow(3300))
        if not ports.taken([*ports.named()]):
            return ports.offset

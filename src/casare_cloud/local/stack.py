"""The embedded stack put together: which children run, in which order, and what the first start makes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.console import Console
from rich.markup import escape

from casare_cloud.config import ConfigurationError, Settings
from casare_cloud.local import auth_program
from casare_cloud.local.context import context_of_stack
from casare_cloud.local.demo_tenant import (
    DEMO_EMAIL,
    DEMO_USERNAME,
    ForeignDemo,
    is_demo_there,
    make_demo_tenant,
)
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.leftovers import end_leftovers
from casare_cloud.local.migration_history import apply_migrations
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.schema import project_root
from casare_cloud.local.state import STACK_MARK, Ports, Secrets, StateFolder, write_private
from casare_cloud.local.supervisor import Part, PostgresPart, ProcessPart, Supervisor
from casare_cloud.preflight.checks import check
from casare_cloud.preflight.findings import Finding

EMBEDDED = "embedded"  # the project that is kept in the folder itself, on whatever ports
PROJECT_VARIABLES = (
    "SUPABASE_URL",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_SECRET_KEY",
    "DATABASE_URL",
    "CASARE_SIGNING_KEY",
)
FUNCTIONS = ("orchestrator", "automation", "webhooks", "gateway", "dashboard")
PLATFORM_ROLES = ("authenticator", "supabase_auth_admin", "supabase_realtime_admin", "supabase_admin", "postgres")


DemoJob = Callable[[Mapping[str, str], Path], Awaitable[list[str]]]
"""Runs one demo job in a folder against a stack's environment; returns the lines that the banner shows of it."""


@dataclass(frozen=True)
class Options:
    """What `casare-cloud up` was asked for."""

    ports: Ports | None  # None: those that are published, or the nearest that are free
    fresh: bool = False
    pg_bindir: Path | None = None
    use_supabase: bool = False
    auth_bin: Path | None = None  # the real Auth instead of the emulated one


class Stack:
    """One run of the embedded stack, from the lock to the last child's end."""

    def __init__(self, state: StateFolder, options: Options, console: Console, run_demo: DemoJob) -> None:
        self._run_demo = run_demo
        self._state = state
        self._options = options
        self._ports = options.ports or Ports()
        self._remark = ""  # what the banner adds
        self._console = console
        self._project = os.environ.get("SUPABASE_URL", "") if options.use_supabase else EMBEDDED
        self._started_at = time.time()
        self._supervisor = Supervisor(self._part_changed)
        self._is_ready = False

    @property
    def _mark(self) -> dict[str, str]:
        return {STACK_MARK: self._state.mark()}

    async def run(self) -> None:
        """Start everything, print the banner, wait for SIGINT or SIGTERM, stop everything."""
        if not self._state.lock():
            raise LocalStackError("The stack is already running. See `casare-cloud status`.")
        if left := end_leftovers(self._state):
            self._console.print(f"Ended {left}, which a stack that was killed had left behind.")
        if self._options.fresh:
            self._state.erase()
        self._state.create()
        self._state.banner_file.unlink(missing_ok=True)
        if self._options.ports is None:
            self._choose_ports()
        stop = asyncio.Event()
        for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                await starting
                await stopping
        finally:
            stopping.cancel()
            if self._supervisor.parts:
                self._console.print("Stopping …")
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self._supervisor.stop()
            self._write_info()

    @property
    def _served(self) -> list[str]:
        """Who needs a port of its own."""
        if self._options.use_supabase:
            return [*FUNCTIONS]
        return ["platform", "postgres", *FUNCTIONS, *(["auth"] if self._options.auth_bin else [])]

    def _choose_ports(self) -> None:
        taken = Ports().taken(self._served)
        if not taken:
            return
        self._ports = Ports.nearest_free(self._served)
        self._remark = (
            f"Another program uses port {', '.join(taken)}: all ports are {self._ports.offset} higher this time.\n"
        )
        self._console.print(self._remark, end="", markup=False)

    async def _start(self) -> None:
        env = await (self._use_supabase() if self._options.use_supabase else self._start_embedded())
        await asyncio.gather(*(self._start_function(name, env) for name in FUNCTIONS))
        self._state.write_env(env)
        demo_job: list[str] = []
        if "ROBOT_API_KEY" not in env:
            demo = await self._make_demo_tenant(env)
            env |= demo
            self._state.write_env(env)
            demo_job = await self._run_demo({**env, **self._mark}, self._state.path / "demo")
        self._is_ready = True
        self._write_info()
        self._print_banner(env, demo_job)

    async def _make_demo_tenant(self, env: Mapping[str, str]) -> dict[str, str]:
        """Make the demo tenant and remember it: its password before it is used, so that it is never lost."""
        password = {"DEMO_PASSWORD": env["DEMO_PASSWORD"]}
        self._state.keep_demo(self._project, password)
        try:
            demo = password | await make_demo_tenant(env, self._way_out())
        except ForeignDemo:
            self._state.keep_demo(self._project, {})
            raise
        self._state.keep_demo(self._project, demo)
        return demo

    async def _start_embedded(self) -> dict[str, str]:
        """Start Postgres and the platform emulators; return the environment of everything else."""
        auth_bin = self._options.auth_bin
        self._ports.refuse_taken(self._served)
        server = PostgresServer(
            self._state.postgres_data,
            self._ports.postgres,
            bindir=self._options.pg_bindir,
            secrets_file=self._state.path / "database-passwords.json",
            auth_bin=auth_bin,
        )
        await self._supervisor.start(PostgresPart(server))
        await asyncio.to_thread(_prepare_database, server)
        env = self._environment(self._state.secrets(), server.dsn("casare_functions"))
        auth_url = await self._start_auth(auth_bin, server) if auth_bin else ""
        await self._start_process(
            "platform",
            [sys.executable, "-m", "casare_cloud.local.platform"],
            {
                **os.environ,
                "CASARE_HOME": str(self._state.path),
                "CASARE_PORT_OFFSET": str(self._ports.offset),
                **{f"CASARE_DSN_{role.upper()}": server.dsn(role) for role in PLATFORM_ROLES},
                "CASARE_RUN_CRON": "" if server.has_pg_cron else "1",
                "CASARE_AUTH_URL": auth_url,
            },
            env["SUPABASE_URL"],
            "/auth/v1/health",
            {"apikey": env["SUPABASE_PUBLISHABLE_KEY"]},
        )
        return env

    async def _start_auth(self, program: Path, server: PostgresServer) -> str:
        """Start the real Auth for the platform to hand requests on to; answer its URL."""
        url = f"http://127.0.0.1:{self._ports.auth}"
        context = context_of_stack(self._state.secrets(), self._ports, server.dsn, url)
        await self._start_process("auth", [str(program), "serve"], auth_program.environment(context), url, "/health")
        return url

    def _environment(self, secrets: Secrets, database_url: str) -> dict[str, str]:
        dashboard = f"http://127.0.0.1:{self._ports.dashboard}"
        origins = os.environ.get("CASARE_ALLOWED_ORIGINS", "").split(",")
        return {
            "ORCHESTRATOR_URL": f"http://127.0.0.1:{self._ports.orchestrator}",
            "AUTOMATION_URL": f"http://127.0.0.1:{self._ports.automation}",
            "WEBHOOKS_URL": f"http://127.0.0.1:{self._ports.webhooks}",
            "DASHBOARD_URL": dashboard,
            "CASARE_ALLOWED_ORIGINS": "*" if "*" in origins else ",".join([*filter(None, origins), dashboard]),
            "GATEWAY_URL": f"ws://127.0.0.1:{self._ports.gateway}",
            "SUPABASE_URL": f"http://127.0.0.1:{self._ports.platform}",
            "SUPABASE_PUBLISHABLE_KEY": secrets.publishable_key,
            "SUPABASE_SECRET_KEY": secrets.secret_key,
            "DATABASE_URL": database_url,
            "CASARE_SIGNING_KEY": secrets.signing_key,
            "CASARE_SECRET_KEYS": os.environ.get("CASARE_SECRET_KEYS") or secrets.secret_keys,
            "CASARE_LOCAL": "1",
            "WORKFLOWS_DIR": os.environ.get("WORKFLOWS_DIR") or str(self._state.path / "workflows"),
            "DEMO_EMAIL": DEMO_EMAIL,
            "DEMO_USERNAME": DEMO_USERNAME,
            "DEMO_PASSWORD": secrets.demo_password,
            **self._state.demo_of(self._project),
        }

    async def _use_supabase(self) -> dict[str, str]:
        """Take Supabase from the environment instead of the embedded one, if it is fit; else say all that is wrong."""
        env = self._environment(self._state.secrets(), "")
        env |= {name: os.environ.get(name, "") for name in PROJECT_VARIABLES}
        if password := os.environ.get("DEMO_PASSWORD"):
            env["DEMO_PASSWORD"] = password
        try:
            settings = Settings.from_environment({**os.environ, **env})
        except ConfigurationError as problem:
            raise LocalStackError(str(problem)) from problem
        problems = [finding.sentence for finding in await self._preflight(settings)]
        try:
            self._ports.refuse_taken(self._served)
        except LocalStackError as problem:
            problems.append(str(problem))
        if problems:
            raise LocalStackError("Nothing was started.\n" + "\n".join(f"- {problem}" for problem in problems))
        is_known = bool(password or self._state.demo_of(self._project))
        if not is_known and await is_demo_there(env["DATABASE_URL"]):
            sentence = f"The demo user {DEMO_EMAIL} is there, and nobody here knows its password."
            raise LocalStackError(f"{sentence} {self._way_out()}")
        return env

    async def _preflight(self, settings: Settings) -> list[Finding]:
        """What keeps the stack from starting; what could not be checked is printed."""
        found = await check(settings, thoroughly=True)
        for doubt in found:
            if doubt.is_doubt:
                self._console.print(doubt.sentence, markup=False)
        return [finding for finding in found if not finding.is_doubt]

    async def _start_function(self, name: str, env: dict[str, str]) -> None:
        port, main = self._ports.named()[name], project_root() / "functions" / name / "main.py"
        own = {"HOST": "127.0.0.1", "PORT": str(port), "FUNCTION_TARGET": name, "FUNCTION_SOURCE": str(main)}
        own |= {"FUNCTION_SIGNATURE_TYPE": "http", "FORWARDED_ALLOW_IPS": ""}
        program = {
            # Documents 000 and 004 have the sockets on the port of their endpoints, too.
            "orchestrator": ["-m", "casare_cloud.local.one_port"],
            "automation": ["-m", "casare_cloud.local.one_port"],
            "gateway": [str(main)],
        }.get(name, ["-m", "functions_framework", "--host=127.0.0.1", f"--port={port}"])
        url = env[f"{name.upper()}_URL"].replace("ws://", "http://", 1)
        await self._start_process(name, [sys.executable, *program], {**os.environ, **env, **own}, url, "/health/ready")

    async def _start_process(
        self,
        name: str,
        argv: list[str],
        env: dict[str, str],
        url: str,
        path: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        log = self._state.logs / f"{name}.log"
        part = ProcessPart(name, url, log, argv, {**env, **self._mark}, is_ready=_answers(url + path, headers))
        await self._supervisor.start(part)

    def _way_out(self) -> str:
        """What a person can do when the demo user is not ours."""
        if not self._options.use_supabase:
            return "Start over with `casare-cloud up --fresh`; that erases the local data."
        return (
            "Set DEMO_PASSWORD to it (whoever ran `casare-cloud up --supabase` first has it in .casare/env), "
            "or delete that user in the project."
        )

    def _part_changed(self, part: Part, sentence: str) -> None:
        if self._is_ready or part.restarts:
            self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {escape(sentence)}")
        self._write_info()

    def _write_info(self) -> None:
        self._state.write_info(
            {
                "pid": os.getpid(),
                "is_ready": self._is_ready,
                "port_offset": self._ports.offset,
                "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started_at)),
                "parts": [
                    {
                        "name": part.name,
                        "state": part.state,
                        "pid": part.pid,
                        "restarts": part.restarts,
                        "address": part.address,
                        "log": str(part.log),
                    }
                    for part in self._supervisor.parts
                ],
            }
        )

    def _print_banner(self, env: dict[str, str], demo_job: list[str]) -> None:
        from casare_cloud.local.banner import banner

        text = self._remark + banner(env, self._state.env_file, demo_job, time.time() - self._started_at)
        write_private(self._state.banner_file, text)  # whole: who waits for it reads it at once
        self._console.print(text, end="", markup=False)


def _prepare_database(server: PostgresServer) -> None:
    """Bring the database to what the platform starts with, then to the newest migration."""
    server.bootstrap()
    apply_migrations(server.dsn("postgres"))
    server.give_functions_password()
    server.wake_cron()


def _answers(url: str, headers: Mapping[str, str] | None) -> Callable[[], Awaitable[bool]]:
    """A check that the URL answers 200."""
    client = httpx2.AsyncClient(timeout=2.0, trust_env=False, headers=headers)

    async def check() -> bool:
        try:
            return (await client.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False

    return check

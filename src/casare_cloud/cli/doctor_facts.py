"""What `casare-cloud doctor` looks at: a description of machine, folder, stack, settings and database.

Collecting is apart from judging (`doctor_checks`): a check is a function of this description, so that every fault can
be tried without having it. None stands for what could not be looked at.
"""

import asyncio
import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casare_cloud.config import ConfigurationError, Settings
from casare_cloud.preflight.findings import Finding

MODULES = ("bcrypt", "cryptography", "fastapi", "functions_framework", "httpx2", "psycopg", "uvicorn", "websockets")
PRIVATE_FILES = ("env", "secrets.json", "database-passwords.json", "demos.json")
ROBOT_KEY = "ROBOT_API_KEY"


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the running stack."""

    name: str
    address: str
    answers: bool
    restarts: int
    log: str


@dataclass(frozen=True, slots=True)
class Database:
    """What the owner sees; `health` are the rows of `private.queue_health()`."""

    seconds_ahead: float  # how much its clock is ahead of this machine's
    connections: int
    most_connections: int
    cron_jobs: tuple[str, ...]
    dispatcher_seconds: float | None  # since the dispatcher last did anything
    dead_letters: int  # of the last day, which nobody looked after
    robots_online: int
    robots_quarantined: tuple[str, ...]
    robots_deaf: tuple[str, ...]
    robots_twice: tuple[str, ...]  # two processes act as one robot
    waiting_jobs: int
    robot_key: str | None  # good, unknown, revoked, expired; None: there is no such key in the environment
    health: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything there is to judge."""

    python: tuple[int, int]
    system: str
    missing_modules: tuple[str, ...]
    files_problem: str | None  # of what a wheel or a checkout brings
    postgres_problem: str | None
    postgres_version: int | None
    file_handles: int
    free_bytes: int
    folder: Path
    is_folder_writable: bool
    open_files: Mapping[str, int]  # private files that others may read, with their modes
    env_problem: str | None  # of .casare/env
    secrets_problem: str | None
    data_version: int | None
    stack_pid: int | None
    is_ready: bool
    leftovers: str
    taken_ports: tuple[str, ...]  # of a stack that does not run
    parts: tuple[Part, ...]
    overridden: tuple[str, ...]  # variables whose value here is not that of the running stack
    env: Mapping[str, str] = field(repr=False)
    settings_problem: str | None
    findings: tuple[Finding, ...] | None  # of the preflight
    database: Database | None
    database_problem: str | None  # why the owner could not look


async def collect(owner_url: str | None) -> Facts:
    """Look at everything, within a few seconds; nothing is changed."""
    from casare_cloud.local.leftovers import find_leftovers
    from casare_cloud.local.state import Ports, StateFolder

    state = StateFolder.default()
    pid = state.holder()
    env_problem, of_stack = _read_env(state.env_file)
    env = {**of_stack, **os.environ}
    files_problem, postgres_problem, postgres_version = _look_at_programs()
    settings_problem, settings = _read_settings(env)
    is_away = pid is None and env.get("DATABASE_URL") == of_stack.get("DATABASE_URL")  # its parts, with the stack
    info = state.read_info() if pid is not None else {}
    parts, findings, (database, database_problem) = await asyncio.gather(
        _look_at_parts(info.get("parts", [])),
        _preflight(None if is_away else settings),
        _look_at_database(owner_url, env),
    )
    return Facts(
        python=sys.version_info[:2],
        system=sys.platform,
        missing_modules=tuple(name for name in MODULES if importlib.util.find_spec(name) is None),
        files_problem=files_problem,
        postgres_problem=postgres_problem,
        postgres_version=postgres_version,
        file_handles=_file_handles(),
        free_bytes=shutil.disk_usage(_existing(state.path)).free,
        folder=state.path,
        is_folder_writable=os.access(_existing(state.path), os.W_OK | os.X_OK),
        open_files=_open_files(state.path),
        env_problem=env_problem,
        secrets_problem=_read_secrets(state.path),
        data_version=_data_version(state.postgres_data),
        stack_pid=pid,
        is_ready=bool(info.get("is_ready")),
        leftovers=str(left) if pid is None and (left := find_leftovers(state)) else "",
        taken_ports=() if pid is not None else tuple(Ports().taken([*Ports().named()])),
        parts=parts,
        overridden=tuple(n for n in of_stack if pid is not None and os.environ.get(n, of_stack[n]) != of_stack[n]),
        env=env,
        settings_problem=settings_problem,
        findings=findings,
        database=database,
        database_problem=database_problem,
    )


def _look_at_programs() -> tuple[str | None, str | None, int | None]:
    from casare_cloud.local.errors import LocalStackError
    from casare_cloud.local.pg_binaries import find_binaries
    from casare_cloud.local.schema import project_root

    files_problem = postgres_problem = version = None
    try:
        project_root()
    except LocalStackError as problem:
        files_problem = str(problem)
    try:
        version = find_binaries().version
    except LocalStackError as problem:
        postgres_problem = str(problem)
    return files_problem, postgres_problem, version


def _file_handles() -> int:
    try:
        import resource
    except ImportError:  # not there on Windows
        return sys.maxsize
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())


def _open_files(folder: Path) -> dict[str, int]:
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in PRIVATE_FILES if (folder / name).exists()}
    return {name: mode for name, mode in modes.items() if mode & 0o077}


def _read_env(path: Path) -> tuple[str | None, dict[str, str]]:
    """What is wrong with the environment file, and what it says."""
    from casare_cloud.env_file import read_env_file

    if not path.exists():
        return None, {}
    try:
        values = read_env_file(path)
        text = path.read_text()
    except (OSError, ValueError) as problem:
        return f"{path} cannot be read: {problem}", {}
    wanted = ("ORCHESTRATOR_URL", "SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "DATABASE_URL", "CASARE_SIGNING_KEY")
    missing = [name for name in wanted if not values.get(name)]
    if missing:
        return f"{path} lacks {', '.join(missing)}", values
    return (None if text.endswith("\n") else f"{path} ends in the middle of a line"), values


def _read_secrets(folder: Path) -> str | None:
    import json

    for name in ("secrets.json", "database-passwords.json", "demos.json"):
        path = folder / name
        try:
            if path.exists() and not isinstance(json.loads(path.read_text()), dict):
                return f"{path} is not what a stack wrote"
        except (OSError, ValueError) as problem:
            return f"{path} cannot be read ({problem})"
    return None


def _data_version(data: Path) -> int | None:
    from casare_cloud.local.pg_binaries import data_folder

    path = data_folder(data) / "PG_VERSION"
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _read_settings(env: Mapping[str, str]) -> tuple[str | None, Settings | None]:
    from casare_cloud.key_ring import KeyRing

    try:
        settings = Settings.from_environment(env)
        KeyRing.read(settings.secret_keys)
    except ConfigurationError as problem:
        return str(problem), None
    return None, settings


async def _preflight(settings: Settings | None) -> tuple[Finding, ...] | None:
    if settings is None or not settings.database_url:
        return None
    from casare_cloud.preflight.checks import check

    return tuple(await check(settings))


async def _look_at_parts(parts: list[dict[str, Any]]) -> tuple[Part, ...]:
    from casare_cloud.local.probes import answering

    answers = await answering([part["address"] for part in parts])
    return tuple(
        Part(part["name"], part["address"], answer, part["restarts"], part["log"])
        for part, answer in zip(parts, answers, strict=True)
    )


async def _look_at_database(url: str | None, env: Mapping[str, str]) -> tuple[Database | None, str | None]:
    if url is None:
        return None, "nobody said how the owner logs in (CASARE_OWNER_DATABASE_URL)"
    import psycopg

    from casare_cloud.cli.db_connection import NO_CONNECTION, parts_of

    if parts_of(url) is None:
        return None, NO_CONNECTION
    try:
        return await asyncio.to_thread(look_as_owner, url, env.get(ROBOT_KEY)), None
    except psycopg.Error as problem:
        return None, str(problem.diag.message_primary or problem).strip().splitlines()[0]


def look_as_owner(url: str, robot_key: str | None) -> Database:
    """The database as its owner sees it; raises psycopg's errors."""
    import time

    import psycopg
    from psycopg.rows import dict_row

    from casare_cloud.cli import queries
    from casare_cloud.identity import hash_of_key

    with psycopg.connect(
        url, autocommit=True, row_factory=dict_row, connect_timeout=3, application_name="casare-cloud doctor"
    ) as connection:
        key_hash = None if robot_key is None else hash_of_key(robot_key)
        before = time.time()
        row = connection.execute(queries.DOCTOR, {"key_hash": key_hash}).fetchone()
        assert row is not None
        now = (before + time.time()) / 2
        health = connection.execute(queries.QUEUE_HEALTH).fetchall()
    seconds_ahead = float(row.pop("epoch")) - now
    names: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Database(seconds_ahead=seconds_ahead, health=tuple(health), **names)

"""A local PostgreSQL with the platform's roles and schemas: the floor of the embedded stack and of the tests."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from casare_cloud.local import auth_program, schema
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.pg_binaries import find_binaries, reachable_binaries, reachable_data_dir, server_account
from casare_cloud.local.processes import (
    end_server_of,
    environment_for_postgres,
    free_port,
    kill_orphans_in,
    port_is_free,
    wait_until,
)

SUPERUSER = "supabase_admin"
CRON_DATABASE = "postgres"
LOGINS = (SUPERUSER, "postgres", "authenticator", "supabase_auth_admin", "supabase_realtime_admin", "casare_functions")
BOOTSTRAP = Path(__file__).parent / "bootstrap"


class PostgresServer:
    """One cluster in one folder.

    `port` 0 picks a free one at each start. `fast` trades durability for speed: for tests only. `trust` asks nobody for
    a password; otherwise passwords are generated and kept in `secrets_file` (default: `secrets.json` beside the data).
    `auth_bin` is the real Auth, whose migrations every bootstrap then runs.
    Use it as a context manager, or call `start` and `stop`. Every refusal is a `LocalStackError` with one sentence.
    """

    def __init__(
        self,
        data_dir: Path | str,
        port: int = 0,
        bindir: Path | str | None = None,
        *,
        fast: bool = False,
        trust: bool = False,
        secrets_file: Path | str | None = None,
        auth_bin: Path | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        self.account = server_account()
        self.asked_dir = Path(data_dir).absolute()
        self.port = port
        self.binaries = reachable_binaries(find_binaries(Path(bindir) if bindir else None), self.account)
        self.fast = fast
        self.process: subprocess.Popen[bytes] | None = None
        self._any_port = port == 0
        self._trust = trust
        self._secrets_file = Path(secrets_file) if secrets_file else self.asked_dir.parent / "secrets.json"
        self._auth_bin = auth_bin
        self._start_timeout = start_timeout
        self._data_dir: Path | None = None
        self._is_given_up = threading.Event()

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def version(self) -> int:
        """The server's major version."""
        return self.binaries.version

    @property
    def has_pg_cron(self) -> bool:
        """Whether the server runs the real pg_cron (in the database `postgres` only)."""
        return self.binaries.has_pg_cron

    @property
    def data_dir(self) -> Path:
        """Where the data really is: the asked-for folder, or the one that its file `moved-to` names."""
        if self._data_dir is None:
            self._data_dir = reachable_data_dir(self.asked_dir, self.account)
        return self._data_dir

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The passwords of the login roles, made at first use; none when the server trusts everyone."""
        return {} if self._trust else _load_passwords(self._secrets_file)

    @property
    def log_file(self) -> Path:
        """What the server writes."""
        return self.data_dir / "server.log"

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the server, making the cluster first when there is none; returns when it accepts connections."""
        if self.is_running():
            return
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._check_version()
        end_server_of(self.data_dir)
        self._write_settings()
        self._give_superuser_password()
        for attempt in range(5):
            if self._any_port:
                self.port = free_port()
            elif not port_is_free(self.port):
                raise LocalStackError(
                    f"Port {self.port} is in use, so PostgreSQL cannot have it. Stop what uses it or choose another."
                )
            self._write_settings()
            try:
                self._launch()
                break
            except _StillThere:
                if attempt == 4:
                    raise LocalStackError(f"PostgreSQL did not start: {self._last_words()}") from None
                kill_orphans_in(self.data_dir)
                time.sleep(0.2)
        self._prepare_roles()

    def give_up(self) -> None:
        """Ends a start that another thread is in with a `LocalStackError`, and refuses those that come later."""
        self._is_given_up.set()

    def stop(self) -> None:
        """Stops the server cleanly; does nothing when it does not run."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(15)

    def is_running(self) -> bool:
        """Whether the server that this object started still lives."""
        return self.process is not None and self.process.poll() is None

    def remove_data(self) -> None:
        """Stops the server and deletes the cluster, wherever it was kept."""
        self.stop()
        for folder in {self.data_dir, self.asked_dir}:
            shutil.rmtree(folder, ignore_errors=True)
        self._data_dir = None

    # --- connections ----------------------------------------------------------------------------------------------

    def dsn(self, user: str = "postgres", database: str = "postgres") -> str:
        """The URL with which a login role reaches a database."""
        password = self.passwords.get(user)
        login = quote(user) if password is None else f"{quote(user)}:{quote(password)}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(database)}"

    def connect(self, user: str = SUPERUSER, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """An autocommitting connection, by default the superuser's."""
        return psycopg.connect(self.dsn(user, database), autocommit=True, connect_timeout=10)

    # --- databases ------------------------------------------------------------------------------------------------

    def create_database(self, name: str, template: str = "template0") -> None:
        """Makes a database that postgres owns, empty or as a copy of another one without connections."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create database {} owner postgres template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def drop_database(self, name: str) -> None:
        """Drops a database, if it is there, and ends the connections to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def bootstrap(self, database: str = "postgres", auto_expose: bool = False) -> None:
        """Gives a database what a fresh one on the platform has; harmless when it has it already.

        `auto_expose`: whether new objects in `public` are granted to the API roles without being asked. The platform
        has both settings in use, so nothing may depend on either.
        """
        with self.connect() as connection:
            exists = connection.execute("select from pg_database where datname = %s", [database]).fetchone()
        if exists is None:
            self.create_database(database)
        self._make_platform_schemas(database, auto_expose)
        if self._auth_bin is not None:
            auth_program.migrate(self._auth_bin, self.dsn("supabase_auth_admin", database))

    def _make_platform_schemas(self, database: str, auto_expose: bool) -> None:
        with self.connect(database=database) as connection, connection.transaction():
            if connection.execute("select to_regnamespace('auth')").fetchone() != (None,):
                connection.execute("select realtime.ensure_partitions()")
                return
            cron = "extension" if self.has_pg_cron and database == CRON_DATABASE else "standin"
            exposure = "on" if auto_expose else "off"
            for name in ("20_extensions", "30_auth", "40_realtime", f"50_cron_{cron}", f"60_expose_{exposure}"):
                schema.execute_file(connection, BOOTSTRAP / f"{name}.sql")

    def load_schema(self, database: str = "postgres") -> schema.LoadResult:
        """Brings a database to the state that `sql/` describes, as the role postgres; see `schema.load`."""
        with self.connect(database=database) as superuser, self.connect("postgres", database) as connection:
            result = schema.load(superuser, connection)
        self.give_functions_password()
        if database == CRON_DATABASE:
            self.wake_cron()
        return result

    def wake_cron(self) -> None:
        """Makes pg_cron look at its jobs again: 1.4 misses those that came with the transaction it first saw."""
        if self.has_pg_cron:
            with self.connect(database=CRON_DATABASE) as superuser:
                superuser.execute("update cron.job set active = active")

    def give_functions_password(self) -> None:
        """Lets the cloud functions' role log in, once the schema has made it."""
        with self.connect() as superuser:
            self._set_password(superuser, "casare_functions")

    # --- internals ------------------------------------------------------------------------------------------------

    def _initdb(self) -> None:
        data_dir = self.data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o700)
        self.account.give(data_dir)
        command = [
            self.binaries.program("initdb"), f"--pgdata={data_dir}", f"--username={SUPERUSER}", "--encoding=UTF8",
            "--no-sync", "--no-instructions", "--auth=trust",
        ]  # fmt: skip
        if self.version >= 17:
            locales = [["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        else:
            locales = [["--locale=C.UTF-8"], ["--no-locale"]]
        answer = None
        for locale in locales:
            answer = self.account.run([*command, *locale], env=environment_for_postgres())
            if answer.returncode == 0:
                return
        words = answer.stderr.strip() if answer else ""
        raise LocalStackError(f"initdb could not make a cluster in {data_dir}: {words}")

    def _check_version(self) -> None:
        made_by = int((self.data_dir / "PG_VERSION").read_text())
        if made_by != self.version:
            raise LocalStackError(
                f"The data in {self.asked_dir} is of PostgreSQL {made_by}; {self.binaries.bindir} is {self.version}. "
                "Start over with --fresh, or name the older binaries in CASARE_PG_BINDIR."
            )

    def _write_settings(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port or 5432),
            "unix_socket_directories": socket_folder(self.data_dir),
            "wal_level": "logical",
            "max_connections": "120",
            "max_wal_senders": "5",
            "max_worker_processes": "16",
            "max_parallel_workers_per_gather": "0",
            "shared_buffers": "32MB" if self.fast else "128MB",
            "max_wal_size": "1GB",
            "min_wal_size": "64MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "statement_timeout": "120s",
            "password_encryption": "scram-sha-256",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "log_min_messages": "warning",
            "log_checkpoints": "off",
        }
        if self.fast:
            settings |= {
                "fsync": "off",
                "full_page_writes": "off",
                "autovacuum_naptime": "60s",
            }
        if self.has_pg_cron:
            settings |= {
                "shared_preload_libraries": "pg_cron",
                "cron.database_name": CRON_DATABASE,
                "cron.use_background_workers": "on",
            }
        text = "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())
        self._write("postgresql.conf", "# Written at every start by casare_cloud.local.postgres.\n" + text)
        method = "trust" if self._trust else "scram-sha-256"
        self._write("pg_hba.conf", f"local all all {method}\nhost all all 127.0.0.1/32 {method}\n")

    def _write(self, name: str, text: str) -> None:
        path = self.data_dir / name
        path.write_bytes(os.fsencode(text))
        path.chmod(0o600)
        self.account.give(path)

    def _launch(self) -> None:
        self._refuse_when_given_up()
        log_file = self.log_file
        start_of_log = log_file.stat().st_size if log_file.exists() else 0
        with log_file.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                [self.binaries.program("postgres"), "-D", str(self.data_dir)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment_for_postgres(),
                start_new_session=True, **self.account.popen_options(),
            )  # fmt: skip
        process, lock = self.process, self.data_dir / "postmaster.pid"

        def ready_or_dead() -> bool:
            if process.poll() is not None or self._is_given_up.is_set():
                return True
            with contextlib.suppress(OSError):
                lines = os.fsdecode(lock.read_bytes()).split("\n")
                return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"
            return False

        ended = wait_until(ready_or_dead, self._start_timeout)
        if process.poll() is not None:
            self.process = None
            words = log_file.read_text(errors="replace")[start_of_log:]
            if any(sign in words for sign in ("shared memory block", "lock file", "Address already in use")):
                raise _StillThere
            raise LocalStackError(f"PostgreSQL did not start: {self._last_words()}")
        if not ended:
            self.stop()
            raise LocalStackError(f"PostgreSQL was not ready after {self._start_timeout:g} s; see {log_file}.")
        self._refuse_when_given_up()

    def _refuse_when_given_up(self) -> None:
        if self._is_given_up.is_set():
            raise LocalStackError("PostgreSQL was told to stop while it started.")

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").strip().split("\n")
        telling = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line or "ERROR" in line]
        return (telling or lines)[-1] + f" (see {self.log_file})"

    def _prepare_roles(self) -> None:
        """Makes the cluster's roles once, and gives them the passwords of the secrets file."""
        marker, wanted = self.data_dir / "casare-roles", self._roles_digest()
        if marker.exists() and marker.read_text() == wanted:
            return
        with self.connect() as connection, connection.transaction():
            schema.execute_file(connection, BOOTSTRAP / "10_roles.sql")
            connection.execute("alter database postgres owner to postgres")
            for role in LOGINS:
                self._set_password(connection, role)
        marker.write_text(wanted)

    def _roles_digest(self) -> str:
        text = (BOOTSTRAP / "10_roles.sql").read_text() + json.dumps(self.passwords, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _give_superuser_password(self) -> None:
        """Sets it without a server, so that no moment exists in which anyone may connect without one."""
        marker = self.data_dir / "casare-roles"
        if self._trust or (marker.exists() and marker.read_text() == self._roles_digest()):
            return
        command = [self.binaries.program("postgres"), "--single", "-D", str(self.data_dir), "postgres"]
        statement = f"alter role {SUPERUSER} password '{self.passwords[SUPERUSER]}'\n"
        answer = self.account.run(command, env=environment_for_postgres(), text=statement)
        if answer.returncode != 0 or "ERROR" in answer.stderr:
            raise LocalStackError(f"The superuser's password could not be set: {answer.stderr.strip()}")

    def _set_password(self, connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
        password = self.passwords.get(role)
        if password and connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is not None:
            connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))


def socket_folder(folder: Path) -> str:
    """The folder, when a socket can be in it: its path is short in bytes, and the setting is a list with commas."""
    return str(folder) if len(os.fsencode(folder)) < 80 and "," not in str(folder) else ""


def quoted(value: str) -> str:
    """A value as `postgresql.conf` reads it back."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


class _StillThere(Exception):
    """A process of a server that was killed still holds its memory, or another program took the port."""


def _load_passwords(path: Path) -> dict[str, str]:
    stored = json.loads(path.read_text()) if path.exists() else {}
    passwords: dict[str, str] = stored.setdefault("database_passwords", {})
    missing = [role for role in LOGINS if role not in passwords]
    if missing:
        passwords.update({role: secrets.token_urlsafe(24) for role in missing})
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(stored, file, indent=2)
        partial.replace(path)
    return passwords

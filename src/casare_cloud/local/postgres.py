"""A local PostgreSQL with the platform's roles and schemas: the floor of the embedded stack and of the tests."""

import hashlib
import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from casare_cloud.local import auth_program, schema
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.pg_process import CRON_DATABASE, SUPERUSER, PostgresProcess
from casare_cloud.local.processes import environment_for_postgres

LOGINS = (SUPERUSER, "postgres", "authenticator", "supabase_auth_admin", "supabase_realtime_admin", "casare_functions")
BOOTSTRAP = Path(__file__).parent / "bootstrap"


class PostgresServer(PostgresProcess):
    """A PostgreSQL with the platform's roles and databases.

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
        super().__init__(data_dir, port, bindir, fast=fast, trust=trust, start_timeout=start_timeout)
        self._secrets_file = Path(secrets_file) if secrets_file else self.asked_dir.parent / "secrets.json"
        self._auth_bin = auth_bin

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The passwords of the login roles, made at first use; none when the server trusts everyone."""
        return {} if self._trust else _load_passwords(self._secrets_file)

    def start(self) -> None:
        """Starts the server, making the cluster first when there is none; returns when it accepts connections."""
        if self.is_running():
            return
        self._make_cluster()
        self._give_superuser_password()
        self._run()
        self._prepare_roles()

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

    # --- roles ------------------------------------------------------------------------------------------------

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

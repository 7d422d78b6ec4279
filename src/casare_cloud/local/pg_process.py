"""The process of a local PostgreSQL: a cluster in a folder, its settings, and the server over it."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

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


class PostgresProcess:
    """One cluster in one folder, and its server: made, started after any kind of end, and stopped.

    `port` 0 picks a free one at each start. `fast` trades durability for speed: for tests only. `trust` asks nobody for
    a password. Every refusal is a `LocalStackError` with one sentence.
    """

    def __init__(
        self,
        data_dir: Path | str,
        port: int,
        bindir: Path | str | None,
        *,
        fast: bool,
        trust: bool,
        start_timeout: float,
    ) -> None:
        self.account = server_account()
        self.asked_dir = Path(data_dir).absolute()
        self.port = port
        self.binaries = reachable_binaries(find_binaries(Path(bindir) if bindir else None), self.account)
        self.fast = fast
        self.process: subprocess.Popen[bytes] | None = None
        self._any_port = port == 0
        self._trust = trust
        self._start_timeout = start_timeout
        self._data_dir: Path | None = None
        self._is_given_up = threading.Event()

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

    @property
    def log_file(self) -> Path:
        """What the server writes."""
        return self.data_dir / "server.log"

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

    def _make_cluster(self) -> None:
        """Makes the cluster when there is none, and ends a server that somebody left running over it."""
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._check_version()
        end_server_of(self.data_dir)
        self._write_settings()

    def _run(self) -> None:
        """Starts the server; returns when it accepts connections."""
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
                return
            except _StillThere:
                if attempt == 4:
                    raise LocalStackError(f"PostgreSQL did not start: {self._last_words()}") from None
                kill_orphans_in(self.data_dir)
                time.sleep(0.2)

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
        self._write("postgresql.conf", "# Written at every start by casare_cloud.local.pg_process.\n" + text)
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


def socket_folder(folder: Path) -> str:
    """The folder, when a socket can be in it: its path is short in bytes, and the setting is a list with commas."""
    return str(folder) if len(os.fsencode(folder)) < 80 and "," not in str(folder) else ""


def quoted(value: str) -> str:
    """A value as `postgresql.conf` reads it back."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


class _StillThere(Exception):
    """A process of a server that was killed still holds its memory, or another program took the port."""

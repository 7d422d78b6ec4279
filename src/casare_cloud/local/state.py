"""What the embedded stack keeps between starts: folders, ports, secrets and the environment file."""

import base64
import fcntl
import json
import os
import secrets
import shlex
import shutil
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from casare_cloud.env_file import find_stack_folder, read_env_file
from casare_cloud.key_ring import new_secret_keys
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.processes import port_is_free

MOST_OFFSET = 10000
STACK_MARK = "CASARE_STACK_MARK"  # in the environment of a stack's processes; tells them from all others


@dataclass(frozen=True)
class Ports:
    """The published ports, all moved by one offset."""

    offset: int = 0

    @property
    def platform(self) -> int:
        return 54321 + self.offset

    @property
    def postgres(self) -> int:
        return 54322 + self.offset

    @property
    def auth(self) -> int:
        """Where the real Auth serves, when it runs in the emulator's place; clients go through the platform's port."""
        return 54323 + self.offset

    @property
    def orchestrator(self) -> int:
        return 8000 + self.offset

    @property
    def automation(self) -> int:
        return 8001 + self.offset

    @property
    def dashboard(self) -> int:
        return 8002 + self.offset

    @property
    def webhooks(self) -> int:
        return 8766 + self.offset

    @property
    def gateway(self) -> int:
        return 8765 + self.offset

    def named(self) -> dict[str, int]:
        ports = {"platform": self.platform, "postgres": self.postgres, "auth": self.auth}
        functions = {"orchestrator": self.orchestrator, "automation": self.automation, "webhooks": self.webhooks}
        return ports | functions | {"gateway": self.gateway, "dashboard": self.dashboard}

    def taken(self, names: Sequence[str]) -> list[str]:
        """Those of the ports that another program has, with the names of who would serve there."""
        wanted = {name: port for name, port in self.named().items() if name in names}
        return [f"{port} ({name})" for name, port in wanted.items() if is_listening(port) or not port_is_free(port)]

    def refuse_taken(self, names: Sequence[str]) -> None:
        """Raise `LocalStackError` when another program has one of the ports."""
        if taken := self.taken(names):
            raise LocalStackError(
                f"Another program uses port {', '.join(taken)}. Stop it, or leave --port-offset out: "
                "`casare-cloud up` then looks for free ports."
            )

    @staticmethod
    def nearest_free(names: Sequence[str]) -> "Ports":
        """The published ports if all are free, else the nearest hundred above them that is."""
        for offset in range(0, MOST_OFFSET + 1, 100):
            ports = Ports(offset)
            if not ports.taken(names):
                return ports
        raise LocalStackError(f"No {len(names)} ports are free up to --port-offset {MOST_OFFSET}. Stop some program.")


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Secrets:
    """Keys and tokens of one local stack, made once and kept in `secrets.json` (mode 0600)."""

    publishable_key: str
    secret_key: str
    jwt_secret: str
    signing_key: str  # private ES256 JWK as JSON
    demo_password: str
    secret_keys: str

    @staticmethod
    def generate() -> "Secrets":
        return Secrets(
            publishable_key="sb_publishable_" + secrets.token_urlsafe(24),
            secret_key="sb_secret_" + secrets.token_urlsafe(32),
            jwt_secret=secrets.token_urlsafe(48),
            signing_key=json.dumps(new_signing_key()),
            demo_password="Demo-" + secrets.token_urlsafe(9) + "1a",
            secret_keys=new_secret_keys(),
        )


def new_signing_key() -> dict[str, str]:
    """A private ES256 key as a JWK with a `kid` (RFC 7517)."""
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()

    def encoded(value: int) -> str:
        return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()

    return {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": str(uuid.uuid4()),
        "x": encoded(numbers.public_numbers.x),
        "y": encoded(numbers.public_numbers.y),
        "d": encoded(numbers.private_value),
    }


class StateFolder:
    """`.casare/`: data, logs, secrets, the environment file, and the lock that says a stack is running."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.env_file = path / "env"
        self.logs = path / "logs"
        self.postgres_data = path / "postgres"
        self.banner_file = path / "banner"
        self._info_file = path / "stack.json"
        self._demos_file = path / "demos.json"
        self._lock_file = path / "lock"
        self._mark_file = path / "mark"
        self._lock: int | None = None

    @staticmethod
    def default() -> "StateFolder":
        """The folder named by `CASARE_HOME`, else of the stack of this folder or one above it, else a new one here."""
        return StateFolder(find_stack_folder())

    def create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)

    def lock(self) -> bool:
        """Take the lock for this process's life, and write its id into it; False when another process holds it."""
        self.create()
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._lock = handle
        return True

    def holder(self) -> int | None:
        """The process of the running (or starting) stack; None when there is none."""
        if not self.is_locked():
            return None
        text = self._lock_file.read_text()
        return int(text) if text.isdigit() else 0

    def is_locked(self) -> bool:
        """Whether a running (or starting) stack holds the lock."""
        if self._lock is not None or not self._lock_file.exists():
            return self._lock is not None
        handle = os.open(self._lock_file, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def read_info(self) -> dict[str, Any]:
        """What the running (or last) stack wrote of itself: `pid`, `is_ready`, `port_offset`, `started_at`, `parts`."""
        try:
            info: dict[str, Any] = json.loads(self._info_file.read_text())
        except (OSError, ValueError):
            return {}
        return info

    def write_info(self, info: Mapping[str, Any]) -> None:
        write_private(self._info_file, json.dumps(info, indent=1))

    def mark(self) -> str:
        """What marks the processes of this folder's stacks, in no other folder and on no other machine; made once."""
        try:
            token = self._mark_file.read_text()
        except FileNotFoundError:
            self.create()
            token = secrets.token_hex(16)
            write_private(self._mark_file, token)
        return f"{token}:{self.path}"

    def secrets(self) -> Secrets:
        """The stack's secrets, generated at the first call."""
        path = self.path / "secrets.json"
        try:
            stored = json.loads(path.read_text())
            if "secret_keys" not in stored:  # of a stack that had no webhooks yet
                stored["secret_keys"] = new_secret_keys()
                write_private(path, json.dumps(stored, indent=1))
            return Secrets(**{field.name: stored[field.name] for field in fields(Secrets)})
        except FileNotFoundError:
            made = Secrets.generate()
            write_private(path, json.dumps(made.__dict__, indent=1))
            return made
        except (ValueError, KeyError) as problem:
            raise LocalStackError(
                f"{path} cannot be read ({problem!r}). Start over with `casare-cloud up --fresh`."
            ) from problem

    def read_env(self) -> dict[str, str]:
        """The environment file as a dictionary; empty when there is none."""
        return read_env_file(self.env_file)

    def write_env(self, values: Mapping[str, str]) -> None:
        write_private(
            self.env_file, "# Written by casare-cloud up. Keep it private: it holds keys.\n" + shell_lines(values)
        )

    def demo_of(self, project: str) -> dict[str, str]:
        """The demo tenant that was made in a project, as variables; empty when none was made there from here."""
        return self._demos().get(project, {})

    def keep_demo(self, project: str, values: Mapping[str, str]) -> None:
        """Remember the demo tenant of a project: its key is shown once, and the next start may be on another."""
        write_private(self._demos_file, json.dumps({**self._demos(), project: dict(values)}, indent=1))

    def _demos(self) -> dict[str, dict[str, str]]:
        try:
            demos: dict[str, dict[str, str]] = json.loads(self._demos_file.read_text())
        except FileNotFoundError:
            return {}
        return demos

    def has_data(self) -> bool:
        """Whether a stack left something here. Raises for a folder with files in which no stack ever was."""
        if not self.path.exists():
            return False
        names = {entry.name for entry in self.path.iterdir()}
        if self.postgres_data.name in names or "secrets.json" in names:
            return True
        if others := names - {self._lock_file.name, self._mark_file.name, self.logs.name}:
            raise LocalStackError(
                f"{self.path} is not erased: it has {sorted(others)[0]}, but neither postgres nor secrets.json of a "
                "stack. Look at CASARE_HOME."
            )
        return False

    def erase(self) -> None:
        """Remove everything but the lock. Raises as `has_data` does."""
        self.has_data()
        for entry in self.path.iterdir():
            if entry == self._lock_file:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def shell_lines(values: Mapping[str, str]) -> str:
    """Variables as lines that a shell reads as they are meant."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step."""
    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    temporary.replace(path)

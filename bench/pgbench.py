"""Runs pgbench, one process for each client, so that each can be a caller of its own."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from casare_cloud.local.pg_binaries import find_binaries

SQL = Path(__file__).parent / "sql"
Claims = Mapping[str, object]
NOBODY: Claims = {}
WARM_UP_SECONDS = 1  # not counted: sessions live long, and a new one first reads the catalog and makes its plans


@dataclass(frozen=True)
class Script:
    """One pgbench script and variables for it."""

    name: str
    variables: tuple[str, ...] = ()


class Clients:
    """Clients that work until their time is over; `rate` waits for them and says how many runs a second they did.

    `seconds` begin after `WARM_UP_SECONDS`.
    """

    def __init__(
        self,
        dsn: str,
        script: Script,
        seconds: float,
        callers: Sequence[Claims],
        *,
        is_synchronous: bool = True,
        each_per_second: int | None = None,
    ) -> None:
        parts = urlsplit(dsn)
        self.script = script
        self.runs = 0  # of the script, when `rate` has returned
        command = [
            find_binaries().program("pgbench"), "-n", "-M", "prepared", "-P", "1",
            "-T", str(WARM_UP_SECONDS + max(1, round(seconds))),
            "-f", str(SQL / f"{script.name}.pgbench"), *(f"-D{variable}" for variable in script.variables),
            *(["-R", str(each_per_second)] if each_per_second else []),
            "-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), parts.path[1:],
        ]  # fmt: skip
        self.processes = [
            subprocess.Popen(
                command,
                env={
                    **os.environ,
                    "PGPASSWORD": unquote(parts.password or ""),
                    "PGOPTIONS": _options(caller, is_synchronous),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for caller in callers
        ]

    def rate(self) -> float:
        """Runs per second of all clients together; raises when one of them failed, for example for want of jobs."""
        total = 0.0
        problem = ""
        for process in self.processes:
            output, errors = process.communicate()
            runs = re.search(r"actually processed: (\d+)", output)
            each_second = [
                float(rate) for rate in re.findall(r"^progress: [\d.]+ s, ([\d.]+) tps", errors, re.MULTILINE)
            ]
            counted = each_second[WARM_UP_SECONDS:]
            if process.returncode != 0 or not runs or not counted:
                problem = errors.strip()[-500:] or "it printed no rate"
            else:
                self.runs += int(runs[1])
                total += sum(counted) / len(counted)
        if problem:
            raise RuntimeError(f"pgbench {self.script.name}: {problem}")
        return total


def _options(caller: Claims, is_synchronous: bool) -> str:
    options = "" if is_synchronous else "-c synchronous_commit=off "
    if caller:
        text = json.dumps(caller, separators=(",", ":")).replace("\\", "\\\\").replace(" ", "\\ ")
        options += f"-c role=authenticated -c request.jwt.claims={text}"
    return options

"""Outcomes of jobs on disk until the service has taken or refused them: a crash or a dead network loses none."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from casare_cloud.robot.transport import Failure, Lease, LogBatch


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, with the rest of its log; `logs`: only the rest of the log, as the service has the outcome."""

    lease: Lease
    kind: Literal["completed", "failed", "released", "logs"]
    result: Mapping[str, Any] | None = None
    failure: Failure | None = None
    log_batches: Sequence[LogBatch] = ()

    @property
    def has_last_logs(self) -> bool:
        """Whether something is left to be sent after it. Of a job that was given back, the log comes before."""
        return bool(self.log_batches) and self.kind != "released"

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        data = json.loads(text)
        failure = data.get("failure")
        return cls(
            lease=Lease(data["lease"]["job_id"], int(data["lease"]["lease_token"])),
            kind=data["kind"],
            result=data.get("result"),
            failure=None if failure is None else Failure(**failure),
            log_batches=tuple(LogBatch(**batch) for batch in data.get("log_batches") or ()),
        )


class Spool:
    """A folder with one file an outcome. Files appear by rename, so that a reader never sees half of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, outcome: Outcome) -> None:
        """Keeps `outcome`; survives the end of this process, however it comes."""
        path = self._path(outcome.lease)
        half = path.with_suffix(".part")
        half.write_text(outcome.to_json(), encoding="utf-8")
        os.replace(half, path)

    def try_out(self) -> None:
        """Raises `OSError` when nothing can be kept: the disk is full or not writable."""
        probe = self._folder / "probe.part"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()

    def remove(self, lease: Lease) -> None:
        """Forgets the outcome of this lease, if there is one."""
        self._path(lease).unlink(missing_ok=True)

    def set_aside(self, lease: Lease) -> None:
        """Keeps the outcome of this lease for people only, as `.broken`."""
        path = self._path(lease)
        with suppress(OSError):
            path.replace(path.with_suffix(".broken"))

    def __iter__(self) -> Iterator[Outcome]:
        """Oldest first; a file that cannot be read is set aside as `.broken`, never in the way of the others."""
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            try:
                yield Outcome.from_json(path.read_text(encoding="utf-8"))
            except OSError:
                continue
            except (ValueError, KeyError, TypeError, RecursionError):
                with suppress(OSError):
                    path.replace(path.with_suffix(".broken"))

    def _path(self, lease: Lease) -> Path:
        return self._folder / f"{lease.job_id}.{lease.lease_token}.json"

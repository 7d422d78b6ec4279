"""`@last` in place of a job's id: the job that this person's commands made last, at the service that they call."""

import hashlib
import os
from pathlib import Path
from typing import Annotated

import typer

from casare_cloud.cli.completing import job_ids
from casare_cloud.cli.output import fail, note

LAST = "@last"


def keep_last_job(job_id: str) -> None:
    """Remember a job; a folder that cannot be written costs no more than a note."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(job_id)
    except OSError as problem:
        note(f"{LAST} is not kept: {path.parent} cannot be used: {problem.strerror}.")


def job_id_of(text: str) -> str:
    """The id that is meant; ends the command when there was no job yet."""
    if text != LAST:
        return text
    try:
        return _path().read_text()
    except OSError:
        fail(f"{LAST}: no job was made from here yet. Name one: casare-cloud jobs list shows them.", 2)


def _ids_of(texts: list[str]) -> list[str]:
    return [job_id_of(text) for text in texts]


def _optional(text: str | None) -> str | None:
    return None if text is None else job_id_of(text)


JobId = Annotated[
    str,
    typer.Argument(help="The job's id, or @last.", metavar="ID", callback=job_id_of, autocompletion=job_ids),
]
JobIds = Annotated[
    list[str],
    typer.Argument(
        help="Ids of jobs, 1,000 at most; @last.", metavar="ID...", callback=_ids_of, autocompletion=job_ids
    ),
]
OptionalJobId = Annotated[
    str | None,
    typer.Argument(
        help="The job's id, or @last; none: all jobs.", metavar="ID", callback=_optional, autocompletion=job_ids
    ),
]


def _path() -> Path:
    from casare_cloud.cli.session import environment

    service = hashlib.sha256(environment().get("ORCHESTRATOR_URL", "").encode()).hexdigest()[:12]
    folder = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(folder).expanduser() / "casare-cloud" / f"last-job-{service}"

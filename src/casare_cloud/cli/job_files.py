"""`casare-cloud jobs files`: what a job left in its folder, on the machine of the robot that ran it."""

import glob
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.last_job import JobId
from casare_cloud.cli.output import fail, note, print_json, say

if TYPE_CHECKING:
    from casare_cloud.client import Client


def job_folders(job_id: str, work_dir: Path | None = None) -> list[Path]:
    """The folders of a job's attempts on this machine, the oldest first: of robots of the stack of this folder, and of
    the one that works in `work_dir`.
    """
    from casare_cloud.local.state import StateFolder

    home = StateFolder.default().path
    of_robots = [*home.glob("robots/*/jobs"), *home.glob("agents/*/jobs"), home / "demo" / "robot" / "jobs"]
    roots = of_robots if work_dir is None else [work_dir / "jobs", *of_robots]
    found = {folder.resolve() for root in roots for folder in root.glob(f"{glob.escape(job_id)}-*") if folder.is_dir()}
    return sorted(found, key=lambda folder: (folder.stat().st_mtime, folder.name))


def files_in(folder: Path) -> list[str]:
    """The regular files of a job's folder."""
    from casare_cloud.robot.executor.sandbox import Sandbox

    return Sandbox(folder).files()


def folder_with_files(job_id: str) -> Path | None:
    """The folder of the newest attempt, if it is on this machine and there is a file in it."""
    folders = job_folders(job_id)
    return folders[-1] if folders and files_in(folders[-1]) else None


def files(
    job_id: JobId,
    wanted: Annotated[
        list[str] | None, typer.Option("--get", metavar="PATH", help="Copy this file of the job; repeat for more.")
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="The folder to copy to.", exists=True, file_okay=False)] = Path("."),
    work_dir: Annotated[
        Path | None, typer.Option("--work-dir", help="The robot's, if it was started with that option.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List or copy the files that a job left, on the machine of the robot that ran it, which keeps them for a week.

    Files stay on that machine: for another one, its name and the robot are told. Each attempt has a folder of its own;
    --get copies from the newest.

    Examples: casare-cloud jobs files @last · casare-cloud jobs files ID --get totals.csv --to /tmp
    """
    if wanted and as_json:
        fail("--json lists files and --get copies them: give one of the two.", 2)
    folders = job_folders(job_id, work_dir)
    if not folders:
        fail(run(lambda client: _where_they_are(client, job_id)))
    if wanted:
        for name in wanted:
            _copy(folders[-1], name, to)
    elif as_json:
        print_json({"job_id": job_id, "folders": [{"path": str(each), "files": files_in(each)} for each in folders]})
    else:
        for folder in folders:
            say(str(folder))
            for name in files_in(folder):
                say(f"  {name}  {(folder / name).stat().st_size:,} bytes")


async def _where_they_are(client: "Client", job_id: str) -> str:
    """Why this machine has no folder of the job, and which one may."""
    from casare_cloud.errors import ApiError
    from casare_cloud.robot.machine import hostname

    job = await client.get_job(job_id)
    robot_id = job["robot_id"]
    if robot_id is None:
        return f"Job {job_id} left no files: no robot has run it ({job['status']})."
    try:
        robot: Mapping[str, Any] = await client.get_robot(robot_id)
    except ApiError as problem:
        if problem.status not in (403, 404):
            raise
        robot = {}
    name, host = robot.get("robot_id") or robot_id, robot.get("hostname")
    listed = (job.get("result") or {}).get("files") if isinstance(job.get("result"), Mapping) else None
    left = f" It left {', '.join(map(str, listed))}." if listed else ""
    if host in (None, hostname()):
        there = "this machine, but not in a folder of this stack" if host else "a machine that is not known here"
        hint = "name the robot's --work-dir" if host else "ask whoever runs it"
        return f"Robot {name} ran job {job_id} on {there}: {hint}. After a week the folder is gone.{left}"
    return (
        f"Robot {name} ran job {job_id} on {host}, and its files are there for a week, in the robot's work folder "
        f"under jobs. They are not in the cloud: run this command on {host}, or copy them from there.{left}"
    )


def _copy(folder: Path, name: str, to: Path) -> None:
    if name not in files_in(folder):
        fail(f"{name} is no file of the job; in {folder} there are: {', '.join(files_in(folder)) or 'none'}.")
    target = to / Path(name).name
    try:
        with (folder / name).open("rb") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy)
    except FileExistsError:
        fail(f"{target} is there already: remove it, or name another folder with --to.")
    except OSError as problem:
        fail(f"{name} cannot be copied to {target}: {problem.strerror}.")
    say(str(target))


def note_files(job: Mapping[str, Any]) -> None:
    """Say on standard error where a job's files are, if they are on this machine."""
    if (folder := folder_with_files(str(job["job_id"]))) is not None:
        note(f"files in {folder}")

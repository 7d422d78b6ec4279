"""`casare-cloud jobs files`: what a job left, where the robot works on this machine, and who has it elsewhere."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.robot.stack import Stack, robot_process
from tests.robot.workflows import chain

WRITES = chain(("write", "WriteFileNode", {"file_path": "out/totals.csv", "content": "a,b"}))


@dataclass
class Job:
    """A job that left a file, where a robot of the stack of this folder works."""

    job_id: str
    folder: Path
    home: Path


@pytest.fixture(scope="module")
def ran(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Job:
    home, robot = tmp_path_factory.mktemp("home"), stack.robot()
    job_id = stack.submit(WRITES, robot)
    with robot_process(stack, robot, home / "robots" / robot.external_id, "rest"):
        asyncio.run(stack.until_status(job_id, "completed"))
    [folder] = (home / "robots" / robot.external_id / "jobs").iterdir()
    return Job(str(job_id), folder, home)


@pytest.fixture
def job(ran: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("CASARE_HOME", str(ran.home))
    return ran


def test_files_are_listed_copied_and_named_where_people_look(job: Job, run: Run, tmp_path: Path) -> None:
    assert run("jobs", "files", job.job_id) == f"{job.folder}\n  out/totals.csv  3 bytes\n"
    listed = json.loads(run("jobs", "files", job.job_id, "--json"))
    assert listed["folders"] == [{"path": str(job.folder), "files": ["out/totals.csv"]}]
    to = tmp_path / "here"
    to.mkdir()
    copy = ("jobs", "files", job.job_id, "--get", "out/totals.csv", "--to", str(to))
    assert run(*copy) == f"{to / 'totals.csv'}\n"
    assert (to / "totals.csv").read_text() == "a,b"
    assert "is there already" in run(*copy, code=1)
    assert f"files in {job.folder}\n" in run("jobs", "watch", job.job_id)
    assert f"files in {job.folder}\n" in run("jobs", "get", job.job_id)


def test_files_are_copied_or_listed_as_json(job: Job, run: Run) -> None:
    assert "one of the two" in run("jobs", "files", job.job_id, "--get", "out/totals.csv", "--json", code=2)


def test_nothing_outside_the_job_s_folder_is_copied(job: Job, run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (job.folder / "link").symlink_to(tmp_path / "secret")
    for name in ("link", "../../secret", str(tmp_path / "secret")):
        assert "is no file of the job" in run("jobs", "files", job.job_id, "--get", name, code=1)


def test_files_on_another_machine_or_of_nobody_are_told_and_not_promised(
    job: Job, run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASARE_HOME", str(tmp_path / "another"))
    answer = run("jobs", "files", job.job_id, code=1)
    assert "on this machine, but not in a folder of this stack: name the robot's --work-dir" in answer
    assert "It left out/totals.csv." in answer
    work_dir = job.folder.parents[1]
    assert "out/totals.csv" in run("jobs", "files", job.job_id, "--work-dir", str(work_dir))
    with stack.database.connect() as owner:
        robot = "select robot_id from public.live_jobs where job_id = %s"
        owner.execute(f"update public.robots set hostname = 'line-3' where robot_id = ({robot})", [job.job_id])
    assert f"ran job {job.job_id} on line-3, and its files are there" in run("jobs", "files", job.job_id, code=1)
    waiting = str(stack.submit(WRITES))
    assert "no robot has run it" in run("jobs", "files", waiting, code=1)
    assert "JOB_NOT_FOUND" in run("jobs", "files", str(uuid.uuid4()), code=1)

"""The robots of docs/robots.md, run as they stand there."""

import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import make_key, make_tenant
from tests.robot.stack import Stack, running_stack

from casare_cloud.local.schema import project_root

PAGE = (project_root() / "docs" / "robots.md").read_text()
REST_ROBOT, DATA_API_ROBOT, GIVING_WORK = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROBOTS = [REST_ROBOT, DATA_API_ROBOT]


class EnoughSeen(BaseException):
    """Ends a robot's loop; no `except Exception` catches it."""


def run(program: str, **names: object) -> None:
    """Run a program of the page, in which these names mean something else."""
    exec(compile(program, "docs/robots.md", "exec"), names)  # noqa: S102 - the page is ours


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The robot's own pauses are short; those of the servers in other threads stay as they are."""
    robot, really_sleep = threading.get_ident(), time.sleep
    monkeypatch.setattr(
        time, "sleep", lambda seconds: really_sleep(0.02 if threading.get_ident() == robot else seconds)
    )


def test_the_page_has_the_robots_that_its_headings_promise() -> None:
    promised = [int(lines) for lines in re.findall(r"^## Over .*, in (\d+) lines$", PAGE, re.MULTILINE)]
    assert [robot.count("\n") for robot in ROBOTS] == promised == [13, 24]


@pytest.mark.parametrize("robot", ROBOTS, ids=["requests", "supabase"])
@pytest.mark.usefixtures("no_pauses")
def test_a_robot_of_the_page_claims_completes_fails_and_outlives_a_lost_lease(
    stack: Stack, robot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = replace(stack, tenant=make_tenant(stack.database))
    monkeypatch.setenv("ORCHESTRATOR_URL", stack.orchestrator_url)
    monkeypatch.setenv("ROBOT_API_KEY", make_key(stack.database, stack.tenant).text)

    def job(*numbers: Any) -> uuid.UUID:
        return stack.submit(
            {"nodes": {}},
            input={"numbers": numbers},
            required_capabilities=["adding"],
            max_attempts=1 if "x" in numbers else 3,
        )

    good, bad, lost = job(1, 2), job(1, "x"), job(5, 6)
    seen: list[list[Any]] = []

    def adding(numbers: list[Any]) -> int:
        """What the robot does for a job, while the world does something to it."""
        seen.append(numbers)
        if numbers == ["end"]:
            raise EnoughSeen
        if numbers == [5, 6] and seen.count(numbers) == 1:
            running = stack.job(lost)
            assert (running["status"], running["progress"]) == ("running", 50)
            stack.end_lease(lost)
            job("end")
        return sum(numbers)

    with pytest.raises(EnoughSeen):
        run(robot, sum=adding)
    assert seen[:3] == [[1, 2], [1, "x"], [5, 6]]
    completed, failed, taken = stack.job(good), stack.job(bad), stack.job(lost)
    assert (completed["status"], completed["result"]) == ("completed", {"sum": 3})
    assert failed["status"] == "failed"
    assert "unsupported operand" in failed["error_message"]
    assert (taken["status"], taken["attempts"], taken["result"]) == ("completed", 2, {"sum": 11})
    late = stack.rows("select outcome, payload from public.late_results where job_id = %s", lost)
    assert [row["outcome"] for row in late if "'sum': 11" in str(row["payload"])] == ["completed"]


@pytest.mark.usefixtures("no_pauses")
def test_the_page_s_program_gives_it_work_and_has_its_result(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = replace(stack, tenant=make_tenant(stack.database))
    program = make_key(stack.database, stack.tenant, "service", scopes=["jobs.*", "workflows.*", "logs.read"])
    monkeypatch.setenv("ORCHESTRATOR_URL", stack.orchestrator_url)
    monkeypatch.setenv("ROBOT_API_KEY", make_key(stack.database, stack.tenant).text)
    monkeypatch.setenv("CASARE_API_KEY", program.text)

    def give_work() -> None:
        try:
            run(GIVING_WORK)
        finally:
            stack.submit({"nodes": {}}, input={"numbers": ["end"]}, required_capabilities=["adding"])

    def adding(numbers: list[Any]) -> int:
        if numbers == ["end"]:
            raise EnoughSeen
        return sum(numbers)

    person = threading.Thread(target=give_work)
    person.start()
    with pytest.raises(EnoughSeen):
        run(REST_ROBOT, sum=adding)
    person.join()
    assert capsys.readouterr().out == "{'sum': 6}\n"

"""The programs of docs/client.md, run as they stand there, and what the page says of classes."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.databases import Database
from tests.factories import make_key
from tests.robot.stack import Stack, make_worker, running_stack

from casare_cloud import client, error_codes
from casare_cloud.http_errors import Refused, kind_of
from casare_cloud.local.schema import project_root

PAGE = (project_root() / "docs" / "client.md").read_text()
WITH_A_LOG, AWAITED, LISTS, ERRORS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def stack(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a robot that works in a thread of its own."""
    with running_stack(shared_database) as running:
        ended = threading.Event()

        async def work(folder: Path) -> None:
            robot = make_worker(running, running.robot(), folder, "rest", slots=2).start()
            while not ended.is_set():
                await asyncio.sleep(0.1)
            await robot.stop()

        thread = threading.Thread(target=lambda: asyncio.run(work(tmp_path_factory.mktemp("robot"))))
        thread.start()
        yield running
        ended.set()
        thread.join()


def test_the_page_s_programs_do_what_it_says(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(stack.database, stack.tenant, "service", scopes=["jobs.*", "workflows.*", "logs.read"])
    monkeypatch.setenv("ORCHESTRATOR_URL", stack.orchestrator_url)
    monkeypatch.setenv("CASARE_API_KEY", key.text)

    def printed_by(program: str) -> str:
        exec(compile(program, "docs/client.md", "exec"), {})  # noqa: S102 - the page is ours
        return capsys.readouterr().out

    lines = printed_by(WITH_A_LOG).splitlines()
    assert lines[-1] == "completed"
    assert [line for line in lines if line.endswith("Hello, Ada")]
    assert printed_by(AWAITED) == "['completed', 'completed']\n"
    assert printed_by(LISTS) == "{'Hello'}\n3 completed\n"
    hint = error_codes.all_codes()["JOB_NOT_FOUND"].next_step
    assert printed_by(ERRORS) == f"JOB_NOT_FOUND\n{hint}\n"


def test_the_page_names_every_class_with_its_statuses() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|\s*([^|]*?)\s*\|", PAGE, re.MULTILINE))
    exported = {name: getattr(client, name) for name in client.__all__}
    classes = {name for name, kind in exported.items() if isinstance(kind, type) and issubclass(kind, Refused)}
    assert rows.keys() == classes - {"Refused"}
    for name, statuses in rows.items():
        for status in re.findall(r"\d{3}", statuses) or [500] * (statuses == "5xx"):
            assert kind_of(int(status)).__name__ == name

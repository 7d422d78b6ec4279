"""docs/write-a-workflow.md: each file in it is right and gives what the page says, each command prints what it says."""

import functools
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.factories import make_key
from tests.robot.stack import Stack
from tests.robot.workflows import Workshop
from typer.testing import CliRunner

from casare_cloud.cli.app import app
from casare_cloud.local.schema import project_root
from casare_cloud.robot.executor import registry
from casare_cloud.robot.executor.check import find_workflow_problems

PAGE = project_root() / "docs" / "write-a-workflow.md"


@dataclass(frozen=True)
class Block:
    """A block of code; `mark` is what stands after its language."""

    language: str
    mark: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", PAGE.read_text(), re.MULTILINE)]
FILES = {block.mark: block.text for block in BLOCKS if re.fullmatch(r"\w+\.\w+", block.mark)}
WORKFLOWS = [name for name, text in FILES.items() if name.endswith(".json") and '"orders": [{"id"' not in text[:20]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, and the plug-in as pip would install it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "shout-1.0.dist-info").mkdir()
    (tmp_path / "shout-1.0.dist-info" / "METADATA").write_text("Name: shout\nVersion: 1.0\n")
    (tmp_path / "shout-1.0.dist-info" / "entry_points.txt").write_text(
        "[casare_cloud.nodes]\nShoutNode = shout:shout\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def with_the_plugin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(folder))
    for cached in (registry._plugins, registry._from_plugin):
        cached.cache_clear()
    yield
    sys.modules.pop("shout", None)
    for cached in (registry._plugins, registry._from_plugin):
        cached.cache_clear()


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """The web server that the page starts, at a port that is free."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    handler_class = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(handler_class, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/orders.json"
        server.shutdown()
        thread.join()


def test_every_workflow_but_the_broken_one_is_right(folder: Path, with_the_plugin: None) -> None:
    assert len(WORKFLOWS) >= 11
    for name in WORKFLOWS:
        found = [problem.sentence for problem in find_workflow_problems(FILES[name])]
        assert (name, found) == (name, []) or name == "broken.json"


def test_every_workflow_gives_what_the_page_says(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, with_the_plugin: None, url: str
) -> None:
    """What `jobs submit … --watch` prints of a result, by the robot's executor; the next block has it."""
    submitted = [
        (line.split()[3], BLOCKS[number + 1])
        for number, block in enumerate(BLOCKS)
        if block.language == "sh"
        for line in block.text.splitlines()
        if line.startswith("casare-cloud jobs submit")
    ]
    assert {name for name, _ in submitted} == {*WORKFLOWS} - {"broken.json"}
    for name, expected in submitted:
        given = {"url": url} if name == "http.json" else {}
        workshop = Workshop(tmp_path_factory.mktemp("job") / "folder")
        done = workshop.run(json.loads(FILES[name]), **given)
        assert expected.mark == "output", name
        wanted = json.loads(expected.text)
        assert {"output": _like(wanted["output"], done["output"])} == {"output": wanted["output"]}, name
        assert done["files"] == wanted.get("files", []), name
        assert [entry for entry in workshop.recorder.logs if "names no variable" in entry["message"]] == []


def _like(wanted: Any, given: Any) -> Any:
    """Of a map what the page shows of it."""
    return {key: given.get(key) for key in wanted} if isinstance(wanted, dict) and isinstance(given, dict) else given


def test_every_check_prints_what_the_page_says(folder: Path) -> None:
    for number, block in enumerate(BLOCKS):
        for line in block.text.splitlines() if block.language == "sh" else ():
            if line.startswith("casare-cloud workflows validate"):
                answer = CliRunner().invoke(app, line.split()[1:])
                assert answer.exit_code == int(block.mark.removeprefix("exit ") or 0), answer.output
                if block.mark:
                    assert answer.output == BLOCKS[number + 1].text


def test_the_call_with_curl_submits_the_workflow(stack: Stack, folder: Path) -> None:
    [block] = [block for block in BLOCKS if block.mark == "curl"]
    env = {
        "ORCHESTRATOR_URL": stack.orchestrator_url,
        "CASARE_API_KEY": make_key(stack.database, stack.tenant, "service", scopes=["*"]).text,
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(["bash", "-c", block.text], env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    stored, end = json.JSONDecoder().raw_decode(done.stdout)
    job = json.loads(done.stdout[end:])
    assert (stored["status"], job["workflow_name"], job["input"]) == ("success", "Hello", {"city": "Ankara"})


def test_the_schema_that_the_page_writes_knows_the_workflows(folder: Path) -> None:
    schema = json.loads(CliRunner().invoke(app, ["nodes", "--schema"]).output)
    jsonschema = pytest.importorskip("jsonschema")
    known = jsonschema.Draft202012Validator(schema)
    for name in WORKFLOWS:
        errors = [error.message for error in known.iter_errors(json.loads(FILES[name]))]
        assert (errors == []) == (name != "broken.json"), (name, errors)


def test_no_block_of_the_page_is_left_out() -> None:
    kinds = {(block.language, block.mark) for block in BLOCKS} - {(name.rpartition(".")[2], name) for name in FILES}
    python = {("python", "shout.py")}
    assert kinds - python == {
        ("sh", ""), ("sh", "exit 1"), ("sh", "curl"), ("json", "output"), ("text", ""),
    }  # fmt: skip

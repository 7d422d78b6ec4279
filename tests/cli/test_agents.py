"""`casare-cloud robot run --face automation`: which agent it is."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.databases import Database
from tests.faces.platform import running_platform
from tests.factories import Tenant, make_key, make_tenant
from tests.robot.stack import serving
from typer.testing import CliRunner

from casare_cloud.cli.agents import AgentAccess, access_of, alone
from casare_cloud.cli.app import app
from casare_cloud.faces.automation.app import create_app


@pytest.fixture(scope="module")
def face(shared_database: Database) -> Iterator[str]:
    """Where the automation face is."""
    with running_platform(shared_database) as settings, serving(create_app(settings)) as url:
        yield url


@pytest.fixture
def tenant(shared_database: Database) -> Tenant:
    return make_tenant(shared_database)


@pytest.fixture
def env(shared_database: Database, tenant: Tenant) -> dict[str, str]:
    return {"CASARE_API_KEY": make_key(shared_database, tenant, "service", scopes=["*"]).text}


def agents(database: Database, tenant: Tenant) -> list[str]:
    with database.connect() as owner:
        rows = owner.execute("select name from public.robots where tenant_id = %s order by name", [tenant.tenant_id])
        return [row["name"] for row in rows]


def test_an_agent_is_registered_once_and_kept_for_nobody_else_to_read(
    shared_database: Database, face: str, tenant: Tenant, env: dict[str, str], tmp_path: Path
) -> None:
    first = access_of(env, face, None, None, "Office 7", ["browser"], tmp_path)
    assert first.token.startswith("rpa-agent-")
    assert access_of({}, face, None, None, "Office 7", [], tmp_path) == first
    other = access_of(env, face, None, None, "Office 8", [], tmp_path)
    assert (other.name, other.agent_id != first.agent_id) == ("Office 8", True)
    assert access_of({}, face, None, None, "Office 7", [], tmp_path) == first
    assert agents(shared_database, tenant) == ["Office 7", "Office 8"]
    file = tmp_path / "agents.json"
    assert (file.stat().st_mode & 0o777, first.token in file.read_text()) == (0o600, True)


def test_one_that_is_named_with_its_token_is_not_registered(tmp_path: Path) -> None:
    assert access_of({}, "http://x", "id", "token", None, [], tmp_path) == AgentAccess("http://x", "id", "token", "id")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--transport", "rest"], "--transport is of a robot of the orchestrator"),
        (["--tag", "a"], "--tag is of a robot"),
        (["--environment", "production"], "--environment is of a robot"),
        (["--robot-id", "x"], "--robot-id and --api-key belong together"),
        (["--api-key", "x"], "--robot-id and --api-key belong together"),
        ([], "Set CASARE_API_KEY"),
    ],
)
def test_what_an_agent_cannot_be_told_is_said(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CASARE_HOME", "CASARE_API_KEY", "CASARE_USERNAME", "DEMO_USERNAME", "ROBOT_API_KEY", "ROBOT_ID"):
        monkeypatch.delenv(name, raising=False)
    answer = CliRunner().invoke(app, ["robot", "run", "--face", "automation", "--url", "http://127.0.0.1:1", *options])
    assert answer.exit_code == 2
    assert words in answer.stderr


def test_a_file_that_holds_no_agents_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "agents.json").write_text(json.dumps({"x": 3}))
    with pytest.raises(SystemExit):
        access_of({}, "http://x", None, None, "n", [], tmp_path)
    assert "agents.json is not what it was written as" in capsys.readouterr().err


def test_a_second_process_of_an_agent_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    given = ["--url", "http://127.0.0.1:1", "--robot-id", "a", "--api-key", "t", "--work-dir", str(tmp_path)]
    with alone("a", tmp_path), alone("another", tmp_path):
        answer = CliRunner().invoke(app, ["robot", "run", "--face", "automation", *given])
        assert (answer.exit_code, "An agent of this name runs here already; give --name." in answer.stderr) == (2, True)
    with alone("a", tmp_path):
        """It has ended."""


def test_two_that_are_registered_at_once_are_both_kept(
    shared_database: Database, face: str, tenant: Tenant, env: dict[str, str], tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as commands:
        names = ["Office 7", "Office 8", "Office 7", "Office 8"]
        made = list(commands.map(lambda name: access_of(env, face, None, None, name, [], tmp_path), names))
    assert made[:2] == made[2:]
    assert agents(shared_database, tenant) == ["Office 7", "Office 8"]
    assert len(json.loads((tmp_path / "agents.json").read_text())) == 2

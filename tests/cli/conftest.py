"""Commands against the real orchestrator, as a service key."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.databases import Database
from tests.factories import make_key
from tests.robot.stack import Stack, running_stack
from typer.testing import CliRunner

from casare_cloud.cli.app import app

Run = Callable[..., str]


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What commands keep for a person is this test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def scopes() -> list[str]:
    """What the key may do: everything, unless a module says otherwise."""
    return ["*"]


@pytest.fixture
def run(stack: Stack, scopes: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command, which must end with `code`, and returns what it printed."""
    monkeypatch.setenv("ORCHESTRATOR_URL", stack.orchestrator_url)
    monkeypatch.setenv("CASARE_API_KEY", make_key(stack.database, stack.tenant, "service", scopes=scopes).text)

    def run(*arguments: str, code: int = 0) -> str:
        answer = CliRunner().invoke(app, list(arguments))
        assert answer.exit_code == code, answer.output
        return answer.output

    return run

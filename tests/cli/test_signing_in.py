"""A command that cannot sign in says why, and until when."""

import uuid

import pytest
from tests.robot.stack import Stack
from typer.testing import CliRunner

from casare_cloud.cli.app import app


def test_a_locked_login_says_until_when_and_does_not_wait(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_URL", stack.orchestrator_url)
    monkeypatch.setenv("DEMO_USERNAME", f"nobody-{uuid.uuid4().hex}")
    monkeypatch.setenv("DEMO_PASSWORD", "wrong")
    said = [CliRunner().invoke(app, ["jobs", "list"]) for _ in range(6)]
    assert {answer.exit_code for answer in said} == {1}
    assert "(INVALID_CREDENTIALS)" in said[4].stderr
    assert "This login is locked until 20" in said[5].stderr
    assert " UTC. (LOGIN_LOCKED; again from " in said[5].stderr

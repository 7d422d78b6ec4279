"""A test that the machine cannot run is named at the end, and fails where everything must run."""

import threading

import pytest
from tests import conftest, servers
from tests.conftest import in_time, not_run


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASARE_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not run: needs a printer"):
        not_run("a printer")


def test_nothing_is_left_out_where_everything_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="needs a printer"):
        not_run("a printer")


def test_a_machine_without_node_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert servers.missing("needs_node") == "Node"


def test_what_waits_for_ever_fails_and_is_named(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "MOST_SECONDS", 0.01)
    with pytest.raises(pytest.fail.Exception, match="fails_and_is_named waits for longer than"), in_time(request.node):
        threading.Event().wait(60)

"""A test that the machine cannot run is named at the end, and fails where everything must run."""

import pytest
from tests import servers
from tests.conftest import not_run


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

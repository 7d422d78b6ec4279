"""Fixtures for the robot's tests: a place to run workflows in, and a page on the local machine to fetch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.robot.lives import life_maker, make_gate
from tests.robot.local_page import LocalPage
from tests.robot.workflows import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Runs workflows in a folder of this test's own."""
    return Workshop(tmp_path / "job")


@pytest.fixture(scope="session")
def page() -> Iterator[LocalPage]:
    """An HTTP server on the local machine."""
    with LocalPage() as running:
        yield running


__all__ = ["life_maker", "make_gate"]

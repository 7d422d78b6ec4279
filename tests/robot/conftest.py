"""Fixtures for the robot's tests: a place to run workflows in, and a page on the local machine to fetch."""

import asyncio
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


@pytest.fixture
async def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the test's own loop made, in seconds; none takes time. Servers in other threads sleep as ever."""
    made: list[float] = []
    loop, really_sleep = asyncio.get_running_loop(), asyncio.sleep

    async def sleep(seconds: float) -> None:
        if asyncio.get_running_loop() is loop:
            made.append(seconds)
        else:
            await really_sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


__all__ = ["life_maker", "make_gate"]

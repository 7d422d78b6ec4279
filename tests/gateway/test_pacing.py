"""A page that opens its socket again and again is slowed down, and nobody else."""

import asyncio
import uuid

import pytest
from tests.gateway.gate import PATIENCE_SECONDS, Gate, running_gateway
from websockets.asyncio.client import connect

from casare_cloud.config import Settings
from casare_cloud.gateway import pacing
from casare_cloud.gateway.app import Gateway
from casare_cloud.gateway.pacing import BURST, SECONDS, Pace


def test_openings_wait_when_there_are_more_than_a_burst_of_the_same_client_and_socket() -> None:
    pace = Pace()
    assert [pace.delay_of("a", "/ws/jobs", 5.0) for _ in range(BURST + 2)] == [0.0] * BURST + [SECONDS] * 2
    assert pace.delay_of("b", "/ws/jobs", 5.0) == pace.delay_of("a", "/ws/robots", 5.0) == 0.0
    assert [pace.delay_of("a", "/ws/jobs", 5.0 + SECONDS) for _ in range(2)] == [0.0, SECONDS]


def test_a_client_that_rests_may_open_a_burst_again() -> None:
    pace = Pace()
    for _ in range(100):
        pace.delay_of("a", "/ws/jobs", 0.0)
    later = BURST * SECONDS
    assert [pace.delay_of("a", "/ws/jobs", later) for _ in range(BURST + 1)] == [0.0] * BURST + [SECONDS]


async def test_another_id_in_the_path_is_no_other_socket(
    gate: Gate, platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that waits has a place, of those that have yet to say who they are."""
    monkeypatch.setattr(pacing, "SECONDS", 3600.0)
    app = Gateway(platform)
    with running_gateway(platform, app) as url:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(BURST):
                async with connect(f"{url}/ws/jobs/{uuid.uuid4()}", proxy=None):
                    pass
        await gate.until(lambda: not app.places._unnamed)
        waiting = asyncio.create_task(connect(f"{url}/ws/jobs/{uuid.uuid4()}", proxy=None).__aenter__())
        await gate.until(lambda: app.places._unnamed)
        assert not app.sockets, "it is not accepted yet"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_the_gateway_lets_a_page_wait_before_it_accepts_its_socket(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "SECONDS", 3600.0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(BURST):
            async with connect(f"{gate.url}/ws/robots", proxy=None):
                pass
    with pytest.raises(TimeoutError):
        async with connect(f"{gate.url}/ws/robots", proxy=None, open_timeout=0.3):
            pass
    async with connect(f"{gate.url}/ws/robot", proxy=None, open_timeout=PATIENCE_SECONDS):
        pass  # robots wait for nothing

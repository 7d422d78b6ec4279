"""The engine over a real orchestrator, database and platform."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.databases import Database
from tests.engine.programs import environment_of
from tests.robot.stack import Stack, running_stack

from casare_cloud.engine import OrchestratorEngine
from casare_cloud.engine.events import EventBus


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture
async def engine(stack: Stack) -> AsyncIterator[OrchestratorEngine]:
    """An engine with a service key, and a bus of its own."""
    env = environment_of(stack)
    made = OrchestratorEngine(url=env["ORCHESTRATOR_URL"], api_key=env["CASARE_API_KEY"], bus=EventBus())
    async with made:
        yield made

"""The gateway's part for robots, over a real database and an emulated platform."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.databases import Database as TestDatabase
from tests.faces.platform import running_platform
from tests.gateway.robots.wires import Fleet, new_fleet

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.gateway.robots.connection import Switchboard
from casare_cloud.identity import Verifier


@pytest.fixture(scope="module")
def platform(shared_database: TestDatabase) -> Iterator[Settings]:
    """Auth, Data API and Realtime of a module's tests."""
    with running_platform(shared_database) as settings:
        yield settings


@pytest.fixture
async def board(platform: Settings) -> AsyncIterator[Switchboard]:
    """What the sessions of one process share."""
    board = Switchboard(Database(platform), Verifier(platform), Doorbells(platform))
    yield board
    await board.doorbells.close()
    await board.database.close()


@pytest.fixture
async def other_board(platform: Settings) -> AsyncIterator[Switchboard]:
    """Another instance of the gateway."""
    board = Switchboard(Database(platform), Verifier(platform), Doorbells(platform))
    yield board
    await board.doorbells.close()
    await board.database.close()


@pytest.fixture
async def fleet(shared_database: TestDatabase, board: Switchboard) -> AsyncIterator[Fleet]:
    """A tenant of its own; all its robots leave at the end."""
    made = new_fleet(shared_database, board)
    yield made
    for speaker in made.speakers:
        if not speaker.has_left:
            await speaker.drop()

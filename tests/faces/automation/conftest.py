"""The automation face in the place of the orchestrator: `client`, `stage` and `elsewhere` ask it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import Automation, create_app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_app(settings: Settings) -> AsyncIterator[Automation]:
    """One for all tests of a module."""
    app = create_app(settings)
    yield app
    await app.close()

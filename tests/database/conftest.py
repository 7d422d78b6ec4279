"""Fixtures of the database tests."""

from collections.abc import Iterator

import pytest
from tests.databases import Database
from tests.fleets import Fleet, make_fleet


@pytest.fixture
def fleet(shared_database: Database) -> Iterator[Fleet]:
    """A tenant of its own in the module's database."""
    fleet = make_fleet(shared_database)
    yield fleet
    fleet.close()


@pytest.fixture
def stranger(shared_database: Database) -> Iterator[Fleet]:
    """Another tenant in the same database."""
    fleet = make_fleet(shared_database)
    yield fleet
    fleet.close()

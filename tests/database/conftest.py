"""Fixtures of the database tests: one database for a module, in which every test makes tenants of its own."""

from collections.abc import Iterator

import pytest
from tests.databases import Connection, Database
from tests.fleets import Fleet, make_fleet


@pytest.fixture
def db(shared_database: Database) -> Database:
    """The database that the tests of a module share."""
    return shared_database


@pytest.fixture
def conn(db: Database) -> Iterator[Connection]:
    """The functions' login, from which `as_caller` enters."""
    connection = db.connect("casare_functions")
    yield connection
    connection.close()


@pytest.fixture
def owner(db: Database) -> Iterator[Connection]:
    """The owner of the schema, whom no policy binds."""
    connection = db.connect()
    yield connection
    connection.close()


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

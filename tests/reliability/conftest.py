"""Fixtures of the reliability tests."""

from collections.abc import Iterator

import pytest
from tests.reliability.queue_world import World, make_world

from casare_cloud.local.postgres import PostgresServer


@pytest.fixture(scope="session")
def world(postgres_server: PostgresServer, template_database: str) -> Iterator[World]:
    """The world that examples copy."""
    made = make_world(postgres_server, template_database)
    yield made
    postgres_server.drop_database(made.template)

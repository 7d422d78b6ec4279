"""A gateway in front of the emulated platform, and a tenant of its own for each test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.databases import Database
from tests.faces.platform import running_platform
from tests.factories import make_tenant
from tests.gateway.gate import Gate, running_gateway

from casare_cloud.config import Settings
from casare_cloud.gateway.app import Gateway


@pytest.fixture(scope="module")
def platform(shared_database: Database) -> Iterator[Settings]:
    with running_platform(shared_database) as settings:
        yield replace(settings, pool_size=8)


@pytest.fixture(scope="module")
def gateway(platform: Settings) -> Iterator[tuple[str, Gateway]]:
    """Its URL, and what serves there."""
    app = Gateway(platform)
    with running_gateway(platform, app) as url:
        yield url, app


@pytest.fixture
def gate(shared_database: Database, platform: Settings, gateway: tuple[str, Gateway]) -> Gate:
    return Gate(shared_database, gateway[0], platform, make_tenant(shared_database), gateway[1])


@pytest.fixture
def elsewhere(shared_database: Database, platform: Settings, gateway: tuple[str, Gateway]) -> Gate:
    """Another tenant."""
    return Gate(shared_database, gateway[0], platform, make_tenant(shared_database), gateway[1])

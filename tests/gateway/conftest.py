"""A gateway in front of the emulated platform, and a tenant of its own for each test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.databases import Database
from tests.faces.platform import running_platform
from tests.factories import make_tenant
from tests.gateway.gate import Gate, running_gateway

from casare_cloud.config import Settings


@pytest.fixture(scope="module")
def platform(shared_database: Database) -> Iterator[Settings]:
    with running_platform(shared_database) as settings:
        yield replace(settings, pool_size=8)


@pytest.fixture(scope="module")
def gateway_url(platform: Settings) -> Iterator[str]:
    with running_gateway(platform) as url:
        yield url


@pytest.fixture
def gate(shared_database: Database, platform: Settings, gateway_url: str) -> Gate:
    return Gate(shared_database, gateway_url, platform, make_tenant(shared_database))


@pytest.fixture
def elsewhere(shared_database: Database, platform: Settings, gateway_url: str) -> Gate:
    """Another tenant."""
    return Gate(shared_database, gateway_url, platform, make_tenant(shared_database))

"""Fixtures of the contract tests: the platform they speak to."""

from collections.abc import Iterator

import pytest
from tests.contract.platform_target import Platform, emulated, objects, other_platform
from tests.contract.realtime_target import Target, emulator, other_supabase, policies
from tests.databases import unique_name

from casare_cloud.local.postgres import PostgresServer


@pytest.fixture(scope="session")
def realtime_database(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with the platform's schemas and nothing of the product's, and the policies of these tests."""
    name = unique_name("realtime")
    postgres_server.bootstrap(name)
    with policies(postgres_server.dsn("postgres", name)):
        yield name
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def emulated_realtime(postgres_server: PostgresServer, realtime_database: str) -> Iterator[Target]:
    """The emulator, whatever the environment says."""
    with emulator(
        postgres_server.dsn("supabase_realtime_admin", realtime_database),
        postgres_server.dsn("postgres", realtime_database),
    ) as target:
        yield target


@pytest.fixture(scope="session")
def realtime(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The Supabase that `CASARE_TEST_SUPABASE_URL` names, else the emulator."""
    if (target := other_supabase()) is None:
        yield request.getfixturevalue("emulated_realtime")
        return
    with policies(target.dsn):
        yield target


@pytest.fixture(scope="session")
def emulated_platform(postgres_server: PostgresServer) -> Iterator[Platform]:
    """The platform of this machine over a database with its schemas and nothing of the product's; no token hook."""
    name = unique_name("platform")
    postgres_server.bootstrap(name)
    try:
        with emulated(postgres_server, name, token_hook=None) as platform, objects(platform):
            yield platform
    finally:
        postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def emulated_auth(postgres_server: PostgresServer, emulated_platform: Platform) -> Iterator[Platform]:
    """The emulated Auth, also where `CASARE_TEST_AUTH_BIN` names the real one."""
    if emulated_platform.context is None or emulated_platform.context.auth_url is None:
        yield emulated_platform
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CASARE_TEST_AUTH_BIN")
        database = emulated_platform.dsn.rsplit("/", 1)[1]
        with emulated(postgres_server, database, token_hook=None) as platform:
            yield platform


@pytest.fixture(scope="session")
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """The Supabase that `CASARE_TEST_SUPABASE_URL` names, else the emulator."""
    if (target := other_platform()) is None:
        yield request.getfixturevalue("emulated_platform")
        return
    with objects(target):
        yield target

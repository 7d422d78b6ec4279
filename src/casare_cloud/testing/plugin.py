"""The fixtures, which pytest finds by the package's entry point `pytest11`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from casare_cloud.client import SyncClient
    from casare_cloud.testing.clock import Clock
    from casare_cloud.testing.parts import Robot, Stack, Tenant


@pytest.fixture(scope="session")
def casare_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Stack"]:
    """A stack of its own for the whole run, in a temporary folder and on free ports."""
    from casare_cloud.testing.parts import running_stack

    with running_stack(tmp_path_factory.mktemp("casare-stack")) as stack:
        yield stack


@pytest.fixture
def casare_tenant(casare_stack: "Stack") -> "Tenant":
    """A new tenant with one user, its administrator: no test sees the jobs of another."""
    return casare_stack.make_tenant()


@pytest.fixture
def casare_client(casare_tenant: "Tenant") -> Iterator["SyncClient"]:
    """`casare_cloud.client.SyncClient`, signed in as the tenant's administrator; its calls wait, nothing is awaited."""
    from casare_cloud.testing.parts import signed_in

    with signed_in(casare_tenant) as client:
        yield client


@pytest.fixture
def casare_robot(casare_client: "SyncClient", casare_tenant: "Tenant") -> Iterator["Robot"]:
    """A robot of the tenant in a process of its own, registered and asking for work."""
    from casare_cloud.testing.parts import running_robot

    with running_robot(casare_client, casare_tenant) as robot:
        yield robot


@pytest.fixture
def casare_clock(casare_stack: "Stack") -> Iterator["Clock"]:
    """The clock that schedules, delays, leases and retention go by; it is right again after the test."""
    from casare_cloud.testing.clock import Clock

    clock = Clock(casare_stack.owner_url)
    yield clock
    clock.reset()

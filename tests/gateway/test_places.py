"""Who has a place in a process that is full."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID

import httpx2
from tests.factories import make_robot
from tests.gateway.gate import PATIENCE_SECONDS, Gate, running_gateway
from tests.gateway.robots.processes import connected

from casare_cloud.config import Settings
from casare_cloud.gateway.app import Gateway
from casare_cloud.gateway.places import Places

ONE, OTHER = UUID(int=1), UUID(int=2)


class Guest:
    def __init__(self) -> None:
        self.code: int | None = None

    async def close(self, code: int, reason: str) -> None:
        self.code = code


async def test_a_tenant_has_all_places_until_another_wants_its_share() -> None:
    places, many, few = Places(4), [Guest() for _ in range(4)], [Guest() for _ in range(3)]
    assert [await places.take(guest, ONE) for guest in many] == [True] * 4
    assert await places.take(Guest(), ONE) is False, "it has the most itself"
    assert [await places.take(guest, OTHER) for guest in few] == [True, True, False]
    assert [guest.code for guest in many] == [None, None, 4503, 4503]
    assert [guest.code for guest in few] == [None, None, 4503]


async def test_who_says_nothing_makes_room_for_the_next() -> None:
    places, guests = Places(2), [Guest() for _ in range(3)]
    for guest in guests:
        await places.enter(guest)
    assert [guest.code for guest in guests] == [4503, None, None]
    assert await places.take(guests[1], ONE) is True
    await places.enter(Guest())
    assert guests[2].code is None, "who said who they are needs no such place any more"


async def test_nothing_is_kept_of_tenants_that_have_left() -> None:
    places, guests = Places(4), [Guest(), Guest()]
    for guest in guests:
        await places.enter(guest)
        await places.take(guest, ONE)
        await places.take(guest, ONE)
    for guest in guests:
        places.leave(guest)
        places.leave(guest)
    assert (places._unnamed, places._named, places._tenant_of) == ({}, {}, {})


async def test_sockets_readers_and_robots_share_the_places(gate: Gate, elsewhere: Gate, platform: Settings) -> None:
    robot = make_robot(elsewhere.database, elsewhere.tenant)
    with running_gateway(replace(platform, gateway_sockets=2)) as url:
        full, other = replace(gate, url=url), replace(elsewhere, url=url)
        async with AsyncExitStack() as stack:
            for _ in range(2):  # one after the other: the last one to have its place makes room
                client = await stack.enter_async_context(full.open("/ws/queue-metrics"))
                await client.next()
            async with other.open("/", None), connected(robot, url) as speaker:
                assert (await speaker.register())["payload"]["success"] is True
                assert await client.close_code() == 4503
                assert await other.close_code("/ws/metrics/stream", other.token(other.tenant.admin)) == 4503


async def test_a_reader_that_has_gone_gives_its_place_back(gate: Gate, platform: Settings) -> None:
    app = Gateway(platform)
    with running_gateway(platform, app) as url:
        address = url.replace("ws://", "http://") + f"/metrics/stream?interval=60&token={gate.token(gate.tenant.admin)}"
        async with httpx2.AsyncClient(trust_env=False) as client, client.stream("GET", address) as answer:
            assert (await anext(answer.aiter_lines())).startswith("data: ")
            assert len(app.places._tenant_of) == 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while app.places._tenant_of:
                await asyncio.sleep(0.01)

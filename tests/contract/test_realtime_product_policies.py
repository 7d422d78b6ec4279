"""The product's own policies, through Realtime: who hears and speaks on its topics. Emulator only: needs `sql/`."""

from collections.abc import Iterator

import pytest
from tests.contract.realtime_target import Heard, Target, emulator, private
from tests.databases import Claims, Database
from tests.factories import make_member, make_robot, make_tenant


@pytest.fixture
def product(database: Database) -> Iterator[Target]:
    """The emulator on a database with the product's schema."""
    with emulator(database.dsn("supabase_realtime_admin"), database.dsn()) as target:
        yield target


async def joins(target: Target, claims: Claims, topic: str) -> bool:
    async with target.client(target.token(**claims)) as client:
        return (await Heard(client.channel(topic, private())).subscribe())[0] == "SUBSCRIBED"


async def test_members_hear_their_own_tenant_only(product: Target, database: Database) -> None:
    ours, theirs = make_tenant(database), make_tenant(database)
    viewer = make_member(database, ours, "viewer")
    assert await joins(product, viewer.claims, f"tenant:{ours.tenant_id}:changes")
    assert not await joins(product, viewer.claims, f"tenant:{theirs.tenant_id}:changes")
    assert not await joins(product, viewer.claims, f"tenant:{ours.tenant_id}:secrets")


async def test_a_robot_hears_its_own_doorbell_only(product: Target, database: Database) -> None:
    tenant = make_tenant(database)
    robot, other = make_robot(database, tenant), make_robot(database, tenant)
    assert await joins(product, robot.claims, f"robot:{robot.robot_id}")
    assert not await joins(product, robot.claims, f"robot:{other.robot_id}")
    assert await joins(product, tenant.admin.claims, f"robot:{robot.robot_id}")
    assert not await joins(product, make_tenant(database).admin.claims, f"robot:{robot.robot_id}")


async def test_a_revoked_robot_loses_its_channel_with_its_next_token(product: Target, database: Database) -> None:
    tenant = make_tenant(database)
    robot = make_robot(database, tenant)
    topic = f"robot:{robot.robot_id}"
    async with product.client(product.token(**robot.claims)) as client:
        heard = Heard(client.channel(topic, private()))
        assert (await heard.subscribe())[0] == "SUBSCRIBED"
        with database.connect("supabase_admin") as admin:
            admin.execute("update public.api_keys set revoked_at = now() where api_key_id = %s", [robot.key.api_key_id])
        await client.set_auth(product.token(**robot.claims, seconds=500))
        assert (await heard.state())[0] == "CHANNEL_ERROR"
    assert not await joins(product, robot.claims, topic)


async def test_what_the_database_broadcasts_reaches_the_member(product: Target, database: Database) -> None:
    tenant = make_tenant(database)
    topic = f"tenant:{tenant.tenant_id}:changes"
    async with product.client(product.token(**tenant.admin.claims)) as client:
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        await heard.subscribe()
        with database.connect("supabase_admin") as admin:
            admin.execute("select private.broadcast(%s, 'changed', '{\"after\": 1}')", [topic])
        message = await heard.broadcast()
    assert (message["event"], message["payload"]["after"]) == ("changed", 1)


async def test_members_may_not_broadcast(product: Target, database: Database) -> None:
    tenant = make_tenant(database)
    topic = f"tenant:{tenant.tenant_id}:changes"
    watcher = make_member(database, tenant, "viewer")
    async with (
        product.client(product.token(**tenant.admin.claims)) as speaker,
        product.client(product.token(**watcher.claims)) as listener,
    ):
        said, heard = Heard(speaker.channel(topic, private())), Heard(listener.channel(topic, private()))
        await said.subscribe()
        await heard.subscribe()
        await said.channel.send_broadcast("changed", {"forged": True})
        with database.connect("supabase_admin") as admin:
            admin.execute("select private.broadcast(%s, 'changed', '{\"forged\": false}')", [topic])
        assert (await heard.broadcast())["payload"]["forged"] is False

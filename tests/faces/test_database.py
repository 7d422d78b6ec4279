"""Transactions of a caller: what they cost, how they end, and what happens when the database goes away."""

import asyncio
import contextlib
import dataclasses
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from tests.databases import Database as Copy
from tests.faces.wires import Wire, wire_to
from tests.factories import make_robot, make_tenant

from casare_cloud import database, database_pool
from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.domain.requests.counting import SETTLE_SECONDS, RequestCount
from casare_cloud.domain.requests.model import Rate
from casare_cloud.errors import ApiError
from casare_cloud.identity import Actor, hash_of_key

USER = Actor("authenticated", claims='{"sub": "018f0000-0000-7000-8000-000000000001", "role": "authenticated"}')


@pytest_asyncio.fixture(loop_scope="module")
async def db(settings: Settings) -> AsyncIterator[Database]:
    db = Database(settings)
    yield db
    await db.close()


async def test_a_transaction_runs_as_the_caller(db: Database) -> None:
    query = """
        select current_user::text as role, current_setting('request.jwt.claims') as claims,
            current_setting('statement_timeout') as timeout, current_setting('casare.request_id') as request_id,
            current_setting('casare.client_ip') as client_ip
    """
    async with db.transaction(USER, "r-1", "192.0.2.1") as tx:
        row = await tx.fetch_one(query)
    assert row == {
        "role": "authenticated",
        "claims": USER.claims,
        "timeout": "8s",
        "request_id": "r-1",
        "client_ip": "192.0.2.1",
    }
    async with db.transaction(None) as tx:
        row = await tx.fetch_one(
            "select current_user::text as role, current_setting('request.jwt.claims', true) as claims"
        )
    assert row is not None
    assert row["role"] == "casare_functions"
    assert not row["claims"], "the identity of a transaction must end with it"


async def test_an_anonymous_caller_is_anon_for_three_seconds(db: Database) -> None:
    async with db.transaction(Actor()) as tx:
        row = await tx.fetch_one("select current_user::text as role, current_setting('statement_timeout') as timeout")
    assert row == {"role": "anon", "timeout": "3s"}


async def test_identity_and_first_statement_are_one_round_trip(shared_database: Copy) -> None:
    robot = make_robot(shared_database, make_tenant(shared_database))
    async with counting_proxy(shared_database.server.port) as (port, turns):
        dsn = shared_database.dsn("casare_functions").replace(f":{shared_database.server.port}/", f":{port}/")
        db = Database(Settings(database_url=dsn))
        for caller in (USER, Actor("authenticated", key_hash=hash_of_key(robot.key.text)), Actor(), None):
            async with db.transaction(caller) as tx:
                await tx.fetch_one("select 1")
            before = len(turns)
            async with db.transaction(caller, "r-1", "192.0.2.1") as tx:
                await tx.fetch_one("select 1")
                assert len(turns) - before == 1
            assert len(turns) - before == 2, "the commit is the second"
        await db.close()


@asynccontextmanager
async def counting_proxy(server_port: int, port: int = 0) -> AsyncIterator[tuple[int, list[str]]]:
    """A port before the server, and a list that grows whenever the client speaks after the server did."""
    turns: list[str] = []
    last = "server"
    done = asyncio.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str) -> None:
        nonlocal last
        while data := await reader.read(65536):
            if who == "client" and last == "server":
                turns.append(who)
            last = who
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(pump(reader, server_writer, "client"), pump(server_reader, writer, "server"))
        done.set()

    async with await asyncio.start_server(connect, "127.0.0.1", port) as proxy:
        yield proxy.sockets[0].getsockname()[1], turns
        await asyncio.wait_for(done.wait(), 30)


async def test_an_error_rolls_back(db: Database, shared_database: Copy) -> None:
    tenant = make_tenant(shared_database)
    key_hash = hash_of_key(make_robot(shared_database, tenant).key.text)

    async def fail() -> None:
        async with db.transaction(Actor("authenticated", key_hash=key_hash)) as tx:
            await tx.fetch_one("select 1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with shared_database.connect() as owner:
        row = owner.execute("select last_used_at from public.api_keys where key_hash = %s", [key_hash]).fetchone()
    assert row == {"last_used_at": None}


@pytest.mark.parametrize(
    ("query", "params", "status", "code"),
    [
        ("select '1x'::int", None, 400, "INVALID_ARGUMENT"),
        ("select %(a)s::text", {"a": "nul \0"}, 400, "INVALID_ARGUMENT"),
        ("select %(a)s::text", {"a": "half \ud800"}, 400, "INVALID_ARGUMENT"),
        ("select %(a)s::jsonb", {"a": {"nul": "\0"}}, 400, "INVALID_ARGUMENT"),
        ("select %(a)s::jsonb", {"a": {"half": "\ud800"}}, 400, "INVALID_ARGUMENT"),
        ("select %(a)s::jsonb", {"a": {"n": float("nan")}}, 400, "INVALID_ARGUMENT"),
        ("select * from private.login_attempts", None, 403, "FORBIDDEN"),
        ("insert into public.tenants (name, slug) values ('a', 'a')", None, 403, "FORBIDDEN"),
    ],
)
async def test_errors_of_the_database_are_answers(
    db: Database, query: str, params: dict[str, Any] | None, status: int, code: str
) -> None:
    with pytest.raises(ApiError) as caught:
        async with db.transaction(USER) as tx:
            await tx.fetch_one(query, params)
    assert (caught.value.status, caught.value.code) == (status, code)


async def test_what_is_unique_and_there_already_is_409(db: Database, shared_database: Copy) -> None:
    admin = Actor("authenticated", claims=json.dumps(make_tenant(shared_database).admin.claims))
    invite = """
        select public.invite_member(%(email)s, r.role_id, sha256('the same token'))
        from public.roles as r
        where r.tenant_id is null and r.slug = 'viewer'
    """
    async with db.transaction(admin) as tx:
        await tx.execute(invite, {"email": "a@example.test"})
    with pytest.raises(ApiError) as caught:
        async with db.transaction(admin) as tx:
            await tx.execute(invite, {"email": "b@example.test"})
    assert (caught.value.status, caught.value.code) == (409, "ALREADY_EXISTS")


async def test_a_statement_that_takes_too_long_is_503(db: Database) -> None:
    async with db.transaction(USER) as tx:
        await tx.fetch_one("select set_config('statement_timeout', '50', true)")
        with pytest.raises(ApiError) as caught:
            await tx.fetch_one("select pg_sleep(5)")
        assert (caught.value.status, caught.value.code) == (503, "DATABASE_BUSY")
        await tx.close()


async def test_a_connection_that_was_dropped_in_the_pool_is_replaced(db: Database, shared_database: Copy) -> None:
    async with db.transaction(USER) as tx:
        before = await tx.fetch_value("select pg_backend_pid()")
    with shared_database.connect("supabase_admin") as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [before])
    async with db.transaction(USER) as tx:
        assert await tx.fetch_value("select pg_backend_pid()") != before


async def test_a_connection_that_is_dropped_at_the_first_statement_is_retried_once(
    db: Database, shared_database: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire, killed = db.acquire, []

    async def acquire_and_kill(seconds: float) -> Any:
        connection = await acquire(seconds)
        if not killed:
            killed.append(connection.info.backend_pid)
            with shared_database.connect("supabase_admin") as admin:
                admin.execute("select pg_terminate_backend(%s, 5000)", killed)
        return connection

    monkeypatch.setattr(db, "acquire", acquire_and_kill)
    async with db.transaction(USER) as tx:
        assert await tx.fetch_value("select pg_backend_pid()") != killed[0]


async def test_a_connection_that_is_dropped_later_is_503_and_nothing_hangs(db: Database, shared_database: Copy) -> None:
    async def lose_it() -> None:
        async with db.transaction(USER) as tx:
            pid = await tx.fetch_value("select pg_backend_pid()")
            with shared_database.connect("supabase_admin") as admin:
                admin.execute("select pg_terminate_backend(%s, 5000)", [pid])
            await tx.fetch_one("select 1")

    with pytest.raises(ApiError) as caught:
        await lose_it()
    assert (caught.value.status, caught.value.code) == (503, "DATABASE_UNAVAILABLE")
    async with db.transaction(USER) as tx:
        assert await tx.fetch_value("select 1") == 1


async def test_without_a_database_it_is_503_within_six_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert database_pool.POOL_SECONDS < 6
    monkeypatch.setattr(database, "POOL_SECONDS", 0.5)
    db = Database(Settings(database_url="postgresql://casare_functions@127.0.0.1:1/postgres"))
    async with asyncio.timeout(30):
        with pytest.raises(ApiError) as caught:
            async with db.transaction(USER) as tx:
                await tx.fetch_one("select 1")
    assert (caught.value.status, caught.value.code) == (503, "DATABASE_UNAVAILABLE")
    assert caught.value.headers["Retry-After"]
    await db.close()


def test_no_request_waits_for_ten_seconds_and_no_statement_is_cut_that_the_server_would_end() -> None:
    assert max(database.STATEMENT_MILLISECONDS.values()) < database.ANSWER_SECONDS * 1000
    counting, answering, undoing = SETTLE_SECONDS, database.ANSWER_SECONDS, database.ROLLBACK_SECONDS
    assert max(counting, undoing) + answering < 10


@asynccontextmanager
async def wired(settings: Settings) -> AsyncIterator[tuple[Database, Wire]]:
    """A database behind a wire; in the end, the wire is mended, and the next transaction must go through."""
    async with wire_to(settings.database_url) as (wire, dsn):
        db = Database(dataclasses.replace(settings, database_url=dsn))
        try:
            yield db, wire
            wire.mend()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(database, "ANSWER_SECONDS", 60)
                async with asyncio.timeout(30), db.transaction(USER) as tx:
                    assert await tx.fetch_value("select 1") == 1, "the silent connection was not thrown away"
        finally:
            await db.close()


async def select(db: Database) -> Any:
    async with db.transaction(USER) as tx:
        return await tx.fetch_value("select 1")


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Cuts a wire, and nobody waits for long any more; until then, all take their time."""
    monkeypatch.setattr(database, "ANSWER_SECONDS", 60)
    monkeypatch.setattr(database_pool, "CONNECT_SECONDS", 2)

    def cut(wire: Wire, after: int | None = None) -> None:
        for name in ("ANSWER_SECONDS", "ROLLBACK_SECONDS"):
            monkeypatch.setattr(database, name, 0.5)
        if after is None:
            wire.cut()
        else:
            wire.cut_in_mid_answer(after)

    return cut


@pytest.mark.parametrize("moment", ["asking", "answering"])
async def test_a_connection_that_goes_silent_is_503_and_thrown_away(
    settings: Settings, cut: Callable[..., None], moment: str
) -> None:
    async with wired(settings) as (db, wire):
        await select(db)
        cut(wire, 100_000 if moment == "answering" else None)
        async with asyncio.timeout(30):
            with pytest.raises(ApiError) as caught:
                async with db.transaction(USER) as tx:
                    await tx.fetch_all("select repeat('x', 1000) from generate_series(1, 1000)")
        assert (caught.value.status, caught.value.code) == (503, "DATABASE_UNAVAILABLE")


async def test_a_database_that_is_silent_from_the_start_is_503(settings: Settings, cut: Callable[..., None]) -> None:
    async with wire_to(settings.database_url) as (wire, dsn):
        cut(wire)
        db = Database(dataclasses.replace(settings, database_url=dsn))
        async with asyncio.timeout(30):
            with pytest.raises(ApiError) as caught:
                await select(db)
            assert (caught.value.status, caught.value.code) == (503, "DATABASE_UNAVAILABLE")
            await db.close()


@pytest.mark.parametrize("ending", ["commit", "rollback", "statement", "cancel"])
async def test_a_transaction_whose_connection_goes_silent_ends(
    settings: Settings, cut: Callable[..., None], ending: str
) -> None:
    is_cut = asyncio.Event()

    async def run(db: Database, wire: Wire) -> None:
        async with db.transaction(USER) as tx:
            await tx.fetch_one("select 1")
            cut(wire)
            is_cut.set()
            if ending == "rollback":
                raise ZeroDivisionError
            if ending != "commit":
                await tx.fetch_one("select 2")

    async with wired(settings) as (db, wire):
        running = asyncio.create_task(run(db, wire))
        if ending == "cancel":
            async with asyncio.timeout(30):
                await is_cut.wait()
            await asyncio.sleep(0.1)
            running.cancel()
        async with asyncio.timeout(30):
            [outcome] = await asyncio.gather(running, return_exceptions=True)
        kinds: dict[str, Any] = {"rollback": ZeroDivisionError, "cancel": (asyncio.CancelledError, ApiError)}
        assert isinstance(outcome, kinds.get(ending, ApiError)), repr(outcome)


async def test_one_silent_connection_takes_the_idle_ones_with_it(
    settings: Settings, cut: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wired(settings) as (db, wire):
        await asyncio.gather(*(select(db) for _ in range(4)))
        cut(wire)
        with pytest.raises(ApiError):
            await select(db)
        wire.mend()
        monkeypatch.setattr(database, "ANSWER_SECONDS", 60)
        async with asyncio.timeout(30):  # less than one of them would take to be found out
            assert await asyncio.gather(*(select(db) for _ in range(4))) == [1] * 4


async def test_a_count_of_a_silent_database_is_given_up(settings: Settings) -> None:
    count = RequestCount("GET /x", Rate(1), "192.0.2.1")
    async with wired(settings) as (db, wire):
        await db.ping(30)
        wire.cut()
        async with asyncio.timeout(30):
            await count.settle(db)
        assert not count.is_pending


async def test_without_a_free_connection_it_is_503_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(dataclasses.replace(settings, pool_size=1))
    async with db.transaction(USER) as tx:
        await tx.fetch_one("select 1")
        monkeypatch.setattr(database, "POOL_SECONDS", 0.05)
        with pytest.raises(ApiError, match="No connection to the database is free") as caught:
            async with db.transaction(USER) as other:
                await other.fetch_one("select 1")
    assert (caught.value.status, caught.value.code) == (503, "DATABASE_BUSY")
    await db.close()


async def test_when_the_database_is_back_the_next_request_is_served(shared_database: Copy) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dsn = shared_database.dsn("casare_functions").replace(f":{shared_database.server.port}/", f":{port}/")
    db = Database(Settings(database_url=dsn))

    async def select() -> Any:
        async with db.transaction(USER) as tx:
            return await tx.fetch_value("select 1")

    refused = await asyncio.gather(*(select() for _ in range(6)), return_exceptions=True)
    assert {getattr(error, "code", error) for error in refused} == {"DATABASE_UNAVAILABLE"}
    async with counting_proxy(shared_database.server.port, port):
        assert await asyncio.gather(*(select() for _ in range(6))) == [1] * 6
        await db.close()


async def test_a_cancelled_request_gives_its_connection_back(db: Database) -> None:
    async def wait() -> None:
        async with db.transaction(USER) as tx:
            await tx.fetch_one("select pg_sleep(30)")

    for _ in range(6):  # more than the pool holds
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with db.transaction(USER) as tx:
        assert await tx.fetch_value("select 1") == 1


async def test_a_connection_that_a_cancelled_request_left_in_a_pipeline_is_not_lent_again(settings: Settings) -> None:
    """In it the first statement of a transaction is answered, and no other one: they seem to find nothing."""
    db = Database(dataclasses.replace(settings, pool_size=1))
    connection = await db.acquire()
    left = connection.pipeline()  # as by a cancellation at the wrong moment
    await left.__aenter__()
    await db.release(connection)
    async with asyncio.timeout(30), db.transaction(USER) as tx:
        found = [await tx.fetch_value("select %(n)s::integer", {"n": n}) for n in range(3)]
    await db.close()
    assert found == [0, 1, 2]


async def test_a_failed_transaction_is_not_called_a_success(db: Database) -> None:
    async def swallow() -> None:
        async with db.transaction(USER) as tx:
            with contextlib.suppress(ApiError):
                await tx.fetch_one("select '1x'::int")

    with pytest.raises(RuntimeError):
        await swallow()
    async with db.transaction(USER) as tx:
        assert await tx.fetch_value("select 1") == 1


async def test_nothing_is_sent_without_a_statement() -> None:
    async with Database(Settings()).transaction(USER):
        pass


async def test_a_statement_after_the_end_is_a_mistake(db: Database) -> None:
    async with db.transaction(USER) as tx:
        await tx.fetch_one("select 1")
        await tx.commit()
        with pytest.raises(RuntimeError):
            await tx.fetch_one("select 1")

"""The sequence of events: gapless per tenant, and nothing missed by a reader who resumes, whoever writes meanwhile."""

import threading
import time
import uuid
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.database.asserting import one, refused
from tests.databases import Claims, Connection, Database, as_caller

EMIT = "select private.emit_event(%s, %s)"


def read(conn: Connection, claims: Claims, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
    """The events after a number, as the caller gets them."""
    with as_caller(conn, claims):
        rows: list[dict[str, Any]] = conn.execute("select * from public.list_events(%s, %s)", [after, limit]).fetchall()
    return rows


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["seq"] for row in rows]


def types(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event_type"] for row in rows]


def until_asleep(conn: Connection, pid: int) -> None:
    """Wait until a session waits for time to pass."""
    asleep = "select from pg_stat_activity where pid = %s and wait_event = 'PgSleep'"
    deadline = time.monotonic() + 10
    while not conn.execute(asleep, [pid]).fetchall():
        assert time.monotonic() < deadline, "it never slept"


@pytest.fixture
def tenant(db: Database, conn: Connection) -> factories.Tenant:
    """A tenant whose events so far are read."""
    made = factories.make_tenant(db)
    read(conn, made.admin.claims)
    return made


def test_events_are_numbered_from_one_without_gaps_in_the_order_they_were_written(
    db: Database, conn: Connection, owner: Connection
) -> None:
    tenant = factories.make_tenant(db)
    for i in range(5):
        owner.execute(EMIT, [tenant.tenant_id, f"test.{i}"])
    rows = read(conn, tenant.admin.claims)
    assert numbers(rows) == list(range(1, len(rows) + 1))
    assert types(rows)[-5:] == [f"test.{i}" for i in range(5)]
    last = rows[-1]["seq"]
    assert types(read(conn, tenant.admin.claims, last - 2, 1)) == ["test.3"]
    assert read(conn, tenant.admin.claims, last) == []


def test_an_event_knows_who_did_it_and_what_it_is_about(
    conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    job_id, robot_id, workflow_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    with as_caller(owner, tenant.admin.claims):
        owner.execute("reset role")
        owner.execute(
            "select private.emit_event(%s, 'job.made', %s, %s, %s, '{\"a\": 1}')",
            [tenant.tenant_id, job_id, robot_id, workflow_id],
        )
    row = read(conn, tenant.admin.claims)[-1]
    assert (row["job_id"], row["robot_id"], row["workflow_id"]) == (job_id, robot_id, workflow_id)
    assert (row["actor_id"], row["data"]) == (tenant.admin.user_id, {"a": 1})


def test_the_numbers_of_tenants_are_their_own(db: Database, conn: Connection, owner: Connection) -> None:
    first, second = factories.make_tenant(db), factories.make_tenant(db)
    for i in range(3):
        for tenant in (first, second):
            owner.execute(EMIT, [tenant.tenant_id, f"test.{i}"])
    owner.execute("select private.run_duty('sequence_events')")
    for tenant in (first, second):
        rows = read(conn, tenant.admin.claims)
        assert numbers(rows) == list(range(1, len(rows) + 1))
        assert {row["tenant_id"] for row in rows} == {tenant.tenant_id}


def test_a_slow_writer_is_numbered_after_those_who_overtook_it(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    """The row that was written first but committed last is not missed by a reader who resumes."""
    slow = db.connect()
    cursor = numbers(read(conn, tenant.admin.claims))[-1:] or [0]
    with slow.transaction():
        slow.execute(EMIT, [tenant.tenant_id, "slow"])
        owner.execute(EMIT, [tenant.tenant_id, "fast"])
        seen = read(conn, tenant.admin.claims, cursor[0])
        assert types(seen) == ["fast"]
    later = read(conn, tenant.admin.claims, seen[-1]["seq"])
    assert types(later) == ["slow"]
    assert later[0]["seq"] == seen[-1]["seq"] + 1


def test_a_row_that_the_bound_has_passed_is_numbered_by_cron(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    """Its transaction was open for longer than requests can be: readers of the moment pass it by, and it comes last."""
    number = "select private.sequence_tenant_events(%s, p_lag => '0')"
    slow = db.connect()
    with slow.transaction():
        slow.execute(EMIT, [tenant.tenant_id, "slow"])
        for name in ("first", "second", "third"):
            owner.execute(EMIT, [tenant.tenant_id, name])
            owner.execute(number, [tenant.tenant_id])
    assert types(read(conn, tenant.admin.claims))[-3:] == ["first", "second", "third"]
    owner.execute("select private.run_duty('sequence_events')")
    assert types(read(conn, tenant.admin.claims))[-3:] == ["second", "third", "slow"]


@pytest.mark.parametrize("is_whole", [False, True])
def test_beside_an_old_snapshot_a_reader_does_not_walk_over_numbered_rows(
    db: Database, owner: Connection, tenant: factories.Tenant, is_whole: bool
) -> None:
    holder = db.connect()
    with holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.event_inbox")
        for name in ("many", "more", "most"):
            owner.execute("select private.emit_event(%s, %s) from generate_series(1, 2000)", [tenant.tenant_id, name])
            owner.execute("select private.sequence_tenant_events(%s, p_lag => '0')", [tenant.tenant_id])
        owner.execute(EMIT, [tenant.tenant_id, "one"])
        owner.execute("select private.sequence_tenant_events(%s, p_lag => '0')", [tenant.tenant_id])
        row = owner.execute(
            "explain (analyze, buffers, format json) select private.sequence_tenant_events(%s, p_is_whole => %s)",
            [tenant.tenant_id, is_whole],
        ).fetchone()
    assert row is not None
    pages = row["QUERY PLAN"][0]["Plan"]["Shared Hit Blocks"]
    assert (pages > 50) is is_whole, f"{pages} pages"


def test_what_a_deleted_tenant_left_is_cleared_away(owner: Connection, tenant: factories.Tenant) -> None:
    owner.execute("delete from public.tenants where tenant_id = %s", [tenant.tenant_id])
    owner.execute(EMIT, [tenant.tenant_id, "orphan"])
    owner.execute("select private.run_duty('sequence_events')")
    left = owner.execute("select from private.event_inbox where tenant_id = %s", [tenant.tenant_id])
    assert left.fetchone() is None


def test_a_writer_that_rolls_back_leaves_no_gap(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    before = len(read(conn, tenant.admin.claims))
    with owner.transaction():
        owner.execute(EMIT, [tenant.tenant_id, "never"])
        raise psycopg.Rollback
    owner.execute(EMIT, [tenant.tenant_id, "real"])
    rows = read(conn, tenant.admin.claims)
    assert types(rows)[before:] == ["real"]
    assert numbers(rows) == list(range(1, before + 2))


def test_a_reader_sees_what_another_one_is_numbering(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    other = db.connect("casare_functions")
    seen = list[str]()
    reader = threading.Thread(target=lambda: seen.extend(types(read(other, tenant.admin.claims))))
    owner.execute(EMIT, [tenant.tenant_id, "pending"])
    with as_caller(conn, tenant.admin.claims):
        conn.execute("select * from public.list_events()")
        reader.start()
        until_asleep(owner, other.info.backend_pid)
    reader.join(10)
    assert seen[-1] == "pending"


def test_a_reader_waits_but_a_moment_for_the_one_who_numbers(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    """Then it gets what has a number; the rest comes with its next call, and a rolled-back numbering is done again."""
    before = len(read(conn, tenant.admin.claims))
    owner.execute(EMIT, [tenant.tenant_id, "pending"])
    other = db.connect("casare_functions")
    other.execute("set lock_timeout = '50ms'")
    with as_caller(conn, tenant.admin.claims):
        assert len(conn.execute("select * from public.list_events()").fetchall()) == before + 1
        assert len(read(other, tenant.admin.claims)) == before
        raise psycopg.Rollback
    assert types(read(other, tenant.admin.claims))[before:] == ["pending"]


def test_a_writer_does_not_wait_for_the_one_who_numbers(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    owner.execute("set lock_timeout = '50ms'")
    owner.execute(EMIT, [tenant.tenant_id, "one"])
    with as_caller(conn, tenant.admin.claims):
        conn.execute("select * from public.list_events()")
        owner.execute(EMIT, [tenant.tenant_id, "two"])
    assert types(read(conn, tenant.admin.claims))[-2:] == ["one", "two"]


def test_a_reader_beside_many_writers_sees_every_event_once_and_no_gap(
    db: Database, conn: Connection, tenant: factories.Tenant
) -> None:
    writers, each = 4, 60
    start = numbers(read(conn, tenant.admin.claims))[-1:] or [0]
    connections = [db.connect() for _ in range(writers)]
    failures: list[BaseException] = []

    def write(index: int) -> None:
        try:
            for i in range(each):
                with connections[index].transaction():
                    connections[index].execute(EMIT, [tenant.tenant_id, f"w{index}.{i}"])
                    if i % 7 == index:
                        connections[index].execute("select pg_sleep(0.002)")
        except BaseException as error:
            failures.append(error)

    def number() -> None:
        with db.connect() as cron:
            while any(thread.is_alive() for thread in threads):
                cron.execute("select private.run_duty('sequence_events')")

    threads = [threading.Thread(target=write, args=[index]) for index in range(writers)]
    numbering = threading.Thread(target=number)
    for thread in threads:
        thread.start()
    numbering.start()
    seen: list[dict[str, Any]] = []
    cursor = start[0]
    while len(seen) < writers * each:
        rows = read(conn, tenant.admin.claims, cursor, 17)
        assert numbers(rows) == list(range(cursor + 1, cursor + 1 + len(rows)))
        cursor += len(rows)
        seen += rows
        if not rows and not any(thread.is_alive() for thread in (*threads, numbering)):
            seen += read(conn, tenant.admin.claims, cursor)
            break
    for thread in (*threads, numbering):
        thread.join(120)
    assert not failures
    assert sorted(types(seen)) == sorted(f"w{index}.{i}" for index in range(writers) for i in range(each))
    for index in range(writers):
        mine = [name for name in types(seen) if name.startswith(f"w{index}.")]
        assert mine == [f"w{index}.{i}" for i in range(each)]


@pytest.mark.parametrize(("after", "limit"), [(-1, 10), (None, 10), (0, 0), (0, 1001), (0, None)])
def test_a_page_that_makes_no_sense_is_refused(
    conn: Connection, tenant: factories.Tenant, after: int | None, limit: int | None
) -> None:
    answer = refused(conn, tenant.admin.claims, "select public.list_events(%s, %s)", [after, limit])
    assert answer == ("PT400", "INVALID_ARGUMENT")


def test_who_may_not_read_events_learns_nothing(db: Database, conn: Connection, tenant: factories.Tenant) -> None:
    robot = factories.make_robot(db, tenant)
    assert refused(conn, robot.claims, "select public.list_events()") == ("PT403", "FORBIDDEN")
    assert one(conn, robot.claims, "select count(*) as n from public.events")["n"] == 0
    for table in ("private.event_inbox", "private.event_counters"):
        assert refused(conn, tenant.admin.claims, f"select from {table}")[0] == "42501"


def test_a_page_of_events_costs_an_index_probe(owner: Connection, tenant: factories.Tenant) -> None:
    owner.execute(
        "insert into public.events (tenant_id, seq, event_id, event_type, occurred_at, told_at) "
        "select %s, 1000 + n, gen_random_uuid(), 'many', now(), now() from generate_series(1, 5000) as n",
        [tenant.tenant_id],
    )
    owner.execute("analyze public.events")
    with as_caller(owner, tenant.admin.claims):
        lines = owner.execute(
            "explain (costs off) select * from public.events where seq > 3000 order by seq limit 100"
        ).fetchall()
    plan = "\n".join(row["QUERY PLAN"] for row in lines)
    assert "Index Scan using events_pkey" in plan
    assert "Sort" not in plan
    assert "(tenant_id = " in plan
    assert "(seq > 3000)" in plan

"""No tenant makes another wait for a duty: all take turns, a run is bounded, and what is behind goes on at once."""

from collections.abc import Iterator

import pytest
from tests.database.floods import FLOODS, LONG, Flood, do
from tests.databases import Database
from tests.fleets import Fleet, Row, make_fleet

MANY = 100
BOUND = 10
# What tenants play no part in; private.duties says why.
WITHOUT_TURNS = {
    "drop_job_partitions", "ensure_job_partitions", "place_default_jobs", "purge_cron_details", "purge_login_attempts",
    "purge_request_counts",
}  # fmt: skip


@pytest.fixture
def fleets(database: Database) -> Iterator[tuple[Fleet, Fleet]]:
    """One with much to do and one with little, who is the last in every order."""
    crowd, lone = sorted([make_fleet(database), make_fleet(database)], key=lambda each: each.tenant.tenant_id)
    for fleet in (crowd, lone):
        do(fleet, "select private.find_queue_tenant(%(tenant)s)")
    lone.now = crowd.now
    lone.travel()
    yield crowd, lone
    for fleet in (crowd, lone):
        fleet.close()


def left(fleet: Fleet, flood: Flood) -> int:
    """How much of a tenant's is still to be done."""
    tenant = fleet.tenant.tenant_id
    row = fleet.owner.execute("select tenant_no from private.queue_tenants where tenant_id = %s", [tenant]).fetchone()
    assert row is not None
    found = fleet.owner.execute(flood.left, {"tenant": tenant, "no": row["tenant_no"]}).fetchone()
    assert found is not None
    return int(found["n"])


def run_of(fleet: Fleet, duty: str) -> Row:
    """What is known of a duty's last run."""
    row = fleet.owner.execute(
        "select behind_since, last_error from private.duty_runs where name = %s", [duty]
    ).fetchone()
    assert row is not None
    return row


def only(fleet: Fleet, duty: str, bound: int | None = None) -> None:
    """Leaves this duty alone in the registry, with another bound."""
    fleet.owner.execute("delete from private.duties where name <> %s", [duty])
    fleet.owner.execute("update private.duties set bound = coalesce(%s, bound)", [bound])


def test_every_duty_has_a_flood_or_says_why_tenants_play_no_part_in_it(shared_database: Database) -> None:
    rows = shared_database.connect().execute("select name, without_turns from private.duties").fetchall()
    assert {row["name"] for row in rows if row["without_turns"]} == WITHOUT_TURNS
    assert {row["name"] for row in rows} == WITHOUT_TURNS | set(FLOODS)


@pytest.mark.parametrize("duty", FLOODS)
def test_whatever_one_tenant_has_the_little_of_another_is_done_at_once(fleets: tuple[Fleet, Fleet], duty: str) -> None:
    crowd, lone = fleets
    flood = FLOODS[duty]
    flood.make(crowd, MANY)
    flood.make(lone, 1)
    if flood.later == LONG:  # partitions of weeks that are over would be counted as rows of nobody
        crowd.owner.execute("update public.tenants set plan = 'free'")
    lone.now = crowd.travel(seconds=flood.later.total_seconds())
    lone.travel()
    only(crowd, duty, 1 if flood.is_one_look else BOUND)
    before = left(crowd, flood)
    assert before >= (1 if flood.is_one_look else MANY)
    assert left(lone, flood) > 0, "there is nothing to do"

    runs = 0
    while left(lone, flood):
        crowd.run(duty)
        runs += 1
        assert runs <= 2, "the lone tenant waits for the other"
    if not flood.is_one_look:
        assert before - runs * BOUND <= left(crowd, flood), "a run did more than its bound"
        assert left(crowd, flood) > 0
        assert run_of(crowd, duty)["behind_since"] == crowd.now
    crowd.owner.execute("call private.run_duties()")
    assert (left(crowd, flood), left(lone, flood)) == (0, 0), "it did not go on"
    assert (run_of(crowd, duty)["behind_since"], run_of(crowd, duty)["last_error"]) == (None, None)

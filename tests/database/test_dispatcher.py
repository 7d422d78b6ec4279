"""The dispatcher that cron calls: every duty has its turn, whatever becomes of the others."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from tests.database.floods import FLOODS
from tests.databases import Database, at
from tests.fleets import Fleet, Row, make_fleet

from casare_cloud.local import schema

FINE, SLOW, BAD = "purge_login_attempts", "purge_request_counts", "purge_cron_details"


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def keep_only(fleet: Fleet, *duties: str) -> None:
    """Leaves these duties in the registry, all due."""
    fleet.owner.execute("delete from private.duties where name <> all (%s)", [list(duties)])
    fleet.owner.execute("update private.duty_runs set last_run_at = %s - interval '1 day'", [fleet.now])


def replace_body(fleet: Fleet, duty: str, body: str) -> None:
    """Makes a duty that takes a bound do something else."""
    fleet.owner.execute(
        f"create or replace function private.{duty}(p_limit integer default 10000) returns integer language plpgsql "
        f"as $$ begin {body} end $$"
    )


def runs(fleet: Fleet) -> dict[str, Row]:
    rows = fleet.owner.execute("select name, last_run_at, last_count, last_error, behind_since from private.duty_runs")
    return {row["name"]: row for row in rows.fetchall()}


def test_cron_has_one_job_for_all_duties_and_one_to_vacuum(fleet: Fleet) -> None:
    rows = fleet.owner.execute("select jobname, command from cron.job order by jobname").fetchall()
    assert [row["jobname"] for row in rows] == ["casare_run_duties", "casare_vacuum_hot_tables"]
    assert rows[0]["command"] == "call private.run_duties()"


def test_what_earlier_versions_scheduled_goes_and_what_others_did_stays(fleet: Fleet) -> None:
    fleet.owner.execute("select cron.schedule('casare_age_lanes', '* * * * *', 'select 1')")
    fleet.owner.execute("select cron.schedule('casareport', '* * * * *', 'select 1')")
    [path] = [path for path in schema.schema_files() if path.parent.name == "97_duties" and path.name == "cron.sql"]
    with fleet.database.server.connect("postgres", fleet.database.name) as owner:
        schema.execute_file(owner, path)
    rows = fleet.owner.execute("select jobname from cron.job order by jobname").fetchall()
    assert [row["jobname"] for row in rows] == ["casare_run_duties", "casare_vacuum_hot_tables", "casareport"]


def test_everything_that_is_due_runs_and_only_that(fleet: Fleet) -> None:
    fleet.owner.execute("update private.duty_runs set last_run_at = '-infinity'")  # however old the template is
    fleet.owner.execute("call private.run_duties()")
    before = runs(fleet)
    fleet.travel(seconds=61)
    fleet.owner.execute("call private.run_duties()")
    again = {name for name, run in runs(fleet).items() if run["last_run_at"] == fleet.now}
    rows = fleet.owner.execute("select name from private.duties where every <= interval '1 minute'").fetchall()
    assert again == {row["name"] for row in rows}
    assert len(before) > len(again) > 10
    assert {name: run["last_error"] for name, run in runs(fleet).items() if run["last_error"]} == {}


def test_a_duty_that_fails_stops_no_other_and_is_seen(fleet: Fleet) -> None:
    replace_body(fleet, BAD, "raise exception 'no luck';")
    keep_only(fleet, BAD, FINE, SLOW)
    fleet.owner.execute("call private.run_duties()")
    assert {name: run["last_error"] for name, run in runs(fleet).items()} == {BAD: "no luck", FINE: None, SLOW: None}
    seen = fleet.owner.execute("select figure, advice from private.queue_health() where not is_ok").fetchall()
    assert seen == [{"figure": f"duty_{BAD}_seconds", "advice": "Its last run failed: no luck"}]
    replace_body(fleet, BAD, "return 0;")
    fleet.owner.execute("call private.run_duties()")
    assert runs(fleet)[BAD]["last_error"] == "no luck", "it is tried again after its period, not at once"
    fleet.travel(hours=1)
    fleet.owner.execute("call private.run_duties()")
    assert runs(fleet)[BAD]["last_error"] is None


def test_duties_that_are_behind_take_turns_and_a_call_ends_in_time(fleet: Fleet) -> None:
    fleet.owner.execute("create sequence public.slow")
    fleet.owner.execute("create sequence public.fine")
    replace_body(fleet, SLOW, "perform nextval('public.slow'); return p_limit;")
    replace_body(fleet, FINE, "perform nextval('public.fine'); return p_limit;")
    keep_only(fleet, SLOW, FINE)
    row = {"s": 0}
    for _ in range(100):  # a busy machine may be over the time of a call with the first duty
        fleet.owner.execute("call private.run_duties('20 milliseconds')")
        counted = "select (select last_value from public.slow) as s, last_value as f from public.fine"
        row = fleet.owner.execute(counted).fetchone() or row
        if row["s"] > 1:
            break
    assert abs(row["s"] - row["f"]) <= 1 < row["s"]
    assert {run["behind_since"] for run in runs(fleet).values()} == {fleet.now}
    fleet.travel(minutes=16)
    figures = fleet.owner.execute(
        "select is_ok, advice from private.queue_health() where figure = 'behind_duty_seconds'"
    ).fetchall()
    assert [row["is_ok"] for row in figures] == [False]
    assert SLOW in figures[0]["advice"]


def test_a_call_ends_before_the_time_limit_of_its_statement(fleet: Fleet) -> None:
    replace_body(fleet, SLOW, "return p_limit;")
    keep_only(fleet, SLOW)
    fleet.owner.execute("set statement_timeout = '400ms'")
    for _ in range(10):  # a busy machine may need the other half of that time, but not always
        with suppress(psycopg.errors.QueryCanceled):
            fleet.owner.execute("call private.run_duties('1 hour')")
            return
    pytest.fail("it goes on until it is cancelled")


def test_a_duty_at_which_a_session_ends_is_not_the_first_of_the_next(fleet: Fleet) -> None:
    replace_body(fleet, BAD, "perform pg_terminate_backend(pg_backend_pid()); return 0;")
    keep_only(fleet, BAD, FINE)
    other = fleet.database.connect("supabase_admin")
    for _ in range(2):
        dispatcher = fleet.database.connect()
        at(dispatcher, fleet.now)
        with pytest.raises(psycopg.OperationalError):
            dispatcher.execute("call private.run_duties()")
    row = other.execute("select last_run_at from private.duty_runs where name = %s", [FINE]).fetchone()
    assert row == {"last_run_at": fleet.now}


def test_two_dispatchers_share_the_work_and_neither_waits(fleet: Fleet) -> None:
    keep_only(fleet, FINE, SLOW)
    other = fleet.database.connect()
    at(other, fleet.now)
    with fleet.owner.transaction():
        row = fleet.owner.execute("select private.next_duty() as name").fetchone()
        assert row is not None
        fleet.owner.execute("select private.run_duty(%s)", [row["name"]])
        other.execute("set lock_timeout = '100ms'")
        other.execute("call private.run_duties()")
        done = [name for name, run in runs_of(other).items() if run["last_run_at"] == fleet.now]
        assert done == [FINE if row["name"] == SLOW else SLOW]


def runs_of(connection: psycopg.Connection[Row]) -> dict[str, Row]:
    rows = connection.execute("select name, last_run_at from private.duty_runs").fetchall()
    return {row["name"]: row for row in rows}


def test_what_is_wrong_with_one_tenant_keeps_no_other_from_its_turn_and_is_seen(fleet: Fleet) -> None:
    other = make_fleet(fleet.database)
    tenants = sorted([fleet, other], key=lambda each: each.tenant.tenant_id)
    for each in tenants:
        FLOODS["age_lanes"].make(each, 1)
    first = tenants[0].tenant.tenant_id
    row = fleet.owner.execute(
        "select tenant_no as no from private.queue_tenants where tenant_id = %s", [first]
    ).fetchone()
    assert row is not None
    fleet.owner.execute("update private.lanes set head_since = %s - interval '1 hour'", [fleet.now])
    fleet.owner.execute(
        f"alter table private.lanes add constraint lanes_bad_check check (tenant_no <> {row['no']} or promotion = 0)"
    )
    warnings: list[str] = []
    fleet.owner.add_notice_handler(lambda notice: warnings.append(str(notice.message_primary)))
    row = fleet.owner.execute("select private.run_duty('age_lanes') as n").fetchone()
    assert row == {"n": 1}
    assert "lanes_bad_check" in runs(fleet)["age_lanes"]["last_error"]
    assert [str(first) in warning for warning in warnings] == [True]
    other.close()


def test_what_comes_during_a_flood_has_its_turn_in_the_next_period(fleet: Fleet) -> None:
    late = make_fleet(fleet.database)
    keep_only(fleet, "purge_expired_job_logs")
    fleet.owner.execute("update private.duties set bound = 10")
    logs = FLOODS["purge_expired_job_logs"]
    logs.make(fleet, 200)
    fleet.travel(days=1000)
    for _ in range(3):
        fleet.run("purge_expired_job_logs")
    logs.make(late, 1)
    fleet.run("purge_expired_job_logs")
    assert late.count("public.job_logs") > 1
    fleet.travel(seconds=61)
    fleet.run("purge_expired_job_logs")
    query = "select count(*) as n from public.job_logs where tenant_id = %s"
    assert fleet.owner.execute(query, [late.tenant.tenant_id]).fetchone() == {"n": 0}
    assert fleet.owner.execute(query, [fleet.tenant.tenant_id]).fetchone() != {"n": 0}
    late.close()


def test_nobody_but_the_owner_runs_duties(fleet: Fleet) -> None:
    for role in ("authenticated", "casare_functions"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            fleet.database.connect(role).execute("call private.run_duties()")

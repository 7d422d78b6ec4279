"""What heartbeats say of a robot's machine over time: which figures count, in which steps, for how long."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from tests.database.plans import PlanWatcher, nodes
from tests.databases import Database, at
from tests.factories import Robot, make_member
from tests.fleets import Fleet, call, call_all, refused

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
FIGURES = ("cpu_percent", "memory_percent", "memory_mb", "disk_percent")
MOST = {"cpu_percent": 100, "memory_percent": 100, "memory_mb": 1e9, "disk_percent": 100}


@pytest.fixture
def fleet(fleet: Fleet) -> Fleet:
    """At noon."""
    fleet.now = NOON
    fleet.travel(seconds=0)
    return fleet


def say(fleet: Fleet, robot: Robot, metrics: Mapping[str, Any] | None) -> None:
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=metrics)


def measured(fleet: Fleet, robot: Robot, **asked: Any) -> list[dict[str, Any]]:
    return call_all(fleet.member, "get_robot_measurements", robot=robot.external_id, **asked)


def told(points: list[dict[str, Any]], name: str = "cpu_percent") -> list[tuple[float | None, float | None]]:
    return [(point[name], point[f"{name}_max"]) for point in points]


def test_each_step_has_the_average_and_the_highest_and_steps_without_heartbeats_are_gaps(fleet: Fleet) -> None:
    robot = fleet.robot()
    for cpu, seconds in ((10, 30), (20, 30), (60, 240), (5, 600), (7.25, 0)):
        say(fleet, robot, {"cpu_percent": cpu, "memory_mb": 900.0})
        fleet.travel(seconds=seconds)
    points = measured(fleet, robot, since=NOON)
    assert [point["starts_at"] for point in points] == [NOON + timedelta(minutes=5 * n) for n in range(4)]
    assert told(points) == [(30, 60), (5, 5), (None, None), (7.3, 7.3)], "the running step is told, too"
    assert told(points, "memory_mb")[:2] == [(900, 900), (900, 900)]
    assert told(points, "disk_percent") == [(None, None)] * 4, "no heartbeat said it"
    hourly = measured(fleet, robot, since=NOON, step_minutes=60)
    assert told(hourly) == [(14.1, 60)], "the average of the steps that were measured"


def test_a_heartbeat_without_figures_leaves_what_was_measured(fleet: Fleet) -> None:
    robot = fleet.robot()
    for metrics in ({"cpu_percent": 40}, None, {}, {"note": "x"}):
        say(fleet, robot, metrics)
    fleet.travel(minutes=5)
    for metrics in (None, {}, {}):
        say(fleet, robot, metrics)
    call(fleet.robots[robot.robot_id], "set_robot_status", robot=robot.external_id, status="busy")
    assert told(measured(fleet, robot, since=NOON)) == [(40, 40), (None, None)]


def test_an_hour_is_one_row_and_its_entries_begin_with_the_hour(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.travel(minutes=20)
    for cpu in (1, 2, 3):
        say(fleet, robot, {"cpu_percent": cpu})
        fleet.travel(minutes=10)
    fleet.travel(hours=1)
    say(fleet, robot, {"cpu_percent": 4})
    rows = fleet.member.execute("select * from public.robot_measurements").fetchall()
    assert [(row["starts_at"], row["cpu_percent"]) for row in rows] == [
        (NOON, [None, None, None, None, 1, None, 2, None, 3])
    ]
    assert told(measured(fleet, robot, since=NOON, until=NOON + timedelta(hours=1)))[4:9] == [
        (1, 1), (None, None), (2, 2), (None, None), (3, 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        '"12"', "null", "true", "[]", '{"a": 1}', "-0.1", "-1", "100.1", "1e400", "-1e400", "1e131000",
        '"NaN"', '"Infinity"', "9007199254740993e40",
    ],
)  # fmt: skip
def test_what_is_no_number_in_its_limits_is_left_out_and_the_rest_counts(fleet: Fleet, text: str) -> None:
    robot = fleet.robot()
    fleet.robots[robot.robot_id].execute(
        "select public.record_heartbeat(p_metrics => %s::jsonb)",
        [f'{{"cpu_percent": {text}, "disk_percent": 50, "memory_percent": 1e-390}}'],
    )
    (point,) = measured(fleet, robot, since=NOON, until=NOON + timedelta(minutes=5))
    assert (point["cpu_percent"], point["cpu_percent_max"]) == (None, None)
    assert (point["disk_percent"], point["memory_percent"]) == (50, 0)


SAID = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-5, 105),
    st.integers(-(10**40), 10**40),
)


@settings(max_examples=60, deadline=None)
@given(heartbeats=st.lists(st.dictionaries(st.sampled_from(FIGURES), SAID), max_size=8))
def test_the_rule_is_that_of_numbers_between_zero_and_the_most(
    shared_database: Database, heartbeats: list[dict[str, Any]]
) -> None:
    with shared_database.connect("supabase_admin") as owner:
        sums: list[float] | None = None
        for metrics in heartbeats:
            row = owner.execute(
                "select private.add_measurements(%s::real[], %s) as sums", [sums, Jsonb(metrics)]
            ).fetchone()
            assert row is not None
            sums = row["sums"]
    for n, name in enumerate(FIGURES):
        values = [m[name] for m in heartbeats if type(m.get(name)) in (int, float) and 0 <= m[name] <= MOST[name]]
        count, total, highest = (sums or [0.0] * 12)[3 * n : 3 * n + 3]
        assert count == len(values)
        assert math.isclose(total, sum(values), rel_tol=1e-5, abs_tol=0.5)
        assert math.isclose(highest, max(values, default=0), rel_tol=1e-5, abs_tol=0.06)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"since": NOON, "until": NOON}, "since"),
        ({"since": NOON - timedelta(days=32)}, "31 days"),
        ({"step_minutes": 4}, "step_minutes"),
        ({"step_minutes": 0}, "step_minutes"),
        ({"step_minutes": -5}, "step_minutes"),
        ({"step_minutes": 25}, "step_minutes"),
        ({"step_minutes": 2880}, "step_minutes"),
        ({"since": NOON - timedelta(days=8), "step_minutes": 5}, "2100"),
        ({"until": "infinity"}, "years"),
        ({"since": "-infinity"}, "years"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(fleet: Fleet, asked: dict[str, Any], word: str) -> None:
    with refused(400, "INVALID_ARGUMENT", word):
        measured(fleet, fleet.robot(), **asked)


@pytest.mark.parametrize(("days", "minutes", "count"), [(1, 5, 289), (3, 15, 289), (7, 60, 169), (31, 240, 187)])
def test_the_step_follows_the_time_that_is_asked_for(fleet: Fleet, days: int, minutes: int, count: int) -> None:
    points = measured(fleet, fleet.robot(), since=NOON - timedelta(days=days))
    assert len(points) == count
    assert points[1]["starts_at"] - points[0]["starts_at"] == timedelta(minutes=minutes)


def test_steps_are_cut_at_the_day_and_the_last_one_holds_the_end(fleet: Fleet) -> None:
    points = measured(
        fleet, fleet.robot(), since=NOON - timedelta(minutes=7), until=NOON + timedelta(seconds=1), step_minutes=5
    )
    assert [point["starts_at"].minute for point in points] == [50, 55, 0]


def test_who_reads_it(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    say(fleet, robot, {"cpu_percent": 40})
    viewer = make_member(fleet.database, fleet.tenant, "viewer")
    with fleet.database.connect("authenticated", viewer.claims) as session:
        at(session, fleet.now)
        assert call_all(session, "get_robot_measurements", robot=robot.external_id)[-1]["cpu_percent"] == 40
    own = call_all(fleet.robots[robot.robot_id], "get_robot_measurements")
    assert own[-1]["cpu_percent"] == 40
    with refused(403, "FORBIDDEN"):
        call_all(fleet.robots[other.robot_id], "get_robot_measurements", robot=robot.external_id)
    with refused(404, "ROBOT_NOT_FOUND"):
        call_all(fleet.member, "get_robot_measurements", robot="nobody")
    with fleet.database.connect("authenticated") as nobody, refused(401, "AUTHENTICATION_FAILED"):
        call_all(nobody, "get_robot_measurements", robot=robot.external_id)


def test_it_is_kept_for_the_plans_time_and_a_tenant_may_shorten_it(fleet: Fleet) -> None:
    robot = fleet.robot()
    kept = {"free": 7, "pro": 30, "enterprise": 30}
    rows = fleet.owner.execute("select plan, days from private.retentions where kind = 'robot_measurements'").fetchall()
    assert {row["plan"]: row["days"] for row in rows} == kept
    for _ in range(10):
        say(fleet, robot, {"cpu_percent": 40})
        fleet.travel(days=1)
    call(fleet.member, "set_retention", days={"robot_measurements": 2})
    fleet.run("purge_expired_robot_measurements")
    left = fleet.member.execute("select starts_at from public.robot_measurements").fetchall()
    assert [row["starts_at"] for row in left] == [NOON + timedelta(days=8)]


def test_a_month_is_looked_up_by_the_hour_among_other_robots(fleet: Fleet) -> None:
    robot, _ = fleet.robot(), fleet.robot()
    fleet.owner.execute(
        """
        insert into public.robot_measurements
        select
            %(tenant)s, case when n %% 20 = 0 then %(robot)s else gen_random_uuid() end,
            %(now)s - n / 20 * interval '1 hour', a, a, a, a, a, a, a, a
        from generate_series(0, 20 * 744 - 1) as n, (select array_fill(50::real, array[12]) as a) as f
        """,
        {"tenant": fleet.tenant.tenant_id, "robot": robot.robot_id, "now": NOON},
    )
    watcher = PlanWatcher(fleet)
    at(watcher.connection, fleet.now)
    watcher.call(
        fleet.tenant.admin.claims, "get_robot_measurements", robot=robot.external_id, since=NOON - timedelta(days=31)
    )
    read = [
        node
        for plan in watcher.plans
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in {"robot_measurements", "robot_heartbeats"}
    ]
    assert {node["Node Type"] for node in read} == {"Index Scan"}
    assert all("Filter" not in node for node in read), "each hour is one row, found by its key"


def test_a_heartbeat_rewrites_its_row_in_place_and_writes_history_once_in_five_minutes(fleet: Fleet) -> None:
    robot = fleet.robot()
    say(fleet, robot, {"cpu_percent": 1})
    query = """
        select c.relname, s.n_tup_ins, s.n_tup_upd, s.n_tup_hot_upd
        from pg_class as c
        cross join lateral (
            select pg_stat_get_tuples_inserted(c.oid) as n_tup_ins, pg_stat_get_tuples_updated(c.oid) as n_tup_upd,
                pg_stat_get_tuples_hot_updated(c.oid) as n_tup_hot_upd
        ) as s
        where c.oid in ('public.robot_heartbeats'::regclass, 'public.robot_measurements'::regclass)
    """

    def counts() -> dict[str, tuple[int, int, int]]:
        fleet.robots[robot.robot_id].execute("select pg_stat_force_next_flush()")
        rows = fleet.owner.execute(query).fetchall()
        return {row["relname"]: (row["n_tup_ins"], row["n_tup_upd"], row["n_tup_hot_upd"]) for row in rows}

    before = counts()
    for _ in range(120):
        fleet.travel(seconds=30)
        say(fleet, robot, {"cpu_percent": 1, "memory_percent": 2, "memory_mb": 3, "disk_percent": 4})
    after = counts()
    change = {name: tuple(b - a for a, b in zip(before[name], after[name], strict=True)) for name in before}
    assert change["robot_heartbeats"] == (0, 120, 120)
    assert change["robot_measurements"] == (1, 11, 11)

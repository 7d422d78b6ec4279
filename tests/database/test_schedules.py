"""Schedules: made, changed, triggered, simulated and deleted through their functions."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.database.scheduling import (
    START,
    all_schedules,
    create,
    described,
    fires,
    jobs,
    read,
    simulate,
    start_on_a_friday,
    update,
)
from tests.databases import at
from tests.factories import claims_for, make_key, make_member
from tests.fleets import Fleet, call, call_all, refused

_NEW = {"name": "x", "cron_expression": "@daily"}


@pytest.fixture(autouse=True)
def on_a_friday(fleet: Fleet) -> None:
    start_on_a_friday(fleet)


# -- making and changing


def test_a_new_schedule_knows_its_next_run(fleet: Fleet) -> None:
    schedule = create(fleet, cron_expression=" 0 9 * * 1-5 ", priority=3, input={"a": None}, metadata={"b": 1})
    assert schedule["next_run_at"] == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert (schedule["cron_expression"], schedule["timezone"], schedule["is_enabled"]) == ("0 9 * * 1-5", "UTC", True)
    assert (schedule["last_run_at"], schedule["run_count"], schedule["failure_count"]) == (None, 0, 0)
    assert schedule["created_by"] == fleet.tenant.admin.user_id
    assert read(fleet, schedule) == schedule


def test_the_time_zone_is_the_tenants_unless_it_is_given(fleet: Fleet) -> None:
    fleet.member.execute("select public.update_tenant(p_timezone => 'America/New_York')")
    schedule = create(fleet, cron_expression="0 9 * * *")
    assert (schedule["timezone"], schedule["next_run_at"]) == (
        "America/New_York",
        datetime(2026, 11, 20, 14, tzinfo=UTC),
    )
    schedule = create(fleet, cron_expression="0 9 * * *", timezone="Europe/Berlin")
    assert schedule["next_run_at"] == datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "schedule_name"),
        ({"name": "x" * 256}, "schedule_name"),
        ({"cron_expression": "0 25 * * *"}, "hour"),
        ({"cron_expression": "0 0 30 2 *"}, "day of month"),
        ({"cron_expression": None}, "cron_expression"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "CEST"}, "timezone"),
        ({"timezone": "FOO5BAR"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": "", "starts_at": "2099-01-01T09:00:00Z"}, "timezone"),  # its local time is not reckoned before
        ({"priority": 21}, "priority"),
        ({"priority": 70000}, "priority"),
        ({"execution_mode": "wan"}, "execution_mode"),
        ({"environment": ""}, "environment"),
        ({"input": []}, "input"),
        ({"metadata": {"x": "y" * 40000 + str(uuid.uuid4())}}, "metadata"),
    ],
)
def test_a_schedule_that_breaks_a_rule_is_refused(fleet: Fleet, fields: dict[str, Any], words: str) -> None:
    if fields.get("metadata"):  # that no compression makes small
        fields = {"metadata": {str(n): str(uuid.uuid4()) for n in range(1000)}}
    with refused(400, "INVALID_ARGUMENT", words):
        create(fleet, **fields)
    schedule = create(fleet)
    changes = {name: value for name, value in fields.items() if value is not None}
    if changes:
        with refused(400, "INVALID_ARGUMENT"):
            update(fleet, schedule, **changes)
    assert read(fleet, schedule) == schedule


@pytest.mark.parametrize(
    "changes", [{"run_count": 3}, {"next_run_at": "2030-01-01"}, {"input": []}, {"is_enabled": "x"}]
)
def test_what_is_no_property_or_no_value_cannot_be_changed(fleet: Fleet, changes: dict[str, Any]) -> None:
    schedule = create(fleet)
    with refused(400, "INVALID_ARGUMENT"):
        update(fleet, schedule, **changes)
    with refused(400, "INVALID_ARGUMENT"):
        fleet.member.execute("select public.update_schedule(%s, '[]')", [schedule["schedule_id"]])


def test_a_change_of_the_times_moves_the_next_run_and_another_change_does_not(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.travel(minutes=5)
    renamed = update(fleet, schedule, name="Other", priority=1, input={"deep": {"n": None}}, timezone=None)
    assert (renamed["name"], renamed["priority"], renamed["input"]) == ("Other", 1, {"deep": {"n": None}})
    assert renamed["next_run_at"] == schedule["next_run_at"]
    assert renamed["updated_at"] == fleet.now
    moved = update(fleet, schedule, cron_expression="0 9 * * *", timezone="Europe/Berlin")
    assert moved["next_run_at"] == datetime(2026, 11, 21, 8, tzinfo=UTC)
    other = call(fleet.member, "submit_workflow", name="Other", definition={"nodes": []})["workflow_id"]
    assert update(fleet, schedule, workflow_id=str(other))["workflow_id"] == other
    with refused(404, "WORKFLOW_NOT_FOUND"):
        update(fleet, schedule, workflow_id=str(uuid.uuid4()))


def test_a_disabled_schedule_has_no_next_run_until_it_is_enabled(fleet: Fleet) -> None:
    schedule = create(fleet)
    assert update(fleet, schedule, is_enabled=False)["next_run_at"] is None
    fleet.travel(hours=3)
    assert fleet.run("fire_due_schedules") == 0
    assert update(fleet, schedule, is_enabled=True)["next_run_at"] == datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert create(fleet, is_enabled=False)["next_run_at"] is None


def test_a_deleted_schedule_is_gone_and_fires_no_more(fleet: Fleet) -> None:
    schedule = create(fleet)
    call(fleet.member, "delete_schedule", schedule_id=schedule["schedule_id"])
    assert fleet.member.execute("select * from public.schedules").fetchall() == []
    for function in ("delete_schedule", "trigger_schedule"):
        with refused(404, "SCHEDULE_NOT_FOUND"):
            call(fleet.member, function, schedule_id=schedule["schedule_id"])
    with refused(404, "SCHEDULE_NOT_FOUND"):
        update(fleet, schedule, name="x")
    fleet.travel(hours=3)
    assert fleet.run("fire_due_schedules") == 0
    assert create(fleet)["name"] == schedule["name"]  # the name is free


def test_deleting_a_workflow_deletes_its_schedules(fleet: Fleet) -> None:
    create(fleet)
    other = call(fleet.member, "submit_workflow", name="Other", definition={"nodes": []})["workflow_id"]
    kept = create(fleet, workflow_id=other)
    answer = call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)["delete_workflow"]
    assert answer["deleted_schedules"] == 1
    assert [row["schedule_id"] for row in all_schedules(fleet)] == [kept["schedule_id"]]
    with refused(404, "WORKFLOW_NOT_FOUND"):
        create(fleet)


def test_a_schedule_is_never_left_on_a_workflow_that_is_deleted_meanwhile(fleet: Fleet) -> None:
    deleter = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    with ThreadPoolExecutor(1) as pool:
        with deleter.transaction():
            call(deleter, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
            creation = pool.submit(create, fleet)
        with refused(404, "WORKFLOW_NOT_FOUND"):
            creation.result(120)
    assert all_schedules(fleet) == []


# -- rights


def test_operators_and_viewers_see_schedules_and_change_none(fleet: Fleet) -> None:
    schedule = create(fleet)
    for role in ("operator", "viewer"):
        reader = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, role).claims)
        at(reader, fleet.now)
        assert len(reader.execute("select * from public.schedules").fetchall()) == 1
        assert len(call_all(reader, "simulate_schedule", schedule={"cron_expression": "@daily"}, count=2)) == 2
        for function in ("delete_schedule", "trigger_schedule"):
            with refused(403, "FORBIDDEN"):
                call(reader, function, schedule_id=schedule["schedule_id"])
        with refused(403, "FORBIDDEN"):
            call(reader, "update_schedule", schedule_id=schedule["schedule_id"], changes={"name": "x"})
        with refused(403, "FORBIDDEN"):
            call(reader, "create_schedule", schedule=described(_NEW | {"workflow_id": fleet.workflow.workflow_id}))


def test_another_tenants_schedule_is_not_there(fleet: Fleet, stranger: Fleet) -> None:
    at(stranger.member, START)
    foreign = create(stranger)
    assert all_schedules(fleet) == []
    for function in ("delete_schedule", "trigger_schedule"):
        with refused(404, "SCHEDULE_NOT_FOUND"):
            call(fleet.member, function, schedule_id=foreign["schedule_id"])
    with refused(404, "WORKFLOW_NOT_FOUND"):
        create(fleet, workflow_id=stranger.workflow.workflow_id)
    assert read(stranger, foreign) == foreign


# -- triggering


def test_a_trigger_enqueues_a_job_now_and_leaves_the_next_run(fleet: Fleet) -> None:
    schedule = create(fleet, priority=2, input={"n": 1}, metadata={"m": 2}, environment="lab", is_enabled=True)
    answers = [
        call(fleet.member, "trigger_schedule", schedule_id=schedule["schedule_id"])["trigger_schedule"] for _ in "ab"
    ]
    assert [str(job["job_id"]) for job in jobs(fleet)] == [answer["job_id"] for answer in answers]
    job = jobs(fleet)[0]
    assert (job["trigger_type"], job["priority"], job["input"], job["environment"]) == ("manual", 2, {"n": 1}, "lab")
    assert job["metadata"] == {"m": 2, "schedule_id": str(schedule["schedule_id"])}
    after = read(fleet, schedule)
    assert (after["run_count"], after["last_run_at"], after["next_run_at"]) == (2, fleet.now, schedule["next_run_at"])
    assert [(fire["is_manual"], fire["outcome"]) for fire in fires(fleet, schedule)] == [(True, "enqueued")] * 2
    assert fleet.events(job["job_id"]) == ["job.queued", "schedule.triggered"]


def test_a_trigger_of_a_workflow_that_may_not_run_is_409(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.owner.execute(
        "update public.workflows set is_enabled = false where workflow_id = %s", [schedule["workflow_id"]]
    )
    with refused(409, "WORKFLOW_NOT_RUNNABLE"):
        call(fleet.member, "trigger_schedule", schedule_id=schedule["schedule_id"])
    assert (read(fleet, schedule), fires(fleet, schedule)) == (schedule, [])


# -- looking ahead


def test_a_simulation_tells_the_next_runs_and_what_the_clocks_do_to_them(fleet: Fleet) -> None:
    runs = simulate(
        fleet,
        cron_expression="30 2 * * *",
        timezone="Europe/Berlin",
        count=3,
        after=datetime(2026, 3, 28, tzinfo=UTC),
    )
    assert [run["run_at"] for run in runs] == [
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    ]
    assert [run["verdict"] for run in runs] == ["run", "moved", "run"]
    assert runs[0]["reason"] is None
    assert "03:00" in runs[1]["reason"]
    [now] = simulate(fleet, cron_expression="0 * * * *", count=1)
    assert now["run_at"] == datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"count": 0}, "count"),
        ({"count": 101}, "count"),
        ({"timezone": "x"}, "timezone"),
        ({"cron_expression": "x"}, "five"),
    ],
)
def test_a_simulation_that_breaks_a_rule_is_refused(fleet: Fleet, fields: dict[str, Any], words: str) -> None:
    with refused(400, "INVALID_ARGUMENT", words):
        simulate(fleet, **({"cron_expression": "@daily"} | fields))


def test_changes_by_people_are_audited_and_fires_are_not(fleet: Fleet) -> None:
    schedule = create(fleet)
    update(fleet, schedule, priority=1)
    fleet.travel(hours=1)
    fleet.run("fire_due_schedules")
    rows = fleet.owner.execute(
        "select action, principal from public.audit_log where resource_id = %s order by audit_id",
        [str(schedule["schedule_id"])],
    ).fetchall()
    assert [row["action"] for row in rows] == ["create", "update"]


def test_a_service_key_with_the_scope_makes_schedules(fleet: Fleet) -> None:
    key = make_key(fleet.database, fleet.tenant, "service", scopes=["schedules.write"])
    claims = claims_for(key.api_key_id, fleet.tenant.tenant_id, "service", api_key_id=key.api_key_id)
    program = fleet.database.connect("authenticated", claims)
    made = call(program, "create_schedule", schedule=described(_NEW | {"workflow_id": fleet.workflow.workflow_id}))
    assert made["created_by"] == key.api_key_id
    with pytest.raises(psycopg.Error):
        call_all(program, "simulate_schedule", schedule={"cron_expression": "@daily"})

"""Settings by name: what may be written is what counts where it is read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.databases import Database
from tests.fleets import Fleet, call, make_fleet

# Where the value of a setting is read for good, of settings and nothing else.
READERS = {
    "queue.max_waiting": "private.waiting_quota('free', %s)",
    "queue.ageing_minutes": "private.ageing_minutes(%s)",
    "queue.cancel_grace_seconds": "private.cancel_grace_seconds(%s)",
    "robots.accept_grace_seconds": "private.robot_patience_seconds(%s, 'accept_grace_seconds', 30)",
    "robots.reconnect_window_seconds": "private.robot_patience_seconds(%s, 'reconnect_window_seconds', 60)",
    "realtime.jobs": "private.pushes_of(%s)",
}


@pytest.fixture
def fleet(shared_database: Database) -> Iterator[Fleet]:
    fleet = make_fleet(shared_database)
    yield fleet
    fleet.close()


def settings_of(fleet: Fleet) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in fleet.member.execute("select * from public.list_settings()").fetchall()}


def put(fleet: Fleet, name: str, value: Any) -> Any:
    """The value that counts after it was set."""
    fleet.member.execute("select public.set_settings(%s)", [json.dumps({name: value})])
    return settings_of(fleet)[name]["value"]


def test_every_value_that_may_be_set_is_what_counts(fleet: Fleet) -> None:
    for name, setting in settings_of(fleet).items():
        if not setting["is_changeable"] or name in ("name", "timezone"):
            continue
        if setting["type"] == "integer":
            allowed = [setting["minimum"], setting["maximum"]]
        else:
            allowed = setting["choices"] or [True, False]
        for value in allowed:
            assert put(fleet, name, value) == value, name
            if name in READERS:
                row = fleet.owner.execute(
                    f"select {READERS[name].replace('%s', 't.settings')} as v from public.tenants as t "
                    "where tenant_id = %s",
                    [fleet.tenant.tenant_id],
                ).fetchone()
                assert row is not None
                assert row["v"] == value, name
        assert put(fleet, name, None) == setting["default_value"], name


def test_what_lies_outside_the_range_would_not_count_either(fleet: Fleet) -> None:
    """A reader that took more than may be set, or less, would be another rule."""
    for name, reader in READERS.items():
        setting = settings_of(fleet)[name]
        if setting["type"] != "integer" or name == "queue.max_waiting":  # of which an operator may give more
            continue
        group, key = name.split(".")
        for value in (setting["minimum"] - 1, setting["maximum"] + 1):
            row = fleet.owner.execute(f"select {reader} as v", [json.dumps({group: {key: value}})]).fetchone()
            assert row is not None
            assert row["v"] == setting["default_value"], (name, value)


def test_a_setting_leaves_what_is_beside_it(fleet: Fleet) -> None:
    call(fleet.member, "set_retention", days={"jobs": 3})
    put(fleet, "retention.events_days", 2)
    put(fleet, "queue.fair_share", True)
    put(fleet, "queue.ageing_minutes", 5)
    row = fleet.owner.execute(
        "select settings from public.tenants where tenant_id = %s", [fleet.tenant.tenant_id]
    ).fetchone()
    assert row is not None
    assert row["settings"] == {
        "retention": {"jobs_days": 3, "events_days": 2},
        "queue": {"fair_share": True, "ageing_minutes": 5},
    }


@pytest.mark.parametrize("stored", ["1.5", '"7"', "true", "null", "[7]", "1e30", "-7"])
def test_what_is_no_whole_number_of_the_range_counts_as_the_default_wherever_a_number_is_read(
    fleet: Fleet, stored: str
) -> None:
    known = settings_of(fleet)
    numbers = [name for name in known if known[name]["type"] == "integer"]
    assert {"queue.max_waiting", "queue.cancel_grace_seconds", "retention.jobs_days"} <= set(numbers)
    stored_in: dict[str, dict[str, Any]] = {}
    for name in numbers:
        group, _, word = name.partition(".")
        stored_in.setdefault(group, {})[word] = json.loads(stored)
    fleet.owner.execute(
        "update public.tenants set settings = %s where tenant_id = %s", [json.dumps(stored_in), fleet.tenant.tenant_id]
    )
    assert {name: settings_of(fleet)[name]["value"] for name in numbers} == {
        name: known[name]["value"] for name in numbers
    }

"""`/calendars`: holidays of countries, files, and schedules that heed them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused

YEAR = datetime.now(UTC).year
ICS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
    b"BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Stocktaking\r\nDTSTART;VALUE=DATE:%(year)d0210\r\nEND:VEVENT\r\n"
    b"BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Migration\r\nDTSTART:%(year)d0301T180000Z\r\nDURATION:PT6H\r\nEND:VEVENT\r\n"
    b"BEGIN:VEVENT\r\nUID:3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


async def create(stage: Stage, **fields: Any) -> dict[str, Any]:
    answer = await stage.admin.post("/calendars", {"name": "Munich", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_calendar_has_the_holidays_of_its_country_and_part_for_years_ahead(stage: Stage) -> None:
    made = await create(stage, country="DE", subdivision="BY")
    assert (made["holidays_until"], made["needs_refresh"]) == (f"{YEAR + 5}-12-31", False)
    assert (await stage.admin.get("/calendars")).json() == {"calendars": [made]}
    path = f"/calendars/{made['calendar_id']}"
    days = (await stage.admin.get(f"{path}/days", year=YEAR + 1)).json()["days"]
    assert {"day": f"{YEAR + 1}-01-06", "name": "Epiphany", "is_working": False, "source": "country"} in days
    changed = (await stage.admin.put(path, {"subdivision": "BE"})).json()
    assert (changed["country"], changed["subdivision"]) == ("DE", "BE")
    names = {day["name"] for day in (await stage.admin.get(f"{path}/days", year=YEAR + 1)).json()["days"]}
    assert "Epiphany" not in names
    assert any("Women's Day" in name for name in names)
    moved = (await stage.admin.put(path, {"country": "US"})).json()
    assert (moved["country"], moved["subdivision"]) == ("US", None)
    refreshed = (await stage.admin.post(f"{path}/refresh")).json()
    assert refreshed == {**moved, "updated_at": refreshed["updated_at"]}
    none = (await stage.admin.put(path, {"country": ""})).json()
    assert (none["country"], none["holidays_until"]) == (None, None)
    assert (await stage.admin.get(f"{path}/days", year=YEAR + 1)).json()["days"] == []
    assert (await stage.admin.delete(path)).json() == {"calendar_id": made["calendar_id"], "deleted": True}
    assert refused(await stage.admin.get(path), 404, "CALENDAR_NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"country": "XX"}, ["country"]),
        ({"country": "DE", "subdivision": "XX"}, ["subdivision", "BY"]),
        ({"subdivision": "BY"}, ["subdivision"]),
        ({"name": " "}, ["name"]),
        ({"colour": "red"}, ["colour"]),
        ({"holidays": []}, ["holidays"]),
        ({"working_hours": {}}, ["working_hours"]),
        ({"working_hours": {"mon": ["x", "y"]}}, ["working_hours"]),
        ({"rules": [{"type": "fixed", "month": 2, "day": 30, "name": "x"}]}, ["rules", "day 30"]),
        ({"blackouts": [{"starts_at": "2027-01-01"}]}, ["blackouts"]),
    ],
)
async def test_a_body_that_breaks_a_rule_is_400_and_changes_nothing(
    stage: Stage, fields: dict[str, Any], words: list[str]
) -> None:
    assert refused(await stage.admin.post("/calendars", {"name": "x", **fields}), 400, "INVALID_ARGUMENT", *words)
    made = await create(stage)
    path = f"/calendars/{made['calendar_id']}"
    assert refused(await stage.admin.put(path, fields), 400, "INVALID_ARGUMENT", *words)
    assert (await stage.admin.get(path)).json() == made


async def test_a_file_adds_closed_days_and_blackouts_once(stage: Stage) -> None:
    made = await create(stage, rules=[{"type": "easter", "offset": 1, "name": "Easter Monday"}])
    path = f"/calendars/{made['calendar_id']}"
    files = {"file": ("closed.ics", ICS % {b"year": YEAR + 1}, "text/calendar")}
    answer = (await stage.admin.ask("POST", f"{path}/import", files=files)).json()
    assert (answer["added_days"], answer["added_blackouts"], answer["ignored_events"]) == (1, 1, 1)
    again = (await stage.admin.ask("POST", f"{path}/import", files=files)).json()
    assert (again["added_days"], again["added_blackouts"]) == (0, 0)
    kept = (await stage.admin.get(path)).json()
    assert [rule["name"] for rule in kept["rules"]] == ["Easter Monday", "Stocktaking"]
    assert [(one["reason"], one["starts_at"][:13]) for one in kept["blackouts"]] == [
        ("Migration", f"{YEAR + 1}-03-01T18")
    ]
    bad = {"file": ("x.ics", b"hello", "text/calendar")}
    assert refused(await stage.admin.ask("POST", f"{path}/import", files=bad), 400, "INVALID_ARGUMENT", "file")


async def test_a_schedule_heeds_a_calendar_and_explains_why_it_did_not_run(stage: Stage) -> None:
    made = await create(stage, rules=[{"type": "date", "date": f"{YEAR + 1}-01-01", "name": "New Year"}])
    workflow_id = str(stage.workflow().workflow_id)
    body = {"workflow_id": workflow_id, "schedule_name": "s", "cron_expression": "0 0 1 1 *"}
    schedule = (await stage.admin.post("/schedules", {**body, "calendar_id": made["calendar_id"]})).json()
    assert (schedule["calendar_id"], schedule["on_closed_day"]) == (made["calendar_id"], "skip")
    path = f"/schedules/{schedule['schedule_id']}"
    answer = (await stage.admin.get(f"{path}/explain", at=f"{YEAR + 1}-01-01T00:00:00Z")).json()
    assert (answer["verdict"], "New Year" in answer["reason"]) == ("holiday", True)
    runs = (
        await stage.admin.post("/schedules/simulate", {**body, "calendar_id": made["calendar_id"], "count": 1})
    ).json()
    assert [run["verdict"] for run in runs["runs"]] == ["holiday"]
    upcoming = (await stage.admin.get("/schedules/upcoming", limit=1)).json()
    assert upcoming[0]["next_run"] > f"{YEAR + 1}-02"
    moved = (await stage.admin.put(path, {"on_closed_day": "next"})).json()
    assert moved["next_run"] > schedule["next_run"]
    assert refused(await stage.admin.delete(f"/calendars/{made['calendar_id']}"), 409, "CALENDAR_IN_USE")
    free = (await stage.admin.put(path, {"calendar_id": ""})).json()
    assert (free["calendar_id"], free["on_closed_day"]) == (None, "skip")
    assert refused(await stage.admin.get(f"{path}/explain"), 400, "INVALID_ARGUMENT", "at")
    assert refused(await stage.admin.get(f"{path}/explain", at="soon"), 400, "INVALID_ARGUMENT", "at")


async def test_foreign_and_unknown_calendars_are_404_and_readers_change_none(stage: Stage, elsewhere: Stage) -> None:
    foreign = (await create(elsewhere))["calendar_id"]
    own = (await create(stage))["calendar_id"]
    files = {"file": ("x.ics", ICS % {b"year": YEAR + 1}, "text/calendar")}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("PUT", "", {"json": {"name": "x"}}),
        ("DELETE", "", {}),
        ("GET", "/days?year=2027", {}),
        ("POST", "/refresh", {}),
        ("POST", "/import", {"files": files}),
    ]
    viewer = stage.member("viewer")
    for method, tail, more in asked:
        for one in (UNKNOWN_ID, foreign):
            answer = await stage.admin.ask(method, f"/calendars/{one}{tail}", **more)
            assert refused(answer, 404, "CALENDAR_NOT_FOUND")
        answer = await viewer.ask(method, f"/calendars/{own}{tail}", **more)
        assert answer.status_code == (200 if method == "GET" else 403), (method, tail)
    assert refused(await viewer.post("/calendars", {"name": "x"}), 403, "FORBIDDEN")
    assert refused(await stage.admin.post("/calendars", {"name": "Munich"}), 409, "CALENDAR_EXISTS")

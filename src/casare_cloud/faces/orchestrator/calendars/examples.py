"""An example of each shape of the calendar endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW, USER_ID

_CALENDAR_ID = "990e8400-e29b-41d4-a716-446655440004"
_RULE: Example = {"type": "nth_weekday", "month": 11, "weekday": "fri", "nth": 4, "name": "Company day"}
_BLACKOUT: Example = {
    "starts_at": "2026-01-31T18:00:00Z",
    "ends_at": "2026-02-01T06:00:00Z",
    "reason": "Migration of the ERP",
}
CREATE_CALENDAR: Example = {
    "name": "Munich",
    "working_hours": {day: ["08:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "country": "DE",
    "subdivision": "BY",
    "rules": [_RULE],
    "blackouts": [_BLACKOUT],
}
UPDATE_CALENDAR: Example = {"rules": [_RULE, {"type": "date", "date": "2026-12-31", "name": "Stocktaking"}]}
CALENDAR: Example = {
    **CREATE_CALENDAR,
    "calendar_id": _CALENDAR_ID,
    "holidays_until": "2030-12-31",
    "needs_refresh": False,
    "schedules": 3,
    "created_by": USER_ID,
    "created_at": NOW,
    "updated_at": NOW,
}
CALENDARS: Example = {"calendars": [CALENDAR]}
CALENDAR_DELETED: Example = {"calendar_id": _CALENDAR_ID, "deleted": True}
DAY: Example = {"day": "2026-01-06", "name": "Epiphany", "is_working": False, "source": "country"}
DAYS: Example = {"calendar_id": _CALENDAR_ID, "year": 2026, "days": [DAY]}
IMPORTED: Example = {"calendar": CALENDAR, "added_days": 4, "added_blackouts": 1, "ignored_events": 0}

"""What a tenant sets about itself, its quotas and purges, over HTTP."""

from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused


async def patch(stage: Stage, **settings: Any) -> Any:
    return await stage.admin.ask("PATCH", "/settings", json={"settings": settings})


def by_name(answer: Any) -> dict[str, dict[str, Any]]:
    return {setting["name"]: setting for setting in answer.json()["settings"]}


async def test_every_setting_says_its_value_default_range_and_meaning(stage: Stage) -> None:
    answer = await stage.admin.get("/settings")
    assert (answer.json()["tenant_id"], answer.json()["plan"]) == (str(stage.tenant.tenant_id), "free")
    settings = by_name(answer)
    assert {
        "name", "timezone", "queue.fair_share", "queue.max_waiting", "queue.ageing_minutes",
        "queue.cancel_grace_seconds", "realtime.jobs", "robots.offline_after_seconds",
        "robots.quarantine_after_failures", "robots.accept_grace_seconds", "robots.reconnect_window_seconds",
        "retention.jobs_days", "retention.events_days", "retention.audit_log_days",
        "retention.trigger_delivery_bodies_days", "retention.export_before_drop",
    } <= set(settings)  # fmt: skip
    for setting in settings.values():
        assert setting["meaning"].endswith("."), setting
        assert setting["name"] == "name" or setting["is_default"], setting
        assert setting["type"] != "integer" or setting["maximum"] > setting["minimum"] >= 0, setting
    assert settings["realtime.jobs"]["choices"] == ["watched", "always", "off"]
    assert settings["retention.audit_log_days"]["is_changeable"] is False


async def test_settings_are_changed_together_and_set_back(stage: Stage) -> None:
    changes = {"queue.fair_share": True, "timezone": "Europe/Berlin", "retention.jobs_days": 3, "name": " Renamed "}
    changed = by_name(await patch(stage, **changes))
    assert {name: changed[name]["value"] for name in changes} == {**changes, "name": "Renamed"}
    assert changed["queue.fair_share"]["is_default"] is False
    back = by_name(await patch(stage, **{"queue.fair_share": None, "timezone": None, "retention.jobs_days": None}))
    assert [back[name]["value"] for name in ("queue.fair_share", "timezone", "retention.jobs_days")] == [
        False,
        "UTC",
        7,
    ]
    entry = (await stage.admin.get("/audit", resource_type="tenants")).json()["entries"][0]
    assert (entry["action"], entry["actor"]) == ("update", stage.tenant.admin.email)


@pytest.mark.parametrize(
    ("changes", "status", "code", "words"),
    [
        ({"queue.fairshare": True}, 400, "UNKNOWN_SETTING", ("queue.fairshare",)),
        ({"plan": "enterprise"}, 400, "UNKNOWN_SETTING", ("plan",)),
        ({"queue.fair_share": "yes"}, 400, "INVALID_ARGUMENT", ("queue.fair_share", "true or false")),
        ({"queue.max_waiting": 1_000_001}, 400, "INVALID_ARGUMENT", ("queue.max_waiting", "0 to 1000000")),
        ({"queue.max_waiting": 1.5}, 400, "INVALID_ARGUMENT", ("queue.max_waiting", "whole number")),
        ({"queue.ageing_minutes": -1}, 400, "INVALID_ARGUMENT", ("queue.ageing_minutes", "0 to 100000")),
        ({"realtime.jobs": "sometimes"}, 400, "INVALID_ARGUMENT", ("realtime.jobs", "watched, always, off")),
        ({"timezone": "Mars/Olympus"}, 400, "INVALID_ARGUMENT", ("timezone", "Europe/Berlin")),
        ({"timezone": ["UTC"]}, 400, "INVALID_ARGUMENT", ("timezone",)),
        ({"name": "  "}, 400, "INVALID_ARGUMENT", ("name", "1 to 255")),
        ({"name": None}, 400, "INVALID_ARGUMENT", ("name", "reset")),
        ({"retention.jobs_days": 8}, 400, "INVALID_ARGUMENT", ("retention.jobs_days", "1 to 7")),
        ({"retention.audit_log_days": 1}, 403, "SETTING_OF_THE_PLAN", ("retention.audit_log_days",)),
        ({"retention.export_before_drop": True}, 403, "SETTING_OF_THE_PLAN", ("retention.export_before_drop",)),
        ({}, 400, "INVALID_ARGUMENT", ("settings",)),
    ],
)
async def test_what_may_not_be_set_is_refused_with_setting_and_rule_and_changes_nothing(
    stage: Stage, changes: dict[str, Any], status: int, code: str, words: tuple[str, ...]
) -> None:
    assert refused(
        await patch(stage, **({"queue.cancel_grace_seconds": 5, **changes} if changes else {})), status, code, *words
    )
    assert by_name(await stage.admin.get("/settings"))["queue.cancel_grace_seconds"]["value"] == 60


async def test_quotas_say_how_much_is_used(stage: Stage) -> None:
    await stage.job()
    await stage.admin.post("/invitations", {"email": "quota@example.test", "role": "viewer"})
    answer = (await stage.admin.get("/settings/quotas")).json()
    assert answer["plan"] == "free"
    quotas = {quota["name"]: (quota["used"], quota["most"]) for quota in answer["quotas"]}
    assert quotas == {
        "jobs_waiting": (1, 1_000_000), "triggers": (0, 100), "calendars": (0, quotas["calendars"][1]),
        "open_invitations": (1, 100), "roles": (0, 200),
    }  # fmt: skip


async def test_a_purge_counts_before_it_deletes(stage: Stage) -> None:
    for _ in range(2):
        await stage.admin.post(f"/jobs/{await stage.job()}/cancel")
    kept = await stage.job()
    body = {"status": ["cancelled"]}
    counted = (await stage.admin.post("/purges", body)).json()
    assert (counted["dry_run"], counted["purged"], counted["seen"]) == (True, 2, 3)
    assert (await stage.admin.get("/jobs")).json()["total"] == 3
    other = (await stage.admin.post("/purges", {**body, "workflow_id": UNKNOWN_ID})).json()
    assert other["purged"] == 0
    done = (await stage.admin.post("/purges", {**body, "dry_run": False})).json()
    assert (done["dry_run"], done["purged"]) == (False, 2)
    assert [job["job_id"] for job in (await stage.admin.get("/jobs")).json()["jobs"]] == [kept]
    assert refused(await stage.admin.post("/purges", {"status": ["running"]}), 400, "INVALID_ARGUMENT", "status")


async def test_only_who_may_see_change_and_purge_does(stage: Stage) -> None:
    for role in ("developer", "operator", "viewer"):
        somebody = stage.member(role)
        body = {"settings": {"queue.fair_share": True}}
        assert refused(await somebody.get("/settings"), 403, "FORBIDDEN")
        assert refused(await somebody.get("/settings/quotas"), 403, "FORBIDDEN")
        assert refused(await somebody.ask("PATCH", "/settings", json=body), 403, "FORBIDDEN")
        assert refused(await somebody.post("/purges", {}), 403, "FORBIDDEN")
    reader = stage.service("settings.read")
    assert (await reader.get("/settings")).status_code == 200
    assert refused(await reader.ask("PATCH", "/settings", json={"settings": {"name": "x"}}), 403, "FORBIDDEN")

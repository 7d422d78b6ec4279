"""Schedules over HTTP (documents 000 and 002, "Schedule Endpoints"; api-decisions#schedules)."""

import json
from typing import Any

import pytest
from tests.databases import at
from tests.faces.stage import GRAPH, UNKNOWN_ID, Stage, refused

TUESDAY = "2098-01-07T08:30:00Z"

DOCUMENTED = {
    "schedule_id", "workflow_id", "schedule_name", "cron_expression", "enabled", "priority", "execution_mode",
    "next_run", "last_run", "run_count", "failure_count", "created_at", "updated_at",
}  # fmt: skip


async def create(stage: Stage, **fields: Any) -> dict[str, Any]:
    """A schedule that was just made, on a workflow of its own unless the fields name one."""
    answer = await stage.admin.post("/schedules", body(stage, **fields))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def body(stage: Stage, **fields: Any) -> dict[str, Any]:
    fields.setdefault("workflow_id", str(stage.workflow().workflow_id))
    return {"schedule_name": "New Year", "cron_expression": "0 0 1 1 *", **fields}


async def test_a_schedule_has_every_documented_key_and_is_read_as_it_was_made(stage: Stage) -> None:
    workflow = stage.workflow("Report")
    made = await create(
        stage,
        workflow_id=str(workflow.workflow_id),
        timezone="Europe/Berlin",
        priority=3,
        execution_mode="internet",
        parameters={"year": None},
        metadata={"a": {"b": None}},
    )
    assert set(made) >= DOCUMENTED
    assert made["next_run"].endswith("-12-31T23:00:00Z")
    assert (made["enabled"], made["priority"], made["execution_mode"]) == (True, 3, "internet")
    assert (made["workflow_name"], made["timezone"]) == ("Report", "Europe/Berlin")
    assert (made["input"], made["metadata"]) == ({"year": None}, {"a": {"b": None}})
    assert (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json() == made
    assert (await stage.admin.get("/schedules")).json() == [made]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule_name": ""}, ["schedule_name"]),
        ({"schedule_name": "x" * 256}, ["schedule_name", "255"]),
        ({"schedule_name": None}, ["schedule_name"]),
        ({"schedule_name": "a\x00b"}, []),
        ({"cron_expression": "0 25 * * *"}, ["cron_expression", "hour", "23"]),
        ({"cron_expression": "0 0 30 2 *"}, ["cron_expression", "day of month"]),
        ({"cron_expression": "* * * * * *"}, ["cron_expression", "five fields"]),
        ({"cron_expression": ""}, ["cron_expression"]),
        ({"cron_expression": 5}, ["cron_expression", "string"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"enabled": "perhaps"}, ["enabled"]),
        ({"priority": 21}, ["priority", "20"]),
        ({"execution_mode": "wan"}, ["execution_mode", "lan"]),
        ({"environment": ""}, ["environment"]),
        ({"metadata": []}, ["metadata"]),
        ({"input": 3}, ["input"]),
        ({"workflow_id": "x"}, ["workflow_id", "UUID"]),
    ],
)
async def test_a_body_that_breaks_a_rule_is_400_and_changes_nothing(
    stage: Stage, changes: dict[str, Any], words: list[str]
) -> None:
    sent = {name: value for name, value in body(stage, **changes).items() if value is not None}
    assert refused(await stage.admin.post("/schedules", sent), 400, "INVALID_ARGUMENT", *words)
    assert (await stage.admin.get("/schedules")).json() == []
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        made = await create(stage)
        assert refused(
            await stage.admin.put(f"/schedules/{made['schedule_id']}", given), 400, "INVALID_ARGUMENT", *words
        )
        assert (await stage.admin.get("/schedules")).json() == [made]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frequncy": "daily"}, ["frequncy"]),
        ({"misfire_polcy": "all"}, ["misfire_polcy"]),
        ({"frequency": "yearly"}, ["frequency"]),
        ({"frequency": "daily"}, ["cron_expression contradicts the frequency daily"]),
        ({"interval_seconds": 60}, ["only one"]),
        ({"misfire_policy": "never"}, ["misfire_policy"]),
        ({"overlap_policy": "wait"}, ["overlap_policy"]),
        ({"starts_at": "2026-02-30T00:00:00Z"}, ["starts_at: Input should be a valid datetime"]),
        ({"starts_at": "2027-02-02T00:00:00Z", "ends_at": "2027-02-01T00:00:00Z"}, ["ends_at"]),
        ({"jitter_seconds": 86401}, ["jitter_seconds"]),
    ],
)
async def test_what_is_unknown_or_contradicts_itself_is_refused_by_name(
    stage: Stage, changes: dict[str, Any], words: list[str]
) -> None:
    for path in ("/schedules", "/schedules/simulate"):
        assert refused(await stage.admin.post(path, body(stage, **changes)), 400, "INVALID_ARGUMENT", *words)
    made = await create(stage)
    assert refused(
        await stage.admin.put(f"/schedules/{made['schedule_id']}", {"cron_expression": "@daily"} | changes),
        400, "INVALID_ARGUMENT", *words,
    )  # fmt: skip


async def test_a_frequency_and_policies_are_answered_as_they_were_said(stage: Stage) -> None:
    said = {
        "frequency": "weekly",
        "starts_at": TUESDAY,
        "ends_at": "2099-01-01T00:00:00Z",
        "jitter_seconds": 0,
        "misfire_policy": "all",
        "misfire_cap": 3,
        "overlap_policy": "queue",
        "max_consecutive_failures": 4,
        "required_capabilities": ["excel"],
        "dedupe_key": "k",
    }
    made = await create(stage, cron_expression=None, **said)
    assert {name: made[name] for name in said} == said
    assert (made["cron_expression"], made["next_run"]) == ("30 8 * * 2", TUESDAY)
    path = f"/schedules/{made['schedule_id']}"
    changed = (await stage.admin.put(path, {"ends_at": "", "dedupe_key": "", "interval_seconds": 7200})).json()
    assert (changed["ends_at"], changed["dedupe_key"], changed["frequency"]) == (None, None, "interval")
    [run] = (await stage.admin.get("/schedules/upcoming", limit=1)).json()
    assert (run["type"], run["next_run"]) == ("interval", TUESDAY)


async def test_an_update_changes_what_it_names(stage: Stage) -> None:
    made = await create(stage, input={"a": 1})
    path = f"/schedules/{made['schedule_id']}"
    changed = (await stage.admin.put(path, {"schedule_name": "Other", "input": {"b": None}, "priority": None})).json()
    names = {"schedule_name": "Other", "name": "Other"}
    assert changed == {**made, **names, "input": {"b": None}, "updated_at": changed["updated_at"]}
    moved = (await stage.admin.put(path, {"cron_expression": "0 0 1 2 *"})).json()
    assert "-02-01T00:00:00Z" in moved["next_run"]
    assert (await stage.admin.get(path)).json() == moved


async def test_disabling_takes_the_next_run_away_and_enabling_brings_it_back(stage: Stage) -> None:
    made = await create(stage)
    path = f"/schedules/{made['schedule_id']}"
    off = (await stage.admin.ask("PUT", f"{path}/disable")).json()
    assert (off["enabled"], off["next_run"]) == (False, None)
    assert (await stage.admin.get("/schedules/upcoming")).json() == []
    on = (await stage.admin.ask("PUT", f"{path}/enable")).json()
    assert (on["enabled"], on["next_run"]) == (True, made["next_run"])


async def test_a_trigger_queues_a_job_and_is_seen_in_the_fires(stage: Stage) -> None:
    made = await create(stage, priority=2)
    answer = (await stage.admin.ask("PUT", f"/schedules/{made['schedule_id']}/trigger")).json()
    assert answer == {
        "status": "success",
        "message": f"Schedule triggered: {made['schedule_id']}",
        "job_id": answer["job_id"],
        "triggered_via": "direct",
    }
    job = (await stage.admin.get(f"/jobs/{answer['job_id']}")).json()
    assert (job["workflow_id"], job["trigger_type"], job["priority"]) == (made["workflow_id"], "manual", 2)
    after = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert (after["run_count"], after["next_run"]) == (1, made["next_run"])
    page = (await stage.admin.get(f"/schedules/{made['schedule_id']}/fires", limit=5)).json()
    assert (page["total"], page["limit"], page["offset"]) == (1, 5, 0)
    [fire] = page["fires"]
    assert (fire["manual"], fire["outcome"], fire["reason"], fire["job_id"]) == (
        True, "enqueued", None, answer["job_id"],
    )  # fmt: skip


async def test_what_fires_by_the_clock_is_a_scheduled_job(stage: Stage) -> None:
    made = await create(stage)
    with stage.database.connect() as owner:
        at(owner, made["next_run"])
        owner.execute("select private.fire_due_schedules()")
    [fire] = (await stage.admin.get(f"/schedules/{made['schedule_id']}/fires")).json()["fires"]
    assert (fire["fire_time"], fire["manual"], fire["outcome"]) == (made["next_run"], False, "enqueued")
    assert (await stage.admin.get(f"/jobs/{fire['job_id']}")).json()["trigger_type"] == "scheduled"
    after = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert (after["last_run"], after["run_count"]) == (made["next_run"], 1)
    assert after["next_run"] > made["next_run"]


async def test_what_schedules_missed_is_listed_the_newest_first(stage: Stage) -> None:
    first, second = [(await create(stage, schedule_name=name))["schedule_id"] for name in ("First", "Second")]
    insert = """
    insert into public.schedule_fires
        (tenant_id, schedule_id, fire_time, outcome, reason, missed_until, fired_at)
    values (
        %s, %s, private.clock() - %s::interval - interval '2 hours', 'missed', 'nobody was there',
        private.clock() - %s::interval, private.clock()
    )
    """
    with stage.database.connect() as owner:
        for schedule, ago in ((first, "3 hours"), (second, "1 hour"), (first, "3 days")):
            owner.execute(insert, [stage.tenant.tenant_id, schedule, ago, ago])
    missed = (await stage.member("viewer").get("/schedules/missed")).json()["missed"]
    assert [(each["schedule_id"], each["schedule_name"]) for each in missed] == [(second, "Second"), (first, "First")]
    assert missed[0]["fire_time"] < missed[0]["missed_until"]
    older = await stage.admin.get("/schedules/missed", since="2000-01-01T00:00:00Z", limit=500)
    assert len(older.json()["missed"]) == 3
    _, robot = stage.robot()
    assert refused(await robot.get("/schedules/missed"), 403, "FORBIDDEN")


async def test_a_deleted_schedule_is_gone(stage: Stage) -> None:
    made = await create(stage)
    path = f"/schedules/{made['schedule_id']}"
    answer = (await stage.admin.delete(path)).json()
    assert answer == {"status": "success", "message": f"Schedule deleted: {made['schedule_id']}"}
    assert (await stage.admin.get("/schedules")).json() == []
    assert (await stage.admin.get("/schedules/upcoming")).json() == []
    assert refused(await stage.admin.delete(path), 404, "SCHEDULE_NOT_FOUND")


async def test_deleting_the_workflow_deletes_the_schedule(stage: Stage) -> None:
    made = await create(stage)
    await stage.admin.delete(f"/workflows/{made['workflow_id']}")
    assert refused(await stage.admin.get(f"/schedules/{made['schedule_id']}"), 404, "SCHEDULE_NOT_FOUND")
    assert refused(await stage.admin.post("/schedules", body(stage, workflow_id=made["workflow_id"])), 404)


async def test_unknown_and_foreign_schedules_get_the_same_404_and_no_uuid_is_400(
    stage: Stage, elsewhere: Stage
) -> None:
    foreign = (await create(elsewhere))["schedule_id"]
    for method, tail, sent in (
        ("GET", "", None), ("PUT", "", {"priority": 1}), ("DELETE", "", None), ("PUT", "/enable", None),
        ("PUT", "/disable", None), ("PUT", "/trigger", None), ("GET", "/fires", None),
    ):  # fmt: skip
        more = {} if sent is None else {"json": sent}
        answers = [await stage.admin.ask(method, f"/schedules/{item}{tail}", **more) for item in (UNKNOWN_ID, foreign)]
        assert all(refused(answer, 404, "SCHEDULE_NOT_FOUND") for answer in answers)
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
        assert refused(await stage.admin.ask(method, f"/schedules/not-a-uuid{tail}", **more), 400, "INVALID_ARGUMENT")
    workflow_id = str(elsewhere.workflow().workflow_id)
    assert refused(
        await stage.admin.post("/schedules", body(stage, workflow_id=workflow_id)), 404, "WORKFLOW_NOT_FOUND"
    )


async def test_lists_are_filtered_and_limited(stage: Stage) -> None:
    first, second, third = [await create(stage, enabled=number != 1) for number in range(3)]

    async def found(path: str = "/schedules", **params: Any) -> list[str]:
        return [item["schedule_id"] for item in (await stage.admin.get(path, **params)).json()]

    ids = [item["schedule_id"] for item in (first, second, third)]
    assert await found() == list(reversed(ids))
    assert await found(enabled="true") == [ids[2], ids[0]]
    assert await found(enabled="false") == [ids[1]]
    assert await found(workflow_id=first["workflow_id"]) == [ids[0]]
    assert await found(limit=1) == [ids[2]]
    assert await found(limit=1, offset=1) == [ids[1]]
    assert await found("/schedules/upcoming", workflow_id=third["workflow_id"], limit=2) == [ids[2]] * 2


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/schedules", {"limit": 0}),
        ("/schedules", {"limit": 1001}),
        ("/schedules", {"enabled": "perhaps"}),
        ("/schedules", {"workflow_id": "x"}),
        ("/schedules/upcoming", {"limit": 101}),
        ("/schedules/upcoming", {"workflow_id": "x"}),
        (f"/schedules/{UNKNOWN_ID}/fires", {"limit": 0}),
    ],
)
async def test_a_wrong_parameter_is_400(stage: Stage, path: str, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get(path, **params), 400, "INVALID_ARGUMENT", *params)


async def test_what_comes_next_is_listed_the_soonest_first(stage: Stage) -> None:
    workflow = stage.workflow("Report")
    later = await create(
        stage, workflow_id=str(workflow.workflow_id), schedule_name="Later", cron_expression="0 0 29 2 *"
    )
    sooner = await create(stage, interval_seconds=86400 * 366, cron_expression=None)
    runs = (await stage.admin.get("/schedules/upcoming", limit=10)).json()
    times = [run["next_run"] for run in runs]
    assert times == sorted(times)
    assert {run["schedule_id"] for run in runs} == {sooner["schedule_id"], later["schedule_id"]}
    assert next(run for run in runs if run["schedule_id"] == later["schedule_id"]) == {
        "schedule_id": later["schedule_id"],
        "schedule_name": "Later",
        "workflow_id": later["workflow_id"],
        "workflow_name": "Report",
        "next_run": later["next_run"],
        "type": "cron",
        "status": "active",
    }


async def test_a_simulation_takes_a_schedules_body_and_makes_nothing(stage: Stage) -> None:
    sent = {**body(stage), "cron_expression": "30 2 * * *", "timezone": "Europe/Berlin", "count": 2}
    answer = await stage.admin.post("/schedules/simulate", {**sent, "after": "2026-03-28T12:00:00Z"})
    assert [(run["time"], run["verdict"]) for run in answer.json()["runs"]] == [
        ("2026-03-29T01:00:00Z", "moved"),
        ("2026-03-30T00:30:00Z", "run"),
    ]
    assert (await stage.admin.get("/schedules")).json() == []
    assert len((await stage.admin.post("/schedules/simulate", {"cron_expression": "@daily"})).json()["runs"]) == 10
    for changes, word in (
        ({"count": 101}, "count"),
        ({"count": 0}, "count"),
        ({"cron_expression": "x"}, "cron_expression"),
        ({"timezone": "x"}, "timezone"),
        ({"after": "soon"}, "after"),
        ({"after": "9999-12-31T23:59:59Z"}, "after"),
    ):
        assert refused(
            await stage.admin.post("/schedules/simulate", {**sent, **changes}), 400, "INVALID_ARGUMENT", word
        )


async def test_who_may_only_read_changes_nothing(stage: Stage) -> None:
    made = await create(stage)
    path = f"/schedules/{made['schedule_id']}"
    for reader in (stage.member("viewer"), stage.member("operator"), stage.service("schedules.read")):
        assert [item["schedule_id"] for item in (await reader.get("/schedules")).json()] == [made["schedule_id"]]
        assert (await reader.get(f"{path}/fires")).json()["total"] == 0
        assert (await reader.post("/schedules/simulate", {"cron_expression": "@daily", "count": 1})).status_code == 200
        assert refused(await reader.post("/schedules", body(stage)), 403, "FORBIDDEN")
        assert refused(await reader.put(path, {"priority": 1}), 403, "FORBIDDEN")
        assert refused(await reader.delete(path), 403, "FORBIDDEN")
        for verb in ("enable", "disable", "trigger"):
            assert refused(await reader.ask("PUT", f"{path}/{verb}"), 403, "FORBIDDEN")
    nobody = stage.service("jobs.read")
    for hidden in ("/schedules", "/schedules/upcoming", path, f"{path}/fires"):
        assert refused(await nobody.get(hidden), 403, "FORBIDDEN")


async def test_a_scheduled_submission_makes_the_workflow_and_its_schedule_and_no_job(stage: Stage) -> None:
    submission = {"workflow_name": "Nightly", "workflow_json": GRAPH, "trigger_type": "scheduled", "priority": 4}
    answer = await stage.admin.post("/workflows", {**submission, "schedule_cron": "0 9 * * 1-5", "input": {"a": 1}})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["job_id"], made["status"]) == (None, "success")
    assert made["message"] == "Workflow submitted and scheduled for lan execution"
    schedule = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert (schedule["workflow_id"], schedule["schedule_name"]) == (made["workflow_id"], "Nightly")
    assert (schedule["cron_expression"], schedule["priority"], schedule["input"]) == ("0 9 * * 1-5", 4, {"a": 1})
    assert (await stage.admin.get("/jobs")).json()["total"] == 0

    refusal = await stage.admin.post("/workflows", {**submission, "schedule_cron": "0 9 * * 8"})
    assert refused(refusal, 400, "INVALID_ARGUMENT", "cron_expression", "day of week")
    assert (await stage.admin.get("/workflows")).json()["total"] == 1


async def test_a_repeated_creation_with_an_idempotency_key_makes_one(stage: Stage) -> None:
    sent = body(stage)
    answers = [await stage.admin.post("/schedules", sent, headers={"Idempotency-Key": "once"}) for _ in "ab"]
    assert answers[0].json() == answers[1].json()
    assert len((await stage.admin.get("/schedules")).json()) == 1


async def test_an_uploaded_workflow_can_be_scheduled_too(stage: Stage) -> None:
    files = {"file": ("nightly.json", json.dumps(GRAPH))}
    form = {"trigger_type": "scheduled", "schedule_cron": "@daily"}
    made = (await stage.admin.ask("POST", "/workflows/upload", files=files, data=form)).json()
    schedule = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert (schedule["schedule_name"], schedule["cron_expression"], made["job_id"]) == ("nightly", "@daily", None)

"""The stream of events over HTTP (api-decisions#events)."""

from typing import Any

import pytest
from tests.faces.stage import Stage, refused


async def test_events_come_in_a_gapless_sequence_that_can_be_resumed(stage: Stage, elsewhere: Stage) -> None:
    workflow = stage.workflow()
    await elsewhere.job()
    first = await stage.job(workflow)
    answer = (await stage.admin.get("/events")).json()
    assert set(answer) == {"events", "next"}
    assert [event["seq"] for event in answer["events"]] == list(range(1, answer["next"] + 1))
    last = answer["events"][-1]
    assert (last["event_type"], last["job_id"]) == ("job.queued", first)
    assert set(last) == {
        "seq", "event_id", "event_type", "timestamp", "job_id", "robot_id", "robot_external_id",
        "workflow_id", "actor_id", "data",
    }  # fmt: skip
    assert last["timestamp"].endswith("Z")

    assert (await stage.admin.get("/events", after=answer["next"])).json() == {"events": [], "next": answer["next"]}
    second = await stage.job(workflow)
    more = (await stage.admin.get("/events", after=answer["next"])).json()
    assert [(event["event_type"], event["job_id"]) for event in more["events"]] == [("job.queued", second)]
    assert more["next"] == answer["next"] + 1


async def test_a_reader_that_pages_misses_and_repeats_nothing(stage: Stage) -> None:
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(4)]
    seen, after = [], 0
    while True:
        answer = (await stage.admin.get("/events", after=after, limit=2)).json()
        if not answer["events"]:
            break
        seen += [event["job_id"] for event in answer["events"] if event["event_type"] == "job.queued"]
        after = answer["next"]
    assert seen == made


@pytest.mark.parametrize(
    "params", [{"after": -1}, {"after": "x"}, {"after": 2**63}, {"limit": 0}, {"limit": 1001}, {"limit": "all"}]
)
async def test_a_wrong_parameter_is_400(stage: Stage, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get("/events", **params), 400, "INVALID_ARGUMENT", *params)


async def test_members_read_events_and_robots_do_not(stage: Stage) -> None:
    for role in ("admin", "developer", "operator", "viewer"):
        assert (await stage.member(role).get("/events")).status_code == 200
    _, robot = stage.robot()
    assert refused(await robot.get("/events"), 403, "FORBIDDEN")
    assert refused(await stage.service("jobs.read").get("/events"), 403, "FORBIDDEN")
    assert (await stage.service("events.read").get("/events")).status_code == 200


async def test_a_robots_event_shows_the_word_for_its_state_and_not_the_facts_behind_it(stage: Stage) -> None:
    stage.robot("line-1")
    assert (await stage.admin.post("/robots/line-1/pause", {"reason": "cleaning"})).status_code == 200
    event = (await stage.admin.get("/events", limit=1000)).json()["events"][-1]
    assert event["event_type"] == "robot.updated"
    assert set(event["data"]) == {"robot_id", "external_id", "name", "mode", "status", "command", "reason"}
    assert (event["data"]["mode"], event["data"]["status"]) == ("paused", "maintenance")


async def test_the_cursor_is_where_the_events_end(stage: Stage) -> None:
    workflow = stage.workflow()
    cursor = (await stage.admin.get("/events/cursor")).json()
    assert cursor == {"next": (await stage.admin.get("/events")).json()["next"]}
    job_id = await stage.job(workflow)
    new = (await stage.admin.get("/events", after=cursor["next"])).json()["events"]
    assert [(event["event_type"], event["job_id"]) for event in new] == [("job.queued", job_id)]
    _, robot = stage.robot()
    assert refused(await robot.get("/events/cursor"), 403, "FORBIDDEN")

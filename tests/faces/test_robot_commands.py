"""Telling robots what to do over HTTP, and what they say to it (api-decisions#robot-commands)."""

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("pause", "paused"),
        ("drain", "draining"),
        ("shutdown", "active"),
        ("resume", "active"),
        ("status-request", "active"),
    ],
)
async def test_a_command_changes_the_robot_and_waits_until_it_is_acknowledged(
    stage: Stage, word: str, mode: str
) -> None:
    robot, asker = stage.robot()
    answer = await stage.admin.post(f"/robots/{robot.external_id}/{word}", {"reason": "Windows update"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["robot_id"], told["mode"], told["last_command"]["reason"]) == (
        robot.external_id, mode, "Windows update",
    )  # fmt: skip
    path = f"/robots/{robot.external_id}/heartbeat"
    [waiting] = (await asker.post(path, {})).json()["pending_commands"]
    assert (waiting["command"], waiting["command_id"]) == (word.replace("-", "_"), told["command_id"])
    sent = {"cpu_percent": 1, "acknowledged_commands": [told["command_id"]]}
    assert (await asker.post(path, sent)).json()["pending_commands"] == []
    seen = (await stage.member("viewer").get(f"/robots/{robot.external_id}")).json()
    assert seen["last_command"]["acknowledged_at"].endswith("Z")
    assert seen["metrics"] == {"cpu_percent": 1}


async def test_a_quarantine_lasts_until_it_is_released(stage: Stage) -> None:
    robot, _ = stage.robot()
    told = (await stage.admin.post(f"/robots/{robot.external_id}/quarantine")).json()
    assert (told["status"], told["quarantine_reason"]) == ("error", "A person put it there.")
    assert refused(await stage.admin.post(f"/robots/{robot.external_id}/quarantine"), 409, "ROBOT_QUARANTINED")
    told = (await stage.admin.post(f"/robots/{robot.robot_id}/release")).json()
    assert (told["status"], told["quarantined_at"]) == ("idle", None)


async def test_the_commands_of_a_robot_are_listed_with_what_became_of_them(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}"
    assert (await stage.admin.get(f"{path}/commands")).json() == {"commands": []}
    paused = (await stage.admin.post(f"{path}/pause", {"reason": "Windows update"})).json()["command_id"]
    await asker.post(f"{path}/heartbeat", {"acknowledged_commands": [paused]})
    await stage.admin.post(f"{path}/drain")
    await stage.admin.post(f"{path}/resume")
    told = (await stage.member("viewer").get(f"{path}/commands")).json()["commands"]
    assert [each["command"] for each in told] == ["resume", "drain", "pause"]
    assert [each["superseded_at"] is None for each in told] == [True, False, True]
    assert (told[2]["reason"], told[2]["acknowledged_at"] is None) == ("Windows update", False)
    assert (await asker.get(f"{path}/commands", limit=1)).json()["commands"] == told[:1]
    assert refused(await stage.admin.get(f"/robots/{UNKNOWN_ID}/commands"), 404, "ROBOT_NOT_FOUND")
    other, _ = stage.robot()
    assert refused(await asker.get(f"/robots/{other.external_id}/commands"), 403, "FORBIDDEN")


async def test_who_may_not_control_robots_is_refused(stage: Stage) -> None:
    robot, asker = stage.robot()
    path = f"/robots/{robot.external_id}/pause"
    assert refused(await stage.member("viewer").post(path), 403, "FORBIDDEN")
    assert refused(await asker.post(path), 403, "FORBIDDEN")
    assert (await stage.member("operator").post(path)).status_code == 200
    assert refused(await stage.admin.post(f"/robots/{UNKNOWN_ID}/pause"), 404, "ROBOT_NOT_FOUND")
    assert refused(await stage.admin.post(path, {"reasons": "x"}), 400)


async def test_a_robot_is_explained(stage: Stage) -> None:
    robot, asker = stage.robot()
    await stage.admin.post(f"/robots/{robot.external_id}/pause")
    answer = await stage.member("viewer").get(f"/robots/{robot.external_id}/explain")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["robot_id"], told["robot_uuid"]) == (robot.external_id, str(robot.robot_id))
    assert (told["reason_code"], told["is_eligible"]) == ("robot_paused", False)
    assert (await asker.get(f"/robots/{robot.external_id}/explain")).status_code == 200
    assert refused(await stage.admin.get(f"/robots/{UNKNOWN_ID}/explain"), 404, "ROBOT_NOT_FOUND")

"""Limits of what runs at once, over HTTP."""

from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused


async def test_a_limit_is_set_listed_changed_and_removed(stage: Stage) -> None:
    workflow = stage.workflow()
    body = {"scope": "workflow", "workflow_id": str(workflow.workflow_id), "max_running": 3}
    made = await stage.admin.put("/limits", body)
    assert made.status_code == 200
    limit = made.json()
    assert limit | {"updated_at": None} == {
        **body, "concurrency_key": None, "on_collision": "queue", "running": 0, "updated_at": None,
    }  # fmt: skip
    assert limit["updated_at"].endswith("Z")
    assert (await stage.admin.get("/limits")).json() == {"limits": [limit], "limit": 100, "offset": 0}

    assert (await stage.admin.put("/limits", {**body, "max_running": 4})).json()["max_running"] == 4
    gone = await stage.admin.delete(f"/limits?scope=workflow&workflow_id={workflow.workflow_id}")
    assert (gone.status_code, gone.json()["max_running"]) == (200, 4)
    assert (await stage.admin.get("/limits")).json()["limits"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"scope": "robot", "max_running": 1}, "scope"),
        ({"scope": "tenant"}, "max_running"),
        ({"scope": "tenant", "max_running": -1}, "max_running"),
        ({"scope": "tenant", "max_running": 1.5}, "max_running"),
        ({"scope": "tenant", "max_running": 1, "workflow_id": UNKNOWN_ID}, "workflow_id"),
        ({"scope": "key", "max_running": 1}, "concurrency_key"),
        ({"scope": "key", "max_running": 1, "concurrency_key": "k" * 256}, "concurrency_key"),
        ({"scope": "tenant", "max_running": 1, "on_collision": "cancel_newest"}, "on_collision"),
        ({"scope": "tenant", "max_running": 1, "surprise": 1}, "surprise"),
    ],
)
async def test_a_limit_that_makes_no_sense_is_400_and_names_the_field(
    stage: Stage, body: dict[str, Any], word: str
) -> None:
    assert refused(await stage.admin.put("/limits", body), 400, "INVALID_ARGUMENT", word)


async def test_what_is_not_there_is_404(stage: Stage) -> None:
    body = {"scope": "workflow", "workflow_id": UNKNOWN_ID, "max_running": 1}
    assert refused(await stage.admin.put("/limits", body), 404, "WORKFLOW_NOT_FOUND")
    assert refused(await stage.admin.delete("/limits?scope=tenant"), 404, "LIMIT_NOT_FOUND")


async def test_only_who_may_see_and_change_settings_does(stage: Stage) -> None:
    body = {"scope": "tenant", "max_running": 1}
    for role in ("developer", "operator", "viewer"):
        assert refused(await stage.member(role).put("/limits", body), 403, "FORBIDDEN")
        assert refused(await stage.member(role).get("/limits"), 403, "FORBIDDEN")
    reader = stage.service("settings.read")
    assert (await reader.get("/limits")).status_code == 200
    assert refused(await reader.delete("/limits?scope=tenant"), 403, "FORBIDDEN")

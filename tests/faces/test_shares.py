"""How workflows share the robots, over HTTP."""

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused


async def test_a_weight_is_set_and_listed(stage: Stage) -> None:
    workflow = stage.workflow()
    made = await stage.admin.put(f"/shares/{workflow.workflow_id}", {"weight": 3})
    assert made.status_code == 200
    share = made.json()
    assert (share["workflow_id"], share["workflow_name"]) == (str(workflow.workflow_id), workflow.name)
    assert (share["weight"], share["load"], share["running"]) == (3, 0, 0)
    assert (await stage.admin.get("/shares")).json() == {"shares": [share], "limit": 100, "offset": 0}
    assert (await stage.admin.put(f"/shares/{workflow.workflow_id}", {"weight": 1})).json()["weight"] == 1


@pytest.mark.parametrize("weight", [0, 101, 1.5, "2", None])
async def test_a_weight_that_makes_no_sense_is_400_and_names_the_field(stage: Stage, weight: object) -> None:
    path = f"/shares/{stage.workflow().workflow_id}"
    assert refused(await stage.admin.put(path, {"weight": weight}), 400, "INVALID_ARGUMENT", "weight")


async def test_a_workflow_that_is_not_there_is_404(stage: Stage) -> None:
    assert refused(await stage.admin.put(f"/shares/{UNKNOWN_ID}", {"weight": 1}), 404, "WORKFLOW_NOT_FOUND")


async def test_only_who_may_see_and_change_settings_does(stage: Stage) -> None:
    path = f"/shares/{stage.workflow().workflow_id}"
    for role in ("developer", "operator", "viewer"):
        assert refused(await stage.member(role).put(path, {"weight": 1}), 403, "FORBIDDEN")
        assert refused(await stage.member(role).get("/shares"), 403, "FORBIDDEN")
    reader = stage.service("settings.read")
    assert (await reader.get("/shares")).status_code == 200
    assert refused(await reader.put(path, {"weight": 1}), 403, "FORBIDDEN")

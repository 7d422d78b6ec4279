"""What is switched on and off by two at once."""

import asyncio

import pytest
from tests.faces.automation.rows import runs
from tests.faces.automation.rows.runs import answered
from tests.faces.stage import UNKNOWN_ID, Stage, refused


@pytest.mark.parametrize("noun", ["schedules", "triggers"])
async def test_each_of_many_toggles_at_once_turns_what_the_one_before_left(stage: Stage, noun: str) -> None:
    made = await runs.schedule(stage) if noun == "schedules" else (await runs.trigger(stage))["id"]
    path = f"/{noun}/{made}"
    answers = await asyncio.gather(*(stage.admin.post(f"{path}/toggle") for _ in range(6)))
    assert sorted(answered(answer, 200)["is_enabled"] for answer in answers) == [False] * 3 + [True] * 3
    assert answered(await stage.admin.get(path), 200)["is_enabled"] is True
    assert refused(await stage.member("viewer").post(f"{path}/toggle"), 403, "FORBIDDEN")
    assert refused(await stage.admin.post(f"/{noun}/{UNKNOWN_ID}/toggle"), 404)

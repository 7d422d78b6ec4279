"""The bell: what happened, and what of it a user has read."""

from tests.faces.automation.rows.figures import completed_execution, failed_execution
from tests.faces.stage import Stage, refused


async def test_each_user_reads_notifications_alone(stage: Stage) -> None:
    done, broken = completed_execution(stage), failed_execution(stage, "the page did not answer")
    viewer = stage.member("viewer")

    async def told(who: object = None) -> list[tuple[str, str, bool]]:
        asker = stage.admin if who is None else viewer
        found = (await asker.get("/notifications/", per_page=5)).json()
        assert found["total"] == 2
        return [(item["type"], item["resource_id"], item["read"]) for item in found["notifications"]]

    assert await told() == [("error", broken, False), ("success", done, False)]
    newest = (await stage.admin.get("/notifications")).json()["notifications"][0]
    assert newest["title"] == "Execution failed"
    assert "the page did not answer" in newest["message"]
    for _ in range(2):
        assert (await stage.admin.put(f"/notifications/{newest['id']}/read", {})).json() == {"success": True}
    assert [read for *_, read in await told()] == [True, False]
    assert [read for *_, read in await told(viewer)] == [False, False]
    assert (await viewer.put("/notifications/read-all", {})).status_code == 200
    assert [read for *_, read in await told(viewer)] == [True, True]
    failed_execution(stage, "again")
    assert [item["read"] for item in (await viewer.get("/notifications")).json()["notifications"]] == [
        False,
        True,
        True,
    ]


async def test_another_organization_s_notification_is_unknown(stage: Stage, elsewhere: Stage) -> None:
    completed_execution(stage)
    seq = (await stage.admin.get("/notifications")).json()["notifications"][0]["id"]
    for wrong in (seq, "999999"):
        answer = await elsewhere.admin.put(f"/notifications/{wrong}/read", {})
        assert refused(answer, 404, "NOTIFICATION_NOT_FOUND")
    assert (await elsewhere.admin.get("/notifications")).json() == {"notifications": [], "total": 0}
    assert refused(await stage.admin.put("/notifications/x/read", {}), 422)


async def test_a_program_has_no_marks(stage: Stage) -> None:
    completed_execution(stage)
    program = stage.service("events.read")
    assert [item["read"] for item in (await program.get("/notifications")).json()["notifications"]] == [False]
    assert refused(await program.put("/notifications/read-all", {}), 403)

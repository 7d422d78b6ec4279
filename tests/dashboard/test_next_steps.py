"""What the page tells people to do next works as it says, for those who may do little too."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from tests.dashboard.conftest import Api, Visit

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("dashboard")]

GRAPH = {"nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}], "connections": []}


@pytest.fixture
def signed_in(visit: Visit, env: dict[str, str]) -> Visit:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    return visit


def test_an_upload_is_the_next_version_of_the_workflow_of_its_name(
    signed_in: Visit, person: Api, tmp_path: Path
) -> None:
    page, file = signed_in.page, tmp_path / "any.json"
    for month in ("2026-11", "2026-12"):
        file.write_text(json.dumps({**GRAPH, "metadata": {"name": "Again"}, "variables": {"month": month}}))
        signed_in.go("#/workflows")
        page.get_by_role("button", name="Upload…").click()
        form = page.get_by_role("dialog")
        form.get_by_label("File (JSON)").set_input_files(file)
        form.get_by_label("Run it once").uncheck()
        form.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Again")
    page.get_by_role("button", name="What version 2 changed").click()
    expect(page.get_by_role("region", name="From version 1 to 2")).to_contain_text("2026-12")
    [made] = person("GET", "/workflows?search=Again")["workflows"]
    assert made["version"] == 2
    file.write_text(json.dumps({**GRAPH, "metadata": {"name": "Another"}}))
    page.get_by_role("button", name="New version…").click()
    form.get_by_label("File (JSON)").set_input_files(file)
    form.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("button", name="What version 3 changed")).to_be_visible()
    assert person("GET", "/workflows?search=Another")["workflows"] == [], "it keeps the name of the one it is of"


def test_a_schedule_heeds_the_calendar_that_is_chosen(signed_in: Visit, person: Api, workflow: str) -> None:
    page = signed_in.page
    calendar = person("POST", "/calendars", name="Weekdays")["calendar_id"]
    signed_in.go("#/schedules")
    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Not on Sundays")
    form.get_by_label("Minute, hour").fill("0 9 * * *")
    form.get_by_label("Calendar").select_option("Weekdays")
    expect(form.get_by_text("Left out: holiday").first).to_be_visible()
    form.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("row").filter(has_text="Not on Sundays")).to_be_visible()
    [made] = [s for s in person("GET", "/schedules") if s["schedule_name"] == "Not on Sundays"]
    assert made["calendar_id"] == calendar
    person("DELETE", f"/schedules/{made['schedule_id']}")


def test_the_line_that_a_new_webhook_shows_starts_a_job(signed_in: Visit, person: Api, workflow: str) -> None:
    page = signed_in.page
    signed_in.go("#/triggers")
    page.get_by_role("button", name="New webhook").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("From the shop")
    form.get_by_role("button", name="Make it").click()
    line = form.locator("code").filter(has_text="curl").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("or: curl")).to_contain_text("SECRET")
    told = subprocess.run([*shlex.split(line), "-sS", "--noproxy", "*"], capture_output=True, text=True, check=True)
    answer = json.loads(told.stdout)
    assert answer["status"] == "accepted"
    refused = shlex.split(line.replace("X-Webhook-Secret: ", "X-Webhook-Secret: not-"))
    subprocess.run([*refused, "-sS", "--noproxy", "*"], capture_output=True, check=True)
    expect(page.get_by_role("button", name="Rejected 1")).to_be_visible()
    rejected = page.get_by_role("row").filter(has_text="Rejected")
    expect(rejected.get_by_role("button", name="Send the delivery again")).to_have_count(0)
    person("POST", f"/jobs/{answer['job_id']}/cancel")
    person("DELETE", f"/triggers/{answer['trigger_id']}")


def test_who_may_see_no_figures_sees_no_endless_loading(visit: Visit, person: Api, env: dict[str, str]) -> None:
    page = visit.page
    made = person("POST", "/roles", name="Night watch", slug="night", permissions=["jobs.read"])
    invited = person("POST", "/invitations", email="night@example.test", role=made["slug"])
    account = {"email": "night@example.test", "password": "Compiler-1952"}
    joins = {**account, "invitation_token": invited["token"]}
    answer = person.client.post("/api/v1/auth/register", json=joins, headers={"Authorization": ""})
    assert answer.is_success, answer.text
    visit.page.goto(visit.url)
    page.get_by_label("User name or e-mail").fill(account["email"])
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("region", name="Why jobs wait")).to_be_visible()
    expect(page.get_by_text("Loading")).to_have_count(0)


def test_completed_and_failed_jobs_are_drawn_in_one_scale(signed_in: Visit) -> None:
    def answer(route: Route) -> None:
        told = route.fetch()
        points = told.json()["points"]
        points[-1] |= {"completed": 10, "failed": 40, "timed_out": 0}
        route.fulfill(response=told, json={**told.json(), "points": points})

    page = signed_in.page
    page.route("**/metrics/series?*", answer)
    page.reload()
    completed, failed = (page.locator(f".chart .{name}").last for name in ("c-done", "c-fail"))
    expect(failed).to_be_visible()
    heights = [float(bar.get_attribute("height") or 0) for bar in (completed, failed)]
    assert heights[1] / heights[0] == pytest.approx(4, rel=0.1)

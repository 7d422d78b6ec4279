"""What lists show of what happens, whatever their readings say and whenever they end."""

import re

import pytest
from playwright.sync_api import Locator, Route, expect
from tests.dashboard.conftest import Api, Robot, Visit

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("dashboard")]

READING = re.compile(r"/api/v1/jobs\?.*workflow_id=")
FOLLOW = """async () => {
    const live = await import(document.querySelector("script").src.replace("app.js", "core/live.js"));
    window.told = [];
    live.onEvents((events) => window.told.push(...events.map((e) => e.event_type + e.job_id)));
}"""


def row_of(visit: Visit, job_id: str) -> Locator:
    return visit.page.get_by_role("row").filter(has=visit.page.locator(f"a[href$='{job_id}']"))


def test_a_new_job_is_in_the_list_before_that_is_read_again(
    visit: Visit, env: dict[str, str], person: Api, workflow: str
) -> None:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    with visit.page.expect_response(READING):
        visit.go(f"#/jobs?workflow={workflow}&status=pending")
    readings = list[Route]()
    visit.page.route(READING, lambda route: readings.append(route))  # and are never answered
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    expect(row_of(visit, job_id).get_by_text("Waiting")).to_be_visible()
    person("POST", f"/jobs/{job_id}/cancel")
    expect(row_of(visit, job_id).get_by_text("Cancelled")).to_be_visible()
    for reading in readings:
        reading.abort()


def test_a_reading_that_began_before_a_change_does_not_take_it_back(
    visit: Visit, env: dict[str, str], person: Api, robot: Robot, workflow: str
) -> None:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    visit.page.evaluate(FOLLOW)
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    readings = list[Route]()
    visit.page.route(READING, lambda route: readings.append(route), times=1)
    with visit.page.expect_request(READING):
        visit.go(f"#/jobs?workflow={workflow}")
    while not readings:
        visit.page.evaluate("null")  # the browser has said that it asks, not yet that it waits for us
    old = readings[0].fetch()
    job = robot.take()
    assert job["job_id"] == job_id
    visit.page.wait_for_function("what => window.told.includes(what)", arg=f"job.started{job_id}")
    readings[0].fulfill(response=old)
    expect(row_of(visit, job_id)).to_be_visible()
    assert row_of(visit, job_id).get_by_text("Running").is_visible(), "as it was told, not as it was read"
    robot.tell(job, "complete", result={})


def test_progress_that_is_told_while_its_job_is_read_is_not_taken_back(
    visit: Visit, env: dict[str, str], person: Api, robot: Robot, workflow: str
) -> None:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    page, job_id = visit.page, person("POST", "/jobs", workflow_id=workflow)["job_id"]
    job = robot.take()
    visit.go(f"#/jobs/{job_id}")
    expect(page.locator(".ttl").get_by_text("Running")).to_be_visible()
    readings = list[Route]()
    page.route(re.compile(f"/jobs/{job_id}$"), lambda route: readings.append(route), times=1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    while not readings:
        page.evaluate("null")
    old = readings[0].fetch()
    robot.tell(job, "progress", progress=40)
    expect(page.get_by_text("40 %")).to_be_visible()
    with page.expect_request(re.compile(f"/jobs/{job_id}$"), timeout=8000):
        readings[0].fulfill(response=old)
    expect(page.get_by_text("40 %")).to_be_visible()
    robot.tell(job, "complete", result={})

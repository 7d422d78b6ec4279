"""What is hostile, late, refused, lost or pressed twice: the page says so, goes on, and does it once."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from tests.dashboard.conftest import HOSTILE, Api, Robot, Visit

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("dashboard")]

GRAPH = {"nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}], "connections": []}
NO_MOMENT = "2026-99-99 99:99:99 UTC"


@pytest.fixture
def signed_in(visit: Visit, env: dict[str, str]) -> Visit:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    return visit


def refuse(route: Route) -> None:
    route.fulfill(status=503, json={"detail": "Not now.", "error_code": "BUSY"})


def test_what_a_robot_says_and_what_an_address_says_break_no_page(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page = signed_in.page
    name = f"{HOSTILE} {NO_MOMENT}"
    robot.api("POST", "/robots/register", robot_id=robot.name, name=name, hostname="line-1")
    person("POST", "/jobs", workflow_id=workflow, input={"__proto__": {"a": 1}, "constructor": 12345678901234567890})
    job = robot.take()
    robot.tell(job, "logs", entries=[{"message": "counted", "level": "info", "extra": {"exact": 12345678901234567890}}])
    files = [{"toString": 1, "valueOf": 1}, "\u001b[201~\nreboot\n.csv", "a.csv"]
    robot.tell(job, "complete", result={"files": files, "files_left_out": {"toString": 1}, "__proto__": NO_MOMENT})
    signed_in.go(f"#/jobs/{job['job_id']}")
    expect(page.get_by_role("region", name="Files").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("group", name="Result")).to_contain_text("__proto__")
    expect(page.get_by_role("group", name="Input")).to_contain_text("12345678901234567890")
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the command that fetches").first.click()
    expect(page.get_by_text("Copied: the command that fetches it.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(r"--get $'\u001b[201~\u000areboot\u000a.csv'"), "a terminal obeys nothing of a file's name"
    page.get_by_text("counted").click()
    expect(page.get_by_role("dialog")).to_contain_text("12345678901234567890")
    page.keyboard.press("Escape")
    signed_in.go(f"#/robots/{robot.name}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for address in ("constructor", "__proto__", f"jobs/..%2Fworkflows%2F{workflow}", "jobs/nobody"):
        signed_in.go(f"#/{address}")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    for address in ("jobs?before=nonsense", "jobs?hours=nonsense", "jobs?status=constructor", "?span=constructor"):
        signed_in.go(f"#/{address}")
        expect(page.locator("main .loading")).to_have_count(0)
        expect(page.get_by_text("This page broke")).to_have_count(0)
    robot.api("POST", "/robots/register", robot_id=robot.name, name="Line <b>1</b>", hostname="line-1")


def test_what_could_not_be_read_is_not_said_to_be_nothing(signed_in: Visit) -> None:
    page, robots = signed_in.page, re.compile(r"/api/v1/robots\?")
    page.route(robots, refuse)
    page.route("**/api/v1/dlq/stats", lambda route: route.fulfill(body="<html>of a proxy</html>"))
    signed_in.go("#/events")
    signed_in.go("#/")
    expect(page.get_by_role("region", name="Fleet").get_by_role("alert")).to_contain_text("Not now.")
    expect(page.get_by_role("region", name="Needs you").get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Nothing needs you")
    expect(page.get_by_text("There is no robot yet.")).to_have_count(0)
    expect(page.get_by_text("No dead letter, no robot in trouble")).to_have_count(0)
    page.unroute_all()
    page.get_by_role("region", name="Needs you").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)


def test_events_that_could_not_be_read_are_read_again(signed_in: Visit, person: Api, workflow: str) -> None:
    page, refused = signed_in.page, list[str]()

    def twice(route: Route) -> None:
        if len(refused) == 2:
            route.continue_()
        else:
            refused.append(route.request.url)
            refuse(route)

    signed_in.go("#/events")
    page.route(re.compile(r"/api/v1/events\?"), twice)
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    expect(page.locator(f"main tbody a[href$='{job_id}']").first).to_be_visible(timeout=8000)
    assert refused
    person("POST", f"/jobs/{job_id}/cancel")


def test_a_key_that_is_held_down_acts_once_and_what_is_refused_is_said(
    signed_in: Visit, person: Api, workflow: str
) -> None:
    page = signed_in.page
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    person("POST", f"/jobs/{job_id}/cancel")
    signed_in.go(f"#/jobs/{job_id}")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    page.route("**/retry", refuse)
    page.keyboard.press("r")
    expect(page.get_by_text("Not now.")).to_be_visible()
    page.unroute("**/retry")
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/retry") else None)
    for _ in range(4):
        page.keyboard.down("r")
    page.keyboard.up("r")
    page.wait_for_url(lambda url: not url.endswith(job_id))
    assert len(asked) == 1
    person("POST", f"/jobs/{page.url.rsplit('/', 1)[1]}/cancel")


def test_a_job_whose_answer_was_lost_is_made_once(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    flow = person("POST", "/workflows", workflow_name="Lost", workflow_json=GRAPH, run=False)["workflow_id"]
    signed_in.go(f"#/workflows/{flow}")
    page.get_by_role("button", name="Run", exact=True).click()
    form = page.get_by_role("dialog")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/jobs", lose, times=1)
    form.get_by_role("button", name="Run").click()
    expect(form.get_by_role("alert")).to_contain_text("cannot be reached")
    form.get_by_role("button", name="Run").click()
    page.wait_for_url(re.compile(r"#/jobs/[0-9a-f-]{36}"))
    [made] = person("GET", f"/jobs?workflow_id={flow}")["jobs"]
    assert page.url.endswith(made["job_id"])
    person("POST", f"/jobs/{made['job_id']}/cancel")


def test_a_question_stays_with_its_page_and_while_it_is_answered(signed_in: Visit, person: Api, workflow: str) -> None:
    page = signed_in.page
    one, other = (person("POST", "/jobs", workflow_id=workflow)["job_id"] for _ in range(2))
    signed_in.go(f"#/jobs/{one}")
    signed_in.go(f"#/jobs/{other}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("Reason").fill("not needed")
    box = form.get_by_label("Reason").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(form.get_by_label("Reason")).to_have_value("not needed"), "what was marked past its edge is not lost"
    page.go_back()
    expect(form).to_have_count(0)
    expect(page.get_by_label("Where you are")).to_contain_text(one)
    page.get_by_role("button", name="Cancel", exact=True).click()
    held = list[Route]()
    page.route("**/cancel", lambda route: held.append(route))
    form.get_by_role("button", name="Cancel the job").click()
    expect(form.get_by_role("button", name="Working…")).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_be_visible()
    held[0].continue_()
    expect(form).to_have_count(0)
    expect(page.locator(".ttl").get_by_text("Cancelled")).to_be_visible()
    assert person("GET", f"/jobs/{other}")["status"] == "pending"
    page.unroute_all()
    person("POST", f"/jobs/{other}/cancel")


def test_many_are_acted_on_as_the_question_says_and_the_rest_after_a_refusal(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    flow = person("POST", "/workflows", workflow_name="Many", workflow_json=GRAPH, run=False)["workflow_id"]
    one = person("POST", "/jobs", workflow_id=flow)["job_id"]
    [row] = person("GET", f"/jobs?workflow_id={flow}")["jobs"]
    rows = [{**row, "job_id": f"{one[:-3]}{n:03}"} for n in range(299, 149, -1)]
    held, slices = list[Route](), list[list[str]]()

    def listed(route: Route) -> None:
        limit = int(re.findall(r"limit=(\d+)", route.request.url)[0])
        found = {"jobs": rows[:limit], "total": 150, "next": rows[limit - 1]["job_id"] if limit < 150 else None}
        answer: dict[str, Any] = {**found, "total_is_capped": False}
        held.append(route) if limit > 50 and not held else route.fulfill(json=answer)

    def acted(route: Route) -> None:
        ids = json.loads(route.request.post_data or "")["job_ids"]
        slices.append(ids)
        if len(slices) == 2:
            refuse(route)
        else:
            route.fulfill(json={"succeeded": len(ids), "results": [], "failed": 0})

    page.route(re.compile(r"/api/v1/jobs\?"), listed)
    page.route("**/batch/cancel", acted)
    signed_in.go(f"#/jobs?workflow={flow}")
    page.get_by_role("checkbox", name="Select the jobs of this page").check()
    page.get_by_role("button", name="Select all that match").click()
    page.get_by_role("button", name="Running", exact=True).click()
    page.get_by_role("checkbox", name="Select the jobs of this page").check()
    expect(page.get_by_text("50 selected")).to_be_visible()
    held[0].fulfill(json={"jobs": rows, "total": 150, "next": None, "total_is_capped": False})
    expect(page.get_by_role("button", name="Select all that match")).to_be_enabled()
    expect(page.get_by_text("50 selected")).to_be_visible(), "what matched before is not what one sees"
    page.get_by_role("button", name="Select all that match").click()
    expect(page.get_by_text("150 selected")).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("Selected from: running")
    form.get_by_role("button", name="Cancel 150").click()
    expect(form.get_by_role("alert")).to_contain_text("Not now. 100 of 150 were done")
    form.get_by_role("button", name="Cancel 150").click()
    expect(form).to_contain_text("150 cancelled or told to stop.")
    assert [len(ids) for ids in slices] == [100, 50, 50]
    assert slices[1] == slices[2]
    page.unroute_all()
    person("POST", f"/jobs/{one}/cancel")


def test_the_newest_answer_counts_and_what_is_being_written_stays(signed_in: Visit, person: Api, workflow: str) -> None:
    page, held = signed_in.page, list[Route]()
    signed_in.go("#/workflows")
    find = page.get_by_label("Find workflows")
    find.press_sequentially("two ")
    expect(page).to_have_url(re.compile("search=two$"))
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    find.press_sequentially("words")
    expect(page).to_have_url(re.compile(r"search=two\+words$"))
    signed_in.go("#/schedules")
    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("Runs", exact=True)).to_have_count(8)
    page.route("**/simulate", lambda route: held.append(route), times=1)
    with page.expect_request("**/simulate"):
        form.get_by_label("Minute, hour").fill("nonsense")
    with page.expect_response("**/simulate"):
        form.get_by_label("Minute, hour").fill("*/15 * * * *")
    expect(form.get_by_text("Runs", exact=True)).to_have_count(8)
    with page.expect_response("**/simulate"):
        held[0].continue_()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    expect(form.get_by_role("alert")).to_have_count(0)
    expect(form.get_by_text("Runs", exact=True)).to_have_count(8)


def test_numbers_and_broken_json_of_the_form_that_runs_a_workflow(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    graph = {**GRAPH, "variables": {"share": 1, "mailbox": "a"}}
    flow = person("POST", "/workflows", workflow_name="Numbers", workflow_json=graph, run=False)["workflow_id"]
    signed_in.go(f"#/workflows/{flow}")
    page.get_by_role("button", name="Run", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("share").fill(".5")
    expect(form.get_by_label("Input, as JSON")).to_have_value(re.compile(r'"share": 0\.5'))
    form.get_by_label("Input, as JSON").fill('{"share": 3, "mailbox": "typed at length"')
    expect(form.get_by_label("mailbox")).to_be_disabled(), "a field would take away what was written"
    form.get_by_role("button", name="Run").click()
    expect(form.get_by_role("alert")).to_contain_text("This is not JSON")
    expect(form.get_by_label("Input, as JSON")).to_have_value(re.compile("typed at length"))


def test_another_organization_is_shown_by_its_own_name_or_not_at_all(visit: Visit, viewer: dict[str, str]) -> None:
    page = visit.page
    visit.sign_in(viewer["email"], viewer["password"])
    choice = page.get_by_label("Organization")
    page.route("**/auth/switch", refuse, times=1)
    choice.select_option(label="Demo")
    expect(page.get_by_text("Not now.")).to_be_visible()
    expect(choice.locator("option:checked")).to_have_text(viewer_org := "Of the viewer")
    page.route("**/auth/me", refuse, times=1)
    choice.select_option(label="Demo")
    expect(page.get_by_role("alert")).to_contain_text("Not now.")
    expect(page.get_by_text(viewer_org)).to_have_count(0)
    page.get_by_role("button", name="Try again").click()
    expect(choice.locator("option:checked")).to_have_text("Demo")


def test_who_is_deactivated_sees_the_next_organization_under_its_own_name(
    visit: Visit, person: Api, viewer: dict[str, str]
) -> None:
    page = visit.page
    visit.sign_in(viewer["email"], viewer["password"])
    page.get_by_label("Organization").select_option(label="Demo")
    expect(page.locator(".live")).to_have_text("Live")
    expect(page.get_by_label("Organization").locator("option:checked")).to_have_text("Demo")
    [member] = [each for each in person("GET", "/members")["members"] if each["email"] == viewer["email"]]
    person("PATCH", f"/members/{member['user_id']}", is_active=False)
    visit.go("#/robots")
    expect(page.locator("header .tenant")).to_have_text("Of the viewer")
    expect(page.locator(".live")).to_have_text("Live")
    person("PATCH", f"/members/{member['user_id']}", is_active=True)


def test_the_clock_of_the_machine_may_be_wrong_and_a_session_that_ended_is_said(
    visit: Visit, env: dict[str, str], person: Api, workflow: str
) -> None:
    page = visit.page
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    person("POST", f"/jobs/{job_id}/cancel")
    page.add_init_script("const now = Date.now; Date.now = () => now() + 5_400_000")
    visit.sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    visit.go("#/jobs?hours=1")
    expect(page.locator(f"main a[href$='{job_id}']")).to_be_visible()
    visit.go(f"#/jobs/{job_id}")
    expect(page.locator("main time", has_text=re.compile("just now|[0-9] s ago")).first).to_be_visible()
    page.route("**/auth/refresh", lambda route: route.fulfill(status=401, json={"detail": "No.", "error_code": "NO"}))
    page.reload()
    expect(page.get_by_role("alert")).to_have_text("Your session has ended.")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

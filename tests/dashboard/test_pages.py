"""What pages show and let people do beside the life of a job: steps, files, keys, roles, machines, long lists."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route, WebSocket, expect
from tests.dashboard.conftest import HOSTILE, Api, Robot, Visit

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("dashboard")]

GRAPH = {"nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}], "connections": []}


@pytest.fixture
def signed_in(visit: Visit, env: dict[str, str]) -> Visit:
    visit.holds_requests().sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return visit


def ended_job(person: Api, robot: Robot, workflow: str) -> str:
    """A job of two steps, of which the second failed, and that left two files."""
    job_id = str(person("POST", "/jobs", workflow_id=workflow)["job_id"])
    began = datetime(2026, 11, 1, 10, tzinfo=UTC)
    nodes = [
        {"node_id": "fetch", "name": "Fetch", "status": "completed", "duration_ms": 1000},
        {"node_id": "n2", "name": HOSTILE, "status": "failed", "duration_ms": 3000, "error": "no such <b>page</b>"},
    ]
    for seconds, node in enumerate(nodes):
        node["started_at"] = (began + timedelta(seconds=seconds)).isoformat()
    result = {"files": ["totals.csv", f"{HOSTILE} o'clock.png"], "node_executions": nodes}
    robot.tell(robot.take(), "complete", result=result)
    return job_id


def test_the_page_of_a_job_names_its_files_and_how_to_fetch_them(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page, job_id = signed_in.page, ended_job(person, robot, workflow)
    signed_in.go(f"#/jobs/{job_id}")
    files = page.get_by_role("region", name="Files")
    expect(files.get_by_role("listitem")).to_have_count(2)
    expect(files.get_by_role("listitem").first).to_contain_text("totals.csv")
    expect(files).to_contain_text("on line-1 for a week")
    files.get_by_role("button", name="Copy the command that fetches").last.click()
    expect(page.get_by_text("Copied: the command that fetches it.")).to_be_visible()
    quoted = f"{HOSTILE} o'clock.png".replace("'", "'\\''")
    assert page.evaluate("navigator.clipboard.readText()") == f"casare-cloud jobs files {job_id} --get '{quoted}'"
    other = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    person("POST", f"/jobs/{other}/cancel")
    signed_in.go(f"#/jobs/{other}")
    expect(files).to_contain_text("A workflow makes one with a node such as WriteFileNode")


def test_a_step_shows_its_id_its_error_and_its_time_alone(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page, job_id = signed_in.page, ended_job(person, robot, workflow)
    signed_in.go(f"#/jobs/{job_id}")
    step = page.get_by_role("listitem").filter(has_text="no such <b>page</b>")
    expect(step).to_contain_text(HOSTILE)
    step.get_by_role("button", expanded=False).click()
    expect(step).to_contain_text("n2")
    expect(step).to_contain_text("1.0 s after the beginning")
    bar = step.locator(".tr i")
    before = bar.bounding_box()
    step.get_by_role("button", name="Only its time").click()
    expect(page.get_by_role("button", name="Whole time")).to_be_visible()
    after = bar.bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"], "its time is shown alone"


def test_keys_select_cancel_and_step_from_job_to_job_and_show_utc(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    flow = person("POST", "/workflows", workflow_name="By key", workflow_json=GRAPH, run=False)["workflow_id"]
    old, new = (person("POST", "/jobs", workflow_id=flow)["job_id"] for _ in range(2))
    signed_in.go(f"#/jobs?workflow={flow}")
    expect(page.locator("main tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"a[href$='{old}']")).to_be_focused()
    page.keyboard.press("c")
    page.get_by_role("button", name="Cancel 1", exact=True).click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text="Cancelled")).to_have_count(1)
    assert [person("GET", f"/jobs/{one}")["status"] for one in (old, new)] == ["cancelled", "pending"]
    signed_in.go(f"#/jobs/{old}")
    expect(page.locator(".ttl").get_by_text("Cancelled")).to_be_visible()
    page.keyboard.press("[")
    shown = page.get_by_label("Where you are")  # the address changes before the page does
    expect(shown).to_contain_text(new)
    page.keyboard.press("]")
    expect(shown).to_contain_text(old)
    queued = page.locator("dt", has_text="Queued").locator("xpath=following-sibling::dd[1]").locator("time").first
    queued.focus()
    expect(queued).to_be_focused()
    expect(queued).not_to_contain_text("UTC")
    beside = queued.evaluate("element => getComputedStyle(element, '::after').content")
    assert "UTC" in beside, "the focus reaches it"
    page.keyboard.press("u")
    expect(queued).to_contain_text("UTC")
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"#/jobs$"))
    person("POST", f"/jobs/{new}/cancel")


def test_new_jobs_wait_behind_their_number_while_one_reads_further_down(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    flow = person("POST", "/workflows", workflow_name="Down", workflow_json=GRAPH, run=False)["workflow_id"]
    made = [person("POST", "/jobs", workflow_id=flow)["job_id"] for _ in range(12)]
    page.set_viewport_size({"width": 1280, "height": 400})
    signed_in.go(f"#/jobs?workflow={flow}")
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(12)
    page.evaluate("scrollTo(0, 300)")
    page.wait_for_function("scrollY > 200")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    fresh = person("POST", "/jobs", workflow_id=flow)["job_id"]
    person("POST", f"/jobs/{made[0]}/cancel")
    page.get_by_role("button", name="1 new").wait_for()
    expect(rows).to_have_count(12)
    expect(rows.last).to_contain_text("Cancelled")
    page.get_by_role("button", name="1 new").click()
    expect(rows).to_have_count(13)
    expect(rows.first.locator(f"a[href$='{fresh}']")).to_be_visible()
    for job_id in [*made[1:], fresh]:
        person("POST", f"/jobs/{job_id}/cancel")


def test_a_role_is_made_changed_and_deleted_on_the_page_of_members(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    signed_in.go("#/members")
    page.get_by_role("button", name="New role").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill(HOSTILE)
    form.get_by_label("Short name").fill("Not so")
    form.get_by_role("group", name="jobs").get_by_label("read").check()
    form.get_by_role("button", name="Keep").click()
    expect(form.get_by_role("alert")).to_contain_text("slug")
    form.get_by_label("Short name").fill("reader")
    form.get_by_role("button", name="Keep").click()
    row = page.get_by_role("row").filter(has_text="reader")
    expect(row).to_contain_text("1 permission")
    page.get_by_role("button", name=f"Change the role {HOSTILE}").click()
    form.get_by_role("group", name="events").get_by_label("read").check()
    form.get_by_role("button", name="Keep").click()
    expect(row).to_contain_text("2 permissions")
    [made] = [role for role in person("GET", "/roles")["roles"] if role["slug"] == "reader"]
    assert made["permissions"] == ["events.read", "jobs.read"]
    page.get_by_role("button", name=f"Delete the role {HOSTILE}").click()
    page.get_by_role("button", name="Delete the role", exact=True).click()
    expect(row).to_have_count(0)


def test_the_page_of_a_robot_draws_what_its_machine_measured_before(
    signed_in: Visit, person: Api, robot: Robot
) -> None:
    page = signed_in.page
    robot.api("POST", f"/robots/{robot.name}/heartbeat", cpu_percent=40, memory_percent=61.2)
    starts = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=25)
    empty = dict.fromkeys(("cpu_percent", "cpu_percent_max", "memory_percent", "memory_percent_max"))
    points = [{"starts_at": (starts + timedelta(minutes=5 * n)).isoformat(), **empty} for n in range(5)]
    for n, point in enumerate(points):
        if n != 2:
            point.update(cpu_percent=20 + n, cpu_percent_max=90)
    answer = {"since": points[0]["starts_at"], "until": points[-1]["starts_at"], "step_minutes": 5, "points": points}
    page.route(re.compile("/measurements"), lambda route: route.fulfill(json=answer))
    signed_in.go(f"#/robots/{robot.name}")
    machine = page.get_by_role("region", name="Its machine")
    expect(
        machine.get_by_role("img", name=re.compile("Processor in steps of 5 minutes: 22 % on average"))
    ).to_be_visible()
    line = machine.locator("li").first.locator("path").last.get_attribute("d") or ""
    assert line.count("M") == 2, "a gap is not bridged"
    expect(machine.get_by_text("Nothing was told in this time.")).to_have_count(1)
    page.unroute(re.compile("/measurements"))
    with page.expect_response(re.compile("/measurements")) as real:
        machine.get_by_role("button", name="7 d").click()
    assert real.value.ok, real.value.text()
    assert real.value.json()["step_minutes"] == 60
    expect(page.get_by_role("region", name="Its keys").get_by_role("row")).to_have_count(2)


def test_the_page_of_a_robot_lists_what_it_was_told_and_what_it_says_of_itself(
    signed_in: Visit, person: Api, robot: Robot
) -> None:
    page, path = signed_in.page, f"/robots/{robot.name}"
    told = person("POST", f"{path}/pause", reason=HOSTILE)["command_id"]
    robot.api("POST", f"{path}/heartbeat", acknowledged_commands=[told])
    person("POST", f"{path}/resume")
    line = {"id": told, "timestamp": "2026-11-01T10:00:00Z", "level": "error", "message": HOSTILE}
    page.route(re.compile(f"{robot.name}/logs"), lambda route: route.fulfill(json={"logs": [line], "total": 1}))
    signed_in.go(f"#/robots/{robot.name}")
    commands = page.get_by_role("region", name="Last commands").get_by_role("listitem")
    expect(commands.first).to_contain_text("not taken yet")
    expect(commands.nth(1)).to_contain_text("taken")
    expect(commands.nth(1)).to_contain_text(HOSTILE)
    expect(page.get_by_role("region", name="Its own log").get_by_role("row").last).to_contain_text(HOSTILE)


def test_of_many_rows_those_in_view_are_drawn(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    [one] = person("GET", "/robots")["robots"][:1]
    robots = [{**one, "robot_id": f"r-{n:03}", "robot_uuid": f"{n:036}", "name": f"Robot {n:03}"} for n in range(400)]
    page.route(re.compile(r"/robots\?"), lambda route: route.fulfill(json={"robots": robots, "total": 400}))
    signed_in.go("#/robots")
    expect(page.get_by_role("link", name="Robot 000")).to_be_visible()
    assert page.locator("main tbody tr").count() < 70
    assert page.locator("main table").get_attribute("aria-rowcount") == "401"
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_role("link", name="Robot 399")).to_be_visible()
    assert page.locator("main tbody tr").count() < 70
    page.get_by_label("Find robots").fill("robot 20")
    expect(page.locator("main tbody tr")).to_have_count(10)


def test_a_deaf_robot_and_missed_runs_need_a_person(signed_in: Visit, person: Api, robot: Robot) -> None:
    page = signed_in.page
    [one] = [each for each in person("GET", "/robots")["robots"] if each["robot_id"] == robot.name]
    deaf = {**one, "status": "idle", "deaf_since": "2026-11-01T10:00:00Z"}
    page.route(re.compile(r"/robots\?"), lambda route: route.fulfill(json={"robots": [deaf], "total": 1}))
    times = {"fire_time": "2026-11-01T10:00:00Z", "missed_until": "2026-11-01T12:00:00Z"}
    missed = {**times, "schedule_id": "0", "schedule_name": HOSTILE, "workflow_id": "0", "reason": "nobody was there"}
    page.route(re.compile("/schedules/missed"), lambda route: route.fulfill(json={"missed": [missed, missed]}))
    signed_in.go("#/events")
    signed_in.go("#/")
    said = page.get_by_role("region", name="Needs you").get_by_text(f"The schedule {HOSTILE} missed runs")
    expect(said).to_have_count(1)
    expect(page.get_by_role("region", name="Needs you")).to_contain_text(f"{one['name']} is deaf")
    expect(page.get_by_role("region", name="Fleet")).to_contain_text("1 deaf")


def test_declared_variables_are_fields_of_the_form_that_runs_a_workflow(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    variables = {"mailbox": "in@example.test", "pages": 9007199254740993, "dry_run": False, "vendors": ["a"]}
    graph = {**GRAPH, "variables": variables}
    flow = person("POST", "/workflows", workflow_name="Asked", workflow_json=graph, run=False)["workflow_id"]
    signed_in.go(f"#/workflows/{flow}")
    page.get_by_role("button", name="Run", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("mailbox").fill(HOSTILE)
    form.get_by_label("dry_run").check()
    expect(form.get_by_label("Input, as JSON")).to_have_value(re.compile("9007199254740993"))
    form.get_by_role("button", name="Run").click()
    page.wait_for_url(re.compile(r"#/jobs/[0-9a-f-]{36}"))
    made = person("GET", f"/jobs/{page.url.rsplit('/', 1)[1]}")
    assert made["input"] == {**variables, "mailbox": HOSTILE, "dry_run": True}
    person("POST", f"/jobs/{made['job_id']}/cancel")


def test_a_job_copied_as_curl_holds_its_input_whatever_that_is(signed_in: Visit, person: Api, workflow: str) -> None:
    page = signed_in.page
    value = {"text": f"it's {HOSTILE} $HOME `id`", "exact": 12345678901234567890}
    job_id = person("POST", "/jobs", workflow_id=workflow, input=value)["job_id"]
    person("POST", f"/jobs/{job_id}/cancel")
    signed_in.go(f"#/jobs/{job_id}")
    page.get_by_role("button", name="Copy as…").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    words = shlex.split(page.evaluate("navigator.clipboard.readText()").replace("\\\n", " "))
    assert words[:4] == ["curl", "-X", "POST", str(person.client.base_url).rstrip("/") + "/api/v1/jobs"]
    assert json.loads(words[-1])["input"] == value


def test_a_list_that_is_not_there_yet_is_not_an_empty_one(signed_in: Visit) -> None:
    page, held = signed_in.page, list[Route]()
    page.route(re.compile(r"/jobs\?.*error_type=NoSuchError"), lambda route: held.append(route), times=1)
    signed_in.go("#/jobs?error=NoSuchError")
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    expect(page.get_by_text("No job matches.")).to_have_count(0)
    while not held:
        page.evaluate("null")
    held[0].continue_()
    expect(page.get_by_text("No job matches.")).to_be_visible()


def test_a_hidden_tab_closes_its_socket_and_a_shown_one_misses_nothing(
    visit: Visit, env: dict[str, str], person: Api, workflow: str
) -> None:
    page, sockets = visit.page, list[WebSocket]()
    page.on("websocket", lambda socket: sockets.append(socket))
    visit.sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    visit.go(f"#/jobs?workflow={workflow}")
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with sockets[-1].expect_event("close"):
        page.evaluate(hide, True)
    expect(page.locator(".live")).to_have_text("Paused")
    page.wait_for_load_state("networkidle")
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    person("POST", f"/jobs/{job_id}/cancel")
    assert asked == [], "a hidden tab asks for nothing"
    page.evaluate(hide, False)
    expect(page.get_by_role("row").filter(has=page.locator(f"a[href$='{job_id}']"))).to_contain_text("Cancelled")
    expect(page.locator(".live")).to_have_text("Live")

"""What people see and do, in a real browser against a whole stack."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect
from tests.conftest import not_run
from tests.dashboard.conftest import HOSTILE, Api, Pictures, Robot, Visit
from tests.local.stacks import RunningStack, until

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("dashboard")]

SCRIPT = "<script>alert(1)</script>"
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


@pytest.fixture
def signed_in(visit: Visit, env: dict[str, str]) -> Visit:
    visit.sign_in(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    return visit


def job_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"#/jobs/[0-9a-f-]{36}"))
    return page.url.rsplit("/", 1)[1]


def test_a_person_runs_a_job_and_watches_it_to_its_result_without_a_reload(
    signed_in: Visit, robot: Robot, workflow: str
) -> None:
    page = signed_in.page
    page.evaluate("window.isTheSame = true")
    signed_in.go("#/workflows")
    page.get_by_role("button", name=f"Run {HOSTILE}").click()
    expect(page.get_by_label("Input, as JSON")).to_have_value(re.compile("2026-11"))
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    job_id = job_of(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_text("Waiting", exact=True)).to_be_visible()

    job = robot.take()
    assert (job["job_id"], job["input"]) == (job_id, {"month": "2026-11"})
    expect(page.get_by_text("Running", exact=True).first).to_be_visible()
    robot.tell(job, "progress", progress=40, current_node="start", message=SCRIPT)
    expect(page.get_by_text("40 %")).to_be_visible()
    lines: list[dict[str, Any]] = [{"message": f"{SCRIPT} line {n}", "level": "info"} for n in range(300)]
    robot.tell(job, "logs", entries=lines)
    expect(page.get_by_text(f"{SCRIPT} line 299")).to_be_visible()
    assert page.locator(".logs .row").count() < 60, "rows out of sight are not drawn"
    robot.tell(job, "complete", result={SCRIPT: HOSTILE, "exact": 12345678901234567890})
    expect(page.locator(".ttl").get_by_text("Completed")).to_be_visible()
    tree = page.get_by_role("group", name="Result")
    expect(tree.get_by_text(HOSTILE)).to_be_visible()
    expect(tree.get_by_text("12345678901234567890")).to_be_visible()
    assert page.evaluate("window.isTheSame"), "the page was not loaded again"
    assert page.locator("main img, main script").count() == 0, "what others wrote stays text"


def test_a_job_is_cancelled_from_its_page(signed_in: Visit, person: Api, workflow: str) -> None:
    job = person("POST", "/jobs", workflow_id=workflow)
    page = signed_in.page
    signed_in.go(f"#/jobs/{job['job_id']}")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("Reason").fill("not needed")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".ttl").get_by_text("Cancelled")).to_be_visible()
    assert person("GET", f"/jobs/{job['job_id']}")["status"] == "cancelled"


def test_selected_jobs_are_cancelled_and_the_filter_stays(signed_in: Visit, person: Api, workflow: str) -> None:
    made = [person("POST", "/jobs", workflow_id=workflow)["job_id"] for _ in range(3)]
    page = signed_in.page
    signed_in.go(f"#/jobs?status=pending&workflow={workflow}")
    for job_id in made:
        expect(page.locator(f"main a[href$='{job_id}']")).to_be_visible()
    page.get_by_role("checkbox", name="Select the jobs of this page").check()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name=re.compile("Cancel 3")).click()
    expect(page.get_by_text("3 cancelled or told to stop.")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("No job matches.")).to_be_visible()
    expect(page).to_have_url(re.compile("status=pending"))
    assert {person("GET", f"/jobs/{job_id}")["status"] for job_id in made} == {"cancelled"}


def test_what_happened_while_the_network_was_away_is_there_when_it_is_back(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page = signed_in.page
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    signed_in.go(f"#/jobs?workflow={workflow}")
    row = page.get_by_role("row").filter(has=page.locator(f"a[href$='{job_id}']"))
    expect(row.get_by_text("Waiting")).to_be_visible()
    signed_in.context.set_offline(True)
    expect(page.get_by_text("Not live since")).to_be_visible()
    job = robot.take()
    robot.tell(job, "fail", error_message=SCRIPT, error_type="E", retryable=False)
    signed_in.context.set_offline(False)
    expect(row.get_by_text("Failed")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    signed_in.go("#/dlq")
    expect(page.get_by_role("link", name=HOSTILE).first).to_be_visible()


def test_a_failed_job_is_run_again_with_edited_input_and_the_new_one_names_it(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page = signed_in.page
    job_id = person("POST", "/jobs", workflow_id=workflow, input={"month": "2026-11"}, max_attempts=1)["job_id"]
    job = robot.take()
    nodes = [{"node_id": "start", "status": "failed", "duration_ms": 40, "started_at": "2026-11-01T10:00:00.000Z"}]
    robot.tell(job, "fail", error_message=SCRIPT, error_type="WrongMonth", retryable=False, node_executions=nodes)
    signed_in.go(f"#/jobs/{job_id}")
    expect(page.get_by_role("list").get_by_role("listitem").filter(has_text="start")).to_be_visible()
    page.get_by_role("button", name="Run with edited input").click()
    page.get_by_label("Input, as JSON").fill('{"month": "2026-12", "exact": 12345678901234567890}')
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    expect(page.get_by_role("link", name=job_id)).to_be_visible()
    made = person("GET", f"/jobs/{job_of(page)}")
    assert (made["retry_of"], made["input"]) == (job_id, {"month": "2026-12", "exact": 12345678901234567890})
    person("POST", f"/jobs/{made['job_id']}/cancel")


def test_a_job_beside_an_unfinished_one_keeps_its_concurrency_key_and_version(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    graph = {"nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}], "connections": []}
    form = {"workflow_name": "Beside", "run": False}
    made = person("POST", "/workflows", **form, workflow_json=graph)["workflow_id"]
    first = person("POST", "/jobs", workflow_id=made, concurrency_key="till-9")["job_id"]
    graph["nodes"].append({"id": "more", "type": "CommentNode"})
    person("POST", "/workflows", **form, workflow_json=graph, workflow_id=made)
    signed_in.go(f"#/jobs/{first}")
    page.get_by_role("button", name="Run with edited input").click()
    expect(page.get_by_role("dialog")).to_contain_text("the one you came from goes on")
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    page.wait_for_url(lambda url: not url.endswith(first))
    second = person("GET", f"/jobs/{job_of(page)}")
    for job_id in (first, second["job_id"]):
        person("POST", f"/jobs/{job_id}/cancel")
    assert (second["concurrency_key"], second["workflow_version"], second["retry_of"]) == ("till-9", 1, None)


def test_jobs_are_found_by_their_error_and_by_a_text_and_the_address_keeps_it(
    signed_in: Visit, person: Api, robot: Robot, workflow: str
) -> None:
    page = signed_in.page
    job_id = person("POST", "/jobs", workflow_id=workflow, max_attempts=1)["job_id"]
    robot.tell(robot.take(), "fail", error_message="the 7th page is empty", error_type="EmptyPage", retryable=False)
    signed_in.go("#/jobs")
    page.get_by_label("Name, error or key").fill("7TH PAGE")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator(f"main a[href$='{job_id}']")).to_be_visible()
    expect(page).to_have_url(re.compile(r"search=7TH\+PAGE"))
    page.get_by_role("button", name="Clear").click()
    signed_in.go(f"#/jobs/{job_id}")
    page.get_by_role("link", name="Others with this error").click()
    expect(page.get_by_label("Error type")).to_have_value("EmptyPage")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_realtime_that_is_away_for_seconds_hides_nothing_that_happened(
    signed_in: Visit, person: Api, stack: RunningStack, workflow: str
) -> None:
    page = signed_in.page
    signed_in.go("#/events")
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    made, killed = [], {None}
    for _ in range(3):
        until(lambda: stack.parts()["platform"]["pid"] not in killed, "Realtime comes back", 90)
        pid = stack.parts()["platform"]["pid"]
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
        for _ in range(4):
            made.append(person("POST", "/jobs", workflow_id=workflow)["job_id"])
            person("POST", f"/jobs/{made[-1]}/cancel")
    until(lambda: stack.parts()["platform"]["pid"] not in killed, "Realtime comes back", 90)
    expect(page.locator(".live")).to_have_text("Live", timeout=60_000)
    for job_id in made:
        expect(page.locator(f"main tbody a[href$='{job_id}']")).to_have_count(2)


def test_the_versions_of_a_workflow_are_compared(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    nodes = [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode", "config": {"output": "one"}}]
    form = {"workflow_name": "Compared", "run": False}
    made = person("POST", "/workflows", **form, workflow_json={"nodes": nodes, "connections": []})["workflow_id"]
    nodes = [nodes[0], {**nodes[1], "config": {"output": SCRIPT}}, {"id": "more", "type": "CommentNode"}]
    graph = {"nodes": nodes, "connections": []}
    person("POST", "/workflows", **form, workflow_json=graph, workflow_id=made)
    signed_in.go(f"#/workflows/{made}")
    page.get_by_role("button", name="What version 2 changed").click()
    changes = page.get_by_role("region", name="From version 1 to 2").get_by_role("listitem")
    expect(changes).to_have_count(2)
    expect(changes.filter(has_text="node more")).to_contain_text("new")
    expect(changes.filter(has_text="node end")).to_contain_text(SCRIPT)
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_text("of version 1").first).to_be_visible()


def test_a_viewer_is_offered_nothing_that_changes_and_sees_no_other_tenant(
    visit: Visit, person: Api, robot: Robot, viewer: dict[str, str], workflow: str
) -> None:
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    page = visit.page
    visit.sign_in(viewer["email"], viewer["password"])
    visit.go("#/jobs")
    expect(page.locator("main h1")).to_have_text("Jobs")
    expect(page.locator("main .loading")).to_have_count(0)
    expect(page.locator(f"a[href$='{job_id}']")).to_have_count(0)
    visit.go(f"#/jobs/{job_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such job")
    page.get_by_label("Organization").select_option(label="Demo")
    expect(page.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")
    visit.go(f"#/jobs/{job_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_role("button", name="Copy as…")).to_be_visible()
    changing = re.compile(r"^(Cancel|Run|Pause|Delete|New|Upload|Disable|Start|Shut|Invite|Change)\b")
    for address in (
        f"jobs/{job_id}",
        "jobs",
        f"robots/{robot.name}",
        f"workflows/{workflow}",
        "workflows",
        "triggers",
        "members",
    ):
        visit.go(f"#/{address}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .loading")).to_have_count(0)
        assert page.locator("main").get_by_role("button", name=changing).count() == 0, address
        assert page.locator("main").get_by_role("checkbox").count() == 0, address
    expect(page.get_by_role("link", name="Keys", exact=True)).to_have_count(0)
    base = str(person.client.base_url).rstrip("/") + "/api/v1"
    for path, body in (
        (f"/jobs/{job_id}/cancel", {}),
        ("/roles", {"name": "N", "slug": "n", "permissions": ["jobs.read"]}),
    ):
        status = page.evaluate(
            """async ([url, body, module]) => {
                const { token } = await import(document.querySelector("script").src.replace("app.js", module));
                const headers = { Authorization: `Bearer ${await token()}`, "Content-Type": "application/json" };
                return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).status;
            }""",
            [base + path, body, "core/api.js"],
        )
        assert status == 403, "what is not offered is refused as well"
    person("POST", f"/jobs/{job_id}/cancel")


def test_an_answer_that_comes_after_the_organization_was_switched_is_thrown_away(
    visit: Visit, person: Api, viewer: dict[str, str], workflow: str
) -> None:
    page, held = visit.page, list[Route]()
    page.route("**/api/v1/events?after=*", lambda route: held.append(route), times=1)
    visit.sign_in(viewer["email"], viewer["password"])
    client = httpx2.Client(base_url=person.client.base_url, trust_env=False, timeout=30)
    with client:
        who = {"username": viewer["email"], "password": viewer["password"]}
        token = client.post("/api/v1/auth/login", json=who).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        graph = {"nodes": [{"id": "start", "type": "StartNode"}], "connections": []}
        left = Api(client)("POST", "/workflows", workflow_name="Left", workflow_json=graph)["job_id"]
    page.evaluate(
        """async () => {
            const live = await import(document.querySelector("script").src.replace("app.js", "core/live.js"));
            window.jobs = [];
            live.onEvents((events) => window.jobs.push(...events.map((e) => e.job_id)));
        }"""
    )
    page.get_by_label("Organization").select_option(label="Demo")
    expect(page.locator(".live")).to_have_text("Live")
    until(lambda: page.wait_for_timeout(20) or bool(held), "the first reading of events")
    with page.expect_response(held[0].request.url) as answer:
        held[0].continue_()
    assert left in {event["job_id"] for event in answer.value.json()["events"]}
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    person("POST", f"/jobs/{job_id}/cancel")
    page.wait_for_function("job => window.jobs.includes(job)", arg=job_id)
    assert left not in page.evaluate("window.jobs")


def test_the_audits_pages_stay_while_one_looks_back(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    small = re.compile(r"/audit\?.*limit=50")
    page.route(small, lambda route: route.continue_(url=route.request.url.replace("limit=50", "limit=2")))
    graph = {"nodes": [{"id": "start", "type": "StartNode"}], "connections": []}

    def change(name: str) -> None:
        person("POST", "/workflows", workflow_name=name, workflow_json=graph, run=False)

    for n in range(4):
        change(f"Audited {n}")
    signed_in.go("#/audit?of=workflows")
    names = page.locator("main tbody td > details > summary")
    expect(names).to_have_text(["Audited 3", "Audited 2"])
    page.get_by_role("button", name="Older").click()
    expect(names).to_have_text(["Audited 3", "Audited 2", "Audited 1", "Audited 0"])
    change("Audited 4")
    with page.expect_response(re.compile(r"/audit\?")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(names).to_have_text(["Audited 3", "Audited 2", "Audited 1", "Audited 0"])
    page.get_by_role("button", name="Newest").click()
    expect(names).to_have_text(["Audited 4", "Audited 3"])


def test_a_colleague_is_invited_a_setting_changed_and_both_stand_in_the_audit(signed_in: Visit, person: Api) -> None:
    page = signed_in.page
    signed_in.go("#/members")
    page.get_by_role("button", name="Invite…").click()
    page.get_by_label("E-mail").fill("grace@example.test")
    page.get_by_role("dialog").get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Keep it now: it is not shown again.")).to_be_visible()
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Take back the invitation of grace@example.test").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Nobody is invited.")).to_be_visible()
    signed_in.go("#/settings")
    page.get_by_role("button", name="Change queue.ageing_minutes").click()
    page.get_by_label("Value (minutes)").fill("45")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="queue.ageing_minutes")).to_contain_text("45 minutes")
    person("PATCH", "/settings", settings={"queue.ageing_minutes": None})
    signed_in.go("#/audit")
    for change in ("create invitations", "update invitations", "update tenants"):
        expect(page.get_by_role("row").filter(has_text=change).first).to_contain_text("demo@")


def test_no_page_has_a_fault_of_accessibility_or_is_wider_than_its_screen(
    signed_in: Visit, person: Api, robot: Robot, workflow: str, pictures: Pictures
) -> None:
    if not AXE.exists():
        not_run("the npm packages (npm ci)")
    page = signed_in.page
    job_id = person("POST", "/jobs", workflow_id=workflow)["job_id"]
    body = {"workflow_id": workflow, "schedule_name": HOSTILE, "frequency": "cron", "cron_expression": "0 3 * * *"}
    schedule = person("POST", "/schedules", **body)["schedule_id"]
    trigger = person("POST", "/triggers", workflow_id=workflow, name=HOSTILE, trigger_type="webhook")["trigger_id"]
    details = [f"jobs/{job_id}", f"robots/{robot.name}", f"workflows/{workflow}"]
    details += [f"schedules/{schedule}", f"triggers/{trigger}"]
    lists = ["", "jobs", "robots", "workflows", "schedules", "triggers", "dlq", "events"]
    lists += ["members", "keys", "limits", "audit", "settings", "more"]
    page.evaluate(AXE.read_text())
    faults = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        for address in lists + details:
            signed_in.go(f"#/{address}")
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator("main .loading")).to_have_count(0)
            for fault in page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"):
                faults.append((width, scheme, address, fault))
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append((width, scheme, address, "wider than the screen"))
            pictures.take(page, address, f"{width}-{scheme}")
    person("POST", f"/jobs/{job_id}/cancel")
    person("DELETE", f"/schedules/{schedule}")
    assert faults == []
    assert pictures.missing(page, ["1280-light", "360-dark"]) == []


def test_a_schedule_is_made_after_looking_at_what_it_would_do(signed_in: Visit, person: Api, workflow: str) -> None:
    page = signed_in.page
    signed_in.go("#/schedules")
    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Each quarter")
    form.get_by_label("While the last one still runs").select_option("queue")
    form.get_by_label("Minute, hour").fill("nonsense")
    expect(form.get_by_role("alert")).to_contain_text("cron_expression")
    form.get_by_label("Minute, hour").fill("*/15 * * * *")
    expect(form.get_by_text("Runs", exact=True)).to_have_count(8)
    form.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("row").filter(has_text="Each quarter")).to_be_visible()
    [made] = [s for s in person("GET", "/schedules") if s["schedule_name"] == "Each quarter"]
    assert (made["cron_expression"], made["overlap_policy"]) == ("*/15 * * * *", "queue"), "what was chosen is kept"
    person("DELETE", f"/schedules/{made['schedule_id']}")

"""One stack and one browser for all tests of the page; a robot that does what a test tells it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests import servers
from tests.local.stacks import RunningStack, running_stack

OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
HOSTILE = "<img src=x onerror=alert(1)> \u202etxt.exe"
VIEWER = {"email": "viewer@example.test", "password": "Summer-2026-x", "org_name": "Of the viewer"}
VIEWER_ROLE = "00000000-0000-7000-8000-000000000004"
SECONDS = 20  # on a machine that is busy; what is not told at once is found out by the page itself only later
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("casare")) as stack:
        yield stack


@pytest.fixture(scope="session")
def env(stack: RunningStack) -> dict[str, str]:
    return stack.state.read_env()


@dataclass
class Api:
    """The orchestrator, as somebody."""

    client: httpx2.Client

    def __call__(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.request(method, "/api/v1" + path, json=body if method != "GET" else None)
        assert answer.is_success, answer.text
        return answer.json()


@dataclass
class Robot:
    """A robot that takes one job and does each step when it is told to."""

    api: Api
    name: str

    def take(self) -> dict[str, Any]:
        [job] = self.api("POST", "/jobs/claim", limit=1, lease_seconds=600, wait_seconds=20)["jobs"]
        self.api("POST", f"/jobs/{job['job_id']}/start", lease_token=job["lease_token"])
        return dict(job)

    def tell(self, job: dict[str, Any], verb: str, **more: Any) -> Any:
        method = "PUT" if verb == "progress" else "POST"
        return self.api(method, f"/jobs/{job['job_id']}/{verb}", lease_token=job["lease_token"], **more)


@pytest.fixture(scope="session")
def person(env: dict[str, str]) -> Iterator[Api]:
    """The demo person, who may do everything."""
    with httpx2.Client(base_url=env["ORCHESTRATOR_URL"], trust_env=False, timeout=60) as client:
        who = {"username": env["DEMO_USERNAME"], "password": env["DEMO_PASSWORD"]}
        token = client.post("/api/v1/auth/login", json=who).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield Api(client)


@pytest.fixture
def robot(line_1: Robot, person: Api) -> Robot:
    """It takes what a test queues: whatever another one left, or a schedule of it had made, is cancelled before."""
    for job in person("GET", "/jobs?status=pending")["jobs"]:
        person("POST", f"/jobs/{job['job_id']}/cancel")
    return line_1


@pytest.fixture(scope="session")
def line_1(env: dict[str, str]) -> Iterator[Robot]:
    headers = {"X-Api-Key": env["ROBOT_API_KEY"]}
    with httpx2.Client(base_url=env["ORCHESTRATOR_URL"], headers=headers, trust_env=False, timeout=60) as client:
        api = Api(client)
        api("POST", "/robots/register", robot_id=env["ROBOT_ID"], name="Line <b>1</b>", hostname="line-1")
        yield Robot(api, env["ROBOT_ID"])


@pytest.fixture(scope="session")
def workflow(person: Api) -> str:
    """A workflow whose name would like to be HTML."""
    definition = {"metadata": {"name": HOSTILE}, "variables": {"month": "2026-11"}, "nodes": [], "connections": []}
    definition["nodes"] = [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}]
    made = person("POST", "/workflows", workflow_name=HOSTILE, workflow_json=definition)
    person("POST", f"/jobs/{made['job_id']}/cancel")
    return str(made["workflow_id"])


@pytest.fixture(scope="session")
def viewer(person: Api, env: dict[str, str]) -> dict[str, str]:
    """Somebody with an organization of their own, who may look at the demo's."""
    token = "an-invitation-that-nobody-guesses"
    anybody = {"apikey": env["SUPABASE_PUBLISHABLE_KEY"]}
    with httpx2.Client(base_url=env["SUPABASE_URL"], headers=anybody, trust_env=False, timeout=60) as client:
        invitation = {
            "p_email": VIEWER["email"],
            "p_role_id": VIEWER_ROLE,
            "p_token_hash": "\\x" + sha256(token.encode()).hexdigest(),
        }
        inviter = {"Authorization": person.client.headers["Authorization"]}
        answer = client.post("/rest/v1/rpc/invite_member", json=invitation, headers=inviter)
        assert answer.is_success, answer.text
        mine = person.client.post("/api/v1/auth/register", json=VIEWER, headers={"Authorization": ""}).json()
        headers = {"Authorization": f"Bearer {mine['access_token']}"}
        answer = client.post("/rest/v1/rpc/accept_invitation", json={"p_token": token}, headers=headers)
        assert answer.is_success, answer.text
    return VIEWER


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=servers.chromium(), args=list(OPTIONS), timeout=120_000)
        yield browser
        browser.close()


ROUTES = """async () => {
    const { MODULES } = await import(document.querySelector("script").src.replace("app.js", "core/nav.js"));
    return Object.entries(MODULES).flatMap(([first, [, , , one]]) => (one ? [first, first + "/"] : [first]));
}"""


@dataclass
class Pictures:
    """Pictures of pages, in the folder that CASARE_TEST_PICTURES names; without it none is taken."""

    folder: Path | None
    taken: set[str] = field(default_factory=set)

    def take(self, page: Page, address: str, variant: str) -> None:
        """Keep what is seen at an address, in a variant."""
        picture = f"{_name_of(address)}-{variant}"
        self.taken.add(picture)
        if self.folder:
            page.screenshot(path=self.folder / f"{picture}.png")

    def missing(self, page: Page, variants: Sequence[str]) -> list[str]:
        """Pictures that are not there, of each page of the router in each variant."""
        every = [f"{_name_of(address)}-{variant}" for address in page.evaluate(ROUTES) for variant in variants]
        return [picture for picture in every if not self._has(picture)]

    def _has(self, picture: str) -> bool:
        return picture in self.taken and (self.folder is None or (self.folder / f"{picture}.png").is_file())


def _name_of(address: str) -> str:
    """`jobs` for the list, `jobs-one` for one of them."""
    first, *one = address.split("/")
    return (first or "overview") + ("-one" if one else "")


@dataclass
class Visit:
    """A page of somebody's, with what it asked for and what went wrong."""

    page: Page
    context: BrowserContext
    origins: set[str]
    problems: list[str]
    url: str

    def holds_requests(self) -> "Visit":
        """A browser that is told to hold requests up lets what is asked in the next moment pass: it is told before."""
        self.page.route("**/nothing-asks-for-this", lambda route: route.abort())
        return self

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(self.url)
        self.page.get_by_label("User name or e-mail").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
        expect(self.page.locator(".live")).to_have_text("Live")

    def go(self, address: str) -> None:
        """To another address, and what stood there is gone."""
        self.page.evaluate(
            """address => new Promise(done => {
                if (location.hash === address) return done();
                addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(done)), { once: true });
                location.hash = address;
            })""",
            address,
        )


@pytest.fixture
def pictures() -> Pictures:
    folder = os.environ.get("CASARE_TEST_PICTURES")
    return Pictures(Path(folder) if folder else None)


@pytest.fixture
def visit(browser: Browser, env: dict[str, str]) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    visit = Visit(page, context, set(), [], env["DASHBOARD_URL"] + "/dashboard/")
    page.on("request", lambda request: visit.origins.add("/".join(request.url.split("/")[:3])))
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("console", lambda line: visit.problems.append(line.text) if "Security Policy" in line.text else None)
    page.on("dialog", lambda dialog: (visit.problems.append("a dialog opened"), dialog.dismiss()))
    yield visit
    context.close()
    assert visit.problems == []
    assert visit.origins <= {env["DASHBOARD_URL"], env["ORCHESTRATOR_URL"], env["SUPABASE_URL"]}

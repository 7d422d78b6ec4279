"""Nodes and steps that use a browser, with a real one on pages of this machine; one browser for all but its ends."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.robot.local_page import LocalPage
from tests.robot.test_steps import step
from tests.robot.workflows import Workshop, chain, graph

from casare_cloud.robot import agent
from casare_cloud.robot.agent_core import KeyRefused
from casare_cloud.robot.executor import browsing
from casare_cloud.robot.executor.browsing import Browsing
from casare_cloud.robot.executor.control import RunCancelled
from casare_cloud.robot.executor.errors import (
    BrowserError,
    JobTimeoutError,
    NodeInputError,
    SandboxError,
    UnsupportedNodeError,
    WorkflowError,
)
from casare_cloud.robot.executor.held import Held
from casare_cloud.robot.transport import RobotProfile

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("browser nodes")]


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """What holds the module's one browser."""
    first = Workshop(tmp_path_factory.mktemp("first") / "job")
    first.outputs("LaunchBrowserNode", {"headless": True, "viewport_width": 400, "viewport_height": 300})
    yield first.held
    first.held.close()


@pytest.fixture
def shop(workshop: Workshop, browsers: Held, page: LocalPage) -> Workshop:
    """A workshop whose browser shows the shop."""
    workshop.held = browsers
    workshop.outputs("GoToURLNode", {"url": f"{page.url}/shop.html"})
    return workshop


@pytest.fixture
def form(shop: Workshop) -> Workshop:
    shop.outputs("ClickElementNode", {"selector": "#on"})
    return shop


def read(workshop: Workshop, script: str) -> Any:
    return workshop.outputs("BrowserEvaluateNode", {"script": script})["result"]


# What is on a page


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"selector": "h1"}, "Pens & ink"),
        ({"selector": "h1", "trim_whitespace": False}, " Pens & ink "),
        ({"selector": "h1", "trim_whitespace": False, "use_inner_text": True}, "Pens & ink"),
        ({"selector": "//p[2]"}, "10"),
        ({"selector": "/html/body/p[1]"}, "3.50"),
        ({"selector": ".price"}, "3.50"),
        ({"selector": "#later"}, "Sold out"),
    ],
)
def test_text_is_read(shop: Workshop, config: dict[str, Any], text: str) -> None:
    assert shop.outputs("ExtractTextNode", config) == {"text": text}


def test_what_is_read_is_kept_in_a_variable_too(workshop: Workshop, page: LocalPage) -> None:
    result = workshop.run(
        chain(
            ("b", "LaunchBrowserNode", {"url": f"{page.url}/shop.html", "browser": "chromium", "headless": True}),
            ("t", "ExtractTextNode", {"selector": "h1", "variable_name": "title"}),
            ("a", "GetAttributeNode", {"selector": "#on", "attribute": "href"}),
            ("x", "CloseBrowserNode", {}),
            ("l", "LogNode", {"message": "{{t.text}} {{a.value}} {{b.page}}"}),
        )
    )
    assert workshop.recorder.messages == ["Pens & ink /form.html main"]
    assert result["variables"]["title"] == "Pens & ink"
    assert result["variables"]["attribute_value"] == "/form.html"


def test_an_element_that_must_be_the_only_one_is(shop: Workshop) -> None:
    with pytest.raises(BrowserError, match="strict mode violation"):
        shop.outputs("ExtractTextNode", {"selector": ".price", "strict": True})


@pytest.mark.parametrize(
    ("config", "data"),
    [
        ({}, [{"Thing": "pen", "Thing_2": "4"}, {"Thing": "ink", "Thing_2": "=1+1"}]),
        ({"output_format": "list_of_lists", "max_rows": 1}, [["Thing", "Thing"], ["pen", "4"]]),
        ({"output_format": "list_of_lists", "include_headers": False, "skip_rows": 1}, [["ink", "=1+1"]]),
        ({"output_format": "csv_string"}, "Thing,Thing\npen,4\nink,'=1+1\n"),
    ],
)
def test_a_table_is_read(shop: Workshop, config: dict[str, Any], data: Any) -> None:
    found = shop.outputs("TableScraperNode", {"table_selector": "#stock", **config})
    assert (found["data"], found["headers"]) == (data, ["Thing", "Thing"])


def test_pictures_on_a_page_are_listed(shop: Workshop, page: LocalPage) -> None:
    assert shop.outputs("GetAllImagesNode", {}) == {
        "images": [f"{page.url}/pen.png", f"{page.url}/ink.jpg"], "count": 2
    }  # fmt: skip
    assert shop.outputs("GetAllImagesNode", {"file_types": "jpg, webp"})["images"] == [f"{page.url}/ink.jpg"]
    assert shop.outputs("GetAllImagesNode", {"include_backgrounds": False})["count"] == 1


def test_a_script_gets_an_argument_and_its_json_is_read(shop: Workshop) -> None:
    found = shop.outputs("BrowserEvaluateNode", {"script": "n => JSON.stringify({n})", "arg": 3})
    assert found == {"result": {"n": 3}, "success": True, "error": ""}
    found = shop.outputs("BrowserEvaluateNode", {"expression": "'[1]'", "return_json": False})
    assert found["result"] == "[1]"
    with pytest.raises(BrowserError, match="nowhere is not defined"):
        shop.outputs("BrowserEvaluateNode", {"script": "nowhere"})


def test_a_picture_is_a_file_of_the_job(shop: Workshop) -> None:
    found = shop.outputs("ScreenshotNode", {"file_path": "shots/page.png"})
    assert found == {"file_path": "shots/page.png", "attachment_file": ["shots/page.png"]}
    assert (shop.folder / "shots" / "page.png").read_bytes().startswith(b"\x89PNG")
    jpeg = {"path": "it.jpg", "type": "jpeg", "quality": 5, "selector": "#stock"}
    shop.outputs("BrowserScreenshotNode", jpeg)
    assert (shop.folder / "it.jpg").read_bytes().startswith(b"\xff\xd8")
    dated = shop.outputs("ScreenshotNode", {"file_path": "shots/"})["file_path"]
    assert (shop.folder / dated).is_file()
    for path in ("../out.png", "/tmp/out.png"):
        with pytest.raises(SandboxError):
            shop.outputs("ScreenshotNode", {"file_path": path})


# What is done on a page


def test_a_click_leads_on_and_the_way_back_is_there(shop: Workshop, page: LocalPage) -> None:
    assert shop.outputs("ClickElementNode", {"selector": "#on", "modifiers": []}) == {"page": "main"}
    shop.outputs("WaitForNavigationNode", {})
    assert read(shop, "document.title") == "Form"
    shop.outputs("GoBackNode", {})
    assert read(shop, "document.title") == "Shop"
    shop.outputs("GoForwardNode", {})
    shop.outputs("RefreshPageNode", {"wait_until": "domcontentloaded"})
    shop.outputs("WaitForNavigationNode", {})
    assert read(shop, "location.href") == f"{page.url}/form.html"


def test_a_trial_only_looks_whether_a_click_is_possible(shop: Workshop) -> None:
    shop.outputs("ClickElementNode", {"selector": "#on", "trial": True, "position_x": 2, "position_y": 2})
    assert read(shop, "document.title") == "Shop"
    with pytest.raises(NodeInputError, match="hyper is no modifier of it"):
        shop.outputs("ClickElementNode", {"selector": "#on", "modifiers": ["hyper"]})


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({"text": "Ada"}, "Ada"),
        ({"text": "Ada", "clear_first": False}, "BoAda"),
        ({"text": "Ada", "press_sequentially": True, "delay": 1}, "Ada"),
        ({"text": "", "fast_mode": True}, ""),
    ],
)
def test_text_is_written_into_a_field(form: Workshop, config: dict[str, Any], value: str) -> None:
    form.outputs("TypeTextNode", {"selector": "#who", "press_tab_after": True, **config})
    assert form.outputs("GetAttributeNode", {"selector": "#who", "attribute": "value"})["value"] == value
    assert read(form, "document.activeElement.name") == "size"


@pytest.mark.parametrize(("way", "value"), [("value", "l"), ("label", "Large"), ("index", 1)])
def test_an_option_is_chosen(form: Workshop, way: str, value: Any) -> None:
    form.outputs("SelectDropdownNode", {"selector": "select", "select_by": way, "value": value})
    assert read(form, "document.forms[0].size.value") == "l"


def test_a_key_sends_a_form(form: Workshop) -> None:
    form.outputs("TypeTextNode", {"selector": "#who", "text": "Ada"})
    form.outputs("PressKeyNode", {})
    form.outputs("WaitForElementNode", {"selector": "text=who=Ada"})


def test_a_form_is_filled_and_sent(form: Workshop) -> None:
    fields: list[Any] = []
    for selector, value in {"#who": "Ada", "select": "Large", "[name=gift]": "yes", "textarea": 12.0, " ": "x"}.items():
        fields = form.outputs("FormFieldNode", {"fields_in": fields, "selector": selector, "value": value})[
            "fields_out"
        ]
    found = form.outputs("FormFillerNode", {"fields_in": fields, "auto_submit": True})
    assert found == {
        "page": "main",
        "fields_filled": 4,
        "form_data": {"#who": "Ada", "select": "Large", "[name=gift]": "yes", "textarea": 12.0},
    }
    form.outputs("WaitForElementNode", {"selector": "text=who=Ada&size=l&gift=yes&note=12"})


def test_a_field_that_is_not_there_fails_the_form(form: Workshop) -> None:
    with pytest.raises(BrowserError, match="waiting for locator"):
        form.outputs("FormFillerNode", {"field_mapping": '{"#who": "Ada", "#none": 1}', "timeout": 200})


def test_elements_are_waited_for(shop: Workshop) -> None:
    shop.outputs("ClickElementNode", {"selector": "#show"})
    assert shop.outputs("WaitForElementNode", {"selector": "#later"}) == {"page": "main", "found": True}
    shop.outputs("WaitForElementNode", {"selector": "#none", "state": "detached"})


def test_what_fails_is_tried_again_and_shown_if_wanted(shop: Workshop) -> None:
    config = {"selector": "#none", "timeout": 100, "retry_count": 1, "retry_interval": 1, "screenshot_on_fail": True}
    with pytest.raises(BrowserError, match=r"Timeout 100ms exceeded.* waiting for locator\(\"#none\"\)"):
        shop.outputs("ClickElementNode", config | {"screenshot_path": "why.png"})
    assert (shop.folder / "why.png").is_file()
    assert [entry["level"] for entry in shop.recorder.logs] == ["warning", "info"]


def test_each_page_has_a_name_of_its_own(shop: Workshop, page: LocalPage, browsers: Held) -> None:
    assert shop.outputs("NewTabNode", {"url": f"{page.url}/form.html"}) == {"page": "main 2"}
    assert read(shop, "document.title") == "Form"
    found = shop.outputs("BrowserEvaluateNode", {"page": "main", "script": "document.title"})
    assert found["result"] == "Shop"
    assert shop.outputs("DownloadFileNode", {"url": f"{page.url}/x", "use_browser": True})["success"]
    assert '"cookie": "visitor=seen"' in (shop.folder / "x").read_text(encoding="utf-8")
    with pytest.raises(NodeInputError, match="no page 'other' is open; these are: main, main 2"):
        shop.outputs("GoBackNode", {"page": "other"})
    own = browsers.find("browser")
    assert isinstance(own, Browsing)
    own.do(own.close_page("main 2"), shop.control)
    assert read(shop, "document.title") == "Shop"


def test_a_run_has_so_many_browsers_and_pages_and_what_does_not_open_is_none(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "MOST_BROWSERS", 2)
    for _ in range(2):
        with pytest.raises(BrowserError, match="timezone"):
            shop.outputs("LaunchBrowserNode", {"headless": True, "timezone_id": "nowhere"})
    monkeypatch.setattr(browsing, "MOST_BROWSERS", 1)
    with pytest.raises(NodeInputError, match="at most 1 browsers"):
        shop.outputs("LaunchBrowserNode", {"headless": True})
    monkeypatch.setattr(browsing, "MOST_PAGES", 1)
    with pytest.raises(NodeInputError, match="at most 1 pages"):
        shop.outputs("NewTabNode", {})


# Addresses and files


@pytest.mark.parametrize("url", ["file:///etc/passwd", "view-source:http://a", "javascript:a()", "data:text/html,a"])
@pytest.mark.parametrize("type_", ["GoToURLNode", "NewTabNode", "LaunchBrowserNode", "DownloadFileNode"])
def test_a_page_is_reached_by_http_and_https_only(shop: Workshop, type_: str, url: str) -> None:
    with pytest.raises(NodeInputError, match="is not an http or https URL"):
        shop.outputs(type_, {"url": url})


def test_no_page_leads_to_files_of_the_robot(shop: Workshop, page: LocalPage) -> None:
    with pytest.raises(BrowserError, match="ERR_UNSAFE_REDIRECT"):
        shop.outputs("GoToURLNode", {"url": f"{page.url}/to-file"})
    shop.outputs("GoToURLNode", {"url": f"{page.url}/shop.html"})
    read(shop, "location.href = 'file:///etc/passwd'")
    assert read(shop, "location.protocol") == "http:"


def test_an_address_without_a_scheme_is_https(shop: Workshop, page: LocalPage) -> None:
    with pytest.raises(BrowserError, match="ERR_SSL_PROTOCOL_ERROR"):
        shop.outputs("GoToURLNode", {"url": page.url.removeprefix("http://")})


def test_a_download_is_a_file_of_the_job_and_replaces_none_unless_it_may(workshop: Workshop, page: LocalPage) -> None:
    url = f"{page.url}/orders.json"
    assert workshop.outputs("DownloadFileNode", {"url": url})["path"] == "orders.json"
    again = workshop.outputs("DownloadFileNode", {"url": url, "overwrite": False})
    assert (again["path"], again["attachment_file"]) == ("orders_1.json", ["orders_1.json"])
    assert workshop.outputs("DownloadFileNode", {"url": url, "save_path": "in/"})["path"] == "in/orders.json"
    with pytest.raises(WorkflowError, match="answered 404"):
        workshop.outputs("DownloadFileNode", {"url": f"{page.url}/missing"})
    with pytest.raises(SandboxError):
        workshop.outputs("DownloadFileNode", {"url": url, "save_path": "../x"})


# A browser ends with its job


def programs() -> set[int]:
    """The running programs that this process, or one of those, has started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def surroundings_of(pid: int) -> bytes:
    """The environment of a browser's process; nothing of one that is no browser's, or that has ended."""
    try:
        is_browser = "chrom" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
        return Path(f"/proc/{pid}/environ").read_bytes() if is_browser else b""
    except OSError:
        return b""


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="not run: needs /proc")
@pytest.mark.parametrize("how", ["ends", "fails", "cancelled", "out of time"])
def test_a_browser_ends_with_its_job_and_knows_nothing_of_the_robot(
    workshop: Workshop, page: LocalPage, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = f"/gate/browser-{how}".replace(" ", "-")
    monkeypatch.setenv("ROBOT_API_KEY", "crpa_of-the-robot")
    before, during, surroundings = programs(), set[int](), set[bytes]()

    def watch() -> None:
        deadline = time.monotonic() + 120
        while not page.visitors(gate):
            assert time.monotonic() < deadline, "the browser asked for no page"
            time.sleep(0.02)
        during.update(programs() - before)
        surroundings.update(surroundings_of(pid) for pid in during)
        match how:
            case "cancelled":
                workshop.control.cancel("enough")
            case "out of time":
                monkeypatch.setattr(workshop.control, "_deadline", 0.0)
            case _:
                page.open(gate)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    last = ("ThrowErrorNode", {"error_message": "no"}) if how == "fails" else ("LogNode", {"message": "done"})
    definition = chain(
        ("b", "LaunchBrowserNode", {"headless": True}), ("g", "GoToURLNode", {"url": page.url + gate}), ("l", *last)
    )
    ending = {"fails": WorkflowError, "cancelled": RunCancelled, "out of time": JobTimeoutError}.get(how)
    if ending is None:
        workshop.run(definition)
    else:
        with pytest.raises(ending):
            workshop.run(definition)
    watcher.join()
    page.open(gate)
    assert len(during) >= 2  # the driver and the browser
    assert any(b"PATH=" in each for each in surroundings)
    assert not any(b"crpa_" in each for each in surroundings)
    assert {pid for pid in during if is_running(pid)} == set()


# Steps


def test_steps_read_fill_and_picture_pages(workshop: Workshop, page: LocalPage) -> None:
    shop, form = f"{page.url}/shop.html", f"{page.url}/form.html"
    selectors = {"title": "h1", "prices": {"selector": ".price", "multiple": True}, "none": "#none"}
    actions = [
        {"type": "click", "selector": "#on"},
        {"type": "fill", "selector": "#who", "value": "Ada"},
        {"type": "extract", "selector": "#on"},
        {"type": "extract", "selector": "#who", "attribute": "name"},
    ]
    fields = [{"name": "who", "value": "Ada"}, {"selector": "select", "value": "l"}]
    steps = [
        step("read", "web_scrape", {"url": shop, "selectors": selectors, "wait_for": "h1"}),
        step("list", "web_scraping", {"url": shop, "selector": ".price", "timeout_ms": 9000, "use_js": True}),
        step("fill", "form_fill", {"url": form, "fields": fields, "submit_selector": "button"}),
        step("shot", "screenshot", {"url": shop, "full_page": True, "save_path": "a/shop.png"}),
        step("paper", "pdf_generate", {"url": shop}),
        step("act", "page_interaction", {"url": shop, "actions": actions}),
        step("go", "browser_navigate", {"url": shop}),
        step("click", "browser_click", {"selector": "#on"}),
        step("name", "browser_extract", {"selector": "input", "attribute": "name", "multiple": True}),
    ]
    result = workshop.run({"steps": steps})
    left = {done["node_id"]: done["output"] for done in result["node_executions"]}
    assert left["read"]["data"] == {"title": "Pens & ink", "prices": ["3.50", "10"], "none": None}
    assert (left["list"]["data"], left["list"]["title"]) == (["3.50", "10"], "Shop")
    assert (left["fill"]["fields_filled"], left["fill"]["url"]) == (2, f"{page.url}/ordered")
    assert left["act"] == {"results": [None, "who"], "url": form, "title": "Form"}
    assert (left["go"]["status"], left["click"]["title"]) == (200, "Form")
    assert left["name"] == {"value": ["who", "gift"], "count": 2}
    assert result["files"] == ["a/shop.png", "paper.pdf"]
    assert (workshop.folder / "paper.pdf").read_bytes().startswith(b"%PDF")


# Robots without a browser


def test_a_robot_without_the_extra_runs_nothing_and_says_what_to_install(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "playwright", None)
    nodes = {"s": ("StartNode", {}), "l": ("LogNode", {"message": "a"}), "b": ("LaunchBrowserNode", {})}
    needs = r"LaunchBrowserNode \(node b\), which needs browser: pip install 'casare-cloud\[browser\]'"
    with pytest.raises(UnsupportedNodeError, match=needs):
        workshop.run(graph(nodes, ("s.out", "l.in"), ("l.out", "b.in")))
    steps = [step("a", "log", {"message": "a"}), step("b", "web_scrape", {"url": "http://a"})]
    with pytest.raises(UnsupportedNodeError, match=r"web_scrape \(step b\), which needs browser: pip install"):
        workshop.run({"steps": steps})
    assert workshop.recorder.messages == []


@pytest.mark.parametrize("lacks", ["", "the library", "an executable"])
def test_a_robot_advertises_a_browser_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str) -> None:
    if lacks == "an executable":
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    if lacks == "the library":
        monkeypatch.setitem(sys.modules, "playwright", None)
    seen: list[RobotProfile] = []

    class Refused:
        def __init__(self, transport: Any, profile: RobotProfile, *_: Any, **__: Any) -> None:
            seen.append(profile)
            raise KeyRefused("no")

    monkeypatch.setattr(agent, "Agent", Refused)
    code = agent.run_agent(
        orchestrator_url="http://127.0.0.1:9", api_key="k", robot_id="r", capabilities=["excel"], work_dir=tmp_path,
        on_event=lambda event: None, transport="rest",
    )  # fmt: skip
    assert (code, seen[0].capabilities[0], "browser" in seen[0].capabilities) == (2, "excel", not lacks)


def test_a_browser_that_nobody_opened_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError, match="no browser is open: a LaunchBrowserNode opens one"):
        workshop.outputs("GoToURLNode", {"url": "http://a"})
    workshop.held.close()

"""Browsers and pages: opened, closed, led to an address and back."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.browsing import BLANK, Browsing
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import anything, choice, flag, integer, text, unused
from casare_cloud.robot.executor.nodes.basic import WAIT, wait
from casare_cloud.robot.executor.nodes.browser.common import (
    PAGE,
    PICTURE,
    TIMEOUT,
    WAIT_UNTIL,
    address,
    ask,
    on_page,
    page_of,
    timeout_of,
    visit,
)
from casare_cloud.robot.executor.nodes.patience import RETRIES
from casare_cloud.robot.executor.registry import Next, node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Page

_NO_WINDOW = "no window of the desktop is moved"
_NO_PROFILE = "every browser begins with an empty profile, which ends with it"


@node(
    "LaunchBrowserNode",
    "BrowserLaunchNode",
    takes=(
        text("url"),
        choice("browser_type", "chromium", "firefox", "webkit", default="chromium", also=("browser",)),
        flag("headless"),
        integer("slow_mo", default=0),
        text("channel"),
        integer("viewport_width", default=1280),
        integer("viewport_height", default=720),
        text("user_agent"),
        text("locale"),
        text("timezone_id"),
        choice("color_scheme", "light", "dark", "no-preference", default="light"),
        flag("ignore_https_errors"),
        text("proxy_server"),
        integer("retry_count", default=0),
        integer("retry_interval", default=2_000),
        unused("do_not_close", "a browser ends with its job"),
        unused("profile_mode", _NO_PROFILE, "none"),
        unused("user_data_dir", _NO_PROFILE, ""),
        unused("window_state", _NO_WINDOW, "normal"),
        unused("window_wait", _NO_WINDOW),
    ),
    gives=("browser", "page", "window"),
    extra="browser",
)
def launch_browser(run: NodeRun) -> Mapping[str, Any]:
    """Opens a browser with one page, at `url` if given. Where the robot has no screen, it has no window either."""
    url, kind = address(run.text("url")), run.choice("browser_type")
    launch: dict[str, Any] = {
        "headless": run.flag("headless") or not _has_screen(run),
        "slow_mo": run.integer("slow_mo"),
    }
    if run.text("channel") and kind == "chromium":
        launch["channel"] = run.text("channel")
    context: dict[str, Any] = {
        "viewport": {"width": run.integer("viewport_width"), "height": run.integer("viewport_height")},
        "color_scheme": run.choice("color_scheme"),
        "ignore_https_errors": run.flag("ignore_https_errors"),
    }
    context |= {name: run.text(name) for name in ("user_agent", "locale", "timezone_id") if run.text(name)}
    if run.text("proxy_server"):
        context["proxy"] = {"server": run.text("proxy_server")}

    async def open_(browsers: Browsing) -> tuple[str, str]:
        browser, page = await browsers.launch(kind, launch, context)
        if url != BLANK:
            try:
                await visit(browsers.page(page), url)
            except BaseException:  # also when the node's time is over: nobody has the browser's name
                await browsers.close_browser(browser)
                raise
        return browser, page

    browser, page = ask(run, open_)
    return {"browser": browser, "page": page}


def _has_screen(run: NodeRun) -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    if not run.flag("headless"):
        run.log("info", "the robot has no screen: the browser has no window")
    return False


@node(
    "CloseBrowserNode",
    "BrowserCloseNode",
    takes=(
        anything("browser"),
        *RETRIES,
        unused("timeout", "a browser is closed at once"),
        unused("force_close", "no page can keep a browser open"),
    ),
    extra="browser",
)
def close_browser(run: NodeRun) -> None:
    """Closes the browser that was opened last, or the one that is connected, with all its pages."""
    name = as_text(run.value("browser"))
    ask(run, lambda browsers: browsers.close_browser(name))


@node(
    "NewTabNode",
    takes=(
        anything("browser"),
        text("tab_name", default="main"),
        text("url"),
        TIMEOUT,
        WAIT_UNTIL,
        *RETRIES,
        unused("screenshot_on_fail", "a page that was not reached shows nothing", False),
        unused("screenshot_path", "a page that was not reached shows nothing", ""),
    ),
    gives=("page",),
    extra="browser",
)
def new_tab(run: NodeRun) -> Mapping[str, Any]:
    """Opens another page, which shares cookies with the browser's others, and goes to `url` if given."""
    browser, wanted, url = as_text(run.value("browser")), run.text("tab_name") or "main", address(run.text("url"))
    timeout, until = timeout_of(run), run.choice("wait_until")

    async def open_(browsers: Browsing) -> str:
        name = await browsers.new_page(browser, wanted)
        if url != BLANK:
            try:
                await visit(browsers.page(name), url, timeout=timeout, wait_until=until)
            except BaseException:
                await browsers.close_page(name)
                raise
        return name

    return {"page": ask(run, open_)}


@node(
    "GoToURLNode",
    "BrowserNavigateNode",
    takes=(
        PAGE,
        text("url", default=None),
        TIMEOUT,
        WAIT_UNTIL,
        text("referer"),
        *RETRIES,
        *PICTURE,
        unused("ignore_https_errors", "it is an option of LaunchBrowserNode", False),
    ),
    gives=("page",),
    extra="browser",
    needs=("url",),
)
def go_to_url(run: NodeRun) -> Mapping[str, Any]:
    """Leads the page to an address. An error status is a page like any other."""
    url, timeout, until = address(as_text(run.need("url"))), timeout_of(run), run.choice("wait_until")
    referer = run.text("referer") or None

    async def go(page: "Page") -> None:
        await visit(page, url, timeout=timeout, wait_until=until, referer=referer)

    on_page(run, go)
    return {"page": page_of(run)}


_MOVES = (PAGE, TIMEOUT, WAIT_UNTIL, *RETRIES)


@node("GoBackNode", takes=_MOVES, gives=("page",), extra="browser")
def go_back(run: NodeRun) -> Mapping[str, Any]:
    """Leads the page back to where it was before."""
    return _move(run, "go_back")


@node("GoForwardNode", takes=_MOVES, gives=("page",), extra="browser")
def go_forward(run: NodeRun) -> Mapping[str, Any]:
    """Leads the page on to where it had been."""
    return _move(run, "go_forward")


@node("RefreshPageNode", takes=_MOVES, gives=("page",), extra="browser")
def refresh(run: NodeRun) -> Mapping[str, Any]:
    """Loads the page again."""
    return _move(run, "reload")


def _move(run: NodeRun, way: str) -> Mapping[str, Any]:
    timeout, until = timeout_of(run), run.choice("wait_until")

    async def move(page: "Page") -> None:
        await getattr(page, way)(timeout=timeout, wait_until=until)

    on_page(run, move)
    return {"page": page_of(run)}


@node("WaitForNavigationNode", takes=(*_MOVES, *PICTURE), gives=("page",), extra="browser")
def wait_for_navigation(run: NodeRun) -> Mapping[str, Any]:
    """Waits until the page is there, as far as `wait_until` says."""
    timeout, until = timeout_of(run), run.choice("wait_until")

    async def look(page: "Page") -> None:
        if until == "commit":
            return  # a page that is there has begun
        await page.wait_for_load_state(until, timeout=timeout)  # type: ignore[arg-type]

    on_page(run, look)
    return {"page": page_of(run)}


@node(
    "BrowserWaitNode",
    takes=(
        WAIT[0],
        integer("duration_ms", "milliseconds", "timeout"),
        choice("wait_type", "timeout", default="timeout"),
    ),
    gives=("waited_seconds",),
)
def browser_wait(run: NodeRun) -> Next | Mapping[str, Any] | None:
    """Waits `duration` seconds, or `timeout` milliseconds."""
    return wait(run)

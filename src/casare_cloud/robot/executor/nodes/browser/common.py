"""What the browser nodes share: their options, and doing something on a page."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from casare_cloud.robot.executor.browsing import BLANK, Browsing
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import Option, anything, choice, flag, integer, text, unused
from casare_cloud.robot.executor.errors import BrowserError, UnsupportedNodeError
from casare_cloud.robot.executor.extras import lacking
from casare_cloud.robot.executor.fetch import refuse_other_schemes
from casare_cloud.robot.executor.nodes.patience import RETRIES, tried
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, Response

T = TypeVar("T")
Act = Callable[["Page"], Coroutine[Any, Any, T]]

PAGE = anything("page")
TIMEOUT = integer("timeout", default=30_000)  # milliseconds, as in all of these nodes
PICTURE = (flag("screenshot_on_fail"), text("screenshot_path"))
WAIT_UNTIL = choice("wait_until", "load", "domcontentloaded", "networkidle", "commit", default="load")
STRICT = flag("strict")
ANCHOR = unused("anchor_config", "an element is found by its selector alone", "")
NO_WAIT = unused("no_wait_after", "the browser decides what is waited for", False)
NO_HIGHLIGHT = "nobody looks on"

_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)


def on_element(*more: Option) -> tuple[Option, ...]:
    """The options of a node that does something with one element of a page."""
    return (PAGE, text("selector", default=None), TIMEOUT, STRICT, *RETRIES, *PICTURE, ANCHOR, *more)


def browsing(run: NodeRun) -> Browsing:
    """The browsers of this run."""
    if install := lacking("browser"):
        raise UnsupportedNodeError(f"{run.node.id} needs a browser: {install}", node_id=run.node.id)
    return run.run.held.get("browser", Browsing)


def ask(run: NodeRun, work: Callable[[Browsing], Coroutine[Any, Any, T]]) -> T:
    """Has something done by the browsers, again as often as `retry_count` says."""
    browsers, control = browsing(run), run.control
    return tried(run, lambda: browsers.do(work(browsers), control))


def on_page(run: NodeRun, act: Act[T]) -> T:
    """Does something on the node's page; where it failed in the end, a picture is taken if the node asks for one.

    `act` runs in the browsers' thread: what it needs of the node is read before.
    """
    name = as_text(run.value("page"))
    try:
        return ask(run, lambda browsers: act(browsers.page(name)))
    except BrowserError:
        declared = run.declared
        if declared is not None and declared.option("screenshot_on_fail") and run.flag("screenshot_on_fail"):
            _picture(run, name)
        raise


def page_of(run: NodeRun) -> str:
    """The name of the node's page, for its output `page`."""
    return browsing(run).name_of(as_text(run.value("page")))


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element is: a CSS selector, an XPath, or what else Playwright takes. `strict`: there is only one."""

    selector: str
    strict: bool = False

    def on(self, page: "Page | Locator") -> "Locator":
        found = page.locator(self.selector)
        return found if self.strict else found.first


def element_of(run: NodeRun, option: str = "selector") -> Element:
    declared = run.declared
    strict = declared is not None and declared.option("strict") is not None and run.flag("strict")
    return Element(selector(as_text(run.need(option))), strict)


def selector(written: str) -> str:
    written = written.strip()
    return f"xpath={written}" if written.startswith("/") else written


def address(written: str) -> str:
    """Where to go: `https://` is added to what has no scheme, and other schemes than http and https are refused."""
    url = written.strip()
    if url in ("", BLANK):
        return BLANK
    if not _HAS_SCHEME.match(url):
        return f"https://{url}"
    refuse_other_schemes(url)
    return url


async def visit(page: "Page", url: str, **options: Any) -> "Response | None":
    """Leads the page to an address, also while it is still on its way to another, such as the page of an error."""
    from playwright.async_api import Error

    for pause in (100, 500):
        try:
            return await page.goto(url, **options)
        except Error as error:
            if "interrupted by another navigation" not in error.message:
                raise
            await page.wait_for_timeout(pause)
    return await page.goto(url, **options)


def timeout_of(run: NodeRun) -> float:
    """Milliseconds; `fast_mode` waits five seconds at most."""
    milliseconds = float(run.integer("timeout"))
    declared = run.declared
    is_fast = declared is not None and declared.option("fast_mode") is not None and run.flag("fast_mode")
    return min(milliseconds, 5_000.0) if is_fast else milliseconds


def dated(name: str, suffix: str = "png") -> str:
    return f"{name}_{datetime.now(UTC):%Y%m%d_%H%M%S}.{suffix}"


def _picture(run: NodeRun, name: str) -> None:
    path = run.text("screenshot_path") or dated(f"{run.node.id}_failed")
    browsers = browsing(run)

    async def take() -> bytes:
        return await browsers.page(name).screenshot(timeout=5_000)

    try:
        run.run.sandbox.write_bytes(path, browsers.do(take(), run.control))
        run.log("info", f"{path} shows the page")
    except BrowserError as error:
        run.log("warning", f"no picture of the page: {error}")

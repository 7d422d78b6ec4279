"""The browsers of one run: Playwright, in a thread of its own that any thread of the run may ask.

Browsers and pages have names, which are what nodes put out and pass on. A page that no name is given for is the one
that was opened last. What is not closed by the workflow is closed with the run.
"""

import asyncio
import os
import re
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import BrowserError, NodeInputError
from casare_cloud.robot.executor.extras import chromium_of_the_system
from casare_cloud.robot.transport import shortened

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, BrowserType, Page, Playwright

T = TypeVar("T")

MOST_BROWSERS = 5
MOST_PAGES = 50
CLOSE_SECONDS = 5.0
BLANK = "about:blank"
_LOOK_SECONDS = 0.1
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What a browser needs of the robot's surroundings, and nothing of the robot's own: its key is there.
_PASSED_ON = re.compile(
    r"PATH|HOME|LANG|LC_.*|TZ|DISPLAY|XAUTHORITY|WAYLAND_.*|XDG_.*|DBUS_.*|FONTCONFIG_.*|(HTTPS?|ALL|NO)_PROXY|TMPDIR"
    r"|TE?MP|SYSTEMROOT|SYSTEMDRIVE|WINDIR|USERPROFILE|(LOCAL)?APPDATA|PROGRAM.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Opened:
    browser: "Browser"
    context: "BrowserContext"


class Browsing:
    """The open browsers and pages. The coroutines run in the browsers' own thread: `do` brings them there."""

    FIRST = "main"
    """The name of a browser's first page."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browsers", daemon=True)
        self._thread.start()
        self._starting = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._launching: set[object] = set()
        self._browsers: dict[str, _Opened] = {}
        self._pages: dict[str, Page] = {}

    def do(self, work: Coroutine[Any, Any, T], control: RunControl) -> T:
        """Does it and returns its outcome; ends it when the run must stop. Raises `BrowserError` for the browser's."""
        from playwright.async_api import Error

        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not wait({future}, timeout=_LOOK_SECONDS).done:
                control.check()
            return future.result()
        except Error as error:
            raise BrowserError(_explained(error.message)) from error
        finally:
            future.cancel()

    def close(self) -> None:
        """Ends every browser."""
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    # In the browsers' thread.

    async def launch(self, kind: str, launch: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, str]:
        """Opens a browser with one page; returns the names of both."""
        async with self._starting:
            if self._playwright is None:
                from playwright.async_api import async_playwright

                self._playwright = await async_playwright().start()
        if len(self._browsers) + len(self._launching) >= MOST_BROWSERS:
            raise NodeInputError(f"a job has at most {MOST_BROWSERS} browsers open; a CloseBrowserNode closes one")
        browser_type: BrowserType = getattr(self._playwright, kind)
        place = object()
        self._launching.add(place)
        try:
            browser = await browser_type.launch(
                **{"executable_path": _executable(browser_type, launch), **launch},
                env={name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)},
                # Whoever ends the robot ends its jobs, and they their browsers: Ctrl-C is not for the browser.
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
            try:
                return await self._first_page(browser, context, place)
            except BaseException:
                self._browsers = {each: other for each, other in self._browsers.items() if other.browser is not browser}
                with suppress(Exception):
                    await browser.close()
                raise
        finally:
            self._launching.discard(place)

    async def _first_page(self, browser: "Browser", context: Mapping[str, Any], place: object) -> tuple[str, str]:
        opened = _Opened(browser, await browser.new_context(accept_downloads=False, **context))
        name = _free("browser", self._browsers)
        self._browsers[name] = opened
        self._launching.discard(place)
        return name, await self._add(opened, self.FIRST)

    async def new_page(self, browser: str, name: str) -> str:
        """Opens another page of a browser, by default of the one in use; returns its name."""
        return await self._add(self._browser(browser), name)

    async def close_browser(self, name: str) -> None:
        """Closes a browser with its pages."""
        opened = self._browser(name)
        self._browsers = {each: other for each, other in self._browsers.items() if other is not opened}
        self._pages = {each: page for each, page in self._pages.items() if page.context is not opened.context}
        await opened.browser.close()

    async def close_page(self, name: str) -> None:
        await self._pages.pop(name).close()

    async def ready(self) -> None:
        """Sees to it that a browser is open."""
        async with self._opening:
            if not self._browsers:
                await self.launch("chromium", {"headless": True}, {})

    def name_of(self, name: str) -> str:
        """The name, or that of the page that was opened last."""
        return name or next(reversed(self._pages), "")

    def page(self, name: str) -> "Page":
        """The page of this name, or the one that was opened last."""
        self._pages = {each: page for each, page in self._pages.items() if not page.is_closed()}
        if not self._pages:
            raise NodeInputError("no browser is open: a LaunchBrowserNode opens one")
        if name and name not in self._pages:
            raise NodeInputError(f"no page {shortened(name, 100)!r} is open; these are: {', '.join(self._pages)}")
        return self._pages[name] if name else next(reversed(self._pages.values()))

    def _browser(self, name: str) -> _Opened:
        if not self._browsers:
            raise NodeInputError("no browser is open: a LaunchBrowserNode opens one")
        if name and name not in self._browsers:
            raise NodeInputError(f"no browser {shortened(name, 100)!r} is open")
        return self._browsers[name] if name else next(reversed(self._browsers.values()))

    async def _add(self, opened: _Opened, wanted: str) -> str:
        if sum(len(each.context.pages) for each in self._browsers.values()) >= MOST_PAGES:
            raise NodeInputError(f"a job has at most {MOST_PAGES} pages open; a CloseBrowserNode closes those of one")
        page = await opened.context.new_page()
        name = _free(wanted, self._pages)
        self._pages[name] = page
        return name

    async def _end(self) -> None:
        async with self._starting:
            for opened in self._browsers.values():
                with suppress(Exception):
                    await opened.browser.close()
            if self._playwright is not None:
                await self._playwright.stop()


def _free(wanted: str, taken: Mapping[str, Any]) -> str:
    """The name, with a number when it is taken."""
    number = 1
    while (name := wanted if number == 1 else f"{wanted} {number}") in taken:
        number += 1
    return name


def _executable(kind: "BrowserType", launch: Mapping[str, Any]) -> str | None:
    """The system's Chromium, where Playwright has not installed one of its own."""
    if kind.name != "chromium" or launch.get("channel") or os.path.exists(kind.executable_path):
        return None
    return chromium_of_the_system()


def _explained(message: str) -> str:
    """What Playwright says, without the record of how it came to that; of a time-out, what was waited for."""
    head, _, record = _COLOURS.sub("", message).partition("Call log:")
    waited = next((line.strip(" -") for line in record.splitlines() if "waiting for" in line), "")
    if "Executable doesn't exist" in head:
        return "the browser is not installed on this robot: run `playwright install chromium`"
    return shortened(" ".join(filter(None, (head.strip(), waited))), 2_000)

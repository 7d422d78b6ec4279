"""One real Chromium with the dashboard open, and what was seen on it."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
SCRIPT = Path(__file__).with_name("page.js")
STATES = ("Waiting", "Claimed", "Running", "Completed")  # as the page calls what CHANGES lead to
ROWS = """() => [...document.querySelectorAll("main tbody tr")].map((row) =>
    [row.querySelector("a[data-row]").hash.split("/").at(-1), row.querySelector(".b").textContent])"""
FOLLOW = """async () => window.seen.follow(
    await import(document.querySelector("script").src.replace("app.js", "core/live.js")))"""


@dataclass
class Seen:
    """What a page showed; times in seconds of this machine's clock, frames in milliseconds."""

    painted: dict[str, list[tuple[int, float]]] = field(default_factory=dict)  # job → (number of its state, when)
    events: dict[int, float] = field(default_factory=dict)  # number of the event → when the page's script had it
    lives: list[tuple[str, float]] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)

    def painted_at(self, job_id: str, state: int) -> float | None:
        """When a job was first painted in a state or in a later one."""
        return min((at for number, at in self.painted.get(job_id, ()) if number >= state), default=None)


@dataclass
class Tab:
    """A page of the dashboard in the browser."""

    page: Page
    requests: int = 0

    async def sign_in(self, address: str, env: Mapping[str, str]) -> None:
        """Open the dashboard as the demo person, at one of its pages."""
        await self.page.goto(f"{env['DASHBOARD_URL']}/dashboard/{address}")
        await self.page.get_by_label("User name or e-mail").fill(env["DEMO_USERNAME"])
        await self.page.get_by_label("Password").fill(env["DEMO_PASSWORD"])
        await self.page.get_by_role("button", name="Sign in").click()
        await self.until_live(30)
        await self.page.evaluate(FOLLOW)

    async def until_live(self, seconds: float) -> None:
        """Wait until the page says that it is live."""
        await expect(self.page.locator(".live")).to_have_text("Live", timeout=seconds * 1000)

    async def rows(self) -> list[tuple[str, str]]:
        """(job, state) of each row, as a person reads them now."""
        return [(job, state) for job, state in await self.page.evaluate(ROWS)]

    async def newest_event(self) -> int:
        """The number of the newest event that the page's script was told of."""
        return int(await self.page.evaluate("window.seen.newest()"))

    async def take(self) -> Seen:
        """What was seen since this was asked last."""
        told: dict[str, Any] = await self.page.evaluate("window.seen.take()")
        seen = Seen(frames=told["frames"], lives=[(word, at / 1000) for word, at in told["lives"]])
        seen.events = {seq: at / 1000 for seq, at in told["events"]}
        for job_id, word, at in told["painted"]:
            if word in STATES:
                seen.painted.setdefault(job_id, []).append((STATES.index(word), at / 1000))
        return seen


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, as the browser tests drive it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("The section dashboard needs Chromium (Debian: chromium).")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        try:
            yield browser
        finally:
            await browser.close()


async def open_tab(browser: Browser, address: str, env: Mapping[str, str]) -> Tab:
    """A window of its own, as wide as a laptop's, signed in."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    await context.add_init_script(path=SCRIPT)
    tab = Tab(await context.new_page())

    def count(_: object) -> None:
        tab.requests += 1

    tab.page.on("request", count)
    await tab.sign_in(address, env)
    return tab

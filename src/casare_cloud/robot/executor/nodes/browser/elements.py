"""Elements of a page: clicked, written into, chosen from, waited for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import choice, flag, integer, listing, number, text, unused
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.browser.common import (
    NO_HIGHLIGHT,
    NO_WAIT,
    PAGE,
    element_of,
    on_element,
    on_page,
    page_of,
    timeout_of,
)
from casare_cloud.robot.executor.nodes.patience import RETRIES
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Page

_KEYS = {"alt": "Alt", "control": "Control", "meta": "Meta", "shift": "Shift"}
_FORCE = (flag("force"), NO_WAIT)


@node(
    "ClickElementNode",
    takes=on_element(
        *_FORCE,
        flag("fast_mode"),
        choice("button", "left", "right", "middle", default="left"),
        integer("click_count", default=1),
        integer("delay", default=0),
        number("position_x"),
        number("position_y"),
        listing("modifiers"),
        flag("trial"),
        unused("highlight_before_click", NO_HIGHLIGHT, False),
    ),
    gives=("page",),
    extra="browser",
    needs=("selector",),
)
def click(run: NodeRun) -> Mapping[str, Any]:
    """Clicks an element, in its middle or at a position from its corner; `trial` only looks whether it could."""
    element, options = element_of(run), _click_options(run)

    async def act(page: "Page") -> None:
        await element.on(page).click(**options)

    on_page(run, act)
    return {"page": page_of(run)}


def _click_options(run: NodeRun) -> dict[str, Any]:
    pressed = [as_text(key).lower() for key in run.items("modifiers")]
    if unknown := [key for key in pressed if key not in _KEYS]:
        raise NodeInputError(f"{unknown[0]} is no modifier of {run.node.id}; use one of {', '.join(_KEYS.values())}")
    options: dict[str, Any] = {
        "timeout": timeout_of(run),
        "button": run.choice("button"),
        "click_count": max(run.integer("click_count"), 1),
        "delay": run.integer("delay"),
        "force": run.flag("force") or run.flag("fast_mode"),
        "modifiers": [_KEYS[key] for key in pressed],
        "trial": run.flag("trial"),
    }
    x, y = (0 if run.value(name) in (None, "") else run.number(name) for name in ("position_x", "position_y"))
    return {**options, "position": {"x": x, "y": y}} if x or y else options


@node(
    "TypeTextNode",
    takes=on_element(
        *_FORCE,
        flag("fast_mode"),
        text("text"),
        integer("delay", default=0),
        flag("clear_first", default=True),
        flag("press_sequentially"),
        flag("press_enter_after"),
        flag("press_tab_after"),
    ),
    gives=("page",),
    extra="browser",
    needs=("selector",),
)
def type_text(run: NodeRun) -> Mapping[str, Any]:
    """Writes into a field, in place of what is there or (`clear_first` false) after it."""
    element, written, timeout = element_of(run), run.text("text"), timeout_of(run)
    clears, force = run.flag("clear_first"), run.flag("force") or run.flag("fast_mode")
    delay = run.integer("delay") or (50 if run.flag("press_sequentially") else 0)
    after = [key for key, option in (("Enter", "press_enter_after"), ("Tab", "press_tab_after")) if run.flag(option)]

    async def act(page: "Page") -> None:
        field = element.on(page)
        if clears:
            await field.fill("" if delay else written, timeout=timeout, force=force)
        if delay or not clears:
            await field.press("End", timeout=timeout)
            await field.press_sequentially(written, delay=delay, timeout=timeout + delay * len(written))
        for key in after:
            await field.press(key, timeout=timeout)

    on_page(run, act)
    return {"page": page_of(run)}


@node(
    "SelectDropdownNode",
    takes=on_element(
        *_FORCE, text("value", default=None), choice("select_by", "value", "label", "index", default="value")
    ),
    gives=("page",),
    extra="browser",
    needs=(
        "selector",
        "value",
    ),
)
def select(run: NodeRun) -> Mapping[str, Any]:
    """Chooses an option of a list by its value, its label or its place (0 is the first)."""
    element, way, timeout, force = element_of(run), run.choice("select_by"), timeout_of(run), run.flag("force")
    wanted = as_text(run.need("value"))
    chosen: dict[str, Any] = {way: run.integer("value") if way == "index" else wanted}

    async def act(page: "Page") -> None:
        await element.on(page).select_option(**chosen, timeout=timeout, force=force)

    on_page(run, act)
    return {"page": page_of(run)}


@node(
    "PressKeyNode",
    takes=(
        PAGE,
        text("key", default="Enter"),
        integer("delay", default=0),
        unused("timeout", "a key is pressed at once"),
        *RETRIES,
    ),
    gives=("page",),
    extra="browser",
)
def press_key(run: NodeRun) -> Mapping[str, Any]:
    """Presses a key on the page: Enter, Escape, ArrowDown, Control+A."""
    key, delay = as_text(run.need("key")), run.integer("delay")

    async def act(page: "Page") -> None:
        await page.keyboard.press(key, delay=delay)

    on_page(run, act)
    return {"page": page_of(run)}


@node(
    "WaitForElementNode",
    takes=on_element(
        choice("state", "visible", "hidden", "attached", "detached", default="visible"),
        unused("highlight_on_find", NO_HIGHLIGHT, False),
    ),
    gives=("page", "found"),
    extra="browser",
    needs=("selector",),
)
def wait_for_element(run: NodeRun) -> Mapping[str, Any]:
    """Waits until an element is there, or is there no more, as `state` says; it fails when that does not come."""
    element, state, timeout = element_of(run), run.choice("state"), timeout_of(run)

    async def act(page: "Page") -> None:
        await element.on(page).wait_for(state=state, timeout=timeout)  # type: ignore[arg-type]

    on_page(run, act)
    return {"page": page_of(run), "found": True}

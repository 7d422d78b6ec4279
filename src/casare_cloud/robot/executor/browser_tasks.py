"""The task types that use a browser: those with a `url` on a page of their own, the others on one that they share.

The shared page is that of `browser_navigate`; a browser is opened, without a window, when the first step needs it.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from casare_cloud.robot.executor.browsing import Browsing
from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import anything, flag, integer, listing, number, text, unused
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.browser.common import Element, address, browsing, dated, selector, visit
from casare_cloud.robot.executor.nodes.browser.forms import fill
from casare_cloud.robot.executor.tasks import task
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Page

T = TypeVar("T")

_TIME = (number("timeout", "timeout_seconds", default=30.0), integer("timeout_ms"))
_PAGE = (text("url", default=None), *_TIME)
_WHERE = ("url", "title")


def _timeout(run: NodeRun) -> float:
    """Milliseconds."""
    milliseconds = run.value("timeout_ms")
    return float(run.number("timeout")) * 1000 if milliseconds is None else float(run.number("timeout_ms"))


def _on_own_page(run: NodeRun, act: "Callable[[Page], Coroutine[Any, Any, T]]") -> tuple[T, dict[str, Any]]:
    """What `act` makes of a page of its own at the step's address, and where that led."""
    url, timeout, browsers = address(as_text(run.need("url"))), _timeout(run), browsing(run)

    async def do() -> tuple[T, dict[str, Any]]:
        await browsers.ready()
        name = await browsers.new_page("", f"{run.node.id}'s")
        try:
            page = browsers.page(name)
            page.set_default_timeout(timeout)
            await visit(page, url, timeout=timeout)
            made = await act(page)
            return made, await _where(page)
        finally:
            await browsers.close_page(name)

    return browsers.do(do(), run.control)


def _on_shared_page(run: NodeRun, act: "Callable[[Page], Coroutine[Any, Any, T]]") -> T:
    browsers = browsing(run)

    async def do() -> T:
        await browsers.ready()
        return await act(browsers.page(Browsing.FIRST))

    return browsers.do(do(), run.control)


async def _where(page: "Page") -> dict[str, Any]:
    return {"url": page.url, "title": await page.title()}


async def _read(page: "Page", wanted: Any, timeout: float, *, of_all: bool = False) -> Any:
    """What a selector, or `{selector, attribute, multiple}`, finds: text or an attribute; null: nothing."""
    asked = wanted if isinstance(wanted, Mapping) else {"selector": wanted, "multiple": of_all}
    found = page.locator(selector(as_text(asked.get("selector") or "body")))
    name = as_text(asked.get("attribute") or "")
    every = [
        await each.get_attribute(name) if name else (await each.inner_text(timeout=timeout)).strip()
        for each in await found.all()
    ]
    return every if asked.get("multiple") else next(iter(every), None)


@task(
    "web_scrape",
    "web_scraping",
    takes=(
        *_PAGE,
        anything("selectors"),
        text("selector"),
        text("wait_for"),
        flag("extract_text", default=True),
        unused("use_js", "scripts of the page always run", True),
    ),
    gives=("data", "text", "html", *_WHERE),
    extra="browser",
    needs=("url",),
)
def web_scrape(run: NodeRun) -> Mapping[str, Any]:
    """Reads a page: for each name of `selectors` its text (null: not there), for one `selector` a list of texts.

    A selector may be `{selector, attribute, multiple}`. Without any, it is the text of the page; `extract_text` false
    gives its HTML.
    """
    wanted, one, awaited = parsed(run.value("selectors")), run.text("selector"), run.text("wait_for")
    timeout, is_text = _timeout(run), run.flag("extract_text")

    async def act(page: "Page") -> dict[str, Any]:
        if awaited:
            await page.locator(selector(awaited)).first.wait_for(timeout=timeout)
        kept = {"text": await page.locator("body").inner_text()} if is_text else {"html": await page.content()}
        if isinstance(wanted, Mapping):
            return {**kept, "data": {as_text(name): await _read(page, each, timeout) for name, each in wanted.items()}}
        if isinstance(wanted, list):
            return {**kept, "data": [await _read(page, each, timeout) for each in wanted]}
        several = as_text(wanted or "") or one
        return {**kept, "data": await _read(page, several, timeout, of_all=True) if several else kept.get("text")}

    found, where = _on_own_page(run, act)
    return {**found, **where}


@task(
    "form_fill",
    "form_filling",
    takes=(*_PAGE, anything("fields"), text("submit_selector"), flag("screenshot_after")),
    gives=("fields_filled", "screenshot", *_WHERE),
    extra="browser",
    needs=(
        "fields",
        "url",
    ),
)
def form_fill(run: NodeRun) -> Mapping[str, Any]:
    """Fills fields, a list of `{selector or name, value}` or a map of selectors and values, and sends the form."""
    fields, timeout, submit = _fields(run), _timeout(run), run.text("submit_selector")
    wants_picture = run.flag("screenshot_after")

    async def act(page: "Page") -> bytes | None:
        for field in fields:
            await fill(Element(field["selector"]).on(page), field, timeout)
        if submit:
            await page.locator(selector(submit)).first.click(timeout=timeout)
            await page.wait_for_load_state(timeout=timeout)
        return await page.screenshot() if wants_picture else None

    picture, where = _on_own_page(run, act)
    outputs = {"fields_filled": len(fields), **where}
    if picture is not None:
        outputs["screenshot"] = dated(f"{run.node.id}_form")
        run.run.sandbox.write_bytes(outputs["screenshot"], picture)
    return outputs


def _fields(run: NodeRun) -> list[dict[str, Any]]:
    given = parsed(run.need("fields"))
    if isinstance(given, Mapping):
        given = [{"selector": as_text(key), "value": value} for key, value in given.items()]
    fields = []
    for field in given if isinstance(given, list) else [None]:
        where = field.get("selector") or field.get("name") if isinstance(field, Mapping) else None
        if not isinstance(field, Mapping) or not isinstance(where, str):
            raise NodeInputError(f"fields of {run.node.id} are a list of {{selector, value}}, or a map of them")
        fields.append({**field, "selector": selector(where) if field.get("selector") else f'[name="{where}"]'})
    return fields


@task(
    "screenshot",
    takes=(*_PAGE, text("selector"), flag("full_page"), text("save_path", "path")),
    gives=("path", "file_path", "size", *_WHERE),
    extra="browser",
    needs=("url",),
)
def screenshot(run: NodeRun) -> Mapping[str, Any]:
    """A picture of a page, or of one element of it, in the folder of the execution."""
    one, whole, timeout = run.text("selector"), run.flag("full_page"), _timeout(run)

    async def act(page: "Page") -> bytes:
        if one:
            return await page.locator(selector(one)).first.screenshot(timeout=timeout)
        return await page.screenshot(full_page=whole, timeout=timeout)

    return _saved(run, act, "png")


@task(
    "pdf_generate",
    takes=(*_PAGE, text("save_path", "path"), text("format", default="A4")),
    gives=("path", "file_path", "size", *_WHERE),
    extra="browser",
    needs=("url",),
)
def pdf_generate(run: NodeRun) -> Mapping[str, Any]:
    """A page as PDF, in the folder of the execution."""
    paper = run.text("format")

    async def act(page: "Page") -> bytes:
        return await page.pdf(format=paper)

    return _saved(run, act, "pdf")


def _saved(run: NodeRun, act: "Callable[[Page], Coroutine[Any, Any, bytes]]", ending: str) -> dict[str, Any]:
    path = run.text("save_path") or f"{run.node.id}.{ending}"
    run.run.sandbox.parts(path)
    content, where = _on_own_page(run, act)
    run.run.sandbox.write_bytes(path, content)
    return {"path": path, "file_path": path, "size": len(content), **where}


_Action = Callable[["Page", Mapping[str, Any], float], Awaitable[Any]]


def _element(page: "Page", action: Mapping[str, Any]) -> Any:
    return page.locator(selector(as_text(action["selector"]))).first


async def _type(page: "Page", action: Mapping[str, Any], timeout: float) -> None:
    await fill(_element(page, action), {"value": action.get("value", action.get("text", ""))}, timeout)


async def _press(page: "Page", action: Mapping[str, Any], timeout: float) -> None:
    key = as_text(action.get("key") or action.get("value") or "Enter")
    await (_element(page, action).press(key, timeout=timeout) if "selector" in action else page.keyboard.press(key))


async def _wait(page: "Page", action: Mapping[str, Any], timeout: float) -> None:
    if "selector" in action:
        await _element(page, action).wait_for(timeout=timeout)
    else:
        await page.wait_for_timeout(float(action.get("seconds", action.get("value", 1))) * 1000)


_ACTIONS: dict[str, _Action] = {
    "click": lambda page, action, timeout: _element(page, action).click(timeout=timeout),
    "hover": lambda page, action, timeout: _element(page, action).hover(timeout=timeout),
    "fill": _type,
    "type": _type,
    "select": _type,
    "check": lambda page, action, timeout: _element(page, action).check(timeout=timeout),
    "uncheck": lambda page, action, timeout: _element(page, action).uncheck(timeout=timeout),
    "press": _press,
    "wait": _wait,
    "navigate": lambda page, action, timeout: visit(page, address(as_text(action["url"])), timeout=timeout),
    "extract": lambda page, action, timeout: _read(page, action, timeout),
}


@task(
    "page_interaction", takes=(*_PAGE, listing("actions")), gives=("results", *_WHERE), extra="browser", needs=("url",)
)
def page_interaction(run: NodeRun) -> Mapping[str, Any]:
    """Does `actions` on a page, one after another: `{type, selector, value}`.

    Types: click, hover, fill, type, select, check, uncheck, press, wait, navigate, extract. `results` has what each
    extract found.
    """
    actions, timeout = run.items("actions"), _timeout(run)
    for action in actions:
        kind = action.get("type", action.get("action")) if isinstance(action, Mapping) else None
        if kind not in _ACTIONS:
            raise NodeInputError(f"{as_text(kind)} is no action of {run.node.id}; use one of {', '.join(_ACTIONS)}")
        needed = "url" if kind == "navigate" else None if kind in ("press", "wait", "extract") else "selector"
        if needed is not None and not action.get(needed):
            raise NodeInputError(f"an action {kind} of {run.node.id} has no {needed}")

    async def act(page: "Page") -> Sequence[Any]:
        results = []
        for action in actions:
            kind = as_text(action.get("type", action.get("action")))
            found = await _ACTIONS[kind](page, action, timeout)
            if kind == "extract":
                results.append(found)
        return results

    results, where = _on_own_page(run, act)
    return {"results": results, **where}


@task("browser_navigate", takes=_PAGE, gives=("status", *_WHERE), extra="browser", needs=("url",))
def browser_navigate(run: NodeRun) -> Mapping[str, Any]:
    """Leads the shared page to an address."""
    url, timeout = address(as_text(run.need("url"))), _timeout(run)

    async def act(page: "Page") -> dict[str, Any]:
        answer = await visit(page, url, timeout=timeout)
        return {"status": None if answer is None else answer.status, **await _where(page)}

    return _on_shared_page(run, act)


@task(
    "browser_click", takes=(text("selector", default=None), *_TIME), gives=_WHERE, extra="browser", needs=("selector",)
)
def browser_click(run: NodeRun) -> Mapping[str, Any]:
    """Clicks something on the shared page."""
    wanted, timeout = selector(as_text(run.need("selector"))), _timeout(run)

    async def act(page: "Page") -> dict[str, Any]:
        await page.locator(wanted).first.click(timeout=timeout)
        return await _where(page)

    return _on_shared_page(run, act)


@task(
    "browser_extract",
    takes=(text("selector", default=None), text("attribute"), flag("multiple"), *_TIME),
    gives=("value", "count"),
    extra="browser",
    needs=("selector",),
)
def browser_extract(run: NodeRun) -> Mapping[str, Any]:
    """The text of something on the shared page, or an attribute of it; `multiple`: of all that the selector finds."""
    wanted = {"selector": as_text(run.need("selector")), "attribute": run.text("attribute")}
    timeout, is_list = _timeout(run), run.flag("multiple")

    async def act(page: "Page") -> Any:
        await page.locator(selector(wanted["selector"])).first.wait_for(state="attached", timeout=timeout)
        return await _read(page, {**wanted, "multiple": True}, timeout)

    found = _on_shared_page(run, act)
    return {"value": found if is_list else found[0], "count": len(found)}

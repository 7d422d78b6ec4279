"""What a page holds: text, attributes, tables, pictures, files, and what a script finds."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import anything, choice, flag, integer, text
from casare_cloud.robot.executor.errors import BrowserError, NodeInputError
from casare_cloud.robot.executor.fetch import MAX_RESPONSE_BYTES, Request, fetch, refuse_other_schemes
from casare_cloud.robot.executor.nodes.browser.common import (
    PAGE,
    PICTURE,
    TIMEOUT,
    Element,
    dated,
    element_of,
    on_element,
    on_page,
    selector,
    timeout_of,
)
from casare_cloud.robot.executor.nodes.csv_files import column_names, csv_text
from casare_cloud.robot.executor.nodes.patience import RETRIES
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Page

_FIELDS = ("INPUT", "TEXTAREA", "SELECT")
_NAME_OF_ELEMENT = "element => element.tagName"
_ROWS_OF_TABLE = """table => [...table.querySelectorAll("tr")].map(row => ({
    heads: [...row.querySelectorAll("th")].map(cell => cell.innerText.trim()),
    cells: [...row.querySelectorAll("td")].map(cell => cell.innerText.trim()),
}))"""
_IMAGES = """backgrounds => {
    const found = [];
    for (const image of document.images) {
        const url = image.currentSrc || image.src || image.dataset.src;
        if (url) found.push({url, width: image.naturalWidth, height: image.naturalHeight});
    }
    for (const source of document.querySelectorAll("picture source[srcset]"))
        for (const part of source.srcset.split(","))
            found.push({url: new URL(part.trim().split(/\\s/)[0], document.baseURI).href, width: 0, height: 0});
    if (backgrounds)
        for (const element of document.querySelectorAll("*"))
            for (const match of getComputedStyle(element).backgroundImage.matchAll(/url\\("(.*?)"\\)/g))
                found.push({url: match[1], width: 0, height: 0});
    return found;
}"""


def _kept(run: NodeRun, option: str, value: Any) -> None:
    """Keeps what was read in the variable that the option names, too."""
    if name := run.text(option).strip():
        run.run.variables[name] = value


@node(
    "ExtractTextNode",
    "BrowserGetTextNode",
    takes=on_element(
        text("variable_name", default="extracted_text"), flag("use_inner_text"), flag("trim_whitespace", default=True)
    ),
    gives=("text",),
    extra="browser",
    needs=("selector",),
)
def extract_text(run: NodeRun) -> Mapping[str, Any]:
    """The text of an element, also in the variable `variable_name`; `use_inner_text`: what a person sees of it."""
    element, timeout, is_inner = element_of(run), timeout_of(run), run.flag("use_inner_text")

    async def act(page: "Page") -> str | None:
        found = element.on(page)
        return await (found.inner_text(timeout=timeout) if is_inner else found.text_content(timeout=timeout))

    found = on_page(run, act) or ""
    found = found.strip() if run.flag("trim_whitespace") else found
    _kept(run, "variable_name", found)
    return {"text": found}


@node(
    "GetAttributeNode",
    takes=on_element(text("attribute", default=None), text("variable_name", default="attribute_value")),
    gives=("value",),
    extra="browser",
    needs=(
        "selector",
        "attribute",
    ),
)
def get_attribute(run: NodeRun) -> Mapping[str, Any]:
    """An attribute of an element, also in the variable `variable_name`; `value` of a field is what is in it now."""
    element, timeout, name = element_of(run), timeout_of(run), as_text(run.need("attribute"))

    async def act(page: "Page") -> str | None:
        found = element.on(page)
        if name.lower() == "value" and await found.evaluate(_NAME_OF_ELEMENT, timeout=timeout) in _FIELDS:
            return await found.input_value(timeout=timeout)
        return await found.get_attribute(name, timeout=timeout)

    value = on_page(run, act) or ""
    _kept(run, "variable_name", value)
    return {"value": value}


@node(
    "TableScraperNode",
    takes=(
        PAGE,
        text("table_selector", default="table"),
        flag("include_headers", default=True),
        choice("output_format", "list_of_dicts", "list_of_lists", "csv_string", default="list_of_dicts"),
        integer("skip_rows", default=0),
        integer("max_rows", default=0),
        text("output_variable", default="table_data"),
        text("delimiter", default=","),
        flag("safe_for_spreadsheets", default=True),
        TIMEOUT,
        *RETRIES,
        *PICTURE,
    ),
    gives=("data", "row_count", "headers"),
    extra="browser",
)
def scrape_table(run: NodeRun) -> Mapping[str, Any]:
    """The rows of a table, also in the variable `output_variable`: as maps by its header, as lists, or as CSV."""
    element, timeout = element_of(run, "table_selector"), timeout_of(run)

    async def act(page: "Page") -> Any:
        found = element.on(page)
        await found.wait_for(state="attached", timeout=timeout)
        return await found.evaluate(_ROWS_OF_TABLE, timeout=timeout)

    headers, rows = _table(on_page(run, act), names_first_row=run.flag("include_headers"))
    rows = rows[max(run.integer("skip_rows"), 0) :]
    rows = rows[: run.integer("max_rows")] if run.integer("max_rows") > 0 else rows
    shown = [headers] if headers and run.flag("include_headers") else []
    data: Any
    match run.choice("output_format"):
        case "list_of_dicts" if headers:
            names = column_names(headers, max(map(len, rows), default=0))
            data = [dict(zip(names, row, strict=False)) for row in rows]
        case "list_of_dicts":
            data = [{f"col_{place}": cell for place, cell in enumerate(row)} for row in rows]
        case "list_of_lists":
            data = [*shown, *rows]
        case _:
            data = csv_text(run, [*shown, *rows], None, write_header=False)
    _kept(run, "output_variable", data)
    return {"data": data, "row_count": len(rows), "headers": headers}


def _table(found: Sequence[Mapping[str, Any]], *, names_first_row: bool) -> tuple[list[str], list[list[str]]]:
    """The header, the first row with heads or else the first if it may be, and the other rows that are not empty."""
    place = next((place for place, row in enumerate(found) if row["heads"]), None)
    if place is not None:
        headers = list(found[place]["heads"])
    else:
        place = 0 if names_first_row and found else None
        headers = list(found[0]["cells"]) if place == 0 else []
    rows = [list(row["cells"]) for each, row in enumerate(found) if each != place]
    return headers, [row for row in rows if any(row)]


@node(
    "ScreenshotNode",
    "BrowserScreenshotNode",
    takes=(
        PAGE,
        text("file_path", "path", default=None),
        text("selector"),
        flag("full_page"),
        choice("type", "png", "jpeg", default="png"),
        integer("quality"),
        choice("scale", "css", "device", default="device"),
        choice("animations", "allow", "disabled", default="allow"),
        flag("omit_background"),
        choice("caret", "hide", "initial", default="hide"),
        TIMEOUT,
        *RETRIES,
    ),
    gives=("file_path", "attachment_file"),
    extra="browser",
    needs=("file_path",),
)
def screenshot(run: NodeRun) -> Mapping[str, Any]:
    """A picture of the page or of one element, as a file in the job's folder; `quality` is of a jpeg."""
    path, kind = as_text(run.need("file_path")).strip().strip("\"'"), run.choice("type")
    if path.endswith(("/", "\\")):
        path += dated("screenshot", kind)
    run.run.sandbox.parts(path)
    options: dict[str, Any] = {name: run.choice(name) for name in ("type", "scale", "animations", "caret")}
    options |= {"timeout": timeout_of(run), "omit_background": run.flag("omit_background") and kind == "png"}
    if kind == "jpeg" and run.value("quality") not in (None, ""):
        options["quality"] = run.integer("quality")
    one = Element(selector(run.text("selector"))) if run.text("selector") else None
    whole = run.flag("full_page")

    async def act(page: "Page") -> bytes:
        return await (
            page.screenshot(full_page=whole, **options) if one is None else one.on(page).screenshot(**options)
        )

    run.run.sandbox.write_bytes(path, on_page(run, act))
    return {"file_path": path, "attachment_file": [path]}


@node(
    "BrowserEvaluateNode",
    takes=(
        PAGE,
        text("script", "expression", default=None),
        anything("arg"),
        text("wait_for_selector"),
        flag("return_json", default=True),
        text("store_variable"),
        TIMEOUT,
        *RETRIES,
        *PICTURE,
    ),
    gives=("result", "success", "error"),
    extra="browser",
    needs=("script",),
)
def evaluate(run: NodeRun) -> Mapping[str, Any]:
    """The value of a JavaScript expression on the page, or what a function written there returns for `arg`."""
    script, argument, timeout = as_text(run.need("script")), run.value("arg"), timeout_of(run)
    awaited = Element(selector(run.text("wait_for_selector"))) if run.text("wait_for_selector") else None

    async def act(page: "Page") -> Any:
        if awaited is not None:
            await awaited.on(page).wait_for(state="attached", timeout=timeout)
        return await page.evaluate(script, argument)

    result = on_page(run, act)
    result = parsed(result) if run.flag("return_json") else result
    _kept(run, "store_variable", result)
    return {"result": result, "success": True, "error": ""}


@node(
    "GetAllImagesNode",
    takes=(
        PAGE,
        integer("min_width", default=0),
        integer("min_height", default=0),
        flag("include_backgrounds", default=True),
        text("file_types"),
        *RETRIES,
    ),
    gives=("images", "count"),
    extra="browser",
)
def all_images(run: NodeRun) -> Mapping[str, Any]:
    """The addresses of the pictures on a page; `file_types`: only those whose names end so (`png, jpg`)."""
    backgrounds, width, height = run.flag("include_backgrounds"), run.integer("min_width"), run.integer("min_height")
    endings = tuple(
        f".{word.strip().lower().lstrip('.')}" for word in run.text("file_types").split(",") if word.strip()
    )

    async def act(page: "Page") -> Any:
        return await page.evaluate(_IMAGES, backgrounds)

    found = [
        image["url"]
        for image in on_page(run, act)
        if image["width"] >= width
        and image["height"] >= height
        and not image["url"].startswith("data:")
        and (not endings or urlsplit(image["url"]).path.lower().endswith(endings))
    ]
    images = list(dict.fromkeys(found))
    return {"images": images, "count": len(images)}


@node(
    "DownloadFileNode",
    takes=(
        PAGE,
        text("url", default=None),
        text("filename"),
        text("save_path"),
        flag("use_browser"),
        integer("timeout", default=30_000),
        flag("overwrite", default=True),
        flag("verify_ssl", default=True),
        *RETRIES,
    ),
    gives=("path", "attachment_file", "size", "success"),
    needs=("url",),
)
def download_file(run: NodeRun) -> Mapping[str, Any]:
    """Saves a file in the job's folder; `use_browser` asks with the cookies of the page."""
    url, sandbox = as_text(run.need("url")).strip(), run.run.sandbox
    refuse_other_schemes(url)
    name = run.text("filename") or PurePosixPath(unquote(urlsplit(url).path)).name or "download"
    path = run.text("save_path") or name
    if path.endswith(("/", "\\")) or sandbox.locate(path).is_dir():
        path = f"{path.rstrip('/')}/{name}"
    if not run.flag("overwrite"):
        path = _unused(run, path)
    content = _by_browser(run, url) if run.flag("use_browser") else _by_itself(run, url)
    sandbox.write_bytes(path, content)
    return {"path": path, "attachment_file": [path], "size": len(content), "success": True}


def _unused(run: NodeRun, path: str) -> str:
    """The path, or with a number before its ending when there is a file already."""
    first, number = PurePosixPath(path), 0
    while run.run.sandbox.locate(path).exists():
        number += 1
        path = str(first.with_name(f"{first.stem}_{number}{first.suffix}"))
    return path


def _by_itself(run: NodeRun, url: str) -> bytes:
    seconds = run.integer("timeout") / 1000
    answer = fetch(Request(url, timeout_seconds=seconds, verify_tls=run.flag("verify_ssl")), run.control)
    if answer.status_code >= 400:
        raise answer.error
    return answer.content


def _by_browser(run: NodeRun, url: str) -> bytes:
    timeout = timeout_of(run)

    async def act(page: "Page") -> bytes:
        answer = await page.request.get(url, timeout=timeout)
        if answer.status >= 400:
            raise BrowserError(f"{url} answered {answer.status}")
        return await answer.body()

    content = on_page(run, act)
    if len(content) > MAX_RESPONSE_BYTES:
        raise NodeInputError(f"{url} answered with more than {MAX_RESPONSE_BYTES // 2**20} MB")
    return content

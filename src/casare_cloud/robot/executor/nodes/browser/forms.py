"""Forms: fields gathered, and filled all at once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import anything, choice, flag, integer, listing, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.browser.common import (
    PAGE,
    Element,
    on_page,
    page_of,
    selector,
    timeout_of,
)
from casare_cloud.robot.executor.nodes.patience import RETRIES
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_KIND = "field => field.tagName === 'SELECT' ? 'select' : field.type"
_SUBMITS = ':is([type="submit"], button:not([type="button"]):not([type="reset"]))'
_FALSE = ("", "0", "false", "no", "off")


@node(
    "FormFieldNode",
    takes=(
        PAGE,
        listing("fields_in"),
        text("selector"),
        anything("value", default=""),
        choice("field_type", "text", "select", "checkbox", "radio", default="text"),
        flag("clear_first", default=True),
    ),
    gives=("page", "fields_out", "field"),
)
def form_field(run: NodeRun) -> Mapping[str, Any]:
    """Adds a field to those of `fields_in`, for a FormFillerNode; one without a selector is left out."""
    before, kind = run.items("fields_in"), run.choice("field_type")
    page = {"page": run.value("page")} if run.is_connected("page") else {}
    if not run.text("selector").strip():
        return {**page, "fields_out": before, "field": None}
    field = {
        "selector": run.text("selector").strip(),
        "value": run.value("value"),
        "type": kind,
        "clear_first": run.flag("clear_first"),
    }
    return {**page, "fields_out": [*before, field], "field": field}


@node(
    "FormFillerNode",
    takes=(
        PAGE,
        text("form_selector", default="form"),
        anything("field_mapping"),
        listing("fields_in"),
        flag("fast_mode"),
        flag("auto_submit"),
        flag("clear_first", default=True),
        integer("wait_between_fields", default=0),
        integer("timeout", default=5_000),
        *RETRIES,
    ),
    gives=("page", "fields_filled", "form_data"),
    extra="browser",
    needs=("field_mapping",),
)
def fill_form(run: NodeRun) -> Mapping[str, Any]:
    """Fills the fields of `fields_in`, or of a map of selectors and values; a field that is not there is an error."""
    fields = _fields(run)
    timeout, pause = timeout_of(run), run.integer("wait_between_fields")
    form = selector(run.text("form_selector") or "form") if run.flag("auto_submit") else ""

    async def act(page: "Page") -> None:
        for field in fields:
            await fill(Element(selector(field["selector"])).on(page), field, timeout)
            if pause > 0:
                await page.wait_for_timeout(pause)
        if form:
            await Element(f"{form} >> {_SUBMITS}").on(page).click(timeout=timeout)

    on_page(run, act)
    return {
        "page": page_of(run),
        "fields_filled": len(fields),
        "form_data": {field["selector"]: field.get("value", "") for field in fields},
    }


def _fields(run: NodeRun) -> Sequence[Mapping[str, Any]]:
    clears = run.flag("clear_first")
    given = run.items("fields_in")
    if not given:
        mapping = parsed(run.need("field_mapping"))
        if not isinstance(mapping, Mapping):
            raise NodeInputError(f"field_mapping of {run.node.id} is no map of selectors and values")
        given = [{"selector": as_text(key), "value": value} for key, value in mapping.items()]
    fields = []
    for field in given:
        if not isinstance(field, Mapping) or not isinstance(field.get("selector"), str):
            raise NodeInputError(f"a field of {run.node.id} has no selector")
        if field["selector"].strip():
            fields.append({"clear_first": clears, **field})
    return fields


async def fill(found: "Locator", field: Mapping[str, Any], timeout: float) -> None:
    """Fills one field by what it is: a list, a box to tick, or a place for text."""
    value = field.get("value", "")
    written = as_text(int(value) if isinstance(value, float) and value.is_integer() else value)
    match await found.evaluate(_KIND, timeout=timeout):
        case "select":
            await found.select_option(written, timeout=timeout)  # a value or a label
        case "checkbox" | "radio":
            await found.set_checked(written.lower() not in _FALSE, timeout=timeout)
        case _ if field.get("clear_first", True):
            await found.fill(written, timeout=timeout)
        case _:
            await found.press("End", timeout=timeout)
            await found.press_sequentially(written, timeout=timeout)

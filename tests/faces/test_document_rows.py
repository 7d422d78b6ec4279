"""Every row of the published documents has an example with all that the row says; the documents themselves are read.

An example here is an entry of `tests/faces/documents`, and `test_documents.py` runs each of them.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests import servers
from tests.faces.documents import EVERYWHERE, EXAMPLES, WITHOUT_EXAMPLE, WITHOUT_STATUS, Example
from tests.faces.forms import differences, samples
from tests.faces.published import Document, Row, read_document

from casare_cloud.faces.orchestrator.app import Orchestrator
from casare_cloud.faces.orchestrator.rate_limits import RATE_LIMITS

NAMES = ("000", "002", "003")
SENDERS = {"Authorization": ("user", "service", "robot token"), "X-Api-Key": ("robot",), "X-Api-Token": ("robot",)}
# The categories of document 002, and endpoints of each of which it states no limit of their own.
CATEGORIES = {
    "Authentication": [("POST", "/auth/login"), ("POST", "/auth/register")],
    "List endpoints": [("GET", "/workflows"), ("GET", "/jobs"), ("GET", "/robots"), ("GET", "/schedules")],
    "Detail endpoints": [("GET", "/workflows/{}"), ("GET", "/jobs/{}"), ("GET", "/schedules/{}")],
    "Job operations": [("POST", "/jobs/{}/cancel")],
    "Heartbeat/Progress": [("POST", "/robots/{}/heartbeat"), ("PUT", "/jobs/{}/progress")],
    "Analytics": [("GET", "/metrics/analytics")],
}
OPEN = ("error_distribution", "metadata")  # objects whose keys are the customer's own words

pytestmark = pytest.mark.needs_documents


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def document(name: str) -> Document:
    folder = servers.documents()
    assert folder is not None
    [path] = folder.glob(f"{name}*")
    return read_document(path.read_text())


@pytest.fixture
def examples(name: str, document: Document) -> dict[str, list[Example]]:
    """The examples of each row of the document."""
    found: dict[str, list[Example]] = {str(row): [] for row in document.rows}
    for example in EXAMPLES:
        if example.document == name:
            row = document.row_of(*example.request.split())  # type: ignore[call-arg]
            assert row is not None, f"{example} is an example of no row of the document"
            found[str(row)].append(example)
    return found


def test_every_row_has_an_example_or_a_reason(
    name: str, document: Document, examples: dict[str, list[Example]]
) -> None:
    assert document.rows
    without = {f"{name} {row}" for row, found in examples.items() if not found}
    assert without == {row for row in WITHOUT_EXAMPLE if row.startswith(name)}


def test_every_documented_key_of_an_answer_is_in_an_example(
    document: Document, examples: dict[str, list[Example]]
) -> None:
    faults = [
        f"{row}: {answer}"
        for row in document.rows
        for answer in row.answers
        if examples[str(row)] and not any(shows(example.answer, answer) for example in examples[str(row)])
    ]
    assert not faults, "\n".join(faults)


def test_every_documented_request_is_an_example(document: Document, examples: dict[str, list[Example]]) -> None:
    faults = [
        f"{row}: {request}"
        for row in document.rows
        for request in row.requests
        if examples[str(row)] and not any(shows(example.body, request) for example in examples[str(row)])
    ]
    assert not faults, "\n".join(faults)


def test_every_documented_parameter_and_field_is_in_an_example(
    document: Document, examples: dict[str, list[Example]]
) -> None:
    faults = []
    for row in document.rows:
        sent = {name for example in examples[str(row)] for name in names_in(example)}
        faults += [
            f"{row}: {kind} {name}" for kind, name in row.names if examples[str(row)] and (kind, name) not in sent
        ]
    assert not faults, "\n".join(faults)


def test_every_documented_status_is_in_an_example(
    name: str, document: Document, examples: dict[str, list[Example]]
) -> None:
    missing = {
        (f"{name} {row}", status)
        for row in document.rows
        for status in row.statuses
        if examples[str(row)] and status not in {example.status for example in examples[str(row)]}
    }
    assert missing == {place for place in WITHOUT_STATUS if place[0].startswith(name)}


def test_everybody_who_may_ask_does(document: Document, examples: dict[str, list[Example]]) -> None:
    faults = [
        f"{row}: {header}"
        for row in document.rows
        for header in row.headers
        if not any(example.caller in SENDERS[header] and example.status < 400 for example in examples[str(row)])
    ]
    assert not faults, "\n".join(faults)


def test_every_published_rate_is_kept(document: Document) -> None:
    faults = []
    for row in document.rows:
        limit = RATE_LIMITS.rate_of(row.method, row.template)
        if row.per_minute and {limit.requests * 60 / limit.seconds} != row.per_minute:
            faults.append(f"{row}: {row.per_minute} requests/minute, not {limit}")
    assert not faults, "\n".join(faults)


def test_every_published_rate_of_a_category_is_kept(name: str, document: Document) -> None:
    for category, per_minute in document.rates.items():
        for method, path in CATEGORIES[category]:
            limit = RATE_LIMITS.rate_of(method, path)
            assert limit.requests * 60 / limit.seconds == per_minute, f"{category}: {method} {path}"
    assert set(document.rates) == (set(CATEGORIES) if name == "002" else set())


def test_examples_outside_the_sections_of_endpoints_are_known(name: str, document: Document) -> None:
    found = {f"{name} {heading}": answers for heading, answers in document.loose.items()}
    assert set(found) == {place for place in EVERYWHERE if place.startswith(name)}
    for place, answers in found.items():
        assert all(shows(EVERYWHERE[place], answer) for answer in answers), place


async def test_bounds_and_defaults_are_the_documented_ones(client: httpx2.AsyncClient, document: Document) -> None:
    """Such as "1-500, default: 100", held against what the OpenAPI document says of the parameter or field."""
    api = (await client.get("/openapi.json")).json()
    faults = []
    for row in document.rows:
        for (kind, name), text in row.names.items():
            wanted = bounds_in(text) if kind != "form" else {}  # an upload's defaults are those of its query
            told = bounds_of(api, row, kind, name) if wanted else {}
            faults += [f"{row} {name}: {wanted} is {told}"] if not wanted.items() <= told.items() else []
    assert not faults, "\n".join(faults)


def shows(form: Any, documented: Any) -> bool:
    """Whether an example has every key that a document shows, with its type."""
    if isinstance(documented, str):
        return isinstance(form, str) and samples(documented).items() <= samples(form).items()
    return not list(differences(without_open(documented), without_open(form)))


def without_open(value: Any) -> Any:
    """A value with the keys of open objects left out."""
    if isinstance(value, list):
        return [without_open(item) for item in value]
    if isinstance(value, dict):
        return {
            name: {} if name in OPEN and isinstance(part, dict) else without_open(part) for name, part in value.items()
        }
    return value


def names_in(example: Example) -> Iterator[tuple[str, str]]:
    """What an example sends: query parameters, form fields, and the top-level names of its body."""
    yield from (("query", name) for name in example.query)
    yield from (("form", name) for name in example.form)
    yield from (("body", name) for name in example.body or {})
    if example.given.startswith("file "):
        yield "form", "file"


def bounds_in(text: str) -> dict[str, Any]:
    """What a description says of a value's size and default."""
    found: dict[str, Any] = {}
    text = re.sub(r"`[^`]* [^`]*`", "", text)  # "0 9 * * 1-5" is no range
    if between := re.search(r"(\d+)-(\d+)( chars)?", text):
        least, most = ("minLength", "maxLength") if between[3] else ("minimum", "maximum")
        found |= {least: int(between[1]), most: int(between[2])}
    if default := re.search(r"default: `?([\w-]+)`?", text):
        word = default[1]
        found["default"] = int(word) if word.isdigit() else {"true": True, "false": False}.get(word, word)
    return found


def bounds_of(api: dict[str, Any], row: Row, kind: str, name: str) -> dict[str, Any]:
    """What the OpenAPI document says of a parameter or a field."""
    [operation] = [
        item[row.method.lower()]
        for path, item in api["paths"].items()
        if re.sub(r"\{[^}]*\}", "{}", path) == Orchestrator.base + row.template
    ]
    if kind == "query":
        [schema] = [part["schema"] for part in operation.get("parameters", ()) if part["name"] == name] or [{}]
    else:
        [content] = operation["requestBody"]["content"].values()
        shape = api["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
        schema = shape["properties"][name]
    told: dict[str, Any] = {}
    for part in [schema, *schema.get("anyOf", ())]:
        told |= part
    if length := re.search(r"\{(\d+),(\d+)\}\$$", told.get("pattern", "")):
        told |= {"minLength": int(length[1]), "maxLength": int(length[2])}
    return told

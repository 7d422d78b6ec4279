"""What a step's request expects of its answer (`validate`, `expected_status`), and takes out of it (`extract`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.executor.fetch import Answer
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, split_path

VALIDATES = ("status_code", "json_path", "contains")
EXTRACTS = ("json_path", "headers")


def named_in(run: NodeRun, option: str, known: Iterable[str]) -> dict[str, Any]:
    """What the option says; raises `NodeInputError` for a key that it does not have."""
    given = run.mapping(option)
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise NodeInputError(f"{option}.{unknown[0]} of {run.node.id} is none of {', '.join(known)}")
    return given


def require_status(answer: Answer, *expected: Any) -> None:
    """Raises the answer as an error unless its status is one that is expected; without any, unless it is below 400."""
    found = [status for given in expected for status in (given if isinstance(given, list) else [given])]
    accepted = [int(to_number(status, "the expected status")) for status in found if status not in (None, "")]
    if answer.status_code not in accepted if accepted else answer.status_code >= 400:
        error = answer.error
        error.is_retryable = answer.status_code >= 500 or answer.status_code == 429
        raise error


def require_content(run: NodeRun, answer: Answer, data: Any, rules: Mapping[str, Any]) -> None:
    """Raises `HttpRequestError` unless the answer holds what `validate` names."""
    path, text = rules.get("json_path"), rules.get("contains")
    if path and _at(run, data, "validate", path) is MISSING:
        raise HttpRequestError(f"{answer.url} answered without anything at {as_text(path)}", node_id=run.node.id)
    if text and as_text(text) not in answer.text:
        raise HttpRequestError(f"{answer.url} answered without the text {as_text(text)!r}", node_id=run.node.id)


def extracted_from(run: NodeRun, answer: Answer, data: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What `extract` names: null for what is not there."""
    extracted: dict[str, Any] = {}
    if "json_path" in wanted:
        found = _at(run, data, "extract", wanted["json_path"])
        extracted["data"] = None if found is MISSING else found
    if "headers" in wanted:
        names = wanted["headers"] if isinstance(wanted["headers"], list) else [wanted["headers"]]
        sent = {name.lower(): value for name, value in answer.headers.items()}
        extracted["headers"] = {as_text(name): sent.get(as_text(name).lower()) for name in names}
    return extracted


def _at(run: NodeRun, data: Any, option: str, path: Any) -> Any:
    """What lies at a path such as `$.data.items[0]`, or `data.items.0`; `MISSING` when there is nothing."""
    written = as_text(path).strip()
    if written in ("$", ""):
        return data
    segments = split_path(written if written.startswith(("$.", "$[")) else f"$.{written}")
    if segments is None:
        raise NodeInputError(f"{option}.json_path of {run.node.id} is no path: {written!r}")
    return follow(data, segments[1:])

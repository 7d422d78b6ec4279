"""What tenants write into paths, contracts and mappings, and senders into payloads: none of it stops the receiver."""

import time
from typing import Any

import pytest

from casare_cloud.domain.triggers import matching
from casare_cloud.domain.triggers.matching import TooCostly

LEAVES = {"list": [{"number": number, "text": "aaaaaaaaaa!"} for number in range(30_000)]}


def mapped(payload: Any, *wanted: Any) -> Any:
    config = {"input_mapping": {str(place): path for place, path in enumerate(wanted)}}
    matching.within_time(config)
    return matching.input_of(config, payload)


@pytest.mark.parametrize(
    "path",
    [
        "$" + "..*" * 40,
        "$.list[?count($..*) > 1]",
        "$.list[?$..nothing]",
        "$[?count(@[" + ", ".join("*" * 200) + "]) > 1]",
        "$..[*, *, *, *, *, *]",
        "$.list[0:9999999999]..[::1]..[::1]",
    ],
)
def test_a_path_ends_when_its_time_is_over_whether_it_finds_something_or_not(path: str) -> None:
    began = time.thread_time()
    with pytest.raises(TooCostly, match="take too long"):
        mapped(LEAVES, path)
    assert time.thread_time() - began < 3  # some took four and sixteen seconds


def test_the_first_delivery_of_a_process_has_its_time_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def slowly(make: Any) -> Any:
        def run() -> Any:
            nonlocal now
            now += 5
            return make()

        return run

    for name in ("_make_paths", "_make_validator"):
        monkeypatch.setattr(matching, name, slowly(getattr(matching, name)))
    monkeypatch.setattr(matching, "thread_time", lambda: now)
    monkeypatch.setattr(matching, "_kept", {})
    config = {"schema": {"type": "object"}, "input_mapping": {"all": "$..a"}}
    matching.within_time(config)
    assert matching.contract_problem(config["schema"], {"a": 1}) is None
    assert matching.input_of(config, {"a": 1}) == {"all": [1]}
    assert now == 10


def test_a_mapping_makes_no_more_of_a_payload_than_a_job_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "WORK_SECONDS", 60)
    payload = {"text": "x" * 900_000, "inner": [{}]}
    deep: dict[str, Any] = payload
    for _ in range(60):
        deep["inner"] = {"text": "x" * 10_000}
        deep = deep["inner"]
    assert len(mapped(payload, "$", "$.text")) == 2
    for many in (["$"] * 100, ["$..*"]):
        with pytest.raises(TooCostly, match="more than 10 MB"):
            mapped(payload, *many)
    with pytest.raises(TooCostly, match="more than 10 MB"):
        matching.concurrency_key_of({"concurrency_key": "$..*"}, payload)


def test_an_expression_that_is_long_or_deep_is_not_made() -> None:
    for pattern in ("(" * 900, "[a-z]" * 20_000):
        with pytest.raises(TooCostly):
            mapped({"text": "a"}, f"$[?search(@, '{pattern}')]")
    problem = matching.find_config_problem({"schema": {"properties": {"x": {"pattern": "[a-z]" * 20_000}}}})
    assert problem == "config.schema: a regular expression may have 1000 characters at most."


@pytest.mark.parametrize("target", [5, {"type": 5}, {"properties": 5}, {"pattern": 5}, {"multipleOf": "x"}])
def test_a_reference_to_what_is_no_schema_is_the_contracts_fault(target: Any) -> None:
    schema = {"other": target, "properties": {"x": {"$ref": "#/other"}, "y": {"$ref": "#/nowhere"}}}
    matching.within_time({"schema": schema})
    for payload in ({"x": {"a": 1}, "y": 1}, {"x": "text", "y": 1}, {"x": 1, "y": 1}):
        with pytest.raises(ValueError, match=r"no JSON Schema|not in it"):
            matching.contract_problem(schema, payload)


@pytest.mark.parametrize("path", ["$[", "$.x[?nothing(@)]", "$..["])
def test_what_is_no_path_is_named(path: str) -> None:
    matching.within_time({"concurrency_key": path})
    with pytest.raises(ValueError, match="no JSONPath"):
        matching.read(path, {"x": [1]})
    assert "is no JSONPath" in str(matching.find_config_problem({"concurrency_key": path}))

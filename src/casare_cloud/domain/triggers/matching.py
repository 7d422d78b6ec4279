"""What a trigger makes of a payload: whether it wants it, the input of the job, and whether the contract is kept.

Paths are JSONPath (RFC 9535); a name without `$` is one under the root. A path that names one place at most is read
here, as `private.read_path()` does it in the database; others by `jsonpath`. What a tenant wrote must not stop a
worker: whatever can take long looks at the clock, regular expressions have a time of their own, and what is made of
a payload has a size.
"""

import contextvars
import json
import re
from collections.abc import Mapping
from time import thread_time
from typing import Any

WORK_SECONDS = 0.3  # of all paths and the contract of one delivery: its own work, not that of others on the machine
_REGEX_SECONDS = 0.1
_MOST_PATTERN = 1000  # characters of a regular expression: it is made in one breath, without a look at the clock
_MOST_MADE = 10 * 1024 * 1024  # bytes: a path may give the payload, and many paths the same one many times
_ABSENT: Any = object()

_PLAIN = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|[1-9][0-9]{0,4})\]|\['[^']*'\])*")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]|\['([^']*)'\]")

_until: contextvars.ContextVar[float] = contextvars.ContextVar("until")


class TooCostly(Exception):
    """A trigger's rules would take more time than a delivery has, or make too much of it; the rest of a sentence."""

    def __init__(self, rest: str = "take too long for this payload") -> None:
        super().__init__(rest)


def needs_a_thread(config: Mapping[str, Any]) -> bool:
    """Whether what a configuration asks for may take long, so that others are to be served meanwhile."""
    return "schema" in config or not all(_is_plain(path) for path in _paths_of(config))


def passes(config: Mapping[str, Any], payload: Any, headers: Mapping[str, str]) -> bool:
    """Whether headers and payload are what the filters want; header names in lower case."""
    wanted_headers = config.get("headers_filter", {})
    return all(_is_wanted(headers.get(name.lower(), _ABSENT), value) for name, value in wanted_headers.items()) and all(
        _is_wanted(read(path, payload), value) for path, value in config.get("payload_filter", {}).items()
    )


def input_of(config: Mapping[str, Any], payload: Any) -> dict[str, Any] | None:
    """What `input_mapping` makes of a payload; None without one. Paths that lead nowhere are left out."""
    if "input_mapping" not in config:
        return None
    mapped: dict[str, Any] = {}
    left = _MOST_MADE
    for name, wanted in config["input_mapping"].items():
        value = _value(wanted, payload)
        if value is not _ABSENT:
            left = _room_beside(value, left)
            mapped[name] = value
    return mapped


def concurrency_key_of(config: Mapping[str, Any], payload: Any) -> str | None:
    """The concurrency key of the job: a text, or what a path leads to."""
    value = _value(config.get("concurrency_key"), payload)
    if value is _ABSENT or value is None or value == "":
        return None
    _room_beside(value, _MOST_MADE)
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:255]


def read(path: str, payload: Any) -> Any:
    """The value at a path; a list of all values for a path that may name several; `_ABSENT` when there is none.

    `ValueError`: it is no path.
    """
    full = path if path.startswith("$") else f"$.{path}"
    if _is_plain(full):
        return _read_plain(full, payload)
    from jsonpath.exceptions import JSONPathError

    try:
        return [match.obj for match in _paths().finditer(full, payload)]
    except RecursionError:
        raise TooCostly from None
    except JSONPathError as problem:
        raise ValueError(f"{path[:64]} is no JSONPath: {str(problem).splitlines()[0][:200]}") from None


def contract_problem(schema: Any, payload: Any) -> str | None:
    """Where and how a payload breaks a JSON Schema, as a sentence; None when it keeps it. `ValueError`: it is none."""
    from jsonschema.exceptions import best_match

    try:
        validator = _validator()(schema, registry=_registry())
        error = best_match(validator.iter_errors(payload))
    except RecursionError:
        raise TooCostly from None
    except (TooCostly, ValueError):
        raise
    except Exception as problem:
        if type(problem).__name__ in ("_WrappedReferencingError", "Unresolvable"):
            raise ValueError(f"it refers to something that is not in it ({str(problem)[:200]})") from None
        # A reference may lead to what is no schema, and whatever the package makes of that.
        raise ValueError(f"a part of it is no JSON Schema ({type(problem).__name__}: {str(problem)[:200]})") from None
    if error is None:
        return None
    return f"{error.json_path}: {error.message[:300]}"


def within_time(config: Mapping[str, Any]) -> None:
    """Give what follows, in this thread, its time. What a process makes once is not a delivery's."""
    if "schema" in config:
        _validator()
    if not all(_is_plain(path) for path in _paths_of(config)):
        _paths()
    _until.set(thread_time() + WORK_SECONDS)


def find_config_problem(config: Mapping[str, Any]) -> str | None:
    """What is wrong with the paths and the contract of a configuration, as a sentence; the rest is for SQL to judge."""
    from jsonschema.exceptions import SchemaError

    within_time(config)
    for path in _paths_of(config):
        try:
            if not _is_plain(path):
                read(path, {})
        except ValueError as problem:
            return f"config: {problem}."
        except TooCostly:
            return f"config: {path[:64]} takes too long to read."
    if "schema" not in config:
        return None
    try:
        _check_patterns(config["schema"])
        _validator().check_schema(config["schema"])
        contract_problem(config["schema"], {})
    except SchemaError as problem:
        return f"config.schema is no JSON Schema: {problem.json_path} {problem.message[:200]}."
    except ValueError as problem:
        return f"config.schema: {problem}."
    except (TooCostly, RecursionError):
        return "config.schema takes too long to check."
    return None


def _paths_of(config: Mapping[str, Any]) -> list[str]:
    mapped = [*dict(config.get("input_mapping") or {}).values(), config.get("concurrency_key")]
    filtered = [path if path.startswith("$") else f"$.{path}" for path in config.get("payload_filter") or {}]
    return filtered + [path for path in mapped if isinstance(path, str) and path[:1] == "$" and path[:2] != "$$"]


def _is_plain(path: str) -> bool:
    return _PLAIN.fullmatch(path) is not None


def _read_plain(path: str, value: Any) -> Any:
    for name, index, quoted in _STEP.findall(path):
        if index:
            if not isinstance(value, list) or int(index) >= len(value):
                return _ABSENT
            value = value[int(index)]
        else:
            if not isinstance(value, dict) or (name or quoted) not in value:
                return _ABSENT
            value = value[name or quoted]
    return value


def _value(wanted: Any, payload: Any) -> Any:
    if not isinstance(wanted, str) or not wanted.startswith("$"):
        return wanted
    return wanted[1:] if wanted.startswith("$$") else read(wanted, payload)


def _is_wanted(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (found is not _ABSENT and found != []) == wanted.get("exists")
    values = wanted if isinstance(wanted, list) else [wanted]
    found = None if found is _ABSENT else found
    # Of a path that may name several places, one is enough.
    candidates = found if isinstance(found, list) else [found]
    return any(_is_equal(one, value) for one in candidates for value in values)


def _is_equal(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _look_at_the_clock() -> None:
    if thread_time() > _until.get():
        raise TooCostly


def _room_beside(value: Any, left: int) -> int:
    """How much of `left` bytes is free beside a value. A list may hold the payload many times: entry by entry."""
    for part in value if isinstance(value, list) else [value]:
        _look_at_the_clock()
        left -= len(json.dumps(part))
        if left < 0:
            raise TooCostly(f"make more than {_MOST_MADE // 1024**2} MB of this payload")
    return left


def _searched(pattern: str, text: str, *, whole: bool = False) -> bool:
    import regex

    _look_at_the_clock()
    if len(pattern) > _MOST_PATTERN:
        raise TooCostly
    try:
        find = regex.fullmatch if whole else regex.search
        return find(pattern, text, timeout=_REGEX_SECONDS) is not None
    except (TimeoutError, RecursionError):
        raise TooCostly from None
    except regex.error:
        return False


_kept: dict[str, Any] = {}  # what is made once a process, on first use: both packages are slow to import


def _paths() -> Any:
    if "paths" not in _kept:
        _kept["paths"] = _make_paths()
    return _kept["paths"]


def _make_paths() -> Any:
    import jsonpath.path
    import regex  # noqa: F401
    from jsonpath import JSONPathEnvironment, JSONPathMatch
    from jsonpath.function_extensions import ExpressionType, FilterFunction

    class Find(FilterFunction):
        arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012
        return_type = ExpressionType.LOGICAL

        def __init__(self, whole: bool) -> None:
            self._whole = whole

        def __call__(self, text: object, pattern: object) -> bool:
            if not isinstance(text, str) or not isinstance(pattern, str):
                return False
            return _searched(pattern, text, whole=self._whole)

    class Place(JSONPathMatch):
        """A place that was come by, wanted or not."""

        __slots__ = ()

        def __init__(self, **found: Any) -> None:
            _look_at_the_clock()
            super().__init__(**found)

    class Paths(JSONPathEnvironment):
        """RFC 9535, with a look at the clock at each step of a filter."""

        def setup_function_extensions(self) -> None:
            super().setup_function_extensions()
            self.function_extensions |= {"match": Find(True), "search": Find(False)}

        def getitem(self, obj: Any, key: Any) -> Any:
            _look_at_the_clock()
            return super().getitem(obj, key)

        def compare(self, left: object, operator: str, right: object) -> bool:
            _look_at_the_clock()
            return super().compare(left, operator, right)

        def is_truthy(self, obj: object) -> bool:
            _look_at_the_clock()
            return super().is_truthy(obj)

    # The package makes places of a path, and of the paths within its filters, of the class that has this name.
    vars(jsonpath.path)["JSONPathMatch"] = Place
    return Paths(strict=True)


def _registry() -> Any:
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    return REGISTRY  # of the published drafts, and nothing else: a reference is never fetched


def _validator() -> Any:
    if "validator" not in _kept:
        _kept["validator"] = _make_validator()
    return _kept["validator"]


def _make_validator() -> Any:
    import regex  # noqa: F401
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_: Any, wanted: str, text: Any, __: Any) -> Any:
        if isinstance(text, str) and not _searched(wanted, text):
            yield ValidationError(f"{text[:64]!r} does not match {wanted[:64]!r}")

    def pattern_properties(validator: Any, wanted: Mapping[str, Any], value: Any, _: Any) -> Any:
        if isinstance(value, dict):
            for expression, schema in wanted.items():
                for name, item in value.items():
                    if _searched(expression, name):
                        yield from validator.descend(item, schema, path=name, schema_path=expression)

    def unique_items(_: Any, wanted: Any, value: Any, __: Any) -> Any:
        if (
            wanted
            and isinstance(value, list)
            and len({json.dumps(item, sort_keys=True) for item in value}) < len(value)
        ):
            yield ValidationError("has an entry twice")

    def timed(check: Any) -> Any:
        def run(*arguments: Any) -> Any:
            _look_at_the_clock()
            for error in check(*arguments) or ():
                _look_at_the_clock()
                yield error

        return run

    own = {"pattern": pattern, "patternProperties": pattern_properties, "uniqueItems": unique_items}
    # These look for patterns with `re` themselves.
    own["additionalProperties"] = _additional_properties
    own["unevaluatedProperties"] = _refuse_keyword("unevaluatedProperties")
    own["unevaluatedItems"] = _refuse_keyword("unevaluatedItems")
    checks = {name: timed(check) for name, check in {**Draft202012Validator.VALIDATORS, **own}.items()}
    return validators.extend(Draft202012Validator, checks)  # type: ignore[no-untyped-call]


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Any:
    from jsonschema import ValidationError

    if not isinstance(value, dict):
        return
    patterns = list(schema.get("patternProperties", {}))
    for name, item in value.items():
        if name in schema.get("properties", {}) or any(_searched(pattern, name) for pattern in patterns):
            continue
        if wanted is False:
            yield ValidationError(f"{name[:64]!r} is no property that it may have")
        elif isinstance(wanted, dict):
            yield from validator.descend(item, wanted, path=name)


def _refuse_keyword(name: str) -> Any:
    def check(*_: Any) -> Any:
        raise ValueError(f"{name} is not supported")
        yield

    return check


def _check_patterns(schema: Any) -> None:
    import regex

    left = [schema]
    while left:
        item = left.pop()
        if isinstance(item, list):
            left += item
        elif isinstance(item, dict):
            left += item.values()
            patterns = [item["pattern"]] if isinstance(item.get("pattern"), str) else []
            if isinstance(item.get("patternProperties"), dict):
                patterns += item["patternProperties"]
            for pattern in patterns:
                _look_at_the_clock()
                if len(pattern) > _MOST_PATTERN:
                    raise ValueError(f"a regular expression may have {_MOST_PATTERN} characters at most")
                try:
                    regex.compile(pattern)
                except regex.error as problem:
                    raise ValueError(f"{pattern[:64]!r} is no regular expression ({problem})") from None
            for name in ("unevaluatedProperties", "unevaluatedItems"):
                if name in item and not isinstance(item[name], str):
                    raise ValueError(f"{name} is not supported; say additionalProperties or items")

"""A line of curl for each operation of an OpenAPI document (`x-codeSamples`), made from the examples of its shapes.

Ids stand as variables of the shell (`$JOB_ID`), as do the address and whoever calls: nothing is to be replaced by hand.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

_FOR_ROBOTS = re.compile(r"\(robots\)|jobs\.claim|[Ff]or the robot|[Ff]or robot keys")
_PROOFS = {
    "person": '-H "Authorization: Bearer $TOKEN"',
    "robot": '-H "X-Api-Key: $ROBOT_API_KEY"',
    "sender": '-H "X-Webhook-Secret: $SECRET"',
}


def add_to(document: dict[str, Any], address: str, caller: str = "person") -> None:
    """Give each operation its sample; `address` is the variable that says where the API is."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            source = " \\\n  ".join(_parts(document, f"${address}{path}", method.upper(), operation, caller))
            operation["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": source}]


def _parts(document: dict[str, Any], url: str, method: str, operation: dict[str, Any], caller: str) -> Iterator[str]:
    parameters = operation.get("parameters", ())
    required = [p for p in parameters if p["in"] == "query" and p.get("required")]
    url = re.sub(r"\{([^}]+)\}", lambda name: _variable(name[1]), url)
    url += "?" * bool(required) + "&".join(f"{p['name']}={_variable(p['name'])}" for p in required)
    kinds = operation.get("requestBody", {}).get("content", {})
    yield f'curl -sS {"" if method == "GET" else f"-X {method} "}"{url}"'
    if operation.get("security") != []:
        is_robots = caller == "person" and _FOR_ROBOTS.search(operation.get("description", ""))
        yield _PROOFS["robot" if is_robots else caller]
    if "multipart/form-data" in kinds:
        yield "-F file=@FILE"
    elif kinds:
        yield '-H "Content-Type: application/json"'
        yield f"-d {shlex.quote(json.dumps(_example(document, next(iter(kinds.values())))))}"


def _variable(name: str) -> str:
    variable = name.partition(":")[0].upper()
    return "$WEBHOOK_PATH" if variable == "PATH" else f"${variable}"  # PATH is the shell's own


def _example(document: dict[str, Any], said: dict[str, Any]) -> Any:
    """What the shape of the body shows; an empty object when it shows nothing, as where all may be left out."""
    schema = said.get("schema", {})
    found = [said["example"]] if "example" in said else list(_examples(document, schema))
    return found[0] if found else {}


def _examples(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[Any]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield from schema.get("examples", ())
    for choice in schema.get("anyOf", ()):
        yield from _examples(document, choice)

"""How a shape shows an example in OpenAPI. The examples lie beside the shapes; a test holds them to each other."""

from typing import Any, Literal

from pydantic import ConfigDict

Example = dict[str, Any]


def showing(example: Example, extra: Literal["allow", "forbid"] | None = None) -> ConfigDict:
    """The configuration of a shape that OpenAPI shows with this example; `extra` is its rule for unknown fields."""
    config = ConfigDict(json_schema_extra={"examples": [example]})
    return config if extra is None else ConfigDict(**config, extra=extra)

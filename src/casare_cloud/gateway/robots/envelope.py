"""A message of document 001 as text: `{type, id, timestamp, payload, correlation_id}`, both directions.

Robots may leave out all but `type` and `payload`. `log_batch` has a second form without a payload:
`{type, robot_id, sequence, logs}`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from casare_cloud.faces.kit.problems import sentence_of
from casare_cloud.faces.kit.request_json import read_json
from casare_cloud.faces.kit.shapes import JSON_LEVELS, TOO_DEEP, is_too_deep
from casare_cloud.gateway.robots.messages import FROM_ROBOTS, TO_ROBOTS, Said, Told
from casare_cloud.gateway.robots.problems import Problem

VERSIONS = (1, "1", "1.0", "1.0.0")  # of the protocol; a message need not name it
ID_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Message:
    """What a robot said."""

    type: str
    id: str | None
    correlation_id: str | None
    said: Said


def read(text: str) -> Message:
    """The message; `Problem` with the id that the answer is to name, if there is one."""
    try:
        data = read_json(text, repairs_text=True)
    except ValueError as error:
        raise Problem("INVALID_JSON", f"The message {error}.") from error
    if not isinstance(data, dict):
        raise Problem("INVALID_MESSAGE", "A message must be a JSON object.")
    message_id = data.get("id")
    try:
        return _message(data)
    except Problem as problem:
        problem.correlation_id = message_id[:ID_CHARACTERS] if isinstance(message_id, str) else None
        raise


def _message(data: dict[str, Any]) -> Message:
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in FROM_ROBOTS:
        raise Problem("INVALID_MESSAGE", _unknown(kind), received_type=kind[:64] if isinstance(kind, str) else None)
    version = data.get("version", data.get("protocol_version", 1))
    if isinstance(version, bool) or version not in VERSIONS:
        raise Problem("INVALID_MESSAGE", "The protocol's version is 1.", received_version=str(version)[:64])
    for name in ("id", "correlation_id"):
        if not _is_short_text(data.get(name)):
            raise Problem(
                "INVALID_MESSAGE", f"{name} must be a text of at most {ID_CHARACTERS} characters.", field=name
            )
    if not _is_moment(data.get("timestamp")):
        raise Problem("INVALID_MESSAGE", "timestamp must be a date and time in ISO 8601.", field="timestamp")
    payload = data.get("payload")
    if payload is None and kind == "log_batch" and "logs" in data:
        payload = {name: data[name] for name in ("robot_id", "job_id", "sequence", "logs") if name in data}
    if not isinstance(payload, dict):
        raise Problem("INVALID_PAYLOAD", "payload: must be an object.", field="payload")
    if is_too_deep(payload, JSON_LEVELS):
        raise Problem("INVALID_PAYLOAD", f"payload {TOO_DEEP}.", field="payload")
    try:
        said = FROM_ROBOTS[kind].model_validate(payload)
    except ValidationError as error:
        errors: list[dict[str, Any]] = [
            {**item, "loc": ("body", *item["loc"])}
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        place = [str(part) for part in errors[0]["loc"][1:]]
        raise Problem("INVALID_PAYLOAD", sentence_of(errors), field=".".join(place)) from error
    return Message(kind, data.get("id"), data.get("correlation_id"), said)


def _unknown(kind: Any) -> str:
    if isinstance(kind, str) and kind in TO_ROBOTS:
        return f"{kind} is a message to robots, not of robots."
    return f"Unknown message type: {kind[:64]}" if isinstance(kind, str) else "type must be the name of a message."


def _is_short_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= ID_CHARACTERS)


def _is_moment(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def write(kind: str, told: Told, correlation_id: str | None = None, message_id: str | None = None) -> str:
    """The text of a message to a robot."""
    assert isinstance(told, TO_ROBOTS[kind])
    message = {
        "type": kind,
        "id": message_id or str(uuid4()),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": {name: value for name, value in told.model_dump().items() if value is not None},
        "correlation_id": correlation_id,
    }
    return json.dumps(message, ensure_ascii=False)

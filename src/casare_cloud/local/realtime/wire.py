"""The two protocol versions of Realtime: what a client's frame says, and how an answer is written.

1.0.0 carries JSON objects, 2.0.0 JSON arrays and, for broadcasts, binary frames: kind 3 from the client, kind 4 to it.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Json = dict[str, Any]
Encoded = str | bytes

KIND_USER_BROADCAST_PUSH: Final = 3
KIND_USER_BROADCAST: Final = 4
ENCODING_BINARY: Final = 0
ENCODING_JSON: Final = 1


class ProtocolError(ValueError):
    """A frame that is none of the protocol's forms; the socket that sent it is closed."""


class Version(StrEnum):
    """A protocol version, as the `vsn` parameter names it."""

    V1 = "1.0.0"
    V2 = "2.0.0"


@dataclass(frozen=True, slots=True)
class UserPush:
    """A broadcast that came as a binary frame; `data` stays undecoded on its way to other sockets."""

    event: str
    data: bytes
    is_json: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What a client sent."""

    topic: str
    event: str
    payload: Json | UserPush
    ref: str | None = None
    join_ref: str | None = None


def dumps(value: object) -> str:
    """The compact JSON text of a value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decode(version: Version, data: Encoded) -> Frame:
    """Read one WebSocket message of a client; raises `ProtocolError`."""
    if isinstance(data, bytes):
        if version is Version.V1:
            raise ProtocolError("protocol 1.0.0 has no binary frames")
        return _decode_binary(data)
    try:
        message = json.loads(data)
    except ValueError as error:
        raise ProtocolError("not JSON") from error
    if version is Version.V1:
        if not isinstance(message, dict):
            raise ProtocolError("expected an object")
        parts = [message.get(key) for key in ("join_ref", "ref", "topic", "event", "payload")]
    elif isinstance(message, list) and len(message) == 5:
        parts = message
    else:
        raise ProtocolError("expected an array of five")
    join_ref, ref, topic, event, payload = parts
    if not isinstance(topic, str) or not isinstance(event, str) or not isinstance(payload, dict):
        raise ProtocolError("expected topic, event and payload")
    return Frame(topic, event, payload, _ref(ref), _ref(join_ref))


def _ref(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise ProtocolError("a ref is a string")


def _decode_binary(data: bytes) -> Frame:
    if not data or data[0] != KIND_USER_BROADCAST_PUSH:
        raise ProtocolError("unknown kind of binary frame")
    if len(data) < 7:
        raise ProtocolError("binary frame without its header")
    lengths, encoding, offset = data[1:6], data[6], 7
    parts: list[str] = []
    for length in lengths:
        part = data[offset : offset + length]
        if len(part) != length:
            raise ProtocolError("binary frame shorter than its header says")
        try:
            parts.append(part.decode())
        except UnicodeDecodeError as error:
            raise ProtocolError("binary frame with a header that is not UTF-8") from error
        offset += length
    join_ref, ref, topic, event, _metadata = parts
    push = UserPush(event, data[offset:], encoding == ENCODING_JSON)
    if push.is_json:
        try:
            json.loads(push.data)
        except ValueError as error:
            raise ProtocolError("a JSON broadcast that is not JSON") from error
    return Frame(topic, "broadcast", push, ref or None, join_ref or None)


def encode(
    version: Version, topic: str, event: str, payload: Json, *, ref: str | None = None, join_ref: str | None = None
) -> str:
    """Write one text frame to a client."""
    if version is Version.V1:
        return dumps({"topic": topic, "event": event, "payload": payload, "ref": ref})
    return dumps([join_ref, ref, topic, event, payload])


@dataclass(slots=True)
class Outgoing:
    """A message for every socket of a topic: written once for each protocol version, whatever the number of sockets."""

    topic: str
    """As on the wire, with `realtime:` before the channel's name."""
    event: str
    payload: Json
    _written: dict[Version, Encoded | None] = field(default_factory=dict, repr=False)

    @property
    def message_id(self) -> str | None:
        """The row of realtime.messages that this came from, for a client that had it by replay already."""
        return None

    def encoded(self, version: Version) -> Encoded | None:
        """The frame for one protocol version; None when that version has no form for it."""
        try:
            return self._written[version]
        except KeyError:
            frame = self._written[version] = self._write(version)
            return frame

    def _write(self, version: Version) -> Encoded | None:
        return encode(version, self.topic, self.event, self.payload)


@dataclass(slots=True)
class UserBroadcast(Outgoing):
    """A broadcast whose payload is passed on as it came, from the database, over HTTP or from a 2.0.0 socket."""

    data: bytes = b""
    is_json: bool = True
    meta: Json | None = None

    @property
    def message_id(self) -> str | None:
        """The `id` of the metadata."""
        return self.meta.get("id") if self.meta else None

    def _write(self, version: Version) -> Encoded | None:
        if version is Version.V2:
            return self._write_binary()
        if not self.is_json:
            return None
        meta = f',"meta":{dumps(self.meta)}' if self.meta else ""
        return (
            f'{{"topic":{dumps(self.topic)},"event":"broadcast","payload":{{"event":{dumps(self.event)},'
            f'"payload":{self.data.decode()},"type":"broadcast"{meta}}},"ref":null}}'
        )

    def _write_binary(self) -> bytes | None:
        topic, event = self.topic.encode(), self.event.encode()
        meta = dumps(self.meta).encode() if self.meta else b""
        if max(len(topic), len(event), len(meta)) > 255:
            return None
        encoding = ENCODING_JSON if self.is_json else ENCODING_BINARY
        header = bytes((KIND_USER_BROADCAST, len(topic), len(event), len(meta), encoding))
        return b"".join((header, topic, event, meta, self.data))


def from_push(topic: str, push: UserPush) -> UserBroadcast:
    """The broadcast that a 2.0.0 socket's binary frame asks for."""
    return UserBroadcast(topic, push.event, {}, data=push.data, is_json=push.is_json)

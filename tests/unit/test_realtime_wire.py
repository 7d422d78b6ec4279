"""The bytes of Realtime's protocols."""

import json

import pytest

from casare_cloud.local.realtime.wire import (
    Frame,
    Outgoing,
    ProtocolError,
    UserBroadcast,
    UserPush,
    Version,
    decode,
    encode,
)


def test_a_binary_push_is_read_by_the_lengths_in_its_header() -> None:
    header = bytes([3, 1, 2, 10, 1, 2, 1])
    frame = decode(Version.V2, header + b"7" + b"12" + b"realtime:a" + b"e" + b"{}" + b'{"n":1}')
    assert frame == Frame("realtime:a", "broadcast", UserPush("e", b'{"n":1}', is_json=True), "12", "7")


def test_lengths_count_bytes_not_letters() -> None:
    topic, event = "realtime:ü".encode(), "✓".encode()
    frame = decode(Version.V2, bytes([3, 0, 0, len(topic), len(event), 0, 0]) + topic + event + b"\x00\xff")
    assert frame == Frame("realtime:ü", "broadcast", UserPush("✓", b"\x00\xff", is_json=False))


@pytest.mark.parametrize(
    ("version", "data"),
    [
        (Version.V1, b"\x03"),
        (Version.V1, "[1]"),
        (Version.V1, '{"topic":"t","event":"e"}'),
        (Version.V2, "{}"),
        (Version.V2, '[null,null,"t","e","not an object"]'),
        (Version.V2, "not JSON"),
        (Version.V2, bytes([3, 9, 0, 0, 0, 0, 1])),
        (Version.V2, bytes([3, 0, 0, 1, 1, 0, 1]) + b"te" + b"not JSON"),
        (Version.V2, bytes([3, 0, 0, 1, 0, 0, 0]) + b"\xff"),
    ],
)
def test_what_is_no_frame_is_a_protocol_error(version: Version, data: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(version, data)


def test_text_frames_are_arrays_or_objects() -> None:
    assert json.loads(encode(Version.V2, "t", "e", {"n": 1}, ref="2", join_ref="1")) == ["1", "2", "t", "e", {"n": 1}]
    older = json.loads(encode(Version.V1, "t", "e", {"n": 1}, ref="2", join_ref="1"))
    assert older == {"topic": "t", "event": "e", "payload": {"n": 1}, "ref": "2"}


def test_a_stored_broadcast_is_bytes_to_one_protocol_and_an_object_to_the_other() -> None:
    message = UserBroadcast("realtime:t", "é", {}, data=b'{"n":1}', meta={"id": "x"})
    meta = b'{"id":"x"}'
    assert (
        message.encoded(Version.V2)
        == bytes([4, 10, 2, len(meta), 1]) + b"realtime:t" + "é".encode() + meta + b'{"n":1}'
    )
    text = message.encoded(Version.V1)
    assert isinstance(text, str)
    payload = {"event": "é", "payload": {"n": 1}, "type": "broadcast", "meta": {"id": "x"}}
    assert json.loads(text) == {"topic": "realtime:t", "event": "broadcast", "payload": payload, "ref": None}


def test_bytes_have_no_form_in_the_older_protocol() -> None:
    assert UserBroadcast("realtime:t", "e", {}, data=b"\xff", is_json=False).encoded(Version.V1) is None


def test_a_name_too_long_for_its_length_byte_has_no_binary_form() -> None:
    assert UserBroadcast("realtime:t", "e" * 256, {}, data=b"{}").encoded(Version.V2) is None


def test_a_message_is_the_same_object_for_every_socket_of_a_version() -> None:
    message = Outgoing("realtime:t", "broadcast", {"event": "e"})
    assert message.encoded(Version.V2) is message.encoded(Version.V2)

"""Broadcasts over HTTP: the batch endpoint and the one with topic and event in its URL."""

from typing import Any

import httpx
import pytest
from realtime.exceptions import RealtimeHTTPError
from tests.contract.realtime_target import Heard, Target, new_topic, options, private


async def post(
    target: Target, path: str, key: str | None = None, token: str | None = None, **kwargs: Any
) -> httpx.Response:
    headers = {} if key is None else {"apikey": key}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    headers |= kwargs.pop("headers", {})
    async with httpx.AsyncClient() as client:
        return await client.post(f"{target.realtime_url}{path}", headers=headers, **kwargs)


def batch(topic: str, event: str = "e", *, private: bool = True) -> dict[str, Any]:
    return {"messages": [{"topic": topic, "event": event, "payload": {"n": 1}, "private": private}]}


async def test_a_batch_reaches_public_and_private_channels(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as inside, realtime.client() as outside:
        closed, open_ = Heard(inside.channel(topic, private())), Heard(outside.channel(topic, options()))
        await closed.subscribe()
        await open_.subscribe()
        messages = batch(topic, "closed")["messages"] + batch(topic, "open", private=False)["messages"]
        answer = await post(realtime, "/api/broadcast", realtime.secret_key, json={"messages": messages})
        assert (answer.status_code, answer.content) == (202, b"")
        assert (await closed.broadcast())["event"] == "closed"
        assert (await open_.broadcast())["event"] == "open"


async def test_a_private_message_of_who_may_not_send_is_dropped_and_still_accepted(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private()))
        await heard.subscribe()
        for token, event in ((realtime.token(), "forged"), (realtime.token(writes=[topic]), "genuine")):
            answer = await post(realtime, "/api/broadcast", realtime.publishable_key, token, json=batch(topic, event))
            assert answer.status_code == 202
        assert (await heard.broadcast())["event"] == "genuine"


async def test_http_broadcast_without_a_valid_token_is_refused(realtime: Target) -> None:
    answer = await post(realtime, "/api/broadcast", json=batch(new_topic()))
    assert answer.status_code == 401
    answer = await post(realtime, "/api/broadcast", realtime.publishable_key, "nonsense", json=batch(new_topic()))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"messages": ["can't be blank"]}),
        ({"messages": [{"topic": "t", "payload": {}}]}, {"messages": [{"event": ["can't be blank"]}]}),
        (
            {"messages": [{"topic": "t", "event": "e", "payload": {}}, {"topic": "t", "event": "e", "payload": "x"}]},
            {"messages": [{}, {"payload": ["is invalid"]}]},
        ),
    ],
)
async def test_a_batch_that_says_too_little_is_refused_as_a_whole(
    realtime: Target, body: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = await post(realtime, "/api/broadcast", realtime.secret_key, json=body)
    assert (answer.status_code, answer.json()) == (422, {"errors": errors})


async def test_one_message_is_sent_by_the_client_to_a_channel_with_any_name(realtime: Target) -> None:
    topic = new_topic("weird/name ü?")
    token = realtime.token(reads=[topic], writes=[topic])
    async with realtime.client(token) as client:
        heard = Heard(client.channel(topic, private()))
        await heard.subscribe()
        await heard.channel.http_send("an/event ✓", {"n": 1})
        message = await heard.broadcast()
    assert (message["event"], message["payload"]) == ("an/event ✓", {"n": 1})


async def test_one_private_message_of_who_may_not_send_is_forbidden(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        with pytest.raises(RealtimeHTTPError) as refusal:
            await client.channel(topic, private()).http_send("e", {"n": 1})
    assert refusal.value.status == 403


async def test_one_message_of_another_media_type_is_refused(realtime: Target) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = await post(realtime, "/api/broadcast/t/events/e", realtime.secret_key, headers=headers, content=b"x")
    assert answer.status_code == 415

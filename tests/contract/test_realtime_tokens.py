"""Tokens with the official Python client: which open a socket or channel, how they end, what a new one changes."""

import json
import time
from typing import Any

import jwt
import pytest
from tests.contract.realtime_target import LIFETIMES, Heard, Target, new_signing_key, new_topic, options, private
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


# What a hosted project's gateway says to such keys is its own affair: these ask the emulator itself.
async def refused_handshake(target: Target, query: str) -> tuple[int, dict[str, Any]]:
    url = target.realtime_url.replace("http", "ws", 1)
    with pytest.raises(InvalidStatus) as refusal:
        await connect(f"{url}/websocket?vsn=1.0.0{query}")
    response = refusal.value.response
    return response.status_code, json.loads(response.body or b"{}")


async def test_a_socket_without_a_key_is_refused(emulated_realtime: Target) -> None:
    assert await refused_handshake(emulated_realtime, "") == (401, {"error": "API key is missing"})


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"seconds": -10}, "Token has expired"),
        ({"role": None}, "Fields `role` and `exp` are required in JWT"),
        ({"exp": None}, "Fields `role` and `exp` are required in JWT"),
    ],
)
async def test_a_socket_with_a_bad_token_is_refused(
    emulated_realtime: Target, claims: dict[str, Any], error: str
) -> None:
    token = emulated_realtime.token(**claims)
    assert await refused_handshake(emulated_realtime, f"&apikey={token}") == (401, {"error": error})


async def test_a_socket_with_something_else_than_a_token_is_refused(emulated_realtime: Target) -> None:
    answer = await refused_handshake(emulated_realtime, "&apikey=nonsense")
    assert answer == (401, {"error": "The token provided is not a valid JWT"})


async def test_a_socket_with_a_forged_token_is_refused(emulated_realtime: Target) -> None:
    forged = jwt.encode({"role": "service_role", "exp": time.time() + 60}, "x" * 40, "HS256")
    answer = await refused_handshake(emulated_realtime, f"&apikey={forged}")
    assert answer == (401, {"error": "Failed to validate JWT signature"})


async def test_a_token_of_the_signing_key_is_taken(emulated_realtime: Target) -> None:
    topic = new_topic()
    key = emulated_realtime.signing_key
    assert key is not None
    claims = {"role": "authenticated", "exp": int(time.time()) + 60, "app_metadata": {"reads": [topic]}}
    token = jwt.encode(claims, jwt.PyJWK(key).key, "ES256", headers={"kid": key["kid"]})
    async with emulated_realtime.client(token) as client:
        assert (await Heard(client.channel(topic, private())).subscribe())[0] == "SUBSCRIBED"


async def test_a_token_of_an_unknown_key_is_refused_at_the_join(realtime: Target) -> None:
    header = {"kid": "somebody-elses"}
    claims = {"role": "authenticated", "exp": int(time.time()) + 60}
    token = jwt.encode(claims, jwt.PyJWK(new_signing_key()).key, "ES256", headers=header)
    async with realtime.client(token) as client:
        state, reason = await Heard(client.channel(new_topic())).subscribe()
    assert (state, reason.split(":")[0]) == ("CHANNEL_ERROR", "JwtSignerError")


@pytest.mark.parametrize(
    ("token", "reason"),
    [("nonsense", "MalformedJWT: The token provided is not a valid JWT"), ("forged", "JwtSignatureError: Failed to")],
)
async def test_a_join_with_a_bad_token_is_refused(realtime: Target, token: str, reason: str) -> None:
    if token == "forged":
        token = jwt.encode({"role": "authenticated", "exp": time.time() + 60}, "x" * 40, "HS256")
    async with realtime.client(token) as client:
        state, said = await Heard(client.channel(new_topic())).subscribe()
    assert state == "CHANNEL_ERROR"
    assert said.startswith(reason)


async def test_a_join_with_an_expired_token_says_since_when(realtime: Target) -> None:
    async with realtime.client(realtime.token(seconds=-1000)) as client:
        state, said = await Heard(client.channel(new_topic())).subscribe()
    assert state == "CHANNEL_ERROR"
    assert said.startswith("InvalidJWTToken: Token has expired 10")


async def test_a_channel_ends_with_its_token(realtime: Target) -> None:
    topic = new_topic()
    for seconds in LIFETIMES:
        async with realtime.client(realtime.token(reads=[topic], seconds=seconds)) as client:
            heard = Heard(client.channel(topic, private()))
            if (await heard.subscribe())[0] == "SUBSCRIBED":
                state, reason = await heard.state()
                assert (state, reason[:17]) == ("CHANNEL_ERROR", "Token has expired")
                assert (await heard.state())[0] == "CLOSED"
                return
    pytest.fail("no channel was joined")


async def test_a_new_token_in_time_keeps_the_channel(realtime: Target) -> None:
    topic = new_topic()
    for seconds in LIFETIMES:
        async with realtime.client(realtime.token(reads=[topic], seconds=seconds)) as client:
            lasting, ending = Heard(client.channel(topic, private())), Heard(client.channel(new_topic(), options()))
            if not (await lasting.subscribe())[0] == (await ending.subscribe())[0] == "SUBSCRIBED":
                continue
            await lasting.channel.push("access_token", {"access_token": realtime.token(reads=[topic])})
            assert (await ending.state())[0] == "CHANNEL_ERROR", "the channel with the old token ends"
            if not lasting.has_changed():
                realtime.send(topic, "e", {"n": 1})
                assert (await lasting.broadcast())["payload"]["n"] == 1
                return
    pytest.fail("the channel with the new token ended")


async def test_a_new_token_without_the_right_closes_the_channel(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private()))
        await heard.subscribe()
        await client.set_auth(realtime.token())
        state, reason = await heard.state()
        assert state == "CHANNEL_ERROR"
        assert reason == f"You do not have permissions to read from this Channel topic: {topic}"
        assert (await heard.state())[0] == "CLOSED"


async def test_a_new_token_that_may_see_less_closes_the_channel(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic], sees=[topic])) as client:
        heard = Heard(client.channel(topic, options(private=True, presence=True)))
        await heard.subscribe()
        await client.set_auth(realtime.token(reads=[topic]))
        state, reason = await heard.state()
        assert (state, reason) == (
            "CHANNEL_ERROR",
            f"You no longer have permission to read from this Channel topic: {topic}",
        )


async def test_a_new_token_that_may_send_is_asked_again(realtime: Target) -> None:
    topic = new_topic()
    async with (
        realtime.client(realtime.token(reads=[topic])) as sender,
        realtime.client(realtime.token(reads=[topic])) as receiver,
    ):
        said, heard = Heard(sender.channel(topic, private())), Heard(receiver.channel(topic, private()))
        await said.subscribe()
        await heard.subscribe()
        await said.channel.send_broadcast("refused", {})
        await sender.set_auth(realtime.token(reads=[topic], writes=[topic]))
        await said.channel.send_broadcast("allowed", {})
        assert (await heard.broadcast())["event"] == "allowed"


async def test_an_invalid_new_token_closes_the_channel(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private()))
        await heard.subscribe()
        await client.set_auth("nonsense")
        assert await heard.state() == ("CHANNEL_ERROR", "The token provided is not a valid JWT")


async def test_an_api_key_as_new_token_changes_nothing(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        await heard.subscribe()
        await client.set_auth(realtime.publishable_key)
        realtime.send(topic, "e", {"n": 1})
        assert (await heard.broadcast())["payload"]["n"] == 1

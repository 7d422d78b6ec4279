"""The same contract with @supabase/supabase-js, which speaks protocol 2.0.0 with binary broadcasts."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.realtime_target import LIFETIMES, Heard, Target, new_topic, options

SCRIPT = Path(__file__).parent / "node" / "realtime.mjs"

pytestmark = pytest.mark.needs_node


async def run(target: Target, scenario: str, *steps: Callable[[], object], **arguments: Any) -> Any:
    """Run a scenario; `steps` happen where it says `!step`, one after the other."""
    given = json.dumps({"url": target.url, "key": target.publishable_key, **arguments})
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), scenario, given,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    waiting = list(steps)
    try:
        async with asyncio.timeout(120):
            while line := (await process.stdout.readline()).decode():
                if line.strip() != "!step":
                    return json.loads(line)
                outcome = waiting.pop(0)()
                if asyncio.iscoroutine(outcome):
                    await outcome
                process.stdin.write(b"\n")
            pytest.fail((await process.stderr.read()).decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_private_channel_is_joined_by_who_may_read_it(realtime: Target) -> None:
    topic = new_topic()
    assert await run(realtime, "join", topic=topic, token=realtime.token(reads=[topic])) == ["SUBSCRIBED", None]


async def test_a_private_channel_is_refused_to_who_may_not_read_it(realtime: Target) -> None:
    topic = new_topic()
    state, reason = await run(realtime, "join", topic=topic, token=realtime.token())
    assert state == "CHANNEL_ERROR"
    assert reason == f"Unauthorized: You do not have permissions to read from this Channel topic: {topic}"


async def test_a_broadcast_from_the_database_arrives_with_its_id(realtime: Target) -> None:
    topic = new_topic()
    result = await run(
        realtime, "database", lambda: realtime.send(topic, "job.started", {"job": 1, "text": "größer ✓"}),
        topic=topic, token=realtime.token(reads=[topic]),
    )  # fmt: skip
    assert result["joined"] == ["SUBSCRIBED", None]
    assert result["system"]["message"] == "Replication connection established"
    message = result["message"]
    assert (message["type"], message["event"], message["payload"]["text"]) == ("broadcast", "job.started", "größer ✓")
    assert message["payload"]["id"] == message["meta"]["id"]


async def test_only_who_may_send_is_heard_and_acknowledged(realtime: Target) -> None:
    topic = new_topic()
    result = await run(
        realtime, "send", topic=topic,
        writer=realtime.token(reads=[topic], writes=[topic]), reader=realtime.token(reads=[topic]),
    )  # fmt: skip
    assert result["refused"] == "timed out", "a refused broadcast gets no reply"
    assert result["accepted"] == "ok"
    assert (result["heard"]["event"], result["heard"]["payload"]) == ("hello ü", {"n": 1, "text": "✓"})
    assert result["echo"]["payload"] == {"n": 1, "text": "✓"}


async def test_bytes_arrive_as_bytes_from_sockets_and_from_the_database(realtime: Target) -> None:
    topic = new_topic()

    def send_bytes() -> None:
        with realtime.connect() as connection:
            connection.execute("select realtime.send_binary(%s, 'raw', %s, false)", (b"\x01\x00\xfe", topic))

    result = await run(realtime, "binary", send_bytes, topic=topic)
    assert (result["sent"], result["stored"]) == ([0, 255, 7], [1, 0, 254])
    assert result["id"]


async def test_clients_of_both_protocols_hear_each_other(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as client:
        heard = Heard(client.channel(topic, options()))
        await heard.subscribe()
        answers: list[dict[str, Any]] = []

        async def listen() -> None:
            answers.append(await heard.broadcast())

        message = await run(
            realtime, "mixed", lambda: heard.channel.send_broadcast("from python", {"n": 1}), listen, topic=topic
        )
    assert (message["event"], message["payload"]) == ("from python", {"n": 1})
    assert (answers[0]["event"], answers[0]["payload"]) == ("from javascript", {"n": 2})


async def test_replay_gives_the_newest_messages_oldest_first(realtime: Target) -> None:
    topic = new_topic()
    for n in range(3):
        realtime.send(topic, "e", {"n": n})
    result = await run(realtime, "replay", topic=topic, token=realtime.token(reads=[topic]))
    assert [(m["payload"]["n"], m["meta"]["replayed"]) for m in result["messages"]] == [(1, True), (2, True)]


async def test_presence_tells_of_coming_changing_and_going(realtime: Target) -> None:
    result = await run(realtime, "presence", topic=new_topic())
    assert result["answers"] == ["ok", "ok", "ok"]
    assert result["seen"][0] == ["join", "ada", "well"]
    assert sorted(map(tuple, result["seen"][1:3])) == [("join", "ada", "tired"), ("leave", "ada")]
    assert result["seen"][3] == ["leave", "ada"]
    assert result["state"] == {"ada": ["tired"]}
    assert result["left"] == []


async def test_a_channel_ends_with_its_token(realtime: Target) -> None:
    topic = new_topic()
    for seconds in LIFETIMES:
        result = await run(realtime, "expiry", topic=topic, token=realtime.token(reads=[topic], seconds=seconds))
        if result["joined"][0] == "SUBSCRIBED":
            break
    assert result["joined"] == ["SUBSCRIBED", None]
    assert result["system"][0] == "error"
    assert result["system"][1].startswith("Token has expired")
    assert result["state"][0] == "CLOSED"


async def test_a_new_token_without_the_right_closes_the_channel(realtime: Target) -> None:
    topic = new_topic()
    result = await run(realtime, "refresh", topic=topic, token=realtime.token(reads=[topic]), other=realtime.token())
    assert result["message"] == f"You do not have permissions to read from this Channel topic: {topic}"
    assert result["state"][0] == "CLOSED"


async def test_one_message_over_http_needs_the_right_to_send(realtime: Target) -> None:
    topic = new_topic()
    result = await run(
        realtime, "httpSend", topic=topic,
        writer=realtime.token(reads=[topic], writes=[topic]), reader=realtime.token(reads=[topic]),
    )  # fmt: skip
    assert result["answer"] == {"success": True}
    assert result["refusal"] == "Unauthorized"
    assert (result["heard"]["event"], result["heard"]["payload"]) == ("over http", {"n": 1})

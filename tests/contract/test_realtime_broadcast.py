"""Broadcasts with the official Python client (protocol 1.0.0): who may join, who hears, who may send."""

import pytest
from tests.contract.realtime_target import Heard, Target, new_topic, options, private


async def test_a_private_channel_is_joined_by_who_may_read_it(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private()))
        assert await heard.subscribe() == ("SUBSCRIBED", "")


@pytest.mark.parametrize("granted", ["reads of another topic", "only writes"])
async def test_a_private_channel_is_refused_to_who_may_not_read_it(realtime: Target, granted: str) -> None:
    topic = new_topic()
    token = realtime.token(writes=[topic]) if granted == "only writes" else realtime.token(reads=[new_topic()])
    async with realtime.client(token) as client:
        state, reason = await Heard(client.channel(topic, private())).subscribe()
    assert state == "CHANNEL_ERROR"
    assert reason == f"Unauthorized: You do not have permissions to read from this Channel topic: {topic}"


async def test_a_private_channel_is_refused_to_the_publishable_key(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as client:
        state, reason = await Heard(client.channel(topic, private())).subscribe()
    assert (state, reason.split(":")[0]) == ("CHANNEL_ERROR", "Unauthorized")


async def test_a_claim_that_breaks_a_policy_is_a_refusal(realtime: Target) -> None:
    topic = new_topic()
    token = realtime.token(app_metadata={"reads": None}, sub="not-a-uuid")
    async with realtime.client(token) as client:
        state, reason = await Heard(client.channel(topic, private())).subscribe()
    assert (state, reason.split(":")[0]) == ("CHANNEL_ERROR", "Unauthorized")


async def test_a_broadcast_from_the_database_arrives_with_its_id(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        assert await heard.subscribe() == ("SUBSCRIBED", "")
        realtime.send(topic, "job.started", {"job": 1, "text": "größer ✓"})
        message = await heard.broadcast()
    assert message["event"] == "job.started"
    assert message["payload"]["job"] == 1
    assert message["payload"]["text"] == "größer ✓"
    assert message["payload"]["id"] == message["meta"]["id"]


async def test_database_broadcasts_arrive_in_the_order_of_their_commits(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        await heard.subscribe()
        with realtime.connect() as early, realtime.connect() as late:
            early.execute("begin")
            early.execute("select realtime.send('{\"n\": 2}', 'e', %s)", (topic,))
            late.execute("select realtime.send('{\"n\": 1}', 'e', %s)", (topic,))
            early.execute("commit")
        assert [(await heard.broadcast())["payload"]["n"] for _ in range(2)] == [1, 2]


async def test_a_rolled_back_broadcast_is_never_sent(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        await heard.subscribe()
        with realtime.connect() as connection:
            connection.execute("begin")
            connection.execute("select realtime.send('{\"n\": 1}', 'e', %s)", (topic,))
            connection.execute("rollback")
        realtime.send(topic, "e", {"n": 2})
        assert (await heard.broadcast())["payload"]["n"] == 2


async def test_public_and_private_channels_of_one_name_are_two_topics(realtime: Target) -> None:
    topic = new_topic()
    token = realtime.token(reads=[topic])
    async with realtime.client(token) as inside, realtime.client(token) as outside:
        closed = Heard(inside.channel(topic, private(replication_ready=True)))
        open_ = Heard(outside.channel(topic, options(replication_ready=True)))
        assert (await closed.subscribe())[0] == (await open_.subscribe())[0] == "SUBSCRIBED"
        realtime.send(topic, "e", {"for": "members"}, private=True)
        realtime.send(topic, "e", {"for": "everyone"}, private=False)
        assert (await closed.broadcast())["payload"]["for"] == "members"
        assert (await open_.broadcast())["payload"]["for"] == "everyone"
        assert closed.nothing_more()
        assert open_.nothing_more()


async def test_a_member_with_the_right_sends_and_others_hear(realtime: Target) -> None:
    topic = new_topic()
    async with (
        realtime.client(realtime.token(reads=[topic], writes=[topic])) as sender,
        realtime.client(realtime.token(reads=[topic])) as receiver,
    ):
        said, heard = Heard(sender.channel(topic, private())), Heard(receiver.channel(topic, private()))
        await said.subscribe()
        await heard.subscribe()
        await said.channel.send_broadcast("hello", {"n": 1})
        message = await heard.broadcast()
        assert (message["event"], message["payload"]) == ("hello", {"n": 1})
        assert said.nothing_more(), "a sender hears itself only when it asked to"


async def test_what_a_member_without_the_right_sends_is_dropped_silently(realtime: Target) -> None:
    topic = new_topic()
    async with (
        realtime.client(realtime.token(reads=[topic])) as intruder,
        realtime.client(realtime.token(reads=[topic], writes=[topic])) as sender,
        realtime.client(realtime.token(reads=[topic])) as receiver,
    ):
        spoken, said, heard = (Heard(c.channel(topic, private())) for c in (intruder, sender, receiver))
        for member in (spoken, said, heard):
            assert (await member.subscribe())[0] == "SUBSCRIBED"
        await spoken.channel.send_broadcast("forged", {"n": 1})
        await said.channel.send_broadcast("hello", {"n": 2})
        assert (await heard.broadcast())["event"] == "hello"
        assert (await spoken.broadcast())["event"] == "hello", "the channel of who may not send stays open"


async def test_a_sender_hears_itself_when_it_asked_to(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as client:
        heard = Heard(client.channel(topic, options(self=True)))
        await heard.subscribe()
        await heard.channel.send_broadcast("echo", {"n": 1})
        assert (await heard.broadcast())["payload"] == {"n": 1}


async def test_replay_gives_the_newest_messages_oldest_first_and_none_twice(realtime: Target) -> None:
    topic = new_topic()
    for n in range(4):
        realtime.send(topic, "e", {"n": n})
    realtime.send(topic, "e", {"n": "public"}, private=False)
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replay={"since": 0, "limit": 3}, replication_ready=True)))
        assert (await heard.subscribe())[0] == "SUBSCRIBED"
        realtime.send(topic, "e", {"n": 4})
        messages = [await heard.broadcast() for _ in range(4)]
    assert [m["payload"]["n"] for m in messages] == [1, 2, 3, 4]
    assert [m["meta"].get("replayed", False) for m in messages] == [True, True, True, False]


async def test_replay_begins_at_the_asked_time(realtime: Target) -> None:
    topic = new_topic()
    realtime.send(topic, "e", {"n": 1})
    with realtime.connect() as connection:
        since = connection.execute("select (extract(epoch from clock_timestamp()) * 1000)::bigint + 1").fetchone()
        connection.execute("select pg_sleep(0.002)")
    assert since is not None
    realtime.send(topic, "e", {"n": 2})
    async with realtime.client(realtime.token(reads=[topic])) as client:
        heard = Heard(client.channel(topic, private(replay={"since": since[0]})))
        await heard.subscribe()
        assert (await heard.broadcast())["payload"]["n"] == 2


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (options(replay={"since": 0}), "UnableToReplayMessages: Replay is not allowed for public channels"),
        (private(replay={"since": "yesterday"}), "UnableToReplayMessages: Replay params are not valid"),
    ],
)
async def test_a_replay_that_cannot_be_is_refused(realtime: Target, config: dict[str, object], reason: str) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        assert await Heard(client.channel(topic, config)).subscribe() == ("CHANNEL_ERROR", reason)


async def test_leaving_ends_what_is_heard_and_joining_again_begins_it(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client(realtime.token(reads=[topic])) as client:
        first = Heard(client.channel(topic, private()))
        await first.subscribe()
        await first.channel.unsubscribe()
        assert (await first.state())[0] == "CLOSED"
        # The reply to leaving is followed by phx_close, which a client without refs takes for the next channel's:
        # another join's reply shows that it is behind us.
        await Heard(client.channel(new_topic())).subscribe()
        heard = Heard(client.channel(topic, private(replication_ready=True)))
        assert (await heard.subscribe())[0] == "SUBSCRIBED"
        realtime.send(topic, "e", {"n": 1})
        assert (await heard.broadcast())["payload"]["n"] == 1
        assert first.nothing_more()

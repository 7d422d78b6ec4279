"""Presence with the official Python client: who is there, who comes and goes, and who may see or show it."""

from tests.contract.realtime_target import Heard, Room, Target, new_topic, options


async def test_members_see_each_other_come_change_and_go(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as first, realtime.client() as second:
        ada = Room(first.channel(topic, options(presence_key="ada")))
        bob = Room(second.channel(topic, options(presence_key="bob")))
        await Heard(ada.channel).subscribe()
        await ada.channel.track({"mood": "well"})
        await ada.holds("ada")
        await Heard(bob.channel).subscribe()
        await bob.holds("ada")
        await bob.channel.track({"mood": "tired"})
        state = await ada.holds("ada", "bob")
        assert [p["mood"] for p in state["bob"]] == ["tired"]
        await bob.channel.untrack()
        await ada.holds("ada")


async def test_who_leaves_or_disconnects_is_gone(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as watcher:
        room = Room(watcher.channel(topic, options(presence_key="watcher")))
        await Heard(room.channel).subscribe()
        async with realtime.client() as leaver, realtime.client() as disconnecter:
            for client, name in ((leaver, "leaver"), (disconnecter, "disconnecter")):
                channel = client.channel(topic, options(presence_key=name, presence=True))
                await Heard(channel).subscribe()
                await channel.track({})
            await room.holds("leaver", "disconnecter")
            await leaver.channels[f"realtime:{topic}"].unsubscribe()
            await room.holds("disconnecter")
        await room.holds()


async def test_two_devices_of_one_key_are_two_entries(realtime: Target) -> None:
    topic = new_topic()
    async with realtime.client() as first, realtime.client() as second:
        rooms = [Room(c.channel(topic, options(presence_key="ada"))) for c in (first, second)]
        for n, room in enumerate(rooms):
            await Heard(room.channel).subscribe()
            await room.channel.track({"device": n})
        state = await rooms[0].holds("ada", "ada")
        assert sorted(p["device"] for p in state["ada"]) == [0, 1]


async def test_in_a_private_channel_only_who_may_show_itself_is_seen(realtime: Target) -> None:
    topic = new_topic()
    async with (
        realtime.client(realtime.token(reads=[topic], sees=[topic])) as hidden,
        realtime.client(realtime.token(reads=[topic], sees=[topic], shows=[topic])) as shown,
    ):
        silent = Room(hidden.channel(topic, options(private=True, presence_key="hidden")))
        room = Room(shown.channel(topic, options(private=True, presence_key="shown")))
        await Heard(silent.channel).subscribe()
        await Heard(room.channel).subscribe()
        await silent.channel.track({})
        await room.channel.track({})
        await silent.holds("shown")
        await room.holds("shown")


async def test_in_a_private_channel_only_who_may_see_is_told(realtime: Target) -> None:
    topic = new_topic()
    async with (
        realtime.client(realtime.token(reads=[topic])) as blind,
        realtime.client(realtime.token(reads=[topic], sees=[topic], shows=[topic], writes=[topic])) as shown,
    ):
        heard = Heard(blind.channel(topic, options(private=True, presence=True)))
        room = Room(shown.channel(topic, options(private=True, presence_key="shown")))
        await heard.subscribe()
        said = Heard(room.channel)
        await said.subscribe()
        await room.channel.track({})
        await room.holds("shown")
        await room.channel.send_broadcast("after", {})
        assert (await heard.broadcast())["event"] == "after"
        assert heard.channel.presence_state() == {}


async def test_a_sixth_presence_call_within_thirty_seconds_closes_the_channel(realtime: Target) -> None:
    async with realtime.client() as client:
        channel = client.channel(new_topic(), options(presence_key="busy"))
        heard = Heard(channel)
        await heard.subscribe()
        for n in range(6):
            await channel.track({"n": n})
        assert await heard.state() == ("CHANNEL_ERROR", "Client presence rate limit exceeded")

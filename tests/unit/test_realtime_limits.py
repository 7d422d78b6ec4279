"""How the Realtime emulator counts, and what it does when there is too much."""

import pytest

from casare_cloud.local.realtime.hub import Hub, TopicKey
from casare_cloud.local.realtime.limits import PLANS, CallWindow, Limits, RateCounter
from casare_cloud.local.realtime.wire import Outgoing, Version


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Member:
    def __init__(self) -> None:
        self.heard: list[Outgoing] = []
        self.ended_with: str | None = None

    def deliver(self, message: Outgoing) -> bool:
        self.heard.append(message)
        return True

    def deliver_presence(self, message: Outgoing) -> None:
        self.heard.append(message)

    def shut_down(self, message: str) -> None:
        self.ended_with = message


TOPIC = TopicKey("room", False)


def test_a_rate_is_the_average_of_finished_ticks() -> None:
    clock = Clock()
    counter = RateCounter(10, clock)
    counter.add(100)
    assert counter.average == 0.0, "the running tick does not count yet"
    clock.now += 5
    assert counter.average == 20.0
    assert counter.is_exceeded
    clock.now += 5
    assert counter.average == 10.0


def test_a_burst_is_forgotten_after_a_minute() -> None:
    clock = Clock()
    counter = RateCounter(1, clock)
    counter.add(1000)
    clock.now += 60
    assert counter.average == pytest.approx(1000 / 60)
    clock.now += 5
    assert counter.average == 0.0


def test_without_a_limit_nothing_is_too_much() -> None:
    clock = Clock()
    counter = RateCounter(None, clock)
    counter.add(10**9)
    clock.now += 5
    assert not counter.is_exceeded


def test_a_window_allows_so_many_calls_until_it_ends() -> None:
    clock = Clock()
    window = CallWindow(2, 30, clock)
    assert [window.take() for _ in range(3)] == [True, True, False]
    clock.now += 31
    assert window.take()


def test_over_the_message_rate_the_channels_that_hear_are_closed() -> None:
    clock = Clock()
    hub = Hub(Limits(messages_per_second=10), clock)
    hearing, elsewhere = Member(), Member()
    hub.join(TOPIC, hearing)
    hub.join(TopicKey("room", True), elsewhere)
    for _ in range(100):
        hub.publish(TOPIC, Outgoing("realtime:room", "broadcast", {}))
    assert hearing.ended_with is None
    clock.now += 5
    hub.publish(TOPIC, Outgoing("realtime:room", "broadcast", {}))
    assert hearing.ended_with == "Too many messages per second"
    assert elsewhere.ended_with is None


def test_a_message_is_written_once_whatever_the_number_of_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Version] = []
    write = Outgoing._write

    def counted(self: Outgoing, version: Version) -> str | bytes | None:
        written.append(version)
        return write(self, version)

    monkeypatch.setattr(Outgoing, "_write", counted)

    class Encoding(Member):
        def __init__(self, version: Version) -> None:
            super().__init__()
            self.version = version

        def deliver(self, message: Outgoing) -> bool:
            return message.encoded(self.version) is not None

    hub = Hub(PLANS["unlimited"])
    for n in range(1000):
        hub.join(TOPIC, Encoding(Version.V1 if n % 2 else Version.V2))
    hub.publish(TOPIC, Outgoing("realtime:room", "broadcast", {"event": "e"}))
    assert sorted(written) == [Version.V1, Version.V2]


def test_a_member_that_leaves_is_seen_to_go_and_an_empty_topic_is_forgotten() -> None:
    hub = Hub(Limits())
    first, second = Member(), Member()
    topic = hub.join(TOPIC, first)
    hub.join(TOPIC, second)
    hub.track(topic, "second", second, {"mood": "well"})
    assert topic.presence_state()["second"]["metas"][0]["mood"] == "well"
    hub.leave(TOPIC, second)
    assert list(first.heard[-1].payload["leaves"]) == ["second"]
    hub.leave(TOPIC, first)
    assert not hub.has_members(TOPIC)


def test_the_plan_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_REALTIME_PLAN", "free")
    assert Limits.from_environment().messages_per_second == 100
    monkeypatch.setenv("CASARE_REALTIME_PLAN", "golden")
    with pytest.raises(ValueError, match="golden"):
        Limits.from_environment()

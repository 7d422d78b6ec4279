"""The transport `auto`, over transports without a network."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.robot.fake_transport import FakeTransport

from casare_cloud.http import Unreachable
from casare_cloud.robot import auto
from casare_cloud.robot.auto import AutoTransport, Name
from casare_cloud.robot.transport import Lease, RobotProfile, Transport

PROFILE = RobotProfile("r1", "Robot 1", "host")


class Way(FakeTransport):
    """Answers a registration when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        answer = await super().register(profile, held_leases)
        self.is_asked.set()
        await self.may_answer.wait()
        return answer


@pytest.mark.parametrize("is_answered", [True, False], ids=["answered", "never answered"])
async def test_a_robot_that_leaves_while_it_changes_to_another_way_leaves_that_as_well(
    monkeypatch: pytest.MonkeyPatch, is_answered: bool
) -> None:
    """The service has registered it there: without a goodbye jobs would wait for a robot that has left."""
    monkeypatch.setattr(auto, "BLOCKED_SECONDS", 0.0)
    monkeypatch.setattr(auto, "GOODBYE_SECONDS", 60.0 if is_answered else 0.05)
    ways: dict[Name, Way] = {"websocket": Way(), "rest": Way()}

    def make(name: Name) -> Transport:
        return ways[name]

    transport = AutoTransport(["websocket", "rest"], make, lambda text: None)
    ways["websocket"].may_answer.set()
    await transport.register(PROFILE)
    ways["websocket"].is_down = True
    with pytest.raises(Unreachable):
        await transport.heartbeat({})
    await ways["rest"].is_asked.wait()
    with pytest.raises(Unreachable):
        await transport.say_goodbye()
    closing = asyncio.create_task(transport.close())
    await asyncio.sleep(0.05)  # in which it would be over
    if is_answered:
        ways["rest"].may_answer.set()
    await closing
    assert ways["rest"].calls == (["register", "say_goodbye", "close"] if is_answered else ["register", "close"])

"""The orchestrator's own server on this machine."""

from starlette.types import Receive, Scope, Send

from casare_cloud.local.one_port import server_of


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers nobody."""


def test_a_connection_stays_open_while_a_robot_has_nothing_to_say_for_a_while() -> None:
    # Robots ask every two seconds, say that they live every five, and renew every ten.
    assert server_of(nothing, "127.0.0.1", "0").cfg.keepalive >= 60

"""Robots' sockets: `/`, `/ws/robot` and `/ws/robot/{robot_id}`."""

from casare_cloud.errors import AuthenticationFailed
from casare_cloud.gateway.calls import Call
from casare_cloud.gateway.closing import SocketClosed
from casare_cloud.gateway.robots.session import RobotSession
from casare_cloud.identity import ANONYMOUS


async def serve_robot(call: Call) -> None:
    """Lets a robot talk until its socket is closed. Its key is in the query, a header, or its registration."""
    refused = None
    try:
        actor = await call.named_actor()
    except AuthenticationFailed as error:
        actor, refused = ANONYMOUS, error
    session = RobotSession(call.services.robots, call.socket, actor, call.names.get("robot_id"), call.client_ip)
    try:
        await session.enter(refused)
        while True:
            await session.receive(await call.socket.receive())
    except SocketClosed:
        pass
    finally:
        await session.leave()

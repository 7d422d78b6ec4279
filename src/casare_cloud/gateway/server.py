"""The gateway as a process: uvicorn with the options that its sockets need."""

import socket
from typing import Any

import uvicorn

from casare_cloud.gateway.wire import HttpProtocol, WebSocketProtocol

FRAME_BYTES = 2 * 2**20  # of a client's message; a route may take less, and says so with 1009 as well
PING_SECONDS = 20.0
GRACE_SECONDS = 10  # that sockets have when the process is told to end
_GONE_MILLISECONDS = 30_000  # a client that takes nothing for so long is gone, whatever its window says


def serve(app: Any, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; sockets that are open then are closed with 1012, and their clients come again."""
    uvicorn.Server(config_of(app)).run([listener_at(host, port)])


def config_of(app: Any) -> uvicorn.Config:
    """How the sockets are served.

    Nothing is compressed, as a compressor takes more memory than all the rest of a socket; nothing is logged of a
    request, as a token may stand in its query.
    """
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # whose X-Forwarded-For counts is decided by CASARE_TRUSTED_PROXIES
    )


def listener_at(host: str, port: int) -> socket.socket:
    """A listening socket whose connections end when their client takes nothing any more."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MILLISECONDS)
    return listener

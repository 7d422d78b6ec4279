"""The gateway in the process of an engine."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

import uvicorn

from casare_cloud.config import Settings
from casare_cloud.gateway.app import create_app
from casare_cloud.gateway.server import config_of, listener_at


class _Server(uvicorn.Server):
    """Leaves the signals to the program that it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class GatewayServer:
    """Serves the gateway's sockets on an address of this machine, in the event loop at hand."""

    def __init__(self, env: Mapping[str, str], host: str, port: int) -> None:
        self._address = (host, port)
        self._server = _Server(config_of(create_app(Settings.from_environment(env))))
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` when another program does so on this address."""
        listener = listener_at(*self._address)
        self._serving = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started:
            if self._serving.done():
                listener.close()
                self._serving.result()
                raise RuntimeError("The gateway has ended before it served.")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Close the sockets with 1012, so that their clients come again, and the listener."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

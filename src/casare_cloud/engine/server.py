"""The gateway in the process of an engine."""

import asyncio
from collections.abc import Mapping


class GatewayServer:
    """Serves the gateway's sockets on an address of this machine, in the event loop at hand."""

    def __init__(self, env: Mapping[str, str], host: str, port: int) -> None:
        self._env = env
        self._address = (host, port)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        raise NotImplementedError("This version has no gateway.")

    async def stop(self) -> None:
        pass

"""The process that stands in for the platform: Auth, Data API and Realtime on one port, cron where pg_cron is absent.

Run by the supervisor as `python -m casare_cloud.local.platform`; reads `CASARE_HOME` and `CASARE_PORT_OFFSET`.
"""

import asyncio
import os
from pathlib import Path

import uvicorn

from casare_cloud.local.context import LocalContext
from casare_cloud.local.platform_app import create_app
from casare_cloud.local.state import Ports, Secrets, StateFolder


def context_of(secrets: Secrets, ports: Ports) -> LocalContext:
    """What the emulators need to know of a stack."""
    raise NotImplementedError


async def main() -> None:
    """Serve until a signal ends the process."""
    ports = Ports(int(os.environ.get("CASARE_PORT_OFFSET", "0")))
    secrets = StateFolder(Path(os.environ["CASARE_HOME"])).secrets()
    app = create_app(context_of(secrets, ports))
    config = uvicorn.Config(app, host="127.0.0.1", port=ports.platform, log_level="warning", ws="websockets-sansio")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main())

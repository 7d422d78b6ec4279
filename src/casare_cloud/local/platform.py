"""The process that stands in for the platform: Auth, Data API and Realtime on one port, cron where pg_cron is absent.

Run by the supervisor as `python -m casare_cloud.local.platform`, with `CASARE_HOME`, `CASARE_PORT_OFFSET`, a
`CASARE_DSN_<ROLE>` for each login it needs, `CASARE_RUN_CRON` when the database has no pg_cron, and `CASARE_AUTH_URL`
when the real Auth runs in the emulator's place.
"""

import asyncio
import os
from pathlib import Path

import uvicorn

from casare_cloud.local.context import context_of_stack
from casare_cloud.local.cron import CronRunner
from casare_cloud.local.platform_app import create_app
from casare_cloud.local.state import Ports, StateFolder


def _dsn(role: str, database: str = "postgres") -> str:
    return os.environ[f"CASARE_DSN_{role.upper()}"]


async def main() -> None:
    """Serve until a signal ends the process."""
    ports = Ports(int(os.environ.get("CASARE_PORT_OFFSET", "0")))
    secrets = StateFolder(Path(os.environ["CASARE_HOME"])).secrets()
    context = context_of_stack(secrets, ports, _dsn, os.environ.get("CASARE_AUTH_URL"))
    config = uvicorn.Config(
        create_app(context),
        host="127.0.0.1",
        port=ports.platform,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # it would compress each broadcast once for every socket
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    cron = asyncio.create_task(CronRunner(_dsn).run()) if os.environ.get("CASARE_RUN_CRON") else None
    try:
        await server.serve()
    finally:
        if cron is not None:
            cron.cancel()
        await context.close()


if __name__ == "__main__":
    asyncio.run(main())

"""The process that stands in for the platform: Auth, Data API and Realtime on one port, cron where pg_cron is absent.

Run by the supervisor as `python -m casare_cloud.local.platform`, with `CASARE_HOME`, `CASARE_PORT_OFFSET`, a
`CASARE_DSN_<ROLE>` for each login it needs, and `CASARE_RUN_CRON` when the database has no pg_cron.
"""

import asyncio
import json
import os
import tomllib
from pathlib import Path

import uvicorn

from casare_cloud.local.context import LocalContext, settings_of
from casare_cloud.local.cron import CronRunner
from casare_cloud.local.platform_app import create_app
from casare_cloud.local.schema import project_root
from casare_cloud.local.state import Ports, StateFolder


def _context(ports: Ports) -> LocalContext:
    secrets = StateFolder(Path(os.environ["CASARE_HOME"])).secrets()
    return LocalContext(
        authenticator_dsn=_dsn("authenticator"),
        auth_admin_dsn=_dsn("supabase_auth_admin"),
        realtime_admin_dsn=_dsn("supabase_realtime_admin"),
        publishable_key=secrets.publishable_key,
        secret_key=secrets.secret_key,
        signing_key=json.loads(secrets.signing_key),
        jwt_secret=secrets.jwt_secret,
        jwt_issuer=f"http://127.0.0.1:{ports.platform}/auth/v1",
        **settings_of(tomllib.loads((project_root() / "supabase" / "config.toml").read_text())),
    )


def _dsn(role: str, database: str = "postgres") -> str:
    return os.environ[f"CASARE_DSN_{role.upper()}"]


async def main() -> None:
    """Serve until a signal ends the process."""
    ports = Ports(int(os.environ.get("CASARE_PORT_OFFSET", "0")))
    context = _context(ports)
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

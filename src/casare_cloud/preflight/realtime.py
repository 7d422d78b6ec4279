"""Whether Realtime takes a socket. No channel is joined."""

import base64
import secrets
from typing import TYPE_CHECKING

from casare_cloud.config import Settings
from casare_cloud.preflight.findings import Finding

if TYPE_CHECKING:
    import httpx2

UNREACHABLE = "Realtime does not answer"


async def check(settings: Settings, client: "httpx2.AsyncClient") -> list[Finding]:
    """What is wrong with Realtime, once Auth is known to know the key."""
    if not settings.supabase_publishable_key:
        return []
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }
    query = {"apikey": settings.supabase_publishable_key, "vsn": "1.0.0"}
    async with client.stream("GET", "/realtime/v1/websocket", params=query, headers=headers) as response:
        status = response.status_code
    if status == 101:
        return []
    if status in (401, 403):
        sentence = "SUPABASE_PUBLISHABLE_KEY: Realtime refuses this key, so nobody would be told of news."
        return [Finding("Realtime refuses the publishable key", sentence)]
    sentence = f"SUPABASE_URL: Realtime does not answer there (HTTP {status}): robots and pages would only poll."
    return [Finding(UNREACHABLE, sentence)]

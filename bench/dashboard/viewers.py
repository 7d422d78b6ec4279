"""People of the tenant who watch: each signs in, says that they watch, and holds a socket of their own."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import httpx2
from realtime import AsyncRealtimeClient

from bench.stack import BenchStack
from casare_cloud.realtime import RealtimeClient

VIEWER_ROLE = "00000000-0000-7000-8000-000000000004"
AT_ONCE = 8


@dataclass
class Bells:
    """What was heard: when the bell was rung, and when it arrived; in seconds of this machine's clock."""

    heard: list[tuple[float, float]] = field(default_factory=list)

    def hear(self, event: str, payload: Mapping[str, Any]) -> None:
        """A push has arrived."""
        if event == "changed":
            self.heard.append((datetime.fromisoformat(payload["timestamp"]).timestamp(), time.time()))


@dataclass
class Viewers:
    """The sockets: the product's own client for each viewer, and one official client beside them."""

    mine: Bells = field(default_factory=Bells)
    official: Bells = field(default_factory=Bells)
    clients: list[RealtimeClient] = field(default_factory=list)


@asynccontextmanager
async def watching(stack: BenchStack, inviter: str, count: int) -> AsyncIterator[Viewers]:
    """Viewers who listen for as long as the block runs; `inviter` is the token of somebody who may invite."""
    viewers, tasks = Viewers(), list[asyncio.Task[None]]()
    anybody = {"apikey": stack.env["SUPABASE_PUBLISHABLE_KEY"]}
    topic = f"tenant:{stack.env['DEMO_TENANT_ID']}:changes"
    async with httpx2.AsyncClient(trust_env=False, timeout=60, headers=anybody) as client:
        gate = asyncio.Semaphore(AT_ONCE)
        tokens = await asyncio.gather(*(_token(client, stack, inviter, gate, n) for n in range(count)))
        official = await _official(stack, tokens[0], topic, viewers.official)
        try:
            for token in tokens:
                viewers.clients.append(_listen(stack, token, topic, viewers.mine))
                tasks.append(asyncio.create_task(viewers.clients[-1].run()))
                tasks.append(asyncio.create_task(_watch(client, stack, token)))
            async with asyncio.timeout(60):
                while not all(viewer.is_joined for viewer in viewers.clients):
                    await asyncio.sleep(0.05)
            yield viewers
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await official.close()


async def _token(
    client: httpx2.AsyncClient, stack: BenchStack, inviter: str, gate: asyncio.Semaphore, number: int
) -> str:
    """The access token of a new viewer of the demo tenant."""
    url, who = (
        stack.env["SUPABASE_URL"],
        {"email": f"watches-{number}@example.test", "password": secrets.token_urlsafe()},
    )
    invitation = secrets.token_urlsafe()
    offer = {
        "p_email": who["email"], "p_role_id": VIEWER_ROLE,
        "p_token_hash": "\\x" + sha256(invitation.encode()).hexdigest(),
    }  # fmt: skip
    async with gate:
        key = stack.env["SUPABASE_SECRET_KEY"]
        admin = {"apikey": key, "Authorization": f"Bearer {key}"}
        await _post(client, f"{url}/auth/v1/admin/users", {**who, "email_confirm": True}, admin)
        await _post(client, f"{url}/rest/v1/rpc/invite_member", offer, {"Authorization": f"Bearer {inviter}"})
        first = await _post(client, f"{url}/auth/v1/token?grant_type=password", who)
        user = {"Authorization": f"Bearer {first['access_token']}"}
        await _post(client, f"{url}/rest/v1/rpc/accept_invitation", {"p_token": invitation}, user)
        member = await _post(client, f"{url}/auth/v1/token?grant_type=password", who)
        return str(member["access_token"])


async def _post(
    client: httpx2.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> Any:
    answer = await client.post(url, json=body, headers=headers)
    if not answer.is_success:
        raise RuntimeError(f"{url}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


def _listen(stack: BenchStack, token: str, topic: str, bells: Bells) -> RealtimeClient:
    async def source() -> tuple[str, float]:
        return token, 1800.0

    viewer = RealtimeClient(
        stack.env["SUPABASE_URL"], stack.env["SUPABASE_PUBLISHABLE_KEY"], source, first_pause=0.1, most_pause=1.5
    )
    viewer.subscribe(topic, bells.hear)
    return viewer


async def _watch(client: httpx2.AsyncClient, stack: BenchStack, token: str) -> None:
    while True:
        with suppress(httpx2.TransportError):
            headers = {"Authorization": f"Bearer {token}"}
            await client.post(f"{stack.env['ORCHESTRATOR_URL']}/api/v1/watches", json={}, headers=headers)
        await asyncio.sleep(30)


async def _official(stack: BenchStack, token: str, topic: str, bells: Bells) -> AsyncRealtimeClient:
    """The client of the platform's makers, which does nothing but hear."""
    client = AsyncRealtimeClient(
        stack.env["SUPABASE_URL"] + "/realtime/v1", token=stack.env["SUPABASE_PUBLISHABLE_KEY"]
    )
    await client.set_auth(token)
    await client.connect()
    broadcast = {"ack": False, "self": False, "replication_ready": True}
    config: Any = {"config": {"broadcast": broadcast, "presence": {"key": "", "enabled": False}, "private": True}}
    channel = client.channel(topic, config)

    def hear(message: Any) -> None:
        bells.hear("changed", message["payload"])

    channel.on_broadcast("changed", hear)
    await channel.subscribe()
    return client

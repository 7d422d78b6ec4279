"""A running gateway for tests, and people who open its sockets."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
import uvicorn
from tests.databases import Database, as_caller
from tests.factories import Member, Tenant, Workflow, make_key, make_member, make_workflow
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from casare_cloud.config import Settings
from casare_cloud.gateway.app import Gateway
from casare_cloud.gateway.server import config_of, listener_at

PATIENCE_SECONDS = 120.0  # a safety net: nothing here is about how long it takes


@contextmanager
def running_gateway(settings: Settings, app: Gateway | None = None) -> Iterator[str]:
    """The gateway on a port of its own, in a thread; yields its URL."""
    listener = listener_at("127.0.0.1", 0)
    config = config_of(app or Gateway(settings))
    config.timeout_graceful_shutdown = 2
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the gateway did not start"
            time.sleep(0.01)
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@dataclass
class Client:
    """An open socket."""

    socket: ClientConnection

    async def text(self) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return str(await self.socket.recv())

    async def next(self, **wanted: Any) -> dict[str, Any]:
        """The next message that has these values."""
        while True:
            message: dict[str, Any] = json.loads(await self.text())
            if all(message.get(name) == value for name, value in wanted.items()):
                return message

    async def close_code(self) -> int:
        """The code with which it is closed, whatever comes before."""
        with pytest.raises(ConnectionClosed) as closed:
            await self._read_on()
        assert closed.value.rcvd is not None, "it was cut without a code"
        return closed.value.rcvd.code

    async def _read_on(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await self.text()


@dataclass
class Gate:
    """One tenant, and the gateway."""

    database: Database
    url: str
    settings: Settings
    tenant: Tenant
    app: Gateway  # that serves the URL

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await asyncio.sleep(0.01)

    async def heard(self) -> None:
        """Returns when the topics of the tenant's feed, of which there is one, are joined: what is pushed arrives."""

        def is_heard() -> bool:
            feed = self.app.hub._feeds.get(self.tenant.tenant_id)
            channels = [] if feed is None else [feed._channel, *list(feed._jobs.values())]
            return bool(channels) and all(channel is not None and channel.is_heard for channel in channels)

        await self.until(is_heard)

    def token(self, who: Member, seconds: int = 600, **claims: Any) -> str:
        """An access token, as Auth would sign it."""
        key, now = json.loads(self.settings.signing_key), int(time.time())
        full = {**who.claims, "iat": now, "exp": now + seconds, **claims}
        return jwt.encode(full, jwt.PyJWK(key, algorithm="ES256").key, "ES256", headers={"kid": key["kid"]})

    def member(self, role: str) -> Member:
        return make_member(self.database, self.tenant, role)

    def service_key(self, *scopes: str) -> str:
        return make_key(self.database, self.tenant, "service", scopes=scopes).text

    @asynccontextmanager
    async def open(self, path: str, token: str | None = "", **options: Any) -> AsyncIterator[Client]:
        """A socket; as the tenant's administrator unless a token, or None, is given."""
        named = self.token(self.tenant.admin) if token == "" else token
        query = "" if named is None else ("&" if "?" in path else "?") + f"token={named}"
        async with connect(self.url + path + query, proxy=None, **options) as socket:
            yield Client(socket)

    async def close_code(self, path: str, token: str | None, **options: Any) -> int:
        """The code with which a socket is closed that nobody should have opened; it tells nothing before that."""
        async with self.open(path, token, **options) as client:
            with pytest.raises(ConnectionClosed) as closed:
                raise AssertionError(f"it was told {await client.text()}")
            assert closed.value.rcvd is not None
            return closed.value.rcvd.code

    def workflow(self) -> Workflow:
        return make_workflow(self.database, self.tenant)

    def run(self, query: str, *values: Any, by: Any = None) -> dict[str, Any]:
        """The row of a statement of the administrator, or of another caller."""
        with self.database.connect() as owner, as_caller(owner, by or self.tenant.admin.claims):
            row = owner.execute(query, list(values)).fetchone()
        return row or {}

    def owner(self, query: str, *values: Any) -> None:
        with self.database.connect("supabase_admin") as owner:
            owner.execute(query, list(values))

    def job(self, workflow: Workflow | None = None) -> uuid.UUID:
        workflow = workflow or self.workflow()
        job_id: uuid.UUID = self.run("select job_id from public.enqueue_job(%s)", str(workflow.workflow_id))["job_id"]
        return job_id

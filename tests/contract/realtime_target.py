"""The Realtime that the contract tests speak to: the emulator, or the Supabase that `CASARE_TEST_SUPABASE_URL` names.

For another Supabase also set CASARE_TEST_SUPABASE_PUBLISHABLE_KEY, CASARE_TEST_SUPABASE_SECRET_KEY,
CASARE_TEST_SUPABASE_JWT_SECRET (HS256) and CASARE_TEST_DATABASE_URL (role postgres). The tests put policies of their
own on realtime.messages there, and remove them again.
"""

import asyncio
import json
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import psycopg
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient
from starlette.applications import Starlette
from starlette.routing import Mount

from casare_cloud.local.context import LocalContext
from casare_cloud.local.realtime.limits import Limits
from casare_cloud.local.realtime.service import Realtime

SECRET = "a-secret-of-the-contract-tests-with-enough-characters"
PUBLISHABLE_KEY = "sb_publishable_contract"
SECRET_KEY = "sb_secret_contract"

SECONDS = 60  # a safety net: nothing here is about how long it takes
LIFETIMES = (3, 10, 30)  # of a token whose end is waited for: a longer one when it ended before it was used

# Who may do what stands in the token, so that one set of policies serves every test.
POLICIES = """
create policy contract_reads on realtime.messages for select to authenticated using (
    (extension = 'broadcast' and auth.jwt() -> 'app_metadata' -> 'reads' ? realtime.topic())
    or (extension = 'presence' and auth.jwt() -> 'app_metadata' -> 'sees' ? realtime.topic())
);
create policy contract_writes on realtime.messages for insert to authenticated with check (
    (extension = 'broadcast' and auth.jwt() -> 'app_metadata' -> 'writes' ? realtime.topic())
    or (extension = 'presence' and auth.jwt() -> 'app_metadata' -> 'shows' ? realtime.topic())
);
"""
DROP_POLICIES = """
drop policy if exists contract_reads on realtime.messages;
drop policy if exists contract_writes on realtime.messages;
"""


@dataclass
class Target:
    """Where Realtime is, the keys for it, and the database behind it."""

    url: str
    publishable_key: str
    secret_key: str
    jwt_secret: str
    dsn: str
    signing_key: dict[str, Any] | None = None
    service: Realtime | None = None
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def realtime_url(self) -> str:
        return f"{self.url}/realtime/v1"

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None)

    def send(self, topic: str, event: str, payload: dict[str, Any], *, private: bool = True) -> None:
        """Broadcast from SQL, as the role postgres."""
        with self.connect() as connection:
            connection.execute(
                "select realtime.send(%s::jsonb, %s, %s, %s)", (json.dumps(payload), event, topic, private)
            )

    def token(
        self,
        *,
        reads: Sequence[str] = (),
        writes: Sequence[str] = (),
        sees: Sequence[str] = (),
        shows: Sequence[str] = (),
        seconds: float = 600,
        **claims: Any,
    ) -> str:
        """A user's token; `reads`, `writes`, `sees` and `shows` are the topics that the policies grant it."""
        rights = {"reads": list(reads), "writes": list(writes), "sees": list(sees), "shows": list(shows)}
        content = {
            "sub": str(uuid.uuid4()),
            "role": "authenticated",
            "iat": int(time.time()),
            "exp": int(time.time() + seconds),
            "app_metadata": rights,
            **claims,
        }
        return jwt.encode({k: v for k, v in content.items() if v is not None}, self.jwt_secret, "HS256")

    @asynccontextmanager
    async def client(self, token: str | None = None, **options: Any) -> AsyncIterator[AsyncRealtimeClient]:
        """The official Python client, connected."""
        client = AsyncRealtimeClient(
            self.realtime_url, token=self.publishable_key, **{"auto_reconnect": False, **options}
        )
        if token is not None:
            await client.set_auth(token)
        await client.connect()
        try:
            yield client
        finally:
            await client.close()


class Heard:
    """What a channel of the Python client told: its states, broadcasts and system messages, to be awaited in order."""

    def __init__(self, channel: AsyncRealtimeChannel, event: str = "*") -> None:
        self.channel = channel
        self._broadcasts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._states: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        channel.on_broadcast(event, lambda message: self._broadcasts.put_nowait(dict(message)))

    async def subscribe(self) -> tuple[str, str]:
        """Join; the state it ended in (SUBSCRIBED, CHANNEL_ERROR …) and the reason."""
        await self.channel.subscribe(lambda state, error: self._states.put_nowait((state.value, _reason(error))))
        return await self.state()

    async def state(self) -> tuple[str, str]:
        return await asyncio.wait_for(self._states.get(), SECONDS)

    async def broadcast(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._broadcasts.get(), SECONDS)

    def nothing_more(self) -> bool:
        return self._broadcasts.empty()

    def has_changed(self) -> bool:
        return not self._states.empty()


class Room:
    """A channel's presence: waits until those present are the expected ones, a name once for each of its devices."""

    def __init__(self, channel: AsyncRealtimeChannel) -> None:
        self.channel = channel
        self._changed = asyncio.Event()
        channel.on_presence_sync(self._changed.set)

    async def holds(self, *names: str) -> dict[str, list[dict[str, Any]]]:
        async with asyncio.timeout(SECONDS):
            while self._present() != sorted(names):
                self._changed.clear()
                await self._changed.wait()
        return {key: [dict(p) for p in entries] for key, entries in self.channel.presence_state().items()}

    def _present(self) -> list[str]:
        return sorted(key for key, entries in self.channel.presence_state().items() for _ in entries)


def _reason(error: Exception | None) -> str:
    if error is None:
        return ""
    try:
        content = json.loads(str(error))
    except ValueError:
        return str(error)
    return str(content.get("reason") or content.get("message") or content)


def private(**broadcast: Any) -> dict[str, Any]:
    """The options of a private channel."""
    return options(private=True, **broadcast)


def options(
    *, private: bool = False, presence_key: str = "", presence: bool = False, **broadcast: Any
) -> dict[str, Any]:
    """The options of a channel; what is named besides belongs to `broadcast` (ack, self, replay …)."""
    return {
        "config": {
            "broadcast": {"ack": False, "self": False, **broadcast},
            "presence": {"key": presence_key, "enabled": presence},
            "private": private,
        }
    }


def new_topic(name: str = "room") -> str:
    """A topic that no other test uses."""
    return f"{name}:{uuid.uuid4()}"


def new_signing_key() -> dict[str, Any]:
    """A private ES256 key in JWK form, as Auth signs with."""
    key = ec.generate_private_key(ec.SECP256R1())
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)), "kid": str(uuid.uuid4()), "alg": "ES256"}


@contextmanager
def policies(dsn: str) -> Iterator[None]:
    """The policies of these tests, for as long as they run."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(DROP_POLICIES)
        connection.execute(POLICIES)
        try:
            yield
        finally:
            connection.execute(DROP_POLICIES)


@contextmanager
def emulator(realtime_dsn: str, postgres_dsn: str, limits: Limits | None = None) -> Iterator[Target]:
    """The emulator on a port of its own, in a thread of its own."""
    signing_key = new_signing_key()
    context = LocalContext("", "", realtime_dsn, PUBLISHABLE_KEY, SECRET_KEY, signing_key, SECRET)
    service = Realtime(context, limits or Limits())
    app = Starlette(routes=[Mount("/realtime/v1", routes=service.routes())])
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_level="error",
        ws="websockets-sansio",
        lifespan="off",
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        try:
            await server.serve()
        finally:
            await service.close()
            await context.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + SECONDS
        while not server.started:
            assert time.monotonic() < deadline, "the emulator did not start"
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        yield Target(url, PUBLISHABLE_KEY, SECRET_KEY, SECRET, postgres_dsn, signing_key, service, loop)
    finally:
        server.should_exit = True
        thread.join(10)


def other_supabase() -> Target | None:
    """The Supabase of the environment, if one is named there."""
    if not (url := os.environ.get("CASARE_TEST_SUPABASE_URL")):
        return None
    names = ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_JWT_SECRET", "DATABASE_URL")
    return Target(url.rstrip("/"), *(os.environ[f"CASARE_TEST_{name}"] for name in names))

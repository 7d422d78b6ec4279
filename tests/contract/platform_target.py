"""The Auth and Data API that the contract tests speak to: the emulator, or what `CASARE_TEST_SUPABASE_URL` names.

For another Supabase also set CASARE_TEST_SUPABASE_PUBLISHABLE_KEY, CASARE_TEST_SUPABASE_SECRET_KEY and
CASARE_TEST_DATABASE_URL (role postgres). The tests make a table, a view and functions of their own there, named
`contract_…`, and remove them and their users again. Sign-up must confirm addresses at once there.
"""

import asyncio
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import uvicorn
from supabase import Client, ClientOptions, create_client
from tests.auth_programs import auth_of, listening_socket
from tests.contract.realtime_target import PUBLISHABLE_KEY, SECRET, SECRET_KEY, new_signing_key

from casare_cloud.local.context import LocalContext
from casare_cloud.local.platform_app import create_app
from casare_cloud.local.postgres import PostgresServer

PASSWORD = "correct horse 1"
OBJECTS = (Path(__file__).parent / "objects.sql").read_text()
DROP_OBJECTS = (Path(__file__).parent / "drop_objects.sql").read_text()


@dataclass
class Platform:
    """Where the platform is, the keys for it, and the database behind it. `context` is None for another Supabase."""

    url: str
    publishable_key: str
    secret_key: str
    dsn: str
    context: LocalContext | None = None
    _users: list[str] = field(default_factory=list)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None)

    def client(self, key: str | None = None) -> Client:
        """The official client with a key, by default the publishable one."""
        options = ClientOptions(auto_refresh_token=False, persist_session=False)
        return create_client(self.url, key or self.publishable_key, options)

    @property
    def admin(self) -> Client:
        """The official client with the secret key."""
        return self.client(self.secret_key)

    def new_user(self, **attributes: Any) -> str:
        """A user with a confirmed address and `PASSWORD`; answers the address."""
        email = new_email()
        given = {"email": email, "password": PASSWORD, "email_confirm": True, **attributes}
        self._users.append(self.admin.auth.admin.create_user(given).user.id)
        return email

    def signed_in(self) -> Client:
        """The client of a new user, with a session."""
        client = self.client()
        client.auth.sign_in_with_password({"email": self.new_user(), "password": PASSWORD})
        return client

    def http(self, token: str | None = None, **headers: str) -> httpx2.Client:
        """A plain client that sends the key, and a bearer's token when there is one."""
        given = {"apikey": self.publishable_key, "X-Supabase-Api-Version": "2024-01-01", **headers}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        return httpx2.Client(base_url=self.url, headers=given, trust_env=False, timeout=60)

    def remove_users(self) -> None:
        """Deletes the users that the tests made."""
        with self.connect() as connection:
            connection.execute("delete from auth.users where email like 'contract-%@example.com'")


def new_email() -> str:
    """An address that no other test uses."""
    return f"contract-{uuid.uuid4().hex[:16]}@example.com"


@contextmanager
def serving(context: LocalContext, listener: socket.socket) -> Iterator[None]:
    """The platform on a socket of its own, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(create_app(context), log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, "the platform did not start")
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def emulated(server: PostgresServer, database: str, **settings: Any) -> Iterator[Platform]:
    """The platform over a database; `settings` are those of `LocalContext`.

    All of it is emulated, but for Auth where `CASARE_TEST_AUTH_BIN` names the real one.
    """
    listener = listening_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    context = LocalContext(
        server.dsn("authenticator", database),
        server.dsn("supabase_auth_admin", database),
        server.dsn("supabase_realtime_admin", database),
        PUBLISHABLE_KEY,
        SECRET_KEY,
        new_signing_key(),
        SECRET,
        jwt_issuer=f"{url}/auth/v1",
        **settings,
    )
    with auth_of(context), serving(context, listener):
        yield Platform(url, PUBLISHABLE_KEY, SECRET_KEY, server.dsn("postgres", database), context)


def other_platform() -> Platform | None:
    """The Supabase of the environment, if one is named there."""
    if not (url := os.environ.get("CASARE_TEST_SUPABASE_URL")):
        return None
    names = ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "DATABASE_URL")
    return Platform(url.rstrip("/"), *(os.environ[f"CASARE_TEST_{name}"] for name in names))


@contextmanager
def objects(platform: Platform) -> Iterator[Platform]:
    """The table, view and functions of these tests, for as long as they run."""
    with platform.connect() as connection:
        connection.execute(DROP_OBJECTS)
        connection.execute(OBJECTS)
        connection.execute("notify pgrst, 'reload schema'")
    if platform.context is None:
        with platform.http() as http:
            wait_until(
                lambda: http.post("/rest/v1/rpc/contract_sum", json={"a": 1, "b": 2}).status_code == 200,
                "the Data API did not see the new functions",
            )
    try:
        yield platform
    finally:
        platform.remove_users()
        with platform.connect() as connection:
            connection.execute(DROP_OBJECTS)


def wait_until(is_done: Callable[[], bool], complaint: str) -> None:
    """Return as soon as something holds; fail after a minute."""
    deadline = time.monotonic() + 60
    while not is_done():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.01)

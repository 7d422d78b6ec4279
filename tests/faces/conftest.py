"""A running orchestrator for tests: its database, a publisher of signing keys, and clients that are somebody."""

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from tests.databases import Database
from tests.faces.doors import RING, Door
from tests.faces.stage import Stage
from tests.factories import Member, Robot, make_tenant, make_workflow

from casare_cloud.config import Settings
from casare_cloud.faces.kit import health
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.faces.webhooks import app as webhooks_app
from casare_cloud.faces.webhooks.app import Webhooks
from casare_cloud.faces.webhooks.app import create_app as create_receiver

HERE = Path(__file__).parent


class Signer:
    """An issuer: one ES256 key pair, a new one unless it is given, and the tokens that it signs."""

    def __init__(self, kid: str = "test-key", private: Any = None) -> None:
        self.private = private or ec.generate_private_key(ec.SECP256R1())
        self.kid = kid

    def jwk(self, private: bool = False) -> dict[str, Any]:
        """The key as a JWK."""
        key = self.private if private else self.private.public_key()
        return {**jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True), "kid": self.kid, "alg": "ES256", "use": "sig"}

    def token(self, claims: dict[str, Any], **changes: Any) -> str:
        """A token with these claims, good for an hour; a change to None leaves the claim out."""
        now = int(time.time())
        full = {"iat": now, "exp": now + 3600, **claims, **changes}
        full = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(full, self.private, algorithm="ES256", headers={"kid": self.kid})


class KeyPublisher:
    """Serves `/auth/v1/.well-known/jwks.json` as Supabase Auth does, and counts how often it is asked.

    `status` is what it answers with, when `may_answer` is set. Whoever wants to log in is one too many, and may come
    again at `retry_after`.
    """

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.reset()
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.requests += 1
                publisher.may_answer.wait(60)
                body = json.dumps({"keys": publisher.keys}).encode()
                self.send_response(publisher.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(429)
                self.send_header("Retry-After", publisher.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self, *keys: dict[str, Any]) -> None:
        """As new, with these keys."""
        self.keys = list(keys)
        self.requests = 0
        self.status = 200
        self.may_answer.set()
        self.retry_after = "60"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module share a loop, and with it the connections that an app keeps from one to the next."""
    shared = pytest.mark.asyncio(loop_scope="module")
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(shared, append=False)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe takes its time on a machine that is busy; a test whose subject is how long it waits says so."""
    for module in (health, webhooks_app):
        monkeypatch.setattr(module, "PING_SECONDS", 20.0)


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="session")
def shared_publisher() -> Iterator[KeyPublisher]:
    """One for all tests, which ask `publisher` for it if they change what it answers."""
    publisher = KeyPublisher()
    yield publisher
    publisher.close()


@pytest.fixture(autouse=True)
def publisher(shared_publisher: KeyPublisher, signer: Signer) -> KeyPublisher:
    """It publishes the signer's key, and nobody has asked it yet."""
    shared_publisher.reset(signer.jwk())
    return shared_publisher


@pytest.fixture(scope="module")
def settings(shared_database: Database, shared_publisher: KeyPublisher, signer: Signer) -> Settings:
    return Settings(
        database_url=shared_database.dsn("casare_functions"),
        supabase_url=shared_publisher.url,
        signing_key=json.dumps(signer.jwk(private=True)),
        is_local=True,
        workflow_backup_enabled=False,
        rate_limits=False,  # all tests have one address; see test_rate_limits.py
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_app(settings: Settings) -> AsyncIterator[Orchestrator]:
    """One for all tests of a module, as one process serves many requests: its routes are built once, its keys fetched
    once, its connections kept. A test whose subject is what a process keeps makes an app of its own."""
    app = create_app(settings)
    yield app
    await app.close()


@pytest_asyncio.fixture(loop_scope="module")
async def client(shared_app: Orchestrator) -> AsyncIterator[httpx2.AsyncClient]:
    """The orchestrator, asked by nobody in particular; pass `headers=` of `bearer`."""
    transport = httpx2.ASGITransport(shared_app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://orchestrator") as client:
        yield client


@pytest.fixture
def bearer(signer: Signer) -> Callable[[Member | Robot], dict[str, str]]:
    """Headers of a member or a robot with an access token."""

    def headers(who: Member | Robot) -> dict[str, str]:
        return {"Authorization": f"Bearer {signer.token(dict(who.claims))}"}

    return headers


@pytest.fixture
def stage(
    shared_database: Database, client: httpx2.AsyncClient, bearer: Callable[[Member | Robot], dict[str, str]]
) -> Stage:
    """A tenant of its own, with everybody who belongs to it."""
    return Stage(shared_database, client, bearer, make_tenant(shared_database))


@pytest.fixture
def elsewhere(
    shared_database: Database, client: httpx2.AsyncClient, bearer: Callable[[Member | Robot], dict[str, str]]
) -> Stage:
    """Another tenant."""
    return Stage(shared_database, client, bearer, make_tenant(shared_database))


@pytest.fixture(scope="module")
def receiver(shared_database: Database) -> Webhooks:
    """The receiver of webhooks, with a key of its own."""
    dsn = shared_database.dsn("casare_functions")
    return create_receiver(Settings(database_url=dsn, is_local=True, secret_keys=RING))


@pytest.fixture
async def door(shared_database: Database, receiver: Webhooks) -> AsyncIterator[Door]:
    """A tenant without webhooks, and the receiver."""
    tenant = make_tenant(shared_database)
    transport = httpx2.ASGITransport(receiver)
    async with httpx2.AsyncClient(transport=transport, base_url="http://webhooks") as client:
        yield Door(shared_database, tenant, make_workflow(shared_database, tenant).workflow_id, client)
    await receiver.close()

"""The emulated platform on a port of its own, for tests whose subject calls Supabase Auth over HTTP."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from tests.auth_programs import auth_of, listening_socket
from tests.databases import Database

from casare_cloud.config import Settings
from casare_cloud.key_ring import new_secret_keys
from casare_cloud.local.context import LocalContext
from casare_cloud.local.platform_app import create_app

PUBLISHABLE_KEY = "sb_publishable_test"
SECRET_KEY = "sb_secret_test"


def new_signing_key(kid: str = "platform-key") -> dict[str, str]:
    """A private ES256 JWK."""

    def text(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")

    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    point = {"x": text(public.x), "y": text(public.y), "d": text(numbers.private_value)}
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": kid, **point}


@contextmanager
def running_platform(database: Database, **options: Any) -> Iterator[Settings]:
    """Auth, Data API and Realtime over this database; yields settings of an orchestrator that uses them."""
    signing_key = new_signing_key()
    listener = listening_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    context = LocalContext(
        authenticator_dsn=database.dsn("authenticator"),
        auth_admin_dsn=database.dsn("supabase_auth_admin"),
        realtime_admin_dsn=database.dsn("supabase_realtime_admin"),
        publishable_key=PUBLISHABLE_KEY,
        secret_key=SECRET_KEY,
        signing_key=signing_key,
        jwt_issuer=f"{url}/auth/v1",
        **options,
    )
    with auth_of(context), _serving(context, listener):
        yield Settings(
            database_url=database.dsn("casare_functions"),
            supabase_url=url,
            supabase_publishable_key=PUBLISHABLE_KEY,
            supabase_secret_key=SECRET_KEY,
            signing_key=json.dumps(signing_key),
            is_local=True,
            workflow_backup_enabled=False,
            rate_limits=False,  # all tests have one address
            secret_keys=new_secret_keys(),
        )


@contextmanager
def _serving(context: LocalContext, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(context), log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the platform did not start"
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(10)

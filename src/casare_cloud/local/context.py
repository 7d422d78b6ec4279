"""What the emulators of the platform share: where the database is, the keys, and a pool of connections per login."""

import asyncio
import json
import select
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from casare_cloud.local.schema import project_root
from casare_cloud.local.state import Ports, Secrets

Connection = psycopg.AsyncConnection[TupleRow]

_MAX_CONNECTIONS = 12
_WAIT_SECONDS = 10.0
_MOST_WORDS = 4


class Pool(AsyncConnectionPool[Connection]):
    """A pool that gives out no connection that its server has closed.

    The pool's own check waits a second, then two, four … after each connection that fails it; when the server was
    restarted all of them do.
    """

    async def getconn(self, timeout: float | None = None) -> Connection:
        """A living connection; `psycopg_pool.PoolTimeout` when there is none in time."""
        for _attempt in range(self.max_size):
            connection = await super().getconn(timeout)
            if not is_dead(connection):
                return connection
            await connection.close()
            await self.putconn(connection)
        return await super().getconn(timeout)


@dataclass(eq=False)
class LocalContext:
    """One emulated project. Belongs to one event loop as soon as `pool` was called.

    `signing_key` is a private ES256 JWK with `kid`; `jwt_secret`, when set, also verifies HS256 tokens. The DSNs name
    the logins authenticator, supabase_auth_admin and supabase_realtime_admin. `token_hook` is the `pg-functions://`
    address of the custom access token hook, or None. Refresh tokens of form 1 have 12 characters, and reuse revokes
    those of the session; of form 2 they have 51, and reuse ends the session. `exposed_schemas` are those of the Data
    API, the default first. `auth_url` is where the real Auth serves this project; None: Auth is emulated.
    `token_requests` is how many sign-ins and refreshes of one address Auth takes in five minutes; None: any number.
    """

    authenticator_dsn: str
    auth_admin_dsn: str
    realtime_admin_dsn: str
    publishable_key: str
    secret_key: str
    signing_key: Mapping[str, str]
    jwt_secret: str | None = None
    jwt_issuer: str = "http://127.0.0.1:54321/auth/v1"
    access_token_seconds: int = 3600
    token_hook: str | None = "pg-functions://postgres/public/custom_access_token_hook"
    refresh_token_reuse_seconds: int = 10
    refresh_token_form: Literal[1, 2] = 1
    minimum_password_length: int = 8
    enable_signup: bool = True
    exposed_schemas: tuple[str, ...] = ("public",)
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    max_rows: int = 1000
    auth_url: str | None = None
    site_url: str = "http://127.0.0.1:8000"
    token_requests: int | None = None
    _pools: dict[str, Pool] = field(default_factory=dict, init=False, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def pool(self, dsn: str) -> Pool:
        """The open pool of autocommitting connections for one of the DSNs; opened at its first use.

        Waiting longer than 10 seconds for a connection raises `psycopg_pool.PoolTimeout`.
        """
        pool = self._pools.get(dsn)
        if pool is not None:
            return pool
        async with self._opening:
            if dsn not in self._pools:
                pool = Pool(
                    dsn,
                    kwargs={"autocommit": True, "connect_timeout": 5},
                    connection_class=Connection,
                    min_size=1,
                    max_size=_MAX_CONNECTIONS,
                    timeout=_WAIT_SECONDS,
                    max_idle=120.0,
                    reconnect_timeout=30.0,
                    open=False,
                )
                await pool.open()
                self._pools[dsn] = pool
            return self._pools[dsn]

    async def close(self) -> None:
        """Close every connection."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.close(timeout=1.0)


def context_of_stack(secrets: Secrets, ports: Ports, dsn: Callable[[str], str], auth_url: str | None) -> LocalContext:
    """The project of an embedded stack: its secrets and ports, and what `supabase/config.toml` states.

    `dsn` answers the URL with which a login role reaches the database; for `auth_url` see `LocalContext`.
    """
    return LocalContext(
        authenticator_dsn=dsn("authenticator"),
        auth_admin_dsn=dsn("supabase_auth_admin"),
        realtime_admin_dsn=dsn("supabase_realtime_admin"),
        publishable_key=secrets.publishable_key,
        secret_key=secrets.secret_key,
        signing_key=json.loads(secrets.signing_key),
        jwt_secret=secrets.jwt_secret,
        jwt_issuer=f"http://127.0.0.1:{ports.platform}/auth/v1",
        auth_url=auth_url,
        **settings_of(tomllib.loads((project_root() / "supabase" / "config.toml").read_text())),
    )


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of `LocalContext` that `supabase/config.toml` states, so that the local stack keeps to them, too."""
    api, auth = config.get("api", {}), config.get("auth", {})
    hook = auth.get("hook", {}).get("custom_access_token", {})
    stated = {
        "access_token_seconds": auth.get("jwt_expiry"),
        "refresh_token_reuse_seconds": auth.get("refresh_token_reuse_interval"),
        "minimum_password_length": auth.get("minimum_password_length"),
        "enable_signup": auth.get("enable_signup"),
        "site_url": auth.get("site_url"),
        "token_requests": auth.get("rate_limit", {}).get("token_refresh"),
        "exposed_schemas": _tuple(api.get("schemas")),
        "extra_search_path": _tuple(api.get("extra_search_path")),
        "max_rows": api.get("max_rows"),
    }
    token_hook = hook.get("uri") if hook.get("enabled") else None
    return {"token_hook": token_hook, **{name: value for name, value in stated.items() if value is not None}}


def _tuple(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def is_dead(connection: Connection) -> bool:
    """Whether the server has closed an idle connection; found out without a round trip.

    An idle connection has nothing to read, unless its server went away or has something to say (a notice). A server
    that ends a connection says so first, and only the next read finds the end.
    """
    for _attempt in range(_MOST_WORDS):
        readable, _, _ = select.select([connection.pgconn.socket], [], [], 0)
        if not readable:
            return False
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
    return False

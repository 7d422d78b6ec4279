"""The baselines of the HTTP figures: a hello-world function, a bare claim and a bare insert with FastAPI and psycopg.

The bare claim is one UPDATE with SKIP LOCKED over a pool: no identity, no tenants, no leases, no fencing.
"""

import os
from typing import Any

import functions_framework.aio
from starlette.requests import Request


@functions_framework.aio.http
async def hello(request: Request) -> str:
    """Answer without doing anything."""
    return "hello"


def bare_app() -> Any:
    """A FastAPI app with two routes."""
    from fastapi import FastAPI
    from psycopg.rows import dict_row
    from psycopg.types.json import Jsonb
    from psycopg_pool import AsyncConnectionPool

    app = FastAPI()
    pool = AsyncConnectionPool(os.environ["BENCH_DSN"], open=False, min_size=1, max_size=4, kwargs={"autocommit": True})

    @app.post("/claim")
    async def claim() -> dict[str, Any]:
        if pool.closed:
            await pool.open()
        async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                "update public.bare_jobs set status = 'running' where job_id = (select job_id from public.bare_jobs "
                "where status = 'queued' order by priority, seq limit 1 for update skip locked) returning job_id, input"
            )
            row = await cursor.fetchone()
        return {"jobs": [row] if row else []}

    @app.post("/insert")
    async def insert(request: Request) -> dict[str, Any]:
        if pool.closed:
            await pool.open()
        async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                "insert into public.bare_events (payload) values (%s) returning event_id",
                [Jsonb(await request.json() if await request.body() else {})],
            )
            row = await cursor.fetchone()
        return {"status": "accepted", **(row or {})}

    return app


_app: Any = None


def the_app() -> Any:
    """The one app of this process."""
    global _app
    if _app is None:
        _app = bare_app()
    return _app


@functions_framework.aio.http
async def claim(request: Request) -> Any:
    """The bare claim behind functions-framework, as the product's function is."""
    return the_app()


@functions_framework.aio.http
async def insert(request: Request) -> Any:
    """The bare insert behind functions-framework, likewise."""
    return the_app()

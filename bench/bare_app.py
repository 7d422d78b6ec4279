"""The baselines of the HTTP figures: a hello-world function, and a bare claim with FastAPI and psycopg.

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


def claim_app() -> Any:
    """A FastAPI app with one route."""
    from fastapi import FastAPI
    from psycopg.rows import dict_row
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

    return app


_claim_app: Any = None


@functions_framework.aio.http
async def claim(request: Request) -> Any:
    """The bare claim behind functions-framework, as the product's function is."""
    global _claim_app
    if _claim_app is None:
        _claim_app = claim_app()
    return _claim_app

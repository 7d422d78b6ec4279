"""Whether the parts of a stack answer, asked from outside."""

import asyncio
from collections.abc import Sequence

import httpx2
from psycopg import pq

SECONDS = 2


async def answering(addresses: Sequence[str]) -> list[bool]:
    """Whether there is an answer within 2 seconds at each address, `http://…` or that of a PostgreSQL; all at once."""
    async with httpx2.AsyncClient(timeout=SECONDS, trust_env=False) as client:
        return await asyncio.gather(
            *(
                _is_served(client, address) if address.startswith("http") else asyncio.to_thread(_takes_logins, address)
                for address in addresses
            )
        )


async def _is_served(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        await client.get(url)
    except httpx2.HTTPError:
        return False
    return True


def _takes_logins(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    return pq.PGconn.ping(f"host={host} port={port} connect_timeout={SECONDS}".encode()) == pq.Ping.OK

"""The fleets of tenants as they are now: each is read once a second at most, however many sockets show it."""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary

from casare_cloud.database import Database
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.metrics.model import Fleet
from casare_cloud.identity import Actor

FRESH_SECONDS = 0.9


class FleetPictures:
    """Those of one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[UUID, tuple[float, Fleet]] = {}
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def of(self, tenant_id: UUID, actor: Actor) -> Fleet:
        """The fleet of a tenant whose fleet `actor` may see; it is read with the rights of one of those who ask."""
        lock = self._locks.setdefault(tenant_id, asyncio.Lock())
        async with lock:
            now = asyncio.get_running_loop().time()
            self._known = {known: picture for known, picture in self._known.items() if picture[0] > now - FRESH_SECONDS}
            if tenant_id in self._known:
                return self._known[tenant_id][1]
            async with self._database.transaction(actor) as tx:
                fleet = await metrics.get_fleet(tx)
            self._known[tenant_id] = asyncio.get_running_loop().time(), fleet
            return fleet

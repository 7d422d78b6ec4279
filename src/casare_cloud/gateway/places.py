"""Who has a place in this process: sockets of tenants, and as many again that have yet to say who they are.

A tenant may have all the places while no other wants one. Then whoever has the most gives one to whoever has fewer.
Among those that have not said who they are, the one that has waited longest makes room for the next.
"""

from typing import Protocol
from uuid import UUID

from casare_cloud.gateway import closing


class Guest(Protocol):
    """Somebody with a place, who can be sent away."""

    async def close(self, code: int, reason: str) -> None:
        """Closes the connection."""
        ...


class Places:
    """The places of one process; `most` are those of tenants."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._unnamed: dict[Guest, None] = {}
        self._named: dict[UUID, dict[Guest, None]] = {}
        self._tenant_of: dict[Guest, UUID] = {}

    async def enter(self, guest: Guest) -> None:
        """Gives a place to somebody who has not said who they are."""
        if len(self._unnamed) >= self._most:
            oldest = next(iter(self._unnamed))
            del self._unnamed[oldest]
            await oldest.close(closing.UNAVAILABLE, "This instance has no room for another socket; try again.")
        self._unnamed[guest] = None

    async def take(self, guest: Guest, tenant_id: UUID) -> bool:
        """Whether somebody of the tenant may stay; else they were sent away."""
        if guest in self._tenant_of:
            return True
        self._unnamed.pop(guest, None)
        if len(self._tenant_of) >= self._most and not await self._make_room_for(tenant_id):
            await guest.close(closing.UNAVAILABLE, "This instance has no room for another socket; try again.")
            return False
        self._named.setdefault(tenant_id, {})[guest] = None
        self._tenant_of[guest] = tenant_id
        return True

    async def _make_room_for(self, tenant_id: UUID) -> bool:
        """Sends the newest one away of the tenant that has the most, if that is fair."""
        guests = max(self._named.values(), key=len)
        if len(guests) <= len(self._named.get(tenant_id, ())) + 1:
            return False
        newest = next(reversed(guests))
        self.leave(newest)
        await newest.close(closing.UNAVAILABLE, "This instance is full and another tenant wants in; try again.")
        return True

    def leave(self, guest: Guest) -> None:
        """Gives the place back."""
        self._unnamed.pop(guest, None)
        tenant_id = self._tenant_of.pop(guest, None)
        if tenant_id is not None:
            del self._named[tenant_id][guest]
            if not self._named[tenant_id]:
                del self._named[tenant_id]

"""Who follows what in this process: a feed for each tenant that has a socket here, and the rights of each socket."""

import asyncio
import random
import time
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from casare_cloud.errors import ApiError
from casare_cloud.gateway import closing
from casare_cloud.gateway.calls import CHECK_SECONDS, Call, Services, require_same
from casare_cloud.gateway.feeds import Feed
from casare_cloud.gateway.members import Member, admit, is_final
from casare_cloud.gateway.streams import Stream, encode
from casare_cloud.identity import Actor
from casare_cloud.realtime_lines import Lines
from casare_cloud.waiting import happens_within


class Hub:
    """The feeds of one event loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lines = Lines(services.settings)
        self._feeds: dict[UUID, Feed] = {}
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()  # of each feed's begin and end

    async def follow(self, call: Call, stream: Stream) -> None:
        """Talk with whoever opened a socket, until it is closed or they may not hear it any more."""
        member, watched = await admit(call, await call.actor(), stream)
        if not await call.socket.take_place(member.me.tenant_id):
            return
        await self._enter(member, watched)
        keeping = asyncio.create_task(self._keep(call, member))
        try:
            await self._tell_first(member)
            await call.converse(partial(self._renew, call, member))
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._leave(member)

    async def close(self) -> None:
        """End all of it."""
        for feed in list(self._feeds.values()):
            await feed.close()
        await self._lines.close()

    async def _enter(self, member: Member, watched: dict[str, Any]) -> None:
        tenant_id = member.me.tenant_id
        async with self._lock_of(tenant_id):
            if tenant_id not in self._feeds:
                self._feeds[tenant_id] = Feed(self._services, self._lines, watched)
            self._feeds[tenant_id].add(member)

    async def _leave(self, member: Member) -> None:
        tenant_id = member.me.tenant_id
        async with self._lock_of(tenant_id):
            feed = self._feeds.get(tenant_id)
            if feed is not None and await feed.remove(member):
                del self._feeds[tenant_id]

    def _lock_of(self, tenant_id: UUID) -> asyncio.Lock:
        return self._locks.setdefault(tenant_id, asyncio.Lock())

    async def _tell_first(self, member: Member) -> None:
        async with self._services.database.transaction(member.actor) as tx:
            messages, after = await member.stream.first(tx)
        for message in messages:
            member.socket.offer(encode(message))
        member.release(after)

    async def _keep(self, call: Call, member: Member) -> None:
        """Look again whether they may hear it, which also says that somebody watches; close the socket if not."""
        try:
            while True:
                pause = CHECK_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311 — sockets that came together take turns
                if member.ends_at is not None:
                    pause = min(pause, max(member.ends_at - time.time(), 0.0))
                await happens_within(member.doubted, pause)
                if member.ends_at is not None and member.ends_at <= time.time():
                    await call.socket.close(closing.UNAUTHENTICATED, "The access token has expired.")
                    return
                try:
                    await admit(call, member.actor, member.stream)
                    member.doubted.clear()
                except ApiError as error:
                    if is_final(error):
                        await call.socket.close(closing.code_of(error), error.message)
                        return
                    await asyncio.sleep(1.0)
        except Exception:
            await call.socket.close(closing.BROKEN, "Something went wrong on our side.")
            raise

    async def _renew(self, call: Call, member: Member, actor: Actor) -> None:
        """Go on as the same caller with a newer token."""
        newer, _ = await admit(call, actor, member.stream)
        require_same(newer.me, member.me)
        member.actor = newer.actor
        member.doubted.set()

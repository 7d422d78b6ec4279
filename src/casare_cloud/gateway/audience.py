"""Who of one tenant listens in this process: whom to tell, and as whom to read.

Everything is read as one of the members, with the rights that the database gives them. One whom it refuses something is
looked at again, and another one reads.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.errors import ApiError
from casare_cloud.gateway.calls import Services
from casare_cloud.gateway.members import Member, is_final
from casare_cloud.gateway.streams import Message, Source, Stream, encode

logger = logging.getLogger("casare_cloud")
T = TypeVar("T")
May = Callable[[Member], bool]


class NobodyReads(Exception):
    """No member is there who may read it."""


class Audience:
    """The members of a feed, by what they hear: what equal streams say is made and encoded once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._members: list[Member] = []
        self._groups: dict[Stream, list[Member]] = {}

    def __bool__(self) -> bool:
        return bool(self._members)

    @property
    def job_ids(self) -> set[UUID]:
        """The single jobs that somebody follows."""
        return {stream.job_id for stream in self._groups if stream.job_id is not None}

    def add(self, member: Member) -> None:
        """Tell a socket what happens from now on."""
        self._members.append(member)
        self._groups.setdefault(member.stream, []).append(member)

    def remove(self, member: Member) -> None:
        """Tell it no more."""
        self._members.remove(member)
        group = self._groups[member.stream]
        group.remove(member)
        if not group:
            del self._groups[member.stream]

    def needs(self, source: Source) -> bool:
        """Whether a stream needs that source."""
        return any(source in stream.sources for stream in self._groups)

    def readers(self, may: May) -> list[Member]:
        """Who may read, those first whom the database has not just refused something."""
        return sorted((m for m in self._members if may(m)), key=lambda member: member.doubted.is_set())

    async def read(self, may: May, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What a member reads who may; `ApiError` or `NobodyReads` when it cannot be read now."""
        readers = self.readers(may)
        if not readers:
            raise NobodyReads
        try:
            async with self._services.database.transaction(readers[0].actor) as tx:
                return await work(tx)
        except ApiError as error:
            if is_final(error):
                readers[0].doubted.set()
            raise

    async def read_for(self, source: Source, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What a member reads whose stream needs that source."""
        return await self.read(lambda member: source in member.stream.sources, work)

    def tell(
        self, messages: Callable[[Stream], Iterable[Message]], *, seq: int | None = None, job_id: UUID | None = None
    ) -> None:
        """Tell each stream's members what the stream makes of it; of an event with its number, or only of one job."""
        for stream, members in list(self._groups.items()):
            if job_id is None or stream.job_id == job_id:
                for message in messages(stream):
                    text = encode(message)
                    for member in members:
                        member.offer(seq, text)


async def attempt(work: Awaitable[None]) -> bool:
    """Whether it could be done; what cannot be read now is tried again, and what else goes wrong is logged."""
    try:
        await work
    except (ApiError, NobodyReads):
        return False
    except Exception:
        logger.exception("something could not be told to a tenant's sockets")
        return False
    return True

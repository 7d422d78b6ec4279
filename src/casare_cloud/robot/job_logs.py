"""The log of a run on its way to the service, in numbered batches: one that is sent again is stored once."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from casare_cloud.errors import ApiError
from casare_cloud.http import may_pass
from casare_cloud.robot.transport import Lease, LogBatch, Transport

LOG_BATCH = 1_000
BATCH_CHARACTERS = 1_500_000  # however they are escaped, a request takes them
MAX_BUFFERED_LOGS = 20_000
MAX_BUFFERED_CHARACTERS = 20_000_000
MAX_EXTRA_CHARACTERS = 250_000


class JobLogs:
    """Keeps entries until they are sent; of more than can be kept, the next batch says how many are missing."""

    def __init__(self, lease: Lease, transport: Transport) -> None:
        self._lease = lease
        self._transport = transport
        self._entries: deque[tuple[Mapping[str, Any], int]] = deque()
        self._characters = 0
        self._lost = 0
        self._sequence = 0
        self._batch: LogBatch | None = None  # not known to have been taken: it keeps its number and its entries
        self._flushing = asyncio.Lock()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Keeps one more entry. Of one with too much `extra`, the size of that is kept."""
        size = len(entry["message"])
        if "extra" in entry:
            length = len(json.dumps(entry["extra"], ensure_ascii=False))
            if length > MAX_EXTRA_CHARACTERS:
                note = f"left out: {length:,} characters of JSON, more than {MAX_EXTRA_CHARACTERS:,}"
                entry, length = {**entry, "extra": {"extra": note}}, 0
            size += length
        if len(self._entries) < MAX_BUFFERED_LOGS and self._characters + size <= MAX_BUFFERED_CHARACTERS:
            self._entries.append((entry, size))
            self._characters += size
        else:
            self._lost += 1

    async def flush(self) -> None:
        """Sends what there is. Raises what keeps it from that; entries that the service refuses count as missing."""
        async with self._flushing:
            while batch := self._next():
                try:
                    await self._transport.logs(self._lease, batch)
                except ApiError as error:
                    if not may_pass(error):
                        self._lost += len(batch.entries)
                        self._batch = None
                    raise
                self._batch = None

    def take_rest(self) -> tuple[LogBatch, ...]:
        """All that is not known to have been taken, for who goes on with it."""
        rest: list[LogBatch] = []
        while batch := self._next():
            rest.append(batch)
            self._batch = None
        return tuple(rest)

    def _next(self) -> LogBatch | None:
        if self._batch is None and self._entries:
            entries: list[Mapping[str, Any]] = []
            room = BATCH_CHARACTERS
            while self._entries and len(entries) < LOG_BATCH and (room >= self._entries[0][1] or not entries):
                entry, size = self._entries.popleft()
                self._characters -= size
                room -= size
                entries.append(entry)
            if self._lost:
                entries[0] = {**entries[0], "extra": {**(entries[0].get("extra") or {}), "entries_lost": self._lost}}
                self._lost = 0
            self._sequence += 1
            self._batch = LogBatch(self._sequence, tuple(entries))
        return self._batch

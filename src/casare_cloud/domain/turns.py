"""Whose turn it is: one thread of a process at a time is a tenant's.

Threads share the processor with the event loop, and are few.
"""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary

_turns: WeakValueDictionary[tuple[int, UUID], asyncio.Semaphore] = WeakValueDictionary()


def turn_of(tenant_id: UUID) -> asyncio.Semaphore:
    """What a tenant's work holds while it is in a thread."""
    key = (id(asyncio.get_running_loop()), tenant_id)
    turn = _turns.get(key) or asyncio.Semaphore()
    _turns[key] = turn
    return turn

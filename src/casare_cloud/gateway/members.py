"""A socket that follows a stream, as somebody. Whether they may is the database's to say."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from casare_cloud.config import Settings
from casare_cloud.domain.events import service as events
from casare_cloud.domain.permissions import require
from casare_cloud.domain.users.model import Identity
from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import ApiError, Unavailable
from casare_cloud.gateway.calls import Call, end_of, in_one_tenant
from casare_cloud.gateway.sockets import MOST_MESSAGES, Socket
from casare_cloud.gateway.streams import Stream
from casare_cloud.identity import Actor, mint_token

_MARGIN_SECONDS = 30.0  # before a token ends, in which Realtime is to get no other


@dataclass(eq=False, slots=True)
class Member:
    """A socket and what it follows. `held` is what came before it was told how things are."""

    socket: Socket
    stream: Stream
    actor: Actor
    me: Identity
    doubted: asyncio.Event = field(default_factory=asyncio.Event)  # the database refused it something
    held: list[tuple[int | None, str]] | None = field(default_factory=list)

    @property
    def ends_at(self) -> float | None:
        """When its token ends, in seconds since 1970; a key ends when it is revoked."""
        return end_of(self.actor)

    def offer(self, seq: int | None, text: str) -> None:
        """Tell it something; of an event, with its number."""
        if self.held is None:
            self.socket.offer(text)
        else:
            self.held.append((seq, text))
            if len(self.held) > MOST_MESSAGES:
                self.held.clear()
                self.socket.drop()

    def release(self, after: int) -> None:
        """Tell it what it was not told because it came before `first`, but for what is in that."""
        held, self.held = self.held or [], None
        for seq, text in held:
            if seq is None or seq > after:
                self.socket.offer(text)

    def realtime_token(self, settings: Settings) -> tuple[str, float] | None:
        """A token with which Realtime knows the same caller, and for how many seconds; None if there can be none."""
        if self.actor.token is not None:
            return self.actor.token, max((self.ends_at or 0.0) - time.time() - _MARGIN_SECONDS, 1.0)
        if self.actor.claims is not None:  # of developer mode
            claims = json.loads(self.actor.claims)
            who = str(claims["sub"]), claims["app_metadata"]
        else:
            key_id = str(self.me.user_id)
            who = key_id, {"tenant_id": str(self.me.tenant_id), "principal": "service", "api_key_id": key_id}
        with suppress(Unavailable):
            token, seconds = mint_token(settings, *who)
            return token, seconds / 2
        return None


async def admit(call: Call, actor: Actor, stream: Stream) -> tuple[Member, dict[str, Any]]:
    """The member, and what `public.watch` says of its tenant; `ApiError` when the database does not let it in."""
    actor = await in_one_tenant(call, actor)
    async with call.services.database.transaction(actor, call.request_id, call.client_ip) as tx:
        me = await whoami(tx)
        watched = await events.watch(tx, None)
        if stream.job_id is not None:
            await events.watch(tx, stream.job_id)
        for permission in stream.permissions:
            await require(tx, permission)
        named = await stream.named(tx)
    return Member(call.socket, replace(named, tenant_id=me.tenant_id), actor, me), watched


def is_final(error: ApiError) -> bool:
    """Whether a refusal is one of the caller's rights, and no fault that may pass."""
    return error.status in (401, 403, 404)

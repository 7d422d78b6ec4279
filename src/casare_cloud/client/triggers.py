"""Triggers: outside events that queue jobs, and what came of them."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.session import Answer, Paging, Session, quoted

DeliveryOutcome = Literal["accepted", "duplicate", "filtered", "rejected", "limited"]


class TriggerFilters(Paging, total=False):
    """Which triggers are wanted."""

    workflow_id: str
    trigger_type: str
    is_enabled: bool


class TriggerChanges(TypedDict, total=False):
    """What may be changed of a trigger; of `config` the names that it has, of which None takes one away."""

    workflow_id: str
    name: str
    config: Mapping[str, Any]
    is_enabled: bool


class TriggerCalls(Session):
    """Triggers and their deliveries."""

    async def create_trigger(
        self,
        workflow_id: str,
        name: str,
        trigger_type: str,
        config: Mapping[str, Any] | None = None,
        *,
        is_enabled: bool = True,
    ) -> Answer:
        """Make a trigger; a webhook's `secret` and `webhook_url` are in the answer, the secret in no other."""
        body = {
            "workflow_id": workflow_id,
            "name": name,
            "trigger_type": trigger_type,
            "config": dict(config or {}),
            "is_enabled": is_enabled,
        }
        return await self._create("/triggers", body)

    async def list_triggers(self, **filters: Unpack[TriggerFilters]) -> Answer:
        """`{triggers, total, limit, offset}`, newest first (`workflow_id`, `trigger_type`, `is_enabled`)."""
        return await self._get("/triggers", filters)

    async def list_trigger_types(self) -> Answer:
        """`{types}`: the kinds of triggers with the JSON Schema of their configurations."""
        return await self._get("/triggers/types")

    async def get_trigger_status(self) -> Answer:
        """Which types there are, and which triggers are enabled."""
        return await self._get("/triggers/manager/status")

    async def check_trigger(self, trigger_type: str, config: Mapping[str, Any] | None = None) -> Answer:
        """Look at a configuration, and make nothing; raises 400 with what is wrong."""
        body = {"trigger_type": trigger_type, "config": dict(config or {})}
        return await self._call("POST", "/triggers/test", json=body)

    async def get_trigger(self, trigger_id: str) -> Answer:
        """One trigger, without its secret."""
        return await self._get(f"/triggers/{quoted(trigger_id)}")

    async def update_trigger(self, trigger_id: str, **changes: Unpack[TriggerChanges]) -> Answer:
        """Change what is named: `name`, `workflow_id`, `is_enabled`, and names in `config` (None takes one away)."""
        return await self._call("PUT", f"/triggers/{quoted(trigger_id)}", json=changes)

    async def enable_trigger(self, trigger_id: str) -> Answer:
        """Let it fire again."""
        return await self._call("PUT", f"/triggers/{quoted(trigger_id)}/enable")

    async def disable_trigger(self, trigger_id: str) -> Answer:
        """Keep it from firing."""
        return await self._call("PUT", f"/triggers/{quoted(trigger_id)}/disable")

    async def delete_trigger(self, trigger_id: str) -> Answer:
        """Delete it; the jobs that it queued stay."""
        return await self._call("DELETE", f"/triggers/{quoted(trigger_id)}")

    async def fire_trigger(
        self, trigger_id: str, payload: Mapping[str, Any] | None = None, *, delivery_id: str | None = None
    ) -> Answer:
        """Queue a job of it now; `job_id` is in the answer. The same `delivery_id` again queues none."""
        body = {"payload": dict(payload or {}), "delivery_id": delivery_id}
        return await self._create(f"/triggers/{quoted(trigger_id)}/fire", body)

    async def rotate_trigger_secret(
        self, trigger_id: str, *, overlap_seconds: int = 86400, secret: str | None = None
    ) -> Answer:
        """A new `secret`; the one before holds for `overlap_seconds` (0 to 691,200) more."""
        body = {"overlap_seconds": overlap_seconds, "secret": secret}
        return await self._create(f"/triggers/{quoted(trigger_id)}/rotate-secret", body)

    async def get_trigger_stats(self, trigger_id: str) -> Answer:
        """How often deliveries ended in which way."""
        return await self._get(f"/triggers/{quoted(trigger_id)}/stats")

    async def list_deliveries(
        self, trigger_id: str, outcome: DeliveryOutcome | None = None, **page: Unpack[Paging]
    ) -> Answer:
        """`{deliveries, total, limit, offset}`: what came to it, newest first."""
        return await self._get(f"/triggers/{quoted(trigger_id)}/deliveries", {"outcome": outcome, **page})

    async def get_delivery(self, trigger_id: str, delivery_id: str) -> Answer:
        """One delivery with the `payload` that it held, if that is kept."""
        return await self._get(f"/triggers/{quoted(trigger_id)}/deliveries/{quoted(delivery_id)}")

    async def replay_delivery(self, trigger_id: str, delivery_id: str) -> Answer:
        """Let a delivery come again, as the trigger is now."""
        return await self._create(f"/triggers/{quoted(trigger_id)}/deliveries/{quoted(delivery_id)}/replay", None)

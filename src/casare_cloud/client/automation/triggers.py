"""Triggers: what happens elsewhere runs workflows."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from casare_cloud.client.automation.calls import Call, Sender, at, pages
from casare_cloud.client.automation.models import (
    Trigger,
    TriggerChecked,
    TriggerFired,
    TriggerList,
    TriggerManager,
    TriggerTypes,
    WebhookTaken,
)


class TriggerCalls(Sender):
    """Triggers."""

    async def list_triggers(
        self,
        *,
        page: int = 1,
        per_page: int = 20,
        workflow_id: str | None = None,
        trigger_type: str | None = None,
        is_enabled: bool | None = None,
    ) -> TriggerList:
        """Triggers, the newest first."""
        return await self._get(
            TriggerList,
            "/triggers",
            page=page,
            per_page=per_page,
            workflow_id=workflow_id,
            trigger_type=trigger_type,
            is_enabled=is_enabled,
        )

    iterate_triggers = pages(list_triggers, "triggers", Trigger)

    async def create_trigger(
        self,
        workflow_id: str,
        name: str,
        trigger_type: str,
        config: Mapping[str, Any] | None = None,
        *,
        is_enabled: bool = True,
    ) -> Trigger:
        """Make a trigger; a webhook's `path` and `secret` are in `config` of this answer, the secret in no other."""
        body = {
            "workflow_id": workflow_id,
            "name": name,
            "trigger_type": trigger_type,
            "config": config,
            "is_enabled": is_enabled,
        }
        return await self._post(Trigger, "/triggers", body, is_creating=True)

    async def list_trigger_types(self) -> TriggerTypes:
        """The kinds of triggers."""
        return await self._get(TriggerTypes, "/triggers/types")

    async def get_trigger_manager(self) -> TriggerManager:
        """Which kinds of triggers work, and which triggers are enabled."""
        return await self._get(TriggerManager, "/triggers/manager/status")

    async def check_trigger(self, trigger_type: str, config: Mapping[str, Any]) -> TriggerChecked:
        """Look at a configuration; nothing is made. `WrongState` says what is wrong with it."""
        return await self._post(TriggerChecked, "/triggers/test", {"trigger_type": trigger_type, "config": config})

    async def get_trigger(self, trigger_id: str) -> Trigger:
        """A trigger, without its secret."""
        return await self._get(Trigger, at("triggers", trigger_id))

    async def update_trigger(
        self,
        trigger_id: str,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
    ) -> Trigger:
        """Change what is given; `config` replaces the whole of it."""
        return await self._put(
            Trigger, at("triggers", trigger_id), {"name": name, "config": config, "is_enabled": is_enabled}
        )

    async def delete_trigger(self, trigger_id: str) -> None:
        """Delete a trigger; the executions that it began stay."""
        await self._delete(at("triggers", trigger_id))

    async def toggle_trigger(self, trigger_id: str) -> Trigger:
        """Enable a trigger that is not, or the other way round."""
        return await self._post(Trigger, at("triggers", trigger_id, "toggle"), is_repeatable=False)

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any] | None = None) -> TriggerFired:
        """Run the trigger's workflow now, enabled or not."""
        return await self._post(
            TriggerFired, at("triggers", trigger_id, "fire"), {"payload": payload}, is_creating=True
        )

    async def send_webhook(self, path: str, payload: Mapping[str, Any], secret: str | None = None) -> WebhookTaken:
        """Send to a webhook, as a service elsewhere does: signed with its secret, unless it wants no proof."""
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return await self.send(
            Call(
                "POST",
                f"/triggers/webhooks/{quote(path.lstrip('/'))}",
                WebhookTaken,
                body=body,
                headers=headers,
                is_repeatable=False,
                is_public=True,
            )
        )

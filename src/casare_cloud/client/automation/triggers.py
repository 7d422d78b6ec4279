"""Triggers: what happens elsewhere runs workflows."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, delete, get, post, put
from casare_cloud.client.automation.models import (
    Trigger,
    TriggerChecked,
    TriggerFired,
    TriggerList,
    TriggerManager,
    TriggerTypes,
    WebhookTaken,
)


class TriggerCalls:
    """Triggers."""

    @Endpoint
    def list_triggers(
        self,
        *,
        page: int = 1,
        per_page: int = 20,
        workflow_id: str | None = None,
        trigger_type: str | None = None,
        is_enabled: bool | None = None,
    ) -> Call[TriggerList]:
        """Triggers, the newest first."""
        return get(
            TriggerList,
            "/triggers",
            page=page,
            per_page=per_page,
            workflow_id=workflow_id,
            trigger_type=trigger_type,
            is_enabled=is_enabled,
        )

    iterate_triggers = Pages(list_triggers, "triggers", Trigger)

    @Endpoint
    def create_trigger(
        self,
        workflow_id: str,
        name: str,
        trigger_type: str,
        config: Mapping[str, Any] | None = None,
        *,
        is_enabled: bool = True,
    ) -> Call[Trigger]:
        """Make a trigger; a webhook's `path` and `secret` are in `config` of this answer, the secret in no other."""
        body = {
            "workflow_id": workflow_id,
            "name": name,
            "trigger_type": trigger_type,
            "config": config,
            "is_enabled": is_enabled,
        }
        return post(Trigger, "/triggers", body, is_creating=True)

    @Endpoint
    def list_trigger_types(self) -> Call[TriggerTypes]:
        """The kinds of triggers."""
        return get(TriggerTypes, "/triggers/types")

    @Endpoint
    def get_trigger_manager(self) -> Call[TriggerManager]:
        """Which kinds of triggers work, and which triggers are enabled."""
        return get(TriggerManager, "/triggers/manager/status")

    @Endpoint
    def check_trigger(self, trigger_type: str, config: Mapping[str, Any]) -> Call[TriggerChecked]:
        """Look at a configuration; nothing is made. `WrongState` says what is wrong with it."""
        return post(TriggerChecked, "/triggers/test", {"trigger_type": trigger_type, "config": config})

    @Endpoint
    def get_trigger(self, trigger_id: str) -> Call[Trigger]:
        """A trigger, without its secret."""
        return get(Trigger, at("triggers", trigger_id))

    @Endpoint
    def update_trigger(
        self,
        trigger_id: str,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
    ) -> Call[Trigger]:
        """Change what is given; `config` replaces the whole of it."""
        return put(Trigger, at("triggers", trigger_id), {"name": name, "config": config, "is_enabled": is_enabled})

    @Endpoint
    def delete_trigger(self, trigger_id: str) -> Call[None]:
        """Delete a trigger; the executions that it began stay."""
        return delete(at("triggers", trigger_id))

    @Endpoint
    def toggle_trigger(self, trigger_id: str) -> Call[Trigger]:
        """Enable a trigger that is not, or the other way round."""
        return post(Trigger, at("triggers", trigger_id, "toggle"), is_repeatable=False)

    @Endpoint
    def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any] | None = None) -> Call[TriggerFired]:
        """Run the trigger's workflow now, enabled or not."""
        return post(TriggerFired, at("triggers", trigger_id, "fire"), {"payload": payload}, is_creating=True)

    @Endpoint
    def send_webhook(self, path: str, payload: Mapping[str, Any], secret: str | None = None) -> Call[WebhookTaken]:
        """Send to a webhook, as a service elsewhere does: signed with its secret, unless it wants no proof."""
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return Call(
            "POST",
            f"/triggers/webhooks/{quote(path.lstrip('/'))}",
            WebhookTaken,
            body=body,
            headers=headers,
            is_repeatable=False,
            is_public=True,
        )

"""Triggers. Ids are UUIDs, times ISO 8601."""

from typing import Any, TypedDict


class Trigger(TypedDict):
    """A trigger. Its secret is in the answer that made it, in `config.secret`, and in no other."""

    id: str
    workflow_id: str
    name: str
    trigger_type: str
    config: dict[str, Any]
    is_enabled: bool
    trigger_count: int
    last_triggered_at: str | None
    error_message: str | None


class TriggerChecked(TypedDict):
    """Nothing is wrong with it."""

    message: str
    valid: bool


class TriggerFired(TypedDict):
    """The execution that was queued."""

    message: str
    execution_id: str | None


class TriggerList(TypedDict):
    """A page of triggers, the newest first."""

    triggers: list[Trigger]
    total: int
    page: int
    per_page: int


class RunningTrigger(TypedDict):
    """A trigger that is enabled."""

    type: str
    workflow_id: str
    started_at: str


class TriggerManager(TypedDict):
    """Which kinds of triggers work, and which triggers are enabled."""

    initialized: bool
    registered_handlers: list[str]
    active_triggers: int
    triggers: dict[str, RunningTrigger]


class TriggerType(TypedDict):
    """A kind of triggers."""

    type: str
    name: str


class TriggerTypes(TypedDict):
    """All of them."""

    types: list[TriggerType]


class WebhookTaken(TypedDict):
    """What was sent was taken; the execution that it began, if it did."""

    accepted: bool
    execution_id: str | None

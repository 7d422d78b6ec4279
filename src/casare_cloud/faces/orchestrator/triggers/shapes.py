"""Shapes of the trigger endpoints (api-decisions#triggers; the object of document 004)."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.triggers.model import Fired, NewTrigger, Outcome, RobotTrigger, Trigger, TriggerType
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Integer, Name
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.triggers import examples
from casare_cloud.faces.orchestrator.triggers.urls import urls_of

Config = Annotated[
    dict[str, Any],
    Field(description="What the type's `config_schema` allows, see GET /triggers/types. Unknown fields are refused."),
]
TypeWord = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="webhook, manual, schedule, workflow_call, error, event_bus, db_change, file_watch, email, form, "
        "chat or app_event. Also scheduled, cron, file_watcher, database and event.",
    ),
]


class CreateTriggerBody(Body):
    """A trigger to make. `config.secret` may be a sender's own of at least 16 characters; none: one is made."""

    model_config = showing(examples.CREATE_TRIGGER)

    workflow_id: UUID
    name: Name
    trigger_type: TypeWord
    config: Config = Field(default_factory=dict)
    is_enabled: Flag = True

    def trigger(self) -> NewTrigger:
        """What the domain calls it."""
        return NewTrigger(self.workflow_id, self.name, self.trigger_type, self.config, self.is_enabled)


class UpdateTriggerBody(Body):
    """What is to change; a field that is left out, or null, stays as it is.

    So do the names in `config` that are left out; null takes one away, but `auth` and `path`, which stay.
    """

    model_config = showing(examples.UPDATE_TRIGGER)

    workflow_id: UUID | None = None
    name: Name | None = None
    config: Config | None = None
    is_enabled: Flag | None = None

    def changes(self) -> dict[str, Any]:
        """The changes as the domain takes them."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"config"})
        return given if self.config is None else {**given, "config": self.config}


class TriggerAnswer(Answer):
    """A trigger. `webhook_url` is where its sender posts to; `path_url` is the other route to it, for any body."""

    model_config = showing(examples.TRIGGER)

    id: UUID
    trigger_id: UUID
    workflow_id: UUID
    workflow_name: str
    name: str
    trigger_type: str
    config: dict[str, Any]
    is_enabled: bool
    disabled_reason: str | None
    trigger_count: int
    last_triggered_at: Time | None
    error_message: str | None
    schedule_id: UUID | None
    webhook_url: str | None
    path_url: str | None
    created_by: UUID | None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, trigger: Trigger, webhooks_url: str) -> "TriggerAnswer":
        """A trigger in the published words."""
        return cls.model_validate(_facts(trigger, webhooks_url))


class TriggerCreated(TriggerAnswer):
    """The trigger that was made, with the secret of its sender, which is shown this once; null: it needs none."""

    model_config = showing(examples.TRIGGER_CREATED)

    secret: str | None

    @classmethod
    def made(cls, trigger: Trigger, webhooks_url: str, secret: str | None) -> "TriggerCreated":
        """A trigger in the published words, and its secret."""
        return cls.model_validate({**_facts(trigger, webhooks_url), "secret": secret})


def _facts(trigger: Trigger, webhooks_url: str) -> dict[str, Any]:
    return {**asdict(trigger), "id": trigger.trigger_id, **asdict(urls_of(trigger, webhooks_url))}


class TriggerList(Answer):
    """A page of triggers, the newest first."""

    model_config = showing(examples.TRIGGERS)

    triggers: list[TriggerAnswer]
    total: int
    limit: int
    offset: int


class TriggerDeleted(Answer):
    """The trigger is gone."""

    model_config = showing(examples.TRIGGER_DELETED)

    status: Literal["success"]
    message: str


class RotateSecretBody(Body):
    """How the secret changes: `secret` is a sender's own; none: one is made."""

    model_config = showing(examples.ROTATE)

    overlap_seconds: Annotated[
        Integer, Field(ge=0, le=691200, description="For so long the secret before holds, too; 0: not at all.")
    ] = 86400
    secret: Annotated[str | None, Field(min_length=16, max_length=512)] = None


class SecretRotated(Answer):
    """The new secret, which is shown this once."""

    model_config = showing(examples.ROTATED)

    trigger_id: UUID
    secret: str
    overlap_seconds: int


class TypeAnswer(Answer):
    """A kind of trigger: who fires it, and what its configuration may hold. `available`: whether it can be made."""

    model_config = showing(examples.TYPE)

    type: str
    name: str
    description: str
    fired_by: str
    available: bool
    unavailable_reason: str | None
    config_schema: dict[str, Any]

    @classmethod
    def of(cls, kind: TriggerType) -> "TypeAnswer":
        """A type in the published words."""
        return cls(
            type=kind.trigger_type,
            name=kind.title,
            description=kind.description,
            fired_by=kind.fired_by,
            available=kind.unavailable is None,
            unavailable_reason=kind.unavailable,
            config_schema=kind.config_schema,
        )


class TypeList(Answer):
    """The kinds of triggers."""

    model_config = showing(examples.TYPES)

    types: list[TypeAnswer]


class ActiveTrigger(Answer):
    """A trigger that is enabled, and since when it is as it is."""

    model_config = showing(examples.ACTIVE)

    type: str
    workflow_id: UUID
    started_at: Time


class ManagerStatus(Answer):
    """What is served: the types that can be made, and the newest 1,000 enabled triggers by their ids."""

    model_config = showing(examples.STATUS)

    initialized: bool
    registered_handlers: list[str]
    active_triggers: int
    triggers: dict[str, ActiveTrigger]

    @classmethod
    def of(cls, types: list[TriggerType], triggers: list[Trigger], total: int) -> "ManagerStatus":
        """The status of a tenant's triggers."""
        return cls(
            initialized=True,
            registered_handlers=[kind.trigger_type for kind in types if kind.unavailable is None],
            active_triggers=total,
            triggers={
                str(item.trigger_id): ActiveTrigger(
                    type=item.trigger_type, workflow_id=item.workflow_id, started_at=item.updated_at
                )
                for item in triggers
            },
        )


class TestTriggerBody(Body):
    """A configuration to look at."""

    model_config = showing(examples.TEST)

    trigger_type: TypeWord
    config: Config = Field(default_factory=dict)


class TriggerTested(Answer):
    """The configuration can be used."""

    model_config = showing(examples.TESTED)

    valid: Literal[True]
    message: str


class FireBody(Body):
    """What the trigger is fired with. The same `delivery_id` again fires nothing, and gets the first answer."""

    model_config = showing(examples.FIRE)

    payload: dict[str, Any] = Field(default_factory=dict)
    delivery_id: Annotated[str | None, Field(min_length=1, max_length=255)] = None


class TriggerFired(Answer):
    """What became of it: accepted, duplicate, and for robots filtered or limited. `job_id` is null without a job."""

    model_config = showing(examples.FIRED)

    status: Outcome
    trigger_id: UUID
    delivery_id: UUID | None
    job_id: UUID | None
    message: str
    cooldown_remaining: int | None

    @classmethod
    def of(cls, fired: Fired) -> "TriggerFired":
        """An answer in the published words."""
        return cls(
            status=fired.outcome,
            trigger_id=fired.trigger_id,
            delivery_id=fired.delivery_id,
            job_id=fired.job_id,
            message=fired.reason or ("Workflow execution triggered" if fired.job_id else "No job came of it"),
            cooldown_remaining=fired.cooldown_remaining,
        )


class TriggerStats(Answer):
    """How often deliveries ended in which way since the trigger was made; of those with no job, all are counted."""

    model_config = showing(examples.STATS)

    trigger_id: UUID
    accepted: Annotated[int, Field(validation_alias="trigger_count")]
    duplicate: Annotated[int, Field(validation_alias="duplicate_count")]
    filtered: Annotated[int, Field(validation_alias="filtered_count")]
    rejected: Annotated[int, Field(validation_alias="rejected_count")]
    limited: Annotated[int, Field(validation_alias="limited_count")]
    last_triggered_at: Time | None
    error_message: str | None


class DeliveryAnswer(Answer):
    """What came to the trigger, and what became of it."""

    model_config = showing(examples.DELIVERY)

    delivery_id: UUID
    received_at: Time
    source: str
    outcome: Outcome
    status_code: int
    reason: str | None
    message_id: str | None
    job_id: UUID | None
    first_id: UUID | None
    replay_of: UUID | None
    request: dict[str, Any]


class DeliveryWithPayload(DeliveryAnswer):
    """A delivery with what it held; null when that is not kept any more, or never was."""

    model_config = showing(examples.DELIVERY_WITH_PAYLOAD)

    payload: dict[str, Any] | None


class DeliveryList(Answer):
    """A page of deliveries, the newest first."""

    model_config = showing(examples.DELIVERIES)

    deliveries: list[DeliveryAnswer]
    total: int
    limit: int
    offset: int


class RobotTriggerAnswer(Answer):
    """A trigger that a robot is to watch."""

    model_config = showing(examples.ROBOT_TRIGGER)

    trigger_id: UUID
    name: str
    trigger_type: str
    config: dict[str, Any]
    updated_at: Time


class RobotTriggerList(Answer):
    """What the calling robot is to watch."""

    model_config = showing(examples.ROBOT_TRIGGERS)

    triggers: list[RobotTriggerAnswer]

    @classmethod
    def of(cls, items: list[RobotTrigger]) -> "RobotTriggerList":
        """The list as the service gives it."""
        return cls(triggers=[RobotTriggerAnswer.model_validate(item) for item in items])

"""Triggers: what happens elsewhere runs workflows (document 004)."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from casare_cloud.domain.triggers import service
from casare_cloud.domain.triggers.model import Filter, NewTrigger, Trigger
from casare_cloud.errors import ApiError
from casare_cloud.faces.automation.fields import TriggerId, changes_in
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.automation.triggers import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Name
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.key_ring import KeyRing

router = APIRouter(prefix="/triggers", tags=["triggers"], route_class=Route)

MOST_IN_ARRAY = 200
TypeWord = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="webhook, schedule, file_watch, email, db_change, api_poll, event_bus or manual; also cron, "
        "file_watcher, database and event.",
    ),
]


class TriggerBody(Body):
    """A trigger to make."""

    model_config = showing(examples.NEW)

    workflow_id: UUID
    name: Name
    trigger_type: TypeWord
    config: dict[str, Any] = Field(default_factory=dict)
    is_enabled: Flag = True


class TriggerChanges(Body):
    """What shall be otherwise. `config`: the names in it; null takes one away, and what is not named stays."""

    model_config = showing(examples.CHANGES)

    name: Name | None = None
    config: dict[str, Any] | None = None
    is_enabled: Flag | None = None


class TriggerAnswer(Answer):
    """A trigger. Its secret is in the answer that made it, in `config.secret`, and in no other."""

    model_config = showing(examples.TRIGGER)

    id: UUID
    workflow_id: UUID
    name: str
    trigger_type: str
    config: dict[str, Any]
    is_enabled: bool
    trigger_count: int
    last_triggered_at: Time | None
    error_message: str | None

    @classmethod
    def of(cls, trigger: Trigger, secret: str | None = None) -> Self:
        """A trigger as the service gives it."""
        path = {} if trigger.path is None else {"path": trigger.path}
        shown = {} if secret is None else {"secret": secret}
        return cls(
            id=trigger.trigger_id,
            workflow_id=trigger.workflow_id,
            name=trigger.name,
            trigger_type=trigger.trigger_type,
            config={**trigger.config, **path, **shown},
            is_enabled=trigger.is_enabled,
            trigger_count=trigger.trigger_count,
            last_triggered_at=trigger.last_triggered_at,
            error_message=trigger.error_message,
        )


class TriggerList(Answer):
    """A page of triggers, the newest first."""

    model_config = showing(examples.TRIGGERS)

    triggers: list[TriggerAnswer]
    total: int
    page: int
    per_page: int


class TypeAnswer(Answer):
    """A kind of triggers."""

    model_config = showing(examples.TYPE)

    type: str
    name: str


class TypeList(Answer):
    """All of them."""

    model_config = showing(examples.TYPES)

    types: list[TypeAnswer]


class RunningTrigger(Answer):
    """A trigger that is enabled."""

    model_config = showing(examples.RUNNING)

    type: str
    workflow_id: UUID
    started_at: Time


class ManagerStatus(Answer):
    """Which kinds of triggers work, and which triggers are enabled."""

    model_config = showing(examples.STATUS)

    initialized: bool
    registered_handlers: list[str]
    active_triggers: int
    triggers: dict[str, RunningTrigger]


class CheckBody(Body):
    """A configuration to look at."""

    model_config = showing(examples.TEST)

    trigger_type: TypeWord
    config: dict[str, Any] = Field(default_factory=dict)


class Checked(Answer):
    """Nothing is wrong with it."""

    model_config = showing(examples.TESTED)

    message: str
    valid: bool


class FireTriggerBody(Body):
    """What the run gets."""

    model_config = showing(examples.FIRE)

    payload: dict[str, Any] = Field(default_factory=dict)


class TriggerFiredAnswer(Answer):
    """The execution that was queued."""

    model_config = showing(examples.FIRED)

    message: str
    execution_id: UUID | None


@router.get("", responses=refusals())
async def list_triggers(
    request: Request,
    tx: Tx,
    page: Annotated[NumberedPage, numbered_page()],
    workflow_id: Annotated[UUID | None, Query()] = None,
    trigger_type: Annotated[str | None, Query(max_length=64)] = None,
    is_enabled: Annotated[bool | None, Query()] = None,
) -> list[TriggerAnswer] | TriggerList:
    """List triggers, the newest first: the first 200 as an array, or with `page` or `per_page` a page of them.

    Needs triggers.read.
    """
    wanted = Filter(workflow_id, trigger_type, is_enabled)
    if not request.query_params.keys() & {"page", "per_page"}:
        items, _ = await service.list_some(tx, wanted, MOST_IN_ARRAY, 0)
        return [TriggerAnswer.of(item) for item in items]
    items, total = await service.list_some(tx, wanted, page.limit, page.offset)
    return TriggerList(triggers=[TriggerAnswer.of(item) for item in items], **page.facts(total))


@router.post("", status_code=201, **idempotent(404, 501))
@shown_once("config.secret")
async def create_trigger(body: TriggerBody, call: CurrentCall) -> TriggerAnswer:
    """Make a trigger; a webhook's path and secret are in this answer, the secret in no other.

    409 WEBHOOK_PATH_TAKEN or TOO_MANY_TRIGGERS; 501 TRIGGER_TYPE_UNAVAILABLE. Needs triggers.write, and
    schedules.write for one of type schedule.
    """
    trigger, secret = await service.create(call.tx, _ring(call), NewTrigger(**body.model_dump()))
    return TriggerAnswer.of(trigger, secret)


@router.get("/types", responses=refusals())
async def list_trigger_types(tx: Tx) -> TypeList:
    """The kinds of triggers. Needs triggers.read."""
    return TypeList(
        types=[TypeAnswer(type=kind.trigger_type, name=kind.title) for kind in await service.list_types(tx)]
    )


@router.get("/manager/status", responses=refusals())
async def get_manager_status(tx: Tx) -> ManagerStatus:
    """Which kinds of triggers work, and which triggers are enabled, at most 1,000. Needs triggers.read."""
    kinds = await service.list_types(tx)
    enabled, total = await service.list_some(tx, Filter(is_enabled=True), 1000, 0)
    return ManagerStatus(
        initialized=True,
        registered_handlers=[kind.trigger_type for kind in kinds if kind.unavailable is None],
        active_triggers=total,
        triggers={
            str(each.trigger_id): RunningTrigger(
                type=each.trigger_type, workflow_id=each.workflow_id, started_at=each.updated_at
            )
            for each in enabled
        },
    )


@router.post("/test", responses=refusals(400))
async def check_configuration(body: CheckBody, tx: Tx) -> Checked:
    """Look at a configuration; nothing is made. 400 with what is wrong. Needs triggers.read."""
    problem = await service.test(tx, body.trigger_type, body.config)
    if problem is not None:
        raise ApiError(400, "TRIGGER_CONFIG_WRONG", problem)
    return Checked(message="The configuration can be used.", valid=True)


@router.get("/{trigger_id}", responses=refusals(404))
async def get_trigger(trigger_id: TriggerId, tx: Tx) -> TriggerAnswer:
    """A trigger, without its secret. Needs triggers.read."""
    return TriggerAnswer.of(await service.get(tx, trigger_id))


@router.put("/{trigger_id}", responses=refusals(400, 404, 409))
async def update_trigger(trigger_id: TriggerId, body: TriggerChanges, tx: Tx) -> TriggerAnswer:
    """Change what is named; 400 NOTHING_TO_CHANGE. Needs triggers.write."""
    changes = await changes_in(body, lambda: service.get(tx, trigger_id))
    return TriggerAnswer.of(await service.update(tx, trigger_id, changes))


@router.delete("/{trigger_id}", status_code=204, responses=refusals(404))
async def delete_trigger(trigger_id: TriggerId, tx: Tx) -> None:
    """Delete a trigger; the executions that it began stay. Needs triggers.write."""
    await service.delete(tx, trigger_id)


@router.post("/{trigger_id}/toggle", responses=refusals(404))
async def toggle_trigger(trigger_id: TriggerId, tx: Tx) -> TriggerAnswer:
    """Enable a trigger that is not, or the other way round. Needs triggers.write."""
    return TriggerAnswer.of(await service.toggle(tx, trigger_id))


@router.post("/{trigger_id}/fire", **idempotent(400, 404))
async def fire_trigger(trigger_id: TriggerId, tx: Tx, body: FireTriggerBody | None = None) -> TriggerFiredAnswer:
    """Run the trigger's workflow now, enabled or not, past its filters and limits. Needs triggers.fire."""
    fired = await service.fire(tx, trigger_id, body.payload if body else {})
    if fired.job_id is None:
        raise ApiError(400, "TRIGGER_NOT_FIRED", fired.reason or "The trigger does not want this.")
    return TriggerFiredAnswer(message="The workflow was started.", execution_id=fired.job_id)


def _ring(call: CurrentCall) -> KeyRing:
    return KeyRing.read(call.services.settings.secret_keys)

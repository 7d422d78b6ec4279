"""Triggers: make, change, test, fire, look at deliveries, rotate secrets (api-decisions#triggers; document 004)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from casare_cloud.domain.triggers import service
from casare_cloud.domain.triggers.model import Filter, Outcome
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.triggers.shapes import (
    CreateTriggerBody,
    DeliveryAnswer,
    DeliveryList,
    DeliveryWithPayload,
    FireBody,
    ManagerStatus,
    RobotTriggerList,
    RotateSecretBody,
    SecretRotated,
    TestTriggerBody,
    TriggerAnswer,
    TriggerCreated,
    TriggerDeleted,
    TriggerFired,
    TriggerList,
    TriggerStats,
    TriggerTested,
    TypeAnswer,
    TypeList,
    UpdateTriggerBody,
)
from casare_cloud.key_ring import KeyRing

router = APIRouter(prefix="/triggers", tags=["triggers"], route_class=Route)

TriggerId = Annotated[UUID, Path(description="The id of the trigger.")]
DeliveryId = Annotated[UUID, Path(description="The id of the delivery.")]


@router.post("", status_code=201, **idempotent(404, 501))
@shown_once("secret")
async def create_trigger(body: CreateTriggerBody, call: CurrentCall) -> TriggerCreated:
    """Make a trigger. A webhook's `secret` is in this answer and in no other.

    409 WEBHOOK_PATH_TAKEN or TOO_MANY_TRIGGERS; 501 TRIGGER_TYPE_UNAVAILABLE for a type that does not work yet. Needs
    triggers.write, and schedules.write for one of type schedule.
    """
    trigger, secret = await service.create(call.tx, _ring(call), body.trigger())
    return TriggerCreated.made(trigger, _url(call), secret)


@router.get("", responses=refusals())
async def list_triggers(
    call: CurrentCall,
    page: Annotated[Page, page(100, 1000)],
    workflow_id: Annotated[UUID | None, Query()] = None,
    trigger_type: Annotated[str | None, Query(max_length=64)] = None,
    is_enabled: Annotated[bool | None, Query()] = None,
) -> TriggerList:
    """List triggers, the newest first. Needs triggers.read."""
    wanted = Filter(workflow_id, trigger_type, is_enabled)
    items, total = await service.list_some(call.tx, wanted, page.limit, page.offset)
    triggers = [TriggerAnswer.of(item, _url(call)) for item in items]
    return TriggerList(triggers=triggers, **page.facts(total))


@router.get("/types", responses=refusals())
async def list_trigger_types(tx: Tx) -> TypeList:
    """The kinds of triggers with the JSON Schema of their configurations. Needs triggers.read."""
    return TypeList(types=[TypeAnswer.of(kind) for kind in await service.list_types(tx)])


@router.get("/manager/status", responses=refusals())
async def get_trigger_status(tx: Tx) -> ManagerStatus:
    """Which types there are, and which triggers are enabled. Needs triggers.read."""
    triggers, total = await service.list_some(tx, Filter(is_enabled=True), 1000, 0)
    return ManagerStatus.of(await service.list_types(tx), triggers, total)


@router.get("/assigned", responses=refusals())
async def list_assigned_triggers(tx: Tx) -> RobotTriggerList:
    """What the calling robot is to watch, of the kinds that robots see; it fires them. For robots, with their key."""
    return RobotTriggerList.of(await service.list_for_robot(tx))


@router.post("/test", responses=refusals())
async def check_trigger(body: TestTriggerBody, tx: Tx) -> TriggerTested:
    """Look at a configuration; nothing is made. 400 with what is wrong. Needs triggers.read."""
    problem = await service.test(tx, body.trigger_type, body.config)
    if problem is not None:
        raise InvalidArgument(problem)
    return TriggerTested(valid=True, message="The configuration can be used.")


@router.get("/{trigger_id}", responses=refusals(404))
async def get_trigger(trigger_id: TriggerId, call: CurrentCall) -> TriggerAnswer:
    """One trigger, without its secret. Needs triggers.read."""
    return TriggerAnswer.of(await service.get(call.tx, trigger_id), _url(call))


@router.put("/{trigger_id}", responses=refusals(404, 409))
async def update_trigger(trigger_id: TriggerId, body: UpdateTriggerBody, call: CurrentCall) -> TriggerAnswer:
    """Change what is named, and in `config` the names that it has; null takes one away: `{"config": {"schema": null}}`.

    `config.auth` stays: make another trigger for another form. Needs triggers.write.
    """
    return TriggerAnswer.of(await service.update(call.tx, trigger_id, body.changes()), _url(call))


@router.delete("/{trigger_id}", responses=refusals(404))
async def delete_trigger(trigger_id: TriggerId, tx: Tx) -> TriggerDeleted:
    """Delete a trigger; the jobs that it queued stay, and its path is free again. Needs triggers.write."""
    await service.delete(tx, trigger_id)
    return TriggerDeleted(status="success", message=f"Trigger deleted: {trigger_id}")


@router.put("/{trigger_id}/enable", responses=refusals(404))
async def enable_trigger(trigger_id: TriggerId, call: CurrentCall) -> TriggerAnswer:
    """Let a trigger fire again. Needs triggers.write."""
    return TriggerAnswer.of(await service.update(call.tx, trigger_id, {"is_enabled": True}), _url(call))


@router.put("/{trigger_id}/disable", responses=refusals(404))
async def disable_trigger(trigger_id: TriggerId, call: CurrentCall) -> TriggerAnswer:
    """Keep a trigger from firing: to its senders it is not there. Needs triggers.write."""
    return TriggerAnswer.of(await service.update(call.tx, trigger_id, {"is_enabled": False}), _url(call))


@router.post("/{trigger_id}/fire", **idempotent(404))
async def fire_trigger(trigger_id: TriggerId, tx: Tx, body: FireBody | None = None) -> TriggerFired:
    """Queue a job of the trigger now, enabled or not, past its filters and limits; its mapping and contract hold.

    A robot fires those of the kinds that robots see, with its key; for it filters and limits hold.
    Needs triggers.fire.
    """
    given = body or FireBody()
    return TriggerFired.of(await service.fire(tx, trigger_id, given.payload, given.delivery_id))


@router.post("/{trigger_id}/rotate-secret", **idempotent(404))
@shown_once("secret")
async def rotate_trigger_secret(
    trigger_id: TriggerId, call: CurrentCall, body: RotateSecretBody | None = None
) -> SecretRotated:
    """Give a webhook a new secret; the one before holds for `overlap_seconds` more. Needs triggers.write and .read."""
    given = body or RotateSecretBody()
    _, secret = await service.rotate_secret(call.tx, _ring(call), trigger_id, given.secret, given.overlap_seconds)
    return SecretRotated(trigger_id=trigger_id, secret=secret, overlap_seconds=given.overlap_seconds)


@router.get("/{trigger_id}/stats", responses=refusals(404))
async def get_trigger_stats(trigger_id: TriggerId, tx: Tx) -> TriggerStats:
    """How often deliveries ended in which way. Needs triggers.read."""
    return TriggerStats.model_validate(await service.get(tx, trigger_id))


@router.get("/{trigger_id}/deliveries", responses=refusals(404))
async def list_deliveries(
    trigger_id: TriggerId,
    tx: Tx,
    page: Annotated[Page, page(100, 1000)],
    outcome: Annotated[Outcome | None, Query()] = None,
) -> DeliveryList:
    """What came to a trigger, the newest first; of what came to no job, at most 60 a minute. Needs triggers.read."""
    found, total = await service.list_deliveries(tx, trigger_id, outcome, page.limit, page.offset)
    deliveries = [DeliveryAnswer.model_validate(delivery) for delivery in found]
    return DeliveryList(deliveries=deliveries, **page.facts(total))


@router.get("/{trigger_id}/deliveries/{delivery_id}", responses=refusals(404))
async def get_delivery(trigger_id: TriggerId, delivery_id: DeliveryId, tx: Tx) -> DeliveryWithPayload:
    """One delivery with what it held. Needs triggers.read."""
    return DeliveryWithPayload.model_validate(await service.get_delivery(tx, trigger_id, delivery_id))


@router.post("/{trigger_id}/deliveries/{delivery_id}/replay", **idempotent(404))
async def replay_delivery(trigger_id: TriggerId, delivery_id: DeliveryId, tx: Tx) -> TriggerFired:
    """Let a delivery come again, as the trigger is now; 409 DELIVERY_BODY_GONE. Needs triggers.fire and .read."""
    return TriggerFired.of(await service.replay(tx, trigger_id, delivery_id))


def _ring(call: CurrentCall) -> KeyRing:
    return KeyRing.read(call.services.settings.secret_keys)


def _url(call: CurrentCall) -> str:
    return call.services.settings.webhooks_url

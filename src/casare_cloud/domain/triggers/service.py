"""What can be done with triggers. Every rule is in the SQL functions that are called here, but for paths and contracts,
which the database cannot read, and secrets, which it must not."""

import asyncio
import base64
import hashlib
import secrets
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.permissions import require, require_found
from casare_cloud.domain.rows import split_page
from casare_cloud.domain.triggers import matching, queries
from casare_cloud.domain.triggers.model import (
    Delivery,
    Filter,
    Fired,
    NewTrigger,
    Outcome,
    RobotTrigger,
    Trigger,
    TriggerType,
    stored_config,
    stored_type,
)
from casare_cloud.domain.triggers.receiving import InvalidConfiguration, place_of
from casare_cloud.domain.triggers.signatures import SHOWN, STANDARD_PREFIX, key_of_secret, public_key_of
from casare_cloud.errors import ApiError, InvalidArgument, NotFound
from casare_cloud.key_ring import KeyRing


class TriggerNotFound(NotFound):
    """There is no such trigger, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("TRIGGER_NOT_FOUND", "There is no such trigger.")


class DeliveryNotFound(NotFound):
    """There is no such delivery, or it is another trigger's."""

    def __init__(self) -> None:
        super().__init__("DELIVERY_NOT_FOUND", "There is no such delivery.")


async def create(tx: Transaction, ring: KeyRing, new: NewTrigger) -> tuple[Trigger, str | None]:
    """Make a trigger and return it with its secret, which is shown this once; None when its senders need none.

    Raises 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WEBHOOK_PATH_TAKEN or TOO_MANY_TRIGGERS,
    501 TRIGGER_TYPE_UNAVAILABLE, 400 INVALID_ARGUMENT. Needs triggers.write.
    """
    config = stored_config(new.config)
    secret = config.pop("secret", None)
    row = await tx.fetch_one(
        queries.CREATE_TRIGGER,
        {
            "workflow_id": new.workflow_id,
            "name": new.name,
            "trigger_type": stored_type(new.trigger_type),
            "config": config,
            "is_enabled": new.is_enabled,
        },
    )
    assert row is not None
    trigger = Trigger(**row)
    await _check_config(config)
    if not _has_secret(trigger):
        if secret is not None:
            raise InvalidArgument("config.secret: nobody proves anything to this trigger with a secret.")
        return trigger, None
    return trigger, await _set_secret(tx, ring, trigger, secret, 0)


async def update(tx: Transaction, trigger_id: UUID, changes: dict[str, Any]) -> Trigger:
    """Change the named fields, and of config the named ones; 404 TRIGGER_NOT_FOUND. Needs triggers.write.

    None leaves a field as it is, and takes a name of config away.
    """
    if changes.get("config") is not None:
        changes = {**changes, "config": stored_config(changes["config"])}
        if "secret" in changes["config"]:
            raise InvalidArgument("config.secret cannot be changed here: rotate the secret.")
    row = await tx.fetch_one(queries.UPDATE_TRIGGER, {"trigger_id": trigger_id, "changes": changes})
    assert row is not None
    if changes.get("config") is not None:
        await _check_config(row["config"])
    return Trigger(**row)


async def toggle(tx: Transaction, trigger_id: UUID) -> Trigger:
    """Enable a trigger that is not, or disable one that is. Raises as `update`. Needs triggers.write."""
    row = await tx.fetch_one(queries.TOGGLE_TRIGGER, {"trigger_id": trigger_id})
    assert row is not None
    return Trigger(**row)


async def rotate_secret(
    tx: Transaction, ring: KeyRing, trigger_id: UUID, secret: str | None, overlap_seconds: int
) -> tuple[Trigger, str]:
    """Give a webhook a new secret, and return it; the old one holds for `overlap_seconds` more.

    Raises 404 TRIGGER_NOT_FOUND, 409 TRIGGER_HAS_NO_SECRET. Needs triggers.write.
    """
    await require(tx, "triggers.write")
    trigger = await get(tx, trigger_id)
    return trigger, await _set_secret(tx, ring, trigger, secret, overlap_seconds)


async def list_some(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Trigger], int]:
    """(triggers, the newest first; how many in all). Needs triggers.read."""
    rows = await tx.fetch_all(
        queries.LIST_TRIGGERS,
        {
            "workflow_id": wanted.workflow_id,
            "trigger_type": stored_type(wanted.trigger_type) if wanted.trigger_type else None,
            "is_enabled": wanted.is_enabled,
            "limit": limit,
            "offset": offset,
        },
    )
    items, total = split_page(rows, "trigger_id")
    if not total:
        await require(tx, "triggers.read")
    return [Trigger(**item) for item in items], total


async def get(tx: Transaction, trigger_id: UUID) -> Trigger:
    """One trigger; `TriggerNotFound`. Needs triggers.read."""
    row = await tx.fetch_one(queries.GET_TRIGGER, {"trigger_id": trigger_id})
    return Trigger(**await require_found(tx, row, "triggers.read", TriggerNotFound))


async def delete(tx: Transaction, trigger_id: UUID) -> None:
    """Take a trigger away; 404 TRIGGER_NOT_FOUND. Needs triggers.write."""
    await tx.execute(queries.DELETE_TRIGGER, {"trigger_id": trigger_id})


async def test(tx: Transaction, trigger_type: str, config: dict[str, Any]) -> str | None:
    """What is wrong with a configuration, as a sentence; None when nothing is. Needs triggers.read."""
    stored = stored_config(config)
    secret = stored.pop("secret", None)
    problem: str | None = await tx.fetch_value(
        queries.TEST_TRIGGER, {"trigger_type": stored_type(trigger_type), "config": stored}
    )
    if problem is None:
        try:
            await _check_config(stored)
            if secret is not None:
                _read_secret(stored.get("auth", "secret"), secret)
        except InvalidArgument as error:
            problem = error.message
    return problem


async def list_types(tx: Transaction) -> list[TriggerType]:
    """The kinds of triggers with the schemas of their configurations. Needs triggers.read."""
    return [TriggerType(**row) for row in await tx.fetch_all(queries.LIST_TYPES)]


async def list_for_robot(tx: Transaction) -> list[RobotTrigger]:
    """What the calling robot is to watch. Needs jobs.report, of a robot."""
    return [RobotTrigger(**row) for row in await tx.fetch_all(queries.LIST_ROBOT_TRIGGERS)]


async def fire(tx: Transaction, trigger_id: UUID, payload: dict[str, Any], message_id: str | None = None) -> Fired:
    """Fire a trigger now, past its filters and limits unless a robot does; its mapping and contract hold.

    Raises 404 TRIGGER_NOT_FOUND, 409 TRIGGER_DISABLED (robots), what enqueueing raises. Needs triggers.fire.
    """
    return await _fire(tx, trigger_id, payload, message_id, None)


async def replay(tx: Transaction, trigger_id: UUID, delivery_id: UUID) -> Fired:
    """Let a delivery come again, as the trigger is now; 404 DELIVERY_NOT_FOUND, 409 DELIVERY_BODY_GONE.

    Needs triggers.fire and triggers.read.
    """
    delivery = await get_delivery(tx, trigger_id, delivery_id)
    return await _fire(tx, trigger_id, delivery.payload, None, delivery_id)


async def list_deliveries(
    tx: Transaction, trigger_id: UUID, outcome: Outcome | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """(what came to a trigger, the newest first; how many in all); `TriggerNotFound`. Needs triggers.read."""
    trigger = await get(tx, trigger_id)
    rows = await tx.fetch_all(
        queries.LIST_DELIVERIES,
        {
            "tenant_id": trigger.tenant_id,
            "trigger_id": trigger_id,
            "outcome": outcome,
            "limit": limit,
            "offset": offset,
        },
    )
    items, total = split_page(rows, "delivery_id")
    return [Delivery(**item) for item in items], total


async def get_delivery(tx: Transaction, trigger_id: UUID, delivery_id: UUID) -> Delivery:
    """One delivery with what it held, if that is kept; `DeliveryNotFound`. Needs triggers.read."""
    row = await tx.fetch_one(queries.GET_DELIVERY, {"trigger_id": trigger_id, "delivery_id": delivery_id})
    return Delivery(**await require_found(tx, row, "triggers.read", DeliveryNotFound))


async def _fire(
    tx: Transaction,
    trigger_id: UUID,
    payload: dict[str, Any] | None,
    message_id: str | None,
    replay_of: UUID | None,
) -> Fired:
    row = await tx.fetch_one(queries.GET_TRIGGER, {"trigger_id": trigger_id})
    job_input, concurrency_key = None, None
    if row is not None and payload is not None:  # else it is not visible: a robot's, or nobody's
        job_input, concurrency_key = await asyncio.to_thread(_match, Trigger(**row), payload)
    fired = await tx.fetch_one(
        queries.FIRE_TRIGGER,
        {
            "trigger_id": trigger_id,
            "payload": payload,
            "input": job_input,
            "concurrency_key": concurrency_key,
            "message_id": message_id,
            "replay_of": replay_of,
        },
    )
    assert fired is not None
    answer = Fired(**fired)
    if answer.outcome == "rejected":
        raise ApiError(answer.status_code, answer.error_code or "REFUSED", answer.reason or "Refused.")
    return answer


def _match(trigger: Trigger, payload: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    matching.within_time(trigger.config)
    try:
        schema = trigger.config.get("schema")
        if schema is not None and (problem := matching.contract_problem(schema, payload)) is not None:
            raise InvalidArgument(f"payload breaks the contract: {problem}")
        return matching.input_of(trigger.config, payload), matching.concurrency_key_of(trigger.config, payload)
    except matching.TooCostly as rest:
        raise InvalidArgument(f"payload: the trigger's rules {rest}.") from None
    except ValueError as problem:
        raise InvalidConfiguration(problem) from None


async def _check_config(config: dict[str, Any]) -> None:
    problem = await asyncio.to_thread(matching.find_config_problem, config)
    if problem is None and "public_key" in config:
        try:
            public_key_of(config["public_key"])
        except ValueError:
            problem = "config.public_key must be whpk_ and 32 bytes in base64."
    if problem is not None:
        raise InvalidArgument(problem)


def _has_secret(trigger: Trigger) -> bool:
    if trigger.trigger_type != "webhook" or trigger.config["auth"] == "none":
        return False
    return not (trigger.config["auth"] == "standard" and "public_key" in trigger.config)


async def _set_secret(tx: Transaction, ring: KeyRing, trigger: Trigger, given: Any, overlap_seconds: int) -> str:
    auth = trigger.config.get("auth", "none")
    secret = _new_secret(auth) if given is None else given
    key = _read_secret(auth, secret)
    is_shown = auth in SHOWN
    await tx.execute(
        queries.SET_SECRET,
        {
            "trigger_id": trigger.trigger_id,
            "key_hash": hashlib.sha256(key).digest() if is_shown else None,
            "sealed": None if is_shown else ring.seal(key, place_of(trigger.tenant_id, trigger.trigger_id)),
            "overlap_seconds": overlap_seconds,
        },
    )
    return secret if isinstance(secret, str) else ""


def _new_secret(auth: str) -> str:
    if auth == "standard":
        return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def _read_secret(auth: str, secret: Any) -> bytes:
    try:
        if not isinstance(secret, str):
            raise ValueError("must be a text")
        return key_of_secret(auth, secret)
    except ValueError as rule:
        raise InvalidArgument(f"config.secret {rule}.") from None

"""What a sender delivers to a webhook: who it is, whether the trigger wants it, and what becomes of it.

Two round trips: one finds the trigger, one transaction answers. In between the sender proves itself, over the body as
it came. Whoever does not know the secret changes nothing but a count, and learns nothing.

What was found is remembered for a minute, so that most deliveries are one round trip: who proves itself by what this
process remembers is answered by the transaction, if the trigger still is as it is remembered. Everybody else, and
every refusal, is looked up anew.
"""

import asyncio
import hashlib
import ipaddress
import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from casare_cloud.database import Database
from casare_cloud.domain.triggers import matching, queries
from casare_cloud.domain.triggers.model import Fired
from casare_cloud.domain.triggers.signatures import Secrets, Signed, Unproven, verify
from casare_cloud.domain.turns import turn_of
from casare_cloud.errors import ApiError, AuthenticationFailed
from casare_cloud.key_ring import KeyRing

# Headers that somebody proves something with, ours and those of other senders and of proxies: nobody writes them down.
_PROVING = re.compile("auth|secret|token|signature|hmac|api-?key|cookie|password|credential|assertion|jwt")
_ID_HEADERS = ("webhook-id", "x-github-delivery", "idempotency-key")
# Forms that sign a time and the body: who copies a request may write other headers, and gets no second job for that.
_ID_FIELDS = {"stripe": "id", "slack": "event_id", "zoom": ""}
_LARGE_BYTES = 64 * 1024  # what is made of a larger body takes its time
_REMEMBERED_SECONDS = 60.0
_MOST_REMEMBERED = 500
_REMEMBERED_BYTES = 16 * 1024  # of a configuration: larger ones are looked up each time

Key = tuple[UUID | None, str | None]  # how a webhook is asked for: its id, or its path


@dataclass(frozen=True, slots=True)
class Webhook:
    """A trigger of type webhook that is there and enabled."""

    trigger_id: UUID
    tenant_id: UUID
    config: Mapping[str, Any]
    secrets: Secrets
    now: float
    version: int | None = None  # of one that was remembered: the transaction looks whether it is still this one


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database said of a webhook, secrets sealed as they are there, and when."""

    facts: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request to a webhook. Names of headers are in lower case; `payload` reads the body, or raises `ApiError`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str | None
    payload: Callable[[], dict[str, Any]]
    takes_request_along: bool  # without a mapping, the input gets _headers, _method and _path beside the payload


class InvalidConfiguration(ApiError):
    """A path or the contract of a trigger is none, or refers to something that is not in it."""

    def __init__(self, problem: ValueError) -> None:
        super().__init__(
            409, "INVALID_CONFIGURATION", f"The trigger's paths or its contract cannot be read: {problem}."
        )


class Receiver:
    """Takes deliveries. One per process, for what it remembers; `ring` opens what senders sign with."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database
        self._ring = ring
        self._known: dict[Key, _Found] = {}  # the one that was asked for last is the last

    def recall(self, key: Key) -> Webhook | None:
        """A webhook as it was found within the last minute. Nothing may be refused, or told, by this alone."""
        found = self._known.pop(key, None)
        if found is None or monotonic() - found.at > _REMEMBERED_SECONDS:
            return None
        self._known[key] = found
        return self._webhook_of(found, is_known=True)

    async def find(self, key: Key) -> Webhook | None:
        """An enabled webhook by its id or its path; None for any other, whatever the reason."""
        self._known.pop(key, None)
        row = await self._database.fetch_at_once(queries.FIND_WEBHOOK, {"trigger_id": key[0], "path": key[1]})
        facts = row["webhook"] if row else None
        if facts is None:
            return None
        return self._webhook_of(self.remember(key, facts, monotonic()), is_known=False)

    def remember(self, key: Key, facts: Mapping[str, Any], at: float) -> "_Found":
        """Keep what the database said of a webhook; whatever was asked for longest ago makes room."""
        found = _Found(facts, at)
        if len(json.dumps(facts["config"])) <= _REMEMBERED_BYTES:
            self._known[key] = found
            if len(self._known) > _MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
        return found

    def _webhook_of(self, found: "_Found", *, is_known: bool) -> Webhook:
        facts = found.facts
        now = float(facts["now"]) + (monotonic() - found.at if is_known else 0.0)
        held = [item for item in facts["secrets"] if item["expires_at"] is None or item["expires_at"] > now]
        hashes = [b64decode(item["key_hash"]) for item in held if item["key_hash"]]
        sealed = [b64decode(item["sealed"]) for item in held if item["sealed"]]
        opened = [self._ring.open(item, place_of(facts["tenant_id"], facts["trigger_id"])) for item in sealed]
        return Webhook(
            UUID(facts["trigger_id"]),
            UUID(facts["tenant_id"]),
            facts["config"],
            Secrets(hashes, [item for item in opened if item is not None]),
            now,
            facts["version"] if is_known else None,
        )

    async def prove(self, webhook: Webhook, incoming: Incoming) -> None:
        """Return when the sender has proved itself; else write that down and raise 401 AUTHENTICATION_FAILED."""
        try:
            _prove(webhook, incoming)
        except Unproven as reason:
            rejected = {"outcome": "rejected", "status_code": 401, "reason": str(reason)}
            await self._receive(webhook, incoming, rejected, None, None)
            raise AuthenticationFailed("Invalid or missing credentials") from None

    async def take(self, webhook: Webhook, incoming: Incoming) -> Fired | None:
        """Answer what a sender, who has proved itself, delivers; None when the trigger is not there any more.

        None also when it is not as it was remembered: find it, and let the sender prove itself to what it is now. A
        payload that cannot be read, or breaks the contract, is written down as rejected and raised as `ApiError`.
        """
        try:
            payload = incoming.payload()
            if len(incoming.body) > _LARGE_BYTES or matching.needs_a_thread(webhook.config):
                async with turn_of(webhook.tenant_id):
                    matched = await asyncio.to_thread(_match, webhook, incoming, payload)
            else:
                matched = _match(webhook, incoming, payload)
        except ApiError as refusal:
            rejected = {
                "outcome": "rejected",
                "status_code": refusal.status,
                "error_code": refusal.code,
                "reason": refusal.message,
            }
            if await self._receive(webhook, incoming, rejected, None, None) is None and webhook.version is not None:
                return None
            raise
        is_wanted, job_input, concurrency_key = matched
        delivery = {
            **_identity(webhook, incoming, payload),
            "outcome": None if is_wanted else "filtered",
            "concurrency_key": concurrency_key,
        }
        return await self._receive(webhook, incoming, delivery, payload, job_input)

    async def _receive(
        self,
        webhook: Webhook,
        incoming: Incoming,
        delivery: Mapping[str, Any],
        payload: dict[str, Any] | None,
        job_input: dict[str, Any] | None,
    ) -> Fired | None:
        request = {
            "method": incoming.method,
            "path": incoming.path[:512],
            "address": incoming.address,
            "content_type": incoming.headers.get("content-type", "")[:255],
            "user_agent": incoming.headers.get("user-agent", "")[:255],
            "bytes": len(incoming.body),
        }
        row = await self._database.fetch_at_once(
            queries.RECEIVE_DELIVERY,
            {
                "trigger_id": webhook.trigger_id,
                "delivery": {**delivery, "request": request},
                "payload": payload,
                "input": job_input,
                "version": webhook.version,
                "known_at": None if webhook.version is None else webhook.now,
            },
        )
        answer = row["answer"] if row else None
        return None if answer is None else _fired_of(answer)


def place_of(tenant_id: object, trigger_id: object) -> str:
    """What a sealed secret of a trigger belongs to."""
    return f"trigger {tenant_id} {trigger_id}"


def _match(
    webhook: Webhook, incoming: Incoming, payload: dict[str, Any]
) -> tuple[bool, dict[str, Any] | None, str | None]:
    """(whether the trigger wants it, the input of the job, its concurrency key)."""
    config = webhook.config
    request = {
        "_headers": _shown_headers(webhook, incoming.headers),
        "_method": incoming.method,
        "_path": incoming.path,
    }
    document = {**payload, **request}  # no sender says what it came with
    matching.within_time(config)
    try:
        if "schema" in config and (problem := matching.contract_problem(config["schema"], payload)) is not None:
            raise ApiError(400, "INVALID_PAYLOAD", f"The payload breaks the contract: {problem}")
        if not matching.passes(config, document, incoming.headers):
            return False, None, None
        mapped = matching.input_of(config, document)
        if mapped is None:
            mapped = document if incoming.takes_request_along else payload
        return True, mapped, matching.concurrency_key_of(config, document)
    except matching.TooCostly as rest:
        raise ApiError(400, "INVALID_PAYLOAD", f"The trigger's rules {rest}.") from None
    except ValueError as problem:
        raise InvalidConfiguration(problem) from None


def _fired_of(answer: Mapping[str, Any]) -> Fired:
    """An answer that came as JSON, with values of their own types."""
    ids = {name: UUID(answer[name]) if answer[name] else None for name in ("trigger_id", "delivery_id", "job_id")}
    reset_at = datetime.fromisoformat(answer["reset_at"]) if answer["reset_at"] else None
    return Fired(**{**answer, **ids, "reset_at": reset_at})


def _identity(webhook: Webhook, incoming: Incoming, payload: dict[str, Any]) -> dict[str, str]:
    """What makes a delivery the same one: what its sender calls it, or else its body."""
    auth = webhook.config.get("auth", "")
    if auth in _ID_FIELDS:
        value = payload.get(_ID_FIELDS[auth]) if _ID_FIELDS[auth] else None
        message_id = value if isinstance(value, str) and value else None
    else:
        message_id = next((value for name in _ID_HEADERS if (value := incoming.headers.get(name))), None)
    if message_id is not None:
        if len(message_id) > 255 or not message_id.isprintable():
            message_id = "sha256:" + hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()
        return {"message_id": message_id}
    beside = "" if auth in _ID_FIELDS else f"{incoming.method} {incoming.query}\n"
    digest = hashlib.sha256(beside.encode() + incoming.body)
    return {"body_hash": "\\x" + digest.hexdigest()}


def _shown_headers(webhook: Webhook, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a job may see: all but those that prove something."""
    own = str(webhook.config.get("header", "")).lower()
    return {name: value for name, value in headers.items() if name != own and not _PROVING.search(name)}


def is_proven(webhook: Webhook, incoming: Incoming) -> bool:
    """Whether a sender proves itself to a webhook as it is remembered; who does not, may do so to what it is now."""
    try:
        _prove(webhook, incoming)
    except Unproven:
        return False
    return True


def _prove(webhook: Webhook, incoming: Incoming) -> None:
    _check_network(webhook, incoming)
    verify(webhook.config, webhook.secrets, Signed(incoming.headers, incoming.body, webhook.now))


def _check_network(webhook: Webhook, incoming: Incoming) -> None:
    networks = webhook.config.get("allowed_ips")
    if not networks:
        return
    if incoming.address is not None:
        address = ipaddress.ip_address(incoming.address)
        if any(address in ipaddress.ip_network(network, strict=False) for network in networks):
            return
    raise Unproven(f"The address {incoming.address} is in none of config.allowed_ips.")

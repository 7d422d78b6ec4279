"""What sends to triggers, wherever it comes in: found, proven, taken and answered (documents 001 and 004)."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import UUID

from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.kit.edge import Receive, Scope, Send, send_json

if TYPE_CHECKING:
    from casare_cloud.database import Database
    from casare_cloud.domain.triggers.model import Fired
    from casare_cloud.key_ring import KeyRing

SENDER_BYTES = 1024 * 1024  # of a body

_BY_ID = re.compile(r"/(?:webhook|hooks)/([^/]{1,64})/?")
_BY_PATH = re.compile(r"(?:/api/v1/triggers|/triggers)?/webhooks(/.{1,1100})", re.DOTALL)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOBODYS = UUID(int=0)  # looked up for what is no id, so that it takes as long as any other unknown trigger


@dataclass(frozen=True, slots=True)
class Target:
    """Which trigger a URL means: by its id (document 001), or by its path (document 004)."""

    shown: str
    trigger_id: UUID | None
    path: str | None


class TriggerNotFound(NotFound):
    """404 for a trigger that is unknown, disabled, deleted or of another kind: nobody can tell which."""

    def __init__(self, target: Target) -> None:
        super().__init__("TRIGGER_NOT_FOUND", f"Trigger with ID {target.shown} not found")


async def serve_sender(
    database: "Database", ring: "KeyRing", scope: Scope, receive: Receive, send: Send, target: Target
) -> None:
    """Answer a sender, or raise the refusal that the face words."""
    from casare_cloud.domain.triggers import receiving
    from casare_cloud.faces.kit import sender_bodies as bodies
    from casare_cloud.faces.kit import sender_challenges as challenges

    method: str = scope["method"]
    webhook = await receiving.find(database, ring, target.trigger_id, target.path)
    if webhook is None:
        raise TriggerNotFound(target)
    query = scope["query_string"].decode("latin-1")
    challenge = challenges.answer_unproven(webhook, method, dict(parse_qsl(query, keep_blank_values=True)))
    if challenge is not None:
        await _send_text(send, challenge)
        return
    methods = webhook.config.get("methods", ["POST"])
    if method not in methods:
        allowed = {"Allow": ", ".join(methods)}
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"The trigger takes {' and '.join(methods)}", allowed)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
    body = await _body_of(receive)

    def payload() -> dict[str, Any]:
        if target.trigger_id is not None:
            return bodies.read_event(headers, body)
        return bodies.read_anything(headers, query, body)

    incoming = receiving.Incoming(
        method, scope["path"], query, headers, body, scope["state"]["client_ip"], payload, target.path is not None
    )
    await receiving.prove(database, webhook, incoming)
    if webhook.config.get("auth") in ("slack", "zoom"):
        answer = challenges.answer_proven(webhook, bodies.read_anything(headers, "", body))
        if answer is not None:
            await send_json(send, 200, answer)
            return
    fired = await receiving.take(database, webhook, incoming)
    if fired is None:
        raise TriggerNotFound(target)
    status, answer, told = _answer_of(fired, target)
    await send_json(send, status, answer, told)


def _answer_of(fired: "Fired", target: Target) -> tuple[int, dict[str, Any], dict[str, str]]:
    """(status, body, headers) of what became of a delivery; a repeat gets what the first one got."""
    headers = {}
    if fired.rate_limit is not None and fired.remaining is not None and fired.reset_at is not None:
        headers = {
            "X-RateLimit-Limit": str(fired.rate_limit),
            "X-RateLimit-Remaining": str(fired.remaining),
            "X-RateLimit-Reset": str(math.ceil(fired.reset_at.timestamp())),
        }
    trigger_id = str(fired.trigger_id)
    if fired.outcome == "limited":
        seconds = max(fired.cooldown_remaining or 1, 1)
        body = {
            "status": "rate_limited",
            "trigger_id": trigger_id,
            "cooldown_remaining": seconds,
            "message": fired.reason,
        }
        return 429, body, {**headers, "Retry-After": str(seconds)}
    if fired.outcome == "rejected":
        body = {"status": "error", "error_code": fired.error_code or "HANDLER_ERROR", "message": fired.reason}
        return fired.status_code, body, headers | ({"Retry-After": "60"} if fired.status_code == 429 else {})
    job_id = None if fired.job_id is None else str(fired.job_id)
    is_accepted = job_id is not None
    body = {
        "status": "accepted" if is_accepted else "filtered",
        "trigger_id": trigger_id,
        "job_id": job_id,
        "message": "Workflow execution triggered" if is_accepted else "The trigger's filters do not want this delivery",
    }
    if target.path is not None:
        body = {"accepted": is_accepted, "execution_id": job_id, **body}
    return 200, body, headers


def target_of(path: str) -> Target | None:
    """The trigger that a path means; None when it is not one of a sender's."""
    if found := _BY_ID.fullmatch(path):
        is_id = _UUID.fullmatch(found[1]) is not None
        return Target(found[1], UUID(found[1]) if is_id else _NOBODYS, None)
    if found := _BY_PATH.fullmatch(path):
        named = "/" + found[1].strip("/")
        return Target(named[:255], None, named if "\0" not in named else "/")
    return None


async def _body_of(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError(400, "INVALID_PAYLOAD", "The request ended before its body did")
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send_text(send: Send, text: str) -> None:
    content = text.encode("utf-8", "replace")
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(content)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})

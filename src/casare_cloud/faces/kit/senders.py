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
    from casare_cloud.domain.triggers.model import Fired
    from casare_cloud.domain.triggers.receiving import Incoming, Receiver, Webhook

SENDER_BYTES = 1024 * 1024  # of a body

_BY_ID = re.compile(r"/(?:webhook|hooks)/([^/]{1,64})/?")
_BY_PATH = re.compile(r"(?:/api/v1/triggers|/triggers)?/webhooks(/.{1,1100})", re.DOTALL)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ASK_SIGNED = ("slack", "zoom")  # senders whose challenges are signed as their deliveries are
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


class _Request:
    """A sender's request. Its body is read once, by whoever first needs it."""

    def __init__(self, scope: Scope, receive: Receive, target: Target) -> None:
        self._scope = scope
        self._receive = receive
        self._incoming: Incoming | None = None
        self.target = target
        self.method: str = scope["method"]
        self.query: str = scope["query_string"].decode("latin-1")

    async def read(self) -> "Incoming":
        """The whole request."""
        if self._incoming is None:
            from casare_cloud.domain.triggers.receiving import Incoming
            from casare_cloud.faces.kit import sender_bodies as bodies

            query, target = self.query, self.target
            headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self._scope["headers"])
            }
            body = await _body_of(self._receive)

            def payload() -> dict[str, Any]:
                if target.trigger_id is not None:
                    return bodies.read_event(headers, body)
                return bodies.read_anything(headers, query, body)

            address = self._scope["state"]["client_ip"]
            self._incoming = Incoming(
                self.method, self._scope["path"], query, headers, body, address, payload, target.path is not None
            )
        return self._incoming


async def serve_sender(receiver: "Receiver", scope: Scope, receive: Receive, send: Send, target: Target) -> None:
    """Answer a sender, or raise the refusal that the face words."""
    from casare_cloud.faces.kit import sender_challenges as challenges

    request = _Request(scope, receive, target)
    key = (target.trigger_id, target.path)
    known = receiver.recall(key)
    fired = None if known is None else await _take_as_remembered(receiver, known, request)
    if fired is None:
        webhook = await receiver.find(key)
        if webhook is None:
            raise TriggerNotFound(target)
        text = challenges.answer_unproven(webhook, request.method, _fields_of(request))
        if text is not None:
            await _send_text(send, text)
            return
        methods = _methods_of(webhook)
        if request.method not in methods:
            allowed = {"Allow": ", ".join(methods)}
            raise ApiError(405, "METHOD_NOT_ALLOWED", f"The trigger takes {' and '.join(methods)}", allowed)
        incoming = await request.read()
        await receiver.prove(webhook, incoming)
        answer = _challenge_of(webhook, incoming)
        if answer is not None:
            await send_json(send, 200, answer)
            return
        fired = await receiver.take(webhook, incoming)
        if fired is None:
            raise TriggerNotFound(target)
    await send_json(send, *_answer_of(fired, target))


async def _take_as_remembered(receiver: "Receiver", webhook: "Webhook", request: _Request) -> "Fired | None":
    """What became of a delivery whose sender proves itself to a webhook as it is remembered, if it still is so.

    None for all others, whatever they are: they are looked up, and nobody learns from this that the webhook was there.
    """
    from casare_cloud.domain.triggers.receiving import is_proven
    from casare_cloud.faces.kit import sender_challenges as challenges

    if request.method not in _methods_of(webhook) or challenges.may_be_unproven(_fields_of(request)):
        return None
    incoming = await request.read()
    if not is_proven(webhook, incoming) or _asks(webhook, incoming):
        return None
    return await receiver.take(webhook, incoming)


def _methods_of(webhook: "Webhook") -> list[str]:
    methods: list[str] = webhook.config.get("methods", ["POST"])
    return methods


def _fields_of(request: _Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}


def _challenge_of(webhook: "Webhook", incoming: "Incoming") -> dict[str, Any] | None:
    from casare_cloud.faces.kit import sender_bodies as bodies
    from casare_cloud.faces.kit import sender_challenges as challenges

    if webhook.config.get("auth") not in _ASK_SIGNED:
        return None
    return challenges.answer_proven(webhook, bodies.read_anything(incoming.headers, "", incoming.body))


def _asks(webhook: "Webhook", incoming: "Incoming") -> bool:
    """Whether it is a signed challenge, or nothing that can be read."""
    try:
        return _challenge_of(webhook, incoming) is not None
    except ApiError:
        return True


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

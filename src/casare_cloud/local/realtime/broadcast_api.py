"""Broadcasts over HTTP: a batch of messages, or one whose topic and event stand in the URL."""

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .authorization import Caller, PolicyError
from .errors import RealtimeError, TokenError
from .hub import TopicKey
from .tokens import Token
from .wire import Json, Outgoing, UserBroadcast, dumps

if TYPE_CHECKING:
    from .service import Realtime

BLANK: Final = ["can't be blank"]
INVALID: Final = ["is invalid"]
TOO_BIG: Final = ["Payload size exceeds tenant limit"]
UNPROCESSABLE: Final = {
    "QueryCanceled": "Query canceled",
    "MissingPartition": "Missing messages partition",
    "UnableToConnectToProject": "Tenant database unavailable",
}


class BroadcastApi:
    """The handlers of /api/broadcast. A private message needs the caller's right to insert it."""

    def __init__(self, service: "Realtime") -> None:
        self._service = service

    async def broadcast_batch(self, request: Request) -> Response:
        """POST /api/broadcast: 202 also for private messages that the caller may not send; those are dropped."""
        try:
            token = self._token(request)
        except TokenError:
            return _answer(401, "Unauthorized")
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _answer(400, "Bad Request")
        messages, errors = self._check_batch(body)
        if errors is not None:
            return JSONResponse({"errors": errors}, 422)
        counter = self._service.hub.messages
        if counter.limit is not None:
            if counter.average > counter.limit:
                return self._too_many("You have exceeded your rate limit")
            if len(messages) + counter.average > counter.limit:
                return self._too_many("Too many messages to broadcast, please reduce the batch size")
        rights: dict[str, bool] = {}
        for message in messages:
            key = TopicKey(message["topic"], message["private"])
            if key.is_private and key.name not in rights:
                try:
                    rights[key.name] = await self._may_send(request, token, key.name)
                except RealtimeError:
                    rights[key.name] = False
            if not key.is_private or rights[key.name]:
                counter.add()
                payload = {"payload": message["payload"], "event": message["event"], "type": "broadcast"}
                if message.get("id"):
                    payload["meta"] = {"id": message["id"]}
                self._service.hub.publish(key, Outgoing(key.wire_name, "broadcast", payload))
        return Response(status_code=202)

    async def broadcast_one(self, request: Request) -> Response:
        """POST /api/broadcast/<topic>/events/<event>?private=true: JSON or bytes; 403 when the caller may not send."""
        try:
            token = self._token(request)
        except TokenError:
            return _answer(401, "Unauthorized")
        parts = request.scope["raw_path"].decode().split("/api/broadcast/", 1)[1].split("/")
        if len(parts) != 3 or parts[1] != "events":
            return _answer(404, "not found")
        topic, event = unquote(parts[0]), unquote(parts[2])
        media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media_type not in ("application/json", "application/octet-stream"):
            text = "Unsupported Media Type. Use application/json or application/octet-stream"
            return JSONResponse({"error": text}, 415)
        if any(name == "persist" or name.startswith("persist[") for name in request.query_params):
            return _answer(422, "The local stack does not store messages that were sent over HTTP")
        is_json = media_type == "application/json"
        data = await request.body()
        if is_json:
            try:
                value = json.loads(data) if data else {}
            except ValueError:
                return _answer(400, "Bad Request")
            data = dumps(value if isinstance(value, dict) else {"_json": value}).encode()
        if errors := self._check_one(topic, event, data):
            return JSONResponse({"errors": errors}, 422)
        counter = self._service.hub.messages
        if counter.is_exceeded:
            return self._too_many("You have exceeded your rate limit")
        key = TopicKey(topic, request.query_params.get("private") == "true")
        if key.is_private:
            try:
                if not await self._may_send(request, token, topic):
                    return _answer(403, "Unauthorized")
            except PolicyError:
                return _answer(422, "RLS policy error")
            except RealtimeError as error:
                if error.code == "IncreaseConnectionPool":
                    return _answer(429, "Connection pool exhausted")
                return _answer(422, UNPROCESSABLE.get(error.code or "", error.message))
        counter.add()
        self._service.hub.publish(key, UserBroadcast(key.wire_name, event, {}, data=data, is_json=is_json))
        return Response(status_code=202)

    def _token(self, request: Request) -> Token:
        """Of the Authorization header, else of `apikey`; an API key in either stands for its role."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        raw = bearer.strip() if scheme.lower() == "bearer" else None
        return self._service.tokens.verify(raw or request.headers.get("apikey"))

    async def _may_send(self, request: Request, token: Token, topic: str) -> bool:
        return await self._service.authorizer.writable(topic, Caller(token, dict(request.headers)), "broadcast")

    def _too_many(self, message: str) -> Response:
        counter = self._service.hub.messages
        rolling, limit = int(counter.average), counter.limit or 0
        headers = {
            "x-rate-rolling": str(rolling),
            "x-rate-limit": str(limit),
            "x-rate-limit-remaining": str(limit - rolling),
        }
        return JSONResponse({"message": message}, 429, headers)

    def _check_one(self, topic: str, event: str, data: bytes) -> Json:
        errors: Json = {}
        if not topic.strip():
            errors["topic"] = BLANK
        if not event.strip():
            errors["event"] = BLANK
        if len(data) > self._service.limits.payload_bytes:
            errors["payload"] = TOO_BIG
        return errors

    def _check_batch(self, body: Any) -> tuple[list[Json], Json | None]:
        """The messages of a batch with their defaults, or what is wrong with them in the service's form."""
        messages = body.get("messages") if isinstance(body, dict) else None
        if not messages:
            return [], {"messages": BLANK}
        if not isinstance(messages, list):
            return [], {"messages": INVALID}
        errors = [self._check_message(message) for message in messages]
        if any(errors):
            return [], {"messages": errors}
        return [{**message, "private": message.get("private") is True} for message in messages], None

    def _check_message(self, message: Any) -> Json:
        if not isinstance(message, dict):
            return {"messages": INVALID}
        errors: Json = {}
        for name, kind in (("topic", str), ("event", str), ("payload", dict)):
            value = message.get(name)
            if value is None or value == "":
                errors[name] = BLANK
            elif not isinstance(value, kind):
                errors[name] = INVALID
        if not isinstance(message.get("private", False), bool):
            errors["private"] = INVALID
        if not errors and len(dumps(message["payload"])) > self._service.limits.payload_bytes:
            errors["payload"] = TOO_BIG
        return errors


def _answer(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)

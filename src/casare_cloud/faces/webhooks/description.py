"""The routes of senders as OpenAPI shows them, and the page that shows it. No delivery comes this way: see `app`."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Path

from casare_cloud import __version__
from casare_cloud.faces.kit import code_samples, problems
from casare_cloud.faces.kit.docs_page import router_of
from casare_cloud.faces.kit.health_shapes import LiveAnswer, NotReadyAnswer, ReadyAnswer
from casare_cloud.faces.webhooks.shapes import DeliveryAnswer, Event, Limited, PathAnswer, Refused

if TYPE_CHECKING:
    from casare_cloud.faces.webhooks.app import Webhooks

_TITLE = "CasareRPA Trigger Webhooks"
_DESCRIPTION = (
    "Where senders deliver to triggers. Each trigger says in its `auth` how its senders prove themselves; who does not "
    "is 401. A trigger that is unknown, disabled or deleted is 404, and nobody can tell which it is."
)
# What a request may bring; which of them a trigger wants is in its configuration.
_PROOFS: dict[str, dict[str, Any]] = {
    "secret": {"type": "apiKey", "in": "header", "name": "X-Webhook-Secret", "description": "`auth: secret`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "`auth: api_key`"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "`auth: bearer` or `jwt`"},
    "github": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Hub-Signature-256",
        "description": "`sha256=…`, of the body",
    },
    "stripe": {"type": "apiKey", "in": "header", "name": "Stripe-Signature", "description": "`t=…,v1=…`"},
    "slack": {"type": "apiKey", "in": "header", "name": "X-Slack-Signature", "description": "`v0=…`"},
    "zoom": {"type": "apiKey", "in": "header", "name": "X-Zm-Signature", "description": "`v0=…`"},
    "standard": {"type": "apiKey", "in": "header", "name": "Webhook-Signature", "description": "Standard Webhooks"},
}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "The id of the request: the sender's own, or a new one.", "type": "string"},
    "X-RateLimit-Limit": {"description": "Deliveries a minute that the trigger takes.", "type": "integer"},
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "type": "integer"},
    "X-RateLimit-Reset": {"description": "When the minute ends, in seconds since the epoch.", "type": "integer"},
    "Retry-After": {"description": "Seconds after which the same delivery may be accepted.", "type": "integer"},
    "WWW-Authenticate": {"description": "`Bearer`.", "type": "string"},
    "Allow": {"description": "The methods that the trigger takes.", "type": "string"},
}
_TAGS = {
    "senders": "Deliveries to triggers. Each trigger says how its senders prove themselves; curl shows a secret.",
    "health": "Whether the process runs, and whether it can serve. No credentials are needed.",
}
_COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_REFUSALS = {
    400: ("INVALID_JSON or INVALID_PAYLOAD: the body cannot be read, or is not what the trigger takes.", ()),
    401: ("AUTHENTICATION_FAILED: no proof, a wrong one, an old timestamp, or another network.", ("WWW-Authenticate",)),
    404: ("TRIGGER_NOT_FOUND: there is no such trigger, or it is disabled.", ()),
    405: ("METHOD_NOT_ALLOWED: the trigger takes other methods.", ("Allow",)),
    409: ("The queue, or the trigger's configuration, does not allow the job.", ()),
    413: ("PAYLOAD_TOO_LARGE: the body has more than 1 MB.", ()),
    415: ("UNSUPPORTED_MEDIA_TYPE: the body is compressed, or in an unknown character set.", ()),
    500: ("HANDLER_ERROR: something went wrong here.", ()),
    503: ("The database does not answer; the delivery may come again.", ("Retry-After",)),
}  # fmt: skip

ById = Annotated[UUID, Path(description="The id of the trigger.")]
ByPath = Annotated[str, Path(description="The path of the trigger: parts with `/` between them.")]


async def receive_event(trigger_id: ById, event: Event) -> DeliveryAnswer:  # type: ignore[empty-body]
    """Deliver an event to a trigger (document 001). The body is JSON with `event_type`, whatever its content type says.

    The same `webhook-id`, `X-GitHub-Delivery` or `Idempotency-Key` again starts nothing, and gets the first answer.
    """


async def receive_anything(path: ByPath) -> PathAnswer:  # type: ignore[empty-body]
    """Deliver anything to a trigger by its path (document 004): JSON, a form, or text.

    Also under `/triggers/webhooks/…` and `/api/v1/triggers/webhooks/…`, and by PUT, PATCH, DELETE and GET where the
    trigger's `methods` say so. The same delivery again starts nothing, and gets the first answer.
    """


async def answer_challenge(path: ByPath) -> str:  # type: ignore[empty-body]
    """Answer Meta, who asks whether this is the address: `hub.challenge`, for the trigger's `verify_token`."""


async def show_life() -> LiveAnswer:  # type: ignore[empty-body]
    """The process runs."""


async def show_readiness() -> ReadyAnswer:  # type: ignore[empty-body]
    """Whether deliveries can be taken: the database is asked."""


def create_framework(face: "Webhooks") -> FastAPI:
    """What answers /openapi.json and /docs."""
    app = FastAPI(
        title=_TITLE,
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app, face.envelope)
    app.include_router(router_of(_TITLE))
    for path in ("/webhook/{trigger_id}", "/hooks/{trigger_id}"):
        app.add_api_route(path, receive_event, methods=["POST"], responses=_responses(), tags=["senders"])
    kinds = ("application/json", "application/x-www-form-urlencoded", "text/plain", "*/*")
    any_body: dict[str, Any] = {"content": {kind: {"schema": {}} for kind in kinds}}
    app.add_api_route(
        "/webhooks/{path:path}", receive_anything, methods=["POST"], responses=_responses(), tags=["senders"],
        openapi_extra={"requestBody": any_body},
    )  # fmt: skip
    app.add_api_route(
        "/webhooks/{path:path}", answer_challenge, methods=["GET"], responses=_refused(401, 404, 405), tags=["senders"]
    )
    app.add_api_route("/health/live", show_life, tags=["health"], openapi_extra={"security": []})
    not_ready: dict[int | str, dict[str, Any]] = {503: {"model": NotReadyAnswer, "description": "They cannot."}}
    app.add_api_route(
        "/health/ready", show_readiness, tags=["health"], responses=not_ready, openapi_extra={"security": []}
    )
    describe = app.openapi
    app.openapi = lambda: _complete(describe())  # type: ignore[method-assign]
    return app


def _responses() -> dict[int | str, dict[str, Any]]:
    """Of a delivery. FastAPI would say 422 of a body that breaks a rule; here it is 400."""
    limited = {
        "model": Limited | Refused,
        "description": "Too early or too often; or QUEUE_FULL, of the tenant's queue.",
    }
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": "Accepted, or filtered.", "headers": _named(*_COUNTED)},
        429: {**limited, "headers": _named(*_COUNTED, "Retry-After")},
    }
    return dict(sorted({**answers, **_refused(*_REFUSALS)}.items(), key=lambda item: str(item[0])))


def _refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Refused, "description": _REFUSALS[status][0], "headers": _named(*_REFUSALS[status][1])}
        for status in statuses
    }


def _named(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    """With proofs and headers, and without the answers that FastAPI would give by itself."""
    components = document["components"]
    components["securitySchemes"] = _PROOFS
    components["headers"] = {
        name: {"description": said["description"], "schema": {"type": said["type"]}} for name, said in _HEADERS.items()
    }
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    document["security"] = [{name: []} for name in _PROOFS] + [{}]
    document["tags"] = [{"name": name, "description": said} for name, said in _TAGS.items()]
    code_samples.add_to(document, "WEBHOOKS_URL", "sender")
    return document

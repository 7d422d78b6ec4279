"""What the OpenAPI document says of the resources: complete, and true of itself."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest_asyncio

RESOURCES = (
    "api-keys",
    "audit",
    "auth",
    "calendars",
    "dlq",
    "events",
    "health",
    "invitations",
    "jobs",
    "limits",
    "members",
    "metrics",
    "pools",
    "purges",
    "queue",
    "robot-api-keys",
    "robots",
    "roles",
    "schedules",
    "settings",
    "shares",
    "triggers",
    "workflows",
)
Document = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="module")
async def document(client: httpx2.AsyncClient) -> Document:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        if path.startswith(("/health", *(f"/api/v1/{resource}" for resource in RESOURCES))):
            for method, operation in item.items():
                yield f"{method.upper()} {path}", operation


def schemas_of(document: Document, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The shapes of a JSON body or answer: the named ones, when it may also be left out or stands in a list."""
    schema = content["application/json"]["schema"]
    choices = [item.get("items", item) for item in schema.get("anyOf", [schema])]
    names = [item["$ref"].rsplit("/", 1)[1] for item in choices if "$ref" in item]
    assert names
    return [dict(document["components"]["schemas"][name]) for name in names]


def schema_of(document: Document, content: dict[str, Any]) -> dict[str, Any]:
    """The only one."""
    [schema] = schemas_of(document, content)
    return schema


def is_probe(name: str) -> bool:
    return "/health" in name


async def test_every_endpoint_of_the_issue_is_there(document: Document) -> None:
    probes = {f"GET {path}" for path in ("/health", "/health/detailed", "/health/ready", "/health/live")}
    assert {name for name, _ in operations(document)} == probes | {
        f"{method} /api/v1{path}"
        for path, methods in {
            "/health": "GET",
            "/health/detailed": "GET",
            "/health/ready": "GET",
            "/health/live": "GET",
            "/auth/login": "POST",
            "/auth/refresh": "POST",
            "/auth/register": "POST",
            "/auth/logout": "POST",
            "/auth/me": "GET",
            "/auth/switch": "POST",
            "/auth/tenants": "GET",
            "/audit": "GET",
            "/audit/export": "GET",
            "/invitations": "GET POST",
            "/invitations/accept": "POST",
            "/invitations/{invitation_id}/revoke": "POST",
            "/members": "GET",
            "/members/{user_id}": "GET PATCH DELETE",
            "/purges": "POST",
            "/roles": "GET POST",
            "/roles/permissions": "GET",
            "/roles/{role_id}": "PATCH DELETE",
            "/settings": "GET PATCH",
            "/settings/quotas": "GET",
            "/workflows": "GET POST",
            "/workflows/upload": "POST",
            "/workflows/{workflow_id}": "GET DELETE",
            "/workflows/{workflow_id}/versions": "GET",
            "/workflows/{workflow_id}/versions/{version}": "GET",
            "/jobs": "GET POST",
            "/jobs/batch": "POST",
            "/jobs/batch/cancel": "POST",
            "/jobs/batch/retry": "POST",
            "/jobs/batch/complete": "POST",
            "/jobs/batch/fail": "POST",
            "/jobs/batch/extend-lease": "POST",
            "/jobs/claim": "POST",
            "/jobs/{job_id}": "GET",
            "/jobs/{job_id}/events": "GET",
            "/jobs/{job_id}/explain": "GET",
            "/jobs/{job_id}/logs": "GET POST",
            "/jobs/{job_id}/nodes": "GET",
            "/jobs/{job_id}/cancel": "POST",
            "/jobs/{job_id}/retry": "POST",
            "/jobs/{job_id}/start": "POST",
            "/jobs/{job_id}/progress": "PUT",
            "/jobs/{job_id}/complete": "POST",
            "/jobs/{job_id}/fail": "POST",
            "/jobs/{job_id}/release": "POST",
            "/jobs/{job_id}/extend-lease": "POST",
            "/robots": "GET",
            "/robots/register": "POST",
            "/robots/{robot_id}": "GET PUT DELETE",
            "/robots/{robot_id}/status": "PUT",
            "/robots/{robot_id}/pool": "PUT",
            "/robots/{robot_id}/heartbeat": "POST",
            "/robots/{robot_id}/token": "POST",
            "/api-keys": "GET POST",
            "/api-keys/{api_key_id}/revoke": "POST",
            "/api-keys/{api_key_id}/rotate": "POST",
            "/robots/{robot_id}/explain": "GET",
            "/robots/{robot_id}/commands": "GET",
            "/robots/{robot_id}/logs": "GET",
            "/robots/{robot_id}/pause": "POST",
            "/robots/{robot_id}/status-request": "POST",
            "/robots/{robot_id}/resume": "POST",
            "/robots/{robot_id}/drain": "POST",
            "/robots/{robot_id}/shutdown": "POST",
            "/robots/{robot_id}/quarantine": "POST",
            "/robots/{robot_id}/release": "POST",
            "/robots/{robot_id}/start": "POST",
            "/robots/{robot_id}/stop": "POST",
            "/robots/{robot_id}/restart": "POST",
            "/robots/{robot_id}/metrics": "GET",
            "/dlq": "GET",
            "/dlq/stats": "GET",
            "/dlq/retry": "POST",
            "/dlq/delete": "POST",
            "/dlq/{job_id}": "GET DELETE",
            "/dlq/{job_id}/retry": "POST",
            "/robot-api-keys": "GET POST",
            "/robot-api-keys/import": "POST",
            "/robot-api-keys/{api_key_id}": "DELETE",
            "/robot-api-keys/{api_key_id}/revoke": "POST",
            "/robot-api-keys/{api_key_id}/rotate": "POST",
            "/events": "GET",
            "/events/cursor": "GET",
            "/queue/reasons": "GET",
            "/limits": "GET PUT DELETE",
            "/shares": "GET",
            "/shares/{workflow_id}": "PUT",
            "/metrics/fleet": "GET",
            "/metrics/robots": "GET",
            "/metrics/robots/{robot_id}": "GET",
            "/metrics/robots/{robot_id}/series": "GET",
            "/metrics/robots/{robot_id}/measurements": "GET",
            "/metrics/series": "GET",
            "/metrics/jobs": "GET",
            "/metrics/jobs/{job_id}": "GET",
            "/metrics/analytics": "GET",
            "/metrics/activity": "GET",
            "/metrics/prometheus": "GET",
            "/pools": "GET POST",
            "/pools/{pool}": "PUT DELETE",
            "/pools/{pool}/accept": "POST",
            "/pools/{pool}/leave": "POST",
            "/pools/{pool}/members": "GET",
            "/pools/{pool}/members/{tenant}": "PUT DELETE",
            "/schedules": "GET POST",
            "/schedules/missed": "GET",
            "/schedules/upcoming": "GET",
            "/schedules/simulate": "POST",
            "/schedules/{schedule_id}": "GET PUT DELETE",
            "/schedules/{schedule_id}/fires": "GET",
            "/schedules/{schedule_id}/explain": "GET",
            "/calendars": "GET POST",
            "/calendars/{calendar_id}": "GET PUT DELETE",
            "/calendars/{calendar_id}/days": "GET",
            "/calendars/{calendar_id}/refresh": "POST",
            "/calendars/{calendar_id}/import": "POST",
            "/schedules/{schedule_id}/enable": "PUT",
            "/schedules/{schedule_id}/disable": "PUT",
            "/schedules/{schedule_id}/trigger": "PUT",
            "/schedules/{schedule_id}/run": "POST",
            "/schedules/{schedule_id}/run-now": "POST",
            "/triggers": "GET POST",
            "/triggers/assigned": "GET",
            "/triggers/manager/status": "GET",
            "/triggers/test": "POST",
            "/triggers/types": "GET",
            "/triggers/{trigger_id}": "GET PUT DELETE",
            "/triggers/{trigger_id}/deliveries": "GET",
            "/triggers/{trigger_id}/deliveries/{delivery_id}": "GET",
            "/triggers/{trigger_id}/deliveries/{delivery_id}/replay": "POST",
            "/triggers/{trigger_id}/disable": "PUT",
            "/triggers/{trigger_id}/enable": "PUT",
            "/triggers/{trigger_id}/fire": "POST",
            "/triggers/{trigger_id}/rotate-secret": "POST",
            "/triggers/{trigger_id}/stats": "GET",
        }.items()
        for method in methods.split()
    }


async def test_every_operation_says_what_it_does_and_how_it_refuses(document: Document) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert len(operation["description"]) > 20, name
        anywhere = {"default"} if is_probe(name) else {"400", "401", "403", "429", "503", "default"}
        assert anywhere <= set(operation["responses"]), name
        assert ("413" in operation["responses"]) == ("requestBody" in operation), name
        if "{" in name and not name.endswith("/token"):
            assert "404" in operation["responses"], name
        for status, answer in operation["responses"].items():
            if status[0] != "2":
                shape = {"429": "TooOften", "503": "NotReadyAnswer" if is_probe(name) else "Refusal"}.get(status)
                assert schema_of(document, answer["content"])["title"] == (shape or "Refusal"), (name, status)


async def test_whether_requests_can_be_served_is_said_with_503_too(document: Document) -> None:
    for base in ("", "/api/v1"):
        assert "503" in document["paths"][f"{base}/health/ready"]["get"]["responses"]


async def test_a_refusal_of_too_many_requests_has_the_fields_of_the_document(document: Document) -> None:
    assert {"error", "retry_after"} <= set(document["components"]["schemas"]["TooOften"]["required"])


async def test_every_answer_names_the_headers_that_it_comes_with(document: Document) -> None:
    counted = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            headers = set(answer["headers"])
            assert "X-Request-ID" in headers, (name, status)
            assert counted <= headers or is_probe(name), (name, status)
            assert ("Retry-After" in headers) == (status in ("429", "503") and not is_probe(name)), (name, status)
            assert ("WWW-Authenticate" in headers) == (status == "401"), (name, status)
            replayed = "422" in operation["responses"] and status[0] == "2"
            assert ("Idempotent-Replayed" in headers) == replayed, (name, status)
            reads = name.startswith("GET ") and not is_probe(name)
            assert ("X-Ignored-Parameters" in headers) == reads, (name, status)
            assert headers <= set(document["components"]["headers"])


async def test_what_honours_an_idempotency_key_says_how_it_refuses_one(document: Document) -> None:
    keyed = {
        name
        for name, operation in operations(document)
        if any(parameter["name"] == "idempotency-key" for parameter in operation.get("parameters", ()))
    }
    makers = (
        "jobs",
        "jobs/batch",
        "pools",
        "robots/register",
        "robot-api-keys",
        "robot-api-keys/import",
        "schedules",
        "calendars",
    )
    assert keyed >= {f"POST /api/v1/{path}" for path in makers}
    assert {name for name, operation in operations(document) if "422" in operation["responses"]} == keyed
    assert all("409" in operation["responses"] for name, operation in operations(document) if name in keyed)


def must_be_shown(shape: dict[str, Any]) -> set[str]:
    """The keys that an example must have: FastAPI leaves nulls out of the document, also those of examples."""
    nullable = [{"type": "null"}]
    return {
        name
        for name in shape.get("required", ())
        if "type" in shape["properties"][name] or "$ref" in shape["properties"][name]
        if shape["properties"][name].get("anyOf", [])[-1:] != nullable
    }


async def test_every_body_and_every_answer_has_an_example_with_all_its_keys(document: Document) -> None:
    for name, operation in operations(document):
        contents = [answer["content"] for status, answer in operation["responses"].items() if status[0] == "2"]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        shapes = [
            shape for content in contents if "application/json" in content for shape in schemas_of(document, content)
        ]
        assert shapes or name.endswith(("/prometheus", "/export")), name
        for shape in shapes:
            [example] = shape["examples"]
            assert set(example) >= must_be_shown(shape), (name, shape["title"])
            assert set(example) <= set(shape["properties"]), (name, shape["title"])


async def test_every_name_of_a_shape_is_unambiguous(document: Document) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []

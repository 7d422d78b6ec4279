"""What the function of senders says of itself: three routes, with the answers and bodies of documents 001 and 004."""

from typing import Any

import httpx2
from tests.faces.doors import REQUEST, Door

from casare_cloud.config import Settings
from casare_cloud.faces.webhooks.app import create_app

Document = dict[str, Any]
ROUTES = {
    "/webhook/{trigger_id}": "DeliveryAnswer",
    "/hooks/{trigger_id}": "DeliveryAnswer",
    "/webhooks/{path}": "PathAnswer",
}


def resolved(document: Document, schema: Document) -> Document:
    """A schema by its name."""
    return dict(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]) if "$ref" in schema else schema


async def test_the_routes_are_described_with_every_answer_and_the_page_shows_them() -> None:
    transport = httpx2.ASGITransport(create_app(Settings(is_local=True)))  # without a database
    async with httpx2.AsyncClient(transport=transport, base_url="http://webhooks") as client:
        document = (await client.get("/openapi.json")).json()
        page = await client.get("/docs")
        assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
        assert (await client.get("/docs/swagger-ui-bundle.js")).status_code == 200
        missing = await client.get("/docs/none.js")
        assert (missing.status_code, missing.json()["status"]) == (404, "error")
    for path, shape in ROUTES.items():
        operation = document["paths"][path]["post"]
        assert len(operation["description"]) > 40
        answers = operation["responses"]
        assert set(answers) == {"200", "400", "401", "404", "405", "409", "413", "415", "429", "500", "503"}
        for status, answer in answers.items():
            schema = answer["content"]["application/json"]["schema"]
            titles = {resolved(document, item)["title"] for item in schema.get("anyOf", [schema])}
            assert titles == {"200": {shape}, "429": {"Limited", "Refused"}}.get(status, {"Refused"}), (path, status)
            assert "X-Request-ID" in answer["headers"]
            for header in answer["headers"].values():
                assert header["$ref"].rsplit("/", 1)[1] in document["components"]["headers"]
        assert "requestBody" in operation
    assert {"secret", "bearer", "github", "standard"} <= set(document["components"]["securitySchemes"])
    assert {} in document["security"]  # a trigger may ask for no proof


async def test_what_is_described_is_what_is_answered(door: Door) -> None:
    document = (await door.client.get("/openapi.json")).json()
    shapes = document["components"]["schemas"]
    trigger = door.trigger(rate_limit_per_minute=1)
    by_id, by_path = f"/webhook/{trigger['trigger_id']}", f"/webhooks{trigger['path']}"
    for path, body, shape in (
        (by_id, REQUEST, "DeliveryAnswer"),
        (by_path, REQUEST, "PathAnswer"),
        (by_path, {"other": 1}, "Limited"),
        (by_id, {}, "Refused"),
    ):
        answer = await door.post(path, body)
        assert set(answer.json()) == set(shapes[shape]["properties"]) == set(shapes[shape]["examples"][0]), path
    assert set(shapes["Event"]["required"]) == {"event_type"}
    assert shapes["Event"]["examples"] == [REQUEST]

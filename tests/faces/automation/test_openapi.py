"""What the OpenAPI document of the automation face says of its endpoints: complete, and true of itself."""

from typing import Any

import httpx2
import pytest_asyncio
from tests.faces.test_openapi import must_be_shown, schema_of, schemas_of

Document = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="module")
async def document(client: httpx2.AsyncClient) -> Document:
    return dict((await client.get("/openapi.json")).json())


def operations(document: Document) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        if "/health" not in path
        for method, operation in item.items()
    ]


async def test_every_operation_says_what_it_does_and_how_it_refuses(document: Document) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert len(operation["description"]) > 20, name
        assert {"401", "403", "429", "503", "default"} <= set(operation["responses"]), name
        if "501" in operation["responses"]:
            continue
        assert "422" in operation["responses"], name
        assert ("413" in operation["responses"]) == ("requestBody" in operation), name
        if "{" in name:
            assert "404" in operation["responses"], name
        for status, answer in operation["responses"].items():
            if status[0] not in "2d":
                shape = "TooOften" if status == "429" else "Refusal"
                assert schema_of(document, answer["content"])["title"] == shape, (name, status)


async def test_every_body_and_every_answer_has_an_example_with_all_its_keys(document: Document) -> None:
    for name, operation in operations(document):
        contents = [answer.get("content", {}) for status, answer in operation["responses"].items() if status[0] == "2"]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in contents:
            if "application/json" in content and "text/csv" not in content:
                shape = schemas_of(document, content)[-1]  # of two forms, the object
                [example] = shape["examples"]
                assert set(example) >= must_be_shown(shape), (name, shape["title"])
                assert set(example) <= set(shape["properties"]), (name, shape["title"])


async def test_every_answer_names_the_headers_that_it_comes_with(document: Document) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            assert {"X-Request-ID", "X-Process-Time", "X-RateLimit-Limit"} <= set(answer["headers"]), (name, status)


async def test_every_name_of_a_shape_is_unambiguous(document: Document) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


async def test_probes_are_documented_where_they_lie(document: Document) -> None:
    for path in ("/api/health", "/api/health/health", "/api/health/status", "/api/v1/health/status"):
        assert "get" in document["paths"][path]

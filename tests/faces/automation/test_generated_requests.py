"""Whatever the OpenAPI document of the automation face allows or forbids, no caller breaks it or learns of another."""

import asyncio
import random
from collections.abc import Iterator

import pytest
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema
from tests.databases import Database
from tests.faces.generated import Requests, check, schema_of
from tests.faces.neighbours import Neighbours
from tests.faces.platform import running_platform
from tests.servers import is_nightly

from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import create_app

# Roles differ in what the database lets them do, and the orchestrator's own test asks as each of them.
AT_NIGHT = ("developer", "operator", "service key") if is_nightly() else ()
CALLERS = ("nobody", "robot key", "admin", "viewer", *AT_NIGHT)
ALLOWED, FORBIDDEN = (20, 10) if is_nightly() else (2, 1)


@pytest.fixture(scope="session")
def schema() -> OpenApiSchema:
    return asyncio.run(schema_of(create_app(Settings(is_local=True))))


@pytest.fixture
def asked(request: pytest.FixtureRequest, database: Database, schema: OpenApiSchema) -> Iterator[Requests]:
    """Requests of the caller, who is the parameter."""
    with running_platform(database) as settings, asyncio.Runner() as runner:
        app = create_app(settings)
        neighbours = Neighbours(database, settings)
        luck = random.getrandbits(32) if is_nightly() else 0
        asked = Requests(app, schema, neighbours.caller(request.param), neighbours, runner, luck)
        yield asked
        runner.run(app.close())


@pytest.mark.parametrize("asked", CALLERS, indirect=True)
def test_generated_requests_break_nothing_and_learn_nothing(asked: Requests) -> None:
    asked.generate(GenerationMode.POSITIVE, ALLOWED)
    asked.generate(GenerationMode.NEGATIVE, FORBIDDEN)
    check(asked)
    if asked.caller.name == "nobody":
        assert asked.successes <= asked.open_to_all


@pytest.mark.parametrize(
    ("asked", "least"),
    [("nobody", 50), ("robot key", 100), pytest.param("admin", 500, marks=pytest.mark.long)],
    indirect=["asked"],
)
def test_every_limit_of_every_schema_holds_from_both_sides(asked: Requests, least: int) -> None:
    asked.cover()
    check(asked)
    assert asked.count >= least

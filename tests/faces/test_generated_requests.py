"""Whatever the OpenAPI document allows or forbids, no caller breaks the orchestrator or learns of another tenant."""

import asyncio
import random
from collections.abc import Iterator

import pytest
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema
from tests.databases import Database
from tests.faces.generated import Requests, check, schema_of
from tests.faces.neighbours import CALLERS, STRANGER, Neighbours
from tests.faces.platform import running_platform
from tests.servers import is_nightly

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app

# How many requests to each operation its schema allows, and forbids. Two of the former are enough for what follows;
# more are only sent at night, and others each time (`--randomly-seed` of that run brings the same).
ALLOWED, FORBIDDEN = (20, 10) if is_nightly() else (3, 1)
# Roles differ in what the database lets them do. What a schema forbids is refused before that, to all of them alike.
ROLES = () if is_nightly() else ("developer", "operator", "viewer")
# How many operations succeed at least once: what a role may do, but for what takes more luck.
ENOUGH = {
    "nobody": 10,
    "robot key": 24,
    "admin": 74,
    "developer": 52,
    "operator": 48,
    "viewer": 38,
    "service key": 72,
}


@pytest.fixture(scope="session")
def schema() -> OpenApiSchema:
    return asyncio.run(schema_of(create_app(Settings(is_local=True))))


@pytest.fixture
def asked(request: pytest.FixtureRequest, database: Database, schema: OpenApiSchema) -> Iterator[Requests]:
    """Requests of the caller, who is the parameter; afterwards nothing was wrong with any answer."""
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
    if asked.caller.name not in ROLES:
        asked.generate(GenerationMode.NEGATIVE, FORBIDDEN)
    check(asked)
    assert asked.count >= len(asked.operations) * (2 if asked.caller.name in ROLES else 2.5)
    assert len(asked.successes) >= ENOUGH[asked.caller.name]
    if asked.caller.name == "nobody":
        assert asked.successes <= asked.open_to_all


@pytest.mark.parametrize(
    ("asked", "least"),
    [("nobody", 140), ("robot key", 1000), pytest.param("admin", 3000, marks=pytest.mark.long)],
    indirect=["asked"],
)
def test_every_limit_of_every_schema_holds_from_both_sides(asked: Requests, least: int) -> None:
    asked.cover()
    check(asked)
    assert asked.count >= least


@pytest.mark.parametrize("asked", ["nobody"], indirect=True)
def test_a_credential_outside_ascii_is_refused_like_any_other(asked: Requests) -> None:
    operation = asked.schema["/api/v1/jobs"]["GET"]
    for credential in ("Bearer \u0142", "Bearer \xff\xfe", "Bearer a.\U0001f600.c", "\u0142 x"):
        asked.send(operation.Case(headers={"Authorization": credential}))
    asked.send(operation.Case(headers={"X-Api-Key": "crpa_\u0142"}))
    check(asked)
    assert asked.count == 5
    assert asked.statuses[operation.label] == {401}


@pytest.mark.parametrize("asked", [STRANGER], indirect=True)
def test_an_answer_that_tells_of_the_other_tenant_and_a_change_there_would_be_noticed(asked: Requests) -> None:
    asked.generate(GenerationMode.POSITIVE, 1)
    told = {label for label, fault in asked.faults if fault.startswith(("tells", "gives"))}
    assert {"GET /api/v1/jobs", "GET /api/v1/robots", "GET /api/v1/workflows"} <= told
    assert "public.workflows" in asked.neighbours.changed()

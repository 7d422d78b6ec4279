"""Whatever the OpenAPI document allows or forbids, no caller breaks the orchestrator or learns of another tenant."""

import asyncio

import pytest
from schemathesis.generation import GenerationMode
from tests.databases import Database
from tests.faces.generated import Requests
from tests.faces.neighbours import CALLERS, Neighbours
from tests.faces.platform import running_platform

from casare_cloud.faces.orchestrator.app import create_app


@pytest.mark.parametrize("caller", CALLERS)
def test_generated_requests(database: Database, caller: str) -> None:
    with running_platform(database) as settings, asyncio.Runner() as runner:
        app = create_app(settings)
        neighbours = Neighbours(database, settings)
        asked = Requests(app, neighbours.caller(caller), neighbours, runner)
        asked.generate(GenerationMode.POSITIVE, 8)
        asked.generate(GenerationMode.NEGATIVE, 3)
        runner.run(app.close())

        never = [k for k, v in asked.statuses.items() if not any(x < 300 for x in v)]
        print("NEVER", asked.count, asked.caller.name, never)
        open("/tmp/faults-a.txt", "a").write(f"#### {caller}\n" + report(asked) + "\n\n")
        assert not asked.faults, report(asked)
        assert neighbours.changed() == []


def report(asked: Requests) -> str:
    return "\n\n".join(f"{label}: {fault}\n{what}" for (label, fault), what in asked.faults.items())


@pytest.mark.parametrize("caller", ["admin", "robot key", "nobody"])
def test_coverage(database: Database, caller: str) -> None:
    with running_platform(database) as settings, asyncio.Runner() as runner:
        app = create_app(settings)
        neighbours = Neighbours(database, settings)
        asked = Requests(app, neighbours.caller(caller), neighbours, runner)
        asked.cover()
        runner.run(app.close())
        never = [k for k, v in asked.statuses.items() if not any(x < 300 for x in v)]
        print("NEVER", asked.count, asked.caller.name, never)
        open("/tmp/faults-a.txt", "a").write(f"#### {caller}\n" + report(asked) + "\n\n")
        assert not asked.faults, report(asked)
        assert neighbours.changed() == []

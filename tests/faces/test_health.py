"""Health in the shapes of document 000, with the database there, away, and silent."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator

import httpx2
import pytest
from tests.databases import Database
from tests.faces.conftest import KeyPublisher
from tests.faces.wires import wire_to

from casare_cloud import database, database_pool
from casare_cloud.config import Settings
from casare_cloud.faces.kit import health
from casare_cloud.faces.orchestrator.app import create_app
from casare_cloud.preflight import readiness
from casare_cloud.preflight.readiness import Readiness

PING_SECONDS = health.PING_SECONDS  # as it is deployed


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


async def ask(settings: Settings, path: str) -> httpx2.Response:
    app = create_app(settings)
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client,
        asyncio.timeout(30),
    ):
        answer = await client.get(path)
    await app.close()
    return answer


@pytest.mark.parametrize("base", ["", "/api/v1"])
async def test_a_healthy_orchestrator(settings: Settings, base: str) -> None:
    assert (await ask(settings, f"{base}/health")).json() == {"status": "healthy", "service": "casare-rpa-monitoring"}
    assert (await ask(settings, f"{base}/health/live")).json() == {"alive": True}
    assert (await ask(settings, f"{base}/health/ready")).json() == {"ready": True}
    detailed = (await ask(settings, f"{base}/health/detailed")).json()
    assert detailed == {
        "status": "healthy",
        "service": "casare-rpa-monitoring",
        "dependencies": {"database": {"healthy": True, "pool_size": 4, "pool_free": 4, "error": None}},
    }


@pytest.mark.parametrize("is_silent", [False, True], ids=["refused", "silent"])
async def test_without_a_database_it_is_degraded_in_time(
    silent_port: int, is_silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PING_SECONDS < 2
    monkeypatch.setattr(health, "PING_SECONDS", 0.3)
    for module in (database, database_pool):
        monkeypatch.setattr(module, "POOL_SECONDS", 60.0)  # what a request would wait for
    monkeypatch.setattr(database_pool, "CONNECT_SECONDS", 2)
    port = silent_port if is_silent else 1
    settings = Settings(database_url=f"postgresql://casare_functions@127.0.0.1:{port}/postgres")
    detailed = await ask(settings, "/health/detailed")
    assert detailed.status_code == 200
    assert detailed.json()["status"] == "degraded"
    found = detailed.json()["dependencies"]["database"]
    assert (found["healthy"], found["pool_size"], found["pool_free"]) == (False, 0, 0)
    assert isinstance(found["error"], str)

    ready = await ask(settings, "/health/ready")
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reason": "Database unhealthy"}
    assert (await ask(settings, "/health")).status_code == 200
    assert (await ask(settings, "/health/live")).json() == {"alive": True}


async def test_when_all_connections_are_taken_it_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(dataclasses.replace(settings, pool_size=1))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        async with app.database.transaction(None) as tx:
            await tx.execute("select 1")
            with monkeypatch.context() as hurry:
                hurry.setattr(health, "PING_SECONDS", 0.3)
                ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": "No free connection"})
        assert (await client.get("/health/ready")).json() == {"ready": True}
    await app.close()


async def test_a_connection_whose_database_has_gone_silent_holds_no_probe_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire_to(settings.database_url) as (wire, dsn):
        app = create_app(dataclasses.replace(settings, database_url=dsn))
        try:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
                assert (await client.get("/health/ready")).status_code == 200
                wire.cut()
                monkeypatch.setattr(health, "PING_SECONDS", 0.3)
                async with asyncio.timeout(30):
                    assert (await client.get("/health/ready")).status_code == 503
                    assert (await client.get("/health/detailed")).json()["status"] == "degraded"
        finally:
            await app.close()


async def test_settings_that_cannot_work_are_red_in_words_that_tell_a_stranger_nothing(
    settings: Settings, publisher: KeyPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.keys = []
    ready = await ask(settings, "/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    reasons = ready.json()["reason"].split("; ")
    assert reasons == ["Auth publishes no usable key", "The signing key is not among Auth's keys"]
    logged = [record.message for record in caplog.records if record.message.startswith("not ready:")]
    assert [line.split()[2].strip(":") for line in logged] == ["SUPABASE_JWT_SECRET", "CASARE_SIGNING_KEY"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signing_key": '{"kid": "a secret"}'}, "The signing key is malformed"),
        ({"supabase_url": "http://127.0.0.1:1"}, "Auth does not answer"),
    ],
)
async def test_each_wrong_setting_has_its_reason(settings: Settings, change: dict[str, str], reason: str) -> None:
    ready = await ask(dataclasses.replace(settings, **change), "/health/ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": reason})


async def test_a_login_with_too_many_rights_is_red(settings: Settings, shared_database: Database) -> None:
    ready = await ask(dataclasses.replace(settings, database_url=shared_database.dsn("postgres")), "/health/ready")
    assert ready.json() == {"ready": False, "reason": "Database login has too many rights"}


async def test_the_settings_are_looked_at_once_however_often_somebody_asks(
    settings: Settings, publisher: KeyPublisher
) -> None:
    app = create_app(settings)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await client.get("/health/ready")).status_code == 200
    await app.close()
    assert publisher.requests == 1


async def test_what_was_wrong_is_looked_at_again_when_its_time_is_over(
    settings: Settings, publisher: KeyPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "BAD_SECONDS", 0.0)
    keys, publisher.keys = publisher.keys, []
    app = create_app(settings)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        assert (await client.get("/health/ready")).status_code == 503
        publisher.keys = keys
        assert (await client.get("/health/ready")).json() == {"ready": True}
    await app.close()


async def test_an_outage_of_auth_that_has_answered_before_is_a_warning(
    settings: Settings, publisher: KeyPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "GOOD_SECONDS", 0.0)
    app = create_app(settings)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        assert (await client.get("/health/ready")).json() == {"ready": True}
        publisher.status = 502
        answers = []
        async with asyncio.timeout(30):
            while not answers or answers[-1].json() == {"ready": True}:  # what was good is not waited for
                answers.append(await client.get("/health/ready"))
        assert answers[-1].json() == {"ready": True, "warnings": ["Auth does not answer"]}
        assert {answer.status_code for answer in answers} == {200}
    await app.close()


async def test_checks_that_broke_are_no_answer_of_auth(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "BAD_SECONDS", 0.0)

    async def broken(_: Settings) -> None:
        raise RuntimeError

    app = create_app(dataclasses.replace(settings, supabase_url="http://127.0.0.1:1"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        with monkeypatch.context() as patch:
            patch.setattr("casare_cloud.preflight.checks.check", broken)
            assert (await client.get("/health/ready")).json() == {"ready": False, "reason": "Checks failed"}
        assert (await client.get("/health/ready")).json() == {"ready": False, "reason": "Auth does not answer"}
    await app.close()


async def test_a_look_that_takes_long_is_not_waited_for(
    settings: Settings, publisher: KeyPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = Readiness.reasons
    monkeypatch.setattr(Readiness, "reasons", lambda self, seconds: reasons(self, 0.3))
    publisher.may_answer.clear()
    try:
        ready = await ask(settings, "/health/ready")
        assert ready.json() == {"ready": False, "reason": "Not checked yet"}
    finally:
        publisher.may_answer.set()

"""What all paths of the automation face have in common: spellings, refusals, headers, rate groups, probes."""

import dataclasses
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from tests.databases import Database
from tests.faces.conftest import Signer
from tests.faces.stage import Stage
from tests.factories import Member, make_tenant

from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import create_app

Headers = Callable[[Member], dict[str, str]]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/templates", "/api/v1/templates/", "/api/v1/api/v1/templates", "/api/v1/api/v1/templates/"],
)
async def test_every_spelling_of_a_path_is_answered_without_a_redirect(stage: Stage, path: str) -> None:
    answer = await stage.client.get(path, headers=stage.admin.headers)
    assert (answer.status_code, answer.json()["error_code"]) == (501, "COMES_LATER")


@pytest.mark.parametrize("base", ["/api", "/api/v1"])
@pytest.mark.parametrize("path", ["/health", "/health/", "/health/health", "/health/status", "/health/status/"])
async def test_probes_are_open_below_api_and_below_the_base(client: httpx2.AsyncClient, base: str, path: str) -> None:
    answer = await client.get(base + path)
    assert answer.status_code == 200
    assert answer.json()["status" if "status" not in path else "app"]


async def test_without_a_database_the_check_is_503_and_says_what_is_away(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, database_url="postgresql://x@127.0.0.1:1/x"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://a") as client:
        answer = await client.get("/api/health/health")
        assert (answer.status_code, answer.json()["detail"]["checks"]["database"]) == (503, "unavailable")
        status = await client.get("/api/health/status")
        assert (status.status_code, status.json()["components"]["database"]) == (200, "unavailable")
    await app.close()


async def test_who_brings_no_token_is_challenged(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/plugins")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert set(answer.json()) == {"detail", "error_code", "request_id"}


async def test_an_address_or_a_method_that_is_none_is_told_in_a_sentence(stage: Stage) -> None:
    nowhere = await stage.admin.post("/chat/message", {"message": "hello"})
    assert (nowhere.status_code, nowhere.json()["detail"]) == (404, "There is nothing at this address.")
    unknown = await stage.client.request("PATCH", "/api/v1/workflows", headers=stage.admin.headers)
    assert (unknown.status_code, unknown.json()["detail"]) == (405, "This address does not take this method.")


async def test_a_name_in_a_query_that_is_not_known_is_refused_or_told(stage: Stage) -> None:
    misspelt = await stage.admin.get("/executions", statsu="failed")
    assert (misspelt.status_code, misspelt.json()["detail"]) == (
        422, "statsu (query): there is no such parameter; did you mean status?"
    )  # fmt: skip
    told = await stage.admin.get("/agents/stats", owner="ada")
    assert (told.status_code, told.headers["x-ignored-parameters"]) == (200, "owner")
    changing = await stage.admin.ask("POST", "/workflows", params={"owner": "ada"}, json={"name": "w"})
    assert (changing.status_code, changing.json()["error_code"]) == (422, "INVALID_ARGUMENT")


async def test_each_answer_tells_its_time_and_its_id(client: httpx2.AsyncClient) -> None:
    for path in ("/api/health", "/metrics", "/api/v1/nowhere", "/openapi.json"):
        answer = await client.get(path)
        assert re.fullmatch(r"[0-9]+\.[0-9]{2}ms", answer.headers["x-process-time"])
        assert answer.headers["x-request-id"]


async def test_metrics_count_requests_without_series_that_strangers_make_up(client: httpx2.AsyncClient) -> None:
    await client.request("BREW", "/api/v1/nowhere")
    await client.get("/api/v1/nowhere")
    text = (await client.get("/metrics")).text
    assert 'rpa_http_requests_total{method="other",status="404"}' in text
    assert 'rpa_http_requests_total{method="GET",status="404"}' in text
    assert "nowhere" not in text
    assert "BREW" not in text


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(dataclasses.replace(settings, rate_limits=True))
    transport = httpx2.ASGITransport(app, client=("203.0.113.77", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://a/api/v1") as client:
        yield client
    await app.close()


async def test_a_rate_group_has_one_count_for_all_its_endpoints_and_one_for_each_caller(
    counted: httpx2.AsyncClient, shared_database: Database, bearer: Headers
) -> None:
    first, second = [bearer(make_tenant(shared_database).admin) for _ in range(2)]
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

    async def told(method: str, path: str, who: dict[str, str]) -> list[int]:
        answer = await counted.request(method, path, headers=who)
        return [int(answer.headers[name]) for name in names]

    assert await told("GET", "/plugins", first) == [200, 199, 60]
    assert await told("GET", "/templates", first) == [200, 198, 60]
    assert await told("GET", "/plugins", second) == [200, 199, 60]
    assert await told("POST", "/plugins/reload", first) == [60, 59, 60]
    assert await told("GET", "/ai/usage", first) == [20, 19, 60]
    for _ in range(19):
        await counted.post("/ai/ask", headers=first)
    answer = await counted.get("/ai/status", headers=first)
    assert (answer.status_code, answer.json()["error_code"]) == (429, "RATE_LIMITED")
    assert 1 <= answer.json()["retry_after"] == int(answer.headers["retry-after"]) <= 60
    assert int(answer.headers["x-ratelimit-reset"]) <= 60


async def test_logins_registrations_and_refreshes_share_ten_a_minute_and_me_is_a_read(
    counted: httpx2.AsyncClient, shared_database: Database, bearer: Headers
) -> None:
    who = bearer(make_tenant(shared_database).admin)
    statuses = [(await counted.post(f"/auth/{path}", json={})).status_code for path in ("login", "refresh") * 5]
    assert statuses == [422] * 10
    for path in ("login", "refresh", "register"):
        assert (await counted.post(f"/auth/{path}", json={})).status_code == 429
    for _ in range(11):
        answer = await counted.get("/auth/me", headers=who)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "189")


def test_a_cold_face_answers_its_probes_without_the_framework_and_its_resources() -> None:
    code = (
        "import asyncio, sys, httpx2\n"
        "from casare_cloud.config import Settings\n"
        "from casare_cloud.faces.automation.app import create_app\n"
        "client = httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(Settings(is_local=True))))\n"
        "answer = asyncio.run(client.get('http://t/api/health/'))\n"
        "heavy = ('fastapi', 'pydantic', 'psycopg', 'prometheus_client', 'casare_cloud.faces.automation.refusals')\n"
        "print(answer.status_code, [name for name in heavy if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "200 []", ran.stderr


def test_a_cold_face_answers_its_first_user_without_an_http_client_and_the_routes_of_probes(
    settings: Settings, shared_database: Database, signer: Signer
) -> None:
    token = signer.token(make_tenant(shared_database).admin.claims)
    code = (
        "import asyncio, os, sys\n"
        "from casare_cloud.faces.automation.app import create_app\n"
        "path = '/api/v1/task-types/log'\n"
        "scope = {'type': 'http', 'asgi': {'version': '3.0'}, 'http_version': '1.1', 'method': 'GET',\n"
        "         'scheme': 'http', 'path': path, 'raw_path': path.encode(), 'root_path': '', 'query_string': b'',\n"
        "         'client': ('::1', 1), 'state': {},\n"
        "         'headers': [(b'authorization', b'Bearer ' + os.environ['TOKEN'].encode())]}\n"
        "async def receive(): return {'type': 'http.request', 'body': b''}\n"
        "async def send(message): print(message.get('status', ''), end='')\n"
        "async def main():\n"
        "    app = create_app()\n"
        "    await app(scope, receive, send)\n"
        "    await app.close()\n"
        "asyncio.run(main())\n"
        "heavy = ('httpx2', 'httpcore2', 'casare_cloud.faces.automation.probe_shapes')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    surroundings = {
        "CASARE_LOCAL": "1",
        "DATABASE_URL": settings.database_url,
        "SUPABASE_URL": settings.supabase_url,
        "TOKEN": token,
    }
    ran = subprocess.run([sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "200[]", ran.stderr

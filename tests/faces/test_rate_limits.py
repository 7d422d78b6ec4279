"""Rate limits: exact, shared by all instances, told in headers, and no way around them (documents 000, 001, 002)."""

import asyncio
import dataclasses
import ipaddress
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.faces.conftest import KeyPublisher
from tests.faces.documents import LIMITED
from tests.faces.forms import differences
from tests.faces.platform import running_platform
from tests.faces.stage import Stage
from tests.factories import make_key

from casare_cloud.config import Settings
from casare_cloud.domain.requests.counting import RequestCount
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.faces.orchestrator.rate_limits import RATE_LIMITS, RATES
from casare_cloud.identity import new_api_key

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_networks = iter(range(1, 250))


@pytest.fixture
def address() -> str:
    """A client address that no other test of the module has."""
    return f"198.51.100.{next(_networks)}"


class Face:
    """An instance of the function, to be asked from any address."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)

    async def ask(
        self, address: str, path: str, method: str = "GET", headers: dict[str, str] | None = None, **options: object
    ) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://o/api/v1") as client:
            return await client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]


@pytest.fixture
def limited(settings: Settings) -> Settings:
    return dataclasses.replace(settings, rate_limits=True)


@pytest_asyncio.fixture(loop_scope="module")
async def face(limited: Settings) -> AsyncIterator[Face]:
    face = Face(limited)
    yield face
    await face.app.close()


@pytest_asyncio.fixture(loop_scope="module")
async def other_face(limited: Settings) -> AsyncIterator[Face]:
    face = Face(limited)
    yield face
    await face.app.close()


@pytest_asyncio.fixture(loop_scope="module")
async def platform_face(shared_database: Database) -> AsyncIterator[Face]:
    """An instance with Supabase Auth."""
    with running_platform(shared_database) as settings:
        face = Face(dataclasses.replace(settings, rate_limits=True))
        yield face
        await face.app.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(shared_app: Orchestrator) -> dict[str, Any]:
    """The OpenAPI document, which takes a second to make."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(shared_app), base_url="http://o") as client:
        made: dict[str, Any] = (await client.get("/openapi.json")).json()
    return made


def use_up(database: Database, rule: str, subject: str, left: int = 0, seconds: int = 300) -> None:
    """As if this subject had made all but `left` of its requests, in a window that ends in `seconds`."""
    method, path = rule.split(" ")
    limit = RATE_LIMITS.rate_of(method, path.removeprefix("/api/v1"))
    with database.connect() as owner:
        owner.execute(
            "insert into private.request_counts values (%(bucket)s, %(count)s, now() + make_interval(secs => %(s)s)) "
            "on conflict (bucket) do update set count = excluded.count, window_ends_at = excluded.window_ends_at",
            {"bucket": f"orchestrator {rule} {subject}", "count": limit.requests - left, "s": seconds},
        )


def numbers(answer: httpx2.Response) -> tuple[int, int, int]:
    """(limit, remaining, reset) of an answer."""
    limit, remaining, reset = (int(answer.headers[name]) for name in HEADERS)
    return limit, remaining, reset


async def test_every_answer_says_the_limit_what_is_left_and_when_it_ends(
    face: Face, stage: Stage, address: str
) -> None:
    for expected in (99, 98, 97):
        answer = await face.ask(address, "/jobs", headers=dict(stage.admin.headers))
        assert answer.status_code == 200
        limit, remaining, reset = numbers(answer)
        assert (limit, remaining) == (100, expected)
        assert 0 < reset - time.time() <= 62
        assert "retry-after" not in answer.headers


async def test_one_request_too_many_is_429_in_the_published_shape(face: Face, stage: Stage, address: str) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}", left=1, seconds=50)
    headers = dict(stage.admin.headers)
    assert numbers(await face.ask(address, "/jobs", headers=headers))[1] == 0
    answer = await face.ask(address, "/jobs", headers=headers)
    assert answer.status_code == 429
    body = answer.json()
    assert set(body) == {"detail", "error", "retry_after", "error_code", "request_id"}
    assert not list(differences(LIMITED, body))
    assert (body["error"], body["error_code"]) == ("Rate limit exceeded", "RATE_LIMITED")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert 1 <= body["retry_after"] == int(answer.headers["retry-after"]) <= 50
    limit, remaining, reset = numbers(answer)
    assert (limit, remaining) == (100, 0)
    assert -2 <= body["retry_after"] - (reset - time.time()) <= 30


async def test_two_instances_share_one_limit(face: Face, other_face: Face, stage: Stage, address: str) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}", left=10)
    headers = dict(stage.admin.headers)
    left = [
        numbers(await each.ask(address, "/jobs", headers=headers))[1] for _ in range(5) for each in (face, other_face)
    ]
    assert left == list(range(9, -1, -1))
    for each in (face, other_face):
        assert (await each.ask(address, "/jobs", headers=headers)).status_code == 429


async def test_of_64_requests_at_once_exactly_the_quota_is_let_in(
    face: Face, other_face: Face, stage: Stage, address: str
) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}", left=40)
    headers = dict(stage.service("jobs.read").headers)
    answers = await asyncio.gather(
        *((face, other_face)[number % 2].ask(address, "/jobs", headers=headers) for number in range(64))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 40, 429: 24}
    assert sorted(numbers(answer)[1] for answer in answers if answer.status_code == 200) == list(range(40))
    assert {numbers(answer)[1] for answer in answers if answer.status_code == 429} == {0}


async def test_a_window_that_is_over_begins_anew(face: Face, stage: Stage, address: str) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}", seconds=-1)
    assert numbers(await face.ask(address, "/jobs", headers=dict(stage.admin.headers)))[:2] == (100, 99)


async def test_each_endpoint_and_each_address_has_a_count_of_its_own(face: Face, stage: Stage, address: str) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}")
    headers = dict(stage.admin.headers)
    assert (await face.ask(address, "/jobs", headers=headers)).status_code == 429
    assert (await face.ask(address, "/robots", headers=headers)).status_code == 200
    assert (await face.ask("203.0.113.1", "/jobs", headers=headers)).status_code == 200


async def test_all_ids_of_a_path_share_one_count(face: Face, stage: Stage, address: str) -> None:
    left = [
        numbers(await face.ask(address, f"/jobs/{uuid4()}", headers=dict(stage.admin.headers)))[1] for _ in range(3)
    ]
    assert left == [199, 198, 197]


async def test_requests_that_are_refused_count_too(face: Face, stage: Stage, address: str) -> None:
    """A wrong token, a dead key, an unknown id, a bad parameter: whatever the transaction comes to."""
    path = f"/jobs/{uuid4()}"
    asked = [
        ({}, path, 401),
        ({"Authorization": "Bearer a.b.c"}, path, 401),
        ({"X-Api-Key": make_key(stage.database, stage.tenant).text}, path, 401),
        (dict(stage.admin.headers), path, 404),
        (dict(stage.admin.headers), "/jobs/" + "x" * 65, 400),
    ]
    stage.scalar(
        "update public.api_keys set revoked_at = now() where tenant_id = %s returning 1", stage.tenant.tenant_id
    )
    for number, (headers, each, status) in enumerate(asked):
        answer = await face.ask(address, each, headers=headers)
        assert answer.status_code == status, answer.text
        assert numbers(answer)[1] == 199 - number
    use_up(stage.database, "GET /api/v1/jobs/{}", f"ip:{address}")
    for headers, each, _ in asked:
        assert (await face.ask(address, each, headers=headers)).status_code == 429


async def test_a_refused_request_does_nothing(face: Face, stage: Stage, address: str) -> None:
    workflow = stage.workflow()
    use_up(stage.database, "POST /api/v1/jobs", f"user:{stage.tenant.admin.user_id}")
    body = {"workflow_id": str(workflow.workflow_id)}
    answer = await face.ask(address, "/jobs", "POST", dict(stage.admin.headers), json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (429, "RATE_LIMITED")
    assert stage.scalar("select count(*) from public.jobs where tenant_id = %s", stage.tenant.tenant_id) == 0


async def test_submissions_count_for_their_caller_wherever_they_come_from(
    face: Face, stage: Stage, elsewhere: Stage, address: str
) -> None:
    body = {"workflow_id": str(stage.workflow().workflow_id)}
    first = await face.ask(address, "/jobs", "POST", dict(stage.admin.headers), json=body)
    second = await face.ask("203.0.113.2", "/jobs", "POST", dict(stage.admin.headers), json=body)
    assert [numbers(answer)[:2] for answer in (first, second)] == [(50, 49), (50, 48)]
    body = {"workflow_id": str(elsewhere.workflow().workflow_id)}
    assert numbers(await face.ask(address, "/jobs", "POST", dict(elsewhere.admin.headers), json=body))[1] == 49


async def test_robots_behind_one_address_do_not_take_each_others_share(face: Face, stage: Stage, address: str) -> None:
    for _ in range(2):
        robot, asker = stage.robot()
        answer = await face.ask(address, f"/robots/{robot.external_id}/heartbeat", "POST", dict(asker.headers))
        assert numbers(answer)[:2] == (600, 599)


async def test_inventing_keys_is_no_way_around(face: Face, stage: Stage, address: str) -> None:
    """Keys that nobody was given, in the right form, share the count of their address."""
    left = []
    for _ in range(3):
        headers = {"X-Api-Key": new_api_key("robot").key}
        answer = await face.ask(address, "/robots/r/heartbeat", "POST", headers)
        assert answer.status_code == 401
        left.append(numbers(answer)[1])
    assert left == [599, 598, 597]


async def test_a_forwarded_address_is_no_way_around(face: Face, stage: Stage, address: str) -> None:
    left = []
    for forged in ("1.2.3.4", "5.6.7.8, 9.9.9.9", "::1", "not an address"):
        headers = {**stage.admin.headers, "X-Forwarded-For": forged, "X-Real-IP": forged, "Forwarded": f"for={forged}"}
        left.append(numbers(await face.ask(address, "/jobs", headers=headers))[1])
    assert left == [99, 98, 97, 96]


async def test_behind_a_trusted_proxy_the_nearest_untrusted_address_counts(limited: Settings, stage: Stage) -> None:
    face = Face(dataclasses.replace(limited, trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),)))
    left = {}
    for forwarded in ("192.0.2.77", "192.0.2.78", "1.1.1.1, 192.0.2.77", "2.2.2.2, 192.0.2.77, 10.1.1.1"):
        headers = {**stage.admin.headers, "X-Forwarded-For": forwarded}
        left[forwarded] = numbers(await face.ask("10.0.0.1", "/jobs", headers=headers))[1]
    assert list(left.values()) == [99, 99, 98, 97]
    await face.app.close()


async def test_the_addresses_of_one_ipv6_customer_count_as_one(face: Face, stage: Stage) -> None:
    left = [
        numbers(await face.ask(f"2001:db8:7:{network}::{host}", "/jobs", headers=dict(stage.admin.headers)))[1]
        for network, host in ((1, 1), (1, "ffff"), (2, 1))
    ]
    assert left == [99, 98, 99]


async def test_a_user_is_not_counted_by_a_key_he_sends_along(face: Face, stage: Stage, address: str) -> None:
    body = {"workflow_id": str(stage.workflow().workflow_id)}
    left = []
    for _ in range(2):
        headers = {
            **stage.admin.headers,
            "X-Api-Key": make_key(stage.database, stage.tenant, "service", scopes=["*"]).text,
        }
        left.append(numbers(await face.ask(address, "/jobs", "POST", headers, json=body))[1])
    assert left == [49, 48]


async def test_registering_is_limited_before_anything_is_done(face: Face, address: str) -> None:
    answers = [await face.ask(address, "/auth/register", "POST", json={}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert numbers(answers[0])[:2] == (5, 4)


async def test_logging_in_is_limited_by_address_whatever_comes_of_it(face: Face, address: str) -> None:
    answers = [await face.ask(address, "/auth/login", "POST", json={}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert [numbers(answer)[:2] for answer in answers] == [(5, left) for left in (4, 3, 2, 1, 0, 0)]


@pytest.mark.parametrize("path", ["/jobs", "/auth/login"], ids=["with a transaction", "ahead of everything"])
async def test_a_refused_request_is_counted_once(
    face: Face, stage: Stage, address: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = "GET" if path == "/jobs" else "POST"
    use_up(stage.database, f"{method} /api/v1{path}", f"ip:{address}")
    execute, counts = psycopg.AsyncConnection.execute, []

    async def counted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if query == RequestCount.query:
            counts.append(query)
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", counted)
    assert (await face.ask(address, path, method, dict(stage.admin.headers))).status_code == 429
    assert len(counts) == 1


async def test_health_probes_and_documents_are_free(face: Face, address: str) -> None:
    for path in ("/health", "/health/live", "/health/ready", "http://o/openapi.json"):
        answer = await face.ask(address, path)
        assert answer.status_code == 200
        assert not any(name in answer.headers for name in HEADERS)


async def test_without_the_database_the_request_fails_as_it_would_anyway(limited: Settings, address: str) -> None:
    face = Face(dataclasses.replace(limited, database_url="postgresql://casare_functions@127.0.0.1:1/postgres"))
    answer = await face.ask(address, "/jobs")
    assert (answer.status_code, answer.json()["error_code"]) == (401, "AUTHENTICATION_FAILED")
    assert not any(name in answer.headers for name in HEADERS)
    await face.app.close()


async def test_limits_can_be_switched_off(settings: Settings, stage: Stage, address: str) -> None:
    use_up(stage.database, "GET /api/v1/jobs", f"ip:{address}")
    face = Face(settings)
    answer = await face.ask(address, "/jobs", headers=dict(stage.admin.headers))
    assert answer.status_code == 200
    assert not any(name in answer.headers for name in HEADERS)
    await face.app.close()


def test_counts_whose_window_is_over_are_purged(shared_database: Database) -> None:
    with shared_database.connect() as owner:
        rows = "('old', 1, now() - interval '2 minutes'), ('new', 1, now() + interval '1 minute')"
        owner.execute(f"insert into private.request_counts values {rows}")
        owner.execute("select private.purge_request_counts()")
        left = {row["bucket"] for row in owner.execute("select bucket from private.request_counts").fetchall()}
    assert "new" in left
    assert "old" not in left


# The tables of the documents: what they publish, as requests a minute.
DOCUMENTED = {
    "GET /metrics/fleet": 100,
    "GET /metrics/robots": 100,
    "GET /metrics/robots/{}": 200,
    "GET /metrics/jobs": 50,
    "GET /metrics/jobs/{}": 200,
    "GET /metrics/analytics": 20,
    "GET /metrics/activity": 60,
    "POST /auth/login": 5,
    "POST /auth/register": 5,
    "GET /workflows": 100,
    "GET /jobs": 100,
    "GET /robots": 100,
    "GET /schedules": 100,
    "GET /workflows/{}": 200,
    "GET /jobs/{}": 200,
    "GET /robots/{}": 200,
    "GET /schedules/{}": 200,
    "POST /jobs/{}/cancel": 60,
    "POST /jobs/{}/retry": 30,
    "POST /robots/register": 30,
    "PUT /robots/{}": 60,
    "PUT /robots/{}/status": 120,
    "DELETE /robots/{}": 30,
    "POST /robots/{}/heartbeat": 600,
    "PUT /jobs/{}/progress": 600,
    "POST /jobs": 50,
    "POST /workflows": 50,
}


@pytest.mark.parametrize(("endpoint", "requests"), DOCUMENTED.items())
def test_every_published_limit_is_kept(endpoint: str, requests: int) -> None:
    method, path = endpoint.split(" ")
    limit = RATE_LIMITS.rate_of(method, path)
    assert (limit.requests, limit.seconds) == (requests, 60)


def test_every_endpoint_of_the_table_is_there(document: dict[str, Any]) -> None:
    """A mistyped path would leave its endpoint with another limit."""
    there = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")))
        for path, item in document["paths"].items()
        for method in item
    }
    missing = {key for key in RATES if key not in there}
    assert missing == set()


def test_what_robots_do_all_day_is_counted_for_each_of_them(document: dict[str, Any]) -> None:
    """A whole fleet may have one address."""
    of_robots = [
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "(robots)" in operation.get("description", "")
    ]
    assert len(of_robots) >= 11
    assert [each for each in of_robots if RATE_LIMITS.rate_of(*each).per != "caller"] == []


async def test_one_password_cannot_be_tried_on_any_number_of_users(platform_face: Face, address: str) -> None:
    forms = [{"username": f"person-{uuid4().hex}", "password": "Summer-2026"} for _ in range(7)]
    answers = [await platform_face.ask(address, "/auth/login", "POST", json=form) for form in forms]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert {answer.json()["error_code"] for answer in answers[5:]} == {"RATE_LIMITED"}
    assert all(numbers(answer)[0] == 5 for answer in answers)


async def test_an_office_may_log_in_as_often_as_it_likes(platform_face: Face, address: str) -> None:
    name = f"person-{uuid4().hex[:8]}"
    form = {"email": f"{name}@example.test", "password": "Correct-Horse-9", "org_name": "O", "username": name}
    assert (await platform_face.ask(address, "/auth/register", "POST", json=form)).status_code == 201
    right = {"username": name, "password": form["password"]}
    answers = [await platform_face.ask(address, "/auth/login", "POST", json=right) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert [numbers(answer)[:2] for answer in answers] == [(5, 5)] * 7


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("Fri, 01 Jan 2999 00:00:00 GMT", 60), ("", 60)], ids=["seconds", "date", "nothing"]
)
async def test_a_refusal_by_auth_is_429_with_seconds_however_it_says_them(
    face: Face, publisher: KeyPublisher, address: str, said: str, seconds: int
) -> None:
    publisher.retry_after = said
    answer = await face.ask(address, "/auth/refresh", "POST", json={"refresh_token": "t"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, str(seconds))
    assert answer.json()["retry_after"] == seconds
    assert numbers(answer)[:2] == (60, 0)


async def test_logging_in_tells_how_many_attempts_are_left(
    platform_face: Face, shared_database: Database, address: str
) -> None:
    name = f"person-{uuid4().hex[:8]}"
    form = {"email": f"{name}@example.test", "password": "Correct-Horse-9", "org_name": "O", "username": name}
    assert (await platform_face.ask(address, "/auth/register", "POST", json=form)).status_code == 201
    wrong, right = {"username": name, "password": "wrong"}, {"username": name, "password": form["password"]}
    answers = [await platform_face.ask(address, "/auth/login", "POST", json=wrong) for _ in range(2)]
    assert [numbers(answer)[:2] for answer in answers] == [(5, 4), (5, 3)]
    assert numbers(await platform_face.ask(address, "/auth/login", "POST", json=right))[:2] == (5, 3), "of the address"
    use_up(shared_database, "POST /api/v1/auth/login", f"ip:{address}", seconds=-1)
    assert numbers(await platform_face.ask(address, "/auth/login", "POST", json=right))[:2] == (5, 5)
    answers = [await platform_face.ask(address, "/auth/login", "POST", json=wrong) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 5
    use_up(shared_database, "POST /api/v1/auth/login", f"ip:{address}", seconds=-1)
    answers = [await platform_face.ask(address, "/auth/login", "POST", json=wrong)]
    assert answers[-1].json()["error_code"] == "LOGIN_LOCKED"
    assert 800 < answers[-1].json()["retry_after"] <= 900
    assert numbers(answers[-1])[:2] == (5, 0)

"""Logging in, staying in, leaving and joining, against Auth's contract; and what an attacker would try."""

import asyncio
import dataclasses
import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.faces.platform import running_platform
from tests.factories import make_tenant

from casare_cloud.config import Settings
from casare_cloud.domain.users import service
from casare_cloud.domain.users.auth_api import AuthApi
from casare_cloud.errors import Unavailable
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.preflight.auth_faults import AuthFaults

PASSWORD = "Correct-Horse-9"


@pytest.fixture(scope="module")
def platform(shared_database: Database) -> Iterator[Settings]:
    with running_platform(shared_database, refresh_token_reuse_seconds=0) as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(platform: Settings) -> AsyncIterator[Orchestrator]:
    app = create_app(platform)
    yield app
    await app.close()


@pytest_asyncio.fixture(loop_scope="module")
async def client(app: Orchestrator) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_from(app, "192.0.2.1") as client:
        yield client


def client_from(app: Orchestrator, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, client=(address, 1234))
    return httpx2.AsyncClient(transport=transport, base_url="http://o/api/v1")


def new_person(**changes: Any) -> dict[str, Any]:
    """A registration that nobody else has."""
    name = f"person-{uuid.uuid4().hex[:10]}"
    form = {"email": f"{name}@example.test", "password": PASSWORD, "org_name": f"Org {name}", "username": name}
    return {key: value for key, value in {**form, **changes}.items() if value is not None}


async def register(client: httpx2.AsyncClient, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    form = new_person(**changes)
    answer = await client.post("/auth/register", json=form)
    assert answer.status_code == 201, answer.text
    return form, answer.json()


async def log_in(client: httpx2.AsyncClient, login: str, password: str = PASSWORD, **more: Any) -> httpx2.Response:
    return await client.post("/auth/login", json={"username": login, "password": password, **more})


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def count(database: Database, query: str, *params: Any) -> int:
    with database.connect("supabase_admin") as owner:
        row = owner.execute(query, params).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row["count"])


async def test_registering_makes_user_tenant_and_admin(client: httpx2.AsyncClient) -> None:
    form, tokens = await register(client, first_name="Ada", last_name="L")
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 3600
    me = (await client.get("/auth/me", headers=bearer(tokens))).json()
    assert me["roles"] == ["admin", "developer", "operator", "viewer"]
    assert me["permissions"] == ["*"]
    assert me["email"] == form["email"]
    assert me["username"] == form["username"]
    assert me["tenant_id"]
    assert me["dev_mode"] is False
    assert (me["first_name"], me["last_name"]) == ("Ada", "L")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "Short1a"}, "password: String should have at least 8"),
        ({"password": "alllower1"}, "password: must have an upper-case letter"),
        ({"password": "ALLUPPER1"}, "password: must have a lower-case letter"),
        ({"password": "NoDigitsHere"}, "password: must have a digit"),
        ({"password": "A1" + "a" * 80}, "password: must have at most 72 bytes"),
        ({"email": "nobody"}, "email: "),
        ({"email": None}, "email: is required"),
        ({"org_name": " "}, "org_name: "),
        ({"org_name": "x" * 256}, "org_name: "),
        ({"username": "with space"}, "username: "),
        ({"username": "somebody@example.test"}, "username: "),
        ({"first_name": "x" * 256}, "first_name: "),
        ({"last_name": "nul\0"}, "last_name"),
    ],
    ids=str,
)
async def test_a_registration_that_breaks_a_rule_leaves_nothing(
    client: httpx2.AsyncClient, shared_database: Database, changes: dict[str, Any], words: str
) -> None:
    before = count(shared_database, "select count(*) from auth.users")
    answer = await client.post("/auth/register", json=new_person(**changes))
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert PASSWORD not in answer.text
    assert count(shared_database, "select count(*) from auth.users") == before


async def test_without_a_secret_key_nobody_registers(platform: Settings) -> None:
    app = create_app(dataclasses.replace(platform, supabase_secret_key=""))
    async with client_from(app, "192.0.2.1") as client:
        answer = await client.post("/auth/register", json=new_person())
    await app.close()
    assert (answer.status_code, answer.json()["error_code"]) == (503, "REGISTRATION_UNAVAILABLE")
    assert answer.headers["retry-after"] == "3600"


async def test_a_taken_name_or_address_is_409_and_leaves_nothing(
    client: httpx2.AsyncClient, shared_database: Database
) -> None:
    form, _ = await register(client)
    users = count(shared_database, "select count(*) from auth.users")
    tenants = count(shared_database, "select count(*) from public.tenants")
    for changes, code in (
        ({"email": form["email"].upper()}, "EMAIL_TAKEN"),
        ({"username": form["username"].upper()}, "USERNAME_TAKEN"),
    ):
        answer = await client.post("/auth/register", json=new_person(**changes))
        assert (answer.status_code, answer.json()["error_code"]) == (409, code)
    assert count(shared_database, "select count(*) from auth.users") == users
    assert count(shared_database, "select count(*) from public.tenants") == tenants


async def test_two_at_once_with_one_name_make_one_user(client: httpx2.AsyncClient, shared_database: Database) -> None:
    users = count(shared_database, "select count(*) from auth.users")
    name = f"wanted-{uuid.uuid4().hex[:8]}"
    forms = [new_person(username=name) for _ in range(4)]
    answers = await asyncio.gather(*(client.post("/auth/register", json=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert count(shared_database, "select count(*) from auth.users") == users + 1


async def test_the_same_registration_again_is_a_login(client: httpx2.AsyncClient, shared_database: Database) -> None:
    form, first = await register(client)
    users = count(shared_database, "select count(*) from auth.users")
    answers = await asyncio.gather(*(client.post("/auth/register", json=form) for _ in range(3)))
    for answer in answers:
        assert answer.status_code == 201, answer.text
        assert answer.json()["access_token"] != first["access_token"]
        assert (await client.get("/auth/me", headers=bearer(answer.json()))).json()["email"] == form["email"]
    for changes in ({"org_name": "Another"}, {"username": None}, {"first_name": "Ada"}):
        other = {key: value for key, value in {**form, **changes}.items() if value is not None}
        answer = await client.post("/auth/register", json=other)
        assert (answer.status_code, answer.json()["error_code"]) == (409, "EMAIL_TAKEN")
    assert count(shared_database, "select count(*) from auth.users") == users


async def test_registering_again_tells_no_password(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    for number in range(6):
        answer = await client.post("/auth/register", json={**form, "password": f"Wrong-Horse-{number}"})
        assert (answer.status_code, answer.json()["error_code"]) == (409, "EMAIL_TAKEN")
    answer = await client.post("/auth/register", json=form)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "EMAIL_TAKEN"), "guesses are counted as logins"
    assert (await log_in(client, form["email"])).json()["error_code"] == "LOGIN_LOCKED"


@pytest.mark.parametrize(
    ("rules", "password", "words"),
    [
        ({"password_min_length": 12}, "Short-One-1", "password: must have at least 12 characters."),
        ({"password_classes": ("symbol",)}, "Lettersand1", "password: must have a character that is neither"),
        ({"password_classes": ()}, "lowercase", None),
        ({"password_classes": ("symbol",)}, "under_score", None),
    ],
    ids=str,
)
async def test_the_rules_for_passwords_are_settings(
    platform: Settings, rules: dict[str, Any], password: str, words: str | None
) -> None:
    app = create_app(dataclasses.replace(platform, **rules))
    async with client_from(app, "192.0.2.1") as client:
        answer = await client.post("/auth/register", json=new_person(password=password))
    await app.close()
    if words is None:
        assert answer.status_code == 201, answer.text
    else:
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_ARGUMENT")
        assert words in answer.json()["detail"]


async def test_a_user_without_a_tenant_is_told_so(client: httpx2.AsyncClient, platform: Settings) -> None:
    form = new_person()
    key = platform.supabase_secret_key
    async with httpx2.AsyncClient(base_url=platform.supabase_url, trust_env=False) as auth:
        body = {"email": form["email"], "password": PASSWORD, "email_confirm": True}
        made = await auth.post("/auth/v1/admin/users", json=body, headers={"apikey": key})
        assert made.status_code == 200
    tokens = (await log_in(client, form["email"])).json()
    asked = [
        await client.get("/auth/me", headers=bearer(tokens)),
        await client.get("/jobs/018f0000-0000-7000-8000-000000000001", headers=bearer(tokens)),
        await client.post("/api-keys", json={"name": "k", "scopes": ["jobs.read"]}, headers=bearer(tokens)),
        await client.post("/workflows", json={}, headers={**bearer(tokens), "Idempotency-Key": "k"}),
    ]
    for answer in asked:
        assert (answer.status_code, answer.json()["error_code"]) == (403, "NO_TENANT")
        assert "invitation" in answer.json()["detail"]
    await client.post("/auth/logout", headers=bearer(tokens))
    assert (await client.get("/auth/me", headers=bearer(tokens))).status_code == 401


async def test_login_by_name_or_address_in_any_case(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    for login in (form["username"], form["username"].upper(), form["email"], f" {form['email'].upper()} "):
        answer = await log_in(client, login)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    answer = await client.post("/auth/login", json={"email": form["email"], "password": PASSWORD})
    assert answer.status_code == 200


async def test_unknown_and_known_users_are_answered_alike(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    answers = []
    for login in (form["username"], form["email"], "nobody-at-all", "nobody@nowhere.test"):
        answer = await client.post(
            "/auth/login", json={"username": login, "password": "wrong"}, headers={"X-Request-ID": "same"}
        )
        answers.append((answer.status_code, answer.json(), sorted(answer.headers)))
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)


async def test_every_refused_login_is_held_back_as_long_and_no_other(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, _ = await register(client)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    clock = itertools.cycle([1000.0, 1000.25])  # the beginning of a login, and its refusal
    monkeypatch.setattr(service, "monotonic", lambda: next(clock))
    monkeypatch.setattr(service, "sleep", pause)
    for login, password, tenant_id in (
        (form["username"], "wrong", ""),
        ("nobody-has-this-name", "wrong", ""),
        (form["username"], PASSWORD, "no-such-tenant"),
    ):
        assert (await log_in(client, login, password, tenant_id=tenant_id)).status_code == 401
    assert pauses == [pytest.approx(0.05)] * 3
    assert (await log_in(client, form["username"])).status_code == 200
    assert len(pauses) == 3


async def test_five_failures_lock_for_fifteen_minutes(
    client: httpx2.AsyncClient, app: Orchestrator, shared_database: Database
) -> None:
    form, _ = await register(client)
    logins = [form["username"], form["email"], form["username"].upper(), form["email"].upper(), form["username"]]
    for login in logins:
        assert (await log_in(client, login, "wrong")).status_code == 401
    locked = await log_in(client, form["email"])
    assert locked.status_code == 429, "the right password must not help either"
    assert locked.json()["error_code"] == "LOGIN_LOCKED"
    assert 0 < int(locked.headers["retry-after"]) <= 900

    async with client_from(app, "192.0.2.77") as elsewhere:
        assert (await log_in(elsewhere, form["username"])).status_code == 200, "the lock is for user and address"

    with shared_database.connect() as owner:
        owner.execute("update private.login_attempts set locked_until = now() - interval '1 s'")
    assert (await log_in(client, form["username"])).status_code == 200


async def test_a_success_forgets_the_failures(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    for _ in range(3):
        for _ in range(4):
            assert (await log_in(client, form["username"], "wrong")).status_code == 401
        assert (await log_in(client, form["username"])).status_code == 200


async def test_guessing_in_parallel_gets_no_more_guesses(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    answers = await asyncio.gather(*(log_in(client, form["username"], f"guess-{n}") for n in range(30)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(401) <= 5
    assert codes.count(429) == 30 - codes.count(401)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a"},
        {"username": "", "password": "x"},
        {"username": "a", "password": ""},
        {"username": ["a"], "password": "x"},
        {"username": "a", "password": {"$ne": ""}},
        {"username": "nul\0", "password": "x"},
        {"username": "x" * 321, "password": "x"},
        {"username": "a", "password": "x" * 1025},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_a_login_that_is_none_is_400(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/auth/login", json=body)).status_code == 400


async def test_refresh_gives_new_tokens_and_uses_the_old_up(client: httpx2.AsyncClient) -> None:
    _, tokens = await register(client)
    answer = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200
    new = answer.json()
    assert new["refresh_token"] != tokens["refresh_token"]
    assert new["expires_in"] == 3600
    assert (await client.get("/auth/me", headers=bearer(new))).status_code == 200


@pytest.mark.parametrize("form", [1, 2], ids=["short", "long"])
async def test_reusing_a_refresh_token_ends_the_session_at_once(shared_database: Database, form: int) -> None:
    with running_platform(shared_database, refresh_token_form=form) as settings:
        app = create_app(settings)
        async with client_from(app, "192.0.2.1") as client:
            form_of_person, first = await register(client)
            other = (await log_in(client, form_of_person["username"])).json()
            assert len(first["refresh_token"]) == (12 if form == 1 else 51)

            async def refresh(tokens: dict[str, Any]) -> httpx2.Response:
                return await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

            second = (await refresh(first)).json()
            third = (await refresh(second)).json()
            with shared_database.connect("supabase_auth_admin") as auth:  # the interval in which reuse is forgiven
                auth.execute("update auth.sessions set refreshed_at = refreshed_at - interval '1 minute'")
                auth.execute("update auth.refresh_tokens set updated_at = updated_at - interval '1 minute'")
            stolen = await refresh(first)
            assert (stolen.status_code, stolen.json()["error_code"]) == (401, "INVALID_REFRESH_TOKEN")
            assert (await client.get("/auth/me", headers=bearer(third))).status_code == 401
            assert (await refresh(third)).status_code == 401, "the whole family must be revoked"
            assert (await refresh(other)).status_code == 200, "another session goes on"
        await app.close()


async def test_another_kind_of_token_is_400_and_a_made_up_one_401(client: httpx2.AsyncClient) -> None:
    _, tokens = await register(client)
    wrong = await client.post("/auth/refresh", json={"refresh_token": tokens["access_token"]})
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "INVALID_TOKEN_TYPE")
    for made_up in ("abcdefghijkl", "x", "0" * 4000, "'; drop table auth.users; --"):
        answer = await client.post("/auth/refresh", json={"refresh_token": made_up})
        assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_REFRESH_TOKEN")


async def test_a_refresh_token_is_no_access_token(client: httpx2.AsyncClient) -> None:
    _, tokens = await register(client)
    headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    assert (await client.get("/auth/me", headers=headers)).status_code == 401


async def test_a_stale_authorization_header_does_not_stop_a_login(client: httpx2.AsyncClient) -> None:
    form, _ = await register(client)
    body = {"username": form["username"], "password": PASSWORD}
    answer = await client.post("/auth/login", json=body, headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 200


async def test_logout_ends_the_session_at_once(client: httpx2.AsyncClient) -> None:
    form, tokens = await register(client)
    other = (await log_in(client, form["username"])).json()
    answer = await client.post("/auth/logout", headers=bearer(tokens))
    assert (answer.status_code, answer.json()) == (200, {"message": "Successfully logged out"})
    assert (await client.get("/auth/me", headers=bearer(tokens))).status_code == 401
    assert (await client.post("/auth/logout", headers=bearer(tokens))).status_code == 401
    refreshed = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await client.get("/auth/me", headers=bearer(other))).status_code == 200, "another session goes on"
    await client.post("/auth/logout?scope=global", headers=bearer(other))
    assert (await client.get("/auth/me", headers=bearer(other))).status_code == 401


async def test_logout_needs_a_user(client: httpx2.AsyncClient, shared_database: Database) -> None:
    from tests.factories import make_robot

    assert (await client.post("/auth/logout")).status_code == 401
    robot = make_robot(shared_database, make_tenant(shared_database))
    answer = await client.post("/auth/logout", headers={"X-Api-Key": robot.key.text})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_TOKEN_TYPE")


@pytest.fixture
def tenant_of(shared_database: Database) -> Callable[[str], dict[str, Any]]:
    """Makes a second tenant, with the user of this e-mail as a member."""

    def make(email: str) -> dict[str, Any]:
        tenant = make_tenant(shared_database)
        with shared_database.connect() as owner:
            owner.execute(
                "with u as (select id from auth.users where email = %s), "
                "m as (insert into public.memberships (tenant_id, user_id) select %s, id from u returning *) "
                "insert into public.member_roles (tenant_id, user_id, role_id) "
                "select m.tenant_id, m.user_id, r.role_id from m, public.roles as r "
                "where r.slug = 'viewer' and r.tenant_id is null",
                [email, tenant.tenant_id],
            )
            row = owner.execute("select * from public.tenants where tenant_id = %s", [tenant.tenant_id]).fetchone()
        assert row is not None
        return dict(row)

    return make


async def test_login_chooses_among_ones_own_tenants(
    client: httpx2.AsyncClient, tenant_of: Callable[[str], dict[str, Any]]
) -> None:
    form, tokens = await register(client)
    own = (await client.get("/auth/me", headers=bearer(tokens))).json()["tenant_id"]
    second = tenant_of(form["email"])
    for wanted, expected, role in (
        (str(second["tenant_id"]), str(second["tenant_id"]), "viewer"),
        (own, own, "admin"),
        (second["slug"], str(second["tenant_id"]), "viewer"),
        ("", own, "admin"),
    ):
        answer = await log_in(client, form["username"], tenant_id=wanted)
        assert answer.status_code == 200, answer.text
        me = (await client.get("/auth/me", headers=bearer(answer.json()))).json()
        assert (me["tenant_id"], me["roles"][0]) == (expected, role)


async def test_a_login_into_a_tenant_leaves_the_user_s_other_sessions_where_they_are(
    client: httpx2.AsyncClient, tenant_of: Callable[[str], dict[str, Any]]
) -> None:
    form, first = await register(client)
    own = (await client.get("/auth/me", headers=bearer(first))).json()["tenant_id"]
    wanted = str(tenant_of(form["email"])["tenant_id"])
    second = (await log_in(client, form["username"], tenant_id=wanted)).json()
    for tokens, tenant_id in ((first, own), (second, wanted)):
        refreshed = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        me = await client.get("/auth/me", headers=bearer(refreshed.json()))
        assert me.json()["tenant_id"] == tenant_id


async def test_a_foreign_tenant_is_answered_as_a_wrong_password(
    client: httpx2.AsyncClient, shared_database: Database
) -> None:
    form, _ = await register(client)
    sessions = count(shared_database, "select count(*) from auth.sessions")
    for foreign in (str(make_tenant(shared_database).tenant_id), str(uuid.uuid4()), "no-such-tenant"):
        answer = await log_in(client, form["username"], tenant_id=foreign)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_CREDENTIALS")
    assert count(shared_database, "select count(*) from auth.sessions where aal is not null") <= sessions + 1


async def test_every_401_says_how_to_authenticate(client: httpx2.AsyncClient) -> None:
    for answer in (
        await log_in(client, "nobody-has-this"),
        await client.post("/auth/refresh", json={"refresh_token": "unknown"}),
        await client.get("/auth/me"),
        await client.get("/auth/me", headers={"Authorization": "Bearer wrong"}),
    ):
        assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer")


async def test_without_auth_it_is_503_and_no_attempt_is_counted(
    platform: Settings, shared_database: Database, client: httpx2.AsyncClient
) -> None:
    form, _ = await register(client)
    app = create_app(dataclasses.replace(platform, supabase_url="http://127.0.0.1:1"))
    async with client_from(app, "192.0.2.1") as without_auth:
        for _ in range(8):
            answer = await log_in(without_auth, form["username"])
            assert (answer.status_code, answer.json()["error_code"]) == (503, "AUTH_UNAVAILABLE")
        registering = await without_auth.post("/auth/register", json=new_person())
        assert registering.status_code == 503
    await app.close()
    assert (await log_in(client, form["username"])).status_code == 200


async def test_an_address_that_leads_elsewhere_is_no_wrong_password() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: https://x.invalid\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = Settings(supabase_url=f"http://127.0.0.1:{port}", supabase_publishable_key="x", is_local=True)
        with pytest.raises(Unavailable):
            await AuthApi(settings, AuthFaults(), None).sign_in("a@example.test", PASSWORD)


async def test_without_a_database_a_login_is_503() -> None:
    app = create_app(Settings(database_url="postgresql://casare_functions@127.0.0.1:1/postgres"))
    async with client_from(app, "192.0.2.1") as client:
        answer = await log_in(client, "anybody")
    await app.close()
    assert (answer.status_code, answer.json()["error_code"]) == (503, "DATABASE_UNAVAILABLE")

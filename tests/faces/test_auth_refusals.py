"""Why Auth refuses: what is about the person is 401 and counts; what is about us is told apart, logged and red."""

import dataclasses
import logging
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from tests.faces.conftest import Signer
from tests.faces.scripted_auth import ScriptedAuth, scripted_auth
from tests.faces.stage import Stage
from tests.factories import make_key

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app

ADVICE = "set a key of this project that is not revoked"


@pytest.fixture
def auth(signer: Signer) -> Iterator[ScriptedAuth]:
    with scripted_auth() as auth:
        auth.keys = [signer.jwk()]
        yield auth


@pytest_asyncio.fixture(loop_scope="module")
async def app(settings: Settings, auth: ScriptedAuth) -> AsyncIterator[Orchestrator]:
    keys = {"supabase_publishable_key": "sb_publishable_x", "supabase_secret_key": "sb_secret_x"}
    app = create_app(dataclasses.replace(settings, supabase_url=auth.url, **keys))
    yield app
    await app.close()


@pytest_asyncio.fixture(loop_scope="module")
async def people(app: Orchestrator) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o/api/v1") as client:
        yield client


def session_of(signer: Signer) -> dict[str, Any]:
    """What Auth answers to a sign-in."""
    claims = {"sub": str(uuid.uuid4()), "role": "authenticated", "aud": "authenticated"}
    return {"access_token": signer.token(claims), "refresh_token": "abcdefghijkl", "expires_in": 3600}


async def log_in(client: httpx2.AsyncClient, login: str = "somebody") -> httpx2.Response:
    return await client.post("/auth/login", json={"username": login, "password": "Correct-Horse-9"})


async def red(client: httpx2.AsyncClient) -> str | None:
    """What `/health/ready` says that requests have found wrong with Auth."""
    answer = await client.get("/health/ready")
    reason: str = answer.json().get("reason", "")  # the preflight finds more: a stub is no whole project
    _, found, advice = reason.partition("Supabase Auth: ")
    assert not found or answer.status_code == 503
    return advice or None


def told(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": "…", **more}


@pytest.mark.parametrize("answer", [(400, told("invalid_credentials")), (400, told("user_banned"))], ids=str)
async def test_wrong_credentials_and_banned_users_are_401_and_count(
    people: httpx2.AsyncClient, auth: ScriptedAuth, answer: tuple[int, Any]
) -> None:
    auth.answers(answer)
    login = f"wrong-{uuid.uuid4().hex[:8]}"
    codes = [(await log_in(people, login)).json()["error_code"] for _ in range(6)]
    assert codes == ["INVALID_CREDENTIALS"] * 5 + ["LOGIN_LOCKED"]
    assert await red(people) is None


@pytest.mark.parametrize(
    ("answer", "status", "code", "advice"),
    [
        ((401, {"message": "Invalid API key"}), 503, "AUTH_KEY_REFUSED", f"SUPABASE_SECRET_KEY: {ADVICE}"),
        ((400, told("captcha_failed")), 503, "AUTH_CAPTCHA_REQUIRED", "captcha"),
        ((422, told("email_provider_disabled")), 503, "AUTH_PROVIDER_DISABLED", "e-mail provider"),
        ((402, {"message": "exceed_egress_quota"}), 503, "AUTH_RESTRICTED", "plan"),
        ((429, told("over_request_rate_limit")), 429, "RATE_LIMITED", None),
        ((400, told("email_not_confirmed")), 403, "EMAIL_NOT_CONFIRMED", None),
        ((500, told("unexpected_failure")), 503, "AUTH_UNAVAILABLE", None),
        ((400, told("something_new")), 503, "AUTH_UNAVAILABLE", None),
        ((408, "<html>timeout</html>"), 503, "AUTH_UNAVAILABLE", None),
        ((404, {"message": "no Route matched"}), 503, "AUTH_UNAVAILABLE", None),
        ((400, {"code": 400, "error_code": "captcha_failed"}), 503, "AUTH_CAPTCHA_REQUIRED", "captcha"),
    ],
    ids=str,
)
async def test_another_refusal_is_no_wrong_password_and_counts_for_nobody(
    people: httpx2.AsyncClient,
    auth: ScriptedAuth,
    signer: Signer,
    caplog: pytest.LogCaptureFixture,
    answer: tuple[int, Any],
    status: int,
    code: str,
    advice: str | None,
) -> None:
    auth.answers(answer)
    login = f"right-{uuid.uuid4().hex[:8]}"
    with caplog.at_level(logging.WARNING, "casare_cloud"):
        for _ in range(6):
            refused = await log_in(people, login)
            assert (refused.status_code, refused.json()["error_code"]) == (status, code)
    assert status == 403 or answer[0] == 408 or "Supabase Auth" in caplog.text
    found = await red(people)
    if advice is None:
        assert found is None
    else:
        assert found is not None
        assert advice in found
        assert advice in caplog.text
        auth.answers((200, session_of(signer)))
        assert (await log_in(people, login)).status_code == 200
        assert await red(people) is None


async def test_a_rotated_secret_key_ends_no_session_and_blames_no_refresh_token(
    people: httpx2.AsyncClient, auth: ScriptedAuth
) -> None:
    auth.answers((401, {"message": "Invalid API key"}))
    for path, form in (
        ("/auth/refresh", {"refresh_token": "abcdefghijkl"}),
        (
            "/auth/register",
            {"email": f"{uuid.uuid4().hex}@example.test", "password": "Correct-Horse-9", "org_name": "Org"},
        ),
    ):
        answer = await people.post(path, json=form)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "AUTH_KEY_REFUSED")


@pytest.mark.parametrize("code", ["not_admin", "bad_jwt", "no_authorization"])
async def test_a_key_that_may_not_create_users_is_our_fault(
    people: httpx2.AsyncClient, auth: ScriptedAuth, code: str
) -> None:
    auth.answers((403, told(code)))
    form = {"email": f"{uuid.uuid4().hex}@example.test", "password": "Correct-Horse-9", "org_name": "Org"}
    answer = await people.post("/auth/register", json=form)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "AUTH_KEY_REFUSED")


async def test_a_conflict_is_tried_again(people: httpx2.AsyncClient, auth: ScriptedAuth, signer: Signer) -> None:
    auth.answers((409, told("conflict")), (409, told("conflict")), (200, session_of(signer)))
    answer = await people.post("/auth/refresh", json={"refresh_token": "abcdefghijkl"})
    assert (answer.status_code, len(auth.asked)) == (200, 3)
    auth.answers((409, told("conflict")))
    answer = await people.post("/auth/refresh", json={"refresh_token": "abcdefghijkl"})
    assert (answer.status_code, answer.json()["error_code"]) == (503, "AUTH_UNAVAILABLE")


async def test_answers_that_carry_secrets_may_be_kept_by_no_cache(
    people: httpx2.AsyncClient, auth: ScriptedAuth, signer: Signer, stage: Stage
) -> None:
    auth.answers((200, session_of(signer)))
    answers = [await log_in(people), await people.post("/auth/refresh", json={"refresh_token": "abcdefghijkl"})]
    robot, asker = stage.robot()
    key = make_key(stage.database, stage.tenant, "service", scopes=["jobs.read"])
    answers += [
        await asker.post(f"/robots/{robot.external_id}/token"),
        await stage.admin.post("/api-keys", {"name": "k", "scopes": ["jobs.read"]}),
        await stage.admin.post(f"/api-keys/{key.api_key_id}/rotate", {}),
        await stage.admin.post("/robot-api-keys", {"robot_id": robot.external_id, "name": "k"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201), answer.text
        assert answer.headers.get_list("cache-control") == ["no-store"], answer.url


def sessions_that_we_would_refuse() -> list[dict[str, Any]]:
    claims = {"sub": str(uuid.uuid4()), "role": "authenticated", "aud": "authenticated"}
    now = int(time.time())
    hs256 = jwt.encode({**claims, "iat": now, "exp": now + 3600}, "a secret of Auth that nobody told us", "HS256")
    return [
        {"access_token": token, "refresh_token": "abcdefghijkl", "expires_in": 3600}
        for token in (hs256, Signer("foreign").token(claims), "no token")
    ]


REGISTRATION = {"password": "Correct-Horse-9", "org_name": "Org"}


@pytest.mark.parametrize("number", range(3), ids=["HS256", "foreign key", "no token"])
async def test_tokens_that_we_would_refuse_are_never_handed_out(
    people: httpx2.AsyncClient, auth: ScriptedAuth, signer: Signer, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    session = sessions_that_we_would_refuse()[number]
    forms = {
        "/auth/login": {"username": "somebody", "password": "Correct-Horse-9"},
        "/auth/refresh": {"refresh_token": "abcdefghijkl"},
        "/auth/register": {**REGISTRATION, "email": f"{uuid.uuid4().hex}@example.test"},
    }
    for path, form in forms.items():
        auth.answers((200, session))
        caplog.clear()
        answer = await people.post(path, json=form)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "AUTH_MISCONFIGURED"), path
        assert "SUPABASE_JWT_SECRET" in caplog.text
        assert "ES256 key" in caplog.text
        assert session["access_token"] not in answer.text + caplog.text
        assert "SUPABASE_JWT_SECRET" in (await red(people) or "")
    auth.answers((200, session_of(signer)))
    assert (await log_in(people)).status_code == 200
    assert await red(people) is None


@pytest.mark.parametrize(
    "answer",
    [(500, told("unexpected_failure")), (422, told("email_provider_disabled")), (400, told("invalid_credentials"))],
    ids=str,
)
async def test_who_is_registered_and_not_signed_in_is_told_so(
    people: httpx2.AsyncClient, auth: ScriptedAuth, answer: tuple[int, Any]
) -> None:
    auth.answers((200, {"id": str(uuid.uuid4())}), answer)
    form = {**REGISTRATION, "email": f"{uuid.uuid4().hex}@example.test"}
    refused = await people.post("/auth/register", json=form)
    assert (refused.status_code, refused.json()["error_code"]) == (503, "REGISTERED_NOT_SIGNED_IN")
    assert "log in later" in refused.json()["detail"]
    assert auth.asked == ["/auth/v1/admin/users", "/auth/v1/token?grant_type=password"]

"""Auth as the official Python client meets it: sign-up, password, refresh, sign-out, user, administration."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from supabase import Client
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError
from tests.contract.platform_target import PASSWORD, Platform, new_email


def refused(act: Callable[[], object]) -> tuple[int, str | None]:
    """Status and code of the refusal that an act meets."""
    with pytest.raises(AuthApiError) as caught:
        act()
    return caught.value.status, caught.value.code


def refresh(platform: Platform, token: str) -> dict[str, Any]:
    """The answer to a refresh grant, refused or not, with its status."""
    with platform.http() as http:
        answer = http.post("/auth/v1/token", params={"grant_type": "refresh_token"}, json={"refresh_token": token})
    return {"status": answer.status_code, **answer.json()}


def let_reuse_interval_pass(platform: Platform) -> None:
    """Make every session look refreshed a minute ago."""
    with platform.connect() as connection:
        connection.execute(
            "update auth.sessions set created_at = created_at - interval '1 minute', "
            "refreshed_at = refreshed_at - interval '1 minute'"
        )
        connection.execute("update auth.refresh_tokens set updated_at = updated_at - interval '1 minute'")


def claims_of(client: Client) -> dict[str, Any]:
    session = client.auth.get_session()
    assert session is not None
    claims: dict[str, Any] = jwt.decode(session.access_token, options={"verify_signature": False})
    return claims


# --- signing up ---------------------------------------------------------------------------------------------------


def test_signing_up_answers_with_a_session_and_the_user(platform: Platform) -> None:
    email = new_email()
    answer = platform.client().auth.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"name": "Ada"}}}
    )
    assert answer.session is not None
    assert answer.user is not None
    assert (answer.user.email, answer.user.role, answer.user.aud) == (email, "authenticated", "authenticated")
    assert answer.user.user_metadata["name"] == "Ada"
    assert answer.user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert [identity.provider for identity in answer.user.identities or []] == ["email"]


def test_the_first_refresh_token_of_a_session_has_no_parent_and_the_next_has_the_one_before(platform: Platform) -> None:
    client = platform.client()
    session = client.auth.sign_up({"email": new_email(), "password": PASSWORD}).session
    assert session is not None
    client.auth.refresh_session()
    with platform.connect() as connection:
        rows = connection.execute(
            "select parent from auth.refresh_tokens where session_id = %s order by id",
            [claims_of(client)["session_id"]],
        ).fetchall()
    assert [row[0] for row in rows] == [None, session.refresh_token]


def test_an_address_signs_up_once_whatever_its_case(platform: Platform) -> None:
    email = platform.new_user()
    act = lambda: platform.client().auth.sign_up({"email": email.upper(), "password": PASSWORD})  # noqa: E731
    assert refused(act) == (422, "user_already_exists")


def test_a_weak_password_is_refused_with_reasons(platform: Platform) -> None:
    with pytest.raises(AuthWeakPasswordError) as caught:
        platform.client().auth.sign_up({"email": new_email(), "password": "short"})
    assert (caught.value.status, caught.value.code, caught.value.reasons) == (422, "weak_password", ["length"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "no address", "password": PASSWORD}, "validation_failed"),
        ({"email": "a@example.com"}, "validation_failed"),
        ({"email": "a@example.com", "password": "x" * 73}, "validation_failed"),
        ({"email": 5, "password": PASSWORD}, "bad_json"),
    ],
)
def test_a_bad_sign_up_is_refused(platform: Platform, body: dict[str, Any], code: str) -> None:
    with platform.http() as http:
        answer = http.post("/auth/v1/signup", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"], ids=["empty", "cut", "deep", "not UTF-8"])
def test_a_body_that_is_no_json_is_refused(platform: Platform, body: bytes) -> None:
    with platform.http() as http:
        answer = http.post("/auth/v1/signup", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


# --- password -----------------------------------------------------------------------------------------------------


def test_the_password_opens_a_session(platform: Platform) -> None:
    email = platform.new_user(app_metadata={"team": "a"}, user_metadata={"name": "Ada"})
    session = platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD}).session
    assert session is not None
    assert (session.token_type, session.user.email) == ("bearer", email)
    assert session.expires_at is not None
    assert abs(session.expires_at - time.time() - session.expires_in) < 10
    assert session.user.last_sign_in_at is not None


def test_a_token_carries_the_claims_that_others_build_on(platform: Platform) -> None:
    email = platform.new_user(app_metadata={"team": "a"}, user_metadata={"name": "Ada"})
    client = platform.client()
    user = client.auth.sign_in_with_password({"email": email, "password": PASSWORD}).user
    assert user is not None
    claims = claims_of(client)
    assert (claims["sub"], claims["email"], claims["aud"], claims["role"]) == (user.id, email, *["authenticated"] * 2)
    assert (claims["aal"], claims["phone"], claims["is_anonymous"]) == ("aal1", "", False)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["app_metadata"]["team"] == "a"
    assert claims["user_metadata"]["name"] == "Ada"
    assert [entry["method"] for entry in claims["amr"]] == ["password"]
    assert uuid.UUID(claims["session_id"])
    assert claims["iss"] == f"{platform.url}/auth/v1"


@pytest.mark.parametrize("known", [True, False], ids=["wrong password", "unknown address"])
def test_wrong_credentials_are_told_the_same(platform: Platform, known: bool) -> None:
    email = platform.new_user() if known else new_email()
    with pytest.raises(AuthApiError) as caught:
        platform.client().auth.sign_in_with_password({"email": email, "password": "not the password"})
    error = caught.value
    assert (error.status, error.code, error.message) == (400, "invalid_credentials", "Invalid login credentials")


def test_an_unconfirmed_address_does_not_sign_in(platform: Platform) -> None:
    email = platform.new_user(email_confirm=False)
    act = lambda: platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD})  # noqa: E731
    assert refused(act) == (400, "email_not_confirmed")


def test_a_banned_user_does_not_sign_in(platform: Platform) -> None:
    email = platform.new_user(ban_duration="24h")
    act = lambda: platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD})  # noqa: E731
    assert refused(act) == (400, "user_banned")


def test_an_unknown_grant_is_refused(platform: Platform) -> None:
    with platform.http() as http:
        answer = http.post("/auth/v1/token", params={"grant_type": "magic"}, json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_credentials")


# --- refresh ------------------------------------------------------------------------------------------------------


def test_refreshing_rotates_the_token_and_keeps_the_session(platform: Platform) -> None:
    client = platform.signed_in()
    before, old = claims_of(client), client.auth.get_session()
    assert old is not None
    new = client.auth.refresh_session().session
    assert new is not None
    assert new.refresh_token != old.refresh_token
    assert claims_of(client)["session_id"] == before["session_id"]
    assert client.auth.get_user() is not None


def test_the_parent_of_the_newest_token_gets_the_newest_again(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    first = session.refresh_token
    second = refresh(platform, first)["refresh_token"]
    let_reuse_interval_pass(platform)
    assert refresh(platform, first)["refresh_token"] == second
    assert refresh(platform, second)["status"] == 200


def test_reuse_of_an_older_token_ends_the_session(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    first = session.refresh_token
    second = refresh(platform, first)["refresh_token"]
    third = refresh(platform, second)["refresh_token"]
    let_reuse_interval_pass(platform)
    answer = refresh(platform, first)
    assert (answer["status"], answer["code"]) == (400, "refresh_token_already_used")
    let_reuse_interval_pass(platform)
    answer = refresh(platform, third)
    assert answer["status"] == 400, "the newest token of a session with a reused token must be refused as well"
    assert answer["code"] in ("refresh_token_already_used", "refresh_token_not_found", "session_not_found")


def test_reuse_of_a_short_token_revokes_the_others_and_leaves_the_session(platform: Platform) -> None:
    client = platform.signed_in()
    session = client.auth.get_session()
    assert session is not None
    if len(session.refresh_token) != 12:
        return  # a project with long tokens: reuse ends the session
    second = refresh(platform, session.refresh_token)["refresh_token"]
    third = refresh(platform, second)["refresh_token"]
    let_reuse_interval_pass(platform)
    assert refresh(platform, session.refresh_token)["code"] == "refresh_token_already_used"
    assert client.auth.get_user() is not None, "the access token goes on"
    assert refresh(platform, third)["status"] == 200, "what was revoked just now is good for a new one"


def test_an_older_token_is_tolerated_within_the_reuse_interval(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    token = session.refresh_token
    for _ in range(2):
        token = refresh(platform, token)["refresh_token"]
    assert refresh(platform, session.refresh_token)["status"] == 200
    assert refresh(platform, token)["status"] == 200


@pytest.mark.parametrize(
    ("token", "code"),
    [("aaaaaaaaaaaa", "refresh_token_not_found"), ("?", "validation_failed"), ("", "validation_failed")],
)
def test_a_refresh_token_that_was_never_issued_is_refused(platform: Platform, token: str, code: str) -> None:
    answer = refresh(platform, token)
    assert (answer["status"], answer["code"]) == (400, code)


def test_a_banned_user_does_not_refresh(platform: Platform) -> None:
    client = platform.signed_in()
    session = client.auth.get_session()
    assert session is not None
    platform.admin.auth.admin.update_user_by_id(session.user.id, {"ban_duration": "1h"})
    answer = refresh(platform, session.refresh_token)
    assert (answer["status"], answer["code"]) == (400, "user_banned")


# --- signing out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "own", "other"), [("local", False, True), ("others", True, False), ("global", False, False)]
)
def test_signing_out_ends_the_sessions_of_its_scope(platform: Platform, scope: Any, own: bool, other: bool) -> None:
    email = platform.new_user()
    clients = [platform.client(), platform.client()]
    sessions = [c.auth.sign_in_with_password({"email": email, "password": PASSWORD}).session for c in clients]
    clients[0].auth.sign_out({"scope": scope})
    for session, lives in zip(sessions, (own, other), strict=True):
        assert session is not None
        with platform.http(session.access_token) as http:
            answer = http.get("/auth/v1/user")
        if lives:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "session_not_found")
        assert (refresh(platform, session.refresh_token)["status"] == 200) is lives


def test_an_unknown_scope_is_refused(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    with platform.http(session.access_token) as http:
        answer = http.post("/auth/v1/logout", params={"scope": "everything"})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


# --- the user -----------------------------------------------------------------------------------------------------


def test_the_user_reads_and_changes_the_own_metadata(platform: Platform) -> None:
    client = platform.signed_in()
    client.auth.update_user({"data": {"name": "Ada", "gone": 1}})
    client.auth.update_user({"data": {"gone": None}})
    answer = client.auth.get_user()
    assert answer is not None
    assert answer.user.user_metadata["name"] == "Ada"
    assert "gone" not in answer.user.user_metadata


def test_a_new_password_works_and_ends_the_other_sessions(platform: Platform) -> None:
    email = platform.new_user()
    here, there = platform.client(), platform.client()
    for client in (here, there):
        client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    here.auth.update_user({"password": "another good one"})
    assert here.auth.get_user() is not None
    assert refused(there.auth.get_user) == (403, "session_not_found")
    platform.client().auth.sign_in_with_password({"email": email, "password": "another good one"})
    again = lambda: here.auth.update_user({"password": "another good one"})  # noqa: E731
    assert refused(again) == (422, "same_password")


def test_a_user_cannot_write_app_metadata(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    with platform.http(session.access_token) as http:
        answer = http.put("/auth/v1/user", json={"app_metadata": {"tenant_id": "x"}})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")


def forged(token: str) -> str:
    """The token with another subject and its old signature."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["sub"] = str(uuid.uuid4())
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def test_a_token_that_was_changed_is_refused(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    unsigned = jwt.encode({"sub": session.user.id, "role": "service_role", "exp": time.time() + 60}, None, "none")
    for token in (forged(session.access_token), unsigned, "a.b.c"):
        with platform.http(token) as http:
            answer = http.get("/auth/v1/user")
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_jwt")


def test_claims_are_verified_with_the_published_keys(platform: Platform) -> None:
    client = platform.signed_in()
    answer = client.auth.get_claims()
    assert answer is not None
    assert answer["claims"]["session_id"] == claims_of(client)["session_id"]
    with platform.http() as http:
        keys = http.get("/auth/v1/.well-known/jwks.json").json()["keys"]
    assert all("d" not in key and key["kty"] != "oct" for key in keys)


# --- administration -----------------------------------------------------------------------------------------------


def test_the_administrator_creates_reads_changes_and_deletes_a_user(platform: Platform) -> None:
    admin, email = platform.admin.auth.admin, new_email()
    created = admin.create_user(
        {
            "email": email,
            "password": PASSWORD,
            "email_confirm": True,
            "app_metadata": {"a": 1},
            "user_metadata": {"b": 2},
        }
    ).user
    assert created.app_metadata == {"a": 1, "provider": "email", "providers": ["email"]}
    assert created.user_metadata["b"] == 2
    assert created.email_confirmed_at is not None
    read = admin.get_user_by_id(created.id).user
    assert (read.id, read.email) == (created.id, email)
    changed = admin.update_user_by_id(created.id, {"app_metadata": {"a": None, "c": 3}, "password": "changed by admin"})
    assert changed.user.app_metadata == {"c": 3, "provider": "email", "providers": ["email"]}
    platform.client().auth.sign_in_with_password({"email": email, "password": "changed by admin"})
    admin.delete_user(created.id)
    assert refused(lambda: admin.get_user_by_id(created.id)) == (404, "user_not_found")


def test_a_softly_deleted_user_keeps_the_id_and_cannot_sign_in(platform: Platform) -> None:
    email = platform.new_user()
    client = platform.client()
    user = client.auth.sign_in_with_password({"email": email, "password": PASSWORD}).user
    assert user is not None
    platform.admin.auth.admin.delete_user(user.id, should_soft_delete=True)
    with platform.http(platform.secret_key, apikey=platform.secret_key) as http:  # the client cannot read the identity
        kept = http.get(f"/auth/v1/admin/users/{user.id}").json()
    assert kept["id"] == user.id
    assert kept["email"] != email
    act = lambda: platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD})  # noqa: E731
    assert refused(act) == (400, "invalid_credentials")


def test_an_address_is_created_once(platform: Platform) -> None:
    email = platform.new_user()
    act = lambda: platform.admin.auth.admin.create_user({"email": email, "password": PASSWORD})  # noqa: E731
    assert refused(act) == (422, "email_exists")


def test_a_user_may_be_created_with_an_id_and_a_hash(platform: Platform) -> None:
    user_id, email = str(uuid.uuid4()), new_email()
    hashed = "$2a$04$C8ngeVngyeou4I4Ni4PJw.E6i2lbyH.NnaWIiC2qhKeJaMsaD6lES"  # of "hashed elsewhere"
    with platform.http(platform.secret_key, apikey=platform.secret_key) as http:
        body = {"id": user_id, "email": email, "password_hash": hashed, "email_confirm": True}
        answer = http.post("/auth/v1/admin/users", json=body)
    assert (answer.status_code, answer.json()["id"]) == (200, user_id)
    platform.client().auth.sign_in_with_password({"email": email, "password": "hashed elsewhere"})


def test_users_are_listed_by_page_with_the_newest_first(platform: Platform) -> None:
    emails = [platform.new_user() for _ in range(3)]
    with platform.http(platform.secret_key, apikey=platform.secret_key) as http:
        answer = http.get("/auth/v1/admin/users", params={"page": 1, "per_page": 2})
    assert [user["email"] for user in answer.json()["users"]] == emails[:0:-1]
    assert int(answer.headers["x-total-count"]) >= 3
    assert 'rel="next"' in answer.headers["link"]
    assert len(platform.admin.auth.admin.list_users(page=2, per_page=2)) >= 1


@pytest.mark.parametrize("who", ["anonymous", "user"])
def test_only_the_secret_key_administers(platform: Platform, who: str) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    with platform.http(session.access_token if who == "user" else None) as http:
        for method, path in (
            ("GET", ""),
            ("POST", ""),
            ("GET", f"/{session.user.id}"),
            ("DELETE", f"/{session.user.id}"),
        ):
            answer = http.request(method, f"/auth/v1/admin/users{path}", json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")
    assert platform.admin.auth.admin.get_user_by_id(session.user.id)


# --- the form of answers ------------------------------------------------------------------------------------------


def test_a_client_without_a_version_gets_the_first_form_of_errors(platform: Platform) -> None:
    with platform.http() as http:
        del http.headers["X-Supabase-Api-Version"]
        url, body = "/auth/v1/token?grant_type=password", {"email": new_email(), "password": "x"}
        old = http.post(url, json=body)
        new = http.post(url, json=body, headers={"X-Supabase-Api-Version": "2024-01-01"})
    assert old.json() == {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}
    assert new.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert new.headers["x-supabase-api-version"] == "2024-01-01"
    assert old.headers["x-sb-error-code"] == new.headers["x-sb-error-code"] == "invalid_credentials"


def test_settings_and_health_answer(platform: Platform) -> None:
    with platform.http() as http:
        settings, health = http.get("/auth/v1/settings").json(), http.get("/auth/v1/health").json()
    assert settings["external"]["email"] is True
    assert settings["disable_signup"] is False
    assert health["name"] == "GoTrue"

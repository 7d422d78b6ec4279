"""What Auth refuses, in which order and with which code, and the endpoints that only refuse."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.platform_target import PASSWORD, Platform, emulated, new_email

from casare_cloud.local.postgres import PostgresServer

UNKNOWN = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def token(platform: Platform) -> str:
    """The access token of a user who has just signed in."""
    session = platform.signed_in().auth.get_session()
    assert session is not None
    return session.access_token


def ask(platform: Platform, who: str | None, method: str, path: str, **options: Any) -> tuple[int, str | None]:
    """Status and code of an answer; `who` is a user's token, or the secret key, or None for the publishable key."""
    apikey = {"apikey": who} if who == platform.secret_key else {}
    with platform.http(who, **apikey) as http:
        answer = http.request(method, f"/auth/v1{path}", **options)
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    body = answer.json() if is_json and answer.content else {}
    return answer.status_code, body.get("code") if isinstance(body, dict) else None


# --- signing up and in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "anonymous_provider_disabled"),
        ({"password": PASSWORD}, 422, "anonymous_provider_disabled"),
        ({"phone": "+4930123456", "password": PASSWORD}, 400, "phone_provider_disabled"),
        ({"phone": "+4930123456", "password": "short"}, 422, "weak_password"),
        ({"phone": "+4930123456", "email": "a@example.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.com", "password": "short", "data": "text"}, 400, "bad_json"),
        ({"email": 5, "password": "short"}, 400, "bad_json"),
        ({"email": "a@example.com", "password": PASSWORD, "code_challenge": "x"}, 400, "validation_failed"),
    ],
)
def test_a_sign_up_is_refused_for_the_first_thing_that_is_wrong(
    platform: Platform, body: object, status: int, code: str
) -> None:
    assert ask(platform, None, "POST", "/signup", json=body) == (status, code)


@pytest.mark.parametrize(
    ("grant", "body", "status", "code"),
    [
        ("password", {"phone": "+4930123456", "password": "x"}, 422, "phone_provider_disabled"),
        ("password", {"phone": "+4930123456", "email": "a@example.com"}, 400, "validation_failed"),
        ("password", {}, 400, "validation_failed"),
        ("refresh_token", {}, 400, "validation_failed"),
        ("pkce", {}, 400, "validation_failed"),
        ("pkce", {"auth_code": "x", "code_verifier": "y"}, 404, "flow_state_not_found"),
        ("id_token", {"provider": "google", "id_token": "x"}, 400, "provider_disabled"),
        ("id_token", {"provider": "google"}, 400, None),
        ("web3", {"chain": "solana"}, 422, "web3_provider_disabled"),
    ],
)
def test_a_grant_that_is_switched_off_says_so(
    platform: Platform, grant: str, body: object, status: int, code: str | None
) -> None:
    assert ask(platform, None, "POST", f"/token?grant_type={grant}", json=body) == (status, code)


def test_what_a_new_user_gave_is_metadata_and_in_the_identity(platform: Platform) -> None:
    email = new_email()
    with platform.http() as http:
        body = {"email": email, "password": PASSWORD, "data": {"name": "Ada", "sub": "somebody"}}
        made = http.post("/auth/v1/signup", json=body).json()
        signed_in = http.post("/auth/v1/token?grant_type=password", json={"email": email, "password": PASSWORD}).json()
    user_id = made["user"]["id"]
    claims = {"sub": user_id, "email": email, "email_verified": True, "phone_verified": False, "name": "Ada"}
    assert made["user"]["user_metadata"] == claims
    assert signed_in["user"]["user_metadata"] == claims
    assert "confirmed_at" not in made["user"]
    assert signed_in["user"]["confirmed_at"] == signed_in["user"]["email_confirmed_at"]
    assert signed_in["weak_password"] is None
    [identity] = signed_in["user"]["identities"]
    assert identity["identity_data"] == {**claims, "email_verified": False}
    assert identity["created_at"].endswith("Z")


def test_a_weak_password_signs_in_and_is_told(platform: Platform) -> None:
    email = platform.new_user(password="short")
    with platform.http() as http:
        body = {"email": email, "password": "short"}
        answer = http.post("/auth/v1/token?grant_type=password", json=body).json()
    assert answer["weak_password"]["reasons"] == ["length"]


def test_signing_up_confirms_an_address_that_was_not_and_keeps_its_password(platform: Platform) -> None:
    email = platform.new_user(email_confirm=False)
    assert ask(platform, None, "POST", "/signup", json={"email": email, "password": "another good one"})[0] == 200
    platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD})


# --- forms --------------------------------------------------------------------------------------------------------


def test_a_body_may_have_one_mebibyte(platform: Platform) -> None:
    rest = len('{"email":"a@example.com","password":""}')
    for size, expected in ((1 << 20, (400, "validation_failed")), ((1 << 20) + 1, (413, "request_entity_too_large"))):
        body = '{"email":"a@example.com","password":"%s"}' % ("x" * (size - rest))
        assert ask(platform, None, "POST", "/signup", content=body.encode()) == expected


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/health"), ("PUT", "/signup"), ("GET", "/token")])
def test_another_method_is_405_without_a_body(platform: Platform, method: str, path: str) -> None:
    with platform.http() as http:
        answer = http.request(method, f"/auth/v1{path}")
    assert (answer.status_code, answer.content) == (405, b"")


def test_the_caller_is_asked_for_before_the_method(platform: Platform, token: str) -> None:
    assert ask(platform, None, "DELETE", "/user") == (403, "bad_jwt")
    assert ask(platform, token, "DELETE", "/user") == (405, None)


@pytest.mark.parametrize(("version", "is_first"), [("nonsense", True), ("2020-01-01", True), ("2030-01-01", False)])
def test_a_version_that_is_none_means_the_first(platform: Platform, version: str, is_first: bool) -> None:
    with platform.http(**{"X-Supabase-Api-Version": version}) as http:
        answer = http.post("/auth/v1/token?grant_type=password", json={"email": "a@example.com", "password": "x"})
    assert ("error_code" in answer.json()) is is_first


def test_a_list_of_users_has_no_identities_and_links_to_its_own_path(platform: Platform) -> None:
    emails = [platform.new_user() for _ in range(2)]
    with platform.http(platform.secret_key, apikey=platform.secret_key) as http:
        answer = http.get("/auth/v1/admin/users", params={"page": 1, "per_page": 1})
        found = http.get("/auth/v1/admin/users", params={"filter": emails[0].partition("@")[0]}).json()["users"]
    [user] = answer.json()["users"]
    assert user["identities"] is None
    assert answer.headers["link"].startswith('</admin/users?page=2&per_page=1>; rel="next", </admin/users?page=')
    assert [user["email"] for user in found] == emails[:1]


def test_a_softly_deleted_user_s_identity_is_empty(platform: Platform) -> None:
    email = platform.new_user()
    secret = {"apikey": platform.secret_key}
    with platform.http(platform.secret_key, **secret) as http:
        url = f"/auth/v1/admin/users/{http.get('/auth/v1/admin/users?per_page=1').json()['users'][0]['id']}"
        assert http.request("DELETE", url, json={"should_soft_delete": True}).status_code == 200
        user = http.get(url).json()
    assert email not in str(user)
    assert user["deleted_at"]
    [identity] = user["identities"]
    assert not {"identity_data", "email"} & identity.keys()


@pytest.mark.parametrize("attributes", [{"password": "x" * 73}, {"password_hash": "no hash"}])
def test_a_password_that_cannot_be_kept_is_500_for_an_administrator(
    platform: Platform, attributes: dict[str, str]
) -> None:
    body = {"email": new_email(), **attributes}
    answer = ask(platform, platform.secret_key, "POST", "/admin/users", json=body)
    assert answer == (500, "unexpected_failure")


# --- endpoints that only refuse -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "status", "code"),
    [
        ("", "POST", "/recover", {}, 400, "validation_failed"),
        ("", "POST", "/recover", {"email": "no address"}, 400, "validation_failed"),
        ("", "POST", "/magiclink", {}, 422, "validation_failed"),
        ("", "POST", "/otp", {}, 400, "validation_failed"),
        ("", "POST", "/otp", {"phone": "+4930123456"}, 400, "phone_provider_disabled"),
        ("", "POST", "/resend", {"type": "nothing"}, 400, "validation_failed"),
        ("", "POST", "/verify", {}, 400, "validation_failed"),
        ("", "POST", "/verify", {"type": "signup", "email": "a@example.com", "token": "1"}, 403, "otp_expired"),
        ("", "POST", "/verify", {"type": "signup", "token_hash": "1"}, 403, "otp_expired"),
        ("", "GET", "/verify", None, 400, "validation_failed"),
        ("", "GET", "/verify?type=signup&token=1", None, 303, None),
        ("", "GET", "/authorize", None, 400, "validation_failed"),
        ("", "GET", "/authorize?provider=google", None, 400, "validation_failed"),
        ("", "GET", "/callback", None, 303, None),
        ("", "POST", "/sso", {"domain": "example.com"}, 404, "saml_provider_disabled"),
        ("", "GET", "/passkeys", None, 404, "passkey_disabled"),
        ("", "POST", "/oauth/token", {}, 404, "feature_disabled"),
        ("", "GET", "/.well-known/oauth-authorization-server", None, 404, "feature_disabled"),
        ("", "GET", "/.well-known/openid-configuration", None, 200, None),
        ("", "GET", "/reauthenticate", None, 403, "bad_jwt"),
        ("", "POST", "/factors", {}, 403, "bad_jwt"),
        ("", "POST", "/invite", {}, 403, "not_admin"),
        ("", "GET", "/admin/nothing", None, 403, "not_admin"),
        ("", "GET", "/nothing", None, 404, None),
        ("user", "POST", "/factors", {}, 400, "validation_failed"),
        ("user", "POST", "/factors", {"factor_type": "phone"}, 422, "mfa_phone_enroll_not_enabled"),
        ("user", "POST", "/factors/x/verify", {}, 404, "validation_failed"),
        ("user", "POST", f"/factors/{UNKNOWN}/verify", {}, 404, "mfa_factor_not_found"),
        ("user", "GET", "/user/identities/authorize?provider=google", None, 404, "manual_linking_disabled"),
        ("user", "GET", "/user/oauth/grants", None, 404, "feature_disabled"),
        ("user", "POST", "/admin/generate_link", {}, 403, "not_admin"),
        ("user", "PUT", "/user", {"app_metadata": {"a": 1}, "password": "short"}, 422, "weak_password"),
        ("user", "PUT", "/user", {"email": "no address"}, 400, "validation_failed"),
        ("admin", "GET", f"/admin/users/{UNKNOWN}/factors", None, 404, "user_not_found"),
        ("admin", "GET", "/admin/sso/providers", None, 200, None),
        ("admin", "GET", "/admin/oauth/clients", None, 404, "feature_disabled"),
        ("admin", "POST", "/admin/generate_link", {}, 400, "validation_failed"),
        ("admin", "POST", "/invite", {}, 400, "validation_failed"),
        ("admin", "GET", "/admin/nothing", None, 404, None),
    ],
)
def test_what_is_switched_off_or_malformed_is_refused(
    platform: Platform, token: str, who: str, method: str, path: str, body: object, status: int, code: str | None
) -> None:
    caller = {"": None, "user": token, "admin": platform.secret_key}[who]
    options = {} if body is None else {"json": body}
    assert ask(platform, caller, method, path, **options) == (status, code)


def test_a_link_that_was_never_sent_leads_back_to_the_site_with_the_reason(platform: Platform) -> None:
    with platform.http() as http:
        answer = http.get("/auth/v1/verify?type=signup&token=1")
    assert "#error=access_denied&error_code=otp_expired&" in answer.headers["location"]


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("", "POST", "/recover", {"email": "a@example.com"}),
        ("", "POST", "/magiclink", {"email": "a@example.com"}),
        ("", "POST", "/otp", {"email": "a@example.com"}),
        ("", "POST", "/resend", {"type": "signup", "email": "a@example.com"}),
        ("user", "GET", "/reauthenticate", None),
        ("user", "POST", "/factors", {"factor_type": "totp"}),
        ("user", "PUT", "/user", {"email": "another@example.com"}),
        ("admin", "POST", "/invite", {"email": "another@example.com"}),
        ("admin", "POST", "/admin/generate_link", {"type": "recovery", "email": "a@example.com"}),
        ("admin", "POST", "/admin/users", {"phone": "+4930123456"}),
        ("admin", "GET", "/admin/audit", None),
    ],
)
def test_what_needs_mail_or_more_says_that_it_is_not_emulated(
    emulated_auth: Platform, who: str, method: str, path: str, body: object
) -> None:
    session = emulated_auth.signed_in().auth.get_session() if who == "user" else None
    caller = {"": None, "user": session and session.access_token, "admin": emulated_auth.secret_key}[who]
    options = {} if body is None else {"json": body}
    assert ask(emulated_auth, caller, method, path, **options) == (501, "not_emulated")


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(postgres_server: PostgresServer, emulated_platform: Platform) -> Iterator[Platform]:
    """Auth with the limit that a hosted project has at first."""
    database = emulated_platform.dsn.rsplit("/", 1)[1]
    with emulated(postgres_server, database, token_hook=None, token_requests=150) as platform:
        yield platform


def test_one_address_signs_in_thirty_times_then_waits_without_being_told_how_long(limited: Platform) -> None:
    answers, url = [], "/auth/v1/token?grant_type=refresh_token"
    with limited.http() as http:
        for _ in range(60):
            answer = http.post(url, json={"refresh_token": "a" * 12})
            answers.append(answer.status_code)
            if answer.status_code == 429:
                break
        elsewhere = {"X-Forwarded-For": "192.0.2.7"}
        other = http.post(
            "/auth/v1/token?grant_type=refresh_token", json={"refresh_token": "a" * 12}, headers=elsewhere
        )
    assert set(answers[:30]) == {400}
    assert (answer.status_code, answer.json()["code"]) == (429, "over_request_rate_limit")
    assert "retry-after" not in answer.headers
    assert other.status_code == 400, "the limit is for each address"

"""Which credentials are believed: tokens and keys that are right, and the ways they can be wrong."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.databases import Database
from tests.faces.conftest import KeyPublisher, Signer
from tests.factories import make_key, make_member, make_robot, make_tenant

from casare_cloud import identity
from casare_cloud.config import ConfigurationError, Settings, is_loopback
from casare_cloud.errors import ApiError, AuthenticationFailed, Unavailable
from casare_cloud.faces.orchestrator.app import create_app
from casare_cloud.identity import Verifier, hash_of_key, kind_of_key, mint_robot_token, new_api_key

ME = "/api/v1/auth/me"
SUBJECT = {"sub": "018f0000-0000-7000-8000-000000000001", "role": "authenticated", "aud": "authenticated"}


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auth is waited for, and left alone after it was asked, for longer than a test takes."""
    for name in ("_FETCH_SECONDS", "_REST_SECONDS"):
        monkeypatch.setattr(identity, name, 600)


def unsigned(claims: dict[str, Any], alg: str, key: bytes = b"", kid: str = "test-key") -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = f"{part({'alg': alg, 'typ': 'JWT', 'kid': kid})}.{part(claims)}"
    signature = hmac.digest(key, head.encode(), "sha256") if key else b""
    return f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_token_of_the_published_key_is_believed(settings: Settings, signer: Signer) -> None:
    claims = await Verifier(settings).verify(signer.token(SUBJECT))
    assert claims["sub"] == SUBJECT["sub"]


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": int(time.time()) + 86_400},
        {"iat": "yesterday"},
        {"nbf": int(time.time()) + 86_400},
        {"aud": None},
        {"aud": "other"},
        {"role": None},
        {"role": "anon"},
        {"role": "service_role"},
        {"role": "postgres"},
        {"sub": None},
        {"sub": "admin"},
        {"sub": "018f0000-0000-7000-8000-000000000001'--"},
    ],
    ids=lambda changes: next(iter(changes)),  # not the values: workers must agree on the names
)
async def test_a_token_with_wrong_claims_is_refused(
    settings: Settings, signer: Signer, changes: dict[str, Any]
) -> None:
    with pytest.raises(AuthenticationFailed):
        await Verifier(settings).verify(signer.token(SUBJECT, **changes))


async def test_a_token_signed_by_a_stranger_is_refused(settings: Settings) -> None:
    with pytest.raises(AuthenticationFailed):
        await Verifier(settings).verify(Signer("test-key").token(SUBJECT))


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "HS256"])
async def test_a_token_without_a_signature_is_refused(settings: Settings, alg: str) -> None:
    now = int(time.time())
    with pytest.raises(AuthenticationFailed):
        await Verifier(settings).verify(unsigned({**SUBJECT, "iat": now, "exp": now + 60}, alg))


@pytest.mark.parametrize("secret", ["", "s" * 40], ids=["no secret", "with a secret"])
async def test_the_public_key_is_no_hmac_secret(settings: Settings, signer: Signer, secret: str) -> None:
    now = int(time.time())
    claims = {**SUBJECT, "iat": now, "exp": now + 60}
    public = signer.private.public_key()
    encodings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(signer.jwk()).encode(),
    ]
    verifier = Verifier(Settings(supabase_url=settings.supabase_url, supabase_jwt_secret=secret, is_local=True))
    for key in encodings:
        with pytest.raises(AuthenticationFailed):
            await verifier.verify(unsigned(claims, "HS256", key))


async def test_a_shared_secret_counts_only_when_it_is_set(settings: Settings) -> None:
    secret, now = "x" * 40, int(time.time())
    token = jwt.encode({**SUBJECT, "iat": now, "exp": now + 60}, secret, algorithm="HS256")
    with pytest.raises(AuthenticationFailed):
        await Verifier(settings).verify(token)
    with_secret = Settings(supabase_url=settings.supabase_url, supabase_jwt_secret=secret, is_local=True)
    assert (await Verifier(with_secret).verify(token))["sub"] == SUBJECT["sub"]


async def test_only_the_algorithm_that_was_set_is_accepted(settings: Settings, signer: Signer) -> None:
    token = signer.token(SUBJECT)
    assert (await Verifier(dataclasses.replace(settings, jwt_algorithm="ES256")).verify(token))["sub"]
    with pytest.raises(AuthenticationFailed):
        await Verifier(dataclasses.replace(settings, jwt_algorithm="RS256")).verify(token)


async def test_published_hmac_keys_are_ignored(settings: Settings, publisher: KeyPublisher) -> None:
    secret = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
    publisher.keys = [{"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"}]
    now = int(time.time())
    with pytest.raises(AuthenticationFailed):
        await Verifier(settings).verify(
            unsigned({**SUBJECT, "iat": now, "exp": now + 60}, "HS256", b"k" * 32, "shared")
        )


async def test_keys_are_fetched_once_and_once_more_for_an_unknown_id(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = Verifier(settings)
    for _ in range(3):
        await verifier.verify(signer.token(SUBJECT))
    assert publisher.requests == 1

    rotated = Signer("rotated")
    publisher.keys.append(rotated.jwk())
    await verifier.verify(rotated.token(SUBJECT))
    assert publisher.requests == 2

    for number in range(5):
        with pytest.raises(AuthenticationFailed):
            await verifier.verify(Signer(f"made-up-{number}").token(SUBJECT))
    assert publisher.requests == 2, "made-up key ids must not make us ask Auth each time"


async def test_many_requests_at_a_cold_start_ask_for_the_keys_once(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = Verifier(settings)
    token = signer.token(SUBJECT)
    answers = await asyncio.gather(*(verifier.verify(token) for _ in range(64)))
    assert {answer["sub"] for answer in answers} == {SUBJECT["sub"]}
    assert publisher.requests == 1


async def test_the_keys_of_a_local_stack_are_not_fetched_by_way_of_a_proxy(
    settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert (await Verifier(settings).verify(signer.token(SUBJECT)))["sub"]
    with pytest.raises(Unavailable):
        await Verifier(dataclasses.replace(settings, is_local=False)).verify(signer.token(SUBJECT))


async def test_why_no_keys_came_is_logged(
    settings: Settings, publisher: KeyPublisher, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.status = 500
    with pytest.raises(Unavailable):
        await Verifier(settings).verify(signer.token(SUBJECT))
    assert "could not be fetched" in caplog.text
    assert "500" in caplog.text


async def test_a_fetch_of_keys_that_hangs_in_looking_up_a_name_is_not_waited_for(
    settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, may_go_on = socket.getaddrinfo, threading.Event()

    def slow(*asked: Any, **options: Any) -> Any:
        if may_go_on.wait(3):  # as long as a server of names that is away takes
            raise OSError("nobody waits any more: the next test is to meet no request of this one")
        return look_up(*asked, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(identity, "_FETCH_SECONDS", 0.05)
    try:
        with pytest.raises(Unavailable):
            await Verifier(settings).verify(signer.token(SUBJECT))
    finally:
        may_go_on.set()


async def test_without_auth_no_token_can_be_checked(settings: Settings, signer: Signer) -> None:
    with pytest.raises(ApiError) as caught:
        await Verifier(Settings(supabase_url="http://127.0.0.1:1", is_local=True)).verify(signer.token(SUBJECT))
    assert (caught.value.status, caught.value.code) == (503, "AUTH_UNAVAILABLE")


async def test_a_failed_fetch_at_a_cold_start_is_remembered_for_a_while(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = Verifier(settings)
    publisher.status = 500
    for _ in range(2):
        answers = await asyncio.gather(
            *(verifier.verify(signer.token(SUBJECT)) for _ in range(8)), return_exceptions=True
        )
        assert {(type(error), getattr(error, "code", None)) for error in answers} == {(Unavailable, "AUTH_UNAVAILABLE")}
    assert publisher.requests == 1
    publisher.status = 200
    verifier._keys._rests_until = 0.0
    assert (await verifier.verify(signer.token(SUBJECT)))["sub"]


async def warmed_up(settings: Settings, signer: Signer, age_seconds: float) -> Verifier:
    """A verifier whose keys were fetched so long ago."""
    verifier = Verifier(settings)
    await verifier.verify(signer.token(SUBJECT))
    assert verifier._keys._fetched_at is not None
    verifier._keys._fetched_at -= age_seconds
    return verifier


async def test_a_known_key_is_answered_while_one_refresh_waits_for_auth(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = await warmed_up(settings, signer, 601)
    publisher.may_answer.clear()
    for _ in range(8):
        await asyncio.gather(*(verifier.verify(signer.token(SUBJECT)) for _ in range(4)))
    rotated = Signer("rotated")
    publisher.keys = [rotated.jwk()]
    publisher.may_answer.set()
    await verifier.verify(rotated.token(SUBJECT))  # waits for the refresh, which brings it
    with pytest.raises(AuthenticationFailed):
        await verifier.verify(signer.token(SUBJECT))
    assert publisher.requests == 2


async def test_a_failed_refresh_is_remembered_and_the_known_key_believed(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = await warmed_up(settings, signer, 601)
    publisher.status = 500
    for _ in range(3):
        await verifier.verify(signer.token(SUBJECT))
        with pytest.raises(AuthenticationFailed):
            await verifier.verify(Signer("unknown").token(SUBJECT))  # waits for the refresh
    assert publisher.requests == 2


async def test_a_withdrawn_key_goes_when_a_token_names_one_that_is_unknown_and_strangers_cannot_ask_often(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = await warmed_up(settings, signer, 0)
    publisher.keys = [Signer("another").jwk()]
    await verifier.verify(signer.token(SUBJECT))  # for as long as the set of keys is young, ten minutes at most
    for number in range(20):
        with pytest.raises(AuthenticationFailed):
            await verifier.verify(Signer(f"made-up-{number}").token(SUBJECT))
    assert publisher.requests == 2
    with pytest.raises(AuthenticationFailed):
        await verifier.verify(signer.token(SUBJECT))


async def test_a_key_that_auth_has_just_begun_to_sign_with_is_asked_for_at_once(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = await warmed_up(settings, signer, 0)
    with pytest.raises(AuthenticationFailed):
        await verifier.verify(Signer("made-up").token(SUBJECT))  # now Auth is left alone for a while
    rotated = Signer("rotated")
    publisher.keys.append(rotated.jwk())
    assert await verifier.accepts_new(rotated.token(SUBJECT))
    assert not await verifier.accepts_new(Signer("foreign").token(SUBJECT))


async def test_keys_that_are_very_old_are_refreshed_before_they_are_used(
    settings: Settings, publisher: KeyPublisher, signer: Signer
) -> None:
    verifier = await warmed_up(settings, signer, 3601)
    publisher.keys = [Signer("rotated").jwk()]
    with pytest.raises(AuthenticationFailed):
        await verifier.verify(signer.token(SUBJECT))


@pytest.mark.parametrize(("kind", "prefix"), [("robot", "crpa_"), ("service", "sk_live_")])
def test_a_new_key_has_256_bits_and_a_checksum(kind: Any, prefix: str) -> None:
    new = new_api_key(kind)
    assert new.key.startswith(new.prefix)
    assert new.prefix.startswith(prefix)
    assert len(new.key) == len(prefix) + 43 + 6
    assert new.key_hash == hashlib.sha256(new.key.encode()).digest() == hash_of_key(new.key)
    assert kind_of_key(new.key) == kind
    assert new_api_key(kind).key != new.key


def test_a_mistyped_key_is_recognised_by_its_checksum() -> None:
    key = new_api_key("robot").key
    for position in range(5, len(key)):
        changed = key[:position] + ("A" if key[position] != "A" else "B") + key[position + 1 :]
        assert kind_of_key(changed) is None
    assert kind_of_key(key + "A") is None
    assert kind_of_key(key[:-1]) is None
    assert kind_of_key("sk_live_" + key[5:]) is None


async def test_a_mistyped_key_never_reaches_the_database() -> None:
    app = create_app(Settings(database_url="postgresql://127.0.0.1:1/nowhere", is_local=True))
    key = new_api_key("robot").key
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        answer = await client.get(ME, headers={"X-Api-Key": wrong})
    assert answer.status_code == 401, "a database that is not there would make it 503"


def test_a_robot_token_lives_ten_to_sixty_minutes(signer: Signer) -> None:
    import uuid

    ids = [uuid.uuid4() for _ in range(3)]
    settings = Settings(signing_key=json.dumps(signer.jwk(private=True)), robot_token_seconds=1)
    token, seconds = mint_robot_token(settings, *ids)
    claims = jwt.decode(token, signer.private.public_key(), algorithms=["ES256"], audience="authenticated")
    assert seconds == 600 == claims["exp"] - claims["iat"]
    assert jwt.get_unverified_header(token)["kid"] == signer.kid
    assert claims["app_metadata"] == {
        "tenant_id": str(ids[0]),
        "principal": "robot",
        "robot_id": str(ids[1]),
        "api_key_id": str(ids[2]),
    }


@pytest.mark.parametrize(
    "carrier",
    [
        lambda key: {"Authorization": f"Bearer {key}"},
        lambda key: {"Authorization": f"bearer {key}"},
        lambda key: {"X-Api-Key": key},
        lambda key: {"X-Api-Token": key},
    ],
)
async def test_every_carrier_of_a_key_is_read(
    client: httpx2.AsyncClient, shared_database: Database, carrier: Callable[[str], dict[str, str]]
) -> None:
    robot = make_robot(shared_database, make_tenant(shared_database))
    answer = await client.get(ME, headers=carrier(robot.key.text))
    assert answer.status_code == 200, answer.text
    assert answer.json()["user_id"] == str(robot.robot_id)
    assert answer.json()["roles"] == ["robot"]


async def test_a_minted_token_is_the_robot(
    client: httpx2.AsyncClient, shared_database: Database, settings: Settings
) -> None:
    robot = make_robot(shared_database, make_tenant(shared_database))
    token, _ = mint_robot_token(settings, robot.tenant_id, robot.robot_id, robot.key.api_key_id)
    answer = await client.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["user_id"] == str(robot.robot_id)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YWRtaW46c2VjcmV0"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer not-a-token"},
        {"Authorization": "Bearer sb_secret_0123456789"},
        {"X-Api-Key": ""},
        {"X-Api-Key": "crpa_your_api_key_here"},
        {"X-Api-Token": "a-robot-token-without-our-prefix"},
    ],
    ids=str,
)
async def test_what_is_no_credential_is_401(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get(ME, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "AUTHENTICATION_FAILED"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_unknown_revoked_and_foreign_keys_get_the_same_answer(
    client: httpx2.AsyncClient, shared_database: Database
) -> None:
    tenant = make_tenant(shared_database)
    revoked, expired = make_key(shared_database, tenant), make_key(shared_database, tenant)
    deleted = make_robot(shared_database, tenant)
    with shared_database.connect() as owner:
        owner.execute("update public.api_keys set revoked_at = now() where api_key_id = %s", [revoked.api_key_id])
        owner.execute(
            "update public.api_keys set expires_at = now() - interval '1 s' where api_key_id = %s", [expired.api_key_id]
        )
        owner.execute("update public.robots set deleted_at = now() where robot_id = %s", [deleted.robot_id])
    answers = []
    for key in (new_api_key("robot").key, revoked.text, expired.text, deleted.key.text):
        answer = await client.get(ME, headers={"X-Api-Key": key, "X-Request-ID": "same"})
        answers.append((answer.status_code, answer.json()))
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)


async def test_a_removed_member_loses_access_at_once(
    client: httpx2.AsyncClient, shared_database: Database, bearer: Any
) -> None:
    member = make_member(shared_database, make_tenant(shared_database), "operator")
    headers = bearer(member)
    assert (await client.get(ME, headers=headers)).json()["roles"] == ["operator", "viewer"]
    with shared_database.connect() as owner:
        owner.execute("delete from public.memberships where user_id = %s", [member.user_id])
    answer = await client.get(ME, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "NO_TENANT")


async def test_a_token_cannot_choose_a_foreign_tenant(
    client: httpx2.AsyncClient, shared_database: Database, signer: Signer
) -> None:
    member = make_member(shared_database, make_tenant(shared_database), "admin")
    other = make_tenant(shared_database)
    claims = json.loads(json.dumps(member.claims))
    claims["app_metadata"]["tenant_id"] = str(other.tenant_id)
    answer = await client.get(ME, headers={"Authorization": f"Bearer {signer.token(claims)}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@127.0.0.1:54322/postgres", True),
        ("postgresql://u:p@[::1]:54322/postgres", True),
        ("postgresql://u:p@localhost/postgres", True),
        ("postgresql://u@%2Ftmp%2Fpg/postgres", True),
        ("host=127.0.0.1 port=5432", True),
        ("host=/tmp dbname=postgres", True),
        ("postgresql://u:p@db.abc.supabase.co/postgres", False),
        ("postgresql://u:p@127.0.0.1,db.example.com/postgres", False),
        ("postgresql://u:p@127.0.0.1/postgres?host=db.example.com", False),
        ("postgresql://u:p@127.0.0.1/postgres?hostaddr=10.0.0.1", False),
        ("host=127.0.0.1 hostaddr=10.0.0.1", False),
        ("postgresql:///postgres", False),
        ("service=prod", False),
        ("postgresql://127.0.0.1@db.example.com/postgres", False),
        ("", False),
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    "environ",
    [
        {"JWT_DEV_MODE": "true", "DATABASE_URL": "postgresql://u@127.0.0.1/p"},
        {"JWT_DEV_MODE": "true", "CASARE_LOCAL": "1", "DATABASE_URL": "postgresql://u@db.example.com/p"},
        {"JWT_DEV_MODE": "true", "CASARE_LOCAL": "1"},
    ],
)
def test_dev_mode_refuses_to_start_off_the_local_stack(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="JWT_DEV_MODE"):
        Settings.from_environment(environ)


async def test_dev_mode_acts_as_the_first_admin_and_still_checks_credentials(
    database: Database, settings: Settings, signer: Signer
) -> None:
    tenant = make_tenant(database)
    environ = {
        "JWT_DEV_MODE": "true",
        "CASARE_LOCAL": "1",
        "DATABASE_URL": database.dsn("casare_functions"),
        "SUPABASE_URL": settings.supabase_url,
    }
    app = create_app(Settings.from_environment(environ))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        me = (await client.get(ME)).json()
        wrong = await client.get(ME, headers={"Authorization": f"Bearer {Signer().token(SUBJECT)}"})
    await app.close()
    assert me["dev_mode"] is True
    assert me["user_id"] == str(tenant.admin.user_id)
    assert me["roles"] == ["admin", "developer", "operator", "viewer"]
    assert wrong.status_code == 401

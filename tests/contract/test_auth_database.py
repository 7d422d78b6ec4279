"""What the database has to say to Auth: the token hook, and triggers on auth.users. Of the emulator only."""

import concurrent.futures
import time
from collections.abc import Iterator

import jwt
import psycopg
import pytest
from supabase_auth.errors import AuthApiError
from tests.contract.platform_target import PASSWORD, Platform, emulated, new_email
from tests.databases import unique_name

from casare_cloud.local.postgres import PostgresServer

SIGNATURE = "public.contract_hook(event jsonb) returns jsonb language plpgsql set search_path = ''"
GOOD = """
return jsonb_build_object(
    'claims', jsonb_set(event -> 'claims', '{app_metadata,method}', event -> 'authentication_method')
);
"""
NAMES_ITSELF = "return jsonb_build_object('error', jsonb_build_object('http_code', 403, 'message', current_user));"
WAITING = """
select count(*) from pg_stat_activity where usename = 'supabase_auth_admin' and wait_event_type = 'Lock'
    and datname = current_database()
"""


@pytest.fixture(scope="module")
def hooked(postgres_server: PostgresServer) -> Iterator[Platform]:
    """An emulator of its own whose tokens pass a hook."""
    name = unique_name("hook")
    postgres_server.bootstrap(name)
    with emulated(postgres_server, name, token_hook="pg-functions://postgres/public/contract_hook") as platform:
        yield platform
    postgres_server.drop_database(name)


def set_hook(platform: Platform, body: str) -> None:
    with platform.connect() as connection:
        connection.execute(f"create or replace function {SIGNATURE} as $$ begin {body} end $$")
        connection.execute("grant execute on function public.contract_hook to supabase_auth_admin")


def hook_refusal(platform: Platform, body: str) -> AuthApiError:
    """How signing in is refused with a hook of this body."""
    set_hook(platform, body)
    email = platform.new_user()
    with pytest.raises(AuthApiError) as caught:
        platform.client().auth.sign_in_with_password({"email": email, "password": PASSWORD})
    return caught.value


def test_the_hook_changes_the_claims_at_sign_in_and_at_refresh(hooked: Platform) -> None:
    set_hook(hooked, GOOD)
    client = hooked.signed_in()
    methods = []
    for session in (client.auth.get_session(), client.auth.refresh_session().session):
        assert session is not None
        claims = jwt.decode(session.access_token, options={"verify_signature": False})
        methods.append(claims["app_metadata"]["method"])
    assert methods == ["password", "token_refresh"]


def test_the_hook_runs_as_the_auth_service(hooked: Platform) -> None:
    error = hook_refusal(hooked, NAMES_ITSELF)
    assert (error.status, error.message) == (403, "supabase_auth_admin")


@pytest.mark.parametrize(
    "body",
    [
        "raise exception 'no';",
        'return \'{"claims": {"sub": "x"}}\';',
        "return '{}';",
        "return null;",
        'return \'{"error": {"message": "no"}}\';',
    ],
    ids=["raises", "claims are missing", "no claims", "null", "error without status"],
)
def test_a_hook_that_fails_fails_the_sign_in(hooked: Platform, body: str) -> None:
    error = hook_refusal(hooked, body)
    assert (error.status, error.code) == (500, "unexpected_failure")


def test_a_hook_has_two_seconds(hooked: Platform) -> None:
    started = time.monotonic()
    error = hook_refusal(hooked, "perform pg_sleep(60); return event;")
    assert error.status == 500
    assert time.monotonic() - started < 30


def test_a_failed_sign_in_leaves_no_session(hooked: Platform) -> None:
    hook_refusal(hooked, "raise exception 'no';")
    with hooked.connect() as connection:
        row = connection.execute(
            "select count(*) from auth.sessions as s join auth.users as u on u.id = s.user_id "
            "where u.last_sign_in_at is null"
        ).fetchone()
    assert row == (0,)


@pytest.fixture
def refusing_trigger(emulated_platform: Platform) -> Iterator[Platform]:
    """A table trigger that refuses users whose app_metadata says so, as soon as it comes in."""
    with emulated_platform.connect() as connection:
        connection.execute(
            """
            create function public.contract_refuse() returns trigger language plpgsql set search_path = '' as $$
            begin
                if new.raw_app_meta_data ? 'refuse' then
                    raise exception 'refused';
                end if;
                return null;
            end
            $$;
            create trigger contract_refuse after insert or update of raw_app_meta_data on auth.users
                for each row execute function public.contract_refuse();
            """
        )
    yield emulated_platform
    with emulated_platform.connect() as connection:
        connection.execute("drop function public.contract_refuse() cascade")


def test_a_trigger_that_fails_leaves_no_user_behind(refusing_trigger: Platform) -> None:
    email = new_email()
    with pytest.raises(AuthApiError) as caught:
        refusing_trigger.new_user(email=email, app_metadata={"refuse": True})
    error = caught.value
    assert (error.status, error.code) == (500, "unexpected_failure")
    assert error.message == "Database error creating new user"
    with refusing_trigger.connect() as connection:
        assert connection.execute("select from auth.users where email = %s", [email]).fetchone() is None
        assert connection.execute("select from auth.identities where email = %s", [email]).fetchone() is None


def test_a_trigger_that_is_content_lets_the_user_in(refusing_trigger: Platform) -> None:
    refusing_trigger.new_user(app_metadata={"other": True})


def test_two_refreshes_at_once_get_one_new_token(emulated_platform: Platform) -> None:
    session = emulated_platform.signed_in().auth.get_session()
    assert session is not None
    assert emulated_platform.context is not None
    url = "/auth/v1/token?grant_type=refresh_token"
    # Neither request gets the session's row at first: the emulator waits for it, and the service asks again and again.
    # Then one rotates and the other finds that done.
    with (
        emulated_platform.connect() as watcher,
        emulated_platform.http() as http,
        psycopg.connect(emulated_platform.dsn) as lock,
        concurrent.futures.ThreadPoolExecutor(2) as threads,
    ):
        lock.execute("select from auth.sessions where user_id = %s for update", [session.user.id])
        answers = [threads.submit(http.post, url, json={"refresh_token": session.refresh_token}) for _ in range(2)]
        deadline = time.monotonic() + (10 if emulated_platform.context.auth_url is None else 0.3)
        while watcher.execute(WAITING).fetchone() != (2,) and time.monotonic() < deadline:
            pass
        assert not any(answer.done() for answer in answers)
        lock.rollback()
        tokens = {answer.result().json()["refresh_token"] for answer in answers}
    assert len(tokens) == 1
    assert tokens != {session.refresh_token}

"""The variables of the real Auth, and the way to it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.databases import Database
from tests.local.stacks import until

from casare_cloud.local import auth_program
from casare_cloud.local.context import LocalContext, settings_of
from casare_cloud.local.platform_app import create_app
from casare_cloud.local.state import new_signing_key

CONFIG = {
    "auth": {
        "site_url": "https://robots.example",
        "jwt_expiry": 600,
        "enable_signup": False,
        "minimum_password_length": 11,
        "refresh_token_reuse_interval": 7,
        "hook": {"custom_access_token": {"enabled": True, "uri": "pg-functions://postgres/public/hook"}},
    }
}


def project(config: dict[str, Any] = CONFIG, **changes: Any) -> LocalContext:
    settings = {"auth_url": "http://127.0.0.1:9999", "jwt_secret": "s" * 40, **settings_of(config), **changes}
    return LocalContext(
        "", "postgresql://auth@127.0.0.1/db", "", "sb_publishable_x", "sb_secret_x", new_signing_key(), **settings
    )


def test_what_the_project_states_reaches_the_program() -> None:
    given = auth_program.environment(project(jwt_issuer="http://127.0.0.1:1/auth/v1"))
    stated = {
        "DATABASE_URL": "postgresql://auth@127.0.0.1/db",
        "GOTRUE_API_HOST": "127.0.0.1",
        "PORT": "9999",
        "API_EXTERNAL_URL": "http://127.0.0.1:1/auth/v1",
        "GOTRUE_JWT_ISSUER": "http://127.0.0.1:1/auth/v1",
        "GOTRUE_SITE_URL": "https://robots.example",
        "GOTRUE_JWT_EXP": "600",
        "GOTRUE_JWT_SECRET": "s" * 40,
        "GOTRUE_DISABLE_SIGNUP": "true",
        "GOTRUE_PASSWORD_MIN_LENGTH": "11",
        "GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL": "7",
        "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED": "true",
        "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI": "pg-functions://postgres/public/hook",
    }
    assert stated.items() <= given.items()
    assert "GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION" not in given


def test_one_key_signs_and_the_shared_secret_only_verifies() -> None:
    [signing, shared] = json.loads(auth_program.environment(project())["GOTRUE_JWT_KEYS"])
    assert (signing["alg"], signing["key_ops"]) == ("ES256", ["sign", "verify"])
    assert (shared["alg"], shared["key_ops"]) == ("HS256", ["verify"])


def test_long_refresh_tokens_are_asked_for_when_the_project_wants_them() -> None:
    given = auth_program.environment(project(refresh_token_form=2))
    assert given["GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION"] == "2"


def test_a_limit_is_the_project_s_and_otherwise_there_is_none() -> None:
    limited = {"auth": {**CONFIG["auth"], "rate_limit": {"token_refresh": 150}}}
    given = auth_program.environment(project(limited))
    assert (given["GOTRUE_RATE_LIMIT_TOKEN_REFRESH"], given["GOTRUE_RATE_LIMIT_HEADER"]) == ("150", "X-Forwarded-For")
    assert "GOTRUE_RATE_LIMIT_HEADER" not in auth_program.environment(project())


def test_of_this_environment_only_variables_of_auth_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOTRUE_SMTP_HOST", "mail.example")
    monkeypatch.setenv("GOTRUE_JWT_EXP", "1")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "secret")
    given = auth_program.environment(project())
    assert given["GOTRUE_SMTP_HOST"] == "mail.example"
    assert given["GOTRUE_JWT_EXP"] == "600", "what the project states wins"
    assert "SUPABASE_SECRET_KEY" not in given
    assert given["PATH"] == os.environ["PATH"]


async def test_an_auth_that_is_away_is_502() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and not listened on
        context = project(auth_url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        transport = httpx2.ASGITransport(create_app(context))
        async with httpx2.AsyncClient(transport=transport, base_url="http://platform") as client:
            answer = await client.get("/auth/v1/settings", headers={"apikey": "sb_publishable_x"})
    assert answer.status_code == 502


def test_a_migration_is_let_finish_when_its_start_is_interrupted(database: Database, tmp_path: Path) -> None:
    program = tmp_path / "auth"
    program.write_text(f"#!/bin/sh\ncd {tmp_path}; touch began\nwhile [ ! -e go ]; do sleep 0.05; done\ntouch ended\n")
    program.chmod(0o755)
    code = (
        "import signal, sys; from casare_cloud.local.auth_program import *; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a shell's background commands ignore it
        "migrate(Path(sys.argv[1]), sys.argv[2])"
    )
    start = subprocess.Popen(
        [sys.executable, "-c", code, program, database.dsn("supabase_auth_admin")], start_new_session=True
    )
    try:
        until((tmp_path / "began").exists, "the migration began", 60)
        os.killpg(start.pid, signal.SIGINT)
        (tmp_path / "go").touch()
        assert start.wait(60) == -signal.SIGINT
        assert (tmp_path / "ended").exists()
    finally:
        start.kill()

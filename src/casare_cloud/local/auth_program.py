"""The real Supabase Auth in the emulator's place: its migrations, and a project's settings as its variables."""

import base64
import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from casare_cloud.local.context import LocalContext
from casare_cloud.local.errors import LocalStackError

_MIGRATION_SECONDS: Final = 120
_NO_LIMIT: Final = 1_000_000
_KEPT: Final = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


def checked_program(path: Path) -> Path:
    """The absolute path of a program that can be run; `LocalStackError` when it is none."""
    absolute = path.expanduser().absolute()
    if not absolute.is_file() or not os.access(absolute, os.X_OK):
        raise LocalStackError(f"{path} is no program that can be run. --auth-bin names a build of Supabase Auth.")
    return absolute


def migrate(program: Path, dsn: str) -> None:
    """Bring the schema `auth` of a database to what the program needs; `dsn` is supabase_auth_admin's. Repeatable.

    Whoever interrupts it waits for its end: a migration that stopped half-way would fail at every later start.
    """
    placeholders = {"API_EXTERNAL_URL": "http://127.0.0.1", "GOTRUE_SITE_URL": "http://127.0.0.1"}
    env = {**_surroundings(), **_database(dsn), **placeholders, "GOTRUE_JWT_SECRET": secrets.token_hex(32)}
    try:
        process = subprocess.Popen(
            [program, "migrate"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C in a terminal reaches every program of the session
        )
    except OSError as problem:
        raise LocalStackError(f"{program} migrate did not run: {problem}") from problem
    try:
        said, _ = process.communicate(timeout=_MIGRATION_SECONDS)
    except subprocess.TimeoutExpired as problem:
        process.kill()
        raise LocalStackError(f"{program} migrate did not end within {_MIGRATION_SECONDS} s") from problem
    except KeyboardInterrupt:
        process.communicate(timeout=_MIGRATION_SECONDS)
        raise
    if process.returncode != 0:
        words = "\n".join(said.splitlines()[-12:])
        raise LocalStackError(f"{program} migrate ended with exit code {process.returncode}:\n{words}")


def environment(context: LocalContext) -> dict[str, str]:
    """The variables with which `serve` serves the project at `context.auth_url`.

    A GOTRUE_ variable of this process goes with them, when the project's settings do not state it.
    """
    if context.auth_url is None:
        raise ValueError("the project's Auth is emulated")
    address = urlsplit(context.auth_url)
    limit = context.token_requests
    settings: dict[str, object] = {
        **_database(context.auth_admin_dsn),
        "GOTRUE_API_HOST": address.hostname,
        "PORT": address.port,
        "API_EXTERNAL_URL": context.jwt_issuer,
        "GOTRUE_SITE_URL": context.site_url,
        "GOTRUE_JWT_ISSUER": context.jwt_issuer,
        "GOTRUE_JWT_AUD": "authenticated",
        "GOTRUE_JWT_DEFAULT_GROUP_NAME": "authenticated",
        "GOTRUE_JWT_ADMIN_ROLES": "service_role,supabase_admin",
        "GOTRUE_JWT_EXP": context.access_token_seconds,
        "GOTRUE_JWT_SECRET": context.jwt_secret or secrets.token_hex(32),
        "GOTRUE_JWT_KEYS": json.dumps(_keys(context)),
        "GOTRUE_DISABLE_SIGNUP": not context.enable_signup,
        "GOTRUE_EXTERNAL_EMAIL_ENABLED": True,
        "GOTRUE_EXTERNAL_PHONE_ENABLED": False,
        "GOTRUE_MAILER_AUTOCONFIRM": True,  # there is no mail
        "GOTRUE_PASSWORD_MIN_LENGTH": context.minimum_password_length,
        "GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED": True,
        "GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL": context.refresh_token_reuse_seconds,
        "GOTRUE_SECURITY_SB_FORWARDED_FOR_ENABLED": True,
        "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED": context.token_hook is not None,
        "GOTRUE_RATE_LIMIT_TOKEN_REFRESH": _NO_LIMIT if limit is None else limit,
    }
    if context.token_hook is not None:
        settings["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI"] = context.token_hook
    if context.refresh_token_form == 2:
        settings["GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION"] = 2
        settings["GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE"] = 100
    if limit is not None:
        settings["GOTRUE_RATE_LIMIT_HEADER"] = "X-Forwarded-For"
    else:
        settings["GOTRUE_RATE_LIMIT_OTP"] = _NO_LIMIT  # sign-ups and changes of one's own user
    return {**_surroundings(), **{name: _text(value) for name, value in settings.items()}}


def _surroundings() -> dict[str, str]:
    """What any program needs of this process's environment, and the GOTRUE_ variables of whoever started it."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("GOTRUE_")}


def _database(dsn: str) -> dict[str, str]:
    return {"GOTRUE_DB_DRIVER": "postgres", "DATABASE_URL": dsn, "DB_NAMESPACE": "auth"}


def _keys(context: LocalContext) -> list[dict[str, object]]:
    """The key that signs, and the shared secret, which only verifies."""
    keys: list[dict[str, object]] = [{**context.signing_key, "use": "sig", "key_ops": ["sign", "verify"]}]
    if context.jwt_secret:
        shared = base64.urlsafe_b64encode(context.jwt_secret.encode()).rstrip(b"=").decode()
        keys.append({"kty": "oct", "alg": "HS256", "k": shared, "use": "sig", "key_ops": ["verify"]})
    return keys


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""A program with the commands and variables of Supabase Auth, made of the emulator: for tests of what starts it."""

import json
import os
import sys

import psycopg
import uvicorn
from starlette.applications import Starlette

from casare_cloud.local import auth
from casare_cloud.local.context import LocalContext


def migrate() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("create table if not exists auth.stand_in_migrations ()")


def serve() -> None:
    given = os.environ
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        connection.execute("select from auth.stand_in_migrations")  # fails unless `migrate` ran before
    [signing_key, *_] = json.loads(given["GOTRUE_JWT_KEYS"])
    context = LocalContext(
        authenticator_dsn="",
        auth_admin_dsn=given["DATABASE_URL"],
        realtime_admin_dsn="",
        publishable_key="",
        secret_key="",
        signing_key=signing_key,
        jwt_secret=given["GOTRUE_JWT_SECRET"],
        jwt_issuer=given["GOTRUE_JWT_ISSUER"],
        access_token_seconds=int(given["GOTRUE_JWT_EXP"]),
        token_hook=given["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI"],
        enable_signup=given["GOTRUE_DISABLE_SIGNUP"] == "false",
    )
    app = Starlette(routes=auth.routes(context))
    uvicorn.run(app, host=given["GOTRUE_API_HOST"], port=int(given["PORT"]))


if __name__ == "__main__":
    {"migrate": migrate, "serve": serve}[sys.argv[1]]()

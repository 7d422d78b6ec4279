"""The tenant that a first start makes, with a user to log in as and a key for a robot."""

import secrets
from collections.abc import Mapping

from casare_cloud.client import Client
from casare_cloud.errors import ApiError
from casare_cloud.local.errors import LocalStackError

DEMO_EMAIL = "demo@casare.local"
DEMO_USERNAME = "demo"
DEMO_ROBOT = "demo-robot"


class ForeignDemo(LocalStackError):
    """The project's demo user cannot be logged in as: its password is unknown here."""


async def is_demo_there(database_url: str) -> bool:
    """Whether the demo user is registered; asked of the database, as each try to log in counts as a guess."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(database_url, prepare_threshold=None) as connection:
        found = await connection.execute("select private.email_for_login(%s) is not null", [DEMO_EMAIL])
        row = await found.fetchone()
    return bool(row and row[0])


async def make_demo_tenant(env: Mapping[str, str], way_out: str) -> dict[str, str]:
    """Register the demo tenant through the public API, and make a key for its robot; the variables that name them.

    A start that was interrupted, or whose `demos.json` was lost, left a tenant behind, and another developer may have
    made one: then the key is a new one, with a robot of its own, because a robot belongs to one live key. Raises
    `ForeignDemo`, with `way_out`, when that tenant's password is not ours.
    """
    is_there = await is_demo_there(env["DATABASE_URL"])
    async with Client(env["ORCHESTRATOR_URL"]) as client:
        if is_there:
            await _log_in(client, env["DEMO_PASSWORD"], way_out)
        else:
            await _register(client, env["DEMO_PASSWORD"], way_out)
        me = await client.me()
        key = await client.create_robot_api_key(name="Demo robot")
    robot_id = f"{DEMO_ROBOT}-{secrets.token_hex(3)}" if is_there else DEMO_ROBOT
    return {"DEMO_TENANT_ID": me["tenant_id"], "ROBOT_ID": robot_id, "ROBOT_API_KEY": key["key"]}


async def _register(client: Client, password: str, way_out: str) -> None:
    try:
        await client.register(
            email=DEMO_EMAIL,
            password=password,
            username=DEMO_USERNAME,
            org_name="Demo",
            first_name="Demo",
            last_name="Person",
        )
    except ApiError as refusal:
        if refusal.code != "USERNAME_TAKEN":
            raise
        raise ForeignDemo(f"The user name {DEMO_USERNAME} is another user's there. {way_out}") from refusal


async def _log_in(client: Client, password: str, way_out: str) -> None:
    try:
        await client.login(DEMO_EMAIL, password)
    except ApiError as refusal:
        if refusal.status != 401:
            raise
        raise ForeignDemo(f"The demo user {DEMO_EMAIL} is there, with another password. {way_out}") from refusal

"""Registration, login, sessions."""

import uuid
from typing import Any

import httpx2
from tests.faces.automation.document import entry
from tests.faces.stage import Asker, Stage

PASSWORD = "Summer-2026-x"
TOKENS = "access_token refresh_token token_type expires_in"


async def register(stage: Stage, **changes: Any) -> tuple[dict[str, Any], httpx2.Response]:
    """(the form of a new person, the answer)."""
    form = {
        "email": f"{uuid.uuid4().hex[:12]}@example.test",
        "password": PASSWORD,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "org_name": "Acme",
        **changes,
    }
    return form, await Asker(stage.client, {}).post("/auth/register", {k: v for k, v in form.items() if v is not None})


@entry("POST /auth/register", TOKENS, status=201)
async def register_somebody(stage: Stage) -> httpx2.Response:
    return (await register(stage))[1]


@entry("POST /auth/login", TOKENS)
async def log_in(stage: Stage) -> httpx2.Response:
    form, _ = await register(stage)
    return await Asker(stage.client, {}).post("/auth/login", {"email": form["email"], "password": PASSWORD})


@entry("POST /auth/refresh", TOKENS)
async def refresh(stage: Stage) -> httpx2.Response:
    tokens = (await register(stage))[1].json()
    return await Asker(stage.client, {}).post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})


@entry("GET /auth/me", "id email first_name last_name org_id is_active roles created_at")
async def me(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/auth/me")

"""Registering, logging in and changing a password by the shapes of document 004."""

from typing import Any

import pytest
from tests.faces.automation.platform import settings, signer  # noqa: F401 — Auth is there
from tests.faces.automation.rows.auth import PASSWORD, register
from tests.faces.stage import Asker, Stage, refused


async def somebody(stage: Stage, **changes: Any) -> tuple[dict[str, Any], Asker, dict[str, Any]]:
    form, answer = await register(stage, **changes)
    assert answer.status_code == 201, answer.text
    tokens = answer.json()
    return form, Asker(stage.client, {"Authorization": f"Bearer {tokens['access_token']}"}), tokens


async def test_who_registers_administers_an_organization_of_their_own(stage: Stage) -> None:
    form, person, _ = await somebody(stage)
    me = (await person.get("/auth/me/")).json()
    assert (me["email"], me["first_name"], me["roles"]) == (form["email"], "Ada", ["admin"])
    assert (me["org_name"], me["is_active"], me["permissions"]) == ("Acme", True, ["*"])
    assert me["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("changes", "status", "code", "word"),
    [
        ({"password": "weak"}, 400, "WEAK_PASSWORD", "password: must have at least 8"),
        ({"password": "alllower1"}, 400, "WEAK_PASSWORD", "upper-case"),
        ({"email": "nobody"}, 422, "INVALID_ARGUMENT", "email: "),
        ({"org_name": None}, 422, "INVALID_ARGUMENT", "org_name"),
        ({"org_name": "x", "invitation_token": "y"}, 422, "INVALID_ARGUMENT", "not both"),
        ({"org_name": None, "invitation_token": "unknown"}, 404, "INVITATION_NOT_FOUND", "invitation"),
    ],
)
async def test_a_registration_that_breaks_a_rule(
    stage: Stage, changes: dict[str, Any], status: int, code: str, word: str
) -> None:
    assert refused((await register(stage, **changes))[1], status, code, word)


async def test_an_address_registers_once(stage: Stage) -> None:
    form, _, _ = await somebody(stage)
    assert refused((await register(stage, email=form["email"], org_name="Other"))[1], 409, "EMAIL_TAKEN")


async def test_a_used_refresh_token_and_an_access_token_are_401(stage: Stage) -> None:
    _, _, tokens = await somebody(stage)
    nobody = Asker(stage.client, {})
    assert refused(
        await nobody.post("/auth/refresh", {"refresh_token": tokens["access_token"]}), 401, "INVALID_TOKEN_TYPE"
    )
    assert refused(await nobody.post("/auth/refresh", {"refresh_token": "abcdefghijkl"}), 401, "INVALID_REFRESH_TOKEN")


async def test_login_takes_a_user_name_and_says_one_sentence_for_any_mistake(stage: Stage) -> None:
    form, _, _ = await somebody(stage, username="ada.lovelace")
    nobody = Asker(stage.client, {})
    for login in ({"email": "ada.lovelace"}, {"username": "ada.lovelace"}, {"email": form["email"]}):
        assert (await nobody.post("/auth/login", {**login, "password": PASSWORD})).status_code == 200
    answer = await nobody.post("/auth/login", {"email": form["email"], "password": "wrong"})
    assert refused(answer, 401, "INVALID_CREDENTIALS")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_password_is_changed_by_whoever_knows_it_and_ends_other_sessions(stage: Stage) -> None:
    form, person, _ = await somebody(stage)
    login = await Asker(stage.client, {}).post("/auth/login", {"email": form["email"], "password": PASSWORD})
    other = Asker(stage.client, {"Authorization": f"Bearer {login.json()['access_token']}"})

    async def change(current: str, new: str) -> Any:
        return await person.post("/auth/change-password", {"current_password": current, "new_password": new})

    assert refused(await change("wrong", "Autumn-2026-x"), 400, "WRONG_PASSWORD", "current_password")
    assert refused(await change(PASSWORD, "short"), 400, "WEAK_PASSWORD", "new_password")
    assert refused(await change(PASSWORD, PASSWORD), 400, "WEAK_PASSWORD", "new_password")
    answer = await change(PASSWORD, "Autumn-2026-x")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert (await person.get("/auth/me")).status_code == 200
    assert refused(await other.get("/auth/me"), 401)
    assert refused(await stage.key(stage.robot()[0].key).post("/auth/change-password", {}), 422)

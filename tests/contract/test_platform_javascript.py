"""Auth and the Data API as @supabase/supabase-js meets them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.contract.platform_target import PASSWORD, Platform, new_email
from tests.contract.test_auth import let_reuse_interval_pass

SCRIPT = Path(__file__).parent / "node" / "platform.mjs"

pytestmark = pytest.mark.needs_node


def run(platform: Platform, scenario: str, **arguments: Any) -> Any:
    keys = {"url": platform.url, "key": platform.publishable_key, "secret": platform.secret_key, "password": PASSWORD}
    command = ["node", str(SCRIPT), scenario, json.dumps({**keys, **arguments})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_signing_up(platform: Platform) -> None:
    email = new_email()
    answer = run(platform, "signUp", email=email)
    assert (answer["error"], answer["email"], answer["name"], answer["session"]) == (None, email, "Ada", True)
    assert (answer["again"]["status"], answer["again"]["code"]) == (422, "user_already_exists")


def test_a_session_from_the_password_to_signing_out(platform: Platform) -> None:
    answer = run(platform, "session", email=platform.new_user())
    assert answer["wrong"] == {"status": 400, "code": "invalid_credentials", "message": "Invalid login credentials"}
    assert answer["rotated"]
    assert answer["subject"]
    assert answer["signedOut"] is None
    assert (answer["after"]["status"], answer["after"]["code"]) == (400, "refresh_token_not_found")


def test_the_client_verifies_tokens_with_the_published_key(emulated_platform: Platform) -> None:
    assert run(emulated_platform, "session", email=emulated_platform.new_user())["algorithm"] == "ES256"


def test_reuse_of_an_older_token_ends_the_session(platform: Platform) -> None:
    first, _second, third = run(platform, "reuse", email=platform.new_user())
    let_reuse_interval_pass(platform)
    answer = run(platform, "refresh", token=first)
    assert (answer["status"], answer["code"]) == (400, "refresh_token_already_used")
    let_reuse_interval_pass(platform)
    assert run(platform, "refresh", token=third)["status"] == 400


def test_administration(platform: Platform) -> None:
    email = new_email()
    answer = run(platform, "administer", email=email)
    assert (answer["email"], answer["a"], answer["first"]) == (email, 1, email)
    assert answer["total"] >= 1
    assert (answer["twice"]["status"], answer["twice"]["code"]) == (422, "email_exists")
    assert (answer["notAdmin"]["status"], answer["notAdmin"]["code"]) == (403, "not_admin")
    assert answer["gone"] is None
    assert (answer["after"]["status"], answer["after"]["code"]) == (404, "user_not_found")


def test_functions(platform: Platform) -> None:
    answer = run(platform, "functions", email=platform.new_user())
    assert answer["sum"] == {"data": 11, "error": None, "status": 200}
    assert answer["read"] == {"data": 3, "error": None, "status": 200}
    assert answer["nothing"] == {"data": None, "error": None, "status": 204}
    assert answer["raised"]["status"] == 409
    assert answer["raised"]["error"] == {
        "code": "PT409", "message": "The lease is lost.", "details": "LEASE_LOST", "hint": "Claim again.",
    }  # fmt: skip
    assert (answer["missing"]["status"], answer["missing"]["error"]["code"]) == (404, "PGRST202")
    assert (answer["denied"]["status"], answer["denied"]["error"]["code"]) == (401, "42501")
    assert (answer["rows"], answer["one"]) == ([{"id": 4}, {"id": 3}], {"title": "apple"})


def test_tables(platform: Platform) -> None:
    answer = run(platform, "tables", email=platform.new_user())
    assert (answer["ids"], answer["count"], answer["status"], answer["head"]) == ([1, 2], 4, 206, 4)
    assert answer["or"] == [1, 2, 3]
    assert (answer["singleStatus"], answer["single"]["code"]) == (406, "PGRST116")
    assert answer["maybe"] == [None, None]
    assert (answer["secrets"], answer["strangers"]) == ([403, "42501"], [])

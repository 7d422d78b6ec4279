"""The platform's front door: keys become roles, callers without one are turned away, pages of any origin may call."""

import json

import pytest
from tests.contract.platform_target import Platform
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

PATHS = ["/auth/v1/settings", "/rest/v1/rpc/contract_context", "/realtime/v1/api/broadcast"]


def role_of(platform: Platform, **headers: str) -> str:
    with platform.http() as http:
        http.headers.clear()
        answer = http.post("/rest/v1/rpc/contract_context", json={}, headers=headers)
    return str(answer.json()["role"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["", "sb_secret_guessed", "sb_publishable_guessed", "word"])
def test_a_missing_or_unknown_key_is_refused(platform: Platform, path: str, key: str) -> None:
    with platform.http() as http:
        del http.headers["apikey"]
        answer = http.post(path, json={}, headers={"apikey": key} if key else {})
    assert answer.status_code == 401
    assert "API key" in answer.json()["message"]


def test_a_key_stands_for_its_role(platform: Platform) -> None:
    assert role_of(platform, apikey=platform.publishable_key) == "anon"
    assert role_of(platform, apikey=platform.secret_key) == "service_role"


def test_a_key_sent_as_a_token_counts_as_the_key(platform: Platform) -> None:
    for key, role in ((platform.publishable_key, "anon"), (platform.secret_key, "service_role")):
        assert role_of(platform, apikey=key, Authorization=f"Bearer {key}") == role


def test_the_role_comes_from_apikey_and_not_from_a_key_in_authorization(platform: Platform) -> None:
    bearer = f"Bearer {platform.secret_key}"
    assert role_of(platform, apikey=platform.publishable_key, Authorization=bearer) == "anon"


def test_a_user_s_token_goes_before_the_key(platform: Platform) -> None:
    session = platform.signed_in().auth.get_session()
    assert session is not None
    bearer = f"Bearer {session.access_token}"
    for key in (platform.publishable_key, platform.secret_key):
        assert role_of(platform, apikey=key, Authorization=bearer) == "authenticated"


def test_the_secret_key_is_refused_from_a_browser(platform: Platform) -> None:
    with platform.http(**{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}) as http:
        answer = http.get("/rest/v1/contract_notes", headers={"apikey": platform.secret_key})
        assert answer.status_code == 401
        assert http.post("/rest/v1/rpc/contract_context", json={}).status_code == 200


def test_the_key_set_needs_no_key(platform: Platform) -> None:
    with platform.http() as http:
        del http.headers["apikey"]
        answer = http.get("/auth/v1/.well-known/jwks.json")
    assert answer.status_code == 200
    assert "max-age=600" in answer.headers["cache-control"]


def test_a_page_of_any_origin_may_call(platform: Platform) -> None:
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "apikey,authorization,content-profile,x-client-info",
    }
    with platform.http() as http:
        del http.headers["apikey"]
        answer = http.options("/rest/v1/rpc/contract_context", headers=asked)
        assert answer.status_code in (200, 204)
        assert answer.headers["access-control-allow-origin"] in ("*", asked["Origin"])
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert allowed == "*" or all(name in allowed for name in ("apikey", "authorization", "content-profile"))
        refused = http.get("/rest/v1/contract_notes", headers={"Origin": asked["Origin"]})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] in ("*", asked["Origin"]), "the page must see why"


def test_a_socket_opens_with_a_key_in_its_query_and_not_without(platform: Platform) -> None:
    url = platform.url.replace("http", "ws", 1) + "/realtime/v1/websocket?vsn=1.0.0"
    with connect(f"{url}&apikey={platform.publishable_key}", proxy=None) as socket:
        socket.send(json.dumps({"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": "1"}))
        assert json.loads(socket.recv(10))["payload"]["status"] == "ok"
    for query in ("", "&apikey=sb_publishable_guessed"):
        with pytest.raises(InvalidStatus) as caught, connect(url + query, proxy=None):
            pass
        assert caught.value.response.status_code in (401, 403)

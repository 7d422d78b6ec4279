"""The receiver of webhooks: requests and answers of document 001, the receive route of 004, and what is refused."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.faces.doors import REQUEST, SECRET, Door

from casare_cloud import database
from casare_cloud.config import Settings
from casare_cloud.faces.webhooks import app
from casare_cloud.faces.webhooks.app import create_app

UNAUTHORIZED = {
    "status": "error",
    "error_code": "AUTHENTICATION_FAILED",
    "message": "Invalid or missing credentials",
}


# -- document 001


@pytest.mark.parametrize("route", ["webhook", "hooks"])
async def test_a_request_of_document_001_gets_its_documented_answers(door: Door, route: str) -> None:
    trigger = door.trigger(cooldown_seconds=45)
    path = f"/{route}/{trigger['trigger_id']}"
    answer = await door.post(path)
    [job] = door.jobs()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "accepted",
        "trigger_id": str(trigger["trigger_id"]),
        "job_id": str(job["job_id"]),
        "message": "Workflow execution triggered",
    }
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("10", "9")
    assert 0 < int(answer.headers["x-ratelimit-reset"]) - time.time() <= 61
    assert (job["input"], job["trigger_type"]) == (REQUEST, "webhook")

    limited = await door.post(path, {**REQUEST, "event_type": "other"})
    assert limited.status_code == 429
    told = limited.json()
    assert 0 < told.pop("cooldown_remaining") <= 45
    assert told == {
        "status": "rate_limited",
        "trigger_id": str(trigger["trigger_id"]),
        "message": "Trigger is in cooldown period",
    }
    assert int(limited.headers["retry-after"]) <= 45

    missing = await door.post(path, {"data": {}})
    assert (missing.status_code, missing.json()) == (
        400,
        {"status": "error", "error_code": "INVALID_PAYLOAD", "message": "Missing required field: event_type"},
    )
    unknown = str(uuid4())
    absent = await door.post(f"/{route}/{unknown}")
    assert (absent.status_code, absent.json()) == (
        404,
        {"status": "error", "error_code": "TRIGGER_NOT_FOUND", "message": f"Trigger with ID {unknown} not found"},
    )
    assert "x-request-id" in absent.headers


async def test_ten_a_minute_are_taken_and_the_eleventh_is_told_when(door: Door) -> None:
    trigger = door.trigger()
    for number in range(10):
        answer = await door.post(f"/webhook/{trigger['trigger_id']}", {**REQUEST, "number": number})
        assert answer.status_code == 200
    limited = await door.post(f"/webhook/{trigger['trigger_id']}", {**REQUEST, "number": 10})
    assert (limited.status_code, limited.json()["status"]) == (429, "rate_limited")
    assert limited.headers["x-ratelimit-remaining"] == "0"
    again = await door.post(f"/webhook/{trigger['trigger_id']}", {**REQUEST, "number": 3})
    assert again.status_code == 200  # a repeat is no new delivery
    assert len(door.jobs()) == 10


async def test_a_repeat_gets_the_first_answer_and_starts_nothing(door: Door) -> None:
    trigger = door.trigger(rate_limit_per_minute=0)
    path = f"/webhook/{trigger['trigger_id']}"
    first = await door.post(path, headers={"Idempotency-Key": "one"})
    answers = await asyncio.gather(
        *(door.post(path, {**REQUEST, "x": n}, headers={"Idempotency-Key": "one"}) for n in range(20))
    )
    assert {answer.text for answer in answers} == {first.text}
    assert len(door.jobs()) == 1
    await door.post(path, headers={"Idempotency-Key": "two"})
    assert len(door.jobs()) == 2
    bodies = await asyncio.gather(*(door.post(path, {**REQUEST, "same": True}) for _ in range(5)))
    assert len({answer.json()["job_id"] for answer in bodies}) == 1


@pytest.mark.parametrize("headers", [{"X-Webhook-Secret": "x"}, {"X-Webhook-Secret": ""}])
async def test_whoever_does_not_know_the_secret_starts_nothing(door: Door, headers: dict[str, str]) -> None:
    trigger = door.trigger()
    for path in (f"/webhook/{trigger['trigger_id']}", f"/webhooks{trigger['path']}"):
        answer = await door.post(path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert door.jobs() == []
    assert [row["outcome"] for row in door.deliveries(trigger)] == ["rejected"] * 2
    assert SECRET not in json.dumps(door.deliveries(trigger), default=str)


async def test_a_trigger_that_is_unknown_disabled_deleted_or_no_webhook_is_one_404(door: Door) -> None:
    disabled, deleted = door.trigger(), door.trigger()
    with door.database.connect() as owner:
        owner.execute("update public.triggers set is_enabled = false where trigger_id = %s", [disabled["trigger_id"]])
        owner.execute("update public.triggers set deleted_at = now() where trigger_id = %s", [deleted["trigger_id"]])
        manual = owner.execute(
            "insert into public.triggers (tenant_id, workflow_id, name, trigger_type) values (%s, %s, 'x', 'manual') "
            "returning trigger_id",
            [door.tenant.tenant_id, door.workflow_id],
        ).fetchone()
    assert manual is not None
    shown = set()
    for path in (
        *(f"/webhook/{row['trigger_id']}" for row in (disabled, deleted, manual, {"trigger_id": uuid4()})),
        "/webhook/x",
        f"/webhooks{disabled['path']}",
        f"/webhooks{deleted['path']}",
        "/webhooks/none/such",
        "/webhooks//",
        "/webhooks/%00",
    ):
        for headers in ({}, {"X-Webhook-Secret": "x"}):
            answer = await door.post(path, b"{", headers=headers)
            assert answer.status_code == 404, path
            shown.add((answer.json()["status"], answer.json()["error_code"]))
    assert shown == {("error", "TRIGGER_NOT_FOUND")}
    nowhere = await door.post("/elsewhere")
    assert (nowhere.status_code, nowhere.json()["error_code"]) == (404, "NOT_FOUND")


async def test_a_large_body_is_refused_before_it_is_read(door: Door) -> None:
    trigger = door.trigger()
    path = f"/webhook/{trigger['trigger_id']}"
    large = await door.post(path, b" " * (1024 * 1024 + 1))
    assert (large.status_code, large.json()["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert set(large.json()) == {"status", "error_code", "message"}

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3000):
            yield b" " * 1024

    streamed = await door.client.post(path, content=endless(), headers={"X-Webhook-Secret": SECRET})
    assert streamed.status_code == 413
    event = json.dumps(REQUEST).encode()
    full = await door.post(path, event + b" " * (1024 * 1024 - len(event)))
    assert full.status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "INVALID_JSON"),
        (b"", "INVALID_JSON"),
        (b"\xff\xfe", "INVALID_JSON"),
        (b'{"event_type": "x", "n": NaN}', "INVALID_JSON"),
        (b'{"event_type": "x\\u0000"}', "INVALID_JSON"),
        (b"[]", "INVALID_PAYLOAD"),
        (b'"event_type"', "INVALID_PAYLOAD"),
        (b'{"event_type": ""}', "INVALID_PAYLOAD"),
        (b'{"event_type": 3}', "INVALID_PAYLOAD"),
        (b'{"event_type": "x", "d": ' + b"[" * 101 + b"]" * 101 + b"}", "INVALID_PAYLOAD"),
    ],
)
async def test_a_body_that_is_no_event_is_400_and_written_down(door: Door, body: bytes, code: str) -> None:
    trigger = door.trigger()
    answer = await door.post(f"/webhook/{trigger['trigger_id']}", body)
    assert (answer.status_code, answer.json()["status"], answer.json()["error_code"]) == (400, "error", code)
    [delivery] = door.deliveries(trigger)
    assert (delivery["outcome"], delivery["status_code"]) == ("rejected", 400)
    assert delivery["reason"] == answer.json()["message"]


# -- document 004


async def test_a_path_that_spans_slashes_gets_the_documented_answer_of_004(door: Door) -> None:
    path = f"hooks/{uuid4().hex}/my-hook"
    trigger = door.trigger(auth="github", path=path)
    body = b'{"action": "opened"}'
    signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": "d-1", "Content-Type": "application/json"}
    for prefix in ("/webhooks", "/triggers/webhooks", "/api/v1/triggers/webhooks"):
        answer = await door.post(f"{prefix}/{path}", body, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["accepted"] is True
        assert answer.json()["execution_id"] == str(door.jobs()[0]["job_id"])
    [job] = door.jobs()
    assert job["input"]["action"] == "opened"
    assert (job["input"]["_method"], job["input"]["_path"]) == ("POST", f"/webhooks/{path}")
    assert job["input"]["_headers"]["x-github-delivery"] == "d-1"
    assert "x-hub-signature-256" not in job["input"]["_headers"]
    forged = await door.post(f"/webhooks/{path}", body + b" ", headers=headers)
    assert (forged.status_code, forged.json()) == (401, UNAUTHORIZED)
    assert [row["outcome"] for row in door.deliveries(trigger)] == ["accepted", "duplicate", "duplicate", "rejected"]


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'\xef\xbb\xbf{"a": "\xc3\xa9"}', {"a": "é"}),
        ("application/json; charset=utf-16", '{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        ("application/vnd.x+json; charset=iso-8859-1", b'{"a": "\xe9"}', {"a": "é"}),
        ("application/json", b"[1, 2]", {"body": [1, 2]}),
        ("application/x-www-form-urlencoded", b"a=1&b=2&b=3&c=", {"a": "1", "b": ["2", "3"], "c": ""}),
        ("application/x-www-form-urlencoded", b'{"a": {"b": "x&y=1"}}\n', {"a": {"b": "x&y=1"}}),
        ("text/plain", b"\xc3\xa9t\xc3\xa9", {"raw_body": "été"}),
        ("text/plain; charset=windows-1252", b"\x80", {"raw_body": "€"}),
        ("application/octet-stream", b"\x00\xff", {"raw_body_base64": base64.b64encode(b"\x00\xff").decode()}),
        ("", b"", {}),
    ],
)
async def test_json_forms_and_anything_else_are_read_in_their_character_set(
    door: Door, content_type: str, body: bytes, payload: dict[str, Any]
) -> None:
    trigger = door.trigger()
    answer = await door.post(f"/webhooks{trigger['path']}", body, headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text
    job_input = door.jobs()[0]["input"]
    assert {name: value for name, value in job_input.items() if not name.startswith("_")} == payload
    assert "x-webhook-secret" not in job_input["_headers"]


async def test_broken_json_and_unknown_character_sets_are_refused(door: Door) -> None:
    trigger = door.trigger()
    path = f"/webhooks{trigger['path']}"
    broken = await door.post(path, b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["error_code"]) == (400, "INVALID_JSON")
    for charset in ("base64", "rot13", "nobody-knows"):
        unknown = await door.post(path, b"{}", headers={"Content-Type": f"application/json; charset={charset}"})
        assert (unknown.status_code, unknown.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    packed = await door.post(path, b"{}", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415


async def test_methods_are_those_of_the_configuration(door: Door) -> None:
    trigger = door.trigger()
    answer = await door.client.get(f"/webhooks{trigger['path']}", headers={"X-Webhook-Secret": SECRET})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error_code"] == "METHOD_NOT_ALLOWED"
    trigger = door.trigger(methods=["GET", "PUT"])
    headers = {"X-Webhook-Secret": SECRET}
    answer = await door.client.get(f"/webhooks{trigger['path']}?a=1&b=2", headers=headers)
    assert answer.status_code == 200
    assert door.jobs()[0]["input"]["_query"] == {"a": "1", "b": "2"}


# -- filters, mapping, contract


async def test_filters_look_at_headers_and_payload_and_say_filtered(door: Door) -> None:
    trigger = door.trigger(
        headers_filter={"X-GitHub-Event": ["push", "release"]},
        payload_filter={"action": "opened", "$.items[?@.price > 3].name": "x", "$.draft": {"exists": False}},
    )
    path = f"/webhook/{trigger['trigger_id']}"
    good = {**REQUEST, "action": "opened", "items": [{"price": 4, "name": "x"}]}
    for number, (headers, body) in enumerate(
        (
            ({}, good),
            ({"X-GitHub-Event": "fork"}, good),
            ({"X-GitHub-Event": "push"}, {**good, "action": "closed"}),
            ({"X-GitHub-Event": "push"}, {**good, "items": [{"price": 2, "name": "x"}]}),
            ({"X-GitHub-Event": "push"}, {**good, "draft": None}),
        )
    ):
        answer = await door.post(path, {**body, "number": number}, headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "filtered",
            "trigger_id": str(trigger["trigger_id"]),
            "job_id": None,
            "message": answer.json()["message"],
        }
    assert door.jobs() == []
    answer = await door.post(path, good, headers={"X-GitHub-Event": "push"})
    assert answer.json()["status"] == "accepted"


async def test_a_mapping_makes_the_input_and_the_concurrency_key(door: Door) -> None:
    trigger = door.trigger(
        input_mapping={
            "order": "$.data.order_id",
            "amounts": "$..amount",
            "agent": "$._headers['user-agent']",
            "fixed": 3,
            "text": "$$.x",
            "absent": "$.nothing",
        },
        concurrency_key="$.data.customer_id",
        priority=2,
        environment="lab",
        required_capabilities=["browser"],
    )
    forged = {**REQUEST, "_headers": {"user-agent": "forged"}}
    answer = await door.post(f"/webhook/{trigger['trigger_id']}", forged, headers={"User-Agent": "shop"})
    assert answer.status_code == 200, answer.text
    [job] = door.jobs()
    assert job["input"] == {"order": "ORD-12345", "amounts": [1500.0], "agent": "shop", "fixed": 3, "text": "$.x"}
    assert (job["concurrency_key"], job["priority"], job["environment"]) == ("CUST-001", 2, "lab")


async def test_a_payload_that_breaks_the_contract_is_400_and_may_come_again(door: Door) -> None:
    trigger = door.trigger(
        schema={"type": "object", "properties": {"data": {"properties": {"amount": {"maximum": 1000}}}}}
    )
    path = f"/webhook/{trigger['trigger_id']}"
    answer = await door.post(path, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PAYLOAD")
    assert "$.data.amount" in answer.json()["message"]
    fixed = await door.post(path, {**REQUEST, "data": {"amount": 1}}, headers={"Idempotency-Key": "a"})
    assert fixed.status_code == 200


@pytest.mark.parametrize(
    "config",
    [
        {"schema": {"properties": {"t": {"pattern": "^(a|aa)+$"}}}},
        {"payload_filter": {"$.list[?search(@, '^(a|aa)+$')]": "x"}},
        {"payload_filter": {"$..*..*..*..*..*": "x"}},
        {"schema": {"$ref": "#"}},
        {"schema": {"$ref": "http://127.0.0.1:9/never-fetched"}},
    ],
)
async def test_what_a_tenant_wrote_never_stops_the_receiver(door: Door, config: dict[str, Any]) -> None:
    trigger = door.trigger(**config)
    text = "a" * 40 + "!"
    body = {**REQUEST, "t": text, "list": [text] * 50, "deep": [[n, [n, [n]]] for n in range(2000)]}
    began = time.monotonic()
    answer = await door.post(f"/webhook/{trigger['trigger_id']}", body)
    assert answer.status_code in (200, 400, 409), answer.text
    assert time.monotonic() - began < 30  # a minute's work, if it were not ended
    assert door.jobs() == []


# -- who may send


async def test_only_senders_of_the_networks_are_heard(door: Door) -> None:
    near, far = door.trigger(allowed_ips=["127.0.0.0/8", "::1"]), door.trigger(allowed_ips=["192.0.2.0/24"])
    assert (await door.post(f"/webhook/{near['trigger_id']}")).status_code == 200
    answer = await door.post(f"/webhook/{far['trigger_id']}")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert "allowed_ips" in door.deliveries(far)[0]["reason"]


async def test_no_proof_is_needed_only_when_that_was_asked_for_in_so_many_words(door: Door) -> None:
    none, forgotten = door.trigger(None, auth="none"), door.trigger(None)
    assert (await door.post(f"/webhook/{none['trigger_id']}", headers={"X-Webhook-Secret": ""})).status_code == 200
    assert (await door.post(f"/webhook/{forgotten['trigger_id']}")).status_code == 401


async def test_a_secret_that_no_key_of_the_ring_opens_proves_nothing(door: Door) -> None:
    trigger = door.trigger(auth="github")
    other = door.trigger(auth="github")
    with door.database.connect() as owner:  # a secret that was moved to another trigger
        owner.execute(
            "update private.trigger_secrets as s set sealed = o.sealed from private.trigger_secrets as o "
            "where s.trigger_id = %s and o.trigger_id = %s",
            [trigger["trigger_id"], other["trigger_id"]],
        )
    signature = hmac.new(SECRET.encode(), json.dumps(REQUEST).encode(), "sha256").hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}"}
    assert (await door.post(f"/webhook/{other['trigger_id']}", headers=headers)).status_code == 200
    assert (await door.post(f"/webhook/{trigger['trigger_id']}", headers=headers)).status_code == 401


# -- challenges


async def test_challenges_of_well_known_senders_are_answered(door: Door) -> None:
    meta = door.trigger(auth="github", verify_token="my-verify-token")
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    answer = await door.client.get(f"/webhooks{meta['path']}", params=query | {"hub.verify_token": "my-verify-token"})
    assert (answer.status_code, answer.text) == (200, "1158201444")
    wrong = await door.client.get(f"/webhooks{meta['path']}", params=query | {"hub.verify_token": "x"})
    assert (wrong.status_code, wrong.json()) == (401, UNAUTHORIZED)

    graph = door.trigger(auth="graph")
    answer = await door.post(f"/webhooks{graph['path']}?validationToken=Validation%3A%20me", b"")
    assert (answer.status_code, answer.text) == (200, "Validation: me")
    assert answer.headers["content-type"].startswith("text/plain")
    body = json.dumps({"value": [{"clientState": SECRET}]})
    assert (await door.post(f"/webhooks{graph['path']}", body)).status_code == 200

    for auth, prefix, body, wanted in (
        ("slack", "X-Slack", {"type": "url_verification", "challenge": "c"}, {"challenge": "c"}),
        (
            "zoom",
            "X-Zm",
            {"event": "endpoint.url_validation", "payload": {"plainToken": "p"}},
            {"plainToken": "p", "encryptedToken": hmac.new(SECRET.encode(), b"p", "sha256").hexdigest()},
        ),
    ):
        trigger = door.trigger(auth=auth)
        now = str(int(time.time()))
        content = json.dumps(body)
        signature = hmac.new(SECRET.encode(), f"v0:{now}:{content}".encode(), "sha256").hexdigest()
        headers = {
            f"{prefix}-Signature": f"v0={signature}",
            f"{prefix}-Request-Timestamp": now,
            "Content-Type": "application/json",
        }
        answer = await door.post(f"/webhooks{trigger['path']}", content, headers=headers)
        assert (answer.status_code, answer.json()) == (200, wanted)
        assert (await door.post(f"/webhooks{trigger['path']}", content)).status_code == 401
    assert len(door.jobs()) == 1


# -- probes


async def test_probes_answer_and_readiness_needs_the_database(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await door.client.get("/health")).json()["status"] == "healthy"
    assert (await door.client.get("/health/live")).json() == {"alive": True}
    assert (await door.client.get("/health/ready")).json() == {"ready": True}
    monkeypatch.setattr(app, "PING_SECONDS", 0.3)
    monkeypatch.setattr(database, "POOL_SECONDS", 0.3)
    away = create_app(Settings(database_url="postgresql://127.0.0.1:9/none"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(away), base_url="http://webhooks") as client:
        assert (await client.get("/health/ready")).status_code == 503
        answer = await client.post(f"/webhook/{uuid4()}")
        assert (answer.status_code, answer.json()["error_code"]) == (503, "DATABASE_UNAVAILABLE")
        assert set(answer.json()) == {"status", "error_code", "message"}
    await away.close()

"""Senders and owners of webhooks who mean no good, or know no better."""

import asyncio
import hmac
import json
import threading
import time
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.faces.doors import REQUEST, SECRET, Door
from tests.factories import make_tenant, make_workflow

from casare_cloud.domain.triggers import matching


def signed(auth: str, body: str) -> dict[str, str]:
    """The headers that prove a body, made once."""
    now = str(int(time.time()))
    content = f"{now}.{body}" if auth == "stripe" else f"v0:{now}:{body}"
    digest = hmac.new(SECRET.encode(), content.encode(), "sha256").hexdigest()
    if auth == "stripe":
        return {"Stripe-Signature": f"t={now},v1={digest}"}
    prefix = "X-Slack" if auth == "slack" else "X-Zm"
    return {f"{prefix}-Signature": f"v0={digest}", f"{prefix}-Request-Timestamp": now}


@pytest.mark.parametrize(
    ("auth", "event"),
    [
        ("stripe", {"id": "evt_1"}),
        ("slack", {"event_id": "Ev1"}),
        ("slack", {"command": "/go"}),
        ("zoom", {"event": "meeting.started", "event_ts": 1}),
    ],
)
async def test_a_copied_delivery_is_a_repeat_whatever_was_not_signed(
    door: Door, auth: str, event: dict[str, Any]
) -> None:
    trigger = door.trigger(auth=auth, methods=["POST", "PUT"])
    path = f"/webhooks{trigger['path']}"
    body = json.dumps(event)
    headers = {**signed(auth, body), "Content-Type": "application/json"}
    first = await door.post(path, body, headers=headers)
    assert first.status_code == 200, first.text
    for name in ("webhook-id", "X-GitHub-Delivery", "Idempotency-Key"):
        assert (await door.post(path, body, headers={**headers, name: "another"})).text == first.text
    assert (await door.post(path + "?another=1", body, headers=headers)).text == first.text
    assert (await door.client.put(path, content=body, headers=headers)).text == first.text
    assert len(door.jobs()) == 1


async def test_no_job_sees_a_header_that_proves_something(door: Door) -> None:
    trigger = door.trigger(None, auth="none")
    proofs = (
        "Authorization", "X-Gitlab-Token", "X-Shopify-Hmac-Sha256", "X-Serverless-Authorization", "X-My-Secret",
        "Cf-Access-Jwt-Assertion", "X-Twilio-Signature", "X-Goog-Api-Key",
    )  # fmt: skip
    headers = {"X-Kind": "kept", **dict.fromkeys(proofs, "hidden")}
    answer = await door.post(f"/webhooks{trigger['path']}", headers=headers)
    assert answer.status_code == 200
    [job] = door.jobs()
    assert job["input"]["_headers"]["x-kind"] == "kept"
    assert "hidden" not in json.dumps(job["input"])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"name=\xff"),
        ("application/x-www-form-urlencoded", b"name=%ff"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a\x00=\x00\x00"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_and_not_taken_for_an_empty_one(
    door: Door, content_type: str, body: bytes
) -> None:
    trigger = door.trigger()
    answer = await door.post(f"/webhooks{trigger['path']}", body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PAYLOAD")
    assert door.jobs() == []


@pytest.mark.parametrize(
    ("config", "status", "code"),
    [
        ({"schema": {"properties": {"event_type": {"$ref": "#/nowhere"}}}}, 409, "INVALID_CONFIGURATION"),
        ({"schema": {"type": 5}}, 409, "INVALID_CONFIGURATION"),
        ({"payload_filter": {"$[": 1}}, 409, "INVALID_CONFIGURATION"),
        ({"concurrency_key": "$..["}, 409, "INVALID_CONFIGURATION"),
        ({"input_mapping": {str(number): "$" for number in range(100)}}, 400, "INVALID_PAYLOAD"),
    ],
)
async def test_rules_that_cannot_be_followed_are_told_and_written_down(
    door: Door, config: dict[str, Any], status: int, code: str
) -> None:
    trigger = door.trigger(**config)  # as a member's own call of create_trigger, which reads no paths
    answer = await door.post(f"/webhook/{trigger['trigger_id']}", {**REQUEST, "text": "x" * 400_000})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    [delivery] = door.deliveries(trigger)
    assert (delivery["outcome"], delivery["status_code"]) == ("rejected", status)


async def test_a_delivery_that_was_filtered_fills_no_table(door: Door) -> None:
    trigger = door.trigger(None, auth="none")
    with door.database.connect("casare_functions") as functions:
        for number in range(70):
            functions.execute(
                "select private.receive_delivery(%s, %s, %s)",
                [
                    trigger["trigger_id"],
                    Jsonb({"message_id": str(number), "outcome": "filtered"}),
                    Jsonb({"number": number}),
                ],
            )
    assert len(door.deliveries(trigger)) == 60
    [counted] = door.rows("select filtered_count from public.triggers where trigger_id = %s", trigger["trigger_id"])
    assert counted["filtered_count"] == 70


async def test_a_tenant_whose_rules_take_long_does_not_keep_others_waiting(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(door.database)
    other = Door(door.database, tenant, make_workflow(door.database, tenant).workflow_id, door.client)
    slow = door.trigger(rate_limit_per_minute=0, schema={"title": "slow"})
    quick = other.trigger(schema={"title": "quick"})
    may_end = threading.Event()
    at_once: list[int] = []
    inside: list[str] = []

    def read(schema: Any, _: Any) -> None:
        if schema["title"] == "slow":
            inside.append("a thread")
            at_once.append(len(inside))
            may_end.wait(60)
            inside.pop()

    monkeypatch.setattr(matching, "contract_problem", read)
    deliveries = [
        asyncio.create_task(door.post(f"/webhook/{slow['trigger_id']}", {**REQUEST, "number": number}))
        for number in range(40)
    ]
    async with asyncio.timeout(30):
        while not at_once:
            await asyncio.sleep(0.01)
        answer = await door.post(f"/webhook/{quick['trigger_id']}")
    may_end.set()
    assert answer.status_code == 200
    assert {one.status_code for one in await asyncio.gather(*deliveries)} == {200}
    assert max(at_once) == 1

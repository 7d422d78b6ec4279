"""A receiver remembers the webhooks that deliveries came to: one round trip for most, and nobody can tell."""

import asyncio
import hmac
import json
from base64 import b64encode
from time import monotonic
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from tests.databases import as_caller
from tests.faces.doors import REQUEST, RING, SECRET, Door

from casare_cloud.database import Database
from casare_cloud.domain.triggers import receiving
from casare_cloud.domain.triggers.receiving import Key, Receiver, Webhook, place_of
from casare_cloud.key_ring import KeyRing

Row = dict[str, Any]


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[Key]:
    """Which webhooks were looked up."""
    asked: list[Key] = []
    find = Receiver.find

    async def counted(self: Receiver, key: Key) -> Webhook | None:
        asked.append(key)
        return await find(self, key)

    monkeypatch.setattr(Receiver, "find", counted)
    return asked


def change(door: Door, trigger: Row, **changes: Any) -> None:
    """As its owner does."""
    call(door, "update_trigger(%s, %s)", trigger["trigger_id"], Jsonb(changes))


def call(door: Door, function: str, *values: Any) -> None:
    with door.database.connect("casare_functions") as functions, as_caller(functions, door.tenant.admin.claims):
        functions.execute(f"select public.{function}", values)


async def test_only_the_first_delivery_looks_its_trigger_up(door: Door, looked_up: list[Key]) -> None:
    trigger = door.trigger(auth="github", rate_limit_per_minute=0)
    for number in range(5):
        body = json.dumps({**REQUEST, "number": number})
        signature = hmac.new(SECRET.encode(), body.encode(), "sha256").hexdigest()
        answer = await door.post(
            f"/webhooks{trigger['path']}", body, headers={"X-Hub-Signature-256": f"sha256={signature}"}
        )
        assert answer.status_code == 200
    assert looked_up == [(None, trigger["path"])]
    assert len(door.jobs()) == 5


async def test_whoever_proves_nothing_is_looked_up_each_time(door: Door, looked_up: list[Key]) -> None:
    trigger = door.trigger()
    path = f"/webhook/{trigger['trigger_id']}"
    await door.post(path)
    for _ in range(2):
        assert (await door.post(path, headers={"X-Webhook-Secret": "wrong"})).status_code == 401
        assert (await door.post(f"/webhook/{uuid4()}")).status_code == 404
    assert len(looked_up) == 5
    assert [row["outcome"] for row in door.deliveries(trigger)] == ["accepted", "rejected", "rejected"]


@pytest.mark.parametrize("end", ["disabled", "deleted", "of a disabled workflow", "of a tenant that is gone"])
async def test_a_trigger_that_is_no_more_is_404_at_once_whatever_comes(door: Door, end: str) -> None:
    trigger = door.trigger()
    path = f"/webhook/{trigger['trigger_id']}"
    assert (await door.post(path)).status_code == 200
    if end == "disabled":
        change(door, trigger, is_enabled=False)
    elif end == "deleted":
        call(door, "delete_trigger(%s)", trigger["trigger_id"])
    else:
        of = {"of a disabled workflow": "public.workflows set is_enabled = false", "of a tenant that is gone": ""}[end]
        with door.database.connect() as owner:
            owner.execute(
                f"update {of or 'public.tenants set deleted_at = now()'} where tenant_id = %s", [door.tenant.tenant_id]
            )
    for body, headers in (
        ({**REQUEST, "n": 1}, {}),
        ({**REQUEST, "n": 1}, {"X-Webhook-Secret": "wrong"}),
        (b"{", {}),
        ({"data": {}}, {}),
        (REQUEST, {}),
    ):
        answer = await door.post(path, body, headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "TRIGGER_NOT_FOUND")
    assert len(door.jobs()) == 1


async def test_a_secret_that_was_replaced_proves_nothing_and_the_new_one_does(door: Door) -> None:
    trigger = door.trigger()
    path = f"/webhook/{trigger['trigger_id']}"
    assert (await door.post(path)).status_code == 200
    call(door, "set_trigger_secret(%s, sha256('another-secret-of-some-length'))", trigger["trigger_id"])
    assert (await door.post(path, {**REQUEST, "n": 1})).status_code == 401
    answer = await door.post(path, {**REQUEST, "n": 1}, headers={"X-Webhook-Secret": "another-secret-of-some-length"})
    assert answer.status_code == 200


async def test_a_changed_configuration_holds_for_the_next_delivery(door: Door) -> None:
    trigger = door.trigger(rate_limit_per_minute=0)
    path = f"/webhooks{trigger['path']}"
    assert (await door.post(path, {"kind": "a", "n": 1})).json()["status"] == "accepted"
    change(door, trigger, config={"payload_filter": {"kind": "b"}})
    assert (await door.post(path, {"kind": "a", "n": 2})).json()["status"] == "filtered"
    change(door, trigger, config={"payload_filter": None, "schema": {"required": ["m"]}})
    assert (await door.post(path, {"kind": "a", "n": 3})).status_code == 400
    change(door, trigger, config={"schema": None, "input_mapping": {"n": "$.n"}})
    assert (await door.post(path, {"kind": "a", "n": 4})).json()["status"] == "accepted"
    assert door.jobs()[-1]["input"] == {"n": 4}
    change(door, trigger, config={"path": f"moved/{trigger['trigger_id']}"})
    assert (await door.post(path, {"kind": "a", "n": 5})).status_code == 404
    change(door, trigger, config={"methods": ["PUT"]})
    assert (await door.post(f"/webhook/{trigger['trigger_id']}")).status_code == 405


async def test_limits_and_repeats_are_the_databases_also_for_what_is_remembered(door: Door) -> None:
    trigger = door.trigger(rate_limit_per_minute=3)
    path = f"/webhook/{trigger['trigger_id']}"
    first = await door.post(path)
    answers = await asyncio.gather(*(door.post(path, {**REQUEST, "n": n % 5}) for n in range(10)))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert len(door.jobs()) == 3
    assert (await door.post(path)).text == first.text


def test_what_is_remembered_is_sealed_ages_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing.read(RING)
    receiver = Receiver(cast(Database, None), ring)
    tenant_id, began = uuid4(), monotonic()

    def remember(trigger_id: UUID, at: float) -> Key:
        sealed = [ring.seal(name, place_of(tenant_id, trigger_id)) for name in (b"new", b"old")]
        facts = {
            "trigger_id": str(trigger_id), "tenant_id": str(tenant_id), "config": {}, "version": 1, "now": 1000.0,
            "secrets": [
                {"key_hash": None, "sealed": b64encode(item).decode(), "expires_at": ends}
                for item, ends in zip(sealed, (None, 1030.0), strict=True)
            ],
        }  # fmt: skip
        receiver.remember((trigger_id, None), facts, at)
        return trigger_id, None

    key = remember(uuid4(), began)
    monkeypatch.setattr(receiving, "monotonic", lambda: began + 29)
    webhook = receiver.recall(key)
    assert webhook is not None
    assert (webhook.now, webhook.version, list(webhook.secrets.plain)) == (1029.0, 1, [b"new", b"old"])
    assert "new" not in repr(vars(receiver))
    monkeypatch.setattr(receiving, "monotonic", lambda: began + 31)
    webhook = receiver.recall(key)
    assert webhook is not None
    assert list(webhook.secrets.plain) == [b"new"]
    monkeypatch.setattr(receiving, "monotonic", lambda: began + 61)
    assert receiver.recall(key) is None
    keys = [remember(uuid4(), began + 61) for _ in range(501)]
    assert receiver.recall(keys[0]) is None
    assert receiver.recall(keys[1]) is not None

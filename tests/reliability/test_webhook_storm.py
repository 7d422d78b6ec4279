"""Many senders, one in five deliveries repeated, two instances of the receiver, one of them killed on the way.

One job for each delivery's id, and every acknowledged delivery has its job. `CASARE_DELIVERIES=10000` for the large
one.
"""

import asyncio
import hmac
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import UUID

import httpx2
import pytest
from psycopg.types.json import Jsonb
from tests.databases import Database, as_caller
from tests.factories import make_tenant, make_workflow

from casare_cloud.domain.triggers.receiving import place_of
from casare_cloud.key_ring import KeyRing, new_secret_keys
from casare_cloud.local.processes import free_port

SENDERS = 50
DELIVERIES = int(os.environ.get("CASARE_DELIVERIES", "600"))


class Receiver:
    """An instance of `functions/webhooks` that may be killed and started again."""

    def __init__(self, database: Database, keys: str) -> None:
        self.port = free_port()
        self._env = os.environ | {
            "DATABASE_URL": database.dsn("casare_functions"),
            "CASARE_SECRET_KEYS": keys,
            "CASARE_LOCAL": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        factory = "casare_cloud.faces.webhooks.app:create_app"
        arguments = ["-m", "uvicorn", "--factory", factory, "--port", str(self.port), "--log-level", "warning"]
        self._process = subprocess.Popen([sys.executable, *arguments], env=self._env)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"http://127.0.0.1:{self.port}/health/ready", trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        pytest.fail("The receiver does not answer.")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def running(database: Database, keys: str) -> Iterator[Receiver]:
    receiver = Receiver(database, keys)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.kill()


def make_senders(database: Database, keys: str) -> tuple[UUID, list[tuple[str, bytes]]]:
    """A tenant with a webhook for each sender: (its id, path and secret of each)."""
    tenant = make_tenant(database)
    workflow = make_workflow(database, tenant)
    senders = []
    with database.connect("casare_functions") as functions:
        for number in range(SENDERS):
            secret = f"secret-of-sender-{number:04}".encode()
            config = {"auth": "github", "rate_limit_per_minute": 0}
            with as_caller(functions, tenant.admin.claims):
                row = functions.execute(
                    "select * from public.create_trigger(%s, 'x', 'webhook', %s)",
                    [workflow.workflow_id, Jsonb(config)],
                ).fetchone()
                assert row is not None
                sealed = KeyRing.read(keys).seal(secret, place_of(row["tenant_id"], row["trigger_id"]))
                functions.execute("select public.set_trigger_secret(%s, null, %s)", [row["trigger_id"], sealed])
            senders.append((f"/webhooks{row['path']}", secret))
    return tenant.tenant_id, senders


async def send(
    client: httpx2.AsyncClient,
    receivers: list[Receiver],
    sender: tuple[str, bytes],
    message_id: str,
    dice: random.Random,
) -> str:
    """The job of a delivery, sent until it is acknowledged, as senders do."""
    path, secret = sender
    body = json.dumps({"id": message_id}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Delivery": message_id,
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, "sha256").hexdigest(),
    }
    for _ in range(500):
        port = dice.choice(receivers).port
        with suppress(httpx2.HTTPError):
            answer = await client.post(f"http://127.0.0.1:{port}{path}", content=body, headers=headers)
            if answer.status_code == 200:
                assert answer.json()["accepted"] is True
                return str(answer.json()["execution_id"])
            assert answer.status_code == 503, answer.text
        await asyncio.sleep(0.05)
    raise AssertionError(f"{message_id} was never acknowledged")


async def test_each_delivery_is_one_job_although_an_instance_is_killed(database: Database) -> None:
    keys = new_secret_keys()
    tenant_id, senders = make_senders(database, keys)
    dice = random.Random(20261130)  # noqa: S311
    planned = [(number % SENDERS, f"delivery-{number}") for number in range(DELIVERIES)]
    planned += [planned[dice.randrange(DELIVERIES)] for _ in range(DELIVERIES // 5)]
    dice.shuffle(planned)
    acknowledged: dict[str, set[str]] = {}
    with ExitStack() as stack:
        receivers = [stack.enter_context(running(database, keys)) for _ in range(2)]
        killed = asyncio.Event()
        left = iter(planned)

        async def sender_loop(client: httpx2.AsyncClient) -> None:
            for number, (sender, message_id) in enumerate(left):
                if number > 5 and len(acknowledged) > DELIVERIES // 3:
                    killed.set()
                job = await send(client, receivers, senders[sender], message_id, dice)
                acknowledged.setdefault(message_id, set()).add(job)

        async def killer() -> None:
            await killed.wait()
            receivers[0].kill()
            await asyncio.to_thread(receivers[0].start)

        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            await asyncio.gather(killer(), *(sender_loop(client) for _ in range(16)))

    def rows(query: str) -> list[dict[str, Any]]:
        return database.connect("supabase_admin").execute(query, [tenant_id]).fetchall()

    jobs = {str(row["job_id"]): row["input"]["id"] for row in rows("select * from public.jobs where tenant_id = %s")}
    assert len(jobs) == DELIVERIES
    assert len(set(jobs.values())) == DELIVERIES
    assert {message_id: {job} for job, message_id in jobs.items()} == acknowledged
    accepted = rows("select job_id from public.trigger_deliveries where outcome = 'accepted' and tenant_id = %s")
    assert {str(row["job_id"]) for row in accepted} == set(jobs)

"""A tenant with webhooks, and the receiver in front of them."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import httpx2
from psycopg.types.json import Jsonb
from tests.databases import Database, as_caller
from tests.factories import Tenant

from casare_cloud.domain.triggers.receiving import place_of
from casare_cloud.domain.triggers.signatures import SHOWN, key_of_secret
from casare_cloud.key_ring import KeyRing, new_secret_keys

SECRET = "a-secret-of-some-length"
RING = new_secret_keys()

# As document 001 has them.
REQUEST = {
    "event_type": "new_order",
    "data": {"order_id": "ORD-12345", "customer_id": "CUST-001", "amount": 1500.00},
    "timestamp": "2024-01-15T10:30:00Z",
}


@dataclass
class Door:
    """A tenant with a workflow, and the receiver in front of it."""

    database: Database
    tenant: Tenant
    workflow_id: Any
    client: httpx2.AsyncClient

    def trigger(self, secret: str | None = SECRET, **config: Any) -> dict[str, Any]:
        """A webhook with a secret."""
        with self.database.connect("casare_functions") as functions, as_caller(functions, self.tenant.admin.claims):
            row = functions.execute(
                "select * from public.create_trigger(%s, 'Trigger', 'webhook', %s)", [self.workflow_id, Jsonb(config)]
            ).fetchone()
            assert row is not None
            if secret is not None:
                key = key_of_secret(row["config"]["auth"], secret)
                sealed = KeyRing.read(RING).seal(key, place_of(row["tenant_id"], row["trigger_id"]))
                is_shown = row["config"]["auth"] in SHOWN
                functions.execute(
                    "select public.set_trigger_secret(%s, %s, %s)",
                    [
                        row["trigger_id"],
                        hashlib.sha256(key).digest() if is_shown else None,
                        None if is_shown else sealed,
                    ],
                )
        return row

    async def post(self, path: str, body: Any = REQUEST, **options: Any) -> httpx2.Response:
        """The answer to a delivery."""
        headers = {"X-Webhook-Secret": SECRET, **options.pop("headers", {})}
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        return await self.client.post(path, content=body, headers=headers, **options)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self.database.connect("supabase_admin").execute(query, values).fetchall()

    def jobs(self) -> list[dict[str, Any]]:
        return self.rows("select * from public.jobs where tenant_id = %s order by job_id", self.tenant.tenant_id)

    def deliveries(self, trigger: dict[str, Any]) -> list[dict[str, Any]]:
        return self.rows(
            "select * from public.trigger_deliveries where trigger_id = %s order by delivery_id", trigger["trigger_id"]
        )

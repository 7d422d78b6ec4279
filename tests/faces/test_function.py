"""The orchestrator as it is deployed: a process of functions-framework, spoken to over a socket."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.databases import Database
from tests.faces.conftest import KeyPublisher, Signer
from tests.faces.function_process import ready_answer, running_function
from tests.factories import make_job, make_robot, make_tenant, make_workflow

from casare_cloud.identity import new_api_key

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(shared_database: Database, publisher: KeyPublisher) -> Iterator[str]:
    env = {
        "PYTHONPATH": str(ROOT / "src"),
        "DATABASE_URL": shared_database.dsn("casare_functions"),
        "SUPABASE_URL": publisher.url,
        "CASARE_LOCAL": "1",
    }
    framework = [sys.executable, "-m", "functions_framework"]
    main = ROOT / "functions/orchestrator/main.py"
    with running_function(framework, main, "orchestrator", env, ROOT) as url:
        yield url


def test_the_function_serves_the_app(
    url: str, shared_database: Database, publisher: KeyPublisher, signer: Signer
) -> None:
    tenant = make_tenant(shared_database)
    robot = make_robot(shared_database, tenant)
    with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
        me = client.get("/api/v1/auth/me", headers={"X-Api-Key": robot.key.text})
        assert (me.status_code, me.json()["user_id"]) == (200, str(robot.robot_id))
        me = client.get(
            "/api/v1/auth/me", headers={"Authorization": f"Bearer {signer.token(dict(tenant.admin.claims))}"}
        )
        assert me.json()["roles"] == ["admin", "developer", "operator", "viewer"]

        missing = client.get("/api/v1/nowhere", headers={"X-Request-ID": "r-1"})
        assert (missing.status_code, missing.headers["x-request-id"]) == (404, "r-1")
        assert ready_answer(client).json() == {"ready": True}
        head = client.head("/openapi.json")
        assert (head.status_code, head.content, int(head.headers["content-length"]) > 0) == (200, b"", True)
        assert "/api/v1/auth/login" in client.get("/openapi.json").json()["paths"]

        flood = client.post("/api/v1/auth/login", content=(b" " * 2**20 for _ in range(12)))
        assert flood.status_code == 413
        made_up = {"X-Api-Key": new_api_key("service").key}
        flood = client.post("/api/v1/workflows/upload", content=b" " * (48 * 2**20), headers=made_up)
        assert flood.status_code == 401

        spoofed = {"X-Forwarded-For": "9.9.9.9"}
        client.post("/api/v1/auth/login", json={"username": "nobody", "password": "x"}, headers=spoofed)
    with shared_database.connect() as owner:
        rows = owner.execute("select host(ip) as ip from private.login_attempts").fetchall()
    assert [row["ip"] for row in rows] == ["127.0.0.1"], "a stranger must not choose the address that is locked"


def test_a_robot_that_hung_up_before_its_claim_was_done_is_given_nothing(url: str, shared_database: Database) -> None:
    robot = make_robot(shared_database, make_tenant(shared_database))
    job_id = make_job(shared_database, make_workflow(shared_database, robot.tenant_id))
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as connection:
        if hasattr(socket, "TCP_CORK"):  # the request and the end of the connection leave together
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(
            b"POST /api/v1/jobs/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            b"X-Api-Key: " + robot.key.text.encode() + b"\r\n\r\n{}"
        )
    other = make_robot(shared_database, robot.tenant_id)
    with httpx2.Client(base_url=url, trust_env=False, timeout=60, headers={"X-Api-Key": other.key.text}) as client:
        assert client.get("/api/v1/auth/me").status_code == 200  # what was asked before has begun by then
        [job] = client.post("/api/v1/jobs/claim", json={"wait_seconds": 20}).json()["jobs"]
    assert job["job_id"] == str(job_id)

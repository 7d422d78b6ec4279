"""Probes and metrics, at their own addresses outside of the base."""

import httpx2
from tests.faces.automation.document import entry
from tests.faces.stage import Stage


@entry("GET /api/health", "app version status")
async def info(stage: Stage) -> httpx2.Response:
    return await stage.client.get("/api/health/")


@entry("GET /api/health/health", "status database redis")
async def check(stage: Stage) -> httpx2.Response:
    return await stage.client.get("/api/health/health")


@entry(
    "GET /api/health/status",
    "app version environment started_at uptime uptime_seconds python.version components.database",
)
async def status(stage: Stage) -> httpx2.Response:
    return await stage.client.get("/api/health/status")


@entry("GET /metrics")
async def metrics(stage: Stage) -> httpx2.Response:
    answer = await stage.client.get("/metrics")
    for name in ("rpa_uptime_seconds", "rpa_http_requests_total", "rpa_http_request_duration_seconds_bucket"):
        assert name in answer.text
    return answer


@entry("GET /docs")
async def page(stage: Stage) -> httpx2.Response:
    return await stage.client.get("/docs")


@entry("GET /redoc", status=307)
async def other_page(stage: Stage) -> httpx2.Response:
    return await stage.client.get("/redoc")

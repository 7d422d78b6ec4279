"""The page of the API works without anybody else's server."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2
import pytest
from fastapi.routing import APIRoute

from casare_cloud.config import Settings
from casare_cloud.faces.kit import docs_page
from casare_cloud.faces.orchestrator.app import create_app

HERE = "http://orchestrator/some/path"


class References(HTMLParser):
    """Every URL that a page makes a browser load, and every script in the page itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.urls += [url for name in ("src", "href") if (url := found.get(name)) and not url.startswith("data:")]
        self.inline += (tag == "script" and "src" not in found) + (tag == "style") + ("style" in found)


@pytest.fixture
def client() -> httpx2.AsyncClient:
    """A client of an orchestrator that has no database."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(Settings(is_local=True))), base_url="http://o")


async def test_the_page_refers_to_files_of_its_own_and_they_are_there(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    found = References(answer.text)
    assert found.inline == 0, "the policy would stop it"
    assert len(found.urls) == 3
    started = (await client.get("/docs/start.js")).text
    for url in [*found.urls, *re.findall(r'url: "([^"]+)"', started)]:
        assert urljoin(f"{HERE}/docs", url).startswith(f"{HERE}/"), "also under a path of its own"
        file = await client.get(urljoin("http://o/docs", url))
        assert file.status_code == 200, url
        assert len(file.content) > 100, url
    assert "http" not in started
    assert "validatorUrl: null" in started, "or Swagger UI asks its own site"
    assert "x-codeSamples" in started, "or the page shows no line of curl"


async def test_a_browser_is_told_to_ask_nobody_else(client: httpx2.AsyncClient) -> None:
    policy = (await client.get("/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {source for rule in rules.values() for source in rule.split()} == {"'none'", "'self'", "data:"}
    assert [name for name, rule in rules.items() if "data:" in rule] == ["img-src"]


async def test_redoc_leads_to_the_page_and_other_files_are_not_there(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/redoc")
    assert urljoin("http://o/redoc", answer.headers["location"]) == "http://o/docs"
    for path in ("/docs/favicon.png", "/docs/..%2Fcore.py", "/docs/x/y"):
        assert (await client.get(path)).status_code == 404


async def test_the_page_is_not_part_of_the_api(client: httpx2.AsyncClient) -> None:
    await client.get("/docs")
    document = (await client.get("/openapi.json")).json()
    pages = {route.path for route in docs_page.router_of("An API").routes if isinstance(route, APIRoute)}
    assert len(pages) == 4
    assert not pages & set(document["paths"])


def test_a_cold_process_that_serves_the_api_does_not_load_the_page() -> None:
    code = (
        "import asyncio, sys, httpx2\n"
        "from casare_cloud.config import Settings\n"
        "from casare_cloud.faces.orchestrator.app import create_app\n"
        "client = httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(Settings(is_local=True))))\n"
        "answer = asyncio.run(client.get('http://o/api/v1/jobs'))\n"
        "print(answer.status_code, [name for name in sys.modules if 'offline' in name or 'docs_page' in name])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "401 []", ran.stderr

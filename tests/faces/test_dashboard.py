"""The dashboard's files: all of them served as they lie in the package, small, and asking nobody else for anything."""

import gzip
import hashlib
import json
import posixpath
import re
import tomllib
from collections.abc import AsyncIterator
from html import unescape

import httpx2
import pytest_asyncio

from casare_cloud.config import Settings
from casare_cloud.faces.dashboard.app import create_app
from casare_cloud.faces.dashboard.files import STATIC, Files

SETTINGS = Settings(
    orchestrator_url="https://api.example.test/functions/orchestrator",
    supabase_url="https://project.example.test",
    supabase_publishable_key='sb_publishable_"><script>',
)
MOST_BYTES = 100_000


@pytest_asyncio.fixture(loop_scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(SETTINGS))
    async with httpx2.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client


async def test_the_page_allows_its_own_files_the_api_and_realtime_and_nothing_else(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/dashboard/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self' https://api.example.test https://project.example.test wss://project.example.test",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"


async def test_settings_reach_the_page_as_text(client: httpx2.AsyncClient) -> None:
    text = (await client.get("/dashboard/")).text
    assert text.count("<script") == 1
    [config] = re.findall(r'name="casare-config" content="([^"]*)"', text)
    assert json.loads(unescape(config)) == {
        "orchestrator": SETTINGS.orchestrator_url,
        "supabase": SETTINGS.supabase_url,
        "key": SETTINGS.supabase_publishable_key,
    }


async def test_every_file_that_one_names_is_served_for_ever_under_the_versions_name(client: httpx2.AsyncClient) -> None:
    page = await client.get("/dashboard/")
    wanted = [posixpath.join("/dashboard", name) for name in re.findall(r'(?:href|src)="([^"]+)"', page.text)]
    seen: set[str] = set()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
        for name in re.findall(r'(?:from|import)\s*\(?\s*"(\.[^"]+)"', answer.text):
            wanted.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), name)))
    version = Files(SETTINGS).version
    pages = {f"/dashboard/{version}/pages/{path.name}" for path in (STATIC / "pages").glob("*.js")}
    unused = {f"/dashboard/{version}/{path.relative_to(STATIC)}" for path in STATIC.rglob("*.js")} - seen - pages
    loaded_by_pages = set()
    for page_path in pages:
        text = (await client.get(page_path)).text
        for name in re.findall(r'from "(\.[^"]+)"', text):
            loaded = posixpath.normpath(posixpath.join(posixpath.dirname(page_path), name))
            assert (await client.get(loaded)).status_code == 200, (page_path, name)
            loaded_by_pages.add(loaded)
    assert unused <= loaded_by_pages, unused - loaded_by_pages


def test_what_is_served_has_no_lines_of_comments_and_keeps_the_numbers_of_the_others() -> None:
    files = Files(SETTINGS)
    served, written = files.by_path["core/live.js"].content.decode(), (STATIC / "core/live.js").read_text()
    assert "// " in written.splitlines()[0]
    assert served.splitlines()[0] == ""
    assert served.count("\n") == written.count("\n")
    left = [line for line in written.splitlines() if not line.lstrip().startswith("//")]
    assert [line for line in served.splitlines() if line] == [line for line in left if line]
    vendored = STATIC / "vendor/preact.js"
    assert files.by_path["vendor/preact.js"].content == vendored.read_bytes(), "with its licence's notice"


async def test_an_unknown_file_or_one_of_another_version_is_404_and_posting_405(client: httpx2.AsyncClient) -> None:
    for path in ("/dashboard/app.js", "/dashboard/000000000000/app.js", f"/{Files(SETTINGS).version}/../app.py"):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.post("/dashboard/")).status_code == 405
    assert (await client.get("/dashboard", follow_redirects=False)).headers["location"] == "/dashboard/"


async def test_a_file_that_one_has_is_not_sent_again(client: httpx2.AsyncClient) -> None:
    first = await client.get("/dashboard/")
    assert first.headers["content-encoding"] == "gzip"
    again = await client.get("/dashboard/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await client.get("/dashboard/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text


def test_all_of_it_is_at_most_100_kb_compressed() -> None:
    files = Files(SETTINGS)
    sizes = {name: len(file.compressed) for name, file in files.by_path.items() if not name.endswith(".toml")}
    assert sum(sizes.values()) + len(files.page.compressed) <= MOST_BYTES, sorted(sizes.items(), key=lambda i: -i[1])
    assert gzip.decompress(files.page.compressed) == files.page.content


def test_no_file_names_another_server() -> None:
    for name, file in Files(SETTINGS).by_path.items():
        if not name.endswith(".toml"):
            found = set(re.findall(r"https?://[^\s\"'`)<>]+", file.content.decode()))
            assert not {url for url in found if not url.startswith("http://www.w3.org/")}, name


def test_what_is_vendored_is_what_its_list_says() -> None:
    listed = tomllib.loads((STATIC / "vendor/VENDOR.toml").read_text())
    assert set(listed) == {path.name for path in (STATIC / "vendor").glob("*.js")}
    for name, entry in listed.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["licence"] in (STATIC / "vendor/LICENSES.txt").read_text(), name

"""The pages of the API tell how to begin: groups in a sentence, a line of curl for each operation, how to log in."""

import json
import shlex
import subprocess
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.faces.trial.app import Trial

from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import Automation
from casare_cloud.faces.orchestrator.app import Orchestrator
from casare_cloud.faces.webhooks.app import Webhooks

Document = dict[str, Any]
FACES = {
    "ORCHESTRATOR_URL": Orchestrator, "AUTOMATION_URL": Automation, "TRIAL_URL": Trial, "WEBHOOKS_URL": Webhooks
}  # fmt: skip


@pytest_asyncio.fixture(params=FACES, scope="module", loop_scope="module")
async def face(request: pytest.FixtureRequest) -> tuple[str, Document]:
    """The variable with a face's address, and its document."""
    app: Any = FACES[request.param](Settings(is_local=True))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        return request.param, (await client.get("/openapi.json")).json()


def operations(document: Document) -> list[tuple[str, str, Document]]:
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_each_group_is_described_and_no_other(face: tuple[str, Document]) -> None:
    _, document = face
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert set(described) == {tag for *_, operation in operations(document) for tag in operation.get("tags", ())}
    assert min(len(said) for said in described.values()) > 5


def test_each_operation_has_a_line_of_curl_with_its_method_address_proof_and_example(
    face: tuple[str, Document],
) -> None:
    address, document = face
    sources = []
    for method, path, operation in operations(document):
        [sample] = operation["x-codeSamples"]
        sources.append(sample["source"])
        words = shlex.split(sample["source"].replace("\\\n", " "))
        assert words[:2] == ["curl", "-sS"]
        assert (words[words.index("-X") + 1] if "-X" in words else "GET") == method
        [url] = [word for word in words if word.startswith("$")]
        assert url.startswith(f"${address}{path.partition('{')[0]}"), url
        assert not {"{", "}"} & set(url), "curl would take it for a range"
        assert "$PATH" not in url.split("/"), "it is the shell's"
        is_open = operation.get("security") == []
        proofs = ("Authorization: Bearer $TOKEN", "X-Api-Key: $ROBOT_API_KEY", "X-Webhook-Secret: $SECRET")
        assert any(proof in words for proof in proofs) != is_open, (method, path)
        kinds = operation.get("requestBody", {}).get("content", {})
        if "application/json" in kinds:
            assert isinstance(json.loads(words[words.index("-d") + 1]), dict | list), (method, path)
    read = subprocess.run(["bash", "-n"], input="\n".join(sources), capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_what_robots_call_is_shown_with_a_robots_key(face: tuple[str, Document]) -> None:
    address, document = face
    if address == "ORCHESTRATOR_URL":
        for path in ("/jobs/claim", "/jobs/{job_id}/complete", "/robots/{robot_id}/heartbeat", "/robots/register"):
            [sample] = document["paths"][f"/api/v1{path}"]["post"]["x-codeSamples"]
            assert "X-Api-Key: $ROBOT_API_KEY" in sample["source"], path


def test_the_description_tells_how_to_log_in(face: tuple[str, Document]) -> None:
    address, document = face
    if address in ("ORCHESTRATOR_URL", "AUTOMATION_URL"):
        said = document["info"]["description"]
        assert document["paths"]["/api/v1/auth/login"]["post"]["x-codeSamples"][0]["source"] in said
        assert f"`${address}`" in said

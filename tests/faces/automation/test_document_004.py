"""Each row of document 004 is asked as the document says, and answers with every key; the document itself is read."""

import pytest
from tests import servers
from tests.faces.automation.document import Entry, all_entries, missing, row_name, rows_of
from tests.faces.automation.platform import settings, signer  # noqa: F401 — people register and log in
from tests.faces.stage import Asker, Stage, refused

from casare_cloud.faces.automation.later.table import DOCUMENTED

LATER = {row_name(method, path) for method, path, _ in DOCUMENTED}


@pytest.mark.needs_documents
def test_each_row_of_the_document_has_a_test_or_comes_later() -> None:
    folder = servers.documents()
    assert folder is not None
    [path] = folder.glob("004*")
    rows = rows_of(path.read_text())
    assert len(rows) == len(set(rows)) == 127 + 2  # endpoints, and two pages
    tested = {entry.row for entry in all_entries()}
    without = set(rows) - tested - LATER
    assert without == set(), f"rows without a test: {sorted(without)}"
    assert tested & LATER == set(), "what has a test does not come later"
    assert set(rows) >= LATER, "what comes later is in the document"


def test_39_rows_of_the_document_come_later_each_by_its_name() -> None:
    assert len(LATER) == len(DOCUMENTED) == 39


@pytest.mark.parametrize("entry", all_entries(), ids=str)
async def test_a_row_answers_with_its_status_and_every_key(stage: Stage, entry: Entry) -> None:
    answer = await entry.ask(stage)
    assert answer.status_code == entry.status, answer.text
    if entry.status == 204:
        assert answer.content == b""
    elif entry.keys:
        assert missing(answer.json(), entry.keys) == [], answer.text


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in DOCUMENTED], ids=lambda part: part)
async def test_what_comes_later_says_so_to_a_known_caller(stage: Stage, method: str, path: str) -> None:
    path = path.replace("{", "").replace("}", "")
    assert refused(await stage.admin.ask(method, path), 501, "COMES_LATER", "later")
    assert refused(await Asker(stage.client, {}).ask(method, path), 401)

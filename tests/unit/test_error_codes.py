"""Every code that the code knows is explained, with its statuses, and nothing is explained that is not there."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from tests import error_codes as search

from casare_cloud import error_codes
from casare_cloud.error_codes import document

ROOT = Path(__file__).parents[2]
FAILED_JOBS = "The error_type of a failed job"


def found() -> search.Found:
    codes: search.Found = defaultdict(set)
    for place in (search.in_sql(), search.in_python(), {code: set() for code in search.of_failed_jobs()}):
        for code, statuses in place.items():
            codes[code] |= statuses
    return codes


def test_every_code_is_explained() -> None:
    unexplained = found().keys() - error_codes.all_codes().keys()
    assert not unexplained, "say in src/casare_cloud/error_codes/*.toml what they mean, then: make contents"


def test_every_explained_code_is_somewhere_in_the_code() -> None:
    of_postgrest = {entry.code for entry in error_codes.subjects()["What the Data API says itself"]}
    assert not error_codes.all_codes().keys() - found().keys() - of_postgrest
    emulator = "".join(file.read_text() for file in (search.SOURCE / "local" / "rest").glob("*.py"))
    assert {code for code in of_postgrest if f'"{code}"' not in emulator} == set()


def test_a_code_is_explained_with_the_statuses_that_it_is_raised_with() -> None:
    wanted = {code: statuses for code, statuses in found().items() if statuses}
    assert wanted == {code: set(error_codes.all_codes()[code].statuses) for code in wanted}


def test_every_error_that_sql_raises_states_status_and_code() -> None:
    """Else the search above would not find it."""
    for file in (ROOT / "sql").rglob("*.sql"):
        text = re.sub(r"--.*", "", file.read_text())
        assert text.count("perform private.raise_error(") == len(search.RAISED.findall(text)), file


def test_only_the_record_of_a_job_has_codes_without_a_status() -> None:
    of_jobs = {entry.code for entry in error_codes.subjects()[FAILED_JOBS]}
    without = {entry.code for entry in error_codes.all_codes().values() if not entry.statuses}
    assert without - of_jobs == {"REFUSED", "REDIRECTED"}  # the status is the answer's own
    assert of_jobs <= without


def test_no_code_is_explained_twice() -> None:
    entries = [entry.code for entries in error_codes.subjects().values() for entry in entries]
    assert len(entries) == len(set(entries))


def test_explanations_are_sentences() -> None:
    for entry in error_codes.all_codes().values():
        for text in (entry.means, entry.why, entry.next_step):
            assert text[0].isupper(), text
            assert text.endswith("."), text


def test_the_document_is_of_today() -> None:
    assert (ROOT / document.PATH).read_text() == document.compose(), "run make contents"


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ('raise Conflict("NEW_ONE", "It is there.")', {"NEW_ONE": {409}}),
        ('class Gone(NotFound):\n    def __init__(self):\n        super().__init__("GONE", "x")', {"GONE": {404}}),
        ('class Odd(ApiError):\n    def __init__(self):\n        super().__init__(418, "ODD", "x")', {"ODD": {418}}),
        ('TABLE = {"word": ("OUR_CODE", "x")}', {"OUR_CODE": set()}),
        ('CODES = {410: "GONE"}', {"GONE": {410}}),
        ('env.get("SOME_SETTING")', {}),
    ],
)
def test_the_search_finds_a_code_wherever_it_stands(tmp_path: Path, planted: str, expected: search.Found) -> None:
    (tmp_path / "errors.py").write_text(planted)
    assert search.in_python(tmp_path) == expected


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("LEASE_LOSED", "LEASE_LOST"), ("lease lost", "LEASE_LOST"), ("quarantined", "ROBOT_QUARANTINED")],
)
def test_a_code_that_is_nearly_right_leads_to_the_right_one(asked: str, meant: str) -> None:
    assert error_codes.near(asked)[0] == meant

"""Names in a query that an endpoint does not know: refused where they look like a known one or something changes."""

import pytest
from tests.faces.stage import Stage, refused

from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit import query_names
from casare_cloud.faces.kit.query_names import ignored

HEADER = "x-ignored-parameters"


@pytest.mark.parametrize(
    ("path", "given", "meant"),
    [
        ("/jobs", "statsu", "status"),
        ("/jobs", "state", "status"),
        ("/jobs", "workflowId", "workflow_id"),
        ("/robots", "enviroment", "environment"),
        ("/dlq", "resloved", "resolved"),
    ],
)
async def test_a_misspelt_filter_of_a_list_is_refused_and_the_known_one_is_named(
    stage: Stage, path: str, given: str, meant: str
) -> None:
    sentence = f"{given} (query): there is no such parameter; did you mean {meant}?"
    refused(await stage.admin.get(path, **{given: "x"}), 400, "INVALID_ARGUMENT", sentence)


async def test_a_name_that_is_like_no_other_is_ignored_by_a_list_and_told_in_a_header(stage: Stage) -> None:
    answer = await stage.admin.get("/jobs", limit=1, owner="ada", **{"x\r\ny, z": "1"})
    assert answer.status_code == 200, answer.text
    assert answer.headers[HEADER] == "owner, x%0D%0Ay%2C%20z"


async def test_a_cache_buster_and_known_names_are_told_nowhere(stage: Stage) -> None:
    for answer in (await stage.admin.get("/jobs", _="1790000000", limit=1), await stage.admin.get("/roles", _t="1")):
        assert answer.status_code == 200, answer.text
        assert HEADER not in answer.headers


async def test_what_changes_something_refuses_every_name_that_it_does_not_know_and_changes_nothing(
    stage: Stage,
) -> None:
    await stage.admin.put("/limits", {"scope": "tenant", "max_running": 7})
    refused(
        await stage.admin.ask("DELETE", "/limits", params={"scope": "tenant", "owner": "ada"}),
        400,
        "INVALID_ARGUMENT",
        "owner (query): there is no such parameter; there are concurrency_key, scope, workflow_id.",
    )
    limits = (await stage.admin.get("/limits")).json()
    assert [row["max_running"] for row in limits["limits"] if row["scope"] == "tenant"] == [7]
    job_id = await stage.job()
    sentence = "force (query): there is no such parameter, and there are no others."
    refused(await stage.admin.ask("POST", f"/jobs/{job_id}/cancel", params={"force": "1"}), 400, None, sentence)
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "pending"


async def test_a_caller_who_is_not_known_is_not_told_which_names_there_are(stage: Stage) -> None:
    refused(await stage.client.get("/api/v1/jobs?statsu=x"), 401)


def test_a_header_stays_short_however_many_names_there_are() -> None:
    names = [f"{number}{'ü' * 400}" for number in range(32)]
    assert len(", ".join(ignored(names, frozenset({"status"}), only_reads=True))) < 4096


def test_a_query_of_very_many_unknown_names_is_refused_before_they_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(query_names, "get_close_matches", None)
    names = [f"x{number}" for number in range(33)]
    with pytest.raises(InvalidArgument, match="must not have more than 32 names that the endpoint does not know"):
        ignored(names, frozenset({"status"}), only_reads=True)

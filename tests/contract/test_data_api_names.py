"""Columns may have any name, also one that the Data API's own statements use."""

import time

import jwt
from tests.contract.platform_target import Platform, emulated
from tests.contract.realtime_target import SECRET
from tests.databases import Database
from tests.fleets import make_fleet

from casare_cloud.local.postgres import PostgresServer

WORDS = {"result": 1, "page": "a", "value": 2, "called": 3, "given": 4}


def test_a_row_is_shown_whole_whatever_its_columns_are_called(platform: Platform) -> None:
    client = platform.client()
    assert client.rpc("contract_word", {}).execute().data == WORDS
    assert client.rpc("contract_word_list", {"p_count": 2}).execute().data == [WORDS, WORDS]
    assert client.rpc("contract_word", {}).select("page,number:result").execute().data == {"page": "a", "number": 1}
    assert client.table("contract_words").select("*").execute().data == [WORDS]


def test_columns_are_chosen_whatever_they_are_called(platform: Platform) -> None:
    client = platform.client()
    chosen = client.rpc("contract_word_list", {"p_count": 1}).select("result,page").eq("result", 1).order("page")
    assert chosen.execute().data == [{"result": 1, "page": "a"}]
    counted = client.table("contract_words").select("page,result", count="exact").eq("page", "a").execute()
    assert (counted.data, counted.count) == ([{"page": "a", "result": 1}], 1)


def test_a_job_that_is_enqueued_is_answered_with_its_row(postgres_server: PostgresServer, database: Database) -> None:
    fleet = make_fleet(database)
    body = {"p_workflow_id": str(fleet.workflow.workflow_id)}
    with emulated(postgres_server, database.name, token_hook=None) as product:
        claims = {**fleet.tenant.admin.claims, "exp": time.time() + 600}
        with product.http(jwt.encode(claims, SECRET, "HS256")) as http:
            answer = http.post("/rest/v1/rpc/enqueue_job", json=body)
            chosen = http.post("/rest/v1/rpc/enqueue_job?select=status,result", json=body)
    assert (answer.status_code, answer.json()["status"], answer.json()["result"]) == (200, "queued", None)
    assert (chosen.status_code, chosen.json()) == (200, {"status": "queued", "result": None})
    assert fleet.count("private.ready") == 2
    fleet.close()

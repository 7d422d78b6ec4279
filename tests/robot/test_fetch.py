"""HTTP from a workflow, against a real server on this machine."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from tests.robot.local_page import LocalPage
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.control import RunCancelled
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError, WorkflowError
from casare_cloud.robot.executor.fetch import Answer


def test_an_answer_becomes_the_node_s_ports(workshop: Workshop, page: LocalPage) -> None:
    outputs = workshop.outputs("HTTPRequestNode", {"url": f"{page.url}/orders.json"})
    assert outputs["status_code"] == 200
    assert outputs["success"] is True
    assert outputs["response_json"]["orders"][0]["id"] == 1
    assert outputs["response_body"].startswith("{")
    assert outputs["response_headers"]["content-type"] == "application/json"


def test_a_request_carries_method_headers_query_and_body(workshop: Workshop, page: LocalPage) -> None:
    config = {
        "url": page.url + "/x",
        "method": "post",
        "headers": '{"X-Key": "{{key}}"}',
        "params": {"q": "a b"},
        "body": {"n": "{{number}}"},
    }
    echo = workshop.outputs("HttpRequestNode", config, key="k", number=5)["response_json"]
    assert (echo["method"], echo["path"]) == ("POST", "/x?q=a+b")
    assert echo["headers"]["x-key"] == "k"
    assert echo["headers"]["content-type"] == "application/json"
    assert echo["body"] == '{"n": 5}'


def test_an_error_status_is_an_output(workshop: Workshop, page: LocalPage) -> None:
    outputs = workshop.outputs("HTTPRequestNode", {"url": page.url + "/missing"})
    assert (outputs["success"], outputs["status_code"], outputs["response_json"]) == (False, 404, None)


def test_an_error_status_is_an_error_when_asked_for(workshop: Workshop, page: LocalPage) -> None:
    with pytest.raises(HttpRequestError, match="answered 404"):
        workshop.outputs("HTTPRequestNode", {"url": page.url + "/missing", "fail_on_error": True})


@pytest.mark.parametrize(("path", "seconds"), [("/busy", 600), ("/missing", None)])
def test_an_error_status_with_retry_after_names_when_to_try_again(
    workshop: Workshop, page: LocalPage, path: str, seconds: int | None
) -> None:
    with pytest.raises(HttpRequestError) as caught:
        workshop.outputs("HTTPRequestNode", {"url": page.url + path, "fail_on_error": True})
    at = caught.value.retry_at
    if seconds is None:
        assert at is None
    else:
        assert at is not None
        assert seconds - 300 < (at - datetime.now(UTC)).total_seconds() <= seconds


def test_a_day_is_the_longest_that_a_service_makes_a_job_wait() -> None:
    error = Answer(503, {"Retry-After": "1e9"}, b"", "utf-8", "http://x").error
    assert error.retry_at is not None
    assert timedelta(hours=23) < error.retry_at - datetime.now(UTC) <= timedelta(days=1)


def test_redirects_are_followed_unless_told_otherwise(workshop: Workshop, page: LocalPage) -> None:
    url = page.url + "/away"
    assert workshop.outputs("HTTPRequestNode", {"url": url})["status_code"] == 200
    assert workshop.outputs("HTTPRequestNode", {"url": url, "follow_redirects": False})["status_code"] == 302


@pytest.mark.parametrize("path", ["/to-file", "/round"])
def test_a_redirect_to_nowhere_good_is_an_error(workshop: Workshop, page: LocalPage, path: str) -> None:
    with pytest.raises(WorkflowError):
        workshop.outputs("HTTPRequestNode", {"url": page.url + path})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x", "/relative", "javascript:1"])
def test_other_schemes_are_refused(workshop: Workshop, url: str) -> None:
    with pytest.raises(NodeInputError, match="not an http or https URL"):
        workshop.outputs("HTTPRequestNode", {"url": url})


def test_an_answer_that_is_too_large_is_an_error(workshop: Workshop, page: LocalPage) -> None:
    with pytest.raises(HttpRequestError, match="more than 10 MB"):
        workshop.outputs("HTTPRequestNode", {"url": page.url + "/large"})


def test_an_answer_that_does_not_come_in_time_is_an_error_worth_a_retry(workshop: Workshop, page: LocalPage) -> None:
    with pytest.raises(HttpRequestError, match=r"within 0\.2 seconds") as caught:
        workshop.outputs("HTTPRequestNode", {"url": page.url + "/slow", "timeout": 0.2})
    assert caught.value.is_retryable


def test_a_server_that_is_not_there_is_an_error_worth_a_retry(workshop: Workshop) -> None:
    with socket.socket() as refuses:
        refuses.bind(("127.0.0.1", 0))  # and nobody listens
        port = refuses.getsockname()[1]
        with pytest.raises(HttpRequestError, match="does not answer") as caught:
            workshop.outputs("HTTPRequestNode", {"url": f"http://127.0.0.1:{port}/"})
    assert caught.value.is_retryable


def test_a_request_under_way_ends_when_the_job_is_cancelled(workshop: Workshop, page: LocalPage) -> None:
    threading.Timer(0.1, workshop.control.cancel, ["enough"]).start()
    started = monotonic()
    with pytest.raises(RunCancelled):
        workshop.run(chain(("r", "HTTPRequestNode", {"url": page.url + "/slow"})))
    assert monotonic() - started < 15, "the page answers after 20 seconds"


def test_retries_repeat_what_fails_at_the_server(workshop: Workshop, page: LocalPage) -> None:
    page.fail(2)
    config = {"url": page.url + "/flaky", "retry_count": 2, "retry_delay": 0}
    assert workshop.outputs("HTTPRequestNode", config)["status_code"] == 200


def test_a_download_lands_in_the_job_s_folder(workshop: Workshop, page: LocalPage) -> None:
    outputs = workshop.outputs(
        "HttpDownloadFileNode", {"url": page.url + "/orders.json", "save_path": "in/orders.json"}
    )
    assert outputs["file_size"] == (workshop.folder / "in/orders.json").stat().st_size

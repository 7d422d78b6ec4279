"""`jobs explain`, `jobs cancel` and `retry`, `robot explain` and `tell`, and `dlq …` as they print the answers."""

from typing import Any, Self

import pytest
from typer.testing import CliRunner

from casare_cloud.cli import session
from casare_cloud.cli.app import app
from casare_cloud.errors import ApiError
from casare_cloud.faces.orchestrator.batches import examples as batch_examples
from casare_cloud.faces.orchestrator.dead_letters import examples as dead_letter_examples
from casare_cloud.faces.orchestrator.explanations import examples as explanation_examples
from casare_cloud.faces.orchestrator.jobs import examples as job_examples
from casare_cloud.faces.orchestrator.robots import examples as robot_examples


class Service:
    """A client that answers with the examples of the documents."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "explain_job": explanation_examples.JOB_EXPLANATION,
            "explain_robot": explanation_examples.ROBOT_EXPLANATION,
            "command_robot": robot_examples.COMMANDED,
            "list_dead_letters": dead_letter_examples.DEAD_LETTERS,
            "retry_jobs": batch_examples.RETRIED_ALL,
            "requeue_dead_letters": dead_letter_examples.DEAD_LETTER_OUTCOMES,
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **more: Any) -> Any:
            self.calls.append((name, arguments, more))
            if isinstance(self.answers[name], ApiError):
                raise self.answers[name]
            return self.answers[name]

        return call


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()

    async def signed_in() -> Service:
        return service

    monkeypatch.setattr(session, "signed_in", signed_in)
    return service


def printed(*arguments: str, code: int = 0) -> str:
    answer = CliRunner().invoke(app, list(arguments))
    assert answer.exit_code == code, answer.output
    return answer.stdout


def test_a_job_is_explained_by_a_sentence_what_to_do_and_its_robots(service: Service) -> None:
    lines = printed("jobs", "explain", "some-job").splitlines()
    assert lines[0].startswith("queued: No robot (of 1) can take this job now.")
    assert lines[1] == "what to do: Give a robot the capability, or enqueue the job without it."
    assert lines[2].startswith("reason: missing_capability, since ")
    assert lines[-1].startswith("robot-prod-001  missing_capability  Robot robot-prod-001 lacks")
    assert service.calls == [("explain_job", ("some-job",), {})]


def test_a_robot_is_explained_and_told(service: Service) -> None:
    assert printed("robot", "explain", "r-1").startswith("maintenance: Robot robot-prod-001 is paused.")
    assert "robot-prod-001 is paused" in printed("robot", "tell", "r-1", "pause", "--reason", "update")
    assert service.calls[-1] == ("command_robot", ("r-1", "pause"), {"reason": "update"})


def test_dead_letters_are_listed_and_queued_again_and_a_refusal_is_an_exit_code(service: Service) -> None:
    assert "attempts_exhausted" in printed("dlq", "list")
    assert "queued again as 660e8400" in printed("dlq", "retry", "a", "b")
    refused = {
        **dead_letter_examples.DEAD_LETTER_OUTCOME,
        "status": None,
        "new_job_id": None,
        "detail": "There is no such one.",
    }
    service.answers["delete_dead_letters"] = {"results": [refused], "succeeded": 0, "failed": 1}
    assert "There is no such one." in printed("dlq", "delete", "a", "--yes", code=1)


def test_many_jobs_are_cancelled_and_retried_and_a_refusal_is_an_exit_code(service: Service) -> None:
    done = batch_examples.CANCELLED
    missing = {**dict.fromkeys(done), "job_id": "d", "error_code": "JOB_NOT_FOUND", "detail": "There is no such job."}
    service.answers["cancel_jobs"] = {
        "results": [
            {**done, "job_id": "a"},
            {**done, "job_id": "b", "cancelled": False, "cancel_requested": True},
            {**done, "job_id": "c", "cancelled": False, "previous_status": "completed"},
            missing,
        ],
        "succeeded": 3,
        "failed": 1,
    }
    assert printed("jobs", "cancel", "a", "b", "c", "d", "--reason", "wrong", code=1).splitlines() == [
        "a: cancelled",
        "b: its robot was asked to stop it",
        "c: is completed already",
        "d: There is no such job.",
    ]
    assert service.calls[-1] == ("cancel_jobs", (["a", "b", "c", "d"], "wrong"), {})
    assert "queued again as 660e8400" in printed("jobs", "retry", "a")


def test_a_cancellation_is_forced_job_by_job(service: Service) -> None:
    service.answers["cancel_job"] = {**job_examples.CANCELLED, "cancelled": True, "cancel_requested": False}
    assert (
        printed("jobs", "cancel", "a", "b", "--force").splitlines()
        == [f"{job_examples.CANCELLED['job_id']}: cancelled"] * 2
    )
    assert service.calls[-1] == ("cancel_job", ("b", None), {"force": True})
    service.answers["cancel_job"] = ApiError(409, "CANCEL_NOT_FORCEABLE", "It may be forced from 10:01 on.")
    assert "a: It may be forced from 10:01 on." in printed("jobs", "cancel", "a", "--force", code=1)


def test_a_job_that_had_ended_before_is_not_cancelled_and_says_so_by_its_exit_code(service: Service) -> None:
    late = {**batch_examples.CANCELLED, "cancelled": False, "cancel_requested": False, "previous_status": "completed"}
    asked = {**batch_examples.CANCELLED, "cancel_requested": True, "previous_status": "running"}
    service.answers["cancel_jobs"] = {"results": [asked, late], "succeeded": 2, "failed": 0}
    assert "is completed already" in printed("jobs", "cancel", "a", "b", code=1)
    printed("jobs", "cancel", "a", "b", "--json", code=1)
    service.answers["cancel_jobs"] = {"results": [asked], "succeeded": 1, "failed": 0}
    printed("jobs", "cancel", "a")

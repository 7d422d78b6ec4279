"""What a refusal of the orchestrator looks like (documents 000 and 002)."""

from typing import Any

from casare_cloud.faces.kit.envelope import Envelope, Problem


class OrchestratorEnvelope(Envelope):
    """`{"detail": sentence, "error_code": CODE, "request_id": …}`, and with 429 `error` and `retry_after`.

    Input that breaks a rule is 400, never 422.
    """

    codes = {**Envelope.codes, "WEAK_PASSWORD": "INVALID_ARGUMENT"}  # noqa: RUF012

    def body(self, problem: Problem) -> dict[str, Any]:
        """Document 000's body, with our code."""
        body: dict[str, Any] = {"detail": problem.message, "error_code": problem.code, "request_id": problem.request_id}
        if problem.status == 429 and problem.retry_after is not None:
            body |= {"error": "Rate limit exceeded", "retry_after": problem.retry_after}
        return body

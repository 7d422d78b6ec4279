"""How this face words a refusal (document 001, "Trigger Webhook API" and "Error Codes"), on every route alike."""

from typing import Any

from casare_cloud.faces.kit.envelope import Envelope, Problem


class WebhooksEnvelope(Envelope):
    """`{status: error, error_code, message}`."""

    codes = {  # noqa: RUF012
        "MALFORMED_BODY": "INVALID_JSON",
        "INVALID_ARGUMENT": "INVALID_PAYLOAD",
        "INTERNAL_ERROR": "HANDLER_ERROR",
    }

    def body(self, problem: Problem) -> dict[str, Any]:
        """The body of a refusal."""
        return {"status": "error", "error_code": problem.code, "message": problem.message}

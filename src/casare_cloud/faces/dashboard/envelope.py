"""How the dashboard's server words a refusal."""

from typing import Any

from casare_cloud.faces.kit.envelope import Envelope, Problem


class DashboardEnvelope(Envelope):
    """`{detail, error_code, request_id}`."""

    def body(self, problem: Problem) -> dict[str, Any]:
        """The body of a refusal."""
        return {"detail": problem.message, "error_code": problem.code, "request_id": problem.request_id}

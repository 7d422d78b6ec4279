"""The face: its table of resources and its envelope, with statuses and words of its own."""

from typing import Any

from casare_cloud.faces.kit.app import App
from casare_cloud.faces.kit.envelope import Envelope, Problem

TROUBLES = {"INVALID_ARGUMENT": 422, "MALFORMED_BODY": 422, "INVALID_TOKEN_TYPE": 401}
CODES = {"MALFORMED_BODY": "UNREADABLE", "INVALID_ARGUMENT": "WRONG"}
RESOURCES = {"events": "crates"}  # a path that the orchestrator has, too


class TrialEnvelope(Envelope):
    statuses = TROUBLES
    codes = CODES

    def body(self, problem: Problem) -> dict[str, Any]:
        waiting = {} if problem.retry_after is None else {"wait": problem.retry_after}
        return {"trouble": problem.message, "word": problem.code.lower(), **waiting}


class Trial(App):
    name = service = "trial"
    title = "A <trial>"
    description = "Crates."
    address = "TRIAL_URL"
    package = __package__
    resources = RESOURCES
    envelope = TrialEnvelope()

"""What a refusal of the automation face looks like."""

from typing import Any

from casare_cloud.faces.automation import permission_words
from casare_cloud.faces.kit.envelope import BrokenRules, Envelope, Problem

# 400 here is a state that does not allow what is asked; 409 is what is there already.
_WRONG_STATES = ("JOB_ALREADY_FINISHED", "ROLE_BUILT_IN", "TRIGGER_DISABLED", "WORKFLOW_NOT_RUNNABLE")

# Of the framework's words, what clients show to people.
_SENTENCES = {
    "Not Found": "There is nothing at this address.",
    "Method Not Allowed": "This address does not take this method.",
}


class AutomationEnvelope(Envelope):
    """`{"detail": sentence, "error_code": CODE, "request_id": …}`; with 422 `errors`, with 429 `retry_after`.

    `detail` is always one sentence, as clients show it to people. Input that breaks a rule is 422.
    """

    statuses = {  # noqa: RUF012
        "INVALID_ARGUMENT": 422,
        "MALFORMED_BODY": 422,
        "INVALID_TOKEN_TYPE": 401,
        **dict.fromkeys(_WRONG_STATES, 400),
    }

    def body(self, problem: Problem) -> dict[str, Any]:
        """The body of a refusal."""
        message = _SENTENCES.get(problem.message, problem.message)
        if problem.code == "FORBIDDEN":
            message = permission_words.in_sentence(message)
        body: dict[str, Any] = {"detail": message, "error_code": problem.code, "request_id": problem.request_id}
        if problem.status == 422:
            body["errors"] = _rules_of(problem)
        if problem.status == 429 and problem.retry_after is not None:
            body["retry_after"] = problem.retry_after
        return body


def _rules_of(problem: Problem) -> list[dict[str, Any]]:
    """Each broken rule with its place; a rule of the domain names its field in the sentence only."""
    if isinstance(problem.error, BrokenRules):
        return problem.error.rules
    return [{"loc": [], "msg": problem.message, "type": problem.code.lower()}]

"""One request of a document and the form of its answer.

Bodies and answers are the documents' own, as data. What a document writes as a choice ("manual|scheduled|webhook") is
one of the choices here, what it writes as a stand-in ("eyJ…", job ids that are no UUIDs) is a `{name}` that the
test fills in. An answer is a form: the keys must all be there, and each value must be of the same JSON type; where the
document shows null, anything may stand.
"""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Example:
    """One request of a document. `given` names the state that the test brings about before it."""

    document: Literal["000", "002", "003"]
    request: str  # method and path under the base
    caller: Literal["nobody", "user", "robot", "robot token", "service"]
    answer: Any
    status: int = 200
    body: Any = None
    given: str = ""
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    differs: str = ""  # a sentence of the answer that says something truer than the document's
    base: str = "/api/v1"

    def __str__(self) -> str:
        note = f" ({self.given})" if self.given else ""
        return f"{self.document} {self.request}{note}"


ERROR = {"detail": "Error message describing what went wrong"}
LIMITED = {"error": "Rate limit exceeded", "retry_after": 60}  # 429

"""How often the face may be called: the groups of document 004, each with one count for all its endpoints.

A user or a key has a count of its own; a request without either counts by its address. Probes and documents are free.
"""

from casare_cloud.domain.requests.model import Rate
from casare_cloud.faces.kit.rate_limits import RateLimits

AUTH = Rate(10, per="caller", group="auth")
AI = Rate(20, per="caller", group="ai")
WRITE = Rate(60, per="caller", group="write")
READ = Rate(200, per="caller", group="read")
DEFAULT = Rate(120, per="caller", group="default")  # whole exports: neither a page of a list nor a change
AGENT = Rate(6000, per="caller", group="agent")  # not in the document: an agent may ask for work once a second

RATES: dict[tuple[str, str], Rate] = {
    ("POST", "/auth/login"): AUTH,
    ("POST", "/auth/refresh"): AUTH,
    ("POST", "/auth/register"): AUTH,
    ("GET", "/ai/status"): AI,
    ("GET", "/ai/task-types"): AI,
    ("GET", "/ai/usage"): AI,
    ("POST", "/ai/analyze"): AI,
    ("POST", "/ai/ask"): AI,
    ("POST", "/ai/classify"): AI,
    ("POST", "/ai/conversation/{}/clear"): AI,
    ("POST", "/ai/decide"): AI,
    ("POST", "/ai/extract"): AI,
    ("POST", "/ai/generate-workflow"): AI,
    ("POST", "/ai/summarize"): AI,
    ("GET", "/export/analytics"): DEFAULT,
    ("GET", "/export/audit-logs"): DEFAULT,
    ("GET", "/export/executions"): DEFAULT,
    ("POST", "/agents/{}/heartbeat"): AGENT,
    ("POST", "/agent-tasks/claim"): AGENT,
    ("POST", "/agent-tasks/{}/logs"): AGENT,
    ("POST", "/agent-tasks/{}/release"): AGENT,
    ("POST", "/agent-tasks/{}/result"): AGENT,
}

RATE_LIMITS = RateLimits(RATES, lists=READ, details=READ, changes=WRITE, reset="seconds")

"""Request and answer examples of documents 000, 002 and 003: every endpoint that they publish, or why it has none yet.

The documents themselves are read by `tests.faces.published`; `tests/faces/test_document_rows.py` holds both together.
"""

from tests.faces.documents.auth import AUTH
from tests.faces.documents.example import ERROR, LIMITED, Example
from tests.faces.documents.health import HEALTH
from tests.faces.documents.jobs import JOBS
from tests.faces.documents.metrics import METRICS
from tests.faces.documents.robots import ROBOTS
from tests.faces.documents.schedules import SCHEDULES
from tests.faces.documents.unavailable import UNAVAILABLE
from tests.faces.documents.workflows import WORKFLOWS

RESOURCES = [*WORKFLOWS, *JOBS, *ROBOTS, *METRICS, *SCHEDULES, *HEALTH]
EXAMPLES = [*AUTH, *RESOURCES, *UNAVAILABLE]

# Rows that have no example, and why. One that gets an example must leave this list.
WITHOUT_EXAMPLE = {
    "000 WS /ws": "the base address of the sockets, no socket itself",
    "000 WS /ws/live-jobs": "a socket: the gateway serves it",
    "000 WS /ws/robot-status": "a socket: the gateway serves it",
    "000 WS /ws/queue-metrics": "a socket: the gateway serves it",
    "003 WS /ws/jobs/{job_id}": "a socket: the gateway serves it",
    "002 GET /robots/robot-001/heartbeat": "shows how a key is sent; a heartbeat is a POST, as its own heading says",
}

# Documented statuses that no example has, by row, and where they are shown or why they are not.
WITHOUT_STATUS = {
    ("002 POST /auth/login", 429): "test_rate_limits.py: logging in tells how many attempts are left, and locks",
    ("002 POST /workflows", 500): "a fault of the server, which no request brings about",
}

# JSON examples outside the sections of endpoints, by document and heading: what every endpoint answers.
EVERYWHERE = {
    "000 Rate Limiting": LIMITED,
    "000 Error Response Format": ERROR,
    "002 Error Responses": ERROR,
}

__all__ = [
    "AUTH",
    "ERROR",
    "EVERYWHERE",
    "EXAMPLES",
    "LIMITED",
    "RESOURCES",
    "UNAVAILABLE",
    "WITHOUT_EXAMPLE",
    "WITHOUT_STATUS",
    "Example",
]

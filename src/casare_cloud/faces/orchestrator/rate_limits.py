"""How often each endpoint may be called (documents 000, 001 and 002, "Rate Limiting"). Each has a count of its own.

The documents limit by address. Two kinds of request are counted by caller instead: submissions, of which document 001
does not say for whom its limit is, and what robots do all day, because a whole fleet often has one address. A request
with a key that is not live counts by its address. Health probes and the documents are free.
"""

from casare_cloud.domain.requests.model import Rate
from casare_cloud.faces.kit.rate_limits import RateLimits

LIST = Rate(100)  # 002 "List endpoints"
DETAIL = Rate(200)  # 002 "Detail endpoints"
OPERATION = Rate(60)  # 002 "Job operations"; every other change too
SUBMISSION = Rate(50, per="caller")  # 001 "Job submissions"
AUTHENTICATION = Rate(5)  # 002 "Authentication"; private.check_login() counts the failures of each login besides
SESSION = Rate(60)  # a refresh token cannot be guessed, and an office has one address
REPORT = Rate(600, per="caller")  # 002 "Heartbeat/Progress"
WATCH = Rate(600, per="caller")  # not in the documents: who watches looks after each bell and once more, 8 a second
LEASE = Rate(6000, per="caller")  # not in the documents: a busy robot's claims and results
ANALYTICS = Rate(20)  # 000 and 002

# Where document 002 states a limit at the endpoint itself, that one counts, not the one of its category.
RATES: dict[tuple[str, str], Rate] = {
    ("POST", "/auth/login"): AUTHENTICATION,
    ("POST", "/auth/register"): AUTHENTICATION,
    ("POST", "/auth/refresh"): SESSION,
    ("POST", "/auth/logout"): SESSION,
    ("POST", "/auth/switch"): SESSION,
    ("GET", "/auth/me"): DETAIL,
    ("GET", "/auth/tenants"): DETAIL,
    ("POST", "/invitations"): Rate(20, per="caller"),
    ("POST", "/invitations/accept"): Rate(10),
    ("GET", "/audit/export"): ANALYTICS,
    ("GET", "/metrics/fleet"): LIST,
    ("GET", "/metrics/robots"): LIST,
    ("GET", "/metrics/robots/{}"): DETAIL,
    ("GET", "/metrics/jobs"): Rate(50),
    ("GET", "/metrics/jobs/{}"): DETAIL,
    ("GET", "/metrics/analytics"): ANALYTICS,
    ("GET", "/metrics/series"): LIST,
    ("GET", "/metrics/robots/{}/series"): LIST,
    ("GET", "/events/cursor"): LIST,
    ("GET", "/metrics/activity"): Rate(60),
    ("POST", "/workflows"): SUBMISSION,
    ("POST", "/workflows/upload"): SUBMISSION,
    ("POST", "/jobs"): SUBMISSION,
    ("POST", "/jobs/batch"): SUBMISSION,
    ("POST", "/jobs/{}/retry"): Rate(30),
    ("POST", "/jobs/batch/retry"): Rate(30),
    ("POST", "/jobs/claim"): LEASE,
    ("POST", "/jobs/{}/start"): LEASE,
    ("POST", "/jobs/{}/complete"): LEASE,
    ("POST", "/jobs/{}/fail"): LEASE,
    ("POST", "/jobs/{}/release"): LEASE,
    ("POST", "/jobs/{}/extend-lease"): LEASE,
    ("POST", "/jobs/{}/logs"): LEASE,
    ("POST", "/jobs/batch/complete"): LEASE,
    ("POST", "/jobs/batch/fail"): LEASE,
    ("POST", "/jobs/batch/extend-lease"): LEASE,
    ("GET", "/events"): WATCH,
    ("POST", "/watches"): WATCH,
    ("PUT", "/jobs/{}/progress"): REPORT,
    ("POST", "/robots/{}/heartbeat"): REPORT,
    ("PUT", "/robots/{}/status"): Rate(120, per="caller"),
    ("POST", "/robots/{}/token"): Rate(60, per="caller"),
    ("POST", "/robots/register"): Rate(30, per="caller"),
    ("DELETE", "/robots/{}"): Rate(30),
    ("GET", "/triggers/assigned"): REPORT,
    ("POST", "/triggers/{}/fire"): REPORT,
}

RATE_LIMITS = RateLimits(RATES, lists=LIST, details=DETAIL, changes=OPERATION)

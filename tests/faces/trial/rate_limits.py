"""Its rate table."""

from casare_cloud.domain.requests.model import Limit
from casare_cloud.faces.kit.rate_limits import RateLimits

RATE_LIMITS = RateLimits({("GET", "/events"): Limit(2, 30)}, changes=Limit(40), reset="seconds")

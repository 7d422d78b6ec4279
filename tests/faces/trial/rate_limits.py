"""Its rate table."""

from casare_cloud.domain.requests.model import Rate
from casare_cloud.faces.kit.rate_limits import RateLimits

RATE_LIMITS = RateLimits({("GET", "/events"): Rate(2, 30)}, changes=Rate(40), reset="seconds")

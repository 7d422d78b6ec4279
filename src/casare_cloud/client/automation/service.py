"""Whether the service works. None of these calls needs a token, and none is tried again: a failure is the answer."""

from casare_cloud.client.automation.calls import Call, Endpoint, T
from casare_cloud.client.automation.models import Alive, HealthInfo, Healthy, Ready, ServiceHealth, ServiceStatus


class ServiceCalls:
    """Probes and measurements."""

    @Endpoint
    def get_info(self) -> Call[HealthInfo]:
        """Which program answers, in which version."""
        return _probe(HealthInfo, "/health")

    @Endpoint
    def check_health(self) -> Call[Healthy]:
        """Whether the database answers; `ServiceDown` when it does not."""
        return _probe(Healthy, "/health/health")

    @Endpoint
    def get_status(self) -> Call[ServiceStatus]:
        """Since when the process runs, and what it depends on."""
        return _probe(ServiceStatus, "/health/status")

    @Endpoint
    def get_health_detail(self) -> Call[ServiceHealth]:
        """The database as the process sees it."""
        return _probe(ServiceHealth, "/health/detailed")

    @Endpoint
    def check_ready(self) -> Call[Ready]:
        """Whether requests can be served; `ServiceDown` when they cannot."""
        return _probe(Ready, "/health/ready")

    @Endpoint
    def check_live(self) -> Call[Alive]:
        """Whether the process runs."""
        return _probe(Alive, "/health/live")

    @Endpoint
    def get_metrics(self) -> Call[str]:
        """The requests of one process, in the text form of Prometheus."""
        return Call("GET", "/metrics", str, is_repeatable=False, is_public=True, is_at_root=True)


def _probe(answers: type[T], path: str) -> Call[T]:
    return Call("GET", path, answers, is_repeatable=False, is_public=True)

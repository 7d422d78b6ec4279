"""Whether the service works. None of these calls needs a token, and none is tried again: a failure is the answer."""

from casare_cloud.client.automation.calls import Call, Sender, T
from casare_cloud.client.automation.models import Alive, HealthInfo, Healthy, Ready, ServiceHealth, ServiceStatus


class ServiceCalls(Sender):
    """Probes and measurements."""

    async def get_info(self) -> HealthInfo:
        """Which program answers, in which version."""
        return await self.send(_probe(HealthInfo, "/health"))

    async def check_health(self) -> Healthy:
        """Whether the database answers; `ServiceDown` when it does not."""
        return await self.send(_probe(Healthy, "/health/health"))

    async def get_status(self) -> ServiceStatus:
        """Since when the process runs, and what it depends on."""
        return await self.send(_probe(ServiceStatus, "/health/status"))

    async def get_health_detail(self) -> ServiceHealth:
        """The database as the process sees it."""
        return await self.send(_probe(ServiceHealth, "/health/detailed"))

    async def check_ready(self) -> Ready:
        """Whether requests can be served; `ServiceDown` when they cannot."""
        return await self.send(_probe(Ready, "/health/ready"))

    async def check_live(self) -> Alive:
        """Whether the process runs."""
        return await self.send(_probe(Alive, "/health/live"))

    async def get_metrics(self) -> str:
        """The requests of one process, in the text form of Prometheus."""
        return await self.send(Call("GET", "/metrics", str, is_repeatable=False, is_public=True, is_at_root=True))


def _probe(answers: type[T], path: str) -> Call[T]:
    return Call("GET", path, answers, is_repeatable=False, is_public=True)

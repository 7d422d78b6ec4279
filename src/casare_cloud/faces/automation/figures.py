"""What /metrics shows: the requests of this process, in the exposition format of Prometheus."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


class Figures:
    """Counts since the process began. The labels are method and status, so that strangers cannot make up series."""

    def __init__(self) -> None:
        self._began_at = time.monotonic()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._within: Counter[float] = Counter()  # of requests, the smallest bound that they kept
        self._seconds = 0.0

    def count(self, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests[method if method in _METHODS else "other", str(status)] += 1
        self._within[next((bound for bound in _BOUNDS_SECONDS if seconds <= bound), float("inf"))] += 1
        self._seconds += seconds

    def render(self) -> bytes:
        """The figures as text."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """What the registry asks for."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        uptime = time.monotonic() - self._began_at
        yield GaugeMetricFamily("rpa_uptime_seconds", "Seconds since this process began", value=uptime)
        requests = CounterMetricFamily("rpa_http_requests", "Requests answered", labels=["method", "status"])
        for (method, status), number in sorted(self._requests.items()):
            requests.add_metric([method, status], number)
        yield requests
        durations = HistogramMetricFamily("rpa_http_request_duration_seconds", "How long answers took")
        upto, buckets = 0, []
        for bound in (*_BOUNDS_SECONDS, float("inf")):
            upto += self._within[bound]
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(upto)))
        durations.add_metric([], buckets, sum_value=self._seconds)
        yield durations

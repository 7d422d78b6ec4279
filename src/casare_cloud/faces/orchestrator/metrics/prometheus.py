"""A tenant's figures in the exposition format of Prometheus (document 002, "GET /metrics/prometheus")."""

from collections.abc import Iterator
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from casare_cloud.domain.metrics.model import Fleet
from casare_cloud.faces.kit.state_words import RobotWord, count_robot_words

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_SECONDS = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14400, 86400)


class _Families:
    """The figures of one request: nothing is kept between requests, and nothing is shared between tenants."""

    def __init__(self, fleet: Fleet, environment: str) -> None:
        self._fleet = fleet
        self._environment = environment

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        fleet, label = self._fleet, ["environment"]
        ended = fleet.ever.outcomes
        jobs = CounterMetricFamily("casare_rpa_jobs", "Total number of jobs", labels=["status", "environment"])
        for status, count in (
            ("completed", ended.completed),
            ("failed", ended.failed),
            ("timeout", ended.timed_out),
            ("cancelled", ended.cancelled),
        ):
            jobs.add_metric([status, self._environment], count)
        yield jobs
        robots = GaugeMetricFamily("casare_rpa_robots", "Number of robots", labels=["status", "environment"])
        words = count_robot_words(fleet.robots)
        for word in get_args(RobotWord):  # every word, so that a series never disappears
            robots.add_metric([word, self._environment], words[word])
        yield robots
        for name, text, value in (
            ("robots_active", "Number of active robots", words["idle"] + words["busy"]),
            ("jobs_active", "Number of claimed and running jobs", fleet.active_jobs),
            ("queue_depth", "Number of jobs that wait for a robot", fleet.queue_depth),
            ("scheduled_jobs", "Number of jobs that wait for a time", fleet.scheduled_jobs),
        ):
            gauge = GaugeMetricFamily(f"casare_rpa_{name}", text, labels=label)
            gauge.add_metric([self._environment], value)
            yield gauge
        durations = HistogramMetricFamily(
            "casare_rpa_job_duration_seconds", "Durations of completed jobs, within 4 percent", labels=label
        )
        durations.add_metric([self._environment], self._buckets(), sum_value=ended.duration_ms_sum / 1000)
        yield durations

    def _buckets(self) -> list[tuple[str, float]]:
        """How many jobs took up to each bound, the last one without an end."""
        durations = self._fleet.ever.durations
        upto = [(str(float(bound)), sum(n for ms, n in durations if ms <= bound * 1000)) for bound in _BOUNDS_SECONDS]
        return [*((bound, float(count)) for bound, count in upto), ("+Inf", float(sum(n for _, n in durations)))]


def render(fleet: Fleet, environment: str) -> bytes:
    """The figures as text; `environment` is a label on each."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(fleet, environment))
    return generate_latest(registry)

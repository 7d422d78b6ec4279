"""What the metrics endpoints say of a generated history, beside what Python computes from the same jobs."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.faces.stage import Stage
from tests.faces.test_metrics import of, samples
from tests.histories import Ended, figures_of, load_history, make_history, outcomes_of

DAYS = 60  # of history, and 90 are asked for, so that no hour that ends meanwhile matters


def percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2)


@pytest.fixture
def history(stage: Stage) -> list[Ended]:
    """3,000 jobs of the stage's tenant."""
    workflows = [stage.workflow().workflow_id for _ in range(12)]
    robots = [stage.robot(f"robot-{number}")[0].robot_id for number in range(3)]
    jobs = make_history(3000, workflows, robots, datetime.now(UTC), days=DAYS)
    with stage.database.connect() as owner:
        load_history(owner, stage.tenant.tenant_id, jobs)
    return jobs


def day_of(jobs: Iterable[Ended]) -> dict[str, int]:
    """How jobs of the day that it is now ended."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return outcomes_of(job for job in jobs if job.finished_at >= midnight)


async def test_analytics_says_what_python_computes(stage: Stage, history: list[Ended]) -> None:
    answer = await of(stage.admin, "/analytics", days=90)
    figures = figures_of(history, datetime.now(UTC), 90)
    counts = figures.counts
    bad = counts["failed"] + counts["timeout"]
    assert answer["total_jobs"] == len(history)
    assert (answer["completed_jobs"], answer["failed_jobs"]) == (counts["completed"], bad)
    assert answer["cancelled_jobs"] == counts["cancelled"]
    assert answer["success_rate"] == percent(counts["completed"], counts["completed"] + bad)
    assert answer["failure_rate"] == percent(bad, counts["completed"] + bad)
    assert abs(answer["average_duration_ms"] - figures.duration_ms_sum / counts["completed"]) <= 0.5
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = figures.percentile(fraction)
        assert abs(answer[f"{name}_duration_ms"] - exact) <= 0.05 * exact + 0.5
    assert answer["error_distribution"] == dict(figures.errors)
    assert answer["self_healing_success_rate"] == percent(figures.healed, figures.healed + figures.not_healed)
    slowest = sorted(figures.averages.items(), key=lambda item: -item[1])[:10]
    completed = Counter(job.workflow_id for job in history if job.status == "completed")
    for shown, (workflow_id, average) in zip(answer["slowest_workflows"], slowest, strict=True):
        assert (shown["workflow_id"], shown["completed"]) == (str(workflow_id), completed[workflow_id])
        assert abs(shown["average_duration_ms"] - average) <= 0.5


async def test_the_day_of_the_fleet_and_of_each_robot_is_what_python_computes(
    stage: Stage, history: list[Ended]
) -> None:
    async def assert_day(path: str, jobs: list[Ended], names: dict[str, str]) -> None:
        before = day_of(jobs)
        answer = await of(stage.admin, path)
        expected = []
        for day in (before, day_of(jobs)):  # they differ at midnight
            seconds = round(day["duration_ms_sum"] / day["completed"]) / 1000 if day["completed"] else 0
            counts = {"completed": day["completed"], "failed": day["failed"] + day["timed_out"]}
            expected.append({**{names[name]: counts[name] for name in counts}, "average_job_duration_seconds": seconds})
        assert {name: answer[name] for name in expected[0]} in expected

    await assert_day(
        "/fleet", history, {"completed": "completed_jobs_today", "failed": "failed_jobs_today"}
    )  # fmt: skip
    robots = sorted({job.robot_id for job in history if job.robot_id})
    assert len(robots) == 3
    for robot_id in robots:
        mine = [job for job in history if job.robot_id == robot_id]
        await assert_day(
            f"/robots/{robot_id}", mine, {"completed": "jobs_completed_today", "failed": "jobs_failed_today"}
        )


async def test_prometheus_counts_what_python_counts(stage: Stage, history: list[Ended]) -> None:
    found: dict[Any, float] = {
        (s.name, s.labels.get("status") or s.labels.get("le")): s.value for s in await samples(stage.admin)
    }
    counts = Counter(job.status for job in history)
    for status in ("completed", "failed", "timeout", "cancelled"):
        assert found["casare_rpa_jobs_total", status] == counts[status]
    done = [job.duration_ms or 0 for job in history if job.status == "completed"]
    assert found["casare_rpa_job_duration_seconds_count", None] == len(done)
    assert found["casare_rpa_job_duration_seconds_sum", None] == sum(done) / 1000
    buckets = {le: value for (name, le), value in found.items() if name == "casare_rpa_job_duration_seconds_bucket"}
    assert buckets.pop("+Inf") == len(done)
    for bound, value in buckets.items():
        at = float(bound) * 1000
        assert sum(ms <= at / 1.04 - 1 for ms in done) <= value <= sum(ms <= at * 1.04 + 1 for ms in done), bound


async def test_job_lists_and_activity_show_the_newest_and_count_all(stage: Stage, history: list[Ended]) -> None:
    newest = sorted(history, key=lambda job: job.job_id, reverse=True)
    jobs = await of(stage.admin, "/jobs", limit=500)
    assert [job["job_id"] for job in jobs] == [str(job.job_id) for job in newest[:500]]
    failed = await of(stage.admin, "/jobs", limit=500, status="failed")
    bad = [job for job in newest if job.status in ("failed", "timeout")]
    assert [job["job_id"] for job in failed] == [str(job.job_id) for job in bad[:500]]
    feed = await of(stage.admin, "/activity", limit=200, event_type="job_failed")
    ended = [job for job in reversed(history) if job.status == "failed"]  # in the order in which they were told
    assert [event["job_id"] for event in feed["events"]] == [str(job.job_id) for job in ended[:200]]
    assert (feed["total"], feed["total_is_capped"]) == (len(ended), False)

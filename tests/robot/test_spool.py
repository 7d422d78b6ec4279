"""Outcomes on disk."""

from pathlib import Path

from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Failure, Lease, LogBatch

LOGS = (LogBatch(3, [{"level": "info", "message": "m"}]),)
COMPLETED = Outcome(Lease("a", 1), "completed", result={"x": [1, "ü"]}, log_batches=LOGS)
FAILED = Outcome(Lease("b", 2), "failed", failure=Failure("no", "Error", failed_node="n", is_retryable=False))


def test_what_is_put_is_found_again_by_another_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(COMPLETED)
    spool.put(FAILED)
    found = {outcome.lease.job_id: outcome for outcome in Spool(tmp_path)}
    assert found["a"].result == COMPLETED.result
    assert found["a"].log_batches == LOGS
    assert found["b"].failure == FAILED.failure


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(COMPLETED)
    spool.remove(COMPLETED.lease)
    spool.remove(COMPLETED.lease)
    assert list(spool) == []


def test_half_a_file_is_not_an_outcome(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "c.3.part").write_text('{"lease": ', encoding="utf-8")
    spool.put(COMPLETED)
    assert [outcome.lease.job_id for outcome in spool] == ["a"]


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "c.3.json").write_text("nonsense", encoding="utf-8")
    spool.put(COMPLETED)
    assert [outcome.lease.job_id for outcome in spool] == ["a"]
    assert (tmp_path / "c.3.broken").exists()

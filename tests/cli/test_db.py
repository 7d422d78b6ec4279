"""`casare-cloud db`: the figures of the queue, and jobs in a file before they leave."""

import asyncio
import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.databases import Database
from tests.factories import make_tenant
from tests.fleets import Fleet, call, make_fleet
from typer.testing import CliRunner, Result

from casare_cloud.cli.app import app
from casare_cloud.cli.db_connection import NO_CONNECTION
from casare_cloud.cli.doctor_facts import _look_at_database
from casare_cloud.domain.triggers.receiving import place_of
from casare_cloud.key_ring import KeyRing, new_secret_keys


def week() -> str:
    """The partition of what was queued an hour ago, which on a Monday may be last week's."""
    return "jobs_{}w{:02}".format(*(datetime.now(UTC) - timedelta(hours=1)).isocalendar()[:2])


@pytest.mark.parametrize(
    "url",
    ["postgresql://postgres:s3cret@[host/postgres", "postgres//postgres:s3cret@host", "postgresql://u:s3cret/x@host"],
)
def test_a_mistyped_connection_is_not_printed_with_its_password(url: str) -> None:
    answer = CliRunner().invoke(app, ["db", "health", "--database-url", url])
    assert (answer.exit_code, "s3cret" in answer.output) == (2, False)
    assert "The connection that was given is none" in answer.output
    assert asyncio.run(_look_at_database(url, {})) == (None, NO_CONNECTION)


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    # It is a copy of one that may be as old as this run of the tests.
    fleet.owner.execute("update private.duty_runs set last_run_at = now()")
    fleet.owner.execute("select private.make_job_partition(now() - interval '1 hour')")
    yield fleet
    fleet.close()


def run(fleet: Fleet, *arguments: str) -> Result:
    """A command with the owner's connection."""
    return CliRunner().invoke(app, ["db", *arguments], env={"CASARE_OWNER_DATABASE_URL": fleet.database.dsn()})


def done_long_ago(fleet: Fleet, result: dict[str, Any]) -> str:
    """A job that was completed an hour ago."""
    robot = fleet.robot()
    fleet.travel(hours=-1)
    fleet.enqueue()
    job = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", job, result=result)
    fleet.travel(hours=1)
    return str(job["job_id"])


def test_health_prints_every_figure_and_ends_well_when_all_is_well(fleet: Fleet) -> None:
    answer = run(fleet, "health")
    assert (answer.exit_code, "missing_partition_rows" in answer.stdout) == (0, True), answer.output
    figures = json.loads(run(fleet, "health", "--json").stdout)
    assert {figure["is_ok"] for figure in figures} == {True}
    assert {"oldest_snapshot_seconds", "ready_dead_rows", "oldest_ready_seconds"} <= {row["figure"] for row in figures}


def test_health_says_what_to_do_and_ends_with_1_when_something_is_wrong(fleet: Fleet) -> None:
    fleet.owner.execute("update private.duty_runs set last_error = 'no luck' where name = 'drop_job_partitions'")
    answer = run(fleet, "health")
    assert answer.exit_code == 1
    assert "no luck" in answer.stdout


def test_secrets_are_sealed_anew_so_that_the_old_key_can_go(fleet: Fleet, tmp_path: Path) -> None:
    texts = {name: f"{name}:{new_secret_keys().removeprefix('k1:')}" for name in ("k0", "k1", "k2")}
    other, old, new = (KeyRing.read(text) for text in texts.values())
    sealed: dict[UUID, bytes] = {}
    for ring in (old, old, other, new):
        trigger = call(
            fleet.member, "create_trigger", workflow_id=fleet.workflow.workflow_id, name="x", trigger_type="webhook",
            config={"auth": "github"},
        )  # fmt: skip
        place = place_of(trigger["tenant_id"], trigger["trigger_id"])
        sealed[trigger["trigger_id"]] = ring.seal(b"the secret", place)
        call(fleet.member, "set_trigger_secret", trigger_id=trigger["trigger_id"], sealed=sealed[trigger["trigger_id"]])
    stranger = list(sealed)[2]

    def reseal(keys: str) -> Result:
        env = {
            "CASARE_OWNER_DATABASE_URL": fleet.database.dsn(),
            "CASARE_SECRET_KEYS": keys,
            "CASARE_HOME": str(tmp_path),
        }
        return CliRunner().invoke(app, ["db", "reseal"], env=env)

    def stored() -> dict[UUID, bytes]:
        rows = fleet.owner.execute("select trigger_id, sealed from private.trigger_secrets").fetchall()
        return {row["trigger_id"]: row["sealed"] for row in rows}

    answer = reseal(f"{texts['k2']},{texts['k1']}")
    assert (answer.exit_code, answer.stdout[:28]) == (1, "2 secrets were sealed anew; "), answer.output
    assert f"trigger {stranger} " in answer.stderr
    assert "key k0" in answer.stderr
    kept = stored()
    assert kept[stranger] == sealed[stranger]
    for trigger_id in sealed.keys() - {stranger}:
        assert new.open(kept[trigger_id], place_of(fleet.tenant.tenant_id, trigger_id)) == b"the secret"
    assert kept[list(sealed)[3]] == sealed[list(sealed)[3]]
    fleet.owner.execute("delete from private.trigger_secrets where trigger_id = %s", [stranger])
    assert reseal(texts["k2"]).stdout[:28] == "0 secrets were sealed anew; "
    for keys in ("", "k1"):
        assert reseal(keys).exit_code == 2


def test_an_export_has_every_finished_job_and_marks_the_partition(fleet: Fleet, tmp_path: Path) -> None:
    job_id = done_long_ago(fleet, {"text": "line\nbreak, \\ and ü"})
    fleet.enqueue()
    answer = run(fleet, "export", week(), str(tmp_path / "jobs.jsonl"))
    assert answer.exit_code == 0, answer.output
    jobs = [json.loads(line) for line in (tmp_path / "jobs.jsonl").read_text().splitlines()]
    assert [job["job_id"] for job in jobs] == [job_id]
    assert jobs[0]["result"] == {"text": "line\nbreak, \\ and ü"}
    assert (tmp_path / "jobs.jsonl").stat().st_mode & 0o777 == 0o600
    row = fleet.owner.execute("select partition_name, finished_before from private.exports").fetchone()
    assert row is not None
    assert row["partition_name"] == week()
    assert row["finished_before"] < datetime.now(UTC) - timedelta(minutes=4)


def test_what_was_exported_may_leave(fleet: Fleet, tmp_path: Path) -> None:
    fleet.owner.execute("update public.tenants set plan = 'pro' where tenant_id = %s", [fleet.tenant.tenant_id])
    call(fleet.member, "set_retention", days={"jobs": 7}, export_before_drop=True)
    done_long_ago(fleet, {})
    other = make_fleet(fleet.database)
    fleet.owner.execute("update public.tenants set plan = 'enterprise' where tenant_id = %s", [other.tenant.tenant_id])
    other.close()
    fleet.travel(days=8)
    assert fleet.run("purge_expired_jobs") == 0
    assert run(fleet, "export", week(), str(tmp_path / "jobs.jsonl")).exit_code == 0
    assert fleet.run("purge_expired_jobs") == 1


@pytest.mark.parametrize("partition", ["tenants", "jobs_1999w01", "x; drop table public.jobs"])
def test_only_a_partition_of_jobs_is_exported(fleet: Fleet, tmp_path: Path, partition: str) -> None:
    answer = run(fleet, "export", partition, str(tmp_path / "jobs.jsonl"))
    assert (answer.exit_code, "no partition" in answer.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_an_export_never_writes_over_a_file(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    answer = run(fleet, "export", week(), str(tmp_path / "mine"))
    assert (answer.exit_code, (tmp_path / "mine").read_text()) == (2, "mine")
    assert fleet.count("private.exports") == 0


def test_a_file_that_cannot_be_written_is_one_sentence_and_marks_nothing(fleet: Fleet, tmp_path: Path) -> None:
    done_long_ago(fleet, {"n": 1})
    place = tmp_path / "not there" / "jobs.jsonl"
    answer = run(fleet, "export", week(), str(place))
    assert (answer.exit_code, answer.stderr) == (1, f"error: {place} cannot be used: No such file or directory.\n")
    assert fleet.count("private.exports") == 0


def test_an_export_that_fails_midway_leaves_no_half_file(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    done_long_ago(fleet, {"n": 1})
    monkeypatch.setattr(os, "fsync", full)
    place = tmp_path / "jobs.jsonl"
    answer = run(fleet, "export", week(), str(place))
    assert (answer.exit_code, answer.stderr) == (1, f"error: {place} cannot be used: No space left on device.\n")
    assert list(tmp_path.iterdir()) == []
    assert fleet.count("private.exports") == 0


def test_a_tenant_whose_last_member_is_gone_is_listed_given_and_purged(fleet: Fleet) -> None:
    other = make_tenant(fleet.database)
    with fleet.database.connect("supabase_auth_admin") as auth:
        auth.execute("delete from auth.users where id = %s", [fleet.tenant.admin.user_id])
    tenant_id = str(fleet.tenant.tenant_id)
    listed = json.loads(run(fleet, "tenants", "list", "--json").stdout)
    assert [row["tenant_id"] for row in listed] == [tenant_id]
    assert tenant_id in run(fleet, "tenants", "list").stdout
    assert run(fleet, "health").exit_code == 1
    refused = run(fleet, "tenants", "purge", str(other.tenant_id), "--yes")
    assert (refused.exit_code, "has members" in refused.stderr) == (1, True)
    assert run(fleet, "tenants", "give", tenant_id, other.admin.email).exit_code == 0
    assert json.loads(run(fleet, "tenants", "list", "--json").stdout) == []
    fleet.owner.execute("delete from public.memberships where tenant_id = %s", [fleet.tenant.tenant_id])
    unsure = CliRunner().invoke(
        app, ["db", "tenants", "purge", tenant_id], input="n\n", env={"CASARE_OWNER_DATABASE_URL": fleet.database.dsn()}
    )
    assert unsure.exit_code == 1
    done = run(fleet, "tenants", "purge", tenant_id, "--yes")
    assert (done.exit_code, "is gone" in done.stdout) == (0, True), done.output
    assert run(fleet, "health").exit_code == 0

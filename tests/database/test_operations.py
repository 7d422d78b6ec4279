"""docs/operations.md names every duty, figure and retention that there is."""

import re
from datetime import timedelta

from tests.databases import Database

from casare_cloud.local.schema import project_root

TEXT = (project_root() / "docs" / "operations.md").read_text()


def test_every_job_of_cron_is_described(shared_database: Database) -> None:
    rows = shared_database.connect().execute("select jobname from cron.job").fetchall()
    names = {row["jobname"] for row in rows}
    assert names
    assert {name for name in names if f"`{name}`" not in TEXT} == set()


def test_every_duty_is_described_with_its_period_and_bound(shared_database: Database) -> None:
    rows = shared_database.connect().execute("select name, every, bound from private.duties").fetchall()
    told = {
        name: period.split(";")[0] for name, period in re.findall(r"^\| `(\w+)` \| (\d[^|]*) \|", TEXT, re.MULTILINE)
    }
    expected = {row["name"]: words(row["every"]) + (f", {row['bound']:,}" if row["bound"] else "") for row in rows}
    assert {name: told.get(name) for name in expected} == expected


def words(every: timedelta) -> str:
    """A period as the documentation writes it."""
    for unit, seconds in (("day", 86400), ("h", 3600), ("min", 60)):
        if every.total_seconds() >= seconds:
            return f"{every.total_seconds() / seconds:.0f} {unit}"
    return f"{every.total_seconds():.0f} s"


def test_every_figure_is_described_with_its_bound(shared_database: Database) -> None:
    rows = shared_database.connect().execute("select figure, most from private.queue_health()").fetchall()
    for row in rows:
        if row["figure"].startswith("duty_"):
            continue
        lines = [line for line in TEXT.splitlines() if line.startswith("| `") and f"`{row['figure']}`" in line]
        assert lines, f"{row['figure']} is not described"
        most = "–" if row["most"] is None else f"{row['most']:,.0f}"
        assert lines[0].split("|")[2].strip() == most


def test_every_retention_is_described_with_its_days(shared_database: Database) -> None:
    rows = (
        shared_database.connect()
        .execute(
            "select kind, array_agg(days order by plan) as days, bool_and(may_be_shortened) as may "
            "from private.retentions group by kind"
        )
        .fetchall()
    )
    found = {
        match[1]: ([int(match[2]), int(match[3]), int(match[4])], match[5] == "yes")
        for match in re.finditer(r"^\| `(\w+)`[^|]*\| (\d+) \| (\d+) \| (\d+) \| (\w+) \|$", TEXT, re.MULTILINE)
    }
    assert found == {row["kind"]: (row["days"], row["may"]) for row in rows}

"""What questions about a long past read: the statements of `make bench ARGS=history`, on a past that is small."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from bench import past
from bench.questions import Asker, Plan, Question, list_jobs, nodes, questions
from tests.databases import Database

from casare_cloud.domain.jobs.queries import LOOKED_AT, LOOKED_AT_UNFINISHED

JOBS, TENANTS = 25_000, 3
COUNTED = 10_000
PARTITIONS = 50  # of each, a row more than needed may be read
UNFINISHED = past.WAITING + past.DELAYED + past.HELD


@dataclass
class Reader:
    """Asks the questions of the tenant with most jobs and adds up what their statements read."""

    asker: Asker
    questions: dict[str, Question]
    loaded: past.Past

    def reads(self, name: str) -> dict[str, int]:
        """Rows that a question's statements read, those thrown away included, by table; partitions as one."""
        found: dict[str, int] = {}
        for node in self.scans(name):
            relation = node["Relation Name"]
            table = "jobs" if relation.startswith("jobs_") else relation
            rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            found[table] = found.get(table, 0) + round(rows)
        return found

    def kinds(self, name: str, table: str) -> set[str]:
        """How the rows of a table, or of its partitions, were read, if there were any."""
        return {
            node["Node Type"]
            for node in self.scans(name)
            if node["Relation Name"].startswith(table) and node["Actual Rows"] * node["Actual Loops"]
        }

    def scans(self, name: str) -> list[Plan]:
        plans = self.asker.plans(self.questions[name])
        assert plans
        return [
            node for _, plan in plans for node in nodes(plan) if "Scan" in node["Node Type"] and "Relation Name" in node
        ]


@pytest.fixture(scope="module")
def reader(shared_database: Database) -> Iterator[Reader]:
    dsn = shared_database.dsn("supabase_admin")
    with psycopg.connect(dsn, autocommit=True) as connection:
        loaded = past.load(connection, JOBS, TENANTS)
        robot = connection.execute(
            "select external_id from public.robots where robot_id = %s", [loaded.tenant.robots[0]["sub"]]
        ).fetchone()
        assert robot is not None
    asker = Asker(dsn, loaded.tenant.admin)
    yield Reader(asker, questions(UUID(loaded.tenant.workflow_id), robot[0], datetime.now(UTC)), loaded)
    asker.connection.close()


@pytest.mark.parametrize("name", ["fleet", "a robot's day", "analytics, 7 days", "analytics, 90 days"])
def test_metrics_read_no_history(reader: Reader, name: str) -> None:
    read = reader.reads(name)
    assert "jobs" not in read
    assert read.get("events", 0) == 0
    # One robot of fifty may have done nothing yet today.
    assert (0 if name == "a robot's day" else 1) <= read["job_rollups"] <= (past.DAYS + 24) * (1 + 20)
    assert reader.kinds(name, "job_rollups") <= {"Index Scan", "Index Only Scan"}


@pytest.mark.parametrize(("name", "skipped"), [("jobs, page 1", 0), ("jobs, page 100", 9_900)])
def test_a_page_of_all_jobs_skips_by_the_index_alone(reader: Reader, name: str, skipped: int) -> None:
    assert reader.reads(name)["jobs"] <= COUNTED + skipped + 2 * 100 + PARTITIONS
    assert reader.kinds(name, "jobs_") <= {"Index Only Scan", "Index Scan"}
    wide = [
        node["Actual Rows"] * node["Actual Loops"]
        for node in reader.scans(name)
        if node["Node Type"] == "Index Scan" and node["Relation Name"].startswith("jobs_")
    ]
    assert sum(wide) == 100, "only the rows of the page itself are fetched"


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("completed jobs, page 1", 0.85),
        ("failed jobs, page 1", 0.12),
        ("cancelled jobs, page 1", 0.03),
        ("jobs of a robot, page 1", 0.02),
        ("jobs of a workflow, page 1", 0.05),
    ],
)
def test_a_filtered_page_walks_from_the_newest_job_to_its_last_one(reader: Reader, name: str, share: float) -> None:
    assert reader.reads(name)["jobs"] <= COUNTED + UNFINISHED + 2.5 * 100 / share + 100 + PARTITIONS
    assert "Seq Scan" not in reader.kinds(name, "jobs_")


def test_the_jobs_of_a_day_are_found_by_their_ids(reader: Reader) -> None:
    of_a_day = JOBS * past.GREATEST / past.DAYS
    assert reader.reads("jobs of a day, page 1")["jobs"] <= 3 * of_a_day + 100


@pytest.mark.parametrize(("name", "count"), [("waiting jobs, page 1", 100), ("jobs in hand, page 1", past.HELD)])
def test_unfinished_jobs_are_found_without_the_history(reader: Reader, name: str, count: int) -> None:
    assert reader.reads(name)["jobs"] == count
    assert "Seq Scan" not in reader.kinds(name, "jobs_")


@pytest.mark.parametrize("name", ["activity", "activity, failed jobs of three weeks"])
def test_activity_walks_its_own_index(reader: Reader, name: str) -> None:
    assert 0 < reader.reads(name)["events"] <= COUNTED + 8 * 200
    assert reader.kinds(name, "events") <= {"Index Scan", "Index Only Scan"}


def test_what_was_loaded_is_what_the_product_shows(reader: Reader) -> None:
    row = reader.asker.connection.execute(
        "select completed + failed + timed_out + cancelled as ended from public.job_rollups "
        "where tenant_id = %s and level = 'tenant'",
        [reader.loaded.tenant.tenant_id],
    ).fetchone()
    assert row == {"ended": reader.loaded.its_jobs}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("series of a day's minutes", 1440),
        ("series of a month's hours", 744),
        ("series of 90 days", 90 * 24 + 2),
        ("series of 90 days of a robot", 90 * 24 + 2),
    ],
)
def test_a_series_looks_up_each_minute_or_hour_and_no_job(reader: Reader, name: str, most: int) -> None:
    read = reader.reads(name)
    assert not {"jobs", "events"} & {table for table, rows in read.items() if rows}
    assert read.get("job_rollups", 0) <= most + 1
    assert reader.kinds(name, "job_rollups") <= {"Index Scan", "Index Only Scan"}


def test_a_robots_machine_is_looked_up_by_the_hour(reader: Reader) -> None:
    read = reader.reads("a robot's machine, 31 days")
    assert 744 <= read["robot_measurements"] <= 31 * 24 + 5
    assert reader.kinds("a robot's machine, 31 days", "robot_measurements") == {"Index Scan"}
    assert not {"jobs", "events", "job_rollups"} & {table for table, rows in read.items() if rows}


@pytest.mark.parametrize(
    "name", ["jobs with a text, page 1", "jobs with a rare error, page 1", "jobs of 40 days ago, by cursor"]
)
def test_a_sparse_filter_looks_through_so_many_jobs_and_no_more(reader: Reader, name: str) -> None:
    assert 0 < reader.reads(name)["jobs"] <= LOOKED_AT + 100 + PARTITIONS
    assert "Seq Scan" not in reader.kinds(name, "jobs_")


def test_waiting_jobs_with_a_text_are_found_without_the_history(reader: Reader) -> None:
    read = reader.reads("waiting jobs with a text, page 1")
    assert read["jobs"] <= LOOKED_AT_UNFINISHED
    assert "Seq Scan" not in reader.kinds("waiting jobs with a text, page 1", "jobs_")


def test_reasons_are_counted_by_lanes_and_read_a_job_for_each_demand(reader: Reader) -> None:
    name = "reasons why jobs wait"
    read = reader.reads(name)
    assert read["ready"] <= past.WAITING + 4 * 10
    assert read["jobs"] <= past.DELAYED + 10, "delayed jobs say whether they were handed out in vain"
    assert "Seq Scan" not in reader.kinds(name, "jobs_") | reader.kinds(name, "ready") | reader.kinds(name, "scheduled")


@pytest.mark.parametrize("page", [1, 2, 130])
def test_pages_follow_one_another_and_the_total_is_never_less_than_what_was_shown(reader: Reader, page: int) -> None:
    found, total, is_capped = reader.asker.answer(list_jobs(page))
    ids = reader.asker.connection.execute(
        "select job_id from public.jobs where tenant_id = %s order by job_id desc limit 100 offset %s",
        [reader.loaded.tenant.tenant_id, 100 * (page - 1)],
    ).fetchall()
    assert [job.job_id for job in found] == [row["job_id"] for row in ids]
    assert (total, is_capped) == (max(COUNTED, 100 * page), True)


def test_a_page_past_the_end_is_empty_and_counts_nothing_more(reader: Reader) -> None:
    assert reader.asker.answer(list_jobs(1000)) == ([], COUNTED, True)


@pytest.mark.parametrize("page", [1, 3])
@pytest.mark.parametrize("is_narrow", [False, True])
def test_unfinished_jobs_are_all_there_newest_first(reader: Reader, page: int, is_narrow: bool) -> None:
    tenant = reader.loaded.tenant
    wanted = {"workflow_id": UUID(tenant.workflow_id)} if is_narrow else {}
    found, total, is_capped = reader.asker.answer(list_jobs(page, statuses=["queued"], **wanted))
    held = "select l.job_id from private.leases as l"
    ids = reader.asker.connection.execute(
        f"select job_id from public.jobs where tenant_id = %s and finished_at is null and job_id not in ({held}) "
        "order by job_id desc",
        [tenant.tenant_id],
    ).fetchall()
    assert [job.job_id for job in found] == [row["job_id"] for row in ids][100 * (page - 1) : 100 * page]
    assert (total, is_capped) == (len(ids), False)

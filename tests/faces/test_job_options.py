"""An option of a job has one name, one default and one range, from the database's type to the client."""

from dataclasses import asdict, fields
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.databases import Database
from tests.factories import make_tenant, make_workflow
from tests.fleets import call_all

from casare_cloud.client.jobs import JobOptions
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.faces.orchestrator.jobs.shapes import CreateJobBody

# In public.jobs, where a retry reads them, they are workflow_version, target_robot_id and pool_id; a retry has no time.
OTHER_COLUMNS = {"version", "robot_id", "pool", "run_at"}
NUMBERS = [
    (name, rule["minimum"], rule["maximum"])
    for name, schema in CreateJobBody.model_json_schema()["properties"].items()
    for rule in (schema, *schema.get("anyOf", ()))
    if "maximum" in rule and name != "version"  # which versions there are is the workflow's
]


def options(database: Database) -> set[str]:
    """The fields of the type that carries a job's options."""
    rows = database.connect("postgres").execute(
        "select attname from pg_attribute where attrelid = 'private.new_job'::regclass and attnum > 0"
    )
    return {row["attname"] for row in rows}


def test_every_option_is_an_argument_a_field_and_a_column(shared_database: Database) -> None:
    named = options(shared_database)
    owner = shared_database.connect("postgres")
    [arguments] = owner.execute("select proargnames from pg_proc where proname = 'enqueue_job'").fetchall()
    columns = {
        row["attname"]
        for row in owner.execute("select attname from pg_attribute where attrelid = 'public.jobs'::regclass")
    }
    assert {name.removeprefix("p_") for name in arguments["proargnames"] if name.startswith("p_")} == named
    assert {field.name for field in fields(NewJob)} == named
    assert set(CreateJobBody.model_fields) == named
    assert set(JobOptions.__annotations__) == named - {"workflow_id", "input"}
    assert named - columns <= OTHER_COLUMNS


def test_the_defaults_of_the_shape_are_those_of_the_database(shared_database: Database) -> None:
    tenant = make_tenant(shared_database)
    workflow = make_workflow(shared_database, tenant)
    shown = asdict(CreateJobBody(workflow_id=str(workflow.workflow_id)).job())
    [stored] = shared_database.connect("postgres").execute(
        "select c.* from private.check_new_job(%s, private.read_new_job(%s)) as c",
        [tenant.tenant_id, Jsonb({"workflow_id": str(workflow.workflow_id)})],
    )
    del shown["workflow_id"]
    assert {name: stored[name] for name, value in shown.items() if value is not None} == {
        name: value for name, value in shown.items() if value is not None
    }


@pytest.mark.parametrize(("name", "least", "most"), NUMBERS, ids=[name for name, *_ in NUMBERS])
def test_the_ranges_of_the_shape_are_those_of_the_database(
    shared_database: Database, name: str, least: int, most: int
) -> None:
    def problem(value: int) -> Any:
        [row] = shared_database.connect("postgres").execute(
            "select private.find_job_problem(private.read_new_job(%s)) as problem", [Jsonb({name: value})]
        )
        return row["problem"]

    assert [problem(least), problem(most)] == [None, None]
    assert name in problem(least - 1)
    assert name in problem(most + 1)


def test_what_made_a_job_is_no_word_of_its_caller(shared_database: Database) -> None:
    tenant = make_tenant(shared_database)
    workflow = make_workflow(shared_database, tenant)
    member = shared_database.connect("authenticated", tenant.admin.claims)
    item = {"workflow_id": str(workflow.workflow_id)}
    [refused] = call_all(member, "enqueue_jobs", jobs=[{**item, "trigger_type": "scheduled"}])
    assert (refused["error_status"], refused["error_message"]) == (400, "A job has no field trigger_type.")
    [done] = call_all(member, "enqueue_jobs", jobs=[item])
    [job] = member.execute("select trigger_type from public.jobs where job_id = %s", [done["job_id"]])
    assert job["trigger_type"] == "manual"

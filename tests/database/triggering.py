"""A fleet's triggers, for tests: made and read as its member does, delivered to as the receiver does."""

from typing import Any

from psycopg.types.json import Jsonb
from tests.databases import Connection, at
from tests.fleets import Fleet, Row, call


def create(fleet: Fleet, trigger_type: str = "webhook", /, **config: Any) -> Row:
    """A trigger of the fleet's workflow."""
    return call(
        fleet.member,
        "create_trigger",
        workflow_id=fleet.workflow.workflow_id,
        name="Trigger",
        trigger_type=trigger_type,
        config=config,
    )


def update(fleet: Fleet, trigger: Row, **changes: Any) -> Row:
    return call(fleet.member, "update_trigger", trigger_id=trigger["trigger_id"], changes=changes)


def read(fleet: Fleet, trigger: Row) -> Row:
    row = fleet.member.execute(
        "select * from public.triggers where trigger_id = %s", [trigger["trigger_id"]]
    ).fetchone()
    assert row is not None
    return row


def receiver(fleet: Fleet) -> Connection:
    """The login of the functions, at the fleet's time."""
    connection = fleet.database.connect("casare_functions")
    at(connection, fleet.now)
    return connection


def deliver(
    fleet: Fleet, trigger: Row, message_id: str | None = None, payload: Any = None, /, **delivery: Any
) -> Row | None:
    """What the receiver answers to a sender that has proved itself."""
    with receiver(fleet) as functions:
        row = functions.execute(
            "select private.receive_delivery(%s, %s, %s, %s) as answer",
            [
                trigger["trigger_id"],
                Jsonb({"message_id": message_id, **delivery}),
                Jsonb({"n": 1} if payload is None else payload),
                Jsonb({"n": 1} if payload is None else payload),
            ],
        ).fetchone()
    assert row is not None
    answer: Row | None = row["answer"]
    return answer


def accepted(fleet: Fleet, trigger: Row, *arguments: Any, **delivery: Any) -> Row:
    answer = deliver(fleet, trigger, *arguments, **delivery)
    assert answer is not None
    return answer


def deliveries(fleet: Fleet, trigger: Row) -> list[Row]:
    return fleet.member.execute(
        "select * from public.trigger_deliveries where trigger_id = %s order by delivery_id", [trigger["trigger_id"]]
    ).fetchall()


def jobs(fleet: Fleet) -> list[Row]:
    return fleet.member.execute("select * from public.live_jobs order by job_id").fetchall()

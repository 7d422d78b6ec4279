"""Watches the plans of every statement that a call runs, for tests of what the queue costs."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from tests.databases import Claims, Connection, at, set_claims
from tests.fleets import Fleet, Row, call_all

HOT_TABLES = {"ready", "leases", "scheduled", "lanes", "dedupe_keys", "workflow_versions", "queue_tenants"}
HISTORY = {"job_logs", "dead_letters", "late_results", "events", "event_inbox", "audit_log", "waiting_robots"}

# The rescue reads all leases, which are few; the recheck of the low water all lanes, once a minute.
READ_WHOLE = ("private.lease_over_at(l)", "l.low_job_id > v_zero")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def is_hot(node: dict[str, Any]) -> bool:
    """Whether a node reads a table that grows with the work."""
    relation = node.get("Relation Name", "")
    return relation in HOT_TABLES | HISTORY or relation.startswith("jobs_")


class PlanWatcher:
    """A session that shows the plan of every statement that runs in it, inside functions too."""

    def __init__(self, fleet: Fleet) -> None:
        self.plans: list[dict[str, Any]] = []
        self.connection: Connection = fleet.database.connect("supabase_admin")
        self.connection.execute("load 'auto_explain'")
        for name, value in {
            "log_min_duration": "0",
            "log_nested_statements": "on",
            "log_format": "json",
            "log_level": "notice",
        }.items():
            self.connection.execute("select set_config(%s, %s, false)", [f"auto_explain.{name}", value])
        self.connection.add_notice_handler(self._take)

    def _take(self, notice: psycopg.errors.Diagnostic) -> None:
        text = notice.message_primary or ""
        if "plan:" in text:
            self.plans.append(json.loads(text.split("plan:", 1)[1]))

    def call(self, claims: Claims, function: str, **arguments: object) -> Any:
        """The first row of a public function that is called as the claims' owner; keeps the plans that it used."""
        rows = self.call_all(claims, function, **arguments)
        assert rows, f"{function} returned no row"
        return rows[0]

    def call_all(self, claims: Claims, function: str, **arguments: object) -> list[Row]:
        """Every row."""
        self.plans.clear()
        with self.connection.transaction():
            self.connection.execute("set local role authenticated")
            set_claims(self.connection, claims)
            return call_all(self.connection, function, **arguments)

    def run_duty(self, expression: str, now: datetime) -> Any:
        """Runs a function of private as cron does, at a time, and keeps the plans that it used."""
        self.plans.clear()
        at(self.connection, now)
        row = self.connection.execute(f"select private.{expression} as n").fetchone()
        assert row is not None
        return row["n"]

    @property
    def full_scans(self) -> list[str]:
        """Tables of the hot path that a statement of the last call read from end to end."""
        return [
            f"{node['Node Type']} of {node['Relation Name']}: {plan['Query Text']}"
            for plan in self.plans
            for node in nodes(plan["Plan"])
            if is_hot(node)
            and (node["Node Type"] == "Seq Scan" or ("Index" in node["Node Type"] and "Index Cond" not in node))
            and not any(words in plan["Query Text"] for words in READ_WHOLE)
        ]

    @property
    def hash_joins(self) -> list[str]:
        """Statements of the last call that join by building a table, whose cost grows with what is in it."""
        return [
            plan["Query Text"]
            for plan in self.plans
            for node in nodes(plan["Plan"])
            if node["Node Type"] in {"Hash Join", "Merge Join"} and any(is_hot(below) for below in nodes(node))
        ]

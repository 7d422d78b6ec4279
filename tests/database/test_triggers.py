"""Triggers: made, changed, fired and deleted through their functions, and what becomes of deliveries."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.database.triggering import accepted, create, deliver, deliveries, jobs, read, receiver, update
from tests.databases import at
from tests.factories import make_member, make_workflow
from tests.fleets import Fleet, Row, call, call_all, refused

OPEN: dict[str, Any] = {"rate_limit_per_minute": 0}


# -- making and changing


def test_a_new_webhook_has_a_path_that_nobody_guesses_and_accepts_nothing_without_a_secret(fleet: Fleet) -> None:
    trigger, other = create(fleet), create(fleet)
    assert (trigger["trigger_type"], trigger["is_enabled"], trigger["trigger_count"]) == ("webhook", True, 0)
    assert len(trigger["path"]) == 41
    assert trigger["path"] != other["path"]
    assert trigger["config"] == {"auth": "secret", "path": trigger["path"]}
    assert read(fleet, trigger) == trigger
    with receiver(fleet) as functions:
        row = functions.execute("select private.find_webhook(%s, null) as w", [trigger["trigger_id"]]).fetchone()
    assert row is not None
    assert row["w"]["secrets"] == []


@pytest.mark.parametrize(
    ("trigger_type", "config", "words"),
    [
        ("magic", {}, "trigger_type must be one of"),
        ("webhook", {"auth": "trust"}, "config.auth must be one of secret, bearer"),
        ("webhook", {"secret": "x" * 32}, "config.secret"),
        ("webhook", {"colour": "red"}, "config has no field colour"),
        ("webhook", {"cooldown_seconds": -1}, "config.cooldown_seconds must lie between 0"),
        ("webhook", {"cooldown_seconds": 1.5}, "config.cooldown_seconds must be integer"),
        ("webhook", {"priority": 21}, "config.priority"),
        ("webhook", {"path": "/a/../b"}, "config.path"),
        ("webhook", {"path": "a b"}, "config.path"),
        ("webhook", {"methods": []}, "config.methods must have 1 to 5"),
        ("webhook", {"methods": ["OPTIONS"]}, "each of config.methods"),
        ("webhook", {"allowed_ips": ["example.org"]}, "config.allowed_ips"),
        ("webhook", {"payload_filter": {"a": {"b": 1}}}, "config.payload_filter: a"),
        ("webhook", {"retry_policy": {"policy": "often"}}, "policy"),
        ("webhook", {"required_tags": ["pool:x"]}, "required_tags"),
        ("webhook", {"schema": {"x": ["y"] * 70000}}, "128 KB"),
        ("workflow_call", {}, "config must have source_workflow_id"),
        ("workflow_call", {"source_workflow_id": "x"}, "config.source_workflow_id"),
        ("event_bus", {"events": ["*"]}, "each of config.events"),
        ("error", {"input_mapping": {"a": "$..b"}}, "$..b must be a path to one place"),
        ("schedule", {}, "cron_expression"),
        ("schedule", {"cron": "@daily", "colour": "red"}, "colour"),
        ("schedule", {"cron": "0 25 * * *"}, "hour"),
        ("file_watch", {}, "config must have path"),
    ],
)
def test_a_trigger_that_breaks_a_rule_is_refused(
    fleet: Fleet, trigger_type: str, config: dict[str, Any], words: str
) -> None:
    with refused(400, "INVALID_ARGUMENT", words):
        create(fleet, trigger_type, **config)
    assert fleet.member.execute("select * from public.triggers").fetchall() == []


def test_a_type_that_does_not_work_yet_is_refused_by_name(fleet: Fleet) -> None:
    with refused(501, "TRIGGER_TYPE_UNAVAILABLE", "api_poll", "integrations"):
        create(fleet, "api_poll")
    row = call(fleet.member, "test_trigger", trigger_type="api_poll", config={})
    assert "integrations" in row["test_trigger"]


def test_every_type_that_can_be_made_is_made(fleet: Fleet) -> None:
    needed = {
        "schedule": {"cron": "@daily"},
        "workflow_call": {"source_workflow_id": str(fleet.workflow.workflow_id)},
        "event_bus": {"events": ["robot.*", "job.failed"]},
        "file_watch": {"path": "in"},
        "email": {"mailbox": "a@example.test"},
    }
    types = call_all(fleet.member, "list_trigger_types")
    made = [
        create(fleet, row["trigger_type"], **needed.get(row["trigger_type"], {}))["trigger_type"]
        for row in types
        if row["unavailable"] is None
    ]
    assert len(made) == 12
    assert {row["trigger_type"] for row in types} - set(made) == {"api_poll"}


def test_what_a_trigger_refers_to_must_be_the_tenants(fleet: Fleet, stranger: Fleet) -> None:
    foreign = stranger.workflow.workflow_id
    with refused(404, "WORKFLOW_NOT_FOUND"):
        call(fleet.member, "create_trigger", workflow_id=foreign, name="x", trigger_type="manual")
    with refused(404, "WORKFLOW_NOT_FOUND"):
        create(fleet, "workflow_call", source_workflow_id=str(foreign))
    with refused(404, "ROBOT_NOT_FOUND"):
        create(fleet, robot_id=stranger.robot().external_id)
    with refused(404, "POOL_NOT_FOUND"):
        create(fleet, pool="x")
    trigger = create(fleet)
    with refused(404, "WORKFLOW_NOT_FOUND"):
        update(fleet, trigger, workflow_id=str(foreign))


def test_a_path_is_unique_in_the_installation_and_free_again_after_a_deletion(fleet: Fleet, stranger: Fleet) -> None:
    path = f"hooks/{uuid.uuid4().hex}"
    trigger = create(fleet, path=path)
    assert trigger["path"] == f"/{path}"
    with refused(409, "WEBHOOK_PATH_TAKEN"):
        create(stranger, path=f"/{path}/")
    other = create(stranger)
    with refused(409, "WEBHOOK_PATH_TAKEN"):
        update(stranger, other, config={"path": path})
    call(fleet.member, "delete_trigger", trigger_id=trigger["trigger_id"])
    assert update(stranger, other, config={"path": path})["path"] == f"/{path}"


def test_an_update_changes_what_it_names_and_keeps_path_and_auth(fleet: Fleet) -> None:
    trigger = create(fleet, auth="github", cooldown_seconds=5)
    fleet.travel(minutes=1)
    changed = update(fleet, trigger, name="Other", config={"priority": 3, "payload_filter": {"a": None, "b": 1}})
    assert (changed["name"], changed["path"]) == ("Other", trigger["path"])
    kept = {"auth": "github", "path": trigger["path"], "priority": 3}
    assert changed["config"] == kept | {"cooldown_seconds": 5, "payload_filter": {"a": None, "b": 1}}
    changed = update(fleet, trigger, config={"payload_filter": {"b": 2}, "cooldown_seconds": None, "path": None})
    assert (changed["config"], changed["path"]) == (kept | {"payload_filter": {"b": 2}}, trigger["path"])
    assert changed["updated_at"] == fleet.now
    with refused(400, "INVALID_ARGUMENT", "config.auth cannot be changed"):
        update(fleet, trigger, config={"auth": "none"})
    with refused(400, "INVALID_ARGUMENT", "config has no field colour"):
        update(fleet, trigger, config={"colour": None})
    for changes in ({"trigger_count": 3}, {"path": "x"}, {"is_enabled": "perhaps"}, {"config": []}, {"name": ""}):
        with refused(400, "INVALID_ARGUMENT"):
            update(fleet, trigger, **changes)
    assert read(fleet, trigger) == changed


def test_a_tenant_has_a_bounded_number_of_triggers(fleet: Fleet) -> None:
    for _ in range(100):
        create(fleet, "manual")
    with refused(409, "TOO_MANY_TRIGGERS", "100"):
        create(fleet, "manual")
    fleet.owner.execute("update public.tenants set plan = 'pro' where tenant_id = %s", [fleet.tenant.tenant_id])
    create(fleet, "manual")


# -- secrets


def secrets_of(fleet: Fleet, trigger: Row) -> list[str]:
    with receiver(fleet) as functions:
        row = functions.execute("select private.find_webhook(null, %s) as w", [trigger["path"]]).fetchone()
    assert row is not None
    return [item["sealed"] for item in row["w"]["secrets"]]


def test_two_secrets_hold_during_a_rotation_and_never_three(fleet: Fleet) -> None:
    trigger = create(fleet, auth="github")
    for number in range(3):
        call(
            fleet.member,
            "set_trigger_secret",
            trigger_id=trigger["trigger_id"],
            sealed=bytes([number]) * 48,
            overlap_seconds=60,
        )
    assert len(set(secrets_of(fleet, trigger))) == 2
    newest = secrets_of(fleet, trigger)[0]
    fleet.travel(seconds=60)
    assert secrets_of(fleet, trigger) == [newest]
    call(fleet.member, "set_trigger_secret", trigger_id=trigger["trigger_id"], sealed=b"x" * 48)
    assert len(secrets_of(fleet, trigger)) == 1
    assert secrets_of(fleet, trigger) != [newest]


def test_a_secret_is_needed_where_somebody_proves_something_and_has_a_form(fleet: Fleet) -> None:
    for trigger in (create(fleet, auth="none"), create(fleet, "manual")):
        with refused(409, "TRIGGER_HAS_NO_SECRET"):
            call(fleet.member, "set_trigger_secret", trigger_id=trigger["trigger_id"], key_hash=b"h" * 32)
    trigger = create(fleet)
    for arguments in ({}, {"key_hash": b"h"}, {"sealed": b"s"}, {"key_hash": b"h" * 32, "sealed": b"s" * 48}):
        with refused(400, "INVALID_ARGUMENT"):
            call(fleet.member, "set_trigger_secret", trigger_id=trigger["trigger_id"], **arguments)


def test_what_is_remembered_of_a_webhook_counts_only_while_it_is_so(fleet: Fleet) -> None:
    trigger = create(fleet, **OPEN)

    def known(name: str, version: int, seconds: float = 0.0) -> Any:
        at = fleet.now.timestamp() + seconds
        with receiver(fleet) as functions:
            row = functions.execute(
                "select private.receive_delivery(%s, %s, '{}', '{}', %s, %s) as answer",
                [trigger["trigger_id"], Jsonb({"message_id": name}), version, at],
            ).fetchone()
        assert row is not None
        return row["answer"]

    assert known("a", trigger["version"])["outcome"] == "accepted"
    for seconds in (-6, 6):
        assert known("b", trigger["version"], seconds) is None
    for number, do in enumerate(
        (
            lambda: update(fleet, trigger, config={"priority": 1}),
            lambda: call(fleet.member, "set_trigger_secret", trigger_id=trigger["trigger_id"], key_hash=b"h" * 32),
        ),
        trigger["version"],
    ):
        do()
        assert known("b", number) is None
        assert known(f"c{number}", number + 1)["outcome"] == "accepted"
    fleet.owner.execute("update public.tenants set deleted_at = now() where tenant_id = %s", [fleet.tenant.tenant_id])
    assert known("b", trigger["version"] + 2) is None
    mine = fleet.owner.execute("select from public.jobs where tenant_id = %s", [fleet.tenant.tenant_id])
    assert len(mine.fetchall()) == 3


def test_whoever_follows_the_events_learns_of_triggers_made_changed_and_deleted(fleet: Fleet) -> None:
    create(fleet, "event_bus", events=["trigger.*"])
    trigger = create(fleet)
    update(fleet, trigger, is_enabled=False)
    call(fleet.member, "delete_trigger", trigger_id=trigger["trigger_id"])
    assert (
        fleet.owner.execute("select from private.chain_inbox where tenant_id = %s", [fleet.tenant.tenant_id]).fetchall()
        == []
    )  # nobody fires by editing
    told = fleet.owner.execute(
        "select event_type, data, actor_id from private.event_inbox "
        "where tenant_id = %s and event_type like 'trigger.%%' order by inbox_id",
        [fleet.tenant.tenant_id],
    ).fetchall()[1:]
    assert [row["event_type"] for row in told] == ["trigger.created", "trigger.updated", "trigger.deleted"]
    assert {row["data"]["trigger_id"] for row in told} == {str(trigger["trigger_id"])}
    assert [row["data"]["is_enabled"] for row in told] == [True, False, False]
    assert {row["actor_id"] for row in told} == {fleet.tenant.admin.user_id}


# -- deliveries


def test_a_delivery_is_a_job_once_however_often_it_comes(fleet: Fleet) -> None:
    trigger = create(fleet, priority=2, environment="lab", metadata={"a": 1}, concurrency_key="$.n")
    first = accepted(fleet, trigger, "msg-1", {"n": 7})
    assert (first["outcome"], first["status_code"], first["rate_limit"], first["remaining"]) == ("accepted", 200, 10, 9)
    fleet.travel(days=7, hours=23)
    again = accepted(fleet, trigger, "msg-1", {"n": 8})
    assert (again["outcome"], again["job_id"]) == ("duplicate", first["job_id"])
    [job] = jobs(fleet)
    assert str(job["job_id"]) == first["job_id"]
    assert (job["trigger_type"], job["priority"], job["environment"]) == ("webhook", 2, "lab")
    assert (job["input"], job["concurrency_key"]) == ({"n": 7}, "7")
    assert job["metadata"]["trigger"]["delivery_id"] == first["delivery_id"]
    assert (job["metadata"]["a"], job["created_by"]) == (1, fleet.tenant.admin.user_id)
    assert [row["outcome"] for row in deliveries(fleet, trigger)] == ["accepted", "duplicate"]
    assert [str(row["first_id"]) for row in deliveries(fleet, trigger)] == ["None", first["delivery_id"]]
    assert fleet.events(job["job_id"]) == ["job.queued", "trigger.fired"]
    state = read(fleet, trigger)
    assert (state["trigger_count"], state["duplicate_count"]) == (1, 1)


def test_copies_of_a_delivery_that_come_at_once_are_one_job(fleet: Fleet) -> None:
    trigger = create(fleet, **OPEN)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: accepted(fleet, trigger, "same"), range(50)))
    assert len(jobs(fleet)) == 1
    assert sorted({answer["outcome"] for answer in answers}) == ["accepted", "duplicate"]
    assert len({answer["job_id"] for answer in answers}) == 1


def test_the_same_body_without_a_name_is_the_same_delivery_for_a_while(fleet: Fleet) -> None:
    trigger = create(fleet, **OPEN)
    body = "\\x" + "ab" * 32
    first = accepted(fleet, trigger, body_hash=body)
    fleet.travel(seconds=299)
    assert accepted(fleet, trigger, body_hash=body)["job_id"] == first["job_id"]
    fleet.travel(seconds=2)
    assert accepted(fleet, trigger, body_hash=body)["outcome"] == "accepted"
    always = create(fleet, dedupe_window_seconds=0, **OPEN)
    assert [accepted(fleet, always, body_hash=body)["outcome"] for _ in "ab"] == ["accepted", "accepted"]


def test_cooldown_and_rate_limit_hold_and_a_repeat_passes_both(fleet: Fleet) -> None:
    trigger = create(fleet, cooldown_seconds=45)
    first = accepted(fleet, trigger, "a")
    limited = accepted(fleet, trigger, "b")
    assert (limited["outcome"], limited["status_code"], limited["cooldown_remaining"]) == ("limited", 429, 45)
    assert limited["reason"] == "Trigger is in cooldown period"
    assert accepted(fleet, trigger, "a")["job_id"] == first["job_id"]
    fleet.travel(seconds=45)
    assert accepted(fleet, trigger, "b")["outcome"] == "accepted"

    busy = create(fleet)
    for number in range(10):
        assert accepted(fleet, busy, str(number))["remaining"] == 9 - number
    assert accepted(fleet, busy, "10")["cooldown_remaining"] == 60
    fleet.travel(seconds=60)
    assert accepted(fleet, busy, "10")["outcome"] == "accepted"
    assert read(fleet, busy)["limited_count"] == 1


def test_a_limit_is_exact_when_all_come_at_once(fleet: Fleet) -> None:
    trigger = create(fleet)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: accepted(fleet, trigger, str(n)), range(40)))
    assert [answer["outcome"] for answer in answers].count("accepted") == 10
    assert len(jobs(fleet)) == 10


def test_a_transaction_that_began_earlier_and_comes_later_opens_no_new_window(fleet: Fleet) -> None:
    limited, free = create(fleet, rate_limit_per_minute=1), create(fleet, **OPEN)
    began = fleet.now
    for trigger in (limited, free):
        fleet.now = began + timedelta(seconds=5)
        fleet.travel()
        assert accepted(fleet, trigger, "a")["outcome"] == "accepted"
        fleet.now = began
        fleet.travel()
    assert accepted(fleet, limited, "b")["outcome"] == "limited"
    assert accepted(fleet, free, "b")["outcome"] == "accepted"
    fleet.now = began - timedelta(hours=1)  # the server's clock was set back
    fleet.travel()
    assert accepted(fleet, limited, "c")["outcome"] == "accepted"


def test_what_the_door_filtered_or_rejected_is_written_down_and_no_job(fleet: Fleet) -> None:
    trigger = create(fleet)
    filtered = accepted(fleet, trigger, "f", outcome="filtered")
    assert (filtered["outcome"], filtered["job_id"]) == ("filtered", None)
    assert accepted(fleet, trigger, "f")["outcome"] == "duplicate"  # the first answer holds
    rejected = accepted(fleet, trigger, "r", outcome="rejected", status_code=400, reason="n must be text")
    assert (rejected["outcome"], rejected["status_code"]) == ("rejected", 400)
    assert read(fleet, trigger)["error_message"] == "n must be text"
    assert accepted(fleet, trigger, "r")["outcome"] == "accepted"  # it was put right
    assert read(fleet, trigger)["error_message"] is None


def test_refusals_fill_no_table(fleet: Fleet) -> None:
    trigger = create(fleet)
    for _ in range(70):
        accepted(fleet, trigger, outcome="rejected", status_code=401, reason="signature")
    assert len(deliveries(fleet, trigger)) == 60
    assert read(fleet, trigger)["rejected_count"] == 70
    assert accepted(fleet, trigger, "good")["outcome"] == "accepted"
    assert len(deliveries(fleet, trigger)) == 61


def test_a_job_that_the_queue_refuses_is_a_rejected_delivery_that_may_come_again(fleet: Fleet) -> None:
    trigger = create(fleet)
    fleet.owner.execute(
        "update public.workflows set status = 'draft' where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    answer = accepted(fleet, trigger, "x")
    assert (answer["outcome"], answer["status_code"], answer["error_code"]) == (
        "rejected",
        409,
        "WORKFLOW_NOT_RUNNABLE",
    )
    fleet.owner.execute(
        "update public.workflows set status = 'published' where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    assert accepted(fleet, trigger, "x")["outcome"] == "accepted"


def test_a_webhook_that_is_disabled_deleted_or_none_is_not_there(fleet: Fleet) -> None:
    trigger = create(fleet)
    update(fleet, trigger, is_enabled=False)
    assert deliver(fleet, trigger, "x") is None
    update(fleet, trigger, is_enabled=True)
    assert deliver(fleet, trigger, "x") is not None
    call(fleet.member, "delete_trigger", trigger_id=trigger["trigger_id"])
    assert deliver(fleet, trigger, "y") is None
    assert deliver(fleet, create(fleet, "manual"), "x") is None
    with receiver(fleet) as functions:
        for arguments in ((trigger["trigger_id"], None), (None, trigger["path"]), (uuid.uuid4(), None), (None, "/x")):
            row = functions.execute("select private.find_webhook(%s, %s) as w", arguments).fetchone()
            assert row == {"w": None}


def test_a_workflow_that_is_disabled_or_deleted_disables_its_triggers_and_says_so(fleet: Fleet) -> None:
    trigger, chain = create(fleet), create(fleet, "error")
    fleet.owner.execute(
        "update public.workflows set is_enabled = false where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    for row in (read(fleet, trigger), read(fleet, chain)):
        assert (row["is_enabled"], row["disabled_reason"]) == (False, "The workflow was disabled.")
    fleet.owner.execute(
        "update public.workflows set is_enabled = true where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    assert update(fleet, trigger, is_enabled=True)["disabled_reason"] is None
    answer = call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)["delete_workflow"]
    assert answer["disabled_triggers"] == 1
    assert read(fleet, trigger)["disabled_reason"] == "The workflow was deleted."
    told = fleet.owner.execute(
        "select data from private.event_inbox where event_type = 'trigger.disabled' and tenant_id = %s "
        "order by inbox_id",
        [fleet.tenant.tenant_id],
    ).fetchall()
    assert [row["data"]["count"] for row in told] == [2, 1]
    with refused(404, "WORKFLOW_NOT_FOUND"):
        update(fleet, trigger, is_enabled=True)


# -- firing by hand and from robots


def test_a_person_fires_a_trigger_whatever_its_limits_and_a_delivery_comes_again(fleet: Fleet) -> None:
    trigger = create(
        fleet, cooldown_seconds=60, input_mapping={"id": "$.order.id", "where": "$$.x", "n": 3, "none": "$.missing"}
    )
    update(fleet, trigger, is_enabled=False)
    answers = [
        call(fleet.member, "fire_trigger", trigger_id=trigger["trigger_id"], payload={"order": {"id": 5}}) for _ in "ab"
    ]
    assert [answer["outcome"] for answer in answers] == ["accepted", "accepted"]
    again = call(fleet.member, "fire_trigger", trigger_id=trigger["trigger_id"], replay_of=answers[0]["delivery_id"])
    assert again["outcome"] == "accepted"
    assert [job["input"] for job in jobs(fleet)] == [{"id": 5, "where": "$.x", "n": 3}] * 3
    assert deliveries(fleet, trigger)[-1]["replay_of"] == answers[0]["delivery_id"]
    with refused(404, "DELIVERY_NOT_FOUND"):
        call(fleet.member, "fire_trigger", trigger_id=trigger["trigger_id"], replay_of=uuid.uuid4())
    fleet.travel(days=4)
    fleet.run("purge_expired_trigger_delivery_bodies")
    with refused(409, "DELIVERY_BODY_GONE"):
        call(fleet.member, "fire_trigger", trigger_id=trigger["trigger_id"], replay_of=again["delivery_id"])
    for payload in ([], "x", 1):
        with refused(400, "INVALID_ARGUMENT", "payload"):
            fleet.member.execute(
                "select public.fire_trigger(%s, %s)", [trigger["trigger_id"], f"{payload!r}".replace("'", '"')]
            )


def test_a_robot_fires_what_robots_see_and_nothing_else(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    mine = create(fleet, "file_watch", path="in", robot_id=robot.external_id, payload_filter={"$.kind": ["pdf", "txt"]})
    anybodys, webhook = create(fleet, "chat"), create(fleet)
    seen = call_all(fleet.robots[robot.robot_id], "list_robot_triggers")
    assert [row["trigger_id"] for row in seen] == [mine["trigger_id"], anybodys["trigger_id"]]
    assert [row["trigger_id"] for row in call_all(fleet.robots[other.robot_id], "list_robot_triggers")] == [
        anybodys["trigger_id"]
    ]
    fire = fleet.robots[robot.robot_id]
    answer = call(fire, "fire_trigger", trigger_id=mine["trigger_id"], payload={"kind": "pdf"}, message_id="1")
    assert answer["outcome"] == "accepted"
    assert (jobs(fleet)[0]["trigger_type"], jobs(fleet)[0]["created_by"]) == ("file_watch", robot.robot_id)
    again = call(fire, "fire_trigger", trigger_id=mine["trigger_id"], payload={"kind": "pdf"}, message_id="1")
    assert (again["outcome"], again["job_id"]) == ("duplicate", answer["job_id"])
    assert call(fire, "fire_trigger", trigger_id=mine["trigger_id"], payload={"kind": "doc"})["outcome"] == "filtered"
    for trigger, caller in ((webhook, robot), (mine, other)):
        with refused(404, "TRIGGER_NOT_FOUND"):
            call(fleet.robots[caller.robot_id], "fire_trigger", trigger_id=trigger["trigger_id"])
    update(fleet, mine, is_enabled=False)
    with refused(409, "TRIGGER_DISABLED"):
        call(fire, "fire_trigger", trigger_id=mine["trigger_id"])


def test_readers_change_nothing_operators_fire_and_strangers_see_nothing(fleet: Fleet, stranger: Fleet) -> None:
    trigger = create(fleet)
    for role, may_fire in (("operator", True), ("viewer", False)):
        reader = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, role).claims)
        at(reader, fleet.now)
        assert len(reader.execute("select * from public.triggers").fetchall()) == 1
        for function, arguments in (
            ("update_trigger", {"changes": {"name": "x"}}),
            ("delete_trigger", {}),
            ("set_trigger_secret", {"key_hash": b"h" * 32}),
        ):
            with refused(403, "FORBIDDEN"):
                call(reader, function, trigger_id=trigger["trigger_id"], **arguments)
        if may_fire:
            assert call(reader, "fire_trigger", trigger_id=trigger["trigger_id"])["outcome"] == "accepted"
        else:
            with refused(403, "FORBIDDEN"):
                call(reader, "fire_trigger", trigger_id=trigger["trigger_id"])
    assert stranger.member.execute("select * from public.triggers").fetchall() == []
    for function, arguments in (("update_trigger", {"changes": {}}), ("delete_trigger", {}), ("fire_trigger", {})):
        with refused(404, "TRIGGER_NOT_FOUND"):
            call(stranger.member, function, trigger_id=trigger["trigger_id"], **arguments)


# -- other kinds


def test_a_schedule_is_made_changed_and_deleted_with_its_trigger(fleet: Fleet) -> None:
    trigger = create(fleet, "schedule", cron="@daily", priority=3)

    def schedules() -> list[Row]:
        return fleet.member.execute("select * from public.schedules").fetchall()

    [schedule] = schedules()
    assert schedule["schedule_id"] == trigger["schedule_id"]
    assert (schedule["cron_expression"], schedule["priority"], schedule["name"]) == ("@daily", 3, "Trigger")
    update(fleet, trigger, config={"cron": "@hourly", "dedupe_key": "x"}, name="Other")
    assert (schedules()[0]["cron_expression"], schedules()[0]["priority"]) == ("@hourly", 3)
    changed = update(fleet, trigger, config={"dedupe_key": None})
    assert (schedules()[0]["dedupe_key"], changed["config"]) == (None, {"cron": "@hourly", "priority": 3})
    with refused(400, "INVALID_ARGUMENT", "priority"):
        update(fleet, trigger, config={"priority": None})  # a schedule has one
    assert call(fleet.member, "fire_trigger", trigger_id=trigger["trigger_id"])["job_id"] == jobs(fleet)[0]["job_id"]
    update(fleet, trigger, is_enabled=False)
    assert schedules()[0]["next_run_at"] is None
    call(fleet.member, "delete_trigger", trigger_id=trigger["trigger_id"])
    assert schedules() == []


def test_a_completed_job_starts_another_with_its_result_once(fleet: Fleet) -> None:
    source = call(fleet.member, "submit_workflow", name="Source", definition={"nodes": []})["workflow_id"]
    create(fleet, "workflow_call", source_workflow_id=str(source))
    failing = create(fleet, "error", input_mapping={"what": "$.data.error_message", "job": "$.job_id"})
    robot = fleet.robot()
    fleet.enqueue(workflow_id=source)
    done = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", done, result={"total": 3})
    assert fleet.run("fire_chains") == 1
    assert fleet.run("fire_chains") == 0
    chained = fleet.claim_one(robot)
    assert (chained["workflow_id"], chained["input"]) == (fleet.workflow.workflow_id, {"total": 3})
    assert fleet.job(chained["job_id"])["trigger_type"] == "workflow_call"
    fleet.report(robot, "fail_job", chained, error_message="broken", retryable=False)
    assert fleet.run("fire_chains") == 1
    last = fleet.claim_one(robot)
    assert last["input"] == {"what": "broken", "job": str(chained["job_id"])}
    assert deliveries(fleet, failing)[0]["source"] == "event"


def test_a_chain_that_starts_itself_ends(fleet: Fleet) -> None:
    trigger = create(fleet, "workflow_call", source_workflow_id=str(fleet.workflow.workflow_id))
    robot = fleet.robot()
    fleet.enqueue(metadata={"trigger": {"depth": "-5"}})
    count = 0
    while found := fleet.claim(robot):
        fleet.report(robot, "complete_job", found[0], result=None)
        fleet.run("fire_chains")
        count += 1
        assert count < 20
    assert count == 11
    last = deliveries(fleet, trigger)[-1]
    assert (last["outcome"], last["status_code"]) == ("rejected", 409)
    assert "Ten jobs" in last["reason"]


def test_an_event_fires_what_waits_for_it_and_nothing_is_kept_for_others(fleet: Fleet, stranger: Fleet) -> None:
    trigger = create(fleet, "event_bus", events=["robot.*"], payload_filter={"data.reason": "flood"})
    for fleet_of_event in (fleet, stranger):
        for event, data in (("robot.offline", '{"reason": "flood"}'), ("robot.offline", "{}"), ("queue.full", "{}")):
            fleet.owner.execute(
                "select private.emit_event(%s, %s, p_data => %s)", [fleet_of_event.tenant.tenant_id, event, data]
            )
    kept = fleet.owner.execute(
        "select tenant_id from private.chain_inbox where event_type in ('robot.offline', 'queue.full')"
    ).fetchall()
    assert {row["tenant_id"] for row in kept} == {fleet.tenant.tenant_id}
    fleet.run("fire_chains")
    assert [row["outcome"] for row in deliveries(fleet, trigger)] == ["accepted", "filtered"]
    fleet.run("fire_chains")  # what the job itself was
    update(fleet, trigger, is_enabled=False)
    fleet.owner.execute("select private.emit_event(%s, 'robot.offline')", [fleet.tenant.tenant_id])
    assert fleet.owner.execute("select * from private.chain_inbox").fetchall() == []


def test_a_schedule_that_fired_is_an_event_for_triggers_too(fleet: Fleet) -> None:
    other = make_workflow(fleet.database, fleet.tenant)
    plain = {"workflow_id": str(other.workflow_id), "name": "plain", "cron_expression": "* * * * *"}
    call(fleet.member, "create_schedule", schedule=plain)
    create(fleet, "event_bus", events=["schedule.fired"])
    fleet.travel(minutes=1)
    assert fleet.run("fire_due_schedules") >= 1
    fleet.run("fire_chains")
    rows = fleet.owner.execute(
        "select trigger_type::text as t, count(*) as n from public.jobs where tenant_id = %s group by 1",
        [fleet.tenant.tenant_id],
    ).fetchall()
    assert {row["t"]: row["n"] for row in rows} == {"scheduled": 1, "event_bus": 1}


def test_a_change_of_a_table_enqueues_in_its_own_transaction(fleet: Fleet) -> None:
    trigger = create(fleet, "db_change", events=["insert"], input_mapping={"id": "$.record.id"})
    owner = fleet.owner
    owner.execute("create schema if not exists shop; create table shop.orders (id integer, paid boolean)")
    owner.execute(
        "create trigger fire after insert or update on shop.orders for each row "
        f"execute function private.fire_on_change('{trigger['trigger_id']}')"
    )
    try:
        with owner.transaction(force_rollback=True):
            owner.execute("insert into shop.orders values (1, false)")
        assert jobs(fleet) == []
        owner.execute("insert into shop.orders values (2, false)")
        owner.execute("update shop.orders set paid = true")
        assert [(job["input"], job["trigger_type"]) for job in jobs(fleet)] == [({"id": 2}, "db_change")]
        owner.execute(
            "update public.workflows set is_enabled = false where workflow_id = %s", [fleet.workflow.workflow_id]
        )
        owner.execute("insert into shop.orders values (3, false)")  # a change is never refused
    finally:
        owner.execute("drop schema shop cascade")
    assert len(jobs(fleet)) == 1


def test_deliveries_leave_after_their_time_and_never_within_eight_days(fleet: Fleet) -> None:
    trigger = create(fleet)
    accepted(fleet, trigger, "x")
    fleet.travel(days=7, hours=23)
    fleet.run("purge_expired_trigger_deliveries")
    assert accepted(fleet, trigger, "x")["outcome"] == "duplicate"
    with refused(400, "INVALID_ARGUMENT", "trigger_deliveries"):
        call(fleet.member, "set_retention", days={"trigger_deliveries": 1})
    call(fleet.member, "set_retention", days={"trigger_delivery_bodies": 1})
    fleet.now += timedelta(days=9)
    fleet.travel()
    fleet.run("purge_expired_trigger_deliveries")
    assert deliveries(fleet, trigger) == []


def test_a_clock_that_was_set_back_ends_a_cooldown(fleet: Fleet) -> None:
    trigger = create(fleet, cooldown_seconds=45)
    fleet.travel(days=1)
    assert accepted(fleet, trigger, "a")["outcome"] == "accepted"
    fleet.travel(days=-1)
    assert accepted(fleet, trigger, "b")["outcome"] == "accepted"
    assert accepted(fleet, trigger, "c")["cooldown_remaining"] == 45


def test_triggers_that_hear_of_every_job_start_no_storm(fleet: Fleet) -> None:
    for _ in range(2):
        create(fleet, "event_bus", events=["job.*", "trigger.*"])
    create(fleet, "error")
    robot = fleet.robot()
    fleet.enqueue()
    waits = True
    while waits:
        waits = bool(fleet.run("fire_chains"))
        for job in fleet.claim(robot):
            fleet.report(robot, "fail_job", job, error_message="broken", retryable=False)
            waits = True
        assert len(jobs(fleet)) < 150  # what was started would start six, those thirty-six, and so on ten times
    assert all(
        len(set(job["metadata"]["trigger"]["chain"])) == job["metadata"]["trigger"]["depth"]
        for job in jobs(fleet)
        if "trigger" in job["metadata"]
    )


def test_a_turn_of_chains_ends_after_so_many_deliveries_and_goes_on_where_it_was(fleet: Fleet) -> None:
    triggers = [create(fleet, "event_bus", events=["robot.offline"]) for _ in range(4)]
    for _ in range(5):
        fleet.owner.execute("select private.emit_event(%s, 'robot.offline')", [fleet.tenant.tenant_id])
    turns = [
        fleet.owner.execute("select * from private.fire_chains(%s, 8, null)", [fleet.tenant.tenant_id]).fetchone()
        for _ in range(3)
    ]
    assert [turn["done"] for turn in turns if turn] == [8, 8, 4]
    assert [len(deliveries(fleet, trigger)) for trigger in triggers] == [5] * 4


@pytest.mark.parametrize("network", ["10", "10.1", "127/8", "010.0.0.1", "0x0a000000", "10.0.0.1/8", "x", " ::1"])
def test_networks_are_written_as_everybody_reads_them(fleet: Fleet, network: str) -> None:
    with refused(400, "INVALID_ARGUMENT", "allowed_ips"):
        create(fleet, allowed_ips=[network])
    create(fleet, allowed_ips=["10.1.0.0/16", "192.0.2.7", "2001:DB8::/32", "::ffff:192.0.2.7"])

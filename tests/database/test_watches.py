"""What happens is pushed while somebody says that they watch: a tenant's changes by a bell, a job's details."""

import uuid
from collections.abc import Iterator

import pytest
from tests.databases import Database, at
from tests.factories import Robot, make_member, make_robot
from tests.fleets import Fleet, Row, call, call_all, make_fleet, refused


@pytest.fixture
def fleet(shared_database: Database) -> Iterator[Fleet]:
    fleet = make_fleet(shared_database)
    yield fleet
    fleet.close()


def run_a_job(fleet: Fleet, robot: Robot | None = None, *, pause: int = 0) -> Row:
    """A job from the queue to its end, with a robot that waits for it; so many milliseconds between its steps."""
    robot = robot or fleet.robot()
    assert fleet.claim(robot, listening=True) == []
    job = fleet.enqueue()
    fleet.travel(milliseconds=pause)
    claimed = fleet.claim_one(robot)
    for function, arguments in (("start_job", {}), ("report_progress", {"progress": 50}), ("complete_job", {})):
        fleet.travel(milliseconds=pause)
        fleet.report(robot, function, claimed, **arguments)
    return {**job, "robot": robot}


def messages(fleet: Fleet) -> list[str]:
    """Every message there is about the tenant: the events of its bells, its jobs and its robots."""
    rows = fleet.owner.execute(
        """
        select m.event
        from realtime.messages as m
        where m.topic = 'tenant:' || %(tenant)s::uuid || ':changes'
            or m.topic in (select 'job:' || j.job_id from public.jobs as j where j.tenant_id = %(tenant)s::uuid)
            or m.topic in (select 'robot:' || r.robot_id from public.robots as r where r.tenant_id = %(tenant)s::uuid)
        """,
        {"tenant": str(fleet.tenant.tenant_id)},
    ).fetchall()
    return [row["event"] for row in rows]


def set_pushes(fleet: Fleet, word: str) -> None:
    fleet.owner.execute(
        "update public.tenants set settings = jsonb_build_object('realtime', jsonb_build_object('jobs', %s::text)) "
        "where tenant_id = %s",
        [word, fleet.tenant.tenant_id],
    )


# -- how many messages


def test_while_nobody_watches_a_job_is_one_message_the_bell_of_its_robot(fleet: Fleet) -> None:
    run_a_job(fleet, pause=500)
    assert messages(fleet) == ["job_available"]


def test_jobs_of_a_tenant_with_a_hundred_watchers_are_at_most_three_messages_each(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.travel(hours=1)  # what is made here is made by the clock on the wall
    members = [make_member(fleet.database, fleet.tenant, "viewer") for _ in range(4)]
    for n in range(100):
        watcher = fleet.database.connect("authenticated", members[n % 4].claims)
        at(watcher, fleet.now)
        call(watcher, "watch")
        watcher.close()
    for _ in range(10):
        fleet.travel(seconds=1)
        run_a_job(fleet, robot, pause=60)
    told = messages(fleet)
    assert told.count("job_available") == 10
    assert len(told) <= 30
    fleet.travel(seconds=1)
    fleet.fill(1)
    for _ in range(50):
        fleet.enqueue()
    assert len(messages(fleet)) == len(told) + 1, "many changes are one bell"


# -- the bell


def test_a_bell_rings_at_once_and_then_every_quarter_of_a_second_at_most(fleet: Fleet) -> None:
    fleet.watch()
    for milliseconds, bells in ((0, 1), (100, 1), (150, 1), (1, 2), (250, 2), (1, 3)):
        fleet.travel(milliseconds=milliseconds)
        fleet.enqueue()
        assert len(fleet.bells()) == bells, milliseconds


def test_who_hears_a_bell_finds_all_changes_after_the_cursor_of_the_watch(fleet: Fleet) -> None:
    fleet.enqueue()
    answer = fleet.watch()
    assert answer["topic"] == f"tenant:{fleet.tenant.tenant_id}:changes"
    assert (answer["pushes"], answer["renew_after_seconds"]) == ("watched", 30)
    assert answer["after"] == call_all(fleet.member, "list_events")[-1]["seq"]
    job = fleet.enqueue()
    [bell] = fleet.bells()
    assert (bell["event"], bell["payload"]["after"]) == ("changed", answer["after"])
    events = call_all(fleet.member, "list_events", after=answer["after"])
    assert [(event["event_type"], event["job_id"]) for event in events] == [("job.queued", job["job_id"])]


def test_a_watch_lapses_after_a_minute(fleet: Fleet) -> None:
    fleet.watch()
    fleet.travel(seconds=59)
    fleet.enqueue()
    assert len(fleet.bells()) == 1
    fleet.travel(seconds=1)
    fleet.enqueue()
    assert len(fleet.bells()) == 1


def test_a_watch_that_is_renewed_every_half_minute_never_lapses(fleet: Fleet) -> None:
    for bells in range(1, 6):
        fleet.watch()
        fleet.travel(milliseconds=29_900)
        fleet.enqueue()
        assert len(fleet.bells()) == bells
        fleet.travel(milliseconds=100)


def test_a_hundred_watchers_write_hardly_more_than_one(fleet: Fleet) -> None:
    version = "select ctid from private.queue_tenants where tenant_id = %s"
    fleet.watch()
    before = fleet.owner.execute(version, [fleet.tenant.tenant_id]).fetchone()
    for _ in range(100):
        fleet.travel(milliseconds=100)
        fleet.watch()
    assert fleet.owner.execute(version, [fleet.tenant.tenant_id]).fetchone() == before


def test_a_bell_waits_for_nobody(fleet: Fleet) -> None:
    fleet.enqueue()
    fleet.watch()
    other = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    with other.transaction():
        call(other, "enqueue_job", workflow_id=fleet.workflow.workflow_id)
        fleet.member.execute("set statement_timeout = '5s'")
        fleet.enqueue()
        assert fleet.bells() == []
    assert len(fleet.bells()) == 1


def test_what_is_no_job_rings_too(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.watch()
    fleet.travel(seconds=1)
    call(fleet.member, "command_robot", robot=robot.external_id, command="pause")
    assert [bell["event"] for bell in fleet.bells()] == ["changed"]


def test_another_tenants_changes_ring_nothing(fleet: Fleet) -> None:
    other = make_fleet(fleet.database)
    fleet.watch()
    other.enqueue()
    assert fleet.bells() == other.bells() == []
    other.close()


# -- one job


def test_a_job_that_is_watched_tells_everything(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    answer = fleet.watch(job["job_id"])
    assert answer["topic"] == f"job:{job['job_id']}"
    claimed = fleet.claim_one(robot)
    assert fleet.report(robot, "start_job", claimed)["watched"] is True
    assert fleet.report(robot, "report_progress", claimed, progress=50)["watched"] is True
    fleet.report(robot, "append_job_logs", claimed, entries=[{"message": "hello", "node_id": "n"}])
    call(fleet.member, "cancel_job", job_id=job["job_id"], reason="enough")
    fleet.report(robot, "complete_job", claimed)
    pushes = fleet.pushes(answer["topic"])
    assert {push["event"] for push in pushes} == {
        "job.claimed", "job.started", "job.progress", "job.log", "job.cancel_requested", "job.completed",
    }  # fmt: skip
    for push in pushes:
        assert push["payload"]["robot_external_id"] == robot.external_id
        assert push["payload"]["after"] >= answer["after"]
        assert push["payload"]["timestamp"].endswith("Z")
    of = {push["event"]: push["payload"] for push in pushes}
    assert of["job.progress"]["progress"] == 50
    assert [(line["message"], line["level"], line["node_id"]) for line in of["job.log"]["lines"]] == [
        ("hello", "info", "n")
    ]
    assert of["job.cancel_requested"]["message"] == "enough"
    assert {"job_id", "workflow_id", "workflow_name", "status", "robot_id", "attempt"} <= set(of["job.completed"])


def test_of_a_job_that_nobody_watches_nothing_is_told_though_another_is_watched(fleet: Fleet) -> None:
    fleet.watch(fleet.enqueue()["job_id"])
    fleet.claim(fleet.robot())
    job = run_a_job(fleet)
    assert fleet.pushes(f"job:{job['job_id']}") == []


def test_the_robot_that_holds_a_job_is_told_that_it_is_watched(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    claimed = fleet.claim_one(robot)
    assert fleet.report(robot, "start_job", claimed)["watched"] is False
    fleet.watch(claimed["job_id"])
    told = [(push["event"], push["payload"]["job_id"]) for push in fleet.pushes(f"robot:{robot.robot_id}")]
    assert told == [("job_watched", str(claimed["job_id"]))]


def test_progress_is_pushed_at_most_every_half_second_and_only_news(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    fleet.watch(job["job_id"])
    claimed = fleet.claim_one(robot)
    for milliseconds, progress in [(0, 1), (100, 2), (300, 3), (200, 3), (600, 3), (600, 100)]:
        fleet.travel(milliseconds=milliseconds)
        fleet.report(robot, "report_progress", claimed, progress=progress)
    pushed = [p["payload"]["progress"] for p in fleet.pushes(f"job:{job['job_id']}") if p["event"] == "job.progress"]
    assert pushed == [1, 3, 100]
    assert fleet.job(job["job_id"])["status"] == "running", "progress says that the job runs"


def test_of_a_long_log_the_last_lines_are_pushed(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    fleet.watch(job["job_id"])
    claimed = fleet.claim_one(robot)
    entries = [{"message": f"{n} " + "x" * 2000} for n in range(60)]
    fleet.report(robot, "append_job_logs", claimed, entries=entries)
    [log] = [push["payload"] for push in fleet.pushes(f"job:{job['job_id']}") if push["event"] == "job.log"]
    assert (len(log["lines"]), log["lines_left_out"]) == (50, 10)
    assert log["lines"][-1]["message"].startswith("59 ")
    assert len(log["lines"][-1]["message"]) == 1000


def test_a_hundred_jobs_of_a_tenant_can_be_watched_at_once(fleet: Fleet) -> None:
    jobs = [fleet.enqueue()["job_id"] for _ in range(102)]
    for job_id in jobs[:100]:
        fleet.watch(job_id)
    with refused(429, "TOO_MANY_WATCHES"):
        fleet.watch(jobs[100])
    fleet.travel(seconds=30)
    fleet.watch(jobs[0])
    fleet.travel(seconds=30)
    fleet.watch(jobs[101])
    assert fleet.count(f"private.job_watches where tenant_id = '{fleet.tenant.tenant_id}'") == 2, "what lapsed is gone"


# -- who may, and whether it is wanted


def test_a_watch_needs_the_permission_and_a_job_of_the_tenant(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    with refused(403, "FORBIDDEN"):
        call(fleet.robots[robot.robot_id], "watch")
    stranger = make_fleet(fleet.database)
    for job_id in (job["job_id"], uuid.uuid4()):
        with refused(404, "JOB_NOT_FOUND"):
            stranger.watch(job_id)
    stranger.close()


def test_a_tenant_whose_pushes_are_off_is_watched_in_vain(fleet: Fleet) -> None:
    fleet.watch()
    set_pushes(fleet, "off")
    job = fleet.enqueue()
    assert fleet.watch()["pushes"] == fleet.watch(job["job_id"])["pushes"] == "off"
    fleet.claim(fleet.robot())
    assert messages(fleet) == []
    set_pushes(fleet, "watched")
    fleet.watch()
    fleet.enqueue()
    assert len(fleet.bells()) == 1


def test_a_tenant_can_be_pushed_always_for_clients_that_only_join(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.travel(minutes=1)
    set_pushes(fleet, "always")
    job = run_a_job(fleet, robot, pause=300)
    assert [push["event"] for push in fleet.pushes(f"job:{job['job_id']}")] == [
        "job.queued", "job.claimed", "job.started", "job.progress", "job.completed",
    ]  # fmt: skip
    assert len(fleet.bells()) == 4
    set_pushes(fleet, "watched")
    count = len(messages(fleet))
    fleet.enqueue()
    assert len(messages(fleet)) == count


# -- what events say besides


def test_a_request_to_cancel_a_running_job_is_an_event_of_who_asked(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    fleet.claim(robot)
    for _ in range(2):
        call(fleet.member, "cancel_job", job_id=job["job_id"], reason="enough")
    events = [event for event in call_all(fleet.member, "list_events") if event["event_type"] == "job.cancel_requested"]
    assert [(event["actor_id"], event["job_id"], event["data"]["message"]) for event in events] == [
        (fleet.tenant.admin.user_id, job["job_id"], "enough")
    ]


def test_events_name_robots_as_people_do_but_not_those_of_another_tenant(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.claim(robot)
    stranger = make_robot(fleet.database, make_fleet(fleet.database).tenant)
    fleet.owner.execute(
        "select private.emit_event(%s, 'test.foreign', null, %s)", [fleet.tenant.tenant_id, stranger.robot_id]
    )
    named = {e["event_type"]: e["robot_external_id"] for e in call_all(fleet.member, "list_events")}
    assert (named["job.claimed"], named["test.foreign"]) == (robot.external_id, None)

"""Who may join and send on a private topic, asked as Realtime asks: a probe row, the caller's role, rolled back."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from tests import factories
from tests.database.asserting import WRONG, edited, one
from tests.databases import Claims, Connection, Database, set_claims


class Realtime:
    """Asks the policies on realtime.messages in the way of the service (supabase.md 2.2)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def can_receive(self, claims: Claims | None, topic: str, extension: str = "broadcast") -> bool:
        with self._connection.transaction(force_rollback=True):
            row = self._connection.execute(
                "insert into realtime.messages (topic, extension) values (%s, %s) returning id", [topic, extension]
            ).fetchone()
            assert row is not None
            self._enter(claims, topic)
            seen = self._connection.execute("select from realtime.messages where id = %s", [row["id"]]).fetchall()
        return len(seen) == 1

    def can_send(self, claims: Claims | None, topic: str, extension: str = "broadcast") -> bool:
        with self._connection.transaction(force_rollback=True):
            self._enter(claims, topic)
            try:
                self._connection.execute(
                    "insert into realtime.messages (topic, extension) values (%s, %s)", [topic, extension]
                )
            except psycopg.errors.InsufficientPrivilege:
                return False
        return True

    def _enter(self, claims: Claims | None, topic: str) -> None:
        role = "anon" if claims is None else claims["role"]
        set_claims(self._connection, claims or {"role": "anon"})
        self._connection.execute(
            "select set_config('realtime.topic', %s, true), set_config('role', %s, true)", [topic, role]
        )


@pytest.fixture
def realtime(db: Database) -> Iterator[Realtime]:
    connection = db.connect("supabase_realtime_admin")
    yield Realtime(connection)
    connection.close()


@pytest.fixture
def tenant(db: Database) -> factories.Tenant:
    return factories.make_tenant(db)


def topics_of(tenant_id: uuid.UUID) -> list[str]:
    return [f"tenant:{tenant_id}:changes"]


@pytest.mark.parametrize("role", ["admin", "developer", "operator", "viewer"])
def test_members_receive_the_topics_of_their_tenant(
    db: Database, realtime: Realtime, tenant: factories.Tenant, role: str
) -> None:
    member = factories.make_member(db, tenant, role)
    for topic in topics_of(tenant.tenant_id):
        assert realtime.can_receive(member.claims, topic)
        assert realtime.can_receive(member.claims, topic, "presence")


def test_strangers_receive_nothing(
    db: Database, realtime: Realtime, owner: Connection, tenant: factories.Tenant
) -> None:
    robot = factories.make_robot(db, tenant)
    job_id = factories.make_held_job(db, robot)
    other = factories.make_tenant(db)
    strangers: list[Claims | None] = [
        None,
        other.admin.claims,
        factories.make_robot(db, other).claims,
        edited(other.admin.claims, tenant_id=tenant.tenant_id),
        edited(factories.make_robot(db, other).claims, robot_id=robot.robot_id),
        {"role": "authenticated"},
        {"role": "authenticated", "sub": str(uuid.uuid4())},
    ]
    topics = [*topics_of(tenant.tenant_id), f"job:{job_id}", f"robot:{robot.robot_id}"]
    for claims in strangers:
        for topic in topics:
            for extension in ("broadcast", "presence"):
                assert not realtime.can_receive(claims, topic, extension)
                assert not realtime.can_send(claims, topic, extension)


@pytest.mark.parametrize(
    "topic",
    [
        "tenant:{t}", "tenant:{t}:", "tenant:{t}:jobs", "tenant:{t}:changes:more", "tenant::changes",
        "tenant:x:changes",
        "tenant:*:changes", " tenant:{t}:changes", "tenant:{t}:changes ", "TENANT:{t}:changes", "tenant:{t}:changes\n",
        "realtime:tenant:{t}:changes", "job:", "job:x",
        "robot:", "robot:{t}:changes", "job:{t}:changes", "room", "", "tenant:{t}:changes\nx",
    ],
)  # fmt: skip
def test_other_names_are_nobodys_topic(realtime: Realtime, tenant: factories.Tenant, topic: str) -> None:
    topic = topic.format(t=tenant.tenant_id)
    for extension in ("broadcast", "presence", "postgres_changes"):
        assert not realtime.can_receive(tenant.admin.claims, topic, extension)
        assert not realtime.can_send(tenant.admin.claims, topic, extension)


def test_a_robot_receives_its_own_topic_and_those_of_the_jobs_it_holds(
    db: Database, realtime: Realtime, owner: Connection, tenant: factories.Tenant
) -> None:
    robot, sibling = factories.make_robot(db, tenant), factories.make_robot(db, tenant)
    held, others = factories.make_held_job(db, robot), factories.make_held_job(db, sibling)
    assert realtime.can_receive(robot.claims, f"robot:{robot.robot_id}")
    assert realtime.can_receive(robot.claims, f"job:{held}")
    for topic in (f"robot:{sibling.robot_id}", f"job:{others}", *topics_of(tenant.tenant_id), f"job:{WRONG}"):
        assert not realtime.can_receive(robot.claims, topic)


def test_members_follow_jobs_and_robots_of_their_tenant_only(
    db: Database, realtime: Realtime, owner: Connection, tenant: factories.Tenant
) -> None:
    robot = factories.make_robot(db, tenant)
    job_id = factories.make_held_job(db, robot)
    viewer = factories.make_member(db, tenant, "viewer")
    for topic in (f"job:{job_id}", f"robot:{robot.robot_id}"):
        assert realtime.can_receive(viewer.claims, topic)
    for topic in (f"job:{WRONG}", f"robot:{WRONG}"):
        assert not realtime.can_receive(viewer.claims, topic)


def test_the_holder_of_a_live_lease_broadcasts_on_its_job_and_nobody_else(
    db: Database, realtime: Realtime, owner: Connection, tenant: factories.Tenant
) -> None:
    robot, sibling = factories.make_robot(db, tenant), factories.make_robot(db, tenant)
    job_id = factories.make_held_job(db, robot)
    assert realtime.can_send(robot.claims, f"job:{job_id}")
    assert not realtime.can_send(robot.claims, f"job:{job_id}", "presence")
    assert not realtime.can_send(sibling.claims, f"job:{job_id}")
    assert not realtime.can_send(tenant.admin.claims, f"job:{job_id}")
    owner.execute("update private.leases set lease_expires_at = now() where job_id = %s", [job_id])
    assert not realtime.can_send(robot.claims, f"job:{job_id}")
    assert not realtime.can_receive(robot.claims, f"job:{job_id}")


def test_nobody_sends_on_the_topics_that_the_database_sends_on(
    db: Database, realtime: Realtime, tenant: factories.Tenant
) -> None:
    robot = factories.make_robot(db, tenant)
    for claims in (tenant.admin.claims, robot.claims):
        for topic in (*topics_of(tenant.tenant_id), f"robot:{robot.robot_id}"):
            assert not realtime.can_send(claims, topic)


def test_nobody_shows_presence(db: Database, realtime: Realtime, tenant: factories.Tenant) -> None:
    robot = factories.make_robot(db, tenant)
    topics = [*topics_of(tenant.tenant_id), f"robot:{robot.robot_id}", f"job:{factories.make_held_job(db, robot)}"]
    for claims in (tenant.admin.claims, robot.claims):
        for topic in topics:
            assert not realtime.can_send(claims, topic, "presence")


def test_rights_end_with_the_key_the_session_and_the_membership(
    db: Database, realtime: Realtime, conn: Connection, tenant: factories.Tenant
) -> None:
    robot = factories.make_robot(db, tenant)
    removed, left = factories.make_member(db, tenant, "viewer"), factories.make_member(db, tenant, "viewer")
    topic, own = f"tenant:{tenant.tenant_id}:changes", f"robot:{robot.robot_id}"
    callers = ((robot, own), (removed, topic), (left, topic))
    for caller, wanted in callers:
        assert realtime.can_receive(caller.claims, wanted)
    one(conn, tenant.admin.claims, "select public.revoke_api_key(%s)", [robot.key.api_key_id])
    one(conn, tenant.admin.claims, "select public.remove_member(%s)", [removed.user_id])
    with db.connect("supabase_auth_admin") as auth:
        auth.execute("delete from auth.sessions where id = %s", [left.session_id])
    for caller, wanted in callers:
        assert not realtime.can_receive(caller.claims, wanted)


def test_a_key_without_a_robot_joins_nothing(db: Database, realtime: Realtime, tenant: factories.Tenant) -> None:
    key = factories.make_key(db, tenant)
    claims = factories.claims_for(key.api_key_id, tenant.tenant_id, "robot", api_key_id=key.api_key_id)
    for topic in (*topics_of(tenant.tenant_id), f"robot:{key.api_key_id}"):
        assert not realtime.can_receive(claims, topic)
        assert not realtime.can_send(claims, topic, "presence")


def test_a_topic_set_by_hand_opens_no_other_topics_rows(
    db: Database, realtime: Realtime, owner: Connection, conn: Connection, tenant: factories.Tenant
) -> None:
    other = factories.make_tenant(db)
    owner.execute("select private.broadcast(%s, 'e', '{}')", [f"tenant:{other.tenant_id}:changes"])
    with conn.transaction():
        set_claims(conn, tenant.admin.claims)
        conn.execute(
            "select set_config('role', 'authenticated', true), set_config('realtime.topic', %s, true)",
            [f"tenant:{tenant.tenant_id}:changes"],
        )
        topics = conn.execute("select distinct topic from realtime.messages").fetchall()
    assert {row["topic"] for row in topics} <= {f"tenant:{tenant.tenant_id}:changes"}


def test_a_broadcast_is_a_private_message_and_never_fails_its_caller(
    db: Database, owner: Connection, tenant: factories.Tenant
) -> None:
    topic = f"tenant:{tenant.tenant_id}:changes"
    owner.execute("select private.broadcast(%s, 'hello', '{\"a\": 1}')", [topic])
    row = owner.execute("select event, private, extension, payload from realtime.messages where topic = %s", [topic])
    message = row.fetchone()
    assert message is not None
    assert (message["event"], message["private"], message["extension"]) == ("hello", True, "broadcast")
    assert message["payload"]["a"] == 1
    for payload in ("[]", "1", "null", None):
        owner.execute("select private.broadcast(%s, 'odd', %s)", [topic, payload])


def test_a_broadcast_does_not_fail_its_caller_when_realtime_is_gone(database: Database) -> None:
    database.connect("supabase_admin").execute("drop schema realtime cascade")
    database.connect().execute("select private.broadcast('t', 'lost', '{}')")


def test_clients_cannot_ring_doorbells_themselves(db: Database, conn: Connection, tenant: factories.Tenant) -> None:
    for call in ("private.broadcast('t', 'e', '{}')", "private.emit_event(gen_random_uuid(), 'e')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            one(conn, tenant.admin.claims, f"select {call}")

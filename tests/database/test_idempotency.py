"""A repeated request gets the first answer."""

import psycopg
from tests import factories
from tests.database.asserting import one, refused
from tests.databases import Connection, Database, as_caller, at


def test_a_repeated_request_gets_the_first_answer(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin, body = "select * from private.begin_idempotent_request('k1', %s)", b"body"
    with as_caller(conn, admin.claims):
        assert conn.execute(begin, [body]).fetchone() is None
        conn.execute("select private.finish_idempotent_request('k1', 201, '{\"id\": 1}')")
    assert one(conn, admin.claims, begin, [body]) == {"status_code": 201, "response": {"id": 1}}
    assert refused(conn, admin.claims, begin, [b"other"]) == ("PT422", "IDEMPOTENCY_KEY_REUSED")


def test_a_request_that_failed_leaves_its_key_free(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k2', 'body')"
    with as_caller(conn, admin.claims):
        conn.execute(begin)
        raise psycopg.Rollback
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None


def test_the_second_of_two_requests_at_once_is_told_so(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k3', 'body')"
    other = db.connect("casare_functions")
    with as_caller(conn, admin.claims):
        conn.execute(begin)
        assert refused(other, admin.claims, begin) == ("PT409", "REQUEST_IN_PROGRESS")


def test_a_reservation_without_an_answer_ends_after_five_minutes_and_an_answer_after_a_day(
    db: Database, conn: Connection
) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k4', 'body')"
    at(conn, "2030-01-01 00:00:00+00")
    with as_caller(conn, admin.claims):
        conn.execute(begin)
    at(conn, "2030-01-01 00:04:59+00")
    assert refused(conn, admin.claims, begin) == ("PT409", "REQUEST_IN_PROGRESS")
    at(conn, "2030-01-01 00:05:00+00")
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None
        conn.execute("select private.finish_idempotent_request('k4', 200, null)")
    at(conn, "2030-01-02 00:04:59+00")
    assert one(conn, admin.claims, begin)["status_code"] == 200
    at(conn, "2030-01-02 00:05:00+00")
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None


def test_the_keys_of_another_caller_are_another_callers(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    second = factories.make_member(db, tenant, "admin")
    begin = "select * from private.begin_idempotent_request('k5', %s)"
    with as_caller(conn, tenant.admin.claims):
        conn.execute(begin, [b"mine"])
        conn.execute("select private.finish_idempotent_request('k5', 201, '{\"secret\": true}')")
    with as_caller(conn, second.claims):
        assert conn.execute(begin, [b"theirs"]).fetchone() is None

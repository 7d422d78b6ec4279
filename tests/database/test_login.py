"""Logging in: by name or address, and no more than five wrong guesses in five minutes, however they are written."""

import uuid
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.databases import Connection, Database, at

NOON = "2030-01-01 12:00:00+00"
LOCKED = ("PT429", "LOGIN_LOCKED")


@pytest.fixture
def user(db: Database) -> dict[str, str]:
    """A user with a name and an address."""
    name = f"Ann-{uuid.uuid4().hex[:8]}"
    email = f"{uuid.uuid4().hex[:10]}@example.test"
    factories.make_user(db, email, {"registration": {"tenant_name": "T", "username": name}})
    return {"name": name, "email": email}


def check(conn: Connection, login: str | None, ip: str | None = "192.0.2.1") -> tuple[str, str | None] | None:
    """None when the attempt may go on, else (sqlstate, code)."""
    try:
        conn.execute("select private.check_login(%s, %s)", [login, ip])
    except psycopg.Error as error:
        return error.sqlstate or "", error.diag.message_detail
    return None


def record(conn: Connection, login: str, succeeded: bool | None, ip: str = "192.0.2.1") -> None:
    conn.execute("select private.record_login(%s, %s, %s)", [login, ip, succeeded])


def fail(conn: Connection, login: str, times: int = 1, ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        assert check(conn, login, ip) is None
        record(conn, login, False, ip)


def test_a_login_may_be_a_name_or_an_address_in_any_letter_case(conn: Connection, user: dict[str, str]) -> None:
    for login in (user["name"], user["name"].upper(), user["email"], f"  {user['email'].title()} "):
        row = conn.execute("select private.email_for_login(%s) as email", [login]).fetchone()
        assert row == {"email": user["email"]}


@pytest.mark.parametrize("login", ["nobody", "nobody@example.test", "", " ", None, "%", "_", "' or true --"])
def test_a_login_that_nobody_has_is_null(conn: Connection, login: str | None) -> None:
    assert conn.execute("select private.email_for_login(%s) as email", [login]).fetchone() == {"email": None}


def test_five_failures_lock_for_fifteen_minutes_and_the_hint_says_how_long(
    conn: Connection, user: dict[str, str]
) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 5)
    at(conn, "2030-01-01 12:14:59+00")
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("select private.check_login(%s, '192.0.2.1')", [user["name"]])
    assert (caught.value.sqlstate, caught.value.diag.message_detail) == LOCKED
    assert caught.value.diag.message_hint == "1"
    assert caught.value.diag.message_primary == (
        "Too many failed logins. This login is locked until 2030-01-01 12:15:00 UTC."
    )
    at(conn, "2030-01-01 12:15:00+00")
    fail(conn, user["name"], 5)
    assert check(conn, user["name"]) == LOCKED


def test_asking_again_while_locked_does_not_prolong_the_lock(conn: Connection, user: dict[str, str]) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 5)
    for minute in range(1, 15):
        at(conn, f"2030-01-01 12:{minute:02}:00+00")
        assert check(conn, user["name"]) == LOCKED
    at(conn, "2030-01-01 12:15:00+00")
    assert check(conn, user["name"]) is None


def test_every_spelling_counts_as_the_same_login(conn: Connection, user: dict[str, str]) -> None:
    at(conn, NOON)
    for login in (
        user["name"],
        user["name"].upper(),
        f" {user['email']} ",
        user["email"].upper(),
        user["name"].lower(),
    ):
        fail(conn, login)
    for login in (user["name"], user["email"]):
        assert check(conn, login) == LOCKED


def test_a_login_that_does_not_exist_locks_the_same_way(conn: Connection) -> None:
    login = f"nobody-{uuid.uuid4().hex}"
    at(conn, NOON)
    fail(conn, login, 5)
    assert check(conn, login.upper()) == LOCKED


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_an_address_counts_as_what_one_customer_has(
    conn: Connection, user: dict[str, str], first: str, second: str, is_same: bool
) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 5, first)
    assert (check(conn, user["name"], second) == LOCKED) is is_same


def test_guesses_sent_all_at_once_get_no_more_than_five(conn: Connection, user: dict[str, str]) -> None:
    """All are checked before the first password is looked at."""
    at(conn, NOON)
    answers = [check(conn, user["name"]) for _ in range(20)]
    assert answers == [None] * 5 + [LOCKED] * 15


def test_two_sessions_cannot_both_take_the_fifth_guess(db: Database, conn: Connection, user: dict[str, str]) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 4)
    other = db.connect("casare_functions")
    at(other, NOON)
    other.execute("set lock_timeout = '50ms'")
    with conn.transaction():
        assert check(conn, user["name"]) is None
        waited = check(other, user["name"])
        assert waited is not None
        assert waited[0] == "55P03"
    assert check(other, user["name"]) == LOCKED


def test_failures_are_forgotten_after_five_minutes_and_by_a_success(conn: Connection, user: dict[str, str]) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 4)
    at(conn, "2030-01-01 12:05:00+00")
    fail(conn, user["name"], 4)
    assert check(conn, user["name"]) is None
    record(conn, user["name"], True)
    fail(conn, user["name"], 4)


def test_an_outage_of_auth_is_nobodys_failure(conn: Connection, user: dict[str, str]) -> None:
    at(conn, NOON)
    for _ in range(20):
        assert check(conn, user["name"]) is None
        record(conn, user["name"], None)
    fail(conn, user["name"], 5)
    record(conn, user["name"], None)
    assert check(conn, user["name"]) == LOCKED


def test_nobody_but_the_functions_may_ask(db: Database) -> None:
    calls: list[tuple[str, list[Any]]] = [
        ("select private.email_for_login('x')", []),
        ("select private.check_login('x', '192.0.2.1')", []),
        ("select private.record_login('x', '192.0.2.1', true)", []),
        ("select private.enter_with_key('x')", []),
        ("select private.get_dev_mode_claims()", []),
    ]
    for role in ("anon", "authenticated", "service_role"):
        client = db.connect(role)
        for sql, params in calls:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                client.execute(sql, params)


def test_purging_keeps_what_still_counts(
    db: Database, owner: Connection, conn: Connection, user: dict[str, str]
) -> None:
    at(conn, NOON)
    fail(conn, user["name"], 5)
    at(owner, "2030-01-01 12:14:00+00")
    owner.execute("select private.purge_login_attempts()")
    assert check(conn, user["name"]) == LOCKED
    at(owner, "2030-01-01 13:00:00+00")
    owner.execute("select private.purge_login_attempts()")
    assert owner.execute(
        "select count(*) as n from private.login_attempts where window_started_at = %s", [NOON]
    ).fetchone() == {"n": 0}

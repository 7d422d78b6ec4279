"""What is wrong with the project that SUPABASE_URL names, one thing at a time, on the emulated platform."""

import asyncio
import dataclasses
import json
import socket
from collections.abc import Iterator

import pytest
from tests.databases import Database
from tests.faces.conftest import KeyPublisher, publisher, shared_publisher, signer  # noqa: F401 - fixtures
from tests.faces.platform import new_signing_key, running_platform

from casare_cloud.config import Settings
from casare_cloud.preflight import auth
from casare_cloud.preflight.checks import check
from casare_cloud.preflight.findings import Finding


@pytest.fixture(scope="module")
def project(shared_database: Database) -> Iterator[Settings]:
    with running_platform(shared_database) as settings:
        yield settings


def findings(settings: Settings, seconds: float = 4.0, **changes: str) -> list[Finding]:
    return asyncio.run(check(dataclasses.replace(settings, **changes), thoroughly=True, seconds=seconds))


def only(settings: Settings, **changes: str) -> Finding:
    (finding,) = findings(settings, **changes)
    for secret in (settings.supabase_url, "127.0.0.1", "sb_secret", "sb_publishable"):
        assert secret not in finding.reason
    return finding


def test_a_project_as_it_should_be_has_no_findings_and_is_left_as_it_was(
    project: Settings, shared_database: Database
) -> None:
    assert findings(project) == []
    with shared_database.connect("supabase_admin") as admin:
        users = admin.execute("select (select count(*) from auth.users) + (select count(*) from public.tenants) as n")
        assert users.fetchone() == {"n": 0}


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("http://127.0.0.1:1", "Supabase Auth does not answer at http://127.0.0.1:1"),
        ("http://nowhere.invalid", "Supabase Auth does not answer"),
        ("127.0.0.1", "is not a URL"),
        ("http://", "is not a URL"),
        ("", "is not a URL"),
    ],
)
def test_a_wrong_address_is_one_sentence(project: Settings, address: str, word: str) -> None:
    finding = only(project, supabase_url=address)
    assert finding.sentence.startswith("SUPABASE_URL")
    assert (word in finding.sentence, finding.reason) == (True, "Auth does not answer")


def test_a_server_that_is_not_the_project_is_one_sentence(project: Settings) -> None:
    finding = only(project, supabase_url=project.supabase_url + "/elsewhere")
    assert "what answers there is not it: HTTP 404" in finding.sentence


def test_a_project_that_says_nothing_is_given_up_in_time(project: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = findings(project, seconds=1.3, supabase_url=address)
    assert "no answer within 1 s" in found[-1].sentence


@pytest.mark.parametrize("kind", ["secret", "publishable"])
def test_a_key_that_auth_does_not_know(project: Settings, kind: str) -> None:
    finding = only(project, **{f"supabase_{kind}_key": f"sb_{kind}_wrong"})
    assert finding.sentence.startswith(f"SUPABASE_{kind.upper()}_KEY: Auth does not know this key.")
    assert finding.reason == f"Auth refuses the {kind} key"


@pytest.mark.parametrize(("kind", "other"), [("secret", "publishable"), ("publishable", "secret")])
def test_a_key_in_the_place_of_the_other(project: Settings, kind: str, other: str) -> None:
    finding = only(project, **{f"supabase_{kind}_key": getattr(project, f"supabase_{other}_key")})
    assert finding.sentence.startswith(f"SUPABASE_{kind.upper()}_KEY holds a {other} key.")


def test_several_wrong_values_are_all_told_at_once(project: Settings) -> None:
    found = findings(
        project,
        database_url="postgresql://casare_functions@127.0.0.1:1/x",
        supabase_secret_key="sb_secret_wrong",
        signing_key="{",
    )
    assert [finding.sentence.split()[0].strip(":") for finding in found] == [
        "DATABASE_URL", "SUPABASE_SECRET_KEY", "CASARE_SIGNING_KEY",
    ]  # fmt: skip


@pytest.mark.parametrize("variable", ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "CASARE_SIGNING_KEY"])
def test_what_is_not_set_is_missing_for_a_start_and_not_for_a_probe(project: Settings, variable: str) -> None:
    field = variable.lower().removeprefix("casare_")
    assert only(project, **{field: ""}).sentence.startswith(f"{variable} is not set")
    assert asyncio.run(check(dataclasses.replace(project, **{field: ""}))) == []


def test_a_signing_key_that_auth_does_not_publish(project: Settings) -> None:
    finding = only(project, signing_key=json.dumps(new_signing_key("another")))
    assert "CASARE_SIGNING_KEY: its public half is not among the keys" in finding.sentence
    theirs = {**json.loads(project.signing_key), "kid": "renamed"}
    assert "under another kid" in only(project, signing_key=json.dumps(theirs)).sentence


def test_a_signing_key_that_cannot_sign(project: Settings) -> None:
    good, other = json.loads(project.signing_key), new_signing_key()
    without_kid = {name: value for name, value in good.items() if name != "kid"}
    public = {name: value for name, value in good.items() if name != "d"}
    for key in ("{", "[]", '"x"', "1", *map(json.dumps, (without_kid, public, {**good, "d": other["d"]}))):
        assert "CASARE_SIGNING_KEY is not a private ES256 key" in only(project, signing_key=key).sentence, key


def test_a_project_without_a_key_of_its_own_needs_the_secret(project: Settings, publisher: KeyPublisher) -> None:  # noqa: F811
    settings = Settings(database_url=project.database_url, supabase_url=publisher.url, is_local=True)
    assert asyncio.run(check(settings)) == []
    publisher.keys = []
    (finding,) = asyncio.run(check(settings))
    assert finding.sentence.startswith("SUPABASE_JWT_SECRET is not set, and Auth publishes no key")
    assert asyncio.run(check(dataclasses.replace(settings, supabase_jwt_secret="x" * 32))) == []


def test_an_algorithm_that_auth_has_no_key_for(project: Settings) -> None:
    assert only(project, jwt_algorithm="RS256").sentence == (
        "JWT_ALGORITHM is RS256, and Auth publishes keys for ES256: unset it."
    )


def test_a_project_whose_realtime_is_elsewhere(project: Settings, publisher: KeyPublisher) -> None:  # noqa: F811
    settings = Settings(
        database_url=project.database_url, supabase_url=publisher.url, supabase_publishable_key="x", is_local=True
    )
    found = asyncio.run(check(settings))
    assert [finding.reason for finding in found if not finding.is_doubt] == ["Realtime does not answer"]


def test_a_project_that_does_not_call_the_hook(shared_database: Database) -> None:
    with running_platform(shared_database, token_hook=None) as project:
        finding = only(project)
    assert "calls no hook for access tokens" in finding.sentence
    assert finding.reason == "Auth does not call the access token hook"


def test_a_project_whose_hook_fails_leaves_no_user_either(database: Database) -> None:
    with database.connect() as owner:
        owner.execute(
            "create or replace function public.custom_access_token_hook(event jsonb) returns jsonb language plpgsql "
            "as $$ begin raise 'broken'; end $$"
        )
    with running_platform(database) as project:
        assert "signs nobody in (HTTP 500 unexpected_failure): does its hook fail?" in only(project).sentence
    with database.connect("supabase_admin") as admin:
        assert admin.execute("select count(*) as n from auth.users").fetchone() == {"n": 0}


def test_outside_this_machine_the_project_is_asked_over_https(project: Settings) -> None:
    address = project.supabase_url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - this machine, by another name
    assert "begins with http://" in findings(project, supabase_url=address)[0].sentence


def test_tokens_that_would_be_refused_are_told(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "check_verification", lambda settings, keys: [])  # it knows before any token is there
    assert "Auth signs with ES256, and its tokens would be refused" in only(project, jwt_algorithm="RS256").sentence

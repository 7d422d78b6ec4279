"""`casare-cloud up` as a person meets it: one stack, started once, for all tests of this file."""

import asyncio
import hmac
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from rich.console import Console
from tests import servers
from tests.databases import Database
from tests.faces.platform import running_platform
from tests.local.stacks import (
    PATIENCE_SECONDS,
    SOURCE,
    RunningStack,
    free_offset,
    has_finished_demo_job,
    processes_of,
    run_command,
    running_stack,
    until,
)
from websockets.asyncio.client import connect

from casare_cloud.cli.demo import run_demo
from casare_cloud.client import Client
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.stack import EMBEDDED
from casare_cloud.local.state import Ports, StateFolder, is_listening


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack of this file, after its first start."""
    with running_stack(tmp_path_factory.mktemp("casare")) as stack:
        yield stack


@pytest.fixture
def stack(first_start: RunningStack) -> RunningStack:
    """It runs, whatever the test before has done to it."""
    if not first_start.state.is_locked():
        again = first_start.command("up", "--detach", "--port-offset", str(first_start.ports.offset))
        assert again.returncode == 0, again.stdout + again.stderr
    return first_start


def test_the_first_start_ends_with_a_finished_demo_job(stack: RunningStack) -> None:
    lines = stack.banner.splitlines()
    assert len(lines) <= 24
    assert has_finished_demo_job(stack)
    for moment in ("submitted", "claimed", "first progress"):
        assert any(moment in line for line in lines), moment


def test_the_banner_shows_no_whole_secret(stack: RunningStack) -> None:
    env = stack.state.read_env()
    for name in ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "DEMO_PASSWORD", "ROBOT_API_KEY"):
        assert env[name] not in stack.banner


def test_the_environment_file_names_what_programs_need(stack: RunningStack) -> None:
    env = stack.state.read_env()
    needed = {
        "ORCHESTRATOR_URL", "AUTOMATION_URL", "WEBHOOKS_URL", "GATEWAY_URL", "CASARE_SECRET_KEYS", "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "DATABASE_URL",
        "DEMO_EMAIL", "DEMO_USERNAME", "DEMO_PASSWORD", "DEMO_TENANT_ID", "ROBOT_ID", "ROBOT_API_KEY",
    }  # fmt: skip
    assert needed <= {name for name, value in env.items() if value}
    assert stack.state.env_file.stat().st_mode & 0o777 == 0o600


def test_a_sender_starts_a_job_at_the_webhooks_url(stack: RunningStack) -> None:
    env = stack.state.read_env()

    async def deliver() -> tuple[int, dict[str, Any], dict[str, Any]]:
        async with Client(env["ORCHESTRATOR_URL"]) as client:
            await client.login(env["DEMO_EMAIL"], env["DEMO_PASSWORD"])
            workflow = (await client.list_workflows())["workflows"][0]
            trigger = await client.create_trigger(workflow["workflow_id"], "Orders", "webhook", {"auth": "github"})
            body = b'{"action": "opened"}'
            signature = hmac.new(trigger["secret"].encode(), body, "sha256").hexdigest()
            async with httpx2.AsyncClient(trust_env=False) as sender:
                answer = await sender.post(
                    trigger["webhook_url"], content=body, headers={"X-Hub-Signature-256": f"sha256={signature}"}
                )
            return answer.status_code, answer.json(), await client.get_job(answer.json()["execution_id"])

    status, answer, job = asyncio.run(deliver())
    assert (status, answer["accepted"]) == (200, True)
    assert job["trigger_type"] == "webhook"


def test_sockets_are_at_the_gateway_and_on_the_port_of_each_face(stack: RunningStack) -> None:
    """Documents 000 and 004 have them where their endpoints are; a close comes through with its code."""
    env = stack.state.read_env()

    async def listen(url: str) -> tuple[dict[str, Any], int | None]:
        async with Client(env["ORCHESTRATOR_URL"]) as client:
            await client.login(env["DEMO_EMAIL"], env["DEMO_PASSWORD"])
            token = await client.access_token()
        async with connect(f"{url}/ws/queue-metrics?token={token}", proxy=None) as socket:
            message = json.loads(await asyncio.wait_for(socket.recv(), 30))
            await socket.send("ping")
            assert await asyncio.wait_for(socket.recv(), 30) in ("pong", message)
        async with connect(f"{url}/api/v1/ws/queue-metrics?token=nonsense", proxy=None) as stranger:
            await stranger.wait_closed()
        return message, stranger.close_code

    for name in ("GATEWAY_URL", "ORCHESTRATOR_URL", "AUTOMATION_URL"):
        message, code = asyncio.run(listen(env[name].replace("http://", "ws://")))
        assert (set(message), code) == ({"depth", "timestamp"}, 4001)


def test_a_second_up_says_that_the_first_is_running(stack: RunningStack) -> None:
    answer = stack.command("up")
    assert answer.returncode == 0
    assert "already running" in answer.stdout


def test_the_demo_runs_again_and_prints_timeline_and_result(stack: RunningStack) -> None:
    answer = stack.command("demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for word in ("submitted", "claimed", "first progress", "completed", '"grand_total": 1529.55'):
        assert word in answer.stdout
    robot = stack.state.path / "demo" / "robot"
    written = list(robot.glob("jobs/*/totals.csv"))
    assert any("A-1003,Tanaka Trading,90.0" in path.read_text() for path in written)
    assert any(f"files in {path.parent.resolve()}\n" in answer.stdout for path in written)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(stack: RunningStack) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    answer = run_command(stack.state.path, "demo", env={**proxies, "no_proxy": "example.com"})
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_job_by_hand_submit_robot_watch(stack: RunningStack, tmp_path: Path) -> None:
    workflow = tmp_path / "hello.json"
    nodes = [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode", "config": {"output": "hello"}}]
    edge = {"source_node": "start", "source_port": "exec_out", "target_node": "end", "target_port": "exec_in"}
    workflow.write_text(json.dumps({"nodes": nodes, "connections": [edge]}))
    submitted = json.loads(stack.command("jobs", "submit", str(workflow), "--json").stdout)
    robot = subprocess.Popen(
        [sys.executable, "-m", "casare_cloud", "robot", "run", "--transport", "rest"],
        env={**os.environ, "CASARE_HOME": str(stack.state.path), "PYTHONPATH": SOURCE},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        watched = stack.command("jobs", "watch", submitted["job_id"])
        assert watched.returncode == 0, watched.stdout + watched.stderr
        listed = json.loads(stack.command("jobs", "list", "--json").stdout)
        assert submitted["job_id"] in [each["job_id"] for each in listed["jobs"]]
        got = json.loads(stack.command("jobs", "get", submitted["job_id"]).stdout)
        assert got["status"] == "completed"
        assert got["result"]["output"] == "hello"
        # The demo has ended, and its workflow runs for as long as the stack does.
        again = stack.command("workflows", "run", "Order totals", "--watch")
        assert again.returncode == 0, again.stdout + again.stderr
        assert '"grand_total": 1529.55' in again.stdout
    finally:
        robot.terminate()
        assert robot.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("name", ["platform", "orchestrator", "gateway", "postgres"])
def test_a_killed_part_comes_back(stack: RunningStack, name: str) -> None:
    before = stack.parts()[name]
    os.kill(before["pid"], signal.SIGKILL)
    until(
        lambda: stack.parts()[name]["restarts"] > before["restarts"] and stack.parts()[name]["state"] == "running",
        f"{name} did not come back",
    )
    assert stack.parts()[name]["pid"] != before["pid"]
    until(lambda: stack.command("jobs", "list", "--json").returncode == 0, "the service did not come back")


def test_a_demo_whose_robot_ends_says_so_and_does_not_wait(stack: RunningStack, tmp_path: Path) -> None:
    env = {**stack.state.read_env(), "ROBOT_API_KEY": "crpa_unknown"}
    with pytest.raises(LocalStackError, match="robot has ended"):
        asyncio.run(run_demo(env, tmp_path, Console(quiet=True)))
    assert "refused the key" in (tmp_path / "robot.log").read_text()


def test_status_in_three_forms(stack: RunningStack) -> None:
    table = stack.command("status")
    assert table.returncode == 0
    names = ("postgres", "platform", "orchestrator", "automation", "webhooks", "gateway", "dashboard")
    assert all(name in table.stdout for name in names)
    assert json.loads(stack.command("status", "-o", "json").stdout)["running"] is True
    assert f"ROBOT_API_KEY={stack.state.read_env()['ROBOT_API_KEY']}" in stack.command("status", "-o", "env").stdout


@pytest.mark.parametrize("name", ["platform", "orchestrator", "postgres"])
def test_status_shows_a_part_that_runs_and_does_not_answer(stack: RunningStack, name: str) -> None:
    os.killpg(stack.parts()[name]["pid"], signal.SIGSTOP)
    try:
        table = stack.command("status").stdout
        told = {
            part["name"]: part["answers"] for part in json.loads(stack.command("status", "-o", "json").stdout)["parts"]
        }
    finally:
        os.killpg(stack.parts()[name]["pid"], signal.SIGCONT)
    assert not told.pop(name)
    assert [line.split()[2] for line in table.splitlines() if line.startswith(name)] == ["NO"]
    assert told.get("postgres", True), "postgres answers whatever the others do"
    until(
        lambda: all(part["answers"] for part in json.loads(stack.command("status", "-o", "json").stdout)["parts"]),
        "a part does not answer again",
    )


def test_down_leaves_no_process_and_a_later_start_keeps_the_data(stack: RunningStack) -> None:
    pids = [part["pid"] for part in stack.parts().values()]
    assert stack.command("down").returncode == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert stack.command("status").returncode == 3
    again = stack.command("up", "--detach", "--port-offset", str(stack.ports.offset))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Demo job" not in again.stdout
    assert json.loads(stack.command("jobs", "list", "--json").stdout)["total"] >= 1


def test_what_a_killed_supervisor_leaves_behind_is_shown_and_ended(stack: RunningStack) -> None:
    pid, server = stack.state.holder(), stack.parts()["postgres"]["pid"]
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not stack.state.is_locked(), "the lock is free")
    status = stack.command("status")
    # The others ask to end when the supervisor does, and may take a moment.
    assert (status.returncode, f"left behind: PostgreSQL (process {server})" in status.stdout) == (3, True), (
        status.stdout
    )
    told = json.loads(stack.command("status", "-o", "json").stdout)
    assert (told["running"], told["leftover_postgres"]) == (False, server)
    assert f"Stopped PostgreSQL (process {server})" in stack.command("down").stdout
    assert not is_listening(stack.ports.postgres)
    assert stack.command("down").stdout == "No stack is running.\n"


def test_of_two_starts_at_once_one_says_that_the_other_runs(stack: RunningStack) -> None:
    stack.command("down")
    with ThreadPoolExecutor() as threads:
        starts = [
            threads.submit(stack.command, "up", "--detach", "--port-offset", str(stack.ports.offset)) for _ in range(2)
        ]
    said = sorted(start.result().stdout for start in starts)
    assert [start.result().returncode for start in starts] == [0, 0]
    assert said[0].startswith(f"The stack is already running (process {stack.state.holder()})")
    assert said[1].startswith("casare_cloud is ready")


@pytest.mark.long
def test_another_project_gets_a_demo_tenant_of_its_own_shared_by_two_developers(
    tmp_path: Path, database: Database
) -> None:
    embedded = {"DEMO_TENANT_ID": "of the embedded one", "ROBOT_ID": "demo-robot", "ROBOT_API_KEY": "crpa_embedded"}
    state = StateFolder(tmp_path)
    state.keep_demo(EMBEDDED, embedded)
    state.write_env(embedded)  # what a plain `up` leaves behind
    with running_platform(database) as project:
        env = {
            "SUPABASE_URL": project.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": project.supabase_publishable_key,
            "SUPABASE_SECRET_KEY": project.supabase_secret_key,
            "DATABASE_URL": project.database_url,
            "CASARE_SIGNING_KEY": project.signing_key,
        }
        with running_stack(tmp_path, "--supabase", env=env) as stack:
            assert has_finished_demo_job(stack)
            first = stack.state.read_env()
            assert first["ROBOT_API_KEY"] not in ("", embedded["ROBOT_API_KEY"])
        assert state.demo_of(EMBEDDED) == embedded
        second = tmp_path / "of-a-second-developer"
        refused = run_command(second, "up", "--supabase", "--port-offset", str(free_offset()), env=env)
        assert (refused.returncode, "Set DEMO_PASSWORD to it" in refused.stderr) == (1, True), refused.stderr
        tried = database.connect().execute("select count(*) as tries from private.login_attempts").fetchone()
        assert tried == {"tries": 0}, "a password that nobody gave is not guessed"
        with running_stack(second, "--supabase", env={**env, "DEMO_PASSWORD": first["DEMO_PASSWORD"]}) as stack:
            assert has_finished_demo_job(stack)
            assert stack.state.read_env()["DEMO_TENANT_ID"] == first["DEMO_TENANT_ID"]


def test_a_start_with_wrong_values_tells_all_of_them_and_starts_nothing(tmp_path: Path) -> None:
    ports = Ports(free_offset())
    env = {
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
        "SUPABASE_SECRET_KEY": "sb_secret_x",
        "DATABASE_URL": "postgresql://casare_functions:sesame@127.0.0.1:1/postgres",
        "CASARE_SIGNING_KEY": "{",
    }
    answer = run_command(tmp_path, "up", "--supabase", "--port-offset", str(ports.offset), env=env)
    assert answer.returncode == 1
    assert [line.split()[1].strip(":") for line in answer.stderr.splitlines() if line.startswith("- ")] == [
        "DATABASE_URL", "SUPABASE_URL", "CASARE_SIGNING_KEY",
    ]  # fmt: skip
    assert "sesame" not in answer.stdout + answer.stderr
    assert processes_of(tmp_path) == []
    assert not any(is_listening(port) for port in ports.named().values())


@pytest.mark.long
@pytest.mark.needs_pg_cron
def test_the_demo_job_and_the_jobs_of_cron_run_where_pg_cron_is_installed(tmp_path: Path) -> None:
    binaries = servers.with_pg_cron()
    assert binaries is not None
    with running_stack(tmp_path, env={"CASARE_PG_BINDIR": str(binaries.bindir)}) as stack:
        assert has_finished_demo_job(stack)
        passwords = json.loads((tmp_path / "database-passwords.json").read_text())["database_passwords"]
        login = f"postgresql://supabase_admin:{passwords['supabase_admin']}@127.0.0.1:{stack.ports.postgres}/postgres"
        with psycopg.connect(login, autocommit=True) as owner:
            found = owner.execute("select 1 from pg_extension where extname = 'pg_cron'")
            assert found.fetchone() is not None
            runs = (
                "select j.jobname from cron.job_run_details as d join cron.job as j using (jobid) "
                "where d.status = 'succeeded'"
            )
            until(lambda: owner.execute(runs).fetchone() is not None, "no job of cron has run")
            failed = owner.execute("select command, return_message from cron.job_run_details where status = 'failed'")
            assert failed.fetchall() == []

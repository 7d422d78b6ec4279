"""Robots that watch folders and mailboxes for triggers, against the real queue, real files and a real IMAP protocol."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.databases import Database, as_caller
from tests.factories import Robot, make_workflow
from tests.robot.fake_transport import FakeTransport
from tests.robot.mail_server import PASSWORD, MailServer
from tests.robot.stack import Stack, TransportName, Worker, make_worker, running_stack
from tests.robot.workflows import chain

from casare_cloud.errors import ApiError
from casare_cloud.robot.transport import AssignedTrigger, FiredTrigger, Signal
from casare_cloud.robot.watching import folder as folders
from casare_cloud.robot.watching import mailbox as mailboxes
from casare_cloud.robot.watching import watcher as watchers
from casare_cloud.robot.watching.watch import Allowed, MailAccount
from casare_cloud.robot.watching.watcher import Watcher

DEFINITION = chain(("l", "LogNode", {"message": "seen"}))
USER = "orders@example.org"

both = pytest.mark.parametrize("transport", ["rest", "direct"])


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "SETTLE_SECONDS", 0.05)
    monkeypatch.setattr(folders, "LOOK_SECONDS", 1)
    monkeypatch.setattr(mailboxes, "INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(watchers, "ASK_SECONDS", 0.1)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    made = tmp_path / "inbox"
    made.mkdir()
    return made


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def make_trigger(stack: Stack, kind: str, robot: Robot, **config: Any) -> uuid.UUID:
    workflow = make_workflow(stack.database, stack.tenant, definition=DEFINITION)
    text = json.dumps({"robot_id": robot.external_id, **config})
    with stack.database.connect() as owner, as_caller(owner, stack.tenant.admin.claims):
        row = owner.execute(
            "select * from public.create_trigger(p_workflow_id => %s, p_name => 'Eyes', p_trigger_type => %s,"
            " p_config => %s)",
            [workflow.workflow_id, kind, text],
        ).fetchone()
    assert row is not None
    found: uuid.UUID = row["trigger_id"]
    return found


def jobs_of(stack: Stack, trigger_id: uuid.UUID) -> list[dict[str, Any]]:
    return stack.rows(
        "select j.* from public.live_jobs as j where j.metadata -> 'trigger' ->> 'trigger_id' = %s order by j.job_id",
        str(trigger_id),
    )


async def until_said(stack: Stack, worker: Worker, kind: str) -> str:
    def found() -> str | None:
        return next((event.message for event in worker.events if event.kind == kind), None)

    said: str = await stack.until(found, f"{kind} among {worker.kinds}")
    return said


# End to end


@both
async def test_a_file_that_appears_starts_one_job(
    stack: Stack, inbox: Path, tmp_path: Path, transport: TransportName
) -> None:
    (inbox / "old.csv").write_text("there before")
    robot = stack.robot()
    trigger_id = make_trigger(stack, "file_watch", robot, path=str(inbox), patterns=["*.csv"])
    allowed = Allowed((tmp_path,))
    worker = make_worker(stack, robot, tmp_path / "robot", transport, allowed=allowed).start()
    await until_said(stack, worker, "watching")
    (inbox / "notes.txt").write_text("not wanted")
    (inbox / "new.csv").write_text("a,b")
    [job] = await stack.until(lambda: jobs_of(stack, trigger_id), "a job of the file")
    await stack.until_status(job["job_id"], "completed")
    await worker.stop()
    again = make_worker(stack, robot, tmp_path / "robot", transport, allowed=allowed).start()
    await until_said(stack, again, "watching")
    (inbox / "last.csv").write_text("c,d")
    await until_said(stack, again, "fired")
    await again.stop()
    names = [job["input"]["name"] for job in jobs_of(stack, trigger_id)]
    assert names == ["new.csv", "last.csv"]
    assert job["input"] | {"modified_at": ""} == {
        "event": "created",
        "path": str(inbox / "new.csv"),
        "name": "new.csv",
        "relative_path": "new.csv",
        "folder": str(inbox),
        "size_bytes": 3,
        "modified_at": "",
    }


@both
async def test_a_mail_starts_one_job_also_after_a_restart(
    stack: Stack, mail: MailServer, tmp_path: Path, transport: TransportName
) -> None:
    mail.mailbox.put("before", "<0@example.org>")
    robot = stack.robot()
    trigger_id = make_trigger(stack, "email", robot, mailbox=USER, filter={"subject": "order"})
    allowed = Allowed(mail=MailAccount(mail.url, USER, PASSWORD))
    worker = make_worker(stack, robot, tmp_path / "robot", transport, allowed=allowed).start()
    await until_said(stack, worker, "watching")
    mail.mailbox.put("Order 0, read by somebody", "<read@example.org>", is_seen=True)
    mail.mailbox.put("newsletter", "<1@example.org>")
    mail.mailbox.put("Order 1", "<2@example.org>")
    [job] = await stack.until(lambda: jobs_of(stack, trigger_id), "a job of the mail")
    await stack.until_status(job["job_id"], "completed")
    await worker.stop()
    # Mail that came meanwhile is found by the next process; this one the service knows by its Message-ID.
    mail.mailbox.put("Order 1", "<2@example.org>")
    again = make_worker(stack, robot, tmp_path / "robot", transport, allowed=allowed).start()
    assert "duplicate" in await until_said(stack, again, "fired")
    await again.stop()
    [job] = jobs_of(stack, trigger_id)
    assert (job["input"]["subject"], job["input"]["from"]) == ("Order 1", "shop@example.org")
    assert (job["input"]["text"].strip(), job["input"]["attachments"]) == ("the text of Order 1", ["rows.csv"])
    assert PASSWORD not in str(worker.events) + str(job["input"])
    assert any(command.startswith("EXAMINE") for command in mail.mailbox.commands)
    assert not any(command.startswith("SELECT") for command in mail.mailbox.commands)


async def test_a_folder_outside_of_the_allowed_is_refused_and_told(stack: Stack, inbox: Path, tmp_path: Path) -> None:
    robot = stack.robot()
    trigger_id = make_trigger(stack, "file_watch", robot, path=str(inbox))
    other = tmp_path / "other"
    other.mkdir()
    worker = make_worker(stack, robot, tmp_path / "robot", "rest", allowed=Allowed((other,))).start()
    assert "outside of what the robot's owner allows" in await until_said(stack, worker, "unwatched")
    job_id = stack.submit(DEFINITION, robot)
    await stack.until_status(job_id, "completed")
    await worker.stop()
    assert worker.kinds.count("unwatched") == 1
    assert jobs_of(stack, trigger_id) == []


async def test_a_robot_whose_owner_allows_nothing_says_so_and_watches_nothing(
    stack: Stack, inbox: Path, tmp_path: Path
) -> None:
    robot = stack.robot()
    make_trigger(stack, "file_watch", robot, path=str(inbox))
    worker = make_worker(stack, robot, tmp_path / "robot", "direct").start()
    said = await stack.until(
        lambda: [event.message for event in worker.events if event.kind == "warning"], "the warning"
    )
    await worker.stop()
    assert "--watch-folder" in said[0]
    assert "watching" not in worker.kinds


# What a watcher does


class Eyes:
    """A watcher over a transport without a network."""

    def __init__(self, tmp_path: Path, allowed: Allowed) -> None:
        self.transport = FakeTransport()
        self.said: list[tuple[str, str]] = []
        self.watcher = Watcher(
            self.transport, tmp_path / "robot" / "triggers", allowed, lambda *words: self.said.append(words)
        )

    def trigger(self, kind: str = "file_watch", **config: Any) -> AssignedTrigger:
        made = AssignedTrigger(str(uuid.uuid4()), "Eyes", kind, config)
        self.transport.triggers.append(made)
        return made

    async def until(self, kind: str, count: int = 1) -> str:
        async with asyncio.timeout(60):
            while len(found := [message for word, message in self.said if word == kind]) < count:
                await asyncio.sleep(0.02)
        return found[count - 1]

    @property
    def fired(self) -> list[tuple[str, str]]:
        return [(payload["event"], payload["relative_path"]) for payload, _ in self.transport.fired]


async def test_created_modified_and_deleted_are_told_apart(inbox: Path, tmp_path: Path) -> None:
    eyes = Eyes(tmp_path, Allowed((inbox,)))
    eyes.trigger(path=str(inbox), events=["created", "modified", "deleted"], recursive=True, patterns=["*.csv"])
    eyes.watcher.start()
    await eyes.until("watching")
    (inbox / "deep").mkdir()
    (inbox / "deep" / "a.csv").write_text("1")
    await eyes.until("fired")
    (inbox / "deep" / "a.csv").write_text("12")
    await eyes.until("fired", 2)
    (inbox / "deep" / "a.csv").unlink()
    await eyes.until("fired", 3)
    await eyes.watcher.close()
    assert eyes.fired == [(event, "deep/a.csv") for event in ("created", "modified", "deleted")]
    assert len({name for _, name in eyes.transport.fired}) == 3


async def test_what_happens_while_the_robot_is_off_or_the_service_away_fires_once_afterwards(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "backoff_delays", lambda *_: iter([0.05] * 100))
    eyes = Eyes(tmp_path, Allowed((inbox,)))
    eyes.trigger(path=str(inbox))
    eyes.watcher.start()
    await eyes.until("watching")
    eyes.watcher.stop()
    (inbox / "a").write_text("1")
    eyes.transport.fire_outcomes = [
        ApiError(503, "UNREACHABLE", "down"),
        FiredTrigger("limited", None, 0.05),
        FiredTrigger("accepted", "j", 0),
    ]
    eyes.watcher.start()
    await eyes.until("fired")
    await eyes.watcher.close()
    assert eyes.fired == [("created", "a")]
    assert eyes.transport.fire_outcomes == []


async def test_what_happened_while_a_trigger_was_disabled_does_not_fire(inbox: Path, tmp_path: Path) -> None:
    eyes = Eyes(tmp_path, Allowed((inbox,)))
    trigger = eyes.trigger(path=str(inbox))
    eyes.watcher.start()
    await eyes.until("watching")
    eyes.transport.triggers = []
    await eyes.until("unwatched")
    (inbox / "meanwhile").write_text("1")
    eyes.transport.triggers = [trigger]
    await eyes.until("watching", 2)
    (inbox / "after").write_text("1")
    await eyes.until("fired")
    await eyes.watcher.close()
    assert eyes.fired == [("created", "after")]


async def test_a_link_leads_out_of_no_allowed_folder(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (inbox / "door").symlink_to(secret)
    eyes = Eyes(tmp_path, Allowed((inbox,)))
    for path in (str(inbox / "door"), str(inbox / ".." / "secret"), "inbox", "/", "\0"):
        eyes.trigger(path=path)
    inner = eyes.trigger(path=str(inbox), recursive=True)
    eyes.watcher.start()
    await eyes.until("unwatched", 5)
    assert inner.trigger_id in await eyes.until("watching")
    (secret / "b").write_text("1")
    (inbox / "link").symlink_to(secret / "b")
    (inbox / "a").write_text("1")
    await eyes.until("fired")
    await eyes.watcher.close()
    assert eyes.fired == [("created", "a")]


async def test_what_the_robot_itself_writes_is_not_watched(tmp_path: Path) -> None:
    eyes = Eyes(tmp_path, Allowed((tmp_path,)))
    (tmp_path / "robot" / "jobs").mkdir(parents=True)
    eyes.trigger(path=str(tmp_path), recursive=True)
    eyes.trigger(path=str(tmp_path / "robot" / "jobs"))
    eyes.watcher.start()
    await eyes.until("unwatched", 2)
    await eyes.watcher.close()
    assert [kind for kind, _ in eyes.said] == ["unwatched", "unwatched"]


async def test_a_paused_or_draining_robot_does_not_watch(stack: Stack, inbox: Path, tmp_path: Path) -> None:
    robot = stack.robot()
    trigger_id = make_trigger(stack, "file_watch", robot, path=str(inbox))
    worker = make_worker(stack, robot, tmp_path / "robot", "rest", allowed=Allowed((inbox,))).start()
    await until_said(stack, worker, "watching")
    worker.agent._obey(Signal("pause"))
    (inbox / "a").write_text("1")
    await asyncio.sleep(0.5)
    assert jobs_of(stack, trigger_id) == []
    worker.agent._obey(Signal("resume"))
    await until_said(stack, worker, "fired")
    await worker.stop()
    (inbox / "b").write_text("1")
    await asyncio.sleep(0.5)
    assert worker.kinds.count("fired") == 1


async def test_watches_and_files_are_bounded(inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "MOST_WATCHES", 2)
    monkeypatch.setattr(folders, "MOST_FILES", 3)
    full = tmp_path / "full"
    full.mkdir()
    for number in range(4):
        (full / str(number)).write_text("")
    eyes = Eyes(tmp_path, Allowed((tmp_path,)))
    for path in (inbox, full, inbox):
        eyes.trigger(path=str(path))
    eyes.watcher.start()
    await eyes.until("unwatched", 2)
    await eyes.watcher.close()
    refused = " ".join(message for kind, message in eyes.said if kind == "unwatched")
    assert "2 at most" in refused
    assert "more than 3" in refused


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"mailbox": "other@example.org"}, "not the one"),
        ({"mailbox": USER, "filter": {"body": "x"}}, "filter.body"),
        ({"mailbox": USER, "folder": "IN\r\nBOX"}, "folder"),
    ],
)
async def test_a_mailbox_that_is_not_the_owners_and_what_is_not_known_are_refused(
    mail: MailServer, tmp_path: Path, config: dict[str, Any], why: str
) -> None:
    eyes = Eyes(tmp_path, Allowed(mail=MailAccount(mail.url, USER, PASSWORD)))
    eyes.trigger("email", **config)
    eyes.watcher.start()
    assert why in await eyes.until("unwatched")
    await eyes.watcher.close()
    assert mail.mailbox.logins == 0


async def test_a_wrong_password_is_told_once_and_without_it(mail: MailServer, tmp_path: Path) -> None:
    eyes = Eyes(tmp_path, Allowed(mail=MailAccount(mail.url, USER, "wrong-secret")))
    eyes.trigger("email", mailbox=USER)
    eyes.watcher.start()
    assert "wrong password" in await eyes.until("unwatched")
    await asyncio.sleep(0.3)
    await eyes.watcher.close()
    assert [kind for kind, _ in eyes.said] == ["unwatched"]
    assert "wrong-secret" not in str(eyes.said)


async def test_a_password_is_sent_to_no_server_without_tls(mail: MailServer, tmp_path: Path) -> None:
    eyes = Eyes(tmp_path, Allowed(mail=MailAccount(mail.url.replace("imap:", "imaps:"), USER, PASSWORD)))
    eyes.trigger("email", mailbox=USER)
    eyes.watcher.start()
    await eyes.until("unwatched")
    await eyes.watcher.close()
    assert not any("LOGIN" in command for command in mail.mailbox.commands)

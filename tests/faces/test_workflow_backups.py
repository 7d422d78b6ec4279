"""Copies of workflows in a folder or a bucket: what the answers say of them is what happened."""

import asyncio
import dataclasses
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.faces.stage import GRAPH, Asker, Stage

from casare_cloud.config import Settings
from casare_cloud.domain.workflows import backup
from casare_cloud.faces.orchestrator.app import create_app

ENDPOINT = "https://storage.example.test"  # of an object store that is not Amazon's
os.environ["MOTO_S3_CUSTOM_ENDPOINTS"] = ENDPOINT  # read when moto is imported

Backed = Callable[..., Any]


@pytest.fixture
def backed(settings: Settings, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Backed:
    """The tenant's administrator, asking an orchestrator that keeps copies at a place, and waits for it."""
    monkeypatch.setattr(backup, "STORE_SECONDS", 60)

    @asynccontextmanager
    async def asker(place: object, **changes: Any) -> AsyncIterator[Asker]:
        changes = {"workflow_backup_enabled": True, "workflows_dir": str(place), **changes}
        app = create_app(dataclasses.replace(settings, **changes))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
            yield Asker(client, stage.admin.headers)
        await app.close()

    return asker


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket of a store that speaks S3, made up by moto."""
    import boto3
    from moto import mock_aws

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": ENDPOINT,
    }.items():
        monkeypatch.setenv(name, value)
    backup._store_at.cache_clear()
    with mock_aws():
        bucket = boto3.resource("s3").Bucket("copies")
        bucket.create()
        yield bucket
    backup._store_at.cache_clear()


async def submit(asker: Asker, **more: Any) -> dict[str, Any]:
    answer = await asker.post("/workflows", {"workflow_name": "Kept", "workflow_json": GRAPH, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def delete(asker: Asker, workflow_id: str) -> dict[str, bool]:
    answer = await asker.delete(f"/workflows/{workflow_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["deleted_from"])


def rows(stage: Stage, workflow_id: str) -> list[tuple[int, str, bool]]:
    """(version, key, is it gone) of what the database says."""
    with stage.database.connect("supabase_admin") as owner:
        found = owner.execute(
            "select version, object_key, removed_at is not null as is_gone from public.workflow_backups "
            "where workflow_id = %s order by version",
            [workflow_id],
        ).fetchall()
    return [(row["version"], row["object_key"], row["is_gone"]) for row in found]


@contextmanager
def refused_commits(stage: Stage) -> Iterator[None]:
    """Whoever changes a workflow learns at the commit that it is refused."""
    with stage.database.connect("supabase_admin") as owner:
        owner.execute(
            "create function private.refuse_commit() returns trigger language plpgsql as "
            "$$ begin raise sqlstate 'PT409' using message = 'Refused.', detail = 'REFUSED'; end $$; "
            "create constraint trigger refuse_commit after update on public.workflows "
            "deferrable initially deferred for each row execute function private.refuse_commit()"
        )
        owner.commit()
        yield
        owner.execute("drop function private.refuse_commit() cascade")
        owner.commit()


async def test_each_version_is_kept_in_the_folder_and_removed_with_the_workflow(
    backed: Backed, stage: Stage, tmp_path: Path
) -> None:
    async with backed(tmp_path / "new" / "folder") as asker:
        first = await submit(asker)
        assert first["backup"] == {"stored": True, "reason": None}
        workflow_id = first["workflow_id"]
        assert (await submit(asker, workflow_id=workflow_id))["backup"]["stored"]
        folder = tmp_path / "new" / "folder" / str(stage.tenant.tenant_id) / workflow_id
        assert sorted(file.name for file in folder.iterdir()) == ["1.json", "2.json"]
        assert json.loads((folder / "1.json").read_text())["workflow_json"] == GRAPH
        prefix = f"{stage.tenant.tenant_id}/{workflow_id}"
        assert rows(stage, workflow_id) == [(1, f"{prefix}/1.json", False), (2, f"{prefix}/2.json", False)]
        assert await delete(asker, workflow_id) == {"database": True, "filesystem": True}
        assert not folder.exists()
        assert [is_gone for _, _, is_gone in rows(stage, workflow_id)] == [True, True]


async def test_a_copy_can_be_submitted_again(backed: Backed, stage: Stage, tmp_path: Path) -> None:
    async with backed(tmp_path) as asker:
        made = await submit(asker, metadata={"description": "d"})
        [file] = tmp_path.rglob("1.json")
        again = await asker.post("/workflows", json.loads(file.read_text()))
        assert again.status_code == 200
        copy, original = [
            (await asker.get(f"/workflows/{each['workflow_id']}")).json() for each in (again.json(), made)
        ]
        for name in ("workflow_name", "workflow_json", "metadata", "description"):
            assert copy[name] == original[name]


async def test_uploads_are_kept_too(backed: Backed, tmp_path: Path) -> None:
    async with backed(tmp_path) as asker:
        answer = await asker.ask("POST", "/workflows/upload", files={"file": ("w.json", json.dumps(GRAPH))})
        assert answer.json()["backup"]["stored"] is True
    assert len(list(tmp_path.rglob("*.json"))) == 1


async def test_a_bucket_holds_the_copies_under_its_prefix(backed: Backed, stage: Stage, bucket: Any) -> None:
    async with backed("s3://copies/some/prefix/") as asker:
        made = await submit(asker)
        assert made["backup"] == {"stored": True, "reason": None}
        [item] = bucket.objects.all()
        assert item.key == f"some/prefix/{stage.tenant.tenant_id}/{made['workflow_id']}/1.json"
        assert json.load(item.get()["Body"])["workflow_name"] == "Kept"
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": True}
        assert list(bucket.objects.all()) == []


async def test_a_copy_that_is_gone_already_was_not_removed(backed: Backed, stage: Stage, bucket: Any) -> None:
    async with backed("s3://copies") as asker:
        made = await submit(asker)
        bucket.objects.all().delete()
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": False}


async def test_a_store_that_refuses_fails_no_submission_and_is_visible(
    backed: Backed, stage: Stage, bucket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with backed("s3://not-there") as asker:
        made = await submit(asker)
        assert made["backup"] == {
            "stored": False,
            "reason": "The copy was not stored: the store failed (NoSuchBucket).",
        }
        assert "The copy was not stored" in caplog.text
        assert [is_gone for _, _, is_gone in rows(stage, made["workflow_id"])] == [False]
        assert stage.scalar("select status::text from public.jobs where job_id = %s", made["job_id"]) == "queued"
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": False}


async def test_a_folder_that_cannot_be_written_fails_no_submission(
    backed: Backed, stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    async with backed(tmp_path / "file") as asker:
        made = await submit(asker)
    assert made["backup"]["stored"] is False
    assert "NotADirectoryError" in made["backup"]["reason"] or "FileExistsError" in made["backup"]["reason"]
    assert str(tmp_path) not in made["backup"]["reason"]


async def test_a_store_that_does_not_answer_is_given_up(
    backed: Backed, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(backup, "STORE_SECONDS", 0.05)
    monkeypatch.setattr(backup.Folder, "put", lambda *_: answers.wait(60))
    async with backed(tmp_path) as asker:
        try:
            made = await submit(asker)
        finally:
            answers.set()
    assert made["backup"] == {"stored": False, "reason": "The copy was not stored: the store did not answer in time."}


@pytest_asyncio.fixture(loop_scope="module")
async def slow_store(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, threading.Event]:
    """(a copy is on its way, it may be stored) of a folder that stores nothing before it may."""
    on_its_way, may_store, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()
    put = backup.Folder.put

    def put_late(self: backup.Folder, key: str, content: bytes) -> None:
        loop.call_soon_threadsafe(on_its_way.set)
        assert may_store.wait(60)
        put(self, key, content)

    monkeypatch.setattr(backup.Folder, "put", put_late)
    return on_its_way, may_store


async def test_a_slow_store_holds_no_connection(
    backed: Backed, tmp_path: Path, slow_store: tuple[asyncio.Event, threading.Event]
) -> None:
    on_its_way, may_store = slow_store
    async with backed(tmp_path, pool_size=1) as asker:
        submitting = asyncio.create_task(submit(asker))
        await asyncio.wait_for(on_its_way.wait(), 60)
        assert (await asker.get("/health/ready")).json() == {"ready": True}
        [job] = (await asker.get("/jobs")).json()["jobs"]
        may_store.set()
        made = await submitting
    assert (made["job_id"], made["backup"]) == (job["job_id"], {"stored": True, "reason": None})


async def test_a_workflow_that_is_deleted_while_its_copy_is_stored_has_no_copy(
    backed: Backed, tmp_path: Path, slow_store: tuple[asyncio.Event, threading.Event]
) -> None:
    on_its_way, may_store = slow_store
    async with backed(tmp_path) as asker:
        submitting = asyncio.create_task(submit(asker))
        await asyncio.wait_for(on_its_way.wait(), 60)
        [workflow] = (await asker.get("/workflows")).json()["workflows"]
        assert await delete(asker, workflow["workflow_id"]) == {"database": True, "filesystem": False}
        may_store.set()
        assert (await submitting)["backup"] == {"stored": False, "reason": "The workflow was deleted meanwhile."}
    assert list(tmp_path.rglob("*.json")) == []


async def test_a_submission_that_is_repeated_makes_and_stores_nothing_again(backed: Backed, tmp_path: Path) -> None:
    async with backed(tmp_path) as asker:
        keyed = Asker(asker.client, {**asker.headers, "Idempotency-Key": "once"})
        first, again = await submit(keyed), await submit(keyed)
    unknown = {"stored": False, "reason": "It is not known yet whether the copy was stored."}
    assert again == {**first, "backup": unknown}
    assert len(list(tmp_path.rglob("*.json"))) == 1


async def test_a_copy_that_is_stored_too_late_is_known_and_removed_with_the_workflow(
    backed: Backed, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_store, is_stored = threading.Event(), threading.Event()
    put = backup.Folder.put

    def put_late(self: backup.Folder, key: str, content: bytes) -> None:
        may_store.wait(60)
        put(self, key, content)
        is_stored.set()

    async with backed(tmp_path) as asker:
        with monkeypatch.context() as slow:
            slow.setattr(backup, "STORE_SECONDS", 0.05)
            slow.setattr(backup.Folder, "put", put_late)
            made = await submit(asker)
        assert made["backup"]["stored"] is False
        may_store.set()
        assert await asyncio.to_thread(is_stored.wait, 60)
        assert len(list(tmp_path.rglob("*.json"))) == 1
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": True}
    assert list(tmp_path.rglob("*.json")) == []
    assert [is_gone for _, _, is_gone in rows(stage, made["workflow_id"])] == [True]


async def test_a_deletion_that_is_not_committed_leaves_the_copies(backed: Backed, stage: Stage, tmp_path: Path) -> None:
    async with backed(tmp_path) as asker:
        made = await submit(asker)
        with refused_commits(stage):
            assert (await asker.delete(f"/workflows/{made['workflow_id']}")).status_code == 409
        assert len(list(tmp_path.rglob("*.json"))) == 1
        assert [is_gone for _, _, is_gone in rows(stage, made["workflow_id"])] == [False]
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": True}


async def test_copies_that_cannot_be_removed_stay_known(
    backed: Backed, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: backup.Folder, key: str) -> bool:
        raise PermissionError(key)

    async with backed(tmp_path) as asker:
        made = await submit(asker)
        monkeypatch.setattr(backup.Folder, "remove", refuse)
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": False}
    assert [is_gone for _, _, is_gone in rows(stage, made["workflow_id"])] == [False]


async def test_switched_off_nothing_is_stored_and_the_answer_says_so(backed: Backed, tmp_path: Path) -> None:
    async with backed(tmp_path, workflow_backup_enabled=False) as asker:
        made = await submit(asker)
        assert made["backup"] == {"stored": False, "reason": "Backups are switched off."}
        assert await delete(asker, made["workflow_id"]) == {"database": True, "filesystem": False}
    assert list(tmp_path.iterdir()) == []


async def test_a_submission_that_is_refused_leaves_no_copy(backed: Backed, stage: Stage, tmp_path: Path) -> None:
    async with backed(tmp_path) as asker:
        program = Asker(asker.client, stage.service("workflows.write").headers)
        body = {"workflow_name": "Not run", "workflow_json": GRAPH}
        assert (await program.post("/workflows", body)).status_code == 403
    assert list(tmp_path.rglob("*.json")) == []


async def test_nobody_deletes_or_records_copies_of_another_tenant(
    backed: Backed, stage: Stage, elsewhere: Stage, tmp_path: Path
) -> None:
    async with backed(tmp_path) as asker:
        made = await submit(asker)
        stranger = Asker(asker.client, elsewhere.admin.headers)
        assert (await stranger.delete(f"/workflows/{made['workflow_id']}")).status_code == 404
    assert len(list(tmp_path.rglob("*.json"))) == 1
    assert [is_gone for _, _, is_gone in rows(stage, made["workflow_id"])] == [False]

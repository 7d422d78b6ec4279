"""Copies of workflow versions outside the database: in a folder, or in a bucket of an object store (S3).

A copy is a convenience: a store that fails or is slow costs a submission five seconds at most and never fails it. What
was stored or removed is said and written down as it happened, never assumed.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from psycopg.rows import DictRow

from casare_cloud.config import Settings
from casare_cloud.database import Transaction
from casare_cloud.domain.workflows import queries
from casare_cloud.domain.workflows.model import Backup
from casare_cloud.errors import ApiError

STORE_SECONDS = 5.0

Begin = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Begins another transaction of the same caller."""

logger = logging.getLogger("casare_cloud")


class Store(Protocol):
    """Where copies are. The calls block; they raise `OSError`, or what the store's own library raises."""

    def put(self, key: str, content: bytes) -> None: ...

    def remove(self, key: str) -> bool:
        """Whether there was such a copy, which is gone now."""
        ...


class Folder:
    """A folder on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        file = self._path / key
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, file)
        finally:
            unfinished.unlink(missing_ok=True)

    def remove(self, key: str) -> bool:
        """Delete the file, and the workflow's folder with its last file."""
        file = self._path / key
        try:
            file.unlink()
        except FileNotFoundError:
            return False
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
        return True


class Bucket:
    """A bucket of an object store that speaks S3; `AWS_…` variables say where it is and the credentials."""

    def __init__(self, name: str, prefix: str) -> None:
        self._name = name
        self._prefix = f"{prefix}/" if prefix else ""

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self._client.put_object(Bucket=self._name, Key=self._prefix + key, Body=content, ContentType="application/json")

    def remove(self, key: str) -> bool:
        """Delete the object; S3 says the same of one that was never there, so it is looked at before."""
        from botocore.exceptions import ClientError

        place = {"Bucket": self._name, "Key": self._prefix + key}
        try:
            self._client.head_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return False
            raise
        self._client.delete_object(**place)
        return True

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        patience = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})
        return boto3.client("s3", config=patience)


@lru_cache
def _store_at(place: str) -> Store:
    scheme, separator, rest = place.partition("://")
    if separator and scheme == "s3":
        name, _, prefix = rest.partition("/")
        return Bucket(name, prefix.strip("/"))
    return Folder(Path(place))


def store_of(settings: Settings) -> Store | None:
    """The store that WORKFLOWS_DIR names; None when backups are switched off."""
    return _store_at(settings.workflows_dir) if settings.workflow_backup_enabled else None


async def plan(tx: Transaction, store: Store | None, workflow_id: UUID, version: int) -> Backup:
    """Write down where the copy of a version goes: a store that answers too late or never may have it all the same."""
    if store is None:
        return Backup(False, "Backups are switched off.")
    key = await tx.fetch_value(queries.RECORD_BACKUP, {"workflow_id": workflow_id, "version": version})
    return Backup(False, "It is not known yet whether the copy was stored.", version, key)


async def keep(begin: Begin, store: Store, workflow_id: UUID, planned: Backup, content: dict[str, Any]) -> Backup:
    """Put the copy of a version where it was planned. No transaction is open while the store answers.

    A workflow that was deleted meanwhile has no copy: who deleted it may have looked for this one too early.
    """
    key, version = planned.key, planned.version
    assert key is not None
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await asyncio.to_thread(store.put, key, json.dumps(content).encode())
    except Exception as error:
        return Backup(False, _told("The copy was not stored", key, error))
    try:
        async with begin() as tx:
            await tx.execute(queries.RECORD_BACKUP, {"workflow_id": workflow_id, "version": version})
    except ApiError as error:
        if error.code == "WORKFLOW_NOT_FOUND":
            await _take_back(store, key)
            return Backup(False, "The workflow was deleted meanwhile.")
        logger.warning("when a copy was stored was not written down: %s: %s", key, error)
    return Backup(True)


async def _take_back(store: Store, key: str) -> None:
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await asyncio.to_thread(store.remove, key)
    except Exception as error:
        _told("A copy was not taken back", key, error)


async def copies_of(tx: Transaction, store: Store | None, workflow_id: UUID) -> list[DictRow]:
    """The recorded copies of a workflow: version and key."""
    return await tx.fetch_all(queries.LIST_BACKUPS, {"workflow_id": workflow_id}) if store is not None else []


async def remove(begin: Begin, store: Store | None, workflow_id: UUID, rows: list[DictRow]) -> bool:
    """Take a workflow's copies out of the store: whether there were any, and all of them are gone.

    That they are gone is written down in a transaction of its own.
    """
    gone, was_there = [], False
    for row in rows:
        assert store is not None
        try:
            async with asyncio.timeout(STORE_SECONDS):
                was_there = await asyncio.to_thread(store.remove, row["object_key"]) or was_there
            gone.append(row["version"])
        except Exception as error:
            _told("A copy was not removed", row["object_key"], error)
            break
    if gone:
        try:
            async with begin() as tx:
                await tx.execute(queries.FORGET_BACKUPS, {"workflow_id": workflow_id, "versions": gone})
        except ApiError as error:  # the workflow is deleted and the copies are gone, whatever is written down
            logger.warning("copies that are gone were not forgotten: %s: %s", workflow_id, error)
    return was_there and len(gone) == len(rows)


def _told(what: str, key: str, error: Exception) -> str:
    """A sentence for the caller with the kind of error only; the log has all of it."""
    logger.warning("%s: %s", what, key, exc_info=error)
    if isinstance(error, TimeoutError):
        return f"{what}: the store did not answer in time."
    if isinstance(error, ModuleNotFoundError):
        return f"{what}: the extra `s3` is not installed here."
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return f"{what}: the store failed ({code or type(error).__name__})."

"""What can be done with workflows. Every rule is in the SQL functions that are called here."""

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.names import uuid_of
from casare_cloud.domain.permissions import require_found
from casare_cloud.domain.rows import split_page
from casare_cloud.domain.workflows import backup, queries
from casare_cloud.domain.workflows.model import Act, Deletion, Filter, NewVersion, Published, Version, Workflow
from casare_cloud.errors import NotFound


class WorkflowNotFound(NotFound):
    """There is no such workflow, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("WORKFLOW_NOT_FOUND", "There is no such workflow.")


async def publish(tx: Transaction, store: backup.Store | None, new: NewVersion) -> Published:
    """Publish a definition, of a new workflow or as the next version of one; 404 WORKFLOW_NOT_FOUND.

    With a `store`, where its copy goes is written down; `keep_copy` puts it there when `tx` is committed. Needs
    workflows.write.
    """
    row = await tx.fetch_one(
        queries.SUBMIT_WORKFLOW,
        {
            "name": new.name,
            "definition": new.definition,
            "description": new.description,
            "metadata": new.metadata,
            "workflow_id": new.workflow_id,
        },
    )
    assert row is not None
    planned = await backup.plan(tx, store, row["workflow_id"], row["version"])
    return Published(row["workflow_id"], row["version"], row["created_at"], planned)


async def draft(tx: Transaction, name: str, definition: dict[str, Any], description: str | None) -> Workflow:
    """Make a draft, which people may run by hand, and return it. Needs workflows.write, and workflows.read."""
    return await _draft(tx, name=name, definition=definition, description=description, cloned_from=None)


async def clone(tx: Transaction, workflow_id: UUID) -> Workflow:
    """A draft like another workflow; 404 WORKFLOW_NOT_FOUND. Needs workflows.write, and workflows.read."""
    return await _draft(tx, name=None, definition=None, description=None, cloned_from=workflow_id)


async def _draft(tx: Transaction, **params: Any) -> Workflow:
    workflow_id: UUID = await tx.fetch_value(queries.DRAFT_WORKFLOW, params)
    return await get(tx, workflow_id)


async def update(tx: Transaction, workflow_id: UUID, changes: dict[str, Any], version: int | None = None) -> Workflow:
    """Change name, description, definition, is_enabled or status; another definition is a new version.

    Raises 404 WORKFLOW_NOT_FOUND, 409 WORKFLOW_CHANGED when `version` is not the current one. Needs workflows.write,
    and workflows.read.
    """
    await tx.execute(queries.UPDATE_WORKFLOW, {"workflow_id": workflow_id, "changes": changes, "version": version})
    return await get(tx, workflow_id)


async def list_history(tx: Transaction, workflow_id: UUID, limit: int, offset: int) -> tuple[list[Act], int]:
    """(what was done to a workflow, the newest first; how much in all); 404 WORKFLOW_NOT_FOUND. Needs audit.read."""
    rows = await tx.fetch_all(queries.LIST_HISTORY, {"workflow_id": workflow_id, "limit": limit, "offset": offset})
    items, total = split_page(rows, "audit_id")
    return [Act(**item) for item in items], total


async def keep_copy(
    begin: backup.Begin, store: backup.Store | None, made: Published, content: dict[str, Any]
) -> Published:
    """Put `content` into the store as the copy of a version that is committed, and say whether it is there."""
    if store is None:
        return made
    return replace(made, backup=await backup.keep(begin, store, made.workflow_id, made.backup, content))


async def id_of(tx: Transaction, workflow: UUID | str, permission: str) -> UUID:
    """The id of a workflow that is named by its id or its name (the newest of that name); `WorkflowNotFound`.

    `permission` is what the caller wants the workflow for: without it, an unknown name is 403.
    """
    known = workflow if isinstance(workflow, UUID) else uuid_of(workflow)
    if known is not None:
        return known
    workflow_id: UUID | None = await tx.fetch_value(queries.FIND_WORKFLOW_BY_NAME, {"name": workflow})
    return await require_found(tx, workflow_id, permission, WorkflowNotFound)


async def list_page(
    tx: Transaction, wanted: Filter, limit: int, offset: int, *, whole: bool = False
) -> tuple[list[Workflow], int]:
    """(workflows of the page, the newest first; how many match in all); `whole` ones have their definitions.

    Needs workflows.read.
    """
    rows = await tx.fetch_all(
        queries.LIST_WHOLE_WORKFLOWS if whole else queries.LIST_WORKFLOWS,
        {**asdict(wanted), "limit": limit, "offset": offset},
    )
    items, total = split_page(rows, "workflow_id")
    return [Workflow(**item) for item in items], total


async def get(tx: Transaction, workflow_id: UUID) -> Workflow:
    """A workflow with the definition of its current version; `WorkflowNotFound`. Needs workflows.read."""
    return await require_found(tx, await find(tx, workflow_id), "workflows.read", WorkflowNotFound)


async def find(tx: Transaction, workflow_id: UUID) -> Workflow | None:
    """As `get`, but None when there is no such workflow or the caller may not read it."""
    row = await tx.fetch_one(queries.GET_WORKFLOW, {"workflow_id": workflow_id})
    return None if row is None else Workflow(**row)


async def list_versions(tx: Transaction, workflow_id: UUID, limit: int, offset: int) -> tuple[list[Version], int]:
    """(versions of a workflow, the newest first; how many there are); `WorkflowNotFound`. Needs workflows.read."""
    rows = await tx.fetch_all(queries.LIST_VERSIONS, {"workflow_id": workflow_id, "limit": limit, "offset": offset})
    items, total = split_page(await require_found(tx, rows or None, "workflows.read", WorkflowNotFound), "version")
    return [Version(**item) for item in items], total


async def get_version(tx: Transaction, workflow_id: UUID, version: int) -> Version:
    """A version with its definition; `WorkflowNotFound` when there is no such version. Needs workflows.read."""
    row = await tx.fetch_one(queries.GET_VERSION, {"workflow_id": workflow_id, "version": version})
    return Version(**await require_found(tx, row, "workflows.read", WorkflowNotFound))


async def delete(tx: Transaction, begin: backup.Begin, store: backup.Store | None, workflow_id: UUID) -> Deletion:
    """Take a workflow, its schedules and its copies in `store` away and cancel its waiting jobs.

    Ends `tx`: copies are removed when the workflow is gone for certain. Raises 404 WORKFLOW_NOT_FOUND. Needs
    workflows.delete.
    """
    answer = await tx.fetch_value(queries.DELETE_WORKFLOW, {"workflow_id": workflow_id})
    copies = await backup.copies_of(tx, store, workflow_id)
    await tx.commit()
    are_gone = await backup.remove(begin, store, workflow_id, copies)
    return Deletion(answer["cancelled_jobs"], answer["cancelling_jobs"], answer["disabled_triggers"], are_gone)

"""Who changed what, as table triggers wrote it down. Not of the documents."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from casare_cloud.domain.audit import service
from casare_cloud.domain.permissions import require
from casare_cloud.faces.kit import files
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.orchestrator.audit.shapes import EntryAnswer, EntryList, Wanted
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/audit", tags=["audit"], route_class=Route)


@router.get("", responses=refusals())
async def list_changes(
    tx: Tx,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[UUID | None, Query(description="`next` of the page before; default: from the newest on.")] = None,
) -> EntryList:
    """List changes, the newest first; pages neither repeat nor miss one while others are added. Needs audit.read.

    An answer looks through 10,000 changes (with `actor` or a `resource_id` of one `resource_type`: of theirs), and has
    those that match: ask again with `before` until `next` is null.
    """
    return EntryList.of(await service.list_before(tx, wanted, limit, before))


@router.get("/export", response_class=Response, responses={**refusals(), 200: files.LINES_OR_CSV})
async def export_changes(
    call: CurrentCall,
    tx: Tx,
    wanted: Wanted,
    format: files.ExportFormat = "jsonl",
    limit: Annotated[int, Query(ge=1, le=1_000_000)] = 100_000,
) -> Response:
    """The newest changes as a file, an object a line or CSV, written while they are read. Needs audit.read."""
    await require(tx, "audit.read")

    async def rows() -> AsyncIterator[files.Row]:
        async for entry in service.read_all(call.transaction, wanted, limit):
            yield EntryAnswer.model_validate(entry).model_dump(mode="json")

    return files.export_of("audit", format, list(EntryAnswer.model_fields), rows())

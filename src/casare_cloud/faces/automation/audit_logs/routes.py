"""Who changed what."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter

from casare_cloud.domain.audit import service
from casare_cloud.faces.automation import resource_words
from casare_cloud.faces.automation.audit_logs.filters import Wanted
from casare_cloud.faces.automation.audit_logs.shapes import Actions, AuditStats, EntryAnswer, EntryList, ResourceTypes
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/audit-logs", tags=["audit-logs"], route_class=Route)


@router.get("", responses=refusals())
async def list_changes(tx: Tx, wanted: Wanted, page: Annotated[NumberedPage, numbered_page(50, 200)]) -> EntryList:
    """List changes, the newest first; a type or an action that does not occur matches none. Needs audit.read.

    An answer looks through 10,000 changes (with `user_id` or a `resource_id` of one table: of theirs). When there are
    older ones, `looked_back_to` says how far it looked; send it as `date_to` to look further.
    """
    found = await service.list_page(tx, wanted, page.limit, page.offset)
    entries = [EntryAnswer.of(entry) for entry in found.entries]
    return EntryList(audit_logs=entries, looked_back_to=found.looked_back_to, **page.facts(found.total or 0))


@router.get("/stats", responses=refusals())
async def count_changes(tx: Tx) -> AuditStats:
    """How often what was done to what, of the newest 100,000 changes. Needs audit.read."""
    actions: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for (action, table), times in (await service.count(tx)).items():
        actions[action] += times
        types[resource_words.shown(table)] += times
    return AuditStats(total=actions.total(), by_action=actions, by_resource_type=types)


@router.get("/resource-types", responses=refusals())
async def list_resource_types(tx: Tx) -> ResourceTypes:
    """Which kinds of things the log tells of. Needs audit.read."""
    return ResourceTypes(resource_types=sorted({resource_words.shown(table) for _, table in await service.count(tx)}))


@router.get("/actions", responses=refusals())
async def list_actions(tx: Tx) -> Actions:
    """Which actions the log tells of. Needs audit.read."""
    return Actions(actions=sorted({action for action, _ in await service.count(tx)}))

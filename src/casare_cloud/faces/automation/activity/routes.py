"""What happened, for people to read."""

from collections import Counter, defaultdict
from datetime import UTC
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.metrics import service
from casare_cloud.faces.automation.activity.shapes import ActionCount, ActivitySummary, ActivityTimeline, Item
from casare_cloud.faces.automation.activity.words import WORDS, kinds_of
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/activity", tags=["activity"], route_class=Route)
Days = Annotated[int, Query(ge=1, le=90)]


@router.get("", responses=refusals())
async def list_activity(
    tx: Tx,
    days: Days = 7,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    actor_id: Annotated[UUID | None, Query()] = None,
    action_type: Annotated[str | None, Query(max_length=64)] = None,
) -> ActivityTimeline:
    """What executions and agents did, the newest first, and, for who has audit.read, what people changed.

    Needs events.read.
    """
    items = [Item.of(act) for act in await service.list_acts(tx, days, limit, actor_id, kinds_of(action_type))]
    grouped: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        grouped[item.timestamp.astimezone(UTC).date().isoformat()].append(item)
    return ActivityTimeline(activities=items, grouped=grouped, total=len(items), period_days=days)


@router.get("/summary", responses=refusals())
async def summarize_activity(tx: Tx, days: Days = 7) -> ActivitySummary:
    """How often what was done, of the newest 10,000; as for the list. Needs events.read."""
    counts = Counter(WORDS[act.kind].action for act in await service.list_acts(tx, days, 10_000, None, kinds_of(None)))
    summary = [ActionCount(action=action, count=count) for action, count in counts.most_common()]
    return ActivitySummary(summary=summary, period_days=days, total=counts.total())

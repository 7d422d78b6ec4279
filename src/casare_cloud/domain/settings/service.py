"""What a tenant sets about itself. The database says what there is to set, and what may be written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.settings import queries
from casare_cloud.domain.settings.model import Purge, Quota, Setting


async def list_all(tx: Transaction) -> list[Setting]:
    """Every setting, by name. Needs settings.read."""
    return [Setting(**row) for row in await tx.fetch_all(queries.LIST_SETTINGS)]


async def change(tx: Transaction, changes: Mapping[str, Any]) -> None:
    """Change settings by their names, all or none; None sets one back to its default. Needs settings.write.

    Raises 400 UNKNOWN_SETTING or INVALID_ARGUMENT, which name setting and rule, 403 SETTING_OF_THE_PLAN.
    """
    await tx.call("public.set_settings", changes=dict(changes))


async def list_quotas(tx: Transaction) -> list[Quota]:
    """What the plan allows, and how much of it is used. Needs settings.read."""
    return [Quota(**row) for row in await tx.fetch_all(queries.LIST_QUOTAS)]


async def purge_jobs(
    tx: Transaction,
    statuses: Sequence[str],
    finished_before: datetime | None,
    workflow_id: UUID | None,
    limit: int,
    after: UUID | None,
    is_dry_run: bool,
) -> Purge:
    """Delete finished jobs with all that belongs to them, a page of `limit` jobs, or count them. Needs jobs.purge."""
    answer = await tx.call(
        "public.purge_jobs",
        status=list(statuses),
        finished_before=finished_before,
        workflow_id=workflow_id,
        limit=limit,
        after=after,
        dry_run=is_dry_run,
    )
    return Purge(**answer)

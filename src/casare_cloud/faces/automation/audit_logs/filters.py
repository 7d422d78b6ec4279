"""Which changes are wanted, as the list and the export ask for them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from casare_cloud.domain.audit.model import Filter
from casare_cloud.faces.automation import resource_words
from casare_cloud.faces.automation.fields import Within


async def _filter(
    within: Within,
    resource_type: Annotated[str | None, Query(max_length=64)] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    user_id: Annotated[UUID | None, Query()] = None,
    resource_id: Annotated[str | None, Query(max_length=255)] = None,
    search: Annotated[str | None, Query(max_length=255, description="A part of type, id or action.")] = None,
) -> Filter:
    return Filter(
        resource_types=None if resource_type is None else resource_words.tables_of(resource_type),
        action=action or None,
        actor_id=user_id,
        resource_id=resource_id or None,
        search=search or None,
        search_types=resource_words.tables_with(search) if search else [],
        since=within.since,
        until=within.until,
    )


Wanted = Annotated[Filter, Depends(_filter)]

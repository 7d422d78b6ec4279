"""Shapes of the audit log."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field

from casare_cloud.domain.audit.model import EntryPage, Filter
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.orchestrator.audit import examples


class EntryAnswer(Answer):
    """A change. `resource_type` is the table, `principal` user, robot, service or system."""

    model_config = showing(examples.ENTRY)

    audit_id: UUID
    created_at: Time
    actor_id: UUID | None
    actor: Annotated[str | None, Field(validation_alias="actor_email", description="The address of a user.")]
    principal: str
    action: str
    resource_type: str
    resource_id: str
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None


class EntryList(Answer):
    """Changes, the newest first, of the 10,000 that an answer looks through; fewer than `limit` may not be the last."""

    model_config = showing(examples.ENTRIES)

    entries: list[EntryAnswer]
    next: Annotated[
        UUID | None, Field(description="Send it as `before` for those that are older; null: there are none.")
    ]
    looked_back_to: Annotated[
        Time | None, Field(description="When the oldest change was made that was looked at; null: all were looked at.")
    ]

    @classmethod
    def of(cls, page: EntryPage) -> "EntryList":
        """A page as the service gives it."""
        entries = [EntryAnswer.model_validate(entry) for entry in page.entries]
        return cls(entries=entries, next=page.next, looked_back_to=page.looked_back_to)


async def _filter(
    actor: Annotated[str | None, Query(max_length=320, description="An id, or a user's address or name.")] = None,
    action: Annotated[str | None, Query(max_length=64, description="create, update, delete or execute.")] = None,
    resource_type: Annotated[str | None, Query(max_length=64, description="A table, such as limits.")] = None,
    resource_id: Annotated[str | None, Query(max_length=255)] = None,
    search: Annotated[str | None, Query(max_length=255, description="A part of the id or the action.")] = None,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
) -> Filter:
    if since is not None and until is not None and since > until:
        raise InvalidArgument("since (query): must not be after until.")
    return Filter(
        resource_types=[resource_type] if resource_type else None,
        action=action or None,
        actor=actor or None,
        resource_id=resource_id or None,
        search=search or None,
        since=since,
        until=until,
    )


Wanted = Annotated[Filter, Depends(_filter)]

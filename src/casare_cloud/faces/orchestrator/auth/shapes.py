"""Shapes of who a caller is, and of a session's end. Those of logins and registrations are in the kit."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.accounts import RefreshBody
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer
from casare_cloud.faces.orchestrator.auth import examples


class LoggedOut(Answer):
    """The session is over."""

    model_config = showing(examples.LOGGED_OUT)

    message: str


class MeAnswer(Answer):
    """The caller; `roles` with those that they include."""

    model_config = showing(examples.ME)

    user_id: UUID
    roles: list[str]
    tenant_id: UUID | None
    dev_mode: bool
    principal: str
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    permissions: list[str]


class TenantOfCaller(Answer):
    """A tenant that the caller is a member of."""

    model_config = showing(examples.TENANT)

    tenant_id: UUID
    slug: str
    name: str
    is_current: Annotated[bool, Field(description="Whether this token is for it.")]


class TenantList(Answer):
    """The tenants that the caller can act in, by name."""

    model_config = showing(examples.TENANTS)

    tenants: list[TenantOfCaller]


class SwitchBody(RefreshBody):
    """The tenant to act in, and the refresh token of the session that moves there."""

    model_config = showing(examples.SWITCH)

    tenant: Annotated[str, Field(min_length=1, max_length=128, description="Its id or slug.")]

"""Shapes of who a caller is, and of a session's end. Those of logins and registrations are in the kit."""

from uuid import UUID

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

"""Shapes of API keys, with an example of each."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.faces.automation import permission_words
from casare_cloud.faces.automation.examples import EARLIER, KEY_ID, NOW
from casare_cloud.faces.automation.fields import PermissionCode
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.fields import Integer
from casare_cloud.faces.kit.shapes import Answer, Body, Time

_BODY: Example = {"name": "Reports", "permissions": ["executions.read"], "expires_in_days": 90}
_KEY: Example = {
    "id": KEY_ID,
    "name": "Reports",
    "prefix": "sk_live_4eC39H",
    "permissions": ["executions.read"],
    "is_active": True,
    "usage_count": None,
    "last_used_at": NOW,
    "created_at": EARLIER,
    "expires_at": None,
}
_NEW: Example = {
    "id": KEY_ID,
    "name": "Reports",
    "raw_key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc…",
    "prefix": "sk_live_4eC39H",
    "permissions": ["executions.read"],
    "expires_at": None,
    "message": "Keep the key: it is shown only now.",
}


class KeyBody(Body):
    """A key for a program; it may do no more than its maker."""

    model_config = showing(_BODY)

    name: Annotated[str, Field(min_length=1, max_length=128)]
    permissions: Annotated[list[PermissionCode], Field(min_length=1, max_length=100)] = ["*"]  # noqa: RUF012
    expires_in_days: Annotated[Integer | None, Field(ge=1, le=3650)] = None

    @property
    def expires_at(self) -> datetime | None:
        """When it shall end."""
        return None if self.expires_in_days is None else datetime.now(UTC) + timedelta(days=self.expires_in_days)


class KeyAnswer(Answer):
    """A key as people see it. How often it was used is not counted, so `usage_count` is null."""

    model_config = showing(_KEY)

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    is_active: bool
    usage_count: int | None
    last_used_at: Annotated[Time | None, Field(description="Written at most once a minute.")]
    created_at: Time
    expires_at: Time | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyAnswer":
        """A key as the service gives it."""
        return cls(
            **_common(key),
            is_active=key.status == "active",
            usage_count=None,
            last_used_at=key.last_used_at,
            created_at=key.created_at,
        )


class NewKeyAnswer(Answer):
    """A key that was just made; `raw_key` is shown once."""

    model_config = showing(_NEW)

    id: UUID
    name: str
    raw_key: str | None
    prefix: str
    permissions: list[str]
    expires_at: Time | None
    message: str

    @classmethod
    def of(cls, key: ApiKey, text: str) -> "NewKeyAnswer":
        """A key as the service gives it, and the key itself."""
        return cls(**_common(key), raw_key=text, message="Keep the key: it is shown only now.")


def _common(key: ApiKey) -> dict[str, Any]:
    shown = [permission_words.shown(scope) for scope in key.scopes]
    return {
        "id": key.api_key_id,
        "name": key.name,
        "prefix": key.prefix,
        "permissions": shown,
        "expires_at": key.expires_at,
    }

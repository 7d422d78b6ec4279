"""Shapes that the keys of robots and of programs share."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Integer, Moment
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.api_keys import examples

KeyName = Annotated[str, Field(min_length=1, max_length=128)]


class RotateKeyBody(Body):
    """How long the old key goes on working. Closed."""

    model_config = showing(examples.ROTATE_KEY, extra="forbid")

    overlap_seconds: Annotated[Integer, Field(ge=0, le=604800)] = 0


class KeyFacts(Answer):
    """What every key shows. `prefix` is its beginning."""

    api_key_id: UUID
    name: str
    prefix: str
    status: Literal["active", "expired", "revoked"]
    created_by: UUID | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """A key in the published words."""
        return cls(**cls.facts(key))

    @classmethod
    def made(cls, made: tuple[ApiKey, str]) -> Self:
        """A key that was just made, in the published words."""
        return cls(**{**cls.facts(made[0]), "key": made[1]})

    @classmethod
    def facts(cls, key: ApiKey) -> dict[str, Any]:
        """The fields of the shape, but for the key itself."""
        return {name: getattr(key, name) for name in KeyFacts.model_fields}


Scope = Annotated[str, Field(min_length=1, max_length=64)]


class CreateServiceKeyBody(Body):
    """A key to make. Closed: unknown fields are refused."""

    model_config = showing(examples.CREATE_SERVICE_KEY, extra="forbid")

    name: KeyName
    scopes: Annotated[
        list[Scope],
        Field(
            min_length=1,
            max_length=100,
            description="Permissions of yours: jobs.create (or jobs:create), jobs.*, *.read, *",
        ),
    ]
    expires_at: Moment | None = None


class ServiceKeyAnswer(KeyFacts):
    """A program's key as people see it, with what it may do."""

    model_config = showing(examples.SERVICE_KEY)

    scopes: list[str]

    @classmethod
    def facts(cls, key: ApiKey) -> dict[str, Any]:
        """With the scopes."""
        return {**super().facts(key), "scopes": key.scopes}


class NewServiceKeyAnswer(ServiceKeyAnswer):
    """A key that was just made. `key` is shown now and never again: a repeated request gets null."""

    model_config = showing(examples.NEW_SERVICE_KEY)

    key: str | None


class ServiceKeyList(Answer):
    """A page of keys, the newest first."""

    model_config = showing(examples.SERVICE_KEYS)

    keys: list[ServiceKeyAnswer]
    total: int
    limit: int
    offset: int

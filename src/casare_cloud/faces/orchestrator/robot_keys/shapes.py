"""Shapes of keys of robots."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.api_keys import examples
from casare_cloud.faces.orchestrator.api_keys.shapes import KeyFacts, KeyName
from casare_cloud.faces.orchestrator.casare.shapes import KeyAliases, KeyTerms, key_aliases
from casare_cloud.faces.orchestrator.fields import RobotName


class CreateKeyBody(KeyTerms):
    """A key to make. Closed: unknown fields are refused."""

    model_config = showing(examples.CREATE_KEY, extra="forbid")

    name: KeyName
    robot_id: Annotated[
        RobotName | None,
        Field(
            description="External id or UUID. A robot that is not there yet may register with the key under this "
            "external id, and no other; default: the first robot to register with it."
        ),
    ] = None
    expires_at: Moment | None = None

    def ends_at(self) -> datetime | None:
        """When the key expires, said either way."""
        if self.expires_in_days is None:
            return self.expires_at
        if self.expires_at is not None:
            raise InvalidArgument("expires_in_days: expires_at says it already.")
        return datetime.now(UTC) + timedelta(days=self.expires_in_days)


class ImportKeyBody(Body):
    """A token that a robot uses already, as a line of ROBOT_TOKENS names it. Closed."""

    model_config = showing(examples.IMPORT_KEY, extra="forbid")

    robot_id: RobotName
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of the token, in hex.")]


class KeyAnswer(KeyAliases, KeyFacts):
    """A key as people see it. `prefix` is its beginning; `robot_id` the external id of its robot."""

    model_config = showing(examples.KEY)

    robot_id: str | None
    robot_uuid: UUID | None

    @classmethod
    def facts(cls, key: ApiKey) -> dict[str, Any]:
        """With the robot, by external id while it is there."""
        robot = key.robot or (str(key.robot_id) if key.robot_id else None)
        return {**super().facts(key), **key_aliases(key, robot), "robot_id": robot, "robot_uuid": key.robot_id}

    @classmethod
    def made(cls, made: tuple[ApiKey, str]) -> Self:
        """A key that was just made, in the published words, with itself."""
        return cls(**{**cls.facts(made[0]), "key": made[1], "api_key": made[1]})


class NewKeyAnswer(KeyAnswer):
    """A key that was just made. `key` is shown now and never again: a repeated request gets null."""

    model_config = showing(examples.NEW_KEY)

    key: str | None
    api_key: Annotated[str | None, Field(description="`key`, for CasareRPA's dashboard.")]


class KeyList(Answer):
    """A page of keys, the newest first."""

    model_config = showing(examples.KEYS)

    keys: list[KeyAnswer]
    api_keys: Annotated[list[KeyAnswer], Field(description="`keys`, for CasareRPA's dashboard.")]
    total: int
    limit: int
    offset: int

"""Shapes of keys of robots."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.api_keys import examples
from casare_cloud.faces.orchestrator.api_keys.shapes import KeyFacts, KeyName
from casare_cloud.faces.orchestrator.fields import RobotName


class CreateKeyBody(Body):
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


class ImportKeyBody(Body):
    """A token that a robot uses already, as a line of ROBOT_TOKENS names it. Closed."""

    model_config = showing(examples.IMPORT_KEY, extra="forbid")

    robot_id: RobotName
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of the token, in hex.")]


class KeyAnswer(KeyFacts):
    """A key as people see it. `prefix` is its beginning; `robot_id` the external id of its robot."""

    model_config = showing(examples.KEY)

    robot_id: str | None
    robot_uuid: UUID | None

    @classmethod
    def facts(cls, key: ApiKey) -> dict[str, Any]:
        """With the robot, by external id while it is there."""
        robot = key.robot or (str(key.robot_id) if key.robot_id else None)
        return {**super().facts(key), "robot_id": robot, "robot_uuid": key.robot_id}


class NewKeyAnswer(KeyAnswer):
    """A key that was just made. `key` is shown now and never again: a repeated request gets null."""

    model_config = showing(examples.NEW_KEY)

    key: str | None


class KeyList(Answer):
    """A page of keys, the newest first."""

    model_config = showing(examples.KEYS)

    keys: list[KeyAnswer]
    total: int
    limit: int
    offset: int

"""Shapes of settings and quotas."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.members.model import Plan
from casare_cloud.domain.settings.model import Setting, SettingType
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.settings import examples

Value = bool | int | str | None


class SettingAnswer(Answer):
    """A setting: what counts now, what is set without it, and what may be written."""

    model_config = showing(examples.SETTING)

    name: str
    type: SettingType
    value: Value
    default: Value
    is_default: bool
    minimum: Annotated[int | None, Field(description="Of a number; of the characters of a text.")]
    maximum: int | None
    choices: list[str] | None
    unit: str | None
    is_changeable: Annotated[bool, Field(description="false: the plan decides.")]
    meaning: str

    @classmethod
    def of(cls, setting: Setting) -> "SettingAnswer":
        """A setting as the service gives it."""
        facts: dict[str, Any] = {name: getattr(setting, name, None) for name in cls.model_fields}
        default = setting.default_value
        return cls(**{**facts, "default": default, "is_default": setting.value == default})


class SettingList(Answer):
    """The settings of the tenant, by name."""

    model_config = showing(examples.SETTINGS)

    tenant_id: UUID
    plan: Plan
    settings: list[SettingAnswer]


class SettingsChange(Body):
    """Settings to change, by their names; null sets one back to its default. Closed."""

    model_config = showing(examples.CHANGE, extra="forbid")

    settings: Annotated[dict[str, Any], Field(min_length=1, max_length=100)]


class QuotaAnswer(Answer):
    """What the plan allows of something; null: any number."""

    model_config = showing(examples.QUOTA)

    name: str
    used: int
    most: int | None
    meaning: str


class QuotaList(Answer):
    """What the tenant's plan allows, and how much of it is used."""

    model_config = showing(examples.QUOTAS)

    plan: Plan
    quotas: list[QuotaAnswer]

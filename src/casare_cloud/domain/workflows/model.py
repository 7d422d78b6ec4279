"""Values of the workflows domain."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

WorkflowStatus = Literal["draft", "published", "deprecated", "archived"]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow at its current version; `definition` is None in lists."""

    workflow_id: UUID
    name: str
    description: str
    status: WorkflowStatus
    is_enabled: bool
    version: int
    node_count: int
    metadata: dict[str, Any]
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    definition: Any = None


@dataclass(frozen=True, slots=True)
class Version:
    """A published form of a workflow, which never changes; `definition` is None in lists."""

    version: int
    is_current: bool
    node_count: int
    definition_bytes: int
    created_by: UUID | None
    created_at: datetime
    definition: Any = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A definition to publish: of a new workflow, or with `workflow_id` as its next version."""

    name: str
    definition: dict[str, Any]
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    workflow_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """Whether a copy is in the store, and why not; or which version's copy goes where."""

    stored: bool
    reason: str | None = None
    version: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was published, and what became of its copy."""

    workflow_id: UUID
    version: int
    created_at: datetime
    backup: Backup


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did: jobs that it cancelled, or that will be soon, triggers disabled, whether copies are gone."""

    cancelled_jobs: int
    cancelling_jobs: int
    disabled_triggers: int
    copies_are_gone: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Which workflows are wanted; `search` is a part of the name or the description, in any letter case."""

    search: str | None = None
    status: WorkflowStatus | None = None
    is_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did to a workflow: create, update, publish, archive, execute, delete or clone."""

    audit_id: UUID
    action: str
    user_email: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    created_at: datetime

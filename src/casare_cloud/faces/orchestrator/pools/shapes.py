"""Shapes of pools."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.pools.model import SharesBy, Standing
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Integer
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.pools import examples

SHARES_BY = (
    "What the members take turns by: so many jobs as the weight says each time round, or the robot-seconds that each "
    "has had lately, over its weight."
)


class CreatePoolBody(Body):
    """A pool to make. Closed."""

    model_config = showing(examples.CREATE_POOL, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)]
    shares_by: Annotated[SharesBy, Field(description=SHARES_BY)] = "jobs"


class UpdatePoolBody(Body):
    """Fields to change; fields that are left out stay as they are. Unknown fields are refused."""

    model_config = showing(examples.UPDATE_POOL, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    shares_by: Annotated[SharesBy, Field(description=SHARES_BY)] | None = None


class PoolAnswer(Answer):
    """A pool, what the tenant is to it, and how much of it the tenant may have."""

    model_config = showing(examples.POOL)

    pool_id: UUID
    name: str
    standing: Standing
    shares_by: Annotated[SharesBy, Field(description=SHARES_BY)]
    weight: Annotated[int, Field(description="How much the tenant gets, beside the weights of the others.")]
    max_running: Annotated[int | None, Field(description="How many the pool's robots may hold; null: any number.")]
    invited_at: Time
    accepted_at: Time | None


class PoolList(Answer):
    """The pools of a tenant, by name."""

    model_config = showing(examples.POOLS)

    pools: list[PoolAnswer]


class PoolDeleted(Answer):
    """The pool is gone."""

    model_config = showing(examples.POOL_DELETED)

    pool_id: UUID
    deleted: bool


class PoolLeft(Answer):
    """The tenant has nothing to do with the pool any more."""

    model_config = showing(examples.POOL_LEFT)

    pool_id: UUID
    name: str
    left: bool


class PoolMemberBody(Body):
    """The terms of a member. Closed."""

    model_config = showing(examples.PUT_POOL_MEMBER, extra="forbid")

    weight: Annotated[Integer, Field(ge=1, le=100)] = 1
    max_running: Annotated[Integer, Field(ge=0, le=100000)] | None = None


class PoolMemberAnswer(Answer):
    """A member of a pool, or an invitation; an open invitation does not tell whether its tenant exists."""

    model_config = showing(examples.POOL_MEMBER)

    tenant: Annotated[str, Field(description="The slug or the id that it was invited by.")]
    weight: int
    max_running: int | None
    load: Annotated[float | None, Field(description="Robot-seconds that it has had lately, over its weight.")]
    invited_at: Time
    accepted_at: Time | None


class PoolMemberList(Answer):
    """The members of a pool and its open invitations."""

    model_config = showing(examples.POOL_MEMBERS)

    members: list[PoolMemberAnswer]

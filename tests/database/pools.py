"""Owners and members of pools, for the tests of shared pools."""

from typing import Any

from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, call, call_all, make_fleet


def slug_of(fleet: Fleet) -> str:
    """The slug of a fleet's tenant."""
    row = fleet.owner.execute("select slug from public.tenants where tenant_id = %s", [fleet.tenant.tenant_id])
    found = row.fetchone()
    assert found is not None
    return str(found["slug"])


def make_pool(owner: Fleet, name: str = "Shared") -> str:
    """The id of a new pool."""
    return str(call(owner.member, "create_pool", name=name)["create_pool"]["pool_id"])


def join(owner: Fleet, pool: str, member: Fleet, **terms: Any) -> None:
    """Makes a tenant a member: the owner invites, the member's admin accepts."""
    call(owner.member, "put_pool_member", pool=pool, tenant=slug_of(member), **terms)
    call(member.member, "accept_pool", pool=pool)


def make_member(owner: Fleet, pool: str, **terms: Any) -> Fleet:
    """A new tenant that is a member of the pool."""
    member = make_fleet(owner.database)
    join(owner, pool, member, **terms)
    return member


def pool_robot(owner: Fleet, pool: str, **properties: Any) -> Robot:
    """A new robot of the owner's in the pool."""
    robot = owner.robot(**properties)
    call(owner.member, "set_robot_pool", robot=robot.external_id, pool=pool)
    return robot


def fair_pool(database: Database) -> "Pool":
    """A pool by robot-seconds with the members A, B (weight 1) and C (weight 3)."""
    pool = Pool(database, A=1, B=1, C=3)
    call(pool.owner.member, "update_pool", pool=pool.id, shares_by="robot_seconds")
    return pool


def standing(fleet: Fleet, pool: str) -> str | None:
    """What a tenant is to a pool, as it lists it."""
    listed = [row["list_pools"] for row in call_all(fleet.member, "list_pools")]
    return next((str(item["standing"]) for item in listed if item["pool_id"] == pool), None)


class Pool:
    """A pool with its owner and members, by letters: O is the owner."""

    def __init__(self, database: Database, **weights: int) -> None:
        self.owner = make_fleet(database)
        self.id = make_pool(self.owner)
        self.members = {name: make_member(self.owner, self.id, weight=weight) for name, weight in weights.items()}

    def fill(self, **counts: int) -> None:
        """Gives each its jobs for the pool."""
        for name, count in counts.items():
            self.tenant(name).fill(count - 1, pool=self.id)

    def tenant(self, name: str) -> Fleet:
        """The owner or a member."""
        return self.owner if name == "O" else self.members[name]

    def names_of(self, jobs: list[dict[str, Any]]) -> str:
        """Whose jobs these are, in their order."""
        workflows = {str(self.tenant(name).workflow.workflow_id): name for name in ("O", *self.members)}
        return "".join(workflows[str(job["workflow_id"])] for job in jobs)

    def turns(self, robot: Robot, claims: int, limit: int = 1) -> str:
        """Whose jobs a robot gets with so many claims; each is completed at once."""
        names = ""
        for _ in range(claims):
            jobs = self.owner.claim(robot, limit=limit)
            names += self.names_of(jobs)
            for job in jobs:
                self.owner.report(robot, "complete_job", job)
        return names

    def close(self) -> None:
        """Closes all connections."""
        for fleet in (self.owner, *self.members.values()):
            fleet.close()

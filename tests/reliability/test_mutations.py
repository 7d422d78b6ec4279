"""Faults put into a copy of the queue: the model or a race test must notice each, or they would notice nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.databases import Database, database_copy, unique_name
from tests.fleets import Fleet, make_fleet
from tests.reliability import profiles, test_races
from tests.reliability.queue_machine import QueueMachine
from tests.reliability.queue_world import World


@dataclass(frozen=True)
class Mutation:
    """A piece of a function, and what stands there instead."""

    function: str
    piece: str
    instead: str


FOUND_BY_MODEL = {
    "a completion without fencing": Mutation(
        "private.complete_leases",
        "and l.lease_token = p_lease_tokens[i]",
        "",
    ),
    "a rescue that does not look at the lease's end": Mutation(
        "private.rescue_expired_leases", "l2.lease_expires_at <= v_now or l2.timeout_at", "l2.timeout_at"
    ),
    "a release that counts the attempt": Mutation(
        "public.release_job", "array[v_lease.attempt - 1]", "array[v_lease.attempt::integer]"
    ),
    "a cancellation that takes the lease away": Mutation(
        "private.try_cancel_job",
        """update private.leases as l
        set cancel_requested_at = coalesce(l.cancel_requested_at, private.clock()),
            cancel_reason = coalesce(l.cancel_reason, p_reason)
        where""",
        "delete from private.leases as l where",
    ),
    "a renewal that takes a stale token": Mutation(
        "public.renew_leases",
        "join asked as a on a.job_id = k.job_id and a.lease_token = k.lease_token",
        "join asked as a on a.job_id = k.job_id",
    ),
}
FOUND_BY_RACES: dict[str, tuple[Mutation, Callable[[Fleet], None]]] = {
    "a claim that waits for rows": (
        Mutation("private.take_jobs", "for update skip locked", "for update"),
        test_races.test_a_claim_does_not_wait_for_the_head_that_another_takes,
    ),
    "a rescue that locks nothing": (
        Mutation("private.rescue_expired_leases", "for update skip locked", ""),
        test_races.test_what_is_being_renewed_is_not_rescued,
    ),
}


@contextmanager
def mutated(world: World, mutation: Mutation) -> Iterator[World]:
    """The world with one fault."""
    name = unique_name("mutated")
    world.server.create_database(name, world.template)
    try:
        database = Database(world.server, name)
        with database.connect() as owner:
            row = owner.execute("select pg_get_functiondef(%s::regproc) as definition", [mutation.function]).fetchone()
            assert row is not None
            assert row["definition"].count(mutation.piece) == 1, "the function no longer has the piece that is changed"
            owner.execute(row["definition"].replace(mutation.piece, mutation.instead))
        database.close()
        yield replace(world, template=name)
    finally:
        world.server.drop_database(name)


@pytest.mark.parametrize("fault", FOUND_BY_MODEL)
def test_the_model_notices(world: World, fault: str) -> None:
    with mutated(world, FOUND_BY_MODEL[fault]) as faulty, pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: QueueMachine(faulty), settings=profiles.hunting())


@pytest.mark.parametrize("fault", FOUND_BY_RACES)
def test_a_race_notices(world: World, fault: str) -> None:
    mutation, race = FOUND_BY_RACES[fault]
    with mutated(world, mutation) as faulty, database_copy(faulty.server, faulty.template) as database:
        fleet = make_fleet(database)
        with pytest.raises(Exception):  # noqa: B017  an assertion, or a lock that was waited for
            race(fleet)
        fleet.close()

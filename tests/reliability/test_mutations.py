"""Faults put into a copy of the queue: the model, a race or a test of pools must notice each."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis import seed
from hypothesis.stateful import RULE_MARKER, run_state_machine_as_test
from tests.database import test_limit_races, test_pool_shares
from tests.database.pools import Pool, fair_pool
from tests.databases import Database, database_copy, unique_name
from tests.fleets import Fleet, make_fleet
from tests.reliability import profiles, test_races
from tests.reliability.queue_machine import QueueMachine
from tests.reliability.queue_world import World

# Without it, which lives are tried would hang on the text of the lines that try them. With it, four to six do.
LUCKY = 1


@dataclass(frozen=True)
class Mutation:
    """A piece of a function, what stands there instead, and the rules of lives that soon meet it."""

    function: str
    piece: str
    instead: str
    rules: tuple[str, ...] = ()


FOUND_BY_MODEL = {
    "a completion without fencing": Mutation(
        "private.complete_leases",
        "and l.lease_token = p_lease_tokens[1]",
        "",
        ("claim_after_a_while", "give_back_and_claim_again", "complete"),
    ),
    "a rescue that does not look at the lease's end": Mutation(
        "private.rescue_expired_leases",
        "private.lease_over_at(l) <= v_now",
        "least(l.timeout_at, private.progress_due_at(l)) <= v_now",
        ("let_time_pass", "do_duty", "claim_after_a_while"),
    ),
    "a release that counts the attempt": Mutation(
        "public.release_job",
        "array[v_lease.attempt - 1]",
        "array[v_lease.attempt::integer]",
        ("release", "claim_one", "start"),
    ),
    "a lease that was never started and costs an attempt": Mutation(
        "private.end_uncounted",
        "array[p_lease.attempt - 1]",
        "array[p_lease.attempt::integer]",
        ("let_time_pass", "do_duty", "claim_one"),
    ),
    "a claim that is asked again and takes new jobs": Mutation(
        "public.claim_jobs",
        "if v_robot.is_repeated then",
        "if false then",
        ("claim_one", "claim_again", "enqueue"),
    ),
    "an outage that lengthens no lease": Mutation(
        "private.lengthen_leases",
        "then l.lease_expires_at + v_away",
        "then l.lease_expires_at",
        ("be_away", "do_duty", "claim_one"),
    ),
    "a late result of any robot": Mutation(
        "private.answer_late_result",
        "if not v_was_holder then",
        "if false then",
        ("claim_after_a_while", "complete", "claim_one"),
    ),
    "a cancellation that takes the lease away": Mutation(
        "private.try_cancel_job",
        """update private.leases as l
                set cancel_requested_at = private.clock(), cancel_reason = p_reason
                where""",
        "delete from private.leases as l where",
        ("cancel", "enqueue", "claim_one"),
    ),
    "a renewal that takes a stale token": Mutation(
        "public.renew_leases",
        "join asked as a on a.job_id = k.job_id and (a.is_own or a.lease_token = k.lease_token)",
        "join asked as a on a.job_id = k.job_id",
        ("give_back_and_claim_again", "renew", "claim_after_a_while"),
    ),
    "a release that does not give back what it counted": Mutation(
        "public.release_job",
        "if v_lease.counter_ids is not null then",
        "if false then",
        ("set_limit", "claim_one", "release"),
    ),
    "a claim that asks no limit for room": Mutation(
        "private.enter_limits",
        "set running = c.running + least(jobs, p.room)",
        "set running = c.running",
        ("set_limit", "enqueue", "claim"),
    ),
    "a limit that forgets what runs when it is set": Mutation(
        "private.make_counters",
        "(cardinality(v_job_ids) + v_parts - n) / v_parts",
        "0",
        ("set_limit", "claim_one"),
    ),
    "a collision that nobody resolves": Mutation(
        "private.resolve_collision",
        "if not found or v_limit.on_collision = 'queue' then",
        "if true then",
        ("set_limit", "enqueue"),
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
    "a limit whose parts are more than the whole": (
        Mutation("private.make_counters", "(p_limit.max_running + v_parts - n) / v_parts", "p_limit.max_running"),
        test_limit_races.test_one_claim_gets_all_that_the_counters_of_a_limit_have_room_for,
    ),
    "a batch that stops at the first full counter": (
        Mutation("private.take_jobs", "exit when v_room = v_wanted;", "exit;"),
        test_limit_races.test_one_claim_gets_all_that_the_counters_of_a_limit_have_room_for,
    ),
}

FOUND_BY_POOLS: dict[str, tuple[Mutation, Callable[[Pool], None]]] = {
    "a pool that forgets the weights": (
        Mutation(
            "private.take_fair_pool_job",
            "private.share_load(s.share_id, v_now) / m.weight",
            "private.share_load(s.share_id, v_now)",
        ),
        test_pool_shares.test_a_claim_for_several_jobs_gives_each_member_its_part,
    ),
    "a lease that counts for nobody in the pool": (
        Mutation("private.record_share_usage", "[old.share_id, old.pool_share_id]", "[old.share_id]"),
        test_pool_shares.test_a_job_counts_in_its_tenants_own_shares_and_in_the_pools,
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


def machine_of(rules: tuple[str, ...]) -> type[QueueMachine]:
    """The machine with these rules alone: with all of them, a life takes long to come to the point."""
    found = dict(inspect.getmembers(QueueMachine, lambda member: hasattr(member, RULE_MARKER)))
    assert found.keys() >= set(rules)
    return type("Hunter", (QueueMachine,), {name: None for name in found if name not in rules})


@pytest.mark.parametrize("fault", FOUND_BY_MODEL)
def test_the_model_notices(world: World, fault: str) -> None:
    machine = machine_of(FOUND_BY_MODEL[fault].rules)
    with mutated(world, FOUND_BY_MODEL[fault]) as faulty, faulty.copied() as copy, pytest.raises(AssertionError):
        run_state_machine_as_test(seed(LUCKY)(lambda: machine(copy)), settings=profiles.hunting())


@pytest.mark.parametrize("fault", FOUND_BY_RACES)
def test_a_race_notices(world: World, fault: str) -> None:
    mutation, race = FOUND_BY_RACES[fault]
    with mutated(world, mutation) as faulty, database_copy(faulty.server, faulty.template) as database:
        fleet = make_fleet(database)
        with pytest.raises(Exception):  # noqa: B017  an assertion, or a lock that was waited for
            race(fleet)
        fleet.close()


@pytest.mark.parametrize("fault", FOUND_BY_POOLS)
def test_a_test_of_pools_notices(world: World, fault: str) -> None:
    mutation, check = FOUND_BY_POOLS[fault]
    with mutated(world, mutation) as faulty, database_copy(faulty.server, faulty.template) as database:
        pool = fair_pool(database)
        with pytest.raises(AssertionError):
            check(pool)
        pool.close()

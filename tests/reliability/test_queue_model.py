"""The queue beside its model: random sequences of every verb, several robots, crashes, moves of the clock."""

from hypothesis.stateful import run_state_machine_as_test
from tests.reliability import profiles
from tests.reliability.queue_machine import QueueMachine
from tests.reliability.queue_world import World


def test_the_queue_says_and_holds_what_its_model_does(world: World) -> None:
    with world.copied() as copy:
        run_state_machine_as_test(lambda: QueueMachine(copy), settings=profiles.chosen())

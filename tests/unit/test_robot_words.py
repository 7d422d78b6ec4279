"""The orchestrator's words for the state of a robot."""

from itertools import product

from casare_cloud.domain.robots.model import RobotState
from casare_cloud.faces.kit.state_words import count_robot_words, robot_word_of
from casare_cloud.faces.orchestrator.robots.words import filter_of, with_word

STATES = [RobotState(*facts) for facts in product((True, False), repeat=4)]
NAMES = ("is_online", "is_active", "is_healthy", "is_busy")


def facts_of(state: RobotState) -> dict[str, bool]:
    return {name: getattr(state, name) for name in NAMES}


def test_every_state_has_the_word_whose_filter_matches_it_and_no_other() -> None:
    for state in STATES:
        facts = facts_of(state)
        matching = [
            word
            for word in count_robot_words({})
            if all(getattr(filter_of(word), name) in (None, facts[name]) for name in NAMES)
        ]
        assert matching == [robot_word_of(state)]


def test_what_speaks_against_work_goes_before_what_a_robot_does() -> None:
    assert robot_word_of(RobotState(False, False, False, True)) == "offline"
    assert robot_word_of(RobotState(True, False, False, True)) == "maintenance"
    assert robot_word_of(RobotState(True, True, False, True)) == "error"
    assert robot_word_of(RobotState(True, True, True, True)) == "busy"
    assert robot_word_of(RobotState(True, True, True, False)) == "idle"


def test_every_word_is_counted_also_those_of_no_robot() -> None:
    counts = count_robot_words({STATES[0]: 2, STATES[-1]: 3})
    assert counts == {"idle": 0, "busy": 2, "offline": 3, "error": 0, "maintenance": 0}


def test_the_facts_of_an_event_become_the_word_and_other_data_stays() -> None:
    assert with_word({"name": "x", **facts_of(STATES[1])}) == {"name": "x", "status": "idle"}
    assert with_word({"status": "queued", "is_online": True}) == {"status": "queued", "is_online": True}

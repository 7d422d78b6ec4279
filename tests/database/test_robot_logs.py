"""What robots log of themselves."""

from typing import Any

import pytest
from tests.factories import Robot
from tests.fleets import Fleet, call, refused

LINE = {"level": "warning", "message": "slow", "source": "browser", "timestamp": "2026-01-15T10:30:00Z"}


def append(fleet: Fleet, robot: Robot, *entries: Any, **more: Any) -> int:
    answer = call(fleet.robots[robot.robot_id], "append_robot_logs", entries=list(entries), **more)
    return int(answer["append_robot_logs"])


def lines(fleet: Fleet) -> int:
    """How many the tenant has."""
    return len(fleet.member.execute("select from public.robot_logs").fetchall())


def test_lines_are_kept_of_the_robot_that_says_them(fleet: Fleet) -> None:
    robot = fleet.robot()
    assert append(fleet, robot, LINE, {"message": "x", "extra": {"a": 1}}) == 2
    rows = fleet.member.execute("select * from public.robot_logs order by robot_log_id").fetchall()
    assert [(row["robot_id"], row["level"], row["source"]) for row in rows] == [
        (robot.robot_id, "warning", "browser"),
        (robot.robot_id, "info", None),
    ]
    assert (rows[0]["logged_at"].isoformat(), rows[1]["extra"]) == ("2026-01-15T10:30:00+00:00", {"a": 1})


def test_a_batch_that_comes_again_is_stored_once_and_one_of_a_new_start_is_not_taken_for_it(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    later = {**LINE, "timestamp": "2026-01-16T10:30:00Z"}
    for each, line in ((robot, LINE), (robot, LINE), (robot, later), (other, LINE)):
        assert append(fleet, each, line, sequence=1) == 1
    assert lines(fleet) == 3


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"message": 1}, "message"),
        ({"message": "x", "level": "loud"}, "level"),
        ({"message": "x", "source": "s" * 256}, "source"),
        ({"message": "x", "timestamp": "soon"}, "timestamp"),
        ({"message": "x", "timestamp": "infinity"}, "timestamp"),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused_with_all_others(fleet: Fleet, bad: Any, word: str) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", word):
        append(fleet, robot, LINE, bad)
    assert lines(fleet) == 0

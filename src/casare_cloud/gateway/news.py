"""Robots as sockets tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casare_cloud.database import Transaction
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import Filter, Robot
from casare_cloud.faces.kit.state_words import ROBOT_FACTS, robot_word, robot_word_of

MOST_ROBOTS = 500
_METRICS = ("cpu_percent", "memory_percent", "memory_mb")


@dataclass(frozen=True, slots=True)
class RobotNews:
    """A robot that was heard of, or is not what it was; `metrics` are those that it said of itself."""

    external_id: str
    word: str
    metrics: dict[str, Any]
    heard_at: Any


def news_of(robot: Robot) -> RobotNews:
    """A robot as its row has it."""
    word = robot_word_of(robot)
    return RobotNews(robot.external_id, word, _said(robot.metrics), robot.last_heartbeat_at)


def news_in(facts: Mapping[str, Any]) -> RobotNews | None:
    """A robot as an event or a push has it; None if it does not say how the robot is."""
    if "external_id" not in facts or not all(name in facts for name in ROBOT_FACTS):
        return None
    return RobotNews(str(facts["external_id"]), robot_word(facts), _said(facts), facts.get("last_heartbeat_at"))


async def all_robots(tx: Transaction) -> list[Robot]:
    """The tenant's robots, 500 at most. Needs robots.read."""
    found, _ = await robots.list_page(tx, Filter(), MOST_ROBOTS, 0)
    return found


def _said(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {name: metrics[name] for name in _METRICS if metrics.get(name) is not None}

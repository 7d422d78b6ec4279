"""What `casare-cloud top` knows of a tenant, and how it shows it in so many columns and lines."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.cells import set_cell_size

from casare_cloud.client.jobs import FINISHED
from casare_cloud.printing import one_line

_ENDS = frozenset(f"job.{word}" for word in FINISHED)
_MINUTE = timedelta(minutes=1)
_LEAST_ROBOTS = 3
_WIDE = 110
_COUNTED_STATES = ("idle", "busy", "offline", "quarantined")


@dataclass
class Sight:
    """The tenant as it was last heard of."""

    queue: dict[str, Any] = field(default_factory=dict)  # waiting, scheduled, running, is_capped
    today: Counter[str] = field(default_factory=Counter)
    robots: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the id that people use
    jobs: Sequence[Mapping[str, Any]] = ()
    connection: str = "connecting"
    problem: str | None = None
    is_followed: bool = True  # then ends of jobs are seen; what is read once knows of none
    _ends: deque[datetime] = field(default_factory=deque)

    def take_fleet(self, fleet: Mapping[str, Any]) -> None:
        """The answer of GET /metrics/fleet."""
        names = {"waiting": "queue_depth", "scheduled": "scheduled_jobs", "running": "active_jobs"}
        self.queue = {name: fleet[field] for name, field in names.items()} | {"is_capped": False}
        self.today = Counter(completed=fleet["completed_jobs_today"], failed=fleet["failed_jobs_today"])

    def take_robots(self, robots: Sequence[Mapping[str, Any]]) -> None:
        """The rows of GET /robots: all there are."""
        self.robots = {
            robot["robot_id"]: {
                "state": _state_of(robot),
                "load": len(robot["current_job_ids"]),
                "slots": robot["max_concurrent_jobs"],
                "cpu_percent": robot["metrics"].get("cpu_percent"),
                "memory_percent": robot["metrics"].get("memory_percent"),
                "last_seen": robot["last_seen"],
            }
            for robot in robots
        }

    def take_overview(self, overview: Mapping[str, Any]) -> bool:
        """A pushed overview: queue, and robots that changed. Whether the robots must be read again to know them."""
        self.queue = dict(overview["queue"])
        is_unknown = bool(overview.get("are_robots_capped"))
        for told in overview["robots"]:
            robot = self.robots.get(told["external_id"])
            if robot is None or robot["state"] not in ("idle", "busy", "offline"):
                is_unknown = True
                continue
            if not (told["is_active"] and told["is_healthy"]):
                is_unknown = True
            robot.update(
                state="offline" if not told["is_online"] else "busy" if told["is_busy"] else "idle",
                load=told["load"],
                last_seen=told["last_heartbeat_at"],
                **{name: told[name] for name in ("cpu_percent", "memory_percent")},
            )
        return is_unknown

    def take_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Events: each end of a job counts."""
        for event in events:
            if event["event_type"] in _ENDS:
                self._ends.append(datetime.fromisoformat(event["timestamp"]))
                word = event["event_type"].removeprefix("job.")
                self.today["failed" if word == "timeout" else word] += 1

    def count_ends(self, now: datetime) -> int | None:
        """How many jobs ended within the last minute, as far as they were seen; None when none could be."""
        if not self.is_followed:
            return None
        while self._ends and self._ends[0] < now - _MINUTE:
            self._ends.popleft()
        return len(self._ends)

    @property
    def robot_states(self) -> Counter[str]:
        """How many robots are in each state."""
        return Counter(robot["state"] for robot in self.robots.values())

    def as_json(self, now: datetime) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "connection": self.connection,
            "problem": self.problem,
            "queue": self.queue,
            "today": {"completed": self.today["completed"], "failed": self.today["failed"]},
            "jobs_per_minute": self.count_ends(now),
            "robots_by_state": dict(self.robot_states),
            "robots": [{"robot_id": name, **robot} for name, robot in self.robots.items()],
            "jobs": [
                {name: job.get(name) for name in ("job_id", "workflow_name", "status", "progress", "created_at")}
                for job in self.jobs
            ],
        }

    def as_line(self, now: datetime) -> str:
        """The figures in one line, for a file or a pipe."""
        figures = [*self._queue_figures(), *_figures(self.robot_states, _COUNTED_STATES)]
        text = f"{now.astimezone():%H:%M:%S}  {'  '.join(figures + self._rate_figures(now))}"
        return text if self.problem is None else f"{text}  {one_line(self.problem)}"

    def as_lines(self, width: int, height: int, now: datetime) -> list[str]:
        """A screen: at most `height` lines of `width` columns."""
        states = self.robot_states
        others = _figures(states, sorted(states.keys() - set(_COUNTED_STATES)))
        status = self.connection if self.problem is None else one_line(self.problem)
        today = _figures(self.today, ("completed", "failed")) + self._rate_figures(now)
        head = [
            f"casare-cloud top  {now.astimezone():%H:%M:%S}  {status}",
            "",
            f"queue   {'  '.join(self._queue_figures())}",
            f"today   {'  '.join(today)}",
            f"robots  {'  '.join(_figures(states, _COUNTED_STATES) + others)}",
            "",
        ]
        room = max(height - len(head) - 3, 0)  # two heads of tables and a line between them
        of_robots = min(len(self.robots), max(room // 3, min(_LEAST_ROBOTS, room), room - len(self.jobs)))
        lines = [*head, *self._robot_lines(width, of_robots, now), "", *self._job_lines(width, room - of_robots)]
        return [set_cell_size(line, width).rstrip() for line in lines[:height]]

    def _rate_figures(self, now: datetime) -> list[str]:
        ends = self.count_ends(now)
        return [] if ends is None else [f"{ends} jobs/min"]

    def _queue_figures(self) -> list[str]:
        most = "+" if self.queue.get("is_capped") else ""
        return [f"{name} {self.queue.get(name, 0)}{most}" for name in ("waiting", "scheduled", "running")]

    def _robot_lines(self, width: int, most: int, now: datetime) -> list[str]:
        order = {"busy": 0, "quarantined": 1, "error": 1, "idle": 2, "offline": 4}
        shown = sorted(self.robots.items(), key=lambda item: (order.get(item[1]["state"], 3), item[0]))[:most]
        rows = [
            (
                name,
                robot["state"],
                f"{robot['load']}/{robot['slots']}",
                _percent(robot["cpu_percent"]),
                _percent(robot["memory_percent"]),
                _age(robot["last_seen"], now),
            )
            for name, robot in shown
        ]
        return _table(("ROBOT", "STATE", "JOBS", "CPU", "MEMORY", "HEARD"), (0, 12, 7, 5, 6, 6), rows, width)

    def _job_lines(self, width: int, most: int) -> list[str]:
        rows = [
            (
                str(job["workflow_name"]),
                str(job["status"]),
                _bar(job),
                str(job.get("current_node") or "") if job["status"] == "running" else "",
                str(job["job_id"]),
            )
            for job in self.jobs[:most]
        ]
        head, widths = ("NEWEST JOBS", "STATUS", "PROGRESS", "AT", "JOB"), (0, 9, 10, 16, 36)
        shown = 5 if width >= _WIDE else 4  # the id takes what the name needs
        return _table(head[:shown], widths[:shown], [row[:shown] for row in rows], width)


def _state_of(robot: Mapping[str, Any]) -> str:
    """The word for a robot: that it is in quarantine, paused or drains says more than its published status."""
    if robot["quarantined_at"] is not None:
        return "quarantined"
    if robot["status"] in ("idle", "busy", "maintenance") and robot["mode"] != "active":
        return str(robot["mode"])
    return str(robot["status"])


def _figures(counts: Mapping[str, int], names: Sequence[str]) -> list[str]:
    return [f"{name} {counts.get(name, 0)}" for name in names]


def _table(head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Rows whose first column takes what the others leave of the width."""
    first = max(width - sum(widths) - len(widths) + 1, 8)
    sizes = (first, *widths[1:])
    return [
        " ".join(set_cell_size(one_line(cell), size) for cell, size in zip(row, sizes, strict=True))
        for row in (head, *rows)
    ]


def _bar(job: Mapping[str, Any]) -> str:
    if job["status"] not in ("running", "claimed"):
        return ""
    percent = int(job.get("progress") or 0)
    return f"{'#' * (percent // 20):<5} {percent:>3}%"


def _percent(value: Any) -> str:
    return f"{value:.0f}%" if isinstance(value, int | float) else "-"


def _age(at: str | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max((now - datetime.fromisoformat(at).astimezone(UTC)).total_seconds(), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"

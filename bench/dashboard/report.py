"""The tables of the section, from what the page showed and what the database says."""

import os
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dashboard.page import STATES, Seen
from bench.dashboard.truth import ROWS, Drill, Event
from bench.dashboard.work import CHANGES
from bench.report import percentile, table


@dataclass(frozen=True)
class Figures:
    """What was measured for a while; bells are (when it was rung, when it was heard)."""

    events: Sequence[Event]
    seen: Seen
    mine: Sequence[tuple[float, float]]
    official: Sequence[tuple[float, float]]
    frames: Mapping[str, Sequence[float]]
    requests: Mapping[str, float]  # a second
    messages: float  # a second
    cores: Mapping[str, float]  # that each part used
    seconds: float
    load: float

    def painted(self) -> list[tuple[int, float]]:
        """(number of the state, seconds until its row was painted so or in a later state) of each change that was."""
        return [(CHANGES.index(c.kind), at - c.at) for c in self.changes() if (at := self._painted_at(c)) is not None]

    def unpainted(self) -> tuple[int, int]:
        """How many changes were never painted: of jobs that belonged on the page, and of others."""
        made = {event.job_id: event.at for event in self.events if event.kind == CHANGES[0]}
        times = sorted(made.values())
        never = [change for change in self.changes() if self._painted_at(change) is None]
        newer = [bisect_left(times, c.at) - bisect_left(times, made.get(c.job_id, 0.0)) for c in never]
        return sum(n < ROWS for n in newer), sum(n >= ROWS for n in newer)

    def changes(self) -> list[Event]:
        """The events that change a job's state."""
        return [event for event in self.events if event.kind in CHANGES]

    def _painted_at(self, change: Event) -> float | None:
        return self.seen.painted_at(change.job_id, CHANGES.index(change.kind))


def tell_figures(figures: Figures, viewers: int) -> None:
    """From a change to the screen, and what that cost."""
    changes, painted = figures.changes(), figures.painted()
    bells = sorted(heard for _, heard in figures.official)
    next_bells = [bells[n] - c.at for c in changes if (n := bisect_left(bells, c.at)) < len(bells)]
    told = [at - event.at for event in figures.events if (at := figures.seen.events.get(event.seq)) is not None]
    lines = [
        ("a bell, from its ring until a bare official client has it", [b - a for a, b in figures.official]),
        (f"a bell, from its ring until each of {viewers} viewers has it", [b - a for a, b in figures.mine]),
        ("a change, until a bare official client has the next bell", next_bells),
        ("a change, until the page's script has its event", told),
        ("**a change, until its row is painted**", [seconds for _, seconds in painted]),
        *((f"… {word}", [s for number, s in painted if number == n]) for n, word in enumerate(STATES)),
    ]
    table(
        f"From a change to the screen: {len(changes) / figures.seconds:.0f} changes a second, {viewers} viewers beside",
        ("what", "p50 ms", "p95 ms", "p99 ms", "most ms"),
        [(name, *(percentile(v, p) * 1000 for p in (50, 95, 99, 100))) for name, v in lines if v],
    )
    missed, off = figures.unpainted()
    rows: list[tuple[str, object]] = [("changes painted, missed", f"{len(painted):,}, {missed}")]
    rows.append((f"never painted, of a job that {ROWS} newer ones had pushed off the page", off))
    rows += [(f"{name}: longest frame, share of frames over 50 ms", _frames(f)) for name, f in figures.frames.items()]
    rows += [(f"{name}: requests a second", rate) for name, rate in figures.requests.items()]
    rows.append(("rows of realtime.messages a second", figures.messages))
    rows.append((f"cores used, of {os.cpu_count()}", ", ".join(f"{n} {c:.2f}" for n, c in figures.cores.items())))
    rows.append(("load of the machine, with all else that runs on it", figures.load))
    table("The same time", ("what", "figure"), rows)


def tell_drills(drills: Sequence[Drill], seconds: float, missed_rows: int) -> None:
    """What the absences of Realtime did."""
    table(
        f"Realtime killed and away for {seconds:.0f} s while changes go on, {len(drills)} times",
        ("what", "figure"),
        [
            ("seconds from its return until the page says Live", ", ".join(f"{drill.back:.2f}" for drill in drills)),
            ("seconds until it said that it is not live, at most", max((drill.noticed for drill in drills), default=0)),
            ("events of that time", sum(drill.events for drill in drills)),
            ("… of which the page was not told", sum(drill.untold for drill in drills)),
            (f"rows of the newest {ROWS} jobs that differ from the database afterwards", missed_rows),
        ],
    )


def _frames(frames: Sequence[float]) -> str:
    return f"{max(frames, default=0):.0f} ms, {sum(frame > 50 for frame in frames) / max(len(frames), 1):.1%}"

"""`python -m bench`: every figure, in one run, as Markdown on standard output."""

import argparse
import platform
import signal
import sys
from pathlib import Path

from bench import (
    cold_start,
    dashboard,
    degradation,
    faces,
    gateway,
    history,
    http_rates,
    latency,
    limits,
    memory,
    queue_cycle,
    schedules,
    webhooks,
)
from bench.report import table
from bench.stack import running_stack

SECTIONS = (
    "memory", "latency", "http", "faces", "webhooks", "limits", "start", "queue", "history", "schedules", "gateway",
    "dashboard", *degradation.SECTIONS,
)  # fmt: skip


def main() -> None:
    """Start a stack of its own, measure, stop it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)}; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; the median is printed")
    parser.add_argument("--seconds", type=float, default=2, help="length of one measurement")
    parser.add_argument("--jobs", type=int, default=60, help="jobs for the latency figures")
    parser.add_argument("--scale", type=float, default=0.2, help="1: blockers and backlog of the aims; 10: ten million")
    parser.add_argument("--snapshot-seconds", type=int, default=30, help="how long the snapshot is held; the aim: 600")
    parser.add_argument("--pgmq-sql", type=Path, metavar="FILE", help="pgmq's SQL, to measure it as well")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="install procrastinate, graphile-worker and pgmq into .cache/bench-peers and measure them as well (queue)",
    )
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    wanted = options.sections or SECTIONS
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack ends as well
    with running_stack() as stack:
        table(
            "First start", ("what", "seconds"), [("`casare-cloud up` until the demo job is finished", stack.started_in)]
        )
        if "memory" in wanted:
            memory.run(stack)
        if "latency" in wanted:
            latency.run(stack, jobs=options.jobs)
        if "http" in wanted:
            http_rates.run(stack, rounds=options.rounds, seconds=options.seconds)
        if "faces" in wanted:
            faces.run(stack, rounds=options.rounds)
        if "webhooks" in wanted:
            webhooks.run(stack, rounds=options.rounds, seconds=options.seconds, deliveries=options.jobs)
        if "limits" in wanted:
            limits.run(stack, rounds=options.rounds, seconds=options.seconds)
        if "start" in wanted:
            cold_start.run(stack, rounds=options.rounds)
        if "queue" in wanted:
            queue_cycle.run(
                stack,
                rounds=options.rounds,
                seconds=options.seconds,
                pgmq_sql=options.pgmq_sql,
                with_peers=options.peers,
            )
        if "history" in wanted:
            history.run(stack, scale=options.scale)
        if "schedules" in wanted:
            schedules.run(stack, scale=options.scale)
        if "gateway" in wanted:
            gateway.run(stack, scale=options.scale)
        if "dashboard" in wanted:
            dashboard.run(stack, scale=options.scale, rounds=options.rounds)
        degradation.run(
            stack,
            wanted,
            rounds=options.rounds,
            seconds=options.seconds,
            scale=options.scale,
            snapshot_seconds=options.snapshot_seconds,
        )


if __name__ == "__main__":
    main()

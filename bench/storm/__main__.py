"""`python -m bench.storm`: 50 robots, 20,000 jobs, a robot killed every 200 ms, Postgres killed twice."""

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from bench.report import percentile
from bench.storm.chaos import Weather, blow
from bench.storm.checker import allowed_delay
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.processes import free_port


def main() -> None:
    """Blow, check, and exit with 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="who is killed, and who fails")
    parser.add_argument("--robots", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--kill-every", type=float, default=0.2, help="seconds between two deaths of robots; 0: none")
    parser.add_argument("--database-kills", type=int, default=2)
    parser.add_argument("--lease-seconds", type=int, default=5, help="20 for many agents (--edge-faults) on few cores")
    parser.add_argument(
        "--edge-faults",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of requests (0.01: one in a hundred) that a proxy between robots and service answers with a page "
        "of a random status 4xx or 5xx, or not at all, before or after it passed them on. Robots are then real agents, "
        "half of them in direct mode, in front of a real orchestrator. 0: light robots that speak SQL, and no proxy",
    )
    weather = Weather(**vars(parser.parse_args()))
    print(f"storm: {weather}")
    folder = Path(tempfile.mkdtemp(prefix="casare-storm-"))
    folder.chmod(0o755)
    server = PostgresServer(folder / "pg", port=free_port(), trust=True)
    try:
        server.start()
        damage = blow(server, weather)
    finally:
        server.remove_data()
        shutil.rmtree(folder, ignore_errors=True)
    for name, count in damage.faults.most_common():
        print(f"{count:6} times at the edge: {name}")
    print(
        f"\n{weather.jobs} jobs in {damage.seconds:.0f} s, {damage.robots_killed} robots killed, "
        f"{len(damage.delays)} jobs rescued from the dead, {damage.requeued} of them queued again as poison"
    )
    if weather.edge_faults:
        print(f"{damage.ended_without_death} leases ended though their robot lived")
    allowed = allowed_delay(weather.lease_seconds)
    late = [delay for delay in damage.delays if delay > allowed]
    if damage.delays:
        print(
            f"seconds from death to rescue: p50 {percentile(damage.delays, 50):.1f}, max {damage.delays[-1]:.1f}; "
            f"allowed {allowed:.0f}, later: {len(late)}"
        )
    for problem in damage.problems:
        print(f"WRONG: {problem}")
    print("every job ended exactly once in effect" if not damage.problems else f"seed {weather.seed} repeats it")
    sys.exit(bool(damage.problems or late))


if __name__ == "__main__":
    main()

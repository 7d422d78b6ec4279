"""Each contract of the linter notices the import that it is there for: they are planted into a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = "layers"
FACES = "faces stand on the kit and do not know each other"
NO_SQL = "faces ask services, never SQL"
NO_FACE = "the gateway knows no face"
NO_DATABASE = "the robot and the client know neither domain nor database"
APART = "the robot and the client do not know each other"
NO_CIRCLE = "the packages of the domain form no circle"
NO_EMULATORS = "nothing that is deployed depends on the emulators"

# A new module, what it imports, and the contract that this breaks.
PLANTED = [
    ("domain.jobs.planted_layers", "casare_cloud.faces.orchestrator.fields", LAYERS),
    ("faces.kit.planted_kit", "casare_cloud.faces.orchestrator.fields", FACES),
    ("faces.webhooks.planted_face", "casare_cloud.faces.orchestrator.fields", FACES),
    ("faces.automation.planted_face", "casare_cloud.faces.orchestrator.fields", FACES),
    ("faces.orchestrator.planted_query", "casare_cloud.domain.jobs.queries", NO_SQL),
    ("faces.kit.planted_driver", "psycopg", NO_SQL),
    ("gateway.planted_face", "casare_cloud.faces.orchestrator.fields", NO_FACE),
    ("gateway.planted_query", "casare_cloud.domain.jobs.queries", NO_SQL),
    ("faces.kit.planted_gateway", "casare_cloud.gateway.closing", LAYERS),
    ("robot.planted_robot", "casare_cloud.domain.jobs.model", NO_DATABASE),
    ("client.planted_client", "casare_cloud.database", NO_DATABASE),
    ("client.planted_robot", "casare_cloud.robot.transport", APART),
    ("domain.workflows.planted_circle", "casare_cloud.domain.jobs.service", NO_CIRCLE),
    ("preflight.planted_emulator", "casare_cloud.local.tokens", NO_EMULATORS),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the package with all of that, and with a face that no contract names."""
    copy = tmp_path_factory.mktemp("package")
    shutil.copy(ROOT / "pyproject.toml", copy)
    package = copy / "src/casare_cloud"
    shutil.copytree(ROOT / "src/casare_cloud", package, ignore=shutil.ignore_patterns("__pycache__"))
    for module, imported, _ in PLANTED:
        file = package.joinpath(*module.split(".")).with_suffix(".py")
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(f"import {imported}\n")
    (package / "faces/unnamed").mkdir()
    (package / "faces/unnamed/__init__.py").touch()
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(copy / "src"), "COLUMNS": "500"}
    ran = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout)


def broken(told: str, contract: str) -> str:
    """What the linter says of a broken contract, in its part on the broken ones."""
    _, _, part = told.partition("Broken contracts")[2].partition(f"{contract}\n{'-' * len(contract)}\n")
    return " ".join(re.split(r"\n\n[^\n]+\n-{5,}\n", part)[0].split())


@pytest.mark.parametrize(("module", "imported", "contract"), PLANTED, ids=[module for module, _, _ in PLANTED])
def test_a_planted_import_breaks_its_contract(told: str, module: str, imported: str, contract: str) -> None:
    line = ".workflows -> .jobs (1 import)" if contract == NO_CIRCLE else f"casare_cloud.{module} -> {imported} (l.1)"
    assert line in broken(told, contract)


def test_a_face_that_no_contract_names_is_noticed(told: str) -> None:
    assert "unnamed" in broken(told, FACES)


def test_every_contract_has_an_import_that_breaks_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == {contract for _, _, contract in PLANTED}

"""The environment file of a stack, `.casare/env`: where it is, and what it says."""

import errno
import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of the file; empty when there is none."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name: _unquoted(value) for name, value in pairs if not name.startswith("#")}


def find_env_file(folder: Path | None = None) -> Path | None:
    """`env` in the folder that `CASARE_HOME` names, else `.casare/env` in this folder or the nearest one above it.

    A `.casare` of another account is passed over: whoever may write to a folder above could plant one. In this folder
    it is `PermissionError`, and so is an `env` of another account in it.
    """
    if home := os.environ.get("CASARE_HOME"):
        named = Path(home) / "env"
        return named if named.exists() else None
    here = _own(folder)
    found = (parent / ".casare" / "env" for parent in (here, *here.parents))
    return next((path for path in found if path.is_file() and _is_ours(path.parent) and _is_ours(path)), None)


def find_stack_folder(folder: Path | None = None) -> Path:
    """The folder of a stack: what `CASARE_HOME` names, else `.casare` here or in the nearest folder above with a stack.

    A `.casare` in which no stack was ever started is none, nor is one of another account, which in this folder is
    `PermissionError`. Where there is none at all: `.casare` here.
    """
    if home := os.environ.get("CASARE_HOME"):
        return Path(home).resolve()
    here = _own(folder)
    found = (parent / ".casare" for parent in (here, *here.parents))
    return next((path for path in found if (path / "lock").is_file() and _is_ours(path)), here / ".casare")


def _own(folder: Path | None) -> Path:
    """The folder to begin in, in which nobody else has put a stack."""
    try:
        here = (folder or Path.cwd()).resolve()
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "it does not exist any more: go to another one", "this folder") from error
    for path in (here / ".casare", here / ".casare" / "env"):
        if path.exists() and not _is_ours(path):
            words = "it belongs to another account. Go to a folder of your own, or name the stack's in CASARE_HOME"
            raise PermissionError(errno.EPERM, words, str(path))
    return here


def _is_ours(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.stat().st_uid == os.getuid()


def environment(folder: Path | None = None) -> Mapping[str, str]:
    """The process's environment over that of the stack that was started in this folder or one above it."""
    path = find_env_file(folder)
    return {**(read_env_file(path) if path else {}), **os.environ}


def _unquoted(value: str) -> str:
    return "".join(shlex.split(value)) if value.startswith(("'", '"')) else value

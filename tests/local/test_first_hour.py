"""docs/first-hour.md: every command of it, in one shell and in its order, against a stack of its own."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.local.stacks import SOURCE, running_stack

from casare_cloud.local.schema import project_root

PAGE = (project_root() / "docs" / "first-hour.md").read_text()
BLOCKS: list[tuple[str, str, str]] = re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
MARK = "--- block"


def test_the_first_hour_goes_as_the_page_says(tmp_path: Path) -> None:
    """The words below a block are in what it printed, in their order. Left out: the clone and its installation."""
    with running_stack(tmp_path / ".casare"):
        (tmp_path / "bin").mkdir()
        for name, what in (("casare-cloud", "-m casare_cloud"), ("python3", "")):
            (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} {what} "$@"\n')
            (tmp_path / "bin" / name).chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        lines = ["set -m", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
        for number, (language, mark, text) in enumerate(BLOCKS):
            if language == "json":
                (tmp_path / mark).write_text(text.replace("8899", port))
            elif (language, mark) == ("sh", ""):
                lines += [f"echo '{MARK}' {number}", text.replace("8899", port)]
        env = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": SOURCE,
            "HOME": str(tmp_path),
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    printed = {int(part.split("\n", 1)[0]): part for part in done.stdout.split(f"{MARK} ")[1:]}
    for number, (_, mark, text) in enumerate(BLOCKS):
        if mark == "output":
            rest = printed[number - 1]
            for words in text.splitlines():
                assert words in rest, (words, done.stdout)
                rest = rest.partition(words)[2]


def test_only_the_installation_is_not_run() -> None:
    assert [text.split()[:2] for language, mark, text in BLOCKS if mark == "not run"] == [["git", "clone"]]
    kinds = {(language, mark) for language, mark, _ in BLOCKS}
    assert kinds == {("sh", ""), ("sh", "not run"), ("text", "output"), ("json", "invoices.json")}

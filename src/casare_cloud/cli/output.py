"""How commands speak: sentences and tables for people, JSON for programs, errors as one sentence.

Rich is imported when something of it is shown, so that `--help` answers at once.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.console import Console


def make_console(stderr: bool = False) -> "Console":
    """A console on standard output, or on standard error."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, stderr=stderr)


def say(text: str) -> None:
    """Print text as it is."""
    sys.stdout.write(text + "\n")


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    say(json.dumps(value, indent=2, default=str))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a head; None is a dash. Nothing is cut off, so that ids can be copied."""
    texts = [list(head), *(["-" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for row in texts:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print one sentence on standard error and end with the exit code."""
    sys.stderr.write(f"error: {sentence}\n")
    raise SystemExit(code)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn what a person can mend into one sentence and exit code 1: also a file or folder that cannot be used."""
    from casare_cloud.errors import ApiError
    from casare_cloud.local.errors import LocalStackError

    try:
        yield
    except LocalStackError as problem:
        fail(str(problem))
    except ApiError as problem:
        fail(f"{problem.message} ({problem.code})")
    except OSError as problem:
        if problem.filename is None:
            raise
        fail(f"{problem.filename} cannot be used: {problem.strerror}.")

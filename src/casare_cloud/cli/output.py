"""How commands speak: one console for people on standard error or output, JSON for programs, errors as one sentence."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print one sentence on standard error and end with the exit code."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error:[/red] {sentence}", markup=True)
    raise SystemExit(code)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn what a person can mend into one sentence and exit code 1."""
    from casare_cloud.errors import ApiError
    from casare_cloud.local.errors import LocalStackError

    try:
        yield
    except LocalStackError as problem:
        fail(str(problem))
    except ApiError as problem:
        fail(f"{problem.message} ({problem.code})")

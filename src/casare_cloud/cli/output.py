"""How commands speak: sentences and tables for people, JSON for programs, errors as one sentence.

Rich is imported when something of it is shown, so that `--help` answers at once.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from shutil import get_terminal_size
from time import localtime, strftime, time
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

from casare_cloud.printing import SafeStream, abandon, is_terminal, one_line, printable, try_write

if TYPE_CHECKING:
    from rich.console import Console


Row = dict[str, Any]
Columns = Mapping[str, str | Callable[[Row], object]]  # by its title, the key of a column or what is made of a row


def make_console(stderr: bool = False) -> "Console":
    """A console on standard output, or on standard error, that raises nothing."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    safe = stream if isinstance(stream, SafeStream) else SafeStream(stream)
    return Console(highlight=False, soft_wrap=True, stderr=stderr, file=cast(TextIO, safe))


def write_out(text: str) -> None:
    """Write text as it is to standard output; a command that cannot ends with a sentence and exit code 1."""
    if (reason := try_write(sys.stdout, text)) is not None:
        fail(_UNWRITTEN.format(reason))


def say(text: str) -> None:
    """Print text; what a terminal would obey is shown as an escape."""
    write_out(printable(text) + "\n")


def note(text: str) -> None:
    """Print a remark on standard error, beside the output."""
    try_write(sys.stderr, printable(text) + "\n")


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    write_out(json.dumps(value, indent=2, default=str).replace("\x7f", "\\u007f") + "\n")


def print_answer(answer: Any, as_json: bool, text: str) -> None:
    """Print the service's answer: as JSON, or what it means in words."""
    if as_json:
        print_json(answer)
    else:
        say(text)


def print_list(answer: Any, as_json: bool, rows: Iterable[Row], columns: Columns) -> None:
    """Print a list that the service answered with: as JSON, or its rows as a table with these columns."""
    if as_json:
        print_json(answer)
        return
    print_table(
        list(columns), [[row[of] if isinstance(of, str) else of(row) for of in columns.values()] for row in rows]
    )


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a head; None is a dash.

    On a terminal times are said relative to now, and texts are cut to its width; ids never are, so that they can be
    copied. Elsewhere nothing is cut or reworded.
    """
    for_people = is_terminal(sys.stdout)
    texts = [list(head), *([_cell(cell, for_people) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    if for_people:
        widths = _fitting(texts, widths, get_terminal_size().columns)
    lines = (
        _GAP.join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    )
    say("\n".join(lines))


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one thing: a name and its value a line; lists with commas, what is not there as a dash."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        said = _cell(None if shown == "" else shown, is_terminal(sys.stdout))
        say(f"{name.replace('_', ' '):<{width}}  {said}")


def ago(at: datetime, now: datetime) -> str:
    """A time relative to now: `3 min ago`, `in 2 h`."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    size = next(((unit, word) for unit, word in _UNITS if abs(seconds) >= unit), (1, "s"))
    amount = f"{abs(seconds) // size[0]:.0f} {size[1]}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


_GAP = "  "
_LEAST_WIDTH = 12
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def _cell(value: object, for_people: bool) -> str:
    if value is None:
        return "-"
    text = one_line(str(value))
    if for_people and _TIME.fullmatch(text):
        return ago(datetime.fromisoformat(text), datetime.now(UTC))
    return text


def _fitting(texts: Sequence[Sequence[str]], widths: Sequence[int], columns: int) -> list[int]:
    """Widths that fit, the widest columns of words made narrower first; a column of single words keeps its width."""
    fitted = list(widths)
    can_shrink = [column for column in range(len(widths)) if any(" " in row[column] for row in texts[1:])]
    while sum(fitted) + len(_GAP) * (len(fitted) - 1) > columns:
        widest = max(can_shrink, key=lambda column: fitted[column], default=None)
        if widest is None or fitted[widest] <= _LEAST_WIDTH:
            break
        fitted[widest] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print one sentence on standard error and end with the exit code."""
    note(f"error: {sentence}")
    raise SystemExit(code)


_WORTH_SAYING_SECONDS = 10
_UNWRITTEN = "standard output could not be written: {}."


@contextmanager
def safe_output() -> Iterator[None]:
    """Let nothing that is printed raise; a command whose output was lost ends with a sentence and exit code 1."""
    with suppress(OSError):
        while (lowest := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass  # a standard stream was closed: no file that is opened later shall be in its place
        os.close(lowest)
    output, errors = SafeStream(sys.stdout), SafeStream(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, output), cast(TextIO, errors)
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise
    finally:
        abandon(output.inner)
        abandon(errors.inner)
    if output.failure is not None:
        fail(_UNWRITTEN.format(output.failure))


def _again(headers: Mapping[str, str]) -> str:
    """From when on the call may succeed, by this machine's clock, where the answer says it and it is not at once."""
    from casare_cloud.http import retry_after_seconds

    seconds = retry_after_seconds({name.lower(): value for name, value in headers.items()})
    if seconds is None or seconds < _WORTH_SAYING_SECONDS:
        return ""
    return f"; again from {strftime('%H:%M:%S', localtime(time() + seconds))} on"


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
        for each in problem.details or ():
            note(f"{each.get('path')}: {each.get('sentence')}")
        fail(f"{problem.message} ({problem.code}{_again(problem.headers)})")
    except OSError as problem:
        if problem.filename is None:
            raise
        fail(f"{problem.filename} cannot be used: {problem.strerror}.")

"""What every error code means, why it happens and what to do next.

The words stand in the files beside this one, one for a subject, `<number>_<subject>.toml`; `casare-cloud help` and
`docs/errors.md` show them in this order. `tests/unit/test_error_codes.py` finds the codes in the code, and holds the
files to them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A code with the HTTP statuses that it comes with: none when the status is another's, or the code is a job's."""

    code: str
    statuses: tuple[int, ...]
    means: str
    why: str
    next_step: str

    @property
    def status(self) -> str:
        """The statuses as a person reads them."""
        return ", ".join(map(str, self.statuses)) or "-"


@cache
def subjects() -> Mapping[str, tuple[ErrorCode, ...]]:
    """All codes by subject, in the order of the files."""
    return dict(_read(file) for file in sorted(Path(__file__).parent.glob("*.toml")))


def all_codes() -> Mapping[str, ErrorCode]:
    """All codes by name."""
    return {entry.code: entry for entries in subjects().values() for entry in entries}


def find(code: str) -> ErrorCode | None:
    """The entry of a code, however its letters are written."""
    return next((entry for entry in all_codes().values() if entry.code.lower() == code.strip().lower()), None)


def near(code: str, most: int = 3) -> list[str]:
    """Codes that may be meant, the likeliest first."""
    names = {name.lower(): name for name in all_codes()}
    wanted = code.strip().lower().replace(" ", "_").replace("-", "_")
    parts = [name for name in names if wanted and wanted in name]
    return [names[name] for name in dict.fromkeys([*get_close_matches(wanted, names, most, 0.7), *parts])][:most]


def _read(file: Path) -> tuple[str, tuple[ErrorCode, ...]]:
    words = tomllib.loads(file.read_text("utf-8"))
    title = words.pop("title")
    return title, tuple(
        ErrorCode(code, tuple(entry.get("status", ())), entry["means"], entry["why"], entry["next"])
        for code, entry in words.items()
    )

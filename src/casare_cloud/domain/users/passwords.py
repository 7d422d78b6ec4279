"""Which passwords are strong enough.

Our rules are the only ones: the admin API of Auth lets a user be created whatever those of the project are.
"""

import re
from collections.abc import Callable

from casare_cloud.config import PASSWORD_BYTES, Settings

LEAST_CHARACTERS = 8  # whatever a deployment asks for

_CLASSES: dict[str, tuple[Callable[[str], object], str]] = {
    "upper": (re.compile("[A-Z]").search, "an upper-case letter"),
    "lower": (re.compile("[a-z]").search, "a lower-case letter"),
    "digit": (re.compile("[0-9]").search, "a digit"),
    "symbol": (re.compile(r"[^\w\s]|_").search, "a character that is neither letter nor digit nor space"),
}


def find_problem(settings: Settings, password: str) -> str | None:
    """The first rule that a password breaks; None when it may be used."""
    if len(password) < settings.password_min_length:
        return f"must have at least {settings.password_min_length} characters"
    for name in settings.password_classes:
        has_one, what = _CLASSES[name]
        if not has_one(password):
            return f"must have {what}"
    return find_size_problem(password)


def find_size_problem(password: str) -> str | None:
    """The rule that a password breaks which is longer than bcrypt keeps; None when it is not."""
    return None if len(password.encode()) <= PASSWORD_BYTES else f"must have at most {PASSWORD_BYTES} bytes"

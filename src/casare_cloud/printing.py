"""Writing for people, to streams that may be closed, full, stalled or of a small character set: never raises.

The robot and the command line print by this. Names and messages come from other people, so a terminal shows them and
never obeys them.
"""

import io
import os
import re
from contextlib import suppress
from typing import TextIO

# Control characters, line separators, marks that turn the direction of writing, and half surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, keep: str = "\n\t") -> str:
    """The text with all that a terminal would obey as escapes (`\\x1b`), but for what is in `keep`."""
    return _UNSAFE.sub(
        lambda found: found[0] if found[0] in keep else found[0].encode("unicode_escape").decode("ascii"),
        text.replace("\r\n", "\n"),
    )


def one_line(text: str) -> str:
    """As `printable`, and line breaks are escapes too."""
    return printable(text, keep="")


def try_write(stream: TextIO | None, text: str) -> str | None:
    """Writes the text and flushes; None, or why that was not possible. What the encoding lacks becomes an escape."""
    if isinstance(stream, SafeStream):
        stream = stream.inner
    if stream is None:
        return "it is closed"
    try:
        stream.write(_encodable(text, getattr(stream, "encoding", None) or "utf-8"))
        stream.flush()
    except Exception as error:  # a stream may be anything that has these methods
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return None


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it; not when it is closed, or no stream at all."""
    try:
        return stream is not None and stream.isatty()
    except Exception:  # a stream may be anything
        return False


def abandon(stream: TextIO | None) -> None:
    """Drops unwritten output: Python would try to write it again at exit, and end with another exit code."""
    if stream is None:
        return
    try:
        stream.flush()
    except Exception:
        with suppress(Exception):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class SafeStream(io.TextIOBase):
    """A stream for those who write to `sys.stdout` themselves: it never raises; `failure` says why output was lost."""

    def __init__(self, inner: TextIO | None) -> None:
        self.inner = inner
        self.failure: str | None = None

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # what the standard library's streams raise; some look whether they do
            raise TypeError(f"write() takes a str, not {type(text).__name__}")
        if self.failure is None:
            self.failure = try_write(self.inner, text)
        return len(text)

    def flush(self) -> None:
        """Each write is flushed."""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return is_terminal(self.inner)

    def fileno(self) -> int:
        if self.inner is None:
            raise io.UnsupportedOperation("the stream is closed")
        return self.inner.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self.inner, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        try:
            return text.encode(encoding, "backslashreplace").decode(encoding)
        except (UnicodeError, LookupError):
            return text.encode("ascii", "backslashreplace").decode("ascii")
    return text

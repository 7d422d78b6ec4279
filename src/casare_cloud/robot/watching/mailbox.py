"""Triggers of type `email`: unseen mail that comes to the mailbox of the robot's owner."""

import asyncio
import imaplib
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from casare_cloud.http import is_this_machine
from casare_cloud.robot.transport import clean_text, shortened
from casare_cloud.robot.watching.watch import Fire, MailAccount, Memory, Refused

TIMEOUT_SECONDS = 15.0
INTERVAL_SECONDS = 60
MOST_MAILS = 20  # of one look; the next follows at once
MOST_BYTES = 262_144  # of a mail that are read
MOST_TEXT = 65_536  # characters of its text that a job gets
FILTERS = ("from", "to", "subject")


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a folder was read. UIDs only grow while the folder's `validity` is the same (RFC 9051 §2.3.1.1)."""

    validity: int
    last_uid: int


class MailWatch:
    """Fires once for each mail that is unseen when the robot first finds it; changes nothing in the mailbox.

    What the folder held when it was first watched fires nothing.
    """

    def __init__(self, config: Mapping[str, Any], account: MailAccount | None, memory_path: Path, fire: Fire) -> None:
        mailbox = str(config["mailbox"])
        if account is None:
            raise Refused("the robot's owner allows no mailbox (ROBOT_MAIL_URL, ROBOT_MAIL_USER, ROBOT_MAIL_PASSWORD)")
        if mailbox.casefold() != account.user.casefold():
            raise Refused(f"mailbox {mailbox} is not the one that the robot's owner allows ({account.user})")
        self._folder = str(config.get("folder") or "INBOX")
        if not re.fullmatch("[ -~]{1,255}", self._folder):
            raise Refused("folder must be a name of printable ASCII characters")
        self._filter = _read_filter(config.get("filter") or {})
        self._interval_seconds = int(config.get("interval_seconds") or INTERVAL_SECONDS)
        self._account = account
        self._memory = Memory(memory_path, [account.url, account.user, self._folder])
        self._fire = fire
        self._place: _Place | None = None
        self._connection: imaplib.IMAP4 | None = None

    def __str__(self) -> str:
        return f"{self._folder} of {self._account.user}, every {self._interval_seconds} seconds"

    async def begin(self) -> None:
        """Reads where the mailbox is; raises when it cannot be opened."""
        kept = self._memory.load()
        if kept is None:
            self._place, _ = await self._look(None)
            self._keep()
        else:
            self._place = _Place(*map(int, kept))

    async def run(self) -> None:
        """Watches until it is cancelled, or the server does not answer."""
        while True:
            place, mails = await self._look(self._place)
            for uid, mail in mails:
                if self._is_wanted(mail):
                    await self._fire_mail(place.validity, uid, mail)
                self._place = _Place(place.validity, uid)
                self._keep()
            if len(mails) < MOST_MAILS:
                self._place = place
                self._keep()
                await asyncio.sleep(self._interval_seconds)

    def _keep(self) -> None:
        assert self._place is not None
        self._memory.save([self._place.validity, self._place.last_uid])

    async def _look(self, place: _Place | None) -> tuple[_Place, list[tuple[int, EmailMessage]]]:
        try:
            return await asyncio.to_thread(self._read, place)
        except (OSError, imaplib.IMAP4.error) as error:
            raise Refused(f"{self._account.url} does not let the robot read {self._folder}: {error}") from error
        finally:
            if (connection := self._connection) is not None:  # cancelled: the thread ends with its connection
                with suppress(OSError):
                    connection.shutdown()

    def _read(self, place: _Place | None) -> tuple[_Place, list[tuple[int, EmailMessage]]]:
        """Where the folder is now, and what came since; at most 20 of that, the oldest first."""
        connection = self._connection = _connect(self._account)
        try:
            connection.login(self._account.user, self._account.password)
            name = '"' + self._folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            facts = _text_of(_ok(connection.status(name, "(UIDNEXT UIDVALIDITY)")))
            now = _Place(_number("UIDVALIDITY", facts), _number("UIDNEXT", facts) - 1)
            if place is None or place.validity != now.validity or place.last_uid >= now.last_uid:
                return now, []
            _ok(connection.select(name, readonly=True))
            found = _text_of(_ok(connection.uid("SEARCH", f"UID {place.last_uid + 1}:{now.last_uid} UNSEEN"))).split()
            mails = []
            for uid in sorted(int(word) for word in found if word.isdigit())[:MOST_MAILS]:
                parts = _ok(connection.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
                content = next((part[1] for part in parts if isinstance(part, tuple)), None)
                if content is not None:  # else another reader removed it
                    mails.append((uid, message_from_bytes(content, policy=policy.default)))
            return now, mails
        finally:
            self._connection = None
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()

    def _is_wanted(self, mail: EmailMessage) -> bool:
        return all(text in _header(mail, name).casefold() for name, text in self._filter.items())

    async def _fire_mail(self, validity: int, uid: int, mail: EmailMessage) -> None:
        message_id = _header(mail, "message-id")
        name = message_id or f"{self._account.url} {self._folder} {validity} {uid}"
        text, attachments = _text_and_attachments(mail)
        payload = {
            "mailbox": self._account.user,
            "folder": self._folder,
            "uid": uid,
            "message_id": message_id,
            **{header: _header(mail, header) for header in ("from", "to", "cc", "reply-to", "subject", "date")},
            "text": text,
            "attachments": attachments,
        }
        await self._fire(payload, f"mail:{sha256(name.encode('utf-8', 'replace')).hexdigest()}")


def _read_filter(given: Mapping[str, Any]) -> dict[str, str]:
    for name, value in given.items():
        if name not in FILTERS or not isinstance(value, str):
            raise Refused(f"filter.{name} must be a text under one of the names {', '.join(FILTERS)}")
    return {name: value.casefold() for name, value in given.items()}


def _connect(account: MailAccount) -> imaplib.IMAP4:
    parts = urlsplit(account.url)
    host = parts.hostname or ""
    context = ssl.create_default_context()
    if parts.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
    connection = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT_SECONDS)
    if not is_this_machine(account.url):
        connection.starttls(context)
    return connection


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    word, data = answer
    if word != "OK":
        raise imaplib.IMAP4.error(_text_of(data) or word)
    return data


def _text_of(data: list[Any]) -> str:
    return b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace")


def _number(name: str, facts: str) -> int:
    found = re.search(rf"\b{name} (\d+)", facts)
    if found is None:
        raise imaplib.IMAP4.error(f"the server does not say its {name}")
    return int(found[1])


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return shortened(" ".join(str(mail.get(name, "")).split()), 2_000)
    except Exception:  # the parser stumbles over headers of some senders
        return ""


def _text_and_attachments(mail: EmailMessage) -> tuple[str, list[str]]:
    """The text, and the names of what is attached; of a mail that cannot be read, as much as can."""
    text, names = "", []
    with suppress(Exception):
        names = [clean_text(part.get_filename() or "")[:255] for part in mail.iter_attachments()][:100]
    with suppress(Exception):
        body = mail.get_body(("plain", "html"))
        text = "" if body is None else shortened(str(body.get_content()), MOST_TEXT)
    return text, names

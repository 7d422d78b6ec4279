"""E-mail: sent by SMTP, read by IMAP."""

import imaplib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formataddr, getaddresses, make_msgid
from mimetypes import guess_type
from pathlib import PurePosixPath
from typing import Any, TypeVar

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import Option, anything, choice, flag, integer, listing, text, unused
from casare_cloud.robot.executor.errors import NodeError, NodeInputError
from casare_cloud.robot.executor.nodes.patience import SLOW_RETRIES, tried, while_wanted
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

T = TypeVar("T")

MOST_MAILS = 1_000
MOST_BYTES = 10 * 2**20  # of one mail
_CREDENTIAL = unused("credential_name", "a job is given what it needs: write it, or take it from the job's input", "")
_ACCOUNT = (text("username"), text("password"), _CREDENTIAL)
_TIMEOUT = integer("timeout", default=30)  # seconds
_PRIORITIES = {"high": ("1", "High"), "low": ("5", "Low")}


@node(
    "SendEmailNode",
    takes=(
        text("smtp_server", default="smtp.gmail.com"),
        integer("smtp_port", default=587),
        *_ACCOUNT,
        text("from_email"),
        text("to_email", "to", default=None),
        text("cc"),
        text("bcc"),
        text("subject"),
        text("body"),
        anything("attachments"),
        flag("use_tls", default=True),
        flag("use_ssl"),
        flag("is_html"),
        text("reply_to"),
        choice("priority", "high", "normal", "low", default="normal"),
        flag("read_receipt"),
        text("sender_name"),
        _TIMEOUT,
        *SLOW_RETRIES,
    ),
    gives=("success", "message_id"),
)
def send_email(run: NodeRun) -> Mapping[str, Any]:
    """Sends a mail, with files of the job's folder.

    `use_ssl` encrypts from the start, `use_tls` after the server's greeting.
    """
    mail = _mail(run)
    hidden = run.text("bcc")
    receivers = [address for _, address in getaddresses([*mail.get_all("To", []), *mail.get_all("Cc", []), hidden])]
    server, port, seconds = run.text("smtp_server"), run.integer("smtp_port"), float(run.integer("timeout"))
    encrypts, starts = run.flag("use_ssl"), run.flag("use_tls")
    user, password, sender = run.text("username"), run.text("password"), _sender(run)

    def send() -> None:
        context = ssl.create_default_context()
        connection = smtplib.SMTP_SSL(server, port, timeout=seconds, context=context) if encrypts else smtplib.SMTP(
            server, port, timeout=seconds
        )  # fmt: skip
        with connection:
            if starts and not encrypts:
                connection.starttls(context=context)
            if user and password:
                connection.login(user, password)
            if refused := connection.send_message(mail, sender, [each for each in receivers if each]):
                # The others have it: another try would send it to them again.
                raise NodeInputError(f"{server} did not take the mail to {', '.join(refused)}")

    tried(run, lambda: _reached(server, lambda: while_wanted(run.control, send)))
    return {"success": True, "message_id": str(mail["Message-ID"])}


def _sender(run: NodeRun) -> str:
    return run.text("from_email") or run.text("username")


def _mail(run: NodeRun) -> EmailMessage:
    mail, sender = EmailMessage(), _sender(run)
    if not sender:
        raise run.lacks("from_email")
    mail["From"] = formataddr((run.text("sender_name"), sender)) if run.text("sender_name") else sender
    mail["To"] = as_text(run.need("to_email"))
    mail["Subject"] = run.text("subject")
    mail["Message-ID"] = make_msgid()
    for header, option in (("Cc", "cc"), ("Reply-To", "reply_to")):
        if run.text(option):
            mail[header] = run.text(option)
    if priority := _PRIORITIES.get(run.choice("priority")):
        mail["X-Priority"], mail["Importance"] = priority
    if run.flag("read_receipt"):
        mail["Disposition-Notification-To"] = sender
    mail.set_content(run.text("body"), subtype="html" if run.flag("is_html") else "plain")
    given = parsed(run.value("attachments"))
    paths = given if isinstance(given, list) else as_text(given or "").split(",")
    for path in filter(None, (as_text(each).strip() for each in paths)):
        kind, _, subtype = (guess_type(path)[0] or "").partition("/")
        if kind in ("", "message", "multipart"):  # a file is a file, also one that holds a mail
            kind, subtype = "application", "octet-stream"
        content = run.run.sandbox.read_bytes(path)
        mail.add_attachment(content, maintype=kind, subtype=subtype, filename=PurePosixPath(path).name)
    return mail


def _mailbox(*more: Option) -> tuple[Option, ...]:
    return (
        text("imap_server", default="imap.gmail.com"),
        integer("imap_port", default=993),
        *_ACCOUNT,
        flag("use_ssl", default=True),
        _TIMEOUT,
        *SLOW_RETRIES,
        *more,
    )


_FOLDER = text("folder", default="INBOX")
_UID = text("email_uid", default=None)


@node(
    "ReadEmailsNode",
    takes=_mailbox(
        _FOLDER,
        integer("limit", default=10),
        text("search_criteria", default="ALL"),
        flag("mark_as_read"),
        flag("include_body", default=True),
        flag("newest_first", default=True),
    ),
    gives=("emails", "count"),
)
def read_emails(run: NodeRun) -> Mapping[str, Any]:
    """The newest mails of a folder that the search finds, written as IMAP does: `UNSEEN FROM "shop"`.

    A mail stays unread unless `mark_as_read` is set.
    """
    criteria = _one_line(run, "search_criteria")
    limit, marks = run.integer("limit") or MOST_MAILS, run.flag("mark_as_read")
    if not 0 < limit <= MOST_MAILS:
        raise NodeInputError(f"limit of {run.node.id} is 1 to {MOST_MAILS:,}")

    def read(box: imaplib.IMAP4) -> list[dict[str, Any]]:
        found = sorted(int(uid) for uid in b" ".join(filter(None, _ok(box.uid("SEARCH", criteria)))).split())[-limit:]
        mails = []
        for uid in found:
            mails.append({"uid": str(uid), **_described(_fetched(box, str(uid)))})
            if marks:
                _ok(box.uid("STORE", str(uid), "+FLAGS", "(\\Seen)"))
        return mails

    mails = _in_folder(run, _one_line(run, "folder"), read, changes=marks)
    if run.flag("newest_first"):
        mails.reverse()
    if not run.flag("include_body"):
        mails = [{**mail, "body_text": "", "body_html": ""} for mail in mails]
    return {"emails": mails, "count": len(mails)}


_CONTENT = ("subject", "from", "to", "date", "body_text", "body_html", "attachments")


@node("GetEmailContentNode", takes=(anything("email"),), gives=_CONTENT)
def email_content(run: NodeRun) -> Mapping[str, Any]:
    """The parts of a mail that ReadEmailsNode found."""
    mail = run.mapping("email")
    return {name: mail.get(name, [] if name == "attachments" else "") for name in _CONTENT}


@node(
    "FilterEmailsNode",
    takes=(listing("emails"), text("subject_contains"), text("from_contains"), Option("has_attachments", "boolean")),
    gives=("filtered", "count"),
)
def filter_emails(run: NodeRun) -> Mapping[str, Any]:
    """Those of the mails whose subject and sender have the words, and that have attachments or have none."""
    subject, sender = run.text("subject_contains").lower(), run.text("from_contains").lower()
    attached = None if run.value("has_attachments") in (None, "") else run.flag("has_attachments")
    found = [
        mail
        for mail in run.items("emails")
        if subject in as_text(mail.get("subject", "")).lower()
        and sender in as_text(mail.get("from", "")).lower()
        and attached in (None, bool(mail.get("has_attachments")))
    ]
    return {"filtered": found, "count": len(found)}


@node(
    "SaveAttachmentNode",
    takes=_mailbox(_UID, _FOLDER, text("save_path", default=".")),
    gives=("saved_files", "count"),
    needs=("email_uid",),
)
def save_attachments(run: NodeRun) -> Mapping[str, Any]:
    """Saves what is attached to a mail in a folder of the job's folder."""
    uid, folder = _uid(run), run.text("save_path").rstrip("/") or "."
    sandbox = run.run.sandbox
    mail = _in_folder(run, _one_line(run, "folder"), lambda box: _fetched(box, uid))
    saved = []
    for part in mail.iter_attachments():
        name = PurePosixPath((part.get_filename() or "").replace("\\", "/")).name
        if not name or name == "..":
            continue
        path, number = f"{folder}/{name}", 0
        while sandbox.locate(path).exists():
            number += 1
            path = f"{folder}/{PurePosixPath(name).stem}_{number}{PurePosixPath(name).suffix}"
        content = part.get_payload(decode=True)
        sandbox.write_bytes(path, content if isinstance(content, bytes) else b"")
        saved.append(sandbox.relative(sandbox.locate(path)))
    return {"saved_files": saved, "count": len(saved)}


_MARKS = {
    "read": ("+FLAGS", "\\Seen"),
    "unread": ("-FLAGS", "\\Seen"),
    "flagged": ("+FLAGS", "\\Flagged"),
    "unflagged": ("-FLAGS", "\\Flagged"),
}


@node(
    "MarkEmailNode",
    takes=_mailbox(_UID, _FOLDER, choice("mark_as", *_MARKS, default="read")),
    gives=("success",),
    needs=("email_uid",),
)
def mark_email(run: NodeRun) -> Mapping[str, Any]:
    """Marks a mail as read or unread, flagged or unflagged."""
    uid, (way, mark) = _uid(run), _MARKS[run.choice("mark_as")]

    def change(box: imaplib.IMAP4) -> None:
        _ok(box.uid("STORE", uid, way, f"({mark})"))

    _in_folder(run, _one_line(run, "folder"), change, changes=True)
    return {"success": True}


@node("DeleteEmailNode", takes=_mailbox(_UID, _FOLDER, flag("permanent")), gives=("success",), needs=("email_uid",))
def delete_email(run: NodeRun) -> Mapping[str, Any]:
    """Marks a mail as deleted; `permanent` removes it from the folder, and no other that somebody marked so.

    A server without UIDPLUS removes all that are marked at once: while others are, it is not asked to.
    """
    uid, removes = _uid(run), run.flag("permanent")

    def change(box: imaplib.IMAP4) -> None:
        removes_one = removes and "UIDPLUS" in _abilities(box)
        if removes and not removes_one:
            marked = b" ".join(filter(None, _ok(box.uid("SEARCH", "DELETED")))).split()
            if others := sum(each.decode() != uid for each in marked):
                raise NodeInputError(
                    f"{run.node.id}: the server has no UIDPLUS and would remove {others} more, which are marked as"
                    " deleted; without permanent the mail is marked, too, and no more"
                )
        _ok(box.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
        if removes:
            _ok(box.uid("EXPUNGE", uid) if removes_one else box.expunge())

    _in_folder(run, _one_line(run, "folder"), change, changes=True)
    return {"success": True}


@node(
    "MoveEmailNode",
    takes=_mailbox(_UID, text("source_folder", default="INBOX"), text("target_folder", default=None)),
    gives=("success",),
    needs=("email_uid",),
)
def move_email(run: NodeRun) -> Mapping[str, Any]:
    """Moves a mail into another folder; a server that cannot move one alone keeps it here, marked as deleted."""
    uid, target = _uid(run), _quoted(_one_line(run, "target_folder"))

    def change(box: imaplib.IMAP4) -> None:
        can = _abilities(box)
        if "MOVE" in can:
            _ok(box.uid("MOVE", uid, target))
            return
        _ok(box.uid("COPY", uid, target))
        _ok(box.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
        if "UIDPLUS" in can:  # without, EXPUNGE would remove all that others have marked
            _ok(box.uid("EXPUNGE", uid))

    _in_folder(run, _one_line(run, "source_folder"), change, changes=True)
    return {"success": True}


def _abilities(box: imaplib.IMAP4) -> set[str]:
    return {word.upper() for word in b" ".join(_ok(box.capability())).decode("ascii", "replace").split()}


def _uid(run: NodeRun) -> str:
    uid = as_text(run.need("email_uid")).strip()
    if not re.fullmatch(r"\d{1,10}", uid):
        raise NodeInputError(f"email_uid of {run.node.id} is a number, as in the mails that ReadEmailsNode finds")
    return uid


def _one_line(run: NodeRun, name: str) -> str:
    written = as_text(run.need(name))
    if not re.fullmatch("[ -~]{1,1000}", written):
        raise NodeInputError(f"{name} of {run.node.id} is one line of ASCII characters")
    return written


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_folder(run: NodeRun, folder: str, use: Callable[[imaplib.IMAP4], T], *, changes: bool = False) -> T:
    server, port, seconds = run.text("imap_server"), run.integer("imap_port"), float(run.integer("timeout"))
    user, password = as_text(run.need("username")), as_text(run.need("password"))
    is_encrypted = run.flag("use_ssl")

    def visit() -> T:
        if is_encrypted:
            context = ssl.create_default_context()
            box: imaplib.IMAP4 = imaplib.IMAP4_SSL(server, port, ssl_context=context, timeout=seconds)
        else:
            box = imaplib.IMAP4(server, port, timeout=seconds)
        with _logged_in(box, user, password):
            _ok(box.select(_quoted(folder), readonly=not changes))
            return use(box)

    return tried(run, lambda: _reached(server, lambda: while_wanted(run.control, visit)))


@contextmanager
def _logged_in(box: imaplib.IMAP4, user: str, password: str) -> Iterator[None]:
    try:
        box.login(user, password)
        yield
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _reached(server: str, work: Callable[[], T]) -> T:
    """What the work makes of a server; its refusals and its silence are errors of the node."""
    try:
        return work()
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
        raise NodeError(f"{server}: {error or type(error).__name__}") from error


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    word, data = answer
    if word != "OK":
        said = b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace")
        raise imaplib.IMAP4.error(said or word)
    return data


def _fetched(box: imaplib.IMAP4, uid: str) -> EmailMessage:
    parts = _ok(box.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES + 1}>)"))
    content = next((part[1] for part in parts if isinstance(part, tuple)), None)
    if content is None:
        raise NodeInputError(f"there is no mail {uid}")
    if len(content) > MOST_BYTES:
        raise NodeInputError(f"the mail {uid} is larger than {MOST_BYTES // 2**20} MB")
    return message_from_bytes(content, policy=policy.default)


def _described(mail: EmailMessage) -> dict[str, Any]:
    """A mail in the words that the published product has for it."""
    attached = [
        {
            "filename": part.get_filename() or "",
            "content_type": part.get_content_type(),
            "size": len(part.get_payload(decode=True) or b""),
        }
        for part in mail.iter_attachments()
    ]
    date = getattr(mail["Date"], "datetime", None)
    return {
        **{name: str(mail.get(name.replace("_", "-"), "")) for name in ("message_id", "subject", "from", "to", "cc")},
        "date": date.isoformat() if date else "",
        "body_text": _body(mail, "plain"),
        "body_html": _body(mail, "html"),
        "attachments": attached,
        "has_attachments": bool(attached),
    }


def _body(mail: EmailMessage, kind: str) -> str:
    with suppress(Exception):  # a mail that breaks the rules is read as far as it can be
        part = mail.get_body((kind,))
        return "" if part is None else str(part.get_content())
    return ""

"""A mailbox on the local machine that speaks as much IMAP as the robot asks for."""

import re
import socketserver
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage

PASSWORD = "mail-password"


@dataclass
class Mailbox:
    """One folder; UIDs count from 1. `logins` counts visits."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    flagged: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    copies: list[tuple[int, str]] = field(default_factory=list)
    validity: int = 7
    can: str = ""
    logins: int = 0
    commands: list[str] = field(default_factory=list)

    def put(
        self,
        subject: str,
        message_id: str | None = None,
        sender: str = "shop@example.org",
        *,
        is_seen: bool = False,
    ) -> int:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "orders@example.org", subject
        if message_id is not None:
            mail["Message-ID"] = message_id
        mail.set_content(f"the text of {subject}")
        mail.add_attachment(b"a,b", maintype="text", subtype="csv", filename="rows.csv")
        uid = max(self.mails, default=0) + 1
        if is_seen:  # before anybody finds it
            self.seen.add(uid)
        self.mails[uid] = mail.as_bytes()
        return uid


class MailServer(socketserver.ThreadingTCPServer):
    """Serves a `Mailbox` on a port of its own while it is a context."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mailbox = Mailbox()

    @property
    def url(self) -> str:
        return f"imap://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say(b"* OK ready")
        while line := self.rfile.readline():
            tag, command = line.decode().strip().split(" ", 1)
            self.server.mailbox.commands.append(command)
            refusal = self._answer(command)
            self._say(f"{tag} {refusal or 'OK done'}".encode())
            if command == "LOGOUT":
                return

    def _answer(self, command: str) -> str | None:
        box = self.server.mailbox
        upper = command.upper()
        if upper == "CAPABILITY":
            self._say(f"* CAPABILITY IMAP4rev1 {box.can}".encode())
        elif upper.startswith("LOGIN"):
            if PASSWORD not in command:
                return "NO [AUTHENTICATIONFAILED] wrong password"
            box.logins += 1
        elif upper.startswith("STATUS"):
            number = max(box.mails, default=0) + 1
            self._say(f'* STATUS "INBOX" (UIDNEXT {number} UIDVALIDITY {box.validity})'.encode())
        elif upper.startswith("EXAMINE"):
            self._say(f"* {len(box.mails)} EXISTS".encode())
        elif found := re.fullmatch(r"UID SEARCH UID (\d+):(\d+) UNSEEN", upper):
            low, high = map(int, found.groups())
            uids = [str(uid) for uid in box.mails if low <= uid <= high and uid not in box.seen]
            self._say(f"* SEARCH {' '.join(uids)}".encode())
        elif upper.startswith(("SELECT", "CLOSE")):
            self._say(f"* {len(box.mails)} EXISTS".encode())
        elif upper.startswith("UID SEARCH"):
            wanted = box.mails.keys() - box.seen if upper.endswith("UNSEEN") else set(box.mails)
            wanted &= box.deleted if upper.endswith(" DELETED") else wanted
            self._say(f"* SEARCH {' '.join(map(str, sorted(wanted)))}".encode())
        elif found := re.fullmatch(r"UID STORE (\d+) ([+-])FLAGS \(\\(SEEN|FLAGGED|DELETED)\)", upper):
            marked = {"SEEN": box.seen, "FLAGGED": box.flagged, "DELETED": box.deleted}[found[3]]
            (marked.add if found[2] == "+" else marked.discard)(int(found[1]))
        elif found := re.fullmatch(r"UID (COPY|MOVE) (\d+) \"(.+)\"", command):
            box.copies.append((int(found[2]), found[3]))
            if found[1] == "MOVE":
                del box.mails[int(found[2])]
        elif found := re.fullmatch(r"UID EXPUNGE (\d+)", upper):
            del box.mails[int(found[1])]
        elif upper == "EXPUNGE":
            box.mails = {uid: mail for uid, mail in box.mails.items() if uid not in box.deleted}
        elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.\d+>\)", upper):
            content = box.mails[int(found[1])]
            self._say(f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(content)}}}".encode())
            self.wfile.write(content)
            self._say(b")")
        elif upper == "LOGOUT":
            self._say(b"* BYE")
        else:
            return "BAD what is that"
        return None

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

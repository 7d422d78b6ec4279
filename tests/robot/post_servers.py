"""Servers on the local machine that speak as much SMTP and FTP as the nodes ask for."""

import re
import socket
import socketserver
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Server(socketserver.ThreadingTCPServer):
    """Runs while it is a context."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port = int(self.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what some tests are about."""


class Session(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def lines(self) -> Any:
        while line := self.rfile.readline():
            yield line.decode().rstrip("\r\n")


class PostOffice(Server):
    """Takes mails. `refuses`: so many connections are turned away first; `unknown`: who gets no mail here."""

    def __init__(self) -> None:
        super().__init__(_Counter)
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.refuses = 0
        self.unknown: set[str] = set()


class _Counter(Session):
    server: PostOffice

    def handle(self) -> None:
        if self.server.refuses > 0:
            self.server.refuses -= 1
            self.say("421 later")
            return
        self.say("220 ready")
        sender, receivers = "", list[str]()
        for line in self.lines():
            word = line.upper()
            if word.startswith("EHLO"):
                self.say("250 ok")
            elif found := re.match(r"MAIL FROM:<(.*?)>", line, re.IGNORECASE):
                sender = found[1]
                self.say("250 ok")
            elif found := re.match(r"RCPT TO:<(.*?)>", line, re.IGNORECASE):
                if found[1] in self.server.unknown:
                    self.say("550 unknown")
                    continue
                receivers.append(found[1])
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go on")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part
                self.server.mails.append((sender, receivers, content))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("502 what is that")


class FileServer(Server):
    """Keeps files by path."""

    def __init__(self) -> None:
        super().__init__(_Visitor)
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self.commands: list[str] = []


class _Visitor(Session):
    server: FileServer

    def handle(self) -> None:
        self.say("220 ready")
        listener, moved = socket.create_server(("127.0.0.1", 0)), ""
        files = self.server.files
        for line in self.lines():
            self.server.commands.append(line)
            word, _, path = line.partition(" ")
            match word:
                case "USER" | "PASS":
                    self.say("331 and?" if word == "USER" else "230 welcome")
                case "EPSV":
                    self.say(f"229 here (|||{listener.getsockname()[1]}|)")
                case "PASV":
                    port = listener.getsockname()[1]
                    self.say(f"227 here (127,0,0,1,{port // 256},{port % 256})")
                case "STOR" | "RETR" | "NLST" | "LIST" if word != "RETR" or path in files:
                    self.say("150 go on")
                    self._transfer(listener, word, path)
                    self.say("226 done")
                case "SIZE" if path in files:
                    self.say(f"213 {len(files[path])}")
                case "DELE" if path in files:
                    del files[path]
                    self.say("250 ok")
                case "MKD":
                    self.server.folders.add(path)
                    self.say(f'257 "{path}"')
                case "RMD":
                    self.server.folders.discard(path)
                    self.say("250 ok")
                case "RNFR":
                    moved = path
                    self.say("350 where?")
                case "RNTO":
                    files[path] = files.pop(moved)
                    self.say("250 ok")
                case "TYPE":
                    self.say("200 ok")
                case "QUIT":
                    self.say("221 bye")
                    break
                case _:
                    self.say("550 no")
        listener.close()

    def _transfer(self, listener: socket.socket, word: str, path: str) -> None:
        connection, _ = listener.accept()
        files = self.server.files
        with connection, suppress(OSError):
            match word:
                case "STOR":
                    files[path] = b"".join(iter(lambda: connection.recv(65536), b""))
                case "RETR":
                    connection.sendall(files[path])
                case _:
                    connection.sendall("".join(f"{name}\r\n" for name in sorted(files)).encode())

"""FTP: one connection of the run, used by the nodes after the one that opens it."""

import ftplib
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, TypeVar

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import flag, integer, text
from casare_cloud.robot.executor.errors import NodeError, NodeInputError
from casare_cloud.robot.executor.held import Closing
from casare_cloud.robot.executor.nodes.patience import SLOW_RETRIES, tried, while_wanted
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.sandbox import MAX_READ_BYTES
from casare_cloud.robot.executor.templates import as_text

T = TypeVar("T")

_HELD = "ftp"
_PATH = text("remote_path", "path", default=None)
_FILE = (text("local_path", default=None), flag("binary_mode", default=True), *SLOW_RETRIES)


@node(
    "FTPConnectNode",
    takes=(
        text("host", default=None),
        integer("port", default=21),
        text("username", default="anonymous"),
        text("password"),
        flag("passive", default=True),
        integer("timeout", default=30),  # seconds
        flag("use_tls"),
        *SLOW_RETRIES,
    ),
    gives=("connected", "server_message"),
    needs=("host",),
)
def connect(run: NodeRun) -> Mapping[str, Any]:
    """Opens the connection, in place of an earlier one; `use_tls` encrypts what is said and sent."""
    host, port = as_text(run.need("host")), run.integer("port")
    user, password = run.text("username") or "anonymous", run.text("password")
    seconds, is_encrypted, is_passive = float(run.integer("timeout")), run.flag("use_tls"), run.flag("passive")

    def open_() -> tuple[ftplib.FTP, str]:
        if is_encrypted:
            server: ftplib.FTP = ftplib.FTP_TLS(context=ssl.create_default_context(), timeout=seconds)  # noqa: S321
        else:
            server = ftplib.FTP(timeout=seconds)  # noqa: S321 - what the other side speaks
        try:
            server.connect(host, port)
            said = server.login(user, password)
            if isinstance(server, ftplib.FTP_TLS):
                server.prot_p()
        except BaseException:
            server.close()
            raise
        server.set_pasv(is_passive)
        return server, said

    server, said = tried(run, lambda: _reached(lambda: while_wanted(run.control, open_)))
    earlier = run.run.held.take(_HELD)
    run.run.held.get(_HELD, lambda: server)
    _quit(run, earlier)
    return {"connected": True, "server_message": said}


@node("FTPDisconnectNode", gives=("disconnected",))
def disconnect(run: NodeRun) -> Mapping[str, Any]:
    """Closes the connection, if there is one."""
    _quit(run, run.run.held.take(_HELD))
    return {"disconnected": True}


def _quit(run: NodeRun, server: Closing | None) -> None:
    if isinstance(server, ftplib.FTP):
        with suppress(OSError, EOFError, ftplib.Error):
            while_wanted(run.control, server.quit, lambda: _hang_up(server))
        server.close()


def _hang_up(server: ftplib.FTP) -> None:
    """Closes the connection, also while another thread waits for an answer: `close` alone waits for that thread."""
    with suppress(OSError):
        if server.sock is not None:
            server.sock.shutdown(socket.SHUT_RDWR)
    server.close()


@node(
    "FTPUploadNode",
    takes=(_PATH, *_FILE, flag("create_dirs")),
    gives=("uploaded", "bytes_sent"),
    needs=(
        "remote_path",
        "local_path",
    ),
)
def upload(run: NodeRun) -> Mapping[str, Any]:
    """Sends a file of the job's folder."""
    path, content = as_text(run.need("remote_path")), run.run.sandbox.read_bytes(as_text(run.need("local_path")))
    is_binary, makes = run.flag("binary_mode"), run.flag("create_dirs")

    def send(server: ftplib.FTP) -> None:
        if makes:
            _make_folders(server, str(PurePosixPath(path).parent))
        store = server.storbinary if is_binary else server.storlines
        store(f"STOR {path}", io.BytesIO(content))

    _with_server(run, send, again=True)
    return {"uploaded": True, "bytes_sent": len(content)}


@node(
    "FTPDownloadNode",
    takes=(_PATH, *_FILE, flag("overwrite")),
    gives=("downloaded", "bytes_received"),
    needs=(
        "remote_path",
        "local_path",
    ),
)
def download(run: NodeRun) -> Mapping[str, Any]:
    """Saves a file (10 MB at most) in the job's folder."""
    path, target, is_binary = as_text(run.need("remote_path")), as_text(run.need("local_path")), run.flag("binary_mode")
    if run.run.sandbox.locate(target).exists() and not run.flag("overwrite"):
        raise NodeInputError(f"{target} is there already, and overwrite is not set")

    def receive(server: ftplib.FTP) -> bytes:
        content = bytearray()

        def keep(part: bytes) -> None:
            content.extend(part)
            if len(content) > MAX_READ_BYTES:
                raise NodeInputError(f"{path} is larger than {MAX_READ_BYTES // 2**20} MB")

        if is_binary:
            server.retrbinary(f"RETR {path}", keep)
        else:
            server.retrlines(f"RETR {path}", lambda line: keep(f"{line}\n".encode()))
        return bytes(content)

    content = _with_server(run, receive, again=True)
    run.run.sandbox.write_bytes(target, content)
    return {"downloaded": True, "bytes_received": len(content)}


@node("FTPListNode", takes=(text("remote_path", "path", default="."), flag("detailed")), gives=("items", "count"))
def list_(run: NodeRun) -> Mapping[str, Any]:
    """The names in a folder; `detailed`: the lines that the server writes of each."""
    path, is_detailed = run.text("remote_path") or ".", run.flag("detailed")

    def look(server: ftplib.FTP) -> list[str]:
        lines: list[str] = []
        if not is_detailed:
            return server.nlst(path)
        server.dir(path, lines.append)
        return lines

    items = _with_server(run, look)
    return {"items": items, "count": len(items)}


@node("FTPDeleteNode", takes=(_PATH,), gives=("deleted",), needs=("remote_path",))
def delete(run: NodeRun) -> Mapping[str, Any]:
    """Deletes a file."""
    path = as_text(run.need("remote_path"))
    _with_server(run, lambda server: server.delete(path))
    return {"deleted": True}


@node("FTPMakeDirNode", takes=(_PATH, flag("parents")), gives=("created",), needs=("remote_path",))
def make_folder(run: NodeRun) -> Mapping[str, Any]:
    """Makes a folder, with `parents` also those that it is in."""
    path, makes_all = as_text(run.need("remote_path")), run.flag("parents")

    def make(server: ftplib.FTP) -> None:
        if makes_all:
            _make_folders(server, str(PurePosixPath(path).parent))
        server.mkd(path)

    _with_server(run, make)
    return {"created": True}


@node("FTPRemoveDirNode", takes=(_PATH,), gives=("removed",), needs=("remote_path",))
def remove_folder(run: NodeRun) -> Mapping[str, Any]:
    """Removes an empty folder."""
    path = as_text(run.need("remote_path"))
    _with_server(run, lambda server: server.rmd(path))
    return {"removed": True}


@node(
    "FTPRenameNode",
    takes=(text("old_path", default=None), text("new_path", default=None)),
    gives=("renamed",),
    needs=(
        "old_path",
        "new_path",
    ),
)
def rename(run: NodeRun) -> Mapping[str, Any]:
    """Moves or renames a file or folder."""
    old, new = as_text(run.need("old_path")), as_text(run.need("new_path"))
    _with_server(run, lambda server: server.rename(old, new))
    return {"renamed": True}


@node("FTPGetSizeNode", takes=(_PATH,), gives=("size", "found"), needs=("remote_path",))
def size(run: NodeRun) -> Mapping[str, Any]:
    """The bytes of a file; `found` is false when there is none."""
    path = as_text(run.need("remote_path"))

    def look(server: ftplib.FTP) -> int | None:
        server.voidcmd("TYPE I")
        try:
            return server.size(path)
        except ftplib.error_perm as error:
            if str(error).startswith("550"):
                return None
            raise

    found = _with_server(run, look)
    return {"size": found or 0, "found": found is not None}


def _make_folders(server: ftplib.FTP, path: str) -> None:
    """Makes each folder on the way that is not there."""
    for folder in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
        if str(folder) not in (".", "/"):
            with suppress(ftplib.error_perm):
                server.mkd(str(folder))


def _with_server(run: NodeRun, use: Callable[[ftplib.FTP], T], *, again: bool = False) -> T:
    server = run.run.held.find(_HELD)
    if not isinstance(server, ftplib.FTP):
        raise NodeInputError(f"{run.node.id} has no connection: an FTPConnectNode opens one")

    def leave() -> None:
        run.run.held.take(_HELD)  # an answer that comes late would be taken for the next one's
        _hang_up(server)

    def work() -> T:
        return _reached(lambda: while_wanted(run.control, lambda: use(server), leave))

    return tried(run, work) if again else work()


def _reached(work: Callable[[], T]) -> T:
    try:
        return work()
    except (OSError, EOFError, ftplib.Error) as error:
        raise NodeError(f"the FTP server: {error or type(error).__name__}") from error

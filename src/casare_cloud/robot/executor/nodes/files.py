"""Files and folders, all of them inside the job's own folder."""

import codecs
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import (
    anything,
    choice,
    flag,
    integer,
    listing,
    text,
    unused,
)
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

MAX_ENTRIES = 10_000

SANDBOXED = unused("allow_dangerous_paths", "a job reaches the files of its own folder only", False)
FILE_PATH = text("file_path", "path", "filename", default=None)
FOLDER_PATH = text("dir_path", "directory_path", "directory", "path", default=None)
CREATE_DIRS = flag("create_dirs", default=True)
ENCODING = text("encoding", default="utf-8")
ERRORS = choice("errors", "strict", "ignore", "replace", "backslashreplace", "xmlcharrefreplace", default="strict")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def path_of(run: NodeRun, name: str = "file_path") -> str:
    return as_text(run.need(name))


def check_folder(run: NodeRun, path: str) -> None:
    """Refuses a path into a folder that is not there, unless `create_dirs` says to make it."""
    if not run.flag("create_dirs") and not run.run.sandbox.locate(path).parent.is_dir():
        raise NodeInputError(f"the folder of {path} is not there, and create_dirs is not set")


def encoded(run: NodeRun, text: str) -> bytes:
    """The text in the node's encoding."""
    encoding = run.text("encoding") or "utf-8"
    try:
        return text.encode(encoding, errors=run.text("errors"))
    except LookupError as error:
        raise NodeInputError(f"{encoding} is no encoding") from error
    except UnicodeEncodeError as error:
        raise NodeInputError(f"{text[error.start]!r} cannot be written as {encoding}; use utf-8") from error


def decoded(run: NodeRun, data: bytes) -> str:
    """Text in the node's encoding. A byte order mark at the start says which Unicode it is, and is not part of it."""
    encoding = run.text("encoding") or "utf-8"
    mark = next((mark for mark in _MARKS if data.startswith(mark)), None)
    if mark and encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = _MARKS[mark]
    try:
        return data.decode(encoding, errors=run.text("errors")).removeprefix("\ufeff")
    except LookupError as error:
        raise NodeInputError(f"{encoding} is no encoding") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NodeInputError(
            f"{path_of(run)} is not {encoding} text (line {line}, byte 0x{data[error.start]:02x}); "
            "set encoding to what wrote it, for example cp1252 or utf-16"
        ) from error


@node(
    "ReadFileNode",
    takes=(FILE_PATH, ENCODING, ERRORS, flag("binary_mode"), integer("max_size", default=0), SANDBOXED),
    gives=("content", "size", "success"),
    needs=("file_path",),
)
def read_file(run: NodeRun) -> Mapping[str, Any]:
    """A file's text; in binary mode each character stands for a byte."""
    data = run.run.sandbox.read_bytes(path_of(run))
    most = run.integer("max_size")
    if 0 < most < len(data):
        raise NodeInputError(f"{path_of(run)} has {len(data)} bytes, more than max_size {most}")
    content = data.decode("latin-1") if run.flag("binary_mode") else decoded(run, data)
    return {"content": content, "size": len(data), "success": True}


CONTENT = (text("content", "data"), ENCODING, ERRORS, flag("binary_mode"), CREATE_DIRS, SANDBOXED)
WRITTEN = ("file_path", "attachment_file", "bytes_written", "success")


@node("WriteFileNode", takes=(FILE_PATH, *CONTENT, flag("append_mode", "append")), gives=WRITTEN, needs=("file_path",))
def write_file(run: NodeRun) -> Mapping[str, Any]:
    """Writes a text to a file, or adds it to its end."""
    return _write(run, append=run.flag("append_mode"))


@node(
    "AppendFileNode",
    takes=(FILE_PATH, *CONTENT, flag("create_if_missing", default=True)),
    gives=WRITTEN,
    needs=("file_path",),
)
def append_file(run: NodeRun) -> Mapping[str, Any]:
    """Adds a text to the end of a file."""
    if not run.flag("create_if_missing") and not run.run.sandbox.locate(path_of(run)).exists():
        raise NodeInputError(f"there is no file {path_of(run)} in the job's folder")
    return _write(run, append=True)


def _write(run: NodeRun, *, append: bool) -> Mapping[str, Any]:
    path = path_of(run)
    check_folder(run, path)
    content = run.text("content")
    data = content.encode("latin-1") if run.flag("binary_mode") else encoded(run, content)
    written = run.run.sandbox.write_bytes(path, data, append=append)
    return {"file_path": path, "attachment_file": [path], "bytes_written": written, "success": True}


@node(
    "ReadJSONFileNode", takes=(FILE_PATH, ENCODING, ERRORS, SANDBOXED), gives=("data", "success"), needs=("file_path",)
)
def read_json(run: NodeRun) -> Mapping[str, Any]:
    """The value that a JSON file holds."""
    try:
        return {"data": json.loads(decoded(run, run.run.sandbox.read_bytes(path_of(run)))), "success": True}
    except ValueError as error:
        raise NodeInputError(f"{path_of(run)} is not JSON: {error}", error_type="JSONDecodeError") from error


@node(
    "WriteJSONFileNode",
    takes=(
        FILE_PATH,
        anything("data"),
        integer("indent", default=2),
        flag("ensure_ascii"),
        ENCODING,
        ERRORS,
        CREATE_DIRS,
        SANDBOXED,
    ),
    gives=("file_path", "attachment_file", "success"),
    needs=("file_path",),
)
def write_json(run: NodeRun) -> Mapping[str, Any]:
    """Writes a value to a file as JSON."""
    path, indent = path_of(run), run.integer("indent")
    check_folder(run, path)
    text = json.dumps(run.value("data"), indent=indent or None, ensure_ascii=run.flag("ensure_ascii"), default=str)
    run.run.sandbox.write_bytes(path, encoded(run, text))
    return {"file_path": path, "attachment_file": [path], "success": True}


@node(
    "FileExistsNode",
    takes=(
        text("path", "file_path", default=None),
        choice("check_type", "any", "file", "directory", default="any"),
        SANDBOXED,
    ),
    gives=("exists", "is_file", "is_dir", "is_directory"),
    needs=("path",),
)
def file_exists(run: NodeRun) -> Mapping[str, Any]:
    """Whether there is a file or folder, or one of the wanted kind."""
    path = run.run.sandbox.locate(path_of(run, "path"))
    is_file, is_dir = path.is_file(), path.is_dir()
    exists = {"any": path.exists(), "file": is_file, "directory": is_dir}[run.choice("check_type")]
    return {"exists": exists, "is_file": is_file, "is_dir": is_dir, "is_directory": is_dir}


@node(
    "GetFileInfoNode",
    "GetFileSizeNode",
    takes=(FILE_PATH, SANDBOXED),
    gives=("size", "created", "modified", "extension", "name", "parent", "exists", "success"),
    needs=("file_path",),
)
def file_info(run: NodeRun) -> Mapping[str, Any]:
    """Facts about a file or folder."""
    path = run.run.sandbox.locate(path_of(run))
    if not path.exists():
        raise NodeInputError(f"there is no file {path_of(run)} in the job's folder")
    facts = path.stat()
    return {
        "size": facts.st_size,
        "created": datetime.fromtimestamp(facts.st_ctime, UTC).isoformat(),
        "modified": datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(),
        "parent": run.run.sandbox.relative(path.parent) if run.run.sandbox.parts(path_of(run)) else "",
        "extension": path.suffix,
        "name": path.name,
        "exists": True,
        "success": True,
    }


PAIR = (
    text("source_path", "source", default=None),
    text("dest_path", "destination", default=None),
    flag("overwrite"),
    CREATE_DIRS,
    SANDBOXED,
)


@node(
    "CopyFileNode",
    takes=PAIR,
    gives=("dest_path", "destination", "bytes_copied", "success"),
    needs=(
        "source_path",
        "dest_path",
    ),
)
def copy_file(run: NodeRun) -> Mapping[str, Any]:
    """Copies a file."""
    source, target = _pair(run)
    copied = run.run.sandbox.copy(source, target)
    return {"dest_path": target, "destination": target, "bytes_copied": copied, "success": True}


@node(
    "MoveFileNode",
    takes=PAIR,
    gives=("dest_path", "destination", "success"),
    needs=(
        "source_path",
        "dest_path",
    ),
)
def move_file(run: NodeRun) -> Mapping[str, Any]:
    """Moves or renames a file."""
    source, target = _pair(run)
    run.run.sandbox.move(source, target)
    return {"dest_path": target, "destination": target, "success": True}


def _pair(run: NodeRun) -> tuple[str, str]:
    source, target = path_of(run, "source_path"), path_of(run, "dest_path")
    sandbox = run.run.sandbox
    check_folder(run, target)
    if sandbox.locate(target).exists() and not sandbox.is_same(source, target) and not run.flag("overwrite"):
        raise NodeInputError(f"{target} is there already, and overwrite is not set")
    return source, target


@node(
    "DeleteFileNode",
    takes=(FILE_PATH, flag("ignore_missing", "ignore_errors"), SANDBOXED),
    gives=("deleted_path", "success"),
    needs=("file_path",),
)
def delete_file(run: NodeRun) -> Mapping[str, Any]:
    """Deletes a file."""
    name = path_of(run)
    path = run.run.sandbox.locate(name)
    if path.is_file():
        path.unlink()
    elif not run.flag("ignore_missing"):
        raise NodeInputError(f"there is no file {name} in the job's folder")
    return {"deleted_path": name, "success": True}


@node(
    "CreateDirectoryNode",
    takes=(FOLDER_PATH, flag("parents", default=True), flag("exist_ok", default=True), SANDBOXED),
    gives=("dir_path", "success"),
    needs=("dir_path",),
)
def create_directory(run: NodeRun) -> Mapping[str, Any]:
    """Makes a folder."""
    name = path_of(run, "dir_path")
    folder = run.run.sandbox.locate(name)
    if folder.exists() and not run.flag("exist_ok"):
        raise NodeInputError(f"{name} is there already, and exist_ok is not set")
    if not folder.parent.is_dir() and not run.flag("parents"):
        raise NodeInputError(f"the folder of {name} is not there, and parents is not set")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {"dir_path": name, "success": True}


LISTED = (
    text("dir_path", "directory_path", "directory", "path", default="."),
    text("pattern", default="*"),
    flag("recursive"),
)


@node(
    "ListDirectoryNode",
    takes=(*LISTED, flag("files_only"), flag("dirs_only"), SANDBOXED),
    gives=("files", "directories", "items", "count", "success"),
)
def list_directory(run: NodeRun) -> Mapping[str, Any]:
    """The folders and files in a folder."""
    return _listed(run, files=not run.flag("dirs_only"), folders=not run.flag("files_only"))


@node("ListFilesNode", takes=(*LISTED, SANDBOXED), gives=("files", "directories", "items", "count", "success"))
def list_files(run: NodeRun) -> Mapping[str, Any]:
    """The files in a folder."""
    return _listed(run, files=True, folders=False)


def _listed(run: NodeRun, *, files: bool, folders: bool) -> Mapping[str, Any]:
    sandbox = run.run.sandbox
    folder, pattern = sandbox.locate(run.text("dir_path") or "."), run.text("pattern") or "*"
    sandbox.parts(pattern)
    if not folder.is_dir():
        raise NodeInputError(f"there is no folder {sandbox.relative(folder)}")
    every = folder.rglob(pattern) if run.flag("recursive") else folder.glob(pattern)
    found = sorted(path for path in every if not path.is_symlink())
    if len(found) > MAX_ENTRIES:
        raise NodeInputError(f"{len(found):,} entries match {pattern!r}; at most {MAX_ENTRIES:,} are listed")
    its_folders = [sandbox.relative(path) for path in found if folders and path.is_dir()]
    its_files = [sandbox.relative(path) for path in found if files and path.is_file()]
    items = [*its_folders, *its_files]
    return {"files": its_files, "directories": its_folders, "items": items, "count": len(items), "success": True}


@node(
    "DeleteDirectoryNode",
    takes=(FOLDER_PATH, flag("recursive"), SANDBOXED),
    gives=("dir_path", "success"),
    needs=("dir_path",),
)
def delete_directory(run: NodeRun) -> Mapping[str, Any]:
    """Deletes a folder: an empty one, or with `recursive` all that is in it."""
    name = path_of(run, "dir_path")
    path = run.run.sandbox.locate(name)
    if not run.run.sandbox.parts(name):
        raise NodeInputError("the job's folder itself stays")
    if not path.is_dir():
        raise NodeInputError(f"there is no folder {name}")
    if run.flag("recursive"):
        shutil.rmtree(path)
    else:
        path.rmdir()
    return {"dir_path": name, "success": True}


@node("JoinPathNode", takes=(text("base"), listing("parts")), gives=("path",))
def join_path(run: NodeRun) -> Mapping[str, Any]:
    """A path from its parts."""
    return {"path": str(PurePosixPath(run.text("base"), *(as_text(part) for part in run.items("parts"))))}


@node("GetFilenameNode", takes=(FILE_PATH,), gives=("filename", "stem", "extension", "directory"), needs=("file_path",))
def file_name(run: NodeRun) -> Mapping[str, Any]:
    """The parts of a path."""
    path = PurePosixPath(path_of(run).replace("\\", "/"))
    return {"filename": path.name, "stem": path.stem, "extension": path.suffix, "directory": str(path.parent)}

"""Files and folders, all of them inside the job's own folder."""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

MAX_ENTRIES = 10_000


def path_of(run: NodeRun, *names: str) -> str:
    return as_text(run.need(*(names or ("file_path", "path"))))


def encoded(run: NodeRun, text: str) -> bytes:
    """The text in the node's encoding."""
    try:
        return text.encode(run.text("encoding", default="utf-8"), errors=run.text("errors", default="strict"))
    except LookupError as error:
        raise NodeInputError(f"{error}") from error


def decoded(run: NodeRun, data: bytes) -> str:
    """Text in the node's encoding; a byte order mark at the start is not part of it."""
    try:
        text = data.decode(run.text("encoding", default="utf-8"), errors=run.text("errors", default="strict"))
    except LookupError as error:
        raise NodeInputError(f"{error}") from error
    return text.removeprefix("\ufeff")


@node("ReadFileNode")
def read_file(run: NodeRun) -> Mapping[str, Any]:
    data = run.run.sandbox.read_bytes(path_of(run))
    most = run.integer("max_size", default=0)
    if 0 < most < len(data):
        raise NodeInputError(f"{path_of(run)} has {len(data)} bytes, more than max_size {most}")
    content = data.decode("latin-1") if run.flag("binary_mode") else decoded(run, data)
    return {"content": content, "size": len(data), "success": True}


@node("WriteFileNode")
def write_file(run: NodeRun) -> Mapping[str, Any]:
    return _write(run, append=run.flag("append_mode", "append"))


@node("AppendFileNode")
def append_file(run: NodeRun) -> Mapping[str, Any]:
    return _write(run, append=True)


def _write(run: NodeRun, *, append: bool) -> Mapping[str, Any]:
    path = path_of(run)
    content = run.text("content", "data")
    data = content.encode("latin-1") if run.flag("binary_mode") else encoded(run, content)
    written = run.run.sandbox.write_bytes(path, data, append=append)
    return {"file_path": path, "attachment_file": [path], "bytes_written": written, "success": True}


@node("ReadCSVNode")
def read_csv(run: NodeRun) -> Mapping[str, Any]:
    text = decoded(run, run.run.sandbox.read_bytes(path_of(run)))
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=run.text("delimiter", default=","),
        quotechar=run.text("quotechar", default='"'),
        strict=run.flag("strict"),
    )
    try:
        rows = list(reader)[run.integer("skip_rows", default=0) :]
    except csv.Error as error:
        raise NodeInputError(f"{path_of(run)} is not CSV: {error}") from error
    headers = rows.pop(0) if rows and run.flag("has_header", default=True) else []
    most = run.integer("max_rows", default=0)
    rows = rows[:most] if most > 0 else rows
    data: list[Any] = [dict(zip(headers, row, strict=False)) for row in rows] if headers else rows
    return {"data": data, "headers": headers, "row_count": len(data), "success": True}


@node("WriteCSVNode")
def write_csv(run: NodeRun) -> Mapping[str, Any]:
    path, rows = path_of(run), run.items("data", "rows")
    text = csv_text(
        rows,
        parsed(run.value("headers", "columns", default=[])),
        run.text("delimiter", default=","),
        run.flag("write_header", default=True),
    )
    run.run.sandbox.write_bytes(path, encoded(run, text), append=run.flag("append"))
    return {"file_path": path, "attachment_file": [path], "row_count": len(rows), "success": True}


def csv_text(rows: Sequence[Any], headers: Any, delimiter: str, write_header: bool) -> str:
    """CSV of maps or lists; the columns of maps are `headers`, else every key in the order of first appearance."""
    columns = (
        [part.strip() for part in headers.split(",")]
        if isinstance(headers, str)
        else [as_text(h) for h in headers or ()]
    )
    if not columns:
        columns = list(dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if write_header and columns:
        writer.writerow(columns)
    for row in rows:
        if isinstance(row, Mapping):
            writer.writerow([as_text(row.get(column)) for column in columns])
        else:
            writer.writerow([as_text(cell) for cell in (row if isinstance(row, list | tuple) else [row])])
    return out.getvalue()


@node("ReadJSONFileNode")
def read_json(run: NodeRun) -> Mapping[str, Any]:
    try:
        return {"data": json.loads(decoded(run, run.run.sandbox.read_bytes(path_of(run)))), "success": True}
    except ValueError as error:
        raise NodeInputError(f"{path_of(run)} is not JSON: {error}", error_type="JSONDecodeError") from error


@node("WriteJSONFileNode")
def write_json(run: NodeRun) -> Mapping[str, Any]:
    path, indent = path_of(run), run.integer("indent", default=2)
    text = json.dumps(run.value("data"), indent=indent or None, ensure_ascii=run.flag("ensure_ascii"), default=str)
    run.run.sandbox.write_bytes(path, encoded(run, text))
    return {"file_path": path, "attachment_file": [path], "success": True}


@node("FileExistsNode")
def file_exists(run: NodeRun) -> Mapping[str, Any]:
    path = run.run.sandbox.locate(path_of(run, "path", "file_path"))
    return {"exists": path.exists(), "is_file": path.is_file(), "is_dir": path.is_dir(), "is_directory": path.is_dir()}


@node("GetFileInfoNode", "GetFileSizeNode")
def file_info(run: NodeRun) -> Mapping[str, Any]:
    path = run.run.sandbox.locate(path_of(run))
    if not path.exists():
        raise NodeInputError(f"there is no file {path_of(run)} in the job's folder")
    facts = path.stat()
    modified = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat()
    return {
        "size": facts.st_size,
        "modified": modified,
        "extension": path.suffix,
        "name": path.name,
        "exists": True,
        "success": True,
    }


@node("CopyFileNode")
def copy_file(run: NodeRun) -> Mapping[str, Any]:
    source, target = _pair(run)
    copied = run.run.sandbox.copy(source, target)
    return {"dest_path": target, "destination": target, "bytes_copied": copied, "success": True}


@node("MoveFileNode")
def move_file(run: NodeRun) -> Mapping[str, Any]:
    source, target = _pair(run)
    run.run.sandbox.move(source, target)
    return {"dest_path": target, "destination": target, "success": True}


def _pair(run: NodeRun) -> tuple[str, str]:
    source, target = path_of(run, "source_path", "source"), path_of(run, "dest_path", "destination")
    sandbox = run.run.sandbox
    if sandbox.locate(target).exists() and not sandbox.is_same(source, target) and not run.flag("overwrite"):
        raise NodeInputError(f"{target} is there already, and overwrite is not set")
    return source, target


@node("DeleteFileNode")
def delete_file(run: NodeRun) -> Mapping[str, Any]:
    name = path_of(run)
    path = run.run.sandbox.locate(name)
    if path.is_file():
        path.unlink()
    elif not run.flag("ignore_missing", "ignore_errors"):
        raise NodeInputError(f"there is no file {name} in the job's folder")
    return {"deleted_path": name, "success": True}


@node("CreateDirectoryNode")
def create_directory(run: NodeRun) -> Mapping[str, Any]:
    name = path_of(run, "directory_path", "dir_path", "path")
    run.run.sandbox.locate(name).mkdir(parents=True, exist_ok=True, mode=0o700)
    return {"dir_path": name, "success": True}


@node("ListDirectoryNode", "ListFilesNode")
def list_directory(run: NodeRun) -> Mapping[str, Any]:
    sandbox = run.run.sandbox
    folder = sandbox.locate(run.text("dir_path", "directory_path", "path", default="."))
    pattern = run.text("pattern", default="*")
    sandbox.parts(pattern)
    if not folder.is_dir():
        raise NodeInputError(f"there is no folder {sandbox.relative(folder)}")
    paths = folder.rglob(pattern) if run.flag("recursive") else folder.glob(pattern)
    found = sorted(path for path in paths if not path.is_symlink())
    if len(found) > MAX_ENTRIES:
        raise NodeInputError(f"{len(found):,} entries match {pattern!r}; at most {MAX_ENTRIES:,} are listed")
    files = [sandbox.relative(path) for path in found if path.is_file()]
    folders = [sandbox.relative(path) for path in found if path.is_dir()]
    return {"files": files, "directories": folders, "items": [*folders, *files], "count": len(found), "success": True}


@node("DeleteDirectoryNode")
def delete_directory(run: NodeRun) -> Mapping[str, Any]:
    name = path_of(run, "dir_path", "directory_path", "path")
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


@node("JoinPathNode")
def join_path(run: NodeRun) -> Mapping[str, Any]:
    return {"path": str(PurePosixPath(run.text("base"), *(as_text(part) for part in run.items("parts"))))}


@node("GetFilenameNode")
def file_name(run: NodeRun) -> Mapping[str, Any]:
    path = PurePosixPath(path_of(run).replace("\\", "/"))
    return {"filename": path.name, "stem": path.stem, "extension": path.suffix, "directory": str(path.parent)}

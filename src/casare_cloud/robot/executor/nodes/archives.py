"""Zip archives, inside the job's own folder."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import choice, listing, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.files import SANDBOXED, path_of
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.sandbox import MAX_READ_BYTES, MAX_WRITTEN_BYTES
from casare_cloud.robot.executor.templates import as_text

MOST_FILES = 10_000


@node(
    "ZipFilesNode",
    takes=(
        text("zip_path", default=None),
        text("source_path"),
        listing("files"),
        text("base_dir"),
        choice("compression", "ZIP_DEFLATED", "ZIP_STORED", default="ZIP_DEFLATED"),
        SANDBOXED,
    ),
    gives=("zip_path", "attachment_file", "file_count", "success"),
    needs=(
        "zip_path",
        "files|source_path",
    ),
)
def zip_files(run: NodeRun) -> Mapping[str, Any]:
    """Puts files into an archive: those named, or all of `source_path` (a file, a folder, or a pattern in one)."""
    sandbox, target = run.run.sandbox, path_of(run, "zip_path")
    names = [as_text(name) for name in run.items("files")] or _found(run, as_text(run.need("source_path")))
    base = "/".join(sandbox.parts(run.text("base_dir"))) if run.text("base_dir") else ""
    method: int = getattr(zipfile, run.choice("compression"))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name in names:
            run.control.check()
            path = "/".join(sandbox.parts(name))
            inside = path.removeprefix(f"{base}/") if base else path
            archive.writestr(inside, sandbox.read_bytes(path))
    sandbox.write_bytes(target, data.getvalue())
    return {"zip_path": target, "attachment_file": target, "file_count": len(names), "success": True}


def _found(run: NodeRun, source: str) -> list[str]:
    from fnmatch import fnmatch

    sandbox = run.run.sandbox
    path = "/".join(sandbox.parts(source))
    found = [name for name in sandbox.files() if name == path or name.startswith(f"{path}/") or not path]
    found = found or [name for name in sandbox.files() if fnmatch(name, path)]
    if not found:
        raise NodeInputError(f"there is no file {source} in the job's folder")
    return found


@node(
    "UnzipFilesNode",
    takes=(text("zip_path", default=None), text("extract_to", default="."), SANDBOXED),
    gives=("extract_to", "files", "file_count", "success"),
    needs=("zip_path",),
)
def unzip_files(run: NodeRun) -> Mapping[str, Any]:
    """Writes the files of an archive into a folder. A file whose path leads out of the folder is refused."""
    sandbox, target = run.run.sandbox, run.text("extract_to") or "."
    source = path_of(run, "zip_path")
    try:
        with zipfile.ZipFile(io.BytesIO(sandbox.read_bytes(source))) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            size = sum(member.file_size for member in members)
            if len(members) > MOST_FILES or size > MAX_WRITTEN_BYTES:
                raise NodeInputError(f"{source} holds more files or bytes than a job may write")
            written = []
            for member in members:
                run.control.check()
                name = "/".join([*sandbox.parts(target), *sandbox.parts(member.filename)])
                with archive.open(member) as file:
                    data = file.read(min(member.file_size, MAX_READ_BYTES * 10) + 1)
                sandbox.write_bytes(name, data[: member.file_size])
                written.append(name)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise NodeInputError(f"{source} cannot be unpacked: {error}") from error
    return {"extract_to": target, "files": written, "file_count": len(written), "success": True}

"""The only folder a job may touch. Paths are relative to it; `..`, absolute paths and symbolic links are refused."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from casare_cloud.robot.executor.errors import NodeError, NodeInputError, SandboxError

MAX_READ_BYTES = 10 * 2**20
MAX_WRITTEN_BYTES = 100 * 2**20
# Each folder on the way is opened without following links, so that nothing swapped in between changes where we are.
_CAN_WALK = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Sandbox:
    """File access for one run. A path that leads out is a `SandboxError`, a missing file a `NodeInputError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._written = 0

    @property
    def folder(self) -> Path:
        """The folder itself, where programs that a workflow runs begin."""
        return self._folder

    def parts(self, path: str) -> tuple[str, ...]:
        """The path as names inside the folder; `\\` counts as a separator."""
        text = str(path).replace("\\", "/")
        if "\0" in text or not text.strip():
            raise SandboxError("a file path is empty or holds a NUL character")
        if text.startswith("/") or (len(text) > 1 and text[1] == ":"):
            raise SandboxError(f"{path} is an absolute path; files live in the job's own folder")
        names = tuple(name for name in text.split("/") if name not in ("", "."))
        if ".." in names:
            raise SandboxError(f"{path} leads out of the job's folder")
        return names

    def read_bytes(self, path: str) -> bytes:
        """The whole file, at most 10 MB."""
        with self.open(path, "rb") as file:
            data: bytes = file.read(MAX_READ_BYTES + 1)
        if len(data) > MAX_READ_BYTES:
            raise SandboxError(f"{path} is larger than {MAX_READ_BYTES // 2**20} MB")
        return data

    def write_bytes(self, path: str, data: bytes, *, append: bool = False) -> int:
        """Writes or appends, making folders on the way; returns the number of bytes written."""
        self._count(len(data))
        with self.open(path, "ab" if append else "wb") as file:
            file.write(data)
        return len(data)

    def copy(self, source: str, target: str) -> int:
        """Copies a file of any size that the job may still write; returns its bytes. Onto itself changes nothing."""
        with self.open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not self.is_same(source, target):
                self._count(size)
                with self.open(target, "wb") as copied:
                    shutil.copyfileobj(file, copied)
        return size

    def move(self, source: str, target: str) -> None:
        """Renames a file, over the target if there is one. Onto itself changes nothing."""
        self.open(source, "rb").close()
        if self.is_same(source, target):
            return
        if not self.parts(target):
            raise SandboxError(f"{target} is the job's folder, not a file")
        try:
            self._rename(self.parts(source), self.parts(target))
        except OSError as error:
            raise self._refusal(target, error) from error

    def _rename(self, source: tuple[str, ...], target: tuple[str, ...]) -> None:
        if not _CAN_WALK:
            to = self.locate("/".join(target))
            to.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.locate("/".join(source)), to)
            return
        here = self._enter(source[:-1], make_folders=False)
        try:
            there = self._enter(target[:-1], make_folders=True)
            try:
                os.replace(source[-1], target[-1], src_dir_fd=here, dst_dir_fd=there)
            finally:
                os.close(there)
        finally:
            os.close(here)

    def is_same(self, one: str, other: str) -> bool:
        """Whether both paths lead to one file that is there."""
        first, second = self.locate(one), self.locate(other)
        return first.exists() and second.exists() and first.samefile(second)

    def _count(self, size: int) -> None:
        self._written += size
        if self._written > MAX_WRITTEN_BYTES:
            raise SandboxError(f"the job wrote more than {MAX_WRITTEN_BYTES // 2**20} MB")

    def open(self, path: str, mode: str) -> IO[Any]:
        """Opens a regular file inside the folder, `mode` being rb, wb or ab."""
        flags = {
            "rb": os.O_RDONLY,
            "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
            "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
        }
        names = self.parts(path)
        if not names:
            raise SandboxError(f"{path} is the job's folder, not a file")
        try:
            descriptor = self._open(names, flags[mode] | _BINARY, make_folders=mode != "rb")
        except FileNotFoundError as error:
            raise NodeInputError(f"there is no file {path} in the job's folder") from error
        except OSError as error:
            raise self._refusal(path, error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise SandboxError(f"{path} is not a regular file")
        return os.fdopen(descriptor, mode)

    def _open(self, names: tuple[str, ...], flags: int, *, make_folders: bool) -> int:
        if not _CAN_WALK:
            target = self.locate("/".join(names))
            if make_folders:
                target.parent.mkdir(parents=True, exist_ok=True)
            return os.open(target, flags, 0o600)
        here = self._enter(names[:-1], make_folders=make_folders)
        try:
            # Without O_NONBLOCK, opening a named pipe would wait for its other end.
            return os.open(names[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=here)
        finally:
            os.close(here)

    def _enter(self, names: tuple[str, ...], *, make_folders: bool) -> int:
        """A descriptor of the folder that these names lead to."""
        here = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        for name in names:
            try:
                if make_folders:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=here)
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            finally:
                os.close(here)
            here = inner
        return here

    def locate(self, path: str) -> Path:
        """The real path, for looking and removing; refused when a link stands anywhere on it."""
        here = self._folder
        for name in self.parts(path):
            here = here / name
            if here.is_symlink():
                raise SandboxError(f"{path} passes through a symbolic link")
        return here

    def relative(self, path: Path) -> str:
        """The path as the workflow knows it."""
        return path.relative_to(self._folder).as_posix()

    def files(self) -> list[str]:
        """The regular files in the folder, by name."""
        found: list[str] = []
        for folder, _, names in os.walk(self._folder, followlinks=False):
            found += [self.relative(Path(folder) / name) for name in names if not (Path(folder) / name).is_symlink()]
        return sorted(found)

    @staticmethod
    def _refusal(path: str, error: OSError) -> Exception:
        import errno

        if error.errno in (errno.ELOOP, errno.EMLINK):
            return SandboxError(f"{path} passes through a symbolic link")
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ENXIO):
            return SandboxError(f"{path} cannot be opened as a file of the job's folder")
        return NodeError(f"{path} cannot be opened: {error.strerror}")

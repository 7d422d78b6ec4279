"""The job's folder is the only place a workflow can touch."""

import os
from pathlib import Path

import pytest
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor import sandbox as module
from casare_cloud.robot.executor.errors import NodeError, NodeInputError, SandboxError
from casare_cloud.robot.executor.sandbox import Sandbox

OUTSIDE = [
    "../secret.txt",
    "a/../../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "C:\\Windows\\system.ini",
    "c:relative",
    "..\\secret.txt",
    "a\\..\\..\\secret.txt",
    "\\\\server\\share\\x",
    "..",
    "",
    " ",
    "a\0b",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    inner = tmp_path / "job"
    inner.mkdir()
    return inner


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_is_refused_for_every_use(folder: Path, path: str) -> None:
    box = Sandbox(folder)
    with pytest.raises(SandboxError):
        box.read_bytes(path)
    with pytest.raises(SandboxError):
        box.write_bytes(path, b"x")
    with pytest.raises(SandboxError):
        box.locate(path)
    assert (folder.parent / "secret.txt").read_text(encoding="utf-8") == "secret"
    assert sorted(os.listdir(folder.parent)) == ["job", "secret.txt"]


def test_a_link_to_a_file_outside_is_not_read_or_written(folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent / "secret.txt")
    box = Sandbox(folder)
    for use in (lambda: box.read_bytes("link"), lambda: box.write_bytes("link", b"x"), lambda: box.locate("link")):
        with pytest.raises(SandboxError, match="symbolic link"):
            use()
    assert (folder.parent / "secret.txt").read_text(encoding="utf-8") == "secret"


def test_a_link_to_a_folder_outside_is_not_walked_through(folder: Path) -> None:
    (folder / "way").symlink_to(folder.parent)
    box = Sandbox(folder)
    with pytest.raises(SandboxError):
        box.read_bytes("way/secret.txt")
    with pytest.raises(SandboxError):
        box.write_bytes("way/new.txt", b"x")
    assert not (folder.parent / "new.txt").exists()


def test_without_walking_by_descriptor_links_are_refused_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CAN_WALK", False)
    (folder / "way").symlink_to(folder.parent)
    with pytest.raises(SandboxError):
        Sandbox(folder).read_bytes("way/secret.txt")
    Sandbox(folder).write_bytes("a/b.txt", b"x")
    assert Sandbox(folder).read_bytes("a/b.txt") == b"x"


def test_a_named_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(SandboxError, match="regular file"):
        Sandbox(folder).read_bytes("pipe")


def test_files_are_written_read_appended_and_listed(folder: Path) -> None:
    box = Sandbox(folder)
    box.write_bytes("a/b/c.txt", b"one")
    box.write_bytes("./a/b/../b/c.txt".replace("/..", "").replace("/b/b", "/b"), b" two", append=True)
    assert box.read_bytes("a\\b\\c.txt") == b"one two"
    assert box.files() == ["a/b/c.txt"]


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    (folder / "big").write_bytes(b"x" * (module.MAX_READ_BYTES + 1))
    with pytest.raises(SandboxError, match="larger than 10 MB"):
        Sandbox(folder).read_bytes("big")


def test_a_job_cannot_fill_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WRITTEN_BYTES", 10)
    box = Sandbox(folder)
    box.write_bytes("a", b"x" * 6)
    with pytest.raises(SandboxError, match="the job wrote more than"):
        box.write_bytes("b", b"x" * 6)


def test_a_file_that_is_moved_or_copied_onto_itself_stays_as_it_is(workshop: Workshop) -> None:
    (workshop.folder / "a.txt").write_bytes(b"data")
    for type_ in ("MoveFileNode", "CopyFileNode"):
        outputs = workshop.outputs(type_, {"source_path": "a.txt", "dest_path": "./a.txt"})
        assert outputs["success"] is True
        assert (workshop.folder / "a.txt").read_bytes() == b"data"


def test_a_file_that_is_too_large_to_be_read_is_copied_and_moved(workshop: Workshop) -> None:
    size = module.MAX_READ_BYTES + 1
    (workshop.folder / "big").write_bytes(b"x" * size)
    assert workshop.outputs("CopyFileNode", {"source": "big", "destination": "sub/copy"})["bytes_copied"] == size
    workshop.outputs("MoveFileNode", {"source": "big", "destination": "sub/moved"})
    assert Sandbox(workshop.folder).files() == ["sub/copy", "sub/moved"]
    assert (workshop.folder / "sub/moved").stat().st_size == size


def test_a_copy_counts_as_written_and_a_move_does_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WRITTEN_BYTES", 10)
    box = Sandbox(folder)
    box.write_bytes("a", b"x" * 6)
    with pytest.raises(SandboxError, match="the job wrote more than"):
        box.copy("a", "b")
    box = Sandbox(folder)
    box.move("a", "b")
    box.write_bytes("c", b"x" * 10)
    assert box.files() == ["b", "c"]


@pytest.mark.parametrize("can_walk", [True, False])
def test_a_file_is_not_moved_through_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch, can_walk: bool) -> None:
    monkeypatch.setattr(module, "_CAN_WALK", can_walk)
    box = Sandbox(folder)
    box.write_bytes("a/b", b"x")
    (folder / "way").symlink_to(folder.parent)
    for source, target in (("a/b", "way/new"), ("way/secret.txt", "b"), ("a", "b"), ("a/b", "."), ("a/b", "a/b/c")):
        with pytest.raises((SandboxError, NodeError)):
            box.move(source, target)
    box.move("a/b", "c/d")
    assert sorted(os.listdir(folder.parent)) == ["job", "secret.txt"]
    assert box.files() == ["c/d"]


def test_a_file_that_is_missing_is_said_so(folder: Path) -> None:
    with pytest.raises(NodeInputError, match=r"no file none\.txt"):
        Sandbox(folder).read_bytes("none.txt")


@pytest.mark.parametrize(
    ("type_", "config"),
    [
        ("ReadFileNode", {"file_path": "../secret.txt"}),
        ("WriteFileNode", {"file_path": "{{out}}", "content": "x"}),
        ("AppendFileNode", {"file_path": "/tmp/x", "content": "x"}),
        ("WriteCSVNode", {"file_path": "../x.csv", "data": [{"a": 1}]}),
        ("ReadCSVNode", {"file_path": "../secret.txt"}),
        ("WriteJSONFileNode", {"file_path": "../x.json", "data": 1}),
        ("CopyFileNode", {"source_path": "../secret.txt", "dest_path": "mine"}),
        ("MoveFileNode", {"source_path": "a", "dest_path": "../b"}),
        ("DeleteFileNode", {"file_path": "../secret.txt"}),
        ("ListDirectoryNode", {"dir_path": ".."}),
        ("ListDirectoryNode", {"pattern": "../*"}),
        ("CreateDirectoryNode", {"directory_path": "../new"}),
        ("DeleteDirectoryNode", {"dir_path": "..", "recursive": True}),
        ("FileExistsNode", {"path": "../secret.txt"}),
        ("GetFileInfoNode", {"file_path": "/etc/passwd"}),
    ],
)
def test_no_node_leaves_the_folder(workshop: Workshop, type_: str, config: dict[str, object]) -> None:
    secret = workshop.folder.parent / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    with pytest.raises(SandboxError) as caught:
        workshop.run(chain(("n", type_, config)), out="../../evil")
    assert not caught.value.is_retryable
    assert secret.read_text(encoding="utf-8") == "secret"
    assert sorted(os.listdir(workshop.folder.parent)) == ["job", "secret.txt"]


def test_the_job_s_own_folder_cannot_be_removed(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError):
        workshop.run(chain(("n", "DeleteDirectoryNode", {"dir_path": ".", "recursive": True})))
    assert workshop.folder.is_dir()

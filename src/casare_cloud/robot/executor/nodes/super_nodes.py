"""Nodes of the published product that do one of several things, by their `action`."""

from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import choice, kind_of
from casare_cloud.robot.executor.nodes import files
from casare_cloud.robot.executor.registry import Next, NodeFunction, built_in, node

FILE_ACTIONS: dict[str, tuple[str, NodeFunction]] = {
    "Read File": ("ReadFileNode", files.read_file),
    "Write File": ("WriteFileNode", files.write_file),
    "Append File": ("AppendFileNode", files.append_file),
    "Delete File": ("DeleteFileNode", files.delete_file),
    "Copy File": ("CopyFileNode", files.copy_file),
    "Move File": ("MoveFileNode", files.move_file),
    "File Exists": ("FileExistsNode", files.file_exists),
    "Get File Size": ("GetFileSizeNode", files.file_info),
    "Get File Info": ("GetFileInfoNode", files.file_info),
    "Create Directory": ("CreateDirectoryNode", files.create_directory),
    "List Files": ("ListFilesNode", files.list_files),
    "List Directory": ("ListDirectoryNode", files.list_directory),
}
_TYPES = [built_in(kind_of(name)) for name, _ in FILE_ACTIONS.values()]


@node(
    "FileSystemSuperNode",
    takes=(
        choice("action", *FILE_ACTIONS, default="Read File"),
        *{option.name: option for one in _TYPES for option in one.options.values()}.values(),
    ),
    gives={output for one in _TYPES for output in one.outputs},
)
def file_system(run: NodeRun) -> Next | Mapping[str, Any] | None:
    """Does what the file node does that its `action` names, with that node's options and outputs."""
    name, function = FILE_ACTIONS[run.choice("action")]
    return function(run.declared_as(built_in(kind_of(name))))

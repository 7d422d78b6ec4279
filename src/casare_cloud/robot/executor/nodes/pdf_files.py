"""PDF files of the job's folder: read, taken apart, put together. The extra `casare-cloud[pdf]`."""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import flag, integer, listing, text, unused
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.files import path_of
from casare_cloud.robot.executor.nodes.patience import while_wanted
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

T = TypeVar("T")

MOST_PAGES = 5_000
_FACTS = {
    "title": "/Title", "author": "/Author", "subject": "/Subject", "creator": "/Creator", "producer": "/Producer",
    "creation_date": "/CreationDate", "modification_date": "/ModDate",
}  # fmt: skip
_INPUT = text("input_file", default=None)
_OUTPUT = text("output_path", default=None)
_WRITTEN = ("output_path", "attachment_file", "page_count", "success")


def _read(run: NodeRun, path: str, use: "Callable[[PdfReader], T]", password: str = "") -> T:
    """What `use` makes of a file, as long as the run lasts."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    content = run.run.sandbox.read_bytes(path)

    def work() -> T:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(password):
            raise NodeInputError(f"{path} is encrypted, and {'another' if password else 'a'} password opens it")
        if len(reader.pages) > MOST_PAGES:
            raise NodeInputError(f"{path} has {len(reader.pages):,} pages; at most {MOST_PAGES:,} are read")
        return use(reader)

    try:
        return while_wanted(run.control, work)
    except (PyPdfError, RecursionError) as error:
        raise NodeInputError(f"{path} is no PDF that can be read: {error}") from error


def _write(run: NodeRun, path: str, pages: "Iterable[PageObject]") -> None:
    from pypdf import PdfWriter

    writer, file = PdfWriter(), io.BytesIO()
    for page in pages:
        writer.add_page(page)
    writer.write(file)
    run.run.sandbox.write_bytes(path, file.getvalue())


@node(
    "ReadPDFTextNode",
    takes=(
        text("file_path", "path", default=None),
        integer("start_page", default=1),
        integer("end_page"),
        text("page_separator", default="\n\n"),
        text("password"),
        flag("preserve_layout"),
        unused("extract_tables", "a table is text like any other", False),
    ),
    gives=("text", "page_count", "pages", "is_encrypted", "success"),
    extra="pdf",
    needs=("file_path",),
)
def read_text(run: NodeRun) -> Mapping[str, Any]:
    """The text of a PDF's pages, from `start_page` to `end_page`; `preserve_layout` keeps columns side by side."""
    first, last = max(run.integer("start_page"), 1), run.value("end_page")
    end = None if last in (None, "", 0) else run.integer("end_page")
    mode: Any = "layout" if run.flag("preserve_layout") else "plain"

    def use(reader: "PdfReader") -> tuple[list[str], int, bool]:
        pages = [page.extract_text(extraction_mode=mode) for page in reader.pages[first - 1 : end]]
        return pages, len(reader.pages), reader.is_encrypted

    pages, count, is_encrypted = _read(run, path_of(run), use, run.text("password"))
    joined = run.text("page_separator").join(pages)
    return {"text": joined, "page_count": count, "pages": pages, "is_encrypted": is_encrypted, "success": True}


@node(
    "GetPDFInfoNode",
    takes=(text("file_path", "path", default=None), text("password")),
    gives=("page_count", *_FACTS, "is_encrypted", "success"),
    extra="pdf",
    needs=("file_path",),
)
def info(run: NodeRun) -> Mapping[str, Any]:
    """What a PDF says of itself."""

    def use(reader: "PdfReader") -> dict[str, Any]:
        said: Mapping[str, Any] = reader.metadata or {}
        facts = {name: as_text(said.get(key) or "") for name, key in _FACTS.items()}
        return {**facts, "page_count": len(reader.pages), "is_encrypted": reader.is_encrypted, "success": True}

    return _read(run, path_of(run), use, run.text("password"))


@node(
    "MergePDFsNode",
    takes=(listing("input_files"), _OUTPUT),
    gives=_WRITTEN,
    needs=("input_files", "output_path"),
    extra="pdf",
)
def merge(run: NodeRun) -> Mapping[str, Any]:
    """One PDF of several, in their order."""
    target = path_of(run, "output_path")
    pages: list[PageObject] = []
    for path in run.items("input_files"):
        pages += _read(run, as_text(path), lambda reader: list(reader.pages))
    if not pages:
        raise run.lacks("input_files")
    _write(run, target, pages)
    return {"output_path": target, "attachment_file": [target], "page_count": len(pages), "success": True}


@node(
    "SplitPDFNode",
    takes=(_INPUT, text("output_dir", default=None), text("filename_pattern", default="page_{n}.pdf")),
    gives=("output_files", "page_count", "success"),
    needs=("input_file", "output_dir"),
    extra="pdf",
)
def split(run: NodeRun) -> Mapping[str, Any]:
    """A PDF for each page, named by `filename_pattern`, in which `{n}` is the page's number."""
    folder, pattern = path_of(run, "output_dir").rstrip("/"), run.text("filename_pattern")
    if "{n}" not in pattern:
        raise NodeInputError(f"filename_pattern of {run.node.id} lacks {{n}}: the pages would replace one another")
    pages = _read(run, path_of(run, "input_file"), lambda reader: list(reader.pages))
    names = [f"{folder}/{pattern.replace('{n}', str(number))}" for number in range(1, len(pages) + 1)]
    for name, page in zip(names, pages, strict=True):
        _write(run, name, [page])
    return {"output_files": names, "page_count": len(names), "success": True}


@node(
    "ExtractPDFPagesNode",
    takes=(_INPUT, _OUTPUT, listing("pages")),
    gives=_WRITTEN,
    needs=("input_file", "output_path", "pages"),
    extra="pdf",
)
def extract_pages(run: NodeRun) -> Mapping[str, Any]:
    """A PDF of the pages whose numbers are named, in that order."""
    source, target = path_of(run, "input_file"), path_of(run, "output_path")
    wanted = [int(as_text(number)) for number in run.items("pages")]
    if not wanted:
        raise run.lacks("pages")

    def use(reader: "PdfReader") -> "list[PageObject]":
        if unknown := [number for number in wanted if not 1 <= number <= len(reader.pages)]:
            raise NodeInputError(f"{source} has {len(reader.pages)} pages, and no page {unknown[0]}")
        return [reader.pages[number - 1] for number in wanted]

    _write(run, target, _read(run, source, use))
    return {"output_path": target, "attachment_file": [target], "page_count": len(wanted), "success": True}

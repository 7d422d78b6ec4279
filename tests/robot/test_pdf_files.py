"""Nodes for PDF files, with files that the tests write."""

import io
import sys

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.errors import NodeInputError, UnsupportedNodeError


def pdf(*texts: str, password: str = "") -> bytes:
    """A PDF with a page for each text."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in texts:
        page = writer.add_blank_page(300, 300)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    writer.add_metadata({"/Title": "Invoice", "/Author": "Ada"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def texts_in(workshop: Workshop, path: str) -> list[str]:
    return [page.extract_text() for page in PdfReader(workshop.folder / path).pages]


def test_the_text_of_pages_is_read(workshop: Workshop) -> None:
    (workshop.folder / "a.pdf").write_bytes(pdf("one", "two", "three"))
    found = workshop.outputs("ReadPDFTextNode", {"file_path": "a.pdf"})
    assert found == {
        "text": "one\n\ntwo\n\nthree", "page_count": 3, "pages": ["one", "two", "three"], "is_encrypted": False,
        "success": True,
    }  # fmt: skip
    part = {"file_path": "a.pdf", "start_page": 2, "end_page": 2, "preserve_layout": True}
    assert [page.strip() for page in workshop.outputs("ReadPDFTextNode", part)["pages"]] == ["two"]
    info = workshop.outputs("GetPDFInfoNode", {"file_path": "a.pdf"})
    assert (info["page_count"], info["title"], info["author"]) == (3, "Invoice", "Ada")


def test_an_encrypted_file_needs_its_password(workshop: Workshop) -> None:
    (workshop.folder / "a.pdf").write_bytes(pdf("one", password="open"))
    assert workshop.outputs("ReadPDFTextNode", {"file_path": "a.pdf", "password": "open"})["text"] == "one"
    for password, said in (("", "a password opens it"), ("shut", "another password opens it")):
        with pytest.raises(NodeInputError, match=said):
            workshop.outputs("ReadPDFTextNode", {"file_path": "a.pdf", "password": password})


def test_files_are_put_together_and_taken_apart(workshop: Workshop) -> None:
    for name, texts in {"a.pdf": ("one", "two"), "b.pdf": ("three",)}.items():
        (workshop.folder / name).write_bytes(pdf(*texts))
    merged = workshop.outputs("MergePDFsNode", {"input_files": ["b.pdf", "a.pdf"], "output_path": "out/all.pdf"})
    assert (merged["page_count"], texts_in(workshop, "out/all.pdf")) == (3, ["three", "one", "two"])
    split = workshop.outputs("SplitPDFNode", {"input_file": "out/all.pdf", "output_dir": "pages"})
    assert split["output_files"] == ["pages/page_1.pdf", "pages/page_2.pdf", "pages/page_3.pdf"]
    assert texts_in(workshop, "pages/page_2.pdf") == ["one"]
    config = {"input_file": "out/all.pdf", "output_path": "some.pdf", "pages": [3, 1]}
    assert workshop.outputs("ExtractPDFPagesNode", config)["page_count"] == 2
    assert texts_in(workshop, "some.pdf") == ["two", "three"]
    with pytest.raises(NodeInputError, match="has 3 pages, and no page 4"):
        workshop.outputs("ExtractPDFPagesNode", {**config, "pages": [4]})
    with pytest.raises(NodeInputError, match=r"lacks \{n\}"):
        workshop.outputs("SplitPDFNode", {"input_file": "a.pdf", "output_dir": "p", "filename_pattern": "page.pdf"})


def test_a_file_that_is_no_pdf_is_a_business_error(workshop: Workshop) -> None:
    (workshop.folder / "a.pdf").write_bytes(b"hello")
    with pytest.raises(NodeInputError, match=r"a\.pdf is no PDF that can be read"):
        workshop.outputs("ReadPDFTextNode", {"file_path": "a.pdf"})


def test_a_robot_without_the_extra_says_what_to_install(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(UnsupportedNodeError, match=r"needs pdf: pip install 'casare-cloud\[pdf\]'"):
        workshop.run(chain(("p", "ReadPDFTextNode", {"file_path": "a.pdf"})))

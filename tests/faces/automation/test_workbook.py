"""Rows as a workbook, read back as a spreadsheet reads them."""

import re
import zipfile
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest

from casare_cloud.faces.automation.storage.workbook import workbook_of

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_of(content: bytes) -> list[list[Any]]:
    """Every cell: None, or its type and what it shows."""
    with zipfile.ZipFile(BytesIO(content)) as package:
        for name in package.namelist():
            ElementTree.fromstring(package.read(name))  # noqa: S314 - ours
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    assert list(sheet.iter(f"{MAIN}f")) == [], "a formula"
    return [[_cell(cell) for cell in row] for row in sheet.iter(f"{MAIN}row")]


def _cell(cell: ElementTree.Element) -> Any:
    kind, value = cell.get("t", "n"), "".join(cell.itertext())
    if kind == "inlineStr":
        assert cell.get("s") == "1", "the format for text"
        return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), value)
    return (bool(int(value)) if kind == "b" else float(value)) if value else None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "=1+1"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("<&>\"' Łódź 🧾", "<&>\"' Łódź 🧾"),
        ("a\x07b\0", "a\x07b\0"),
        ("_x0041_", "_x0041_"),
        ("  two\nlines ", "  two\nlines "),
        (12.5, 12.5),
        (True, True),
        (None, None),
        (12345678901234567, "12345678901234567"),
        ({"a": [1]}, '{"a": [1]}'),
        ("x" * 40_000, f"{'x' * 32_739}… (40,000 characters in all)"),
    ],
)
def test_a_value_is_shown_as_it_is_and_never_run(value: Any, shown: Any) -> None:
    assert sheet_of(workbook_of("Prices", ["price"], [{"price": value}, {}])) == [["price"], [shown], [None]]


def test_a_sheet_is_named_as_its_workflow_as_far_as_that_may_be() -> None:
    for name, title in (("Prices [2026]/EU: 'x'", "Prices  2026  EU   x"), ("  ", "Results"), ("n" * 40, "n" * 31)):
        with zipfile.ZipFile(BytesIO(workbook_of(name, [], []))) as package:
            book = ElementTree.fromstring(package.read("xl/workbook.xml"))  # noqa: S314
        assert [sheet.get("name") for sheet in book.iter(f"{MAIN}sheet")] == [title]

"""CSV as other programs write it, and as a spreadsheet may open it."""

from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes import csv_files


def read(workshop: Workshop, content: str | bytes, **config: Any) -> Any:
    (workshop.folder / "in.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return workshop.outputs("ReadCSVNode", {"file_path": "in.csv", **config})


@pytest.mark.parametrize(
    ("content", "config", "data"),
    [
        ("id,amount,amount\n1,10,20\n", {}, [{"id": "1", "amount": "10", "amount_2": "20"}]),
        ("a,a,a_2\n1,2,3\n", {}, [{"a": "1", "a_3": "2", "a_2": "3"}]),
        ("id,amount\n1,10,20\n", {}, [{"id": "1", "amount": "10", "column_3": "20"}]),
        ("id,,\n1,2,3\n", {}, [{"id": "1", "column_2": "2", "column_3": "3"}]),
        ("id,amount\n1\n", {}, [{"id": "1", "amount": ""}]),
        ("id\n1\n\n2\n\n", {}, [{"id": "1"}, {"id": "2"}]),
        ("id,n\r1,2\r", {}, [{"id": "1", "n": "2"}]),
        ("\ufeffid,n\r\n1,2\r\n", {}, [{"id": "1", "n": "2"}]),
        ("\ufeffsep=;\r\nid;n\r\n1;2\r\n", {"delimiter": ","}, [{"id": "1", "n": "2"}]),
        ("SEP=\t\nid\tn\n1\t2\n", {}, [{"id": "1", "n": "2"}]),
        ("id\tn\n1\ta\n", {"delimiter": "\\t"}, [{"id": "1", "n": "a"}]),
        ("id\tn\n1\ta\n", {"delimiter": "tab"}, [{"id": "1", "n": "a"}]),
        ('id,n\n1,"a\nb"', {}, [{"id": "1", "n": "a\nb"}]),
        ("id,n\n1,'a,b'\n", {"quotechar": "'"}, [{"id": "1", "n": "a,b"}]),
        ('id,n\n1,"a\n', {"quotechar": ""}, [{"id": "1", "n": '"a'}]),
        ("id,n\n1,a\\,b\n", {"escapechar": "\\"}, [{"id": "1", "n": "a,b"}]),
        ("junk\nid\n1\n2\n", {"skip_rows": 1, "max_rows": 1}, [{"id": "1"}]),
        ("1,2\n\n3\n", {"has_header": False}, [["1", "2"], ["3"]]),
        ("id,name\n1,Grüße\n".encode("cp1252"), {"encoding": "cp1252"}, [{"id": "1", "name": "Grüße"}]),
        ("id,name\n1,Grüße\n".encode("utf-16"), {}, [{"id": "1", "name": "Grüße"}]),
        ("", {}, []),
    ],
)
def test_no_cell_of_a_csv_file_is_lost(
    workshop: Workshop, content: str | bytes, config: dict[str, Any], data: list[Any]
) -> None:
    outputs = read(workshop, content, **config)
    assert outputs["data"] == data
    assert outputs["row_count"] == len(data)
    if data and isinstance(data[0], dict):
        assert outputs["headers"] == list(data[0])


def test_a_cell_may_be_large(workshop: Workshop) -> None:
    assert read(workshop, "note\n" + "x" * 200_000 + "\n")["data"] == [{"note": "x" * 200_000}]


@pytest.mark.parametrize(
    ("content", "config", "sentence"),
    [
        ('id,n\n1,"a\n2,b\n', {}, "in.csv has a quote in line 2 that is never closed"),
        ('id,n\n1,"a\n2,b\n', {"strict": True}, "in.csv has a quote in line 2 that is never closed"),
        ('sep=,\nid,n\n1,b\n2,"b', {}, "in.csv has a quote in line 4 that is never closed"),
        ('id\n"a"b\n', {"strict": True}, r"in.csv is not CSV: .*\(line 2\)"),
        ("id,name\n1,Gr\u00fc\n".encode("cp1252"), {}, r"not utf-8 text \(line 2, byte 0xfc\); set encoding"),
        ("id\n", {"encoding": "utf-99"}, "utf-99 is no encoding"),
        ("id\n", {"delimiter": "::"}, "delimiter of it is one character"),
        ("id\n", {"delimiter": ""}, "delimiter of it is one character"),
    ],
)
def test_what_cannot_be_read_as_csv_is_said_with_its_place(
    workshop: Workshop, content: str | bytes, config: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NodeInputError, match=sentence):
        read(workshop, content, **config)


def test_one_long_row_does_not_fill_the_memory(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_CELLS", 100)
    with pytest.raises(NodeInputError, match="too many"):
        read(workshop, "id\n" + "1\n" * 50 + "," * 50)


def test_many_columns_of_one_name_are_named_in_no_time() -> None:
    names = csv_files.column_names(["a"] * 100_000, 0)
    assert len(set(names)) == 100_000


CELLS: list[tuple[Any, str]] = [
    ("=1+1", "'=1+1"),
    ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
    ("-2+3", "'-2+3"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("＝1", "'＝1"),
    ("-5", "-5"),
    ("+49.5", "+49.5"),
    ("-1,234.50", "-1,234.50"),
    ("-3 %", "-3 %"),
    ("-1e-9", "-1e-9"),
    (-5, "-5"),
    (-5.5, "-5.5"),
    ("a=b", "a=b"),
    ("", ""),
    (None, ""),
]


@pytest.mark.parametrize(("value", "written"), CELLS)
def test_a_cell_is_no_formula_unless_asked_for(workshop: Workshop, value: Any, written: str) -> None:
    config = {"file_path": "x.csv", "data": [{"a": value}]}
    workshop.outputs("WriteCSVNode", config)
    assert csv_files.neutralised(value) == written
    assert workshop.outputs("ReadCSVNode", {"file_path": "x.csv"})["data"] == (
        [{"a": written}] if written else [{"a": ""}]
    )


def test_formulas_are_written_as_they_are_when_asked_for(workshop: Workshop) -> None:
    rows = [{"=a": "=1+1"}]
    workshop.outputs("WriteCSVNode", {"file_path": "x.csv", "data": rows, "safe_for_spreadsheets": False})
    assert (workshop.folder / "x.csv").read_text(encoding="utf-8") == "=a\n=1+1\n"
    workshop.outputs("WriteCSVNode", {"file_path": "x.csv", "data": rows})
    assert (workshop.folder / "x.csv").read_text(encoding="utf-8") == "'=a\n'=1+1\n"


def test_the_file_of_a_step_is_safe_for_spreadsheets_too(workshop: Workshop) -> None:
    step = {"id": "w", "type": "file_write", "config": {"path": "x.csv", "content": [{"a": "=1+1"}]}}
    workshop.run({"steps": [step]})
    assert (workshop.folder / "x.csv").read_text(encoding="utf-8") == "a\n'=1+1\n"


def test_a_tab_may_be_written_as_two_characters_for_writing_too(workshop: Workshop) -> None:
    workshop.run(chain(("w", "WriteCSVNode", {"file_path": "x.csv", "data": [[1, 2]], "delimiter": "\\t"})))
    assert (workshop.folder / "x.csv").read_text(encoding="utf-8") == "1\t2\n"


def test_a_character_that_the_encoding_lacks_is_named(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError, match="'€' cannot be written as latin-1; use utf-8"):
        workshop.outputs("WriteCSVNode", {"file_path": "x.csv", "data": [["€"]], "encoding": "latin-1"})

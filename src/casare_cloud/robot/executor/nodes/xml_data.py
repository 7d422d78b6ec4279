"""XML: read, searched, and turned into JSON and back.

A document type is refused: it could name files of the machine or grow without end when it is read.
"""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import anything, flag, integer, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.dicts import from_json
from casare_cloud.robot.executor.nodes.files import ENCODING, ERRORS, FILE_PATH, SANDBOXED, encoded, path_of
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

MOST_ELEMENTS = 100_000
XML = text("xml_string", default=None)


def read_xml(source: str | bytes) -> Tree.Element:
    """The root of a document. Raises `NodeInputError` when it is none, is too large, or has a document type."""
    start = source if isinstance(source, str) else source.decode("latin-1")
    if "<!DOCTYPE" in start.upper() or "<!ENTITY" in start.upper():
        raise NodeInputError("XML with a document type is not read")
    try:
        root = Tree.fromstring(source)  # noqa: S314 — no document type, so no entities
    except (Tree.ParseError, ValueError, LookupError) as error:
        raise NodeInputError(f"this is not XML: {error}") from error
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise NodeInputError(f"XML with more than {MOST_ELEMENTS:,} elements is not read")
    return root


def _root(run: NodeRun) -> Tree.Element:
    return read_xml(as_text(run.need("xml_string")))


def _text(element: Tree.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


@node("ParseXMLNode", takes=(XML,), gives=("root_tag", "root_text", "child_count", "success"), needs=("xml_string",))
def parse_xml(run: NodeRun) -> Mapping[str, Any]:
    """Reads XML: its root's name and text, and how many elements stand in the root."""
    root = _root(run)
    return {"root_tag": root.tag, "root_text": _text(root), "child_count": len(root), "success": True}


@node(
    "ReadXMLFileNode",
    takes=(FILE_PATH, ENCODING, SANDBOXED),
    gives=("root_tag", "xml_string", "success"),
    needs=("file_path",),
)
def read_xml_file(run: NodeRun) -> Mapping[str, Any]:
    """Reads a file with XML, in the encoding that it declares, else in the given one."""
    data = run.run.sandbox.read_bytes(path_of(run))
    is_declared = data.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml") or data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        root = read_xml(data if is_declared else data.decode(run.text("encoding") or "utf-8"))
    except (UnicodeDecodeError, LookupError) as error:
        raise NodeInputError(f"{path_of(run)} cannot be read as {run.text('encoding')}: {error}") from error
    return {"root_tag": root.tag, "xml_string": Tree.tostring(root, "unicode"), "success": True}


@node(
    "WriteXMLFileNode",
    takes=(
        FILE_PATH, XML, ENCODING, ERRORS, flag("pretty_print", default=True), flag("xml_declaration", default=True),
        SANDBOXED,
    ),
    gives=("file_path", "success"), needs=("xml_string", "file_path",),
)  # fmt: skip
def write_xml_file(run: NodeRun) -> Mapping[str, Any]:
    """Writes XML into a file, indented and with a declaration unless it is said otherwise."""
    root = _root(run)
    if run.flag("pretty_print"):
        Tree.indent(root)
    written = Tree.tostring(root, "unicode")
    if run.flag("xml_declaration"):
        written = f'<?xml version="1.0" encoding="{run.text("encoding") or "utf-8"}"?>\n{written}'
    run.run.sandbox.write_bytes(path_of(run), encoded(run, written))
    return {"file_path": path_of(run), "success": True}


def _matches(root: Tree.Element, path: str) -> list[Tree.Element]:
    try:
        # A path from the root of the document leads from the root element here.
        return root.findall(f".{path}" if path.startswith("/") else path)
    except (SyntaxError, KeyError, TypeError) as error:
        raise NodeInputError(f"{path!r} is no path that is understood here: {error}") from error


@node(
    "XPathQueryNode",
    takes=(XML, text("xpath", default=None)),
    gives=("results", "count", "first_text", "success"),
    needs=(
        "xml_string",
        "xpath",
    ),
)
def xpath_query(run: NodeRun) -> Mapping[str, Any]:
    """The elements that a path of XPath (the part of it that Python knows) leads to, as {tag, text, attributes}."""
    found = _matches(_root(run), as_text(run.need("xpath")))
    results = [{"tag": one.tag, "text": _text(one), "attributes": dict(one.attrib)} for one in found]
    return {
        "results": results,
        "count": len(results),
        "first_text": results[0]["text"] if results else "",
        "success": True,
    }


@node(
    "GetXMLElementNode",
    takes=(XML, text("tag_name", default=None), integer("index", default=0)),
    gives=("tag", "text", "attributes", "child_count", "found"),
    needs=(
        "xml_string",
        "tag_name",
    ),
)
def get_xml_element(run: NodeRun) -> Mapping[str, Any]:
    """The element with a name, the first or the one with this number from 0, wherever it stands."""
    found, index = list(_root(run).iter(as_text(run.need("tag_name")))), run.integer("index")
    if not 0 <= index < len(found):
        return {"tag": "", "text": "", "attributes": {}, "child_count": 0, "found": False}
    one = found[index]
    return {
        "tag": one.tag, "text": _text(one), "attributes": dict(one.attrib), "child_count": len(one), "found": True
    }  # fmt: skip


@node(
    "GetXMLAttributeNode",
    takes=(XML, text("xpath", default="."), text("attribute_name", default=None)),
    gives=("value", "found"),
    needs=(
        "xml_string",
        "attribute_name",
    ),
)
def get_xml_attribute(run: NodeRun) -> Mapping[str, Any]:
    """An attribute of the first element that a path leads to; `.` is the root."""
    found = _matches(_root(run), run.text("xpath") or ".")
    name = as_text(run.need("attribute_name"))
    value = found[0].get(name) if found else None
    return {"value": value or "", "found": value is not None}


@node(
    "XMLToJsonNode",
    takes=(XML, flag("include_attributes", default=True), text("text_key", default="#text")),
    gives=("json_data", "json_string", "success"),
    needs=("xml_string",),
)
def xml_to_json(run: NodeRun) -> Mapping[str, Any]:
    """XML as an object: attributes in `@attributes`, elements of one name as a list, text alone as text."""
    root, has_attributes, key = _root(run), run.flag("include_attributes"), run.text("text_key")

    def value_of(element: Tree.Element, depth: int = 0) -> Any:
        if depth > 90:
            raise NodeInputError("the XML is nested too deeply")
        found: dict[str, Any] = {"@attributes": dict(element.attrib)} if has_attributes and element.attrib else {}
        for child in element:
            inner = value_of(child, depth + 1)
            if child.tag not in found:
                found[child.tag] = inner
            elif isinstance(found[child.tag], list):
                found[child.tag].append(inner)
            else:
                found[child.tag] = [found[child.tag], inner]
        if not found:
            return _text(element)
        return found | ({key: _text(element)} if _text(element) else {})

    data = {root.tag: value_of(root)}
    return {"json_data": data, "json_string": json.dumps(data, ensure_ascii=False), "success": True}


@node(
    "JsonToXMLNode",
    takes=(anything("json_data"), text("root_tag", default="root"), flag("pretty_print", default=True)),
    gives=("xml_string", "success"),
    needs=("json_data",),
)
def json_to_xml(run: NodeRun) -> Mapping[str, Any]:
    """An object as XML: the reverse of XMLToJsonNode."""
    data = run.need("json_data")
    root = Tree.Element(run.text("root_tag") or "root")
    _fill(root, from_json(data) if isinstance(data, str) else data)
    if run.flag("pretty_print"):
        Tree.indent(root)
    return {"xml_string": Tree.tostring(root, "unicode"), "success": True}


def _fill(element: Tree.Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "@attributes" and isinstance(inner, Mapping):
                for attribute, written in inner.items():
                    element.set(str(attribute), as_text(written))
            elif str(name).startswith("@"):
                element.set(str(name)[1:], as_text(inner))
            elif name == "#text":
                element.text = as_text(inner)
            else:
                for one in inner if isinstance(inner, list) else [inner]:
                    _fill(Tree.SubElement(element, str(name)), one)
    elif isinstance(value, list):
        for one in value:
            _fill(Tree.SubElement(element, "item"), one)
    elif value is not None:
        element.text = as_text(value)

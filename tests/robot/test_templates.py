"""Templates and expressions."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.errors import ExpressionError, NodeInputError
from casare_cloud.robot.executor.expressions import evaluate, is_true
from casare_cloud.robot.executor.templates import MISSING, as_text, render, render_text, resolve, split_path

VARIABLES: dict[str, Any] = {
    "name": "Ada",
    "count": 42,
    "none": None,
    "user": {"name": "John", "address": {"city": "NYC"}, "odd key": 1},
    "orders": [{"id": 1, "total": 100}, {"id": 2, "total": 200}],
    "my-var": 5,
}
OUTPUTS = {"fetch": {"status_code": 200, "json": {"items": [1, 2]}}, "user": {"port": "of the node"}}


def lookup(path: str) -> Any:
    return resolve(path, VARIABLES, OUTPUTS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{count}}", 42),
        ("  {{ count }}  ", 42),
        ("Items: {{count}}", "Items: 42"),
        ("{{user.address.city}}", "NYC"),
        ("{{orders[1].total}}", 200),
        ("{{orders[-1].id}}", 2),
        ("{{orders.0.id}}", 1),
        ('{{user["odd key"]}}', 1),
        ("{{my-var}}", 5),
        ("{{fetch.json.items[0]}}", 1),
        ("{{user.port}}", "of the node"),
        ("{{user}}", VARIABLES["user"]),
        ("{{none}}", None),
        ("<{{none}}>", "<>"),
        ("{{orders}} x", '[{"id": 1, "total": 100}, {"id": 2, "total": 200}] x'),
        ("{{unknown}}", "{{unknown}}"),
        ("{{user.nothing}} {{name}}", "{{user.nothing}} Ada"),
        ("{{orders[9].id}}", "{{orders[9].id}}"),
        ("{{}}", "{{}}"),
        ("{ {name} }", "{ {name} }"),
    ],
)
def test_a_template_is_replaced_by_what_it_names(text: str, value: Any) -> None:
    assert render_text(text, lookup) == value


def test_system_variables_are_computed() -> None:
    assert isinstance(render_text("{{$timestamp}}", lookup), int)
    assert len(render_text("{{$currentDate}}", lookup)) == 10


def test_templates_in_lists_and_maps_are_replaced() -> None:
    assert render({"{{name}}": ["{{count}}", {"x": "{{user.name}}!"}]}, lookup) == {"Ada": [42, {"x": "John!"}]}


def test_a_name_that_is_nowhere_is_left_and_warned_about(workshop: Workshop) -> None:
    workshop.run(chain(("l", "LogNode", {"message": "hello {{nobody}}"})))
    assert [entry["level"] for entry in workshop.recorder.logs] == ["warning", "info"]
    assert workshop.recorder.messages[1] == "hello {{nobody}}"


def test_a_template_cannot_grow_without_bound(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError, match="at most 10,000,000"):
        workshop.run(chain(("v", "SetVariableNode", {"name": "y", "value": "{{x}}{{x}}"})), x="x" * 6_000_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)


@given(names, json_values)
def test_a_whole_template_keeps_the_value_and_its_type(name: str, value: Any) -> None:
    found = render_text("{{" + name + "}}", lambda path: resolve(path, {name: value}, {}))
    assert found == value
    assert type(found) is type(value)


@given(names, json_values, st.text(alphabet=st.characters(exclude_characters="{}")).filter(str.strip))
def test_a_template_within_text_is_the_value_s_text(name: str, value: Any, around: str) -> None:
    found = render_text(around + "{{" + name + "}}" + around, lambda path: resolve(path, {name: value}, {}))
    assert found == around + as_text(value) + around


@given(st.text())
def test_any_text_renders_to_something_and_text_without_templates_to_itself(text: str) -> None:
    rendered = render_text(text, lambda path: MISSING)
    assert rendered == text


@given(st.text(max_size=40))
def test_any_path_can_be_split_or_is_refused(path: str) -> None:
    segments = split_path(path)
    assert segments is None or all(isinstance(segment, str | int) for segment in segments)


@given(st.text(max_size=60))
def test_any_expression_has_a_value_or_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        evaluate(text, lookup)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{{count}} > 10", True),
        ("count > 10 and name == 'Ada'", True),
        ('{{name}} == "Ada"', True),
        ("'{{name}}' == 'Ada'", True),
        ("{{none}} is None", True),
        ("len({{orders}}) > 1", True),
        ("orders[0].total * 2 + 1", 201),
        ("user.address.city", "NYC"),
        ("{{orders[0].id}} in [1, 2]", True),
        ("not true or false", False),
        ("null", None),
        ("1 if count else 2", 1),
        ("'5' > 4", True),
        ("'a' + 1", "a1"),
        ("name.lower()", "ada"),
        ("user.get('x', 3)", 3),
        ("name[0:2]", "Ad"),
        ("1 < 2 < 3", True),
        ("{'a': count}", {"a": 42}),
    ],
)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    assert evaluate(expression, lookup) == value


def test_what_a_value_holds_is_never_read_as_an_expression() -> None:
    hostile = {"x": "1 or True", "y": "' or 'a' == 'a"}
    assert evaluate("{{x}} == 1", lambda path: hostile[path]) is False
    assert evaluate("'{{y}}' == 'b'", lambda path: hostile[path]) is False


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "name.__class__",
        "().__class__.__bases__",
        "[x for x in orders]",
        "(lambda: 1)()",
        "open('/etc/passwd')",
        "name.format(1)",
        "'%s' % name",
        "2 ** 100000",
        "'x' * 10000000",
        "[1] * 10000000",
        "10 ** 10 ** 10",
        "unknown_name",
        "{{unknown}} == 1",
        "1 +",
        "1 / 0",
        "f'{name}'",
        "(x := 1)",
        "name = 1",
        "a" * 20_000,
        "(" * 5_000,
    ],
)
def test_what_is_not_allowed_is_an_expression_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, lookup)


@pytest.mark.parametrize("value", ["false", "0", "", "no", "None", "off", 0, [], None])
def test_words_that_mean_no_are_not_true(value: Any) -> None:
    assert is_true(value) is False


@pytest.mark.parametrize("value", ["x", "true", "1", 1, [0], {"a": 1}])
def test_everything_else_is_true(value: Any) -> None:
    assert is_true(value) is True

"""The Data API's query language, read into values."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casare_cloud.local.rest import syntax
from casare_cloud.local.rest.errors import RestError
from casare_cloud.local.rest.statements import Reading, Statement, read_relation
from casare_cloud.local.rest.syntax import Branch, Field, Filter, Order, Selected


def test_select_reads_names_casts_aliases_and_paths() -> None:
    assert syntax.parse_select('*,a,b:c::text,d->e->>"f g",n:d->1') == (
        Selected(None),
        Selected(Field("a")),
        Selected(Field("c"), "b", "text"),
        Selected(Field("d", (("->", "e"), ("->>", "f g")))),
        Selected(Field("d", (("->", "1"),)), "n"),
    )
    assert syntax.parse_select("") == (Selected(None),)


def test_a_filter_reads_operator_negation_and_value() -> None:
    assert syntax.parse_filter("a", "eq.1.5") == Filter(Field("a"), "eq", ("1.5",), False)
    assert syntax.parse_filter("a", 'not.in.(x,"y,z","q\\"")') == Filter(Field("a"), "in", ("x", "y,z", 'q"'), True)
    assert syntax.parse_filter("a", "is.NULL") == Filter(Field("a"), "is", ("null",), False)
    assert syntax.parse_filter("a", "like.*b*") == Filter(Field("a"), "like", ("%b%",), False)


def test_a_tree_reads_its_branches() -> None:
    tree = syntax.parse_branch("or", '(a.eq.1,not.and(b.gt."x,y",c.not.is.null),d->>e.eq.f)', is_negated=False)
    assert tree == Branch(
        "or",
        (
            Filter(Field("a"), "eq", ("1",), False),
            Branch("and", (Filter(Field("b"), "gt", ("x,y",), False), Filter(Field("c"), "is", ("null",), True)), True),
            Filter(Field("d", (("->>", "e"),)), "eq", ("f",), False),
        ),
        False,
    )


def test_order_reads_direction_and_nulls() -> None:
    assert syntax.parse_order("a,b.desc,c.desc.nullslast,d.nullsfirst") == (
        Order(Field("a"), False, None),
        Order(Field("b"), True, None),
        Order(Field("c"), True, "last"),
        Order(Field("d"), False, "first"),
    )


@pytest.mark.parametrize(
    ("status", "parse"),
    [
        (400, lambda: syntax.parse_filter("a", "1")),
        (400, lambda: syntax.parse_filter("a", "about.1")),
        (400, lambda: syntax.parse_filter("a", "in.1,2")),
        (400, lambda: syntax.parse_filter("a", "is.odd")),
        (400, lambda: syntax.parse_filter("a->", "eq.1")),
        (400, lambda: syntax.parse_branch("or", "()", is_negated=False)),
        (400, lambda: syntax.parse_branch("or", "(a)", is_negated=False)),
        (400, lambda: syntax.parse_order("a.up")),
        (400, lambda: syntax.parse_select("a::text)--")),
        (501, lambda: syntax.parse_filter("a", "fts.word")),
        (501, lambda: syntax.parse_select("a,other(b)")),
    ],
)
def test_what_cannot_be_read_is_refused(status: int, parse: object) -> None:
    with pytest.raises(RestError) as caught:
        parse()  # type: ignore[operator]
    assert caught.value.status == status


@given(name=st.text(min_size=1), value=st.text())
def test_any_name_and_value_are_read_or_refused_and_values_never_become_sql(name: str, value: str) -> None:
    statement = Statement()
    try:
        condition = syntax.parse_filter(name, f"eq.{value}")
    except RestError:
        return
    text = read_relation(statement, "public", "t", Reading(conditions=(condition,)))
    assert statement.params == [value]
    assert text.count("$1") >= 1


@given(st.text(alphabet='(),."\\ and or not eq in', max_size=40))
def test_any_tree_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(RestError):
        syntax.parse_branch("or", text, is_negated=False)

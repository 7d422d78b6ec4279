"""A refusal is one line that PostgREST can put into the status line of its answer."""

import psycopg
import pytest
from tests.databases import Connection


def raised(owner: Connection, sentence: str) -> str:
    """What a caller reads of a refusal with this sentence."""
    with pytest.raises(psycopg.Error) as caught:
        owner.execute("select private.raise_error(404, 'NOT_THERE', %s)", [sentence])
    assert caught.value.sqlstate == "PT404"
    assert caught.value.diag.message_detail == "NOT_THERE"
    return caught.value.diag.message_primary or ""


@pytest.mark.parametrize("end", ["\r\n", "\n", "\x01", "\x1b[2J", "\x7f", "\u0085", "\u2028"])
def test_a_refusals_sentence_is_one_line_whatever_name_stands_in_it(owner: Connection, end: str) -> None:
    text = raised(owner, f"There is no robot a{end}Set-Cookie: b.")
    assert text.isprintable()
    assert "Set-Cookie" in text


def test_a_refusals_sentence_is_bounded(owner: Connection) -> None:
    assert raised(owner, "ü" * 100_000) == "ü" * 500

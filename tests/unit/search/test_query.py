from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.domain.errors import QueryInvalid
from service.search.query import make_cursor, parse_query, read_cursor


def test_dates_cover_whole_days() -> None:
    query = parse_query("pads", since="2025-03-02", until="2025-03-02")
    assert query.since == datetime(2025, 3, 2, tzinfo=UTC)
    assert query.until is not None
    assert query.until.date() == query.since.date()
    assert query.until > query.since


@given(st.integers(0, 10**6))
def test_a_cursor_leads_to_where_it_was_made(offset: int) -> None:
    assert read_cursor(make_cursor(offset)) == offset


@pytest.mark.parametrize("cursor", ["1", "YWZ0ZXI6LTE", "\ud800", "äöü", "YWZ0ZXI6MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "===="])
def test_any_other_cursor_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(QueryInvalid, match="cursor"):
        read_cursor(cursor)


@pytest.mark.parametrize("text", ["", "   ", "\n\0"])
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(QueryInvalid, match="empty"):
        parse_query(text)

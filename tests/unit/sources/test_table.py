import json
import lzma
from datetime import UTC, datetime

import pytest

from indexer.domain.content import Credit, DocumentKind, ItemState
from indexer.domain.errors import DocumentUnreadable, SourceUnavailable
from indexer.domain.people import Role
from indexer.notation import KNOWWHO_RECORD
from indexer.settings import FieldMapping
from tests.unit.sources.places import fetch, revisions, table, uris


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lessons.csv"


def lines(file, *rows, ending="\n", encoding="utf-8"):
    file.write_bytes(ending.join([*rows, ""]).encode(encoding))
    return file


def sections(item):
    return [(section["heading"], section["text"]) for section in json.loads(item.content)["sections"]]


def test_a_row_is_a_record_of_its_text_columns_and_a_lesson(file):
    lines(file, "Id,Title,Lesson,Abstract,Author", 'L-1,Pads,"Bed them in,\nslowly.",Short,"Bell, Michael"')
    item = fetch(table(file, text=("Abstract", "Lesson"), url="https://llis.example/{id}"), "L-1")
    assert item.media_type == KNOWWHO_RECORD
    assert sections(item) == [("Abstract", "Short"), ("Lesson", "Bed them in,\nslowly.")]
    assert item.metadata.title == "Pads"
    assert item.metadata.kind is DocumentKind.LESSON
    assert item.metadata.credits == (Credit(Role.AUTHOR, name="Bell, Michael"),)
    assert item.metadata.url == "https://llis.example/L-1"


def test_dates_are_read_as_the_settings_say(file):
    lines(file, "Id,Text,Date", "L-1,a,6/7/2014")
    fields = FieldMapping(created="Date")
    assert fetch(table(file, fields=fields), "L-1").metadata.created == datetime(2014, 7, 6, tzinfo=UTC)
    american = fetch(table(file, fields=fields, month_first=True), "L-1")
    assert american.metadata.created == datetime(2014, 6, 7, tzinfo=UTC)


def test_a_table_from_an_old_mac_is_read(file):
    first = "The valve “shouldn’t” close — unless the résumé of the test at the café in Besançon says that it does"
    lines(file, "Id,Text", f"L-1,{first}", "L-2,naïve über", ending="\r", encoding="mac_roman")
    for settings in ({}, {"encoding": "mac_roman"}):
        assert uris(table(file, **settings)) == ["L-1", "L-2"]
        assert sections(fetch(table(file, **settings), "L-1")) == [("Text", first)]
        assert sections(fetch(table(file, **settings), "L-2")) == [("Text", "naïve über")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(file):
    lines(file, "Id,Text", "L-1,Über", encoding="utf-8-sig")
    assert uris(table(file)) == ["L-1"]
    assert uris(table(file, encoding="utf-8")) == ["L-1"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_told_from_the_header(file, delimiter):
    lines(file, delimiter.join(["Id", "Text", "Title"]), delimiter.join(["L-1", '"a,b;c\td"', "Pads"]))
    assert sections(fetch(table(file), "L-1")) == [("Text", "a,b;c\td")]


def test_the_delimiter_may_be_set(file):
    lines(file, "Id|Text, long", "L-1|Pads")
    assert sections(fetch(table(file, delimiter="|", text=("Text, long",)), "L-1")) == [("Text, long", "Pads")]


def test_a_missing_id_column_is_named_with_the_columns_there_are(file):
    lines(file, "Number,Text", "1,a")
    with pytest.raises(SourceUnavailable, match=r"row 1 .*'Id'.*the columns are Number, Text"):
        uris(table(file))


def test_a_row_without_an_id_is_named(file):
    lines(file, "Id,Text", "L-1,a", ",b")
    with pytest.raises(SourceUnavailable, match="row 2 has nothing in the column 'Id'"):
        uris(table(file))


def test_blank_rows_at_the_end_of_a_spreadsheet_are_left_out(file):
    lines(file, "Id,Text", "L-1,a", ",", " , ", "", ",,,")
    assert uris(table(file)) == ["L-1"]


def test_rows_with_one_id_are_kept_apart(file):
    lines(file, "Id,Text", "L-1,first", "L-2,a", "L-1,second")
    assert uris(table(file)) == ["L-1", "L-2", "L-1~3"]
    assert sections(fetch(table(file), "L-1")) == [("Text", "first")]
    assert sections(fetch(table(file), "L-1~3")) == [("Text", "second")]


def test_a_row_with_cells_beyond_the_last_column_is_refused_and_the_others_are_read(file):
    lines(file, "Id,Text,Audience", "L-1,Hello, world,members", "L-2,a,public,")
    assert uris(table(file)) == ["L-1", "L-2"]
    assert sections(fetch(table(file), "L-2")) == [("Text", "a")]
    with pytest.raises(DocumentUnreadable, match="beyond the last column: 'members'") as refusal:
        fetch(table(file), "L-1")
    assert refusal.value.state is ItemState.FAILED


def test_a_change_in_any_column_changes_the_row(file):
    lines(file, "Id,Text,Status", "L-1,a,draft", "L-2,b,draft")
    before = revisions(table(file))
    lines(file, "Id,Text,Status", "L-2,b,draft", "L-1,a,verified")
    after = revisions(table(file))
    assert [uri for uri in before if before[uri] != after[uri]] == ["L-1"]


def test_json_lines_may_be_nested_and_compressed(tmp_path):
    file = tmp_path / "lessons.jsonl.xz"
    rows = [{"meta": {"id": 0, "title": "Zero"}, "body": "a"}, {"meta": {"id": 7}, "body": None, "count": 3}]
    with lzma.open(file, "wt") as stream:
        stream.write("\n\n".join(map(json.dumps, rows)))
    columns = {"id": "meta.id", "text": ("body", "count"), "fields": FieldMapping(title="meta.title")}
    assert uris(table(file, **columns)) == ["0", "7"]
    assert fetch(table(file, **columns), "0").metadata.title == "Zero"
    assert sections(fetch(table(file, **columns), "7")) == [("body", ""), ("count", "3")]


def test_line_separators_inside_a_json_text_are_no_new_lines(tmp_path):
    file = tmp_path / "lessons.jsonl"
    file.write_text('\ufeff{"Id": "1", "Text": "one\u2028two\x85three"}\n', encoding="utf-8")
    assert sections(fetch(table(file), "1")) == [("Text", "one\u2028two\x85three")]


def test_an_id_that_no_database_could_hold_is_cleaned(tmp_path):
    file = tmp_path / "lessons.jsonl"
    file.write_text(r'{"Id": "a\u0000\ud800\n b", "Text": "x"}')
    assert uris(table(file)) == ["a\ufffd b"]


@pytest.mark.parametrize("line", ['{"Id": ', "[" * 100_000, '{"Id": "\xff"}'])
def test_a_broken_line_of_json_is_named(tmp_path, line):
    file = tmp_path / "lessons.jsonl"
    file.write_bytes(b'{"Id": "1", "Text": "a"}\n' + line.encode("latin-1") + b"\n")
    with pytest.raises(SourceUnavailable, match=r"lessons\.jsonl, line 2,"):
        uris(table(file))


@pytest.mark.parametrize("name", ["missing.csv", "missing.csv.xz", "."])
def test_a_table_that_is_not_there_is_an_outage_that_names_it(tmp_path, name):
    with pytest.raises(SourceUnavailable, match=str(tmp_path)):
        uris(table(tmp_path / name))


def test_a_table_whose_compression_is_damaged_is_an_outage(tmp_path):
    file = tmp_path / "lessons.csv.xz"
    file.write_bytes(lzma.compress(b"Id,Text\n" + b"1,a\n" * 99)[:-9])
    with pytest.raises(SourceUnavailable, match=r"lessons\.csv\.xz cannot be read"):
        uris(table(file))

import gzip

import pytest

from indexer.domain.content import DocumentKind, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.notation import KNOWWHO_THREAD
from tests.unit.sources.places import LIMIT, fetch, revisions, threads, uris


@pytest.fixture
def file(tmp_path):
    return tmp_path / "chat.jsonl"


def test_a_thread_is_the_bytes_of_its_line(file):
    file.write_bytes(b'\xef\xbb\xbf{"id": "a"}\n\n{"id": 7, "title": "\xc3\xbc"}\n')
    assert uris(threads(file)) == ["a", "7"]
    item = fetch(threads(file, url="https://chat.example/{id}"), "7")
    assert item.content == b'{"id": 7, "title": "\xc3\xbc"}\n'
    assert item.media_type == KNOWWHO_THREAD
    assert (item.metadata.kind, item.metadata.url) == (DocumentKind.THREAD, "https://chat.example/7")


@pytest.mark.parametrize("broken", [b'{"id": "b", ', b"[" * 100_000, b"\xff\xfe", b'["b"]', b'{"id": null}'])
def test_a_broken_line_in_the_middle_is_an_item_for_the_parser_to_refuse(file, broken):
    file.write_bytes(b'{"id": "a"}\n' + broken + b'\n{"id": "c"}\n')
    assert uris(threads(file)) == ["a", "line-2", "c"]
    assert fetch(threads(file), "line-2").content == broken + b"\n"
    assert fetch(threads(file), "c").content == b'{"id": "c"}\n'


def test_threads_with_one_id_are_kept_apart(file):
    file.write_bytes(b'{"id": "a", "title": "x"}\n{"id": "a", "title": "y"}\n')
    assert uris(threads(file)) == ["a", "a~2"]
    assert b"y" in fetch(threads(file), "a~2").content


def test_a_thread_stays_unchanged_when_its_line_moves(file):
    file.write_bytes(b'{"id": "a"}\n{"id": "b"}\n')
    before = revisions(threads(file))
    file.write_bytes(b'{"id": "b"}\n{"id": "new"}\n{"id": "a"}\n')
    after = revisions(threads(file))
    assert {uri: after[uri] for uri in before} == before


def test_a_compressed_file_is_read_like_a_plain_one(tmp_path):
    file = tmp_path / "chat.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"id": "a"}\n{"id": "b"}\n'))
    assert fetch(threads(file), "b").content == b'{"id": "b"}\n'


def test_a_thread_over_the_limit_is_skipped(file):
    file.write_bytes(b'{"id": "a", "title": "' + b"x" * LIMIT + b'"}\n')
    with pytest.raises(DocumentUnreadable, match="at most 1 MB") as refusal:
        fetch(threads(file), "a")
    assert refusal.value.state is ItemState.SKIPPED


def test_an_id_that_no_database_could_hold_is_cleaned(file):
    file.write_text(r'{"id": "a\ud800\n b"}' + "\n" + r'{"id": " \u0000 "}')
    assert uris(threads(file)) == ["a\ufffd b", "line-2"]

"""The pool with real child processes, and children that misbehave on purpose."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from indexer.domain.content import Credit, DocumentKind, ItemMetadata, ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.parsing import ParserPool
from indexer.settings import ParsingSettings
from tests.unit.parsing.samples import one_of_each, pdf, word

HOSTILE = "tests.unit.parsing.hostile_worker"


def limits(**changed):
    values = {
        "workers": 2,
        "timeout_seconds": 1.5,
        "memory_megabytes": 256,
        "max_item_megabytes": 1,
        "max_characters": 100_000,
    }
    return ParsingSettings(**{**values, **changed})


def item(content, uri="notes/a.md", **more):
    raw = content.encode() if isinstance(content, str) else content
    return SourceItem(uri=uri, revision="1", content=raw, **more)


def outcome(pool, content):
    try:
        return pool.parse(item(content))
    except DocumentUnreadable as error:
        return error


def text_of(document):
    return document.blocks[0].text


def child_of(document):
    return int(text_of(document).split()[0])


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def pool():
    with ParserPool(limits(timeout_seconds=30)) as shared:
        yield shared


@pytest.fixture
def hostile():
    with ParserPool(limits(workers=1), worker_module=HOSTILE) as shared:
        yield shared


def test_every_format_comes_back_whole_from_a_child(pool):
    for name, (content, hints) in one_of_each().items():
        document = pool.parse(item(content, hints.file_name, media_type=hints.media_type))
        assert document.blocks, name
        assert document.state is ItemState.OK, name


def test_what_the_source_knows_wins_over_the_file(pool):
    known = ItemMetadata(title="Known", kind=DocumentKind.LESSON, credits=(Credit(Role.REVIEWER, handle="bob"),))
    content = "---\ntitle: Written\nauthor: '@ann'\ndate: 2020-01-02\n---\n# Head\n\nText\n"
    document = pool.parse(item(content, metadata=known))
    assert (document.title, document.metadata.kind) == ("Known", DocumentKind.LESSON)
    assert [credit.handle for credit in document.metadata.credits] == ["bob", "ann"]
    assert document.metadata.created == datetime(2020, 1, 2, tzinfo=UTC)


def test_the_title_is_not_repeated_in_every_place(pool):
    document = pool.parse(item("# Pumps\n\nIntro\n\n## Seals\n\nText\n"))
    assert [block.headings for block in document.blocks] == [(), ("Seals",)]


def test_a_file_without_title_is_named_after_its_path(pool):
    assert pool.parse(item("text", "keps/127-user-namespaces/README.md")).title == "127 user namespaces"


def test_the_reason_of_a_refusal_comes_back(pool):
    with pytest.raises(DocumentUnreadable) as caught:
        pool.parse(item(pdf([["x", "Secret"]], passwords=("owner", "reader")), "a.pdf"))
    assert (caught.value.state, caught.value.reason) == (
        ItemState.ENCRYPTED,
        "The file is encrypted and no password is known",
    )


def test_items_over_the_limit_are_skipped_with_their_size(pool):
    with pytest.raises(DocumentUnreadable) as caught:
        pool.parse(item(b"x" * 2_500_000))
    assert caught.value.state is ItemState.SKIPPED
    assert caught.value.reason == "It has 2.5 MB; items over 1 MB are not read"


def test_parse_all_keeps_the_order_and_goes_on_after_failures(pool):
    contents = ["first", b"\x00\x01\x02" * 99, "third", b"", "fifth"]
    items = [item(content, f"{n}.{'bin' if n == 1 else 'md'}") for n, content in enumerate(contents)]
    results = list(pool.parse_all(items))
    assert [one.uri for one, _ in results] == ["0.md", "1.bin", "2.md", "3.md", "4.md"]
    assert [result.state for _, result in results] == [
        ItemState.OK,
        ItemState.SKIPPED,
        ItemState.OK,
        ItemState.NO_TEXT,
        ItemState.OK,
    ]


def test_parse_all_takes_only_a_few_items_ahead(pool):
    taken = []
    results = pool.parse_all(taken.append(n) or item("text") for n in range(1000))
    assert taken == []
    next(results)
    assert len(taken) <= 2 * 32 + 1
    results.close()
    assert len(taken) <= 2 * 32 + 1


def test_parse_all_takes_hardly_any_long_items_ahead(pool):
    taken = []
    results = pool.parse_all(taken.append(n) or item("text " * 250_000) for n in range(1000))
    next(results)
    assert len(taken) <= 2 * 2 + 1
    results.close()


def test_an_error_of_the_source_reaches_the_caller(pool):
    def failing():
        yield item("text")
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(pool.parse_all(failing()))
    assert pool.parse(item("text")).blocks


def test_threads_may_share_a_pool(pool):
    with ThreadPoolExecutor(6) as threads:
        documents = list(threads.map(lambda n: pool.parse(item(f"text {n}")), range(40)))
    assert [text_of(document) for document in documents] == [f"text {n}" for n in range(40)]


def test_a_parser_that_never_ends_is_stopped(hostile):
    started = time.monotonic()
    error = outcome(hostile, "loop")
    assert (error.state, error.reason) == (ItemState.FAILED, "It took longer than 1.5 s and was stopped")
    assert time.monotonic() - started < 10
    assert outcome(hostile, "hello").title == "Answer"


def test_a_parser_that_eats_memory_is_refused_it(hostile):
    error = outcome(hostile, "eat")
    assert (error.state, error.reason) == (
        ItemState.FAILED,
        "It needs more than the 256 MB of memory that one item may take",
    )
    assert outcome(hostile, "hello").title == "Answer"


def test_a_document_that_unpacks_to_more_than_its_memory_costs_one_item():
    with ParserPool(limits(workers=1, memory_megabytes=128, timeout_seconds=30)) as pool:
        with pytest.raises(DocumentUnreadable) as caught:
            pool.parse(item(swollen_word(), "a.docx"))
        assert caught.value.state is ItemState.FAILED
        assert pool.parse(item("text")).blocks


def swollen_word():
    """A Word file whose text is small enough to pass as harmless, and needs far more memory once it is a tree."""
    body = "<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 800_000
    source, swollen = BytesIO(word()), BytesIO()
    with ZipFile(source) as archive, ZipFile(swollen, "w", ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:body>", b"<w:body>" + body.encode())
            copy.writestr(name, content)
    return swollen.getvalue()


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("die", "The reader was ended in the middle of it (SIGKILL), most likely out of memory (limit 256 MB)"),
        ("leave", "The reader ended in the middle of it (exit status 3)"),
        ("garbage", "The reader's answer made no sense and was not taken"),
        ("flood", "The reader's answer was far too large and was not taken"),
        ("break", "notes/a.md could not be read (ZeroDivisionError)"),
        ("dive", "It is nested too deeply to be read"),
        ("fork", "It took longer than 1.5 s and was stopped"),
    ],
)
def test_a_child_that_fails_costs_one_item(hostile, deed, reason):
    error = outcome(hostile, deed)
    assert (error.state, error.reason) == (ItemState.FAILED, reason)
    assert outcome(hostile, "hello").title == "Answer"


def test_what_a_library_prints_does_not_break_the_answer(hostile):
    assert text_of(outcome(hostile, "chatter")) == "still fine"
    assert text_of(outcome(hostile, "hello"))


def test_children_write_no_files_and_see_no_secrets(hostile, tmp_path, monkeypatch):
    monkeypatch.setenv("KNOWWHO_API_KEY", "secret")
    assert outcome(hostile, f"write {tmp_path / 'x'}").state is ItemState.FAILED
    assert "KNOWWHO_API_KEY" not in text_of(outcome(hostile, "surroundings"))


def test_a_child_that_has_grown_is_replaced(hostile):
    before = child_of(outcome(hostile, "hello"))
    assert child_of(outcome(hostile, "hello")) == before
    outcome(hostile, "keep 100")
    assert child_of(outcome(hostile, "hello")) != before


def test_closing_ends_children_in_the_middle_of_an_item():
    pool = ParserPool(limits(timeout_seconds=60), worker_module=HOSTILE)
    child = child_of(outcome(pool, "hello"))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.parse, item("sleep 50"))
        time.sleep(0.3)
        pool.close()
        with pytest.raises(RuntimeError, match="closed"):
            waiting.result(timeout=5)
    assert not is_alive(child)
    with pytest.raises(RuntimeError, match="closed"):
        pool.parse(item("hello"))


def test_a_child_ends_when_its_parent_goes_away(hostile):
    child = child_of(outcome(hostile, "hello"))
    assert is_alive(child)
    hostile._idle.queue[-1]._process.stdin.close()
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_a_worker_that_does_not_start_is_no_fault_of_the_item():
    with (
        ParserPool(limits(), worker_module="no.such.module") as pool,
        pytest.raises(RuntimeError, match="does not start"),
    ):
        pool.parse(item("text"))


def test_children_do_not_pile_up(hostile):
    for _ in range(3):
        outcome(hostile, "leave")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not [child for child in children if not is_alive(int(child))]

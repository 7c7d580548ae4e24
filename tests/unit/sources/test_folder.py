import os
from datetime import UTC, datetime

import pytest

from indexer.domain.content import DocumentKind, ItemState
from indexer.domain.errors import DocumentUnreadable, ItemGone, SourceUnavailable
from indexer.settings import DirectorySource, FolderSource
from indexer.sources import open_source
from tests.unit.sources.places import LIMIT, fetch, folder, revisions, uris, write, zipped


@pytest.fixture
def library(tmp_path):
    return tmp_path / "library"


def test_only_included_files_are_listed(library):
    for name in ("a.md", "b.txt", "deep/c.md", "deep/d.pdf"):
        write(library / name)
    assert uris(folder(library, include=["*.md"])) == ["a.md", "deep/c.md"]
    assert uris(folder(library, include=["/*.md"])) == ["a.md"]
    assert uris(folder(library, include=["deep/"])) == ["deep/c.md", "deep/d.pdf"]


def test_excluded_files_are_not_listed(library):
    for name in ("a.md", "drafts/b.md", "deep/drafts/c.md", "deep/old.md"):
        write(library / name)
    assert uris(folder(library, exclude=["drafts/", "old.*"])) == ["a.md"]


def test_hidden_files_and_office_locks_are_left_out(library):
    for name in (".secret.md", ".git/config", "deep/.DS_Store", "~$open.docx", "shown.md"):
        write(library / name)
    assert uris(folder(library)) == ["shown.md"]


def test_a_link_that_leaves_the_tree_is_not_followed(library, tmp_path):
    secret = write(tmp_path / "secret" / "wages.md")
    write(library / "real.md")
    (library / "out.md").symlink_to(secret)
    (library / "out").symlink_to(secret.parent)
    (library / "inside.md").symlink_to(library / "real.md")
    assert uris(folder(library)) == ["inside.md", "real.md"]


def test_dangling_and_circular_links_are_left_out(library):
    write(library / "real.md")
    (library / "dangling.md").symlink_to(library / "missing.md")
    (library / "one.md").symlink_to(library / "two.md")
    (library / "two.md").symlink_to(library / "one.md")
    assert uris(folder(library)) == ["real.md"]


def test_a_pipe_is_no_file(library):
    write(library / "real.md")
    os.mkfifo(library / "pipe.md")
    assert uris(folder(library)) == ["real.md"]


def test_a_file_whose_name_is_not_unicode_can_be_read(library):
    library.mkdir()
    (library / os.fsdecode(b"br\xe4msen.md")).write_text("Old share")
    assert uris(folder(library)) == ["br\ufffdmsen.md"]
    assert fetch(folder(library), "br\ufffdmsen.md").content == b"Old share"


def test_a_file_that_vanished_after_the_listing_cannot_be_fetched(library):
    write(library / "kept.md")
    file = write(library / "short-lived.md")
    source = folder(library)
    source.changes_since({})
    file.unlink()
    with pytest.raises(ItemGone, match="has gone"):
        source.fetch("short-lived.md")


def test_a_path_above_the_tree_is_no_item(library, tmp_path):
    write(library / "a.md")
    write(tmp_path / "secret.md")
    with pytest.raises(DocumentUnreadable):
        fetch(folder(library), "../secret.md")


def test_an_item_over_the_limit_is_skipped_with_both_sizes_in_the_reason(library):
    write(library / "big.txt", "x" * (LIMIT + LIMIT // 2))
    with pytest.raises(DocumentUnreadable, match=r"1\.5 MB; at most 1 MB") as refusal:
        fetch(folder(library), "big.txt")
    assert refusal.value.state is ItemState.SKIPPED


def test_a_file_is_dated_by_its_last_change_unless_the_settings_forbid_it(library):
    file = write(library / "a.md")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert fetch(folder(library), "a.md").modified == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert fetch(folder(library, file_dates=False), "a.md").modified is None


def test_the_link_template_gets_the_quoted_path(library):
    write(library / "a b/ü.md")
    item = fetch(folder(library, url="https://wiki.example/{path}?raw"), "a b/ü.md")
    assert item.metadata.url == "https://wiki.example/a%20b/%C3%BC.md?raw"


def test_the_sources_document_kind_is_every_files_kind(library):
    write(library / "a.md")
    assert fetch(folder(library, document_kind="lesson"), "a.md").metadata.kind is DocumentKind.LESSON


def test_a_missing_folder_is_an_outage_that_names_it(tmp_path):
    with pytest.raises(SourceUnavailable, match="nowhere does not exist"):
        uris(folder(tmp_path / "nowhere"))


def test_a_document_source_is_not_opened_for_a_directory(tmp_path):
    with pytest.raises(TypeError, match="directory of people"):
        open_source(DirectorySource(name="staff", kind="directory", path=tmp_path), LIMIT)


def test_other_patterns_over_the_same_archive_make_another_mark(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"a.md": b"text"})
    marks = {
        folder(archive).mark(),
        folder(archive, include=["*.md"]).mark(),
        folder(archive, exclude=["*.md"]).mark(),
    }
    assert len(marks) == 3


def test_revisions_do_not_depend_on_the_settings(library):
    write(library / "a.md")
    assert revisions(folder(library)) == revisions(folder(library, include=["*.md"], url="https://x.example"))
    assert FolderSource(name="a", kind="folder", path=library).include == ("**/*",)

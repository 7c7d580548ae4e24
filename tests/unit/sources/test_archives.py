import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable, SourceUnavailable
from tests.unit.sources.places import fetch, folder, revisions, tarred, uris, with_zip_headers, zipped

ENCRYPTED = b"\x01\x00"
DEFLATE64 = b"\x09\x00"


def test_a_zip_is_listed_without_hidden_files_folders_and_links(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.mkdir("deep")
        file.writestr("deep/a.md", "text")
        file.writestr("deep\\b.md", "text")
        file.writestr(".git/config", "text")
        link = zipfile.ZipInfo("link.md")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    assert uris(folder(archive)) == ["deep/a.md", "deep/b.md"]


def test_the_ending_of_an_archive_may_be_in_capitals(tmp_path):
    assert uris(folder(zipped(tmp_path / "A.ZIP", {"a.md": b"text"}))) == ["a.md"]


def test_an_encrypted_member_is_reported_as_encrypted(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"a.md": b"text"})
    with_zip_headers(archive, local={6: ENCRYPTED}, central={8: ENCRYPTED})
    assert uris(folder(archive)) == ["a.md"]
    with pytest.raises(DocumentUnreadable, match="encrypted") as refusal:
        fetch(folder(archive), "a.md")
    assert refusal.value.state is ItemState.ENCRYPTED


def test_an_unknown_compression_is_a_failure_and_no_encryption(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"a.md": b"text"})
    with_zip_headers(archive, local={8: DEFLATE64}, central={10: DEFLATE64})
    with pytest.raises(DocumentUnreadable, match="compression") as refusal:
        fetch(folder(archive), "a.md")
    assert refusal.value.state is ItemState.FAILED


def test_a_member_that_unpacks_to_more_than_its_header_says_is_refused_unread(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"bomb.txt": b"0" * (40 * 2**20)})
    ten = (10).to_bytes(4, "little")
    with_zip_headers(archive, local={22: ten}, central={24: ten})
    tracemalloc.start()
    try:
        with pytest.raises(DocumentUnreadable, match="unpacked") as refusal:
            fetch(folder(archive), "bomb.txt")
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()
    assert refusal.value.state is ItemState.FAILED


def test_a_member_that_admits_to_be_huge_is_skipped(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"bomb.txt": b"0" * (2 * 2**20)})
    with pytest.raises(DocumentUnreadable, match=r"2\.0 MB; at most 1 MB"):
        fetch(folder(archive), "bomb.txt")


def test_a_damaged_member_is_refused_and_the_others_are_read(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"a.md": b"some text", "b.md": b"more"}, method=zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"some text", b"some tent"))
    assert fetch(folder(archive), "b.md").content == b"more"
    with pytest.raises(DocumentUnreadable, match="unpacked"):
        fetch(folder(archive), "a.md")


def test_a_zip_without_dates_is_read(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"a.md": b"text"})
    with_zip_headers(archive, local={10: bytes(4)}, central={12: bytes(4)})
    assert fetch(folder(archive), "a.md").modified is None


def test_a_tar_made_twice_is_unchanged(tmp_path):
    first = tarred(tmp_path / "a.tar.xz", {"a.md": b"text"}, mtime=1_700_000_000)
    second = tarred(tmp_path / "b.tar.gz", {"./a.md": b"text"}, "w:gz", mtime=1_710_000_000)
    assert revisions(folder(first)) == revisions(folder(second))
    assert fetch(folder(first), "a.md").modified == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(("ending", "mode"), [("tar", "w:"), ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.bz2", "w:bz2")])
def test_every_compression_of_a_tar_is_read(tmp_path, ending, mode):
    archive = tarred(tmp_path / f"a.{ending}", {"deep/a.md": b"text", ".hidden": b"no"}, mode)
    assert uris(folder(archive)) == ["deep/a.md"]
    assert fetch(folder(archive), "deep/a.md").content == b"text"


def test_a_tar_member_from_the_year_60000_has_no_date(tmp_path):
    archive = tarred(tmp_path / "a.tar", {"a.md": b"text"}, "w:", mtime=2 * 10**12)
    assert fetch(folder(archive), "a.md").modified is None


def test_a_truncated_archive_is_an_outage_that_names_it(tmp_path):
    archive = tarred(tmp_path / "a.tar.xz", {f"{number}.md": bytes([number]) * 999 for number in range(99)})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(SourceUnavailable, match=r"a\.tar\.xz cannot be read"):
        uris(folder(archive))


@pytest.mark.parametrize("kept", [700, 1024, 1100, 1536, 2048])
def test_a_tar_that_was_cut_off_is_an_outage_wherever_it_was_cut(tmp_path, kept):
    archive = tarred(tmp_path / "a.tar", {"a.md": b"text", "b.md": b"text", "c.md": b"text"}, "w:")
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(SourceUnavailable, match=r"a\.tar"):
        uris(folder(archive))


def test_a_tar_with_a_damaged_header_inside_is_an_outage(tmp_path):
    archive = tarred(tmp_path / "a.tar", {"a.md": b"text", "b.md": b"text", "c.md": b"text"}, "w:")
    content = bytearray(archive.read_bytes())
    content[1024:1030] = b"######"
    archive.write_bytes(content)
    with pytest.raises(SourceUnavailable, match=r"a\.tar"):
        uris(folder(archive))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.xz", "a.tar.gz", "a.tar.bz2", "a.docx"])
def test_what_is_no_archive_is_an_outage_that_names_it(tmp_path, name):
    (tmp_path / name).write_bytes(b"This is no archive at all. " * 99)
    with pytest.raises(SourceUnavailable, match=name):
        uris(folder(tmp_path / name))

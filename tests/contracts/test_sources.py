"""What every source keeps: it tells what is new, changed and gone, and never mistakes an outage for a removal."""

import csv
import io
import json
import lzma
import shutil
import tarfile
import zipfile
from contextlib import closing

import pytest

from indexer.domain.errors import DocumentUnreadable, SourceUnavailable
from indexer.settings import (
    DirectorySource,
    FieldMapping,
    FolderSource,
    ForumSource,
    TableSource,
    ThreadsSource,
)
from indexer.sources import Directory, open_source
from tests.unit.sources.discourse_site import running_site

LIMIT = 2**20


class FolderPlace:
    """A place that a source reads. `hold` makes it hold exactly these items: a text for each uri."""

    uris = ("brakes/pads.md", "doors.md", "notes/deep/er.txt")

    def __init__(self, root):
        self.path = root / "place"

    def open(self):
        return open_source(FolderSource(name="place", kind="folder", path=self.path), LIMIT)

    def hold(self, texts):
        self.hold_files({uri: text.encode() for uri, text in texts.items()})

    def hold_files(self, files):
        self.path.mkdir(exist_ok=True)
        for old in [file for file in self.path.rglob("*") if file.is_file()]:
            if old.relative_to(self.path).as_posix() not in files:
                old.unlink()
        for name, content in files.items():
            file = self.path / name
            if not file.exists() or file.read_bytes() != content:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)

    def vanish(self):
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink()

    def close(self):
        pass


class ZipPlace(FolderPlace):
    def __init__(self, root):
        self.path = root / "place.zip"

    def hold_files(self, files):
        with zipfile.ZipFile(self.path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)


class TarPlace(FolderPlace):
    def __init__(self, root):
        self.path = root / "place.tar.xz"

    def hold_files(self, files):
        with tarfile.open(self.path, "w:xz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


class _Topics:
    uris = ("topics/a.1.json", "topics/b.2.json", "topics/c.3.json")

    def open(self):
        return open_source(ForumSource(name="place", kind="forum", path=self.path), LIMIT)

    def hold(self, texts):
        categories = {"category_list": {"categories": [{"id": 4, "name": "Brakes"}]}}
        files = {uri: json.dumps({"title": text}).encode() for uri, text in texts.items()}
        self.hold_files({**files, "categories.json": json.dumps(categories).encode()})


class ForumFolderPlace(_Topics, FolderPlace):
    pass


class ForumArchivePlace(_Topics, TarPlace):
    pass


class CsvPlace(FolderPlace):
    uris = ("L-1", "L-2", "L-3")

    def __init__(self, root):
        self.path = root / "place.csv"

    def open(self):
        columns = {"id": "Id", "text": ("Text",), "fields": FieldMapping(title="Text")}
        return open_source(TableSource(name="place", kind="table", path=self.path, **columns), LIMIT)

    def hold(self, texts):
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows([("Id", "Text"), *texts.items()])


class JsonLinesPlace(CsvPlace):
    def __init__(self, root):
        self.path = root / "place.jsonl.xz"

    def hold(self, texts):
        with lzma.open(self.path, "wt") as file:
            file.writelines(json.dumps({"Id": uri, "Text": text}) + "\n" for uri, text in texts.items())


class ThreadsPlace(FolderPlace):
    uris = ("t1", "t2", "t3")

    def __init__(self, root):
        self.path = root / "place.jsonl"

    def open(self):
        return open_source(ThreadsSource(name="place", kind="threads", path=self.path), LIMIT)

    def hold(self, texts):
        lines = (json.dumps({"id": uri, "title": text, "messages": []}) + "\n" for uri, text in texts.items())
        self.path.write_text("".join(lines))


class DirectoryTablesPlace(FolderPlace):
    uris = ("units.csv", "people.csv", "communities.csv")

    def open(self):
        return Directory(DirectorySource(name="place", kind="directory", path=self.path))


class DirectoryFilePlace(FolderPlace):
    uris = ("place.yaml",)

    def __init__(self, root):
        self.path = root / "place.yaml"

    def open(self):
        return Directory(DirectorySource(name="place", kind="directory", path=self.path))

    def hold_files(self, files):
        self.path.write_bytes(files.get("place.yaml", b""))


class LiveForumPlace:
    uris = ("1", "2", "3")

    def __init__(self, root):
        self._running = running_site()
        self._site = self._running.__enter__()
        self._site.busy_every = 3

    def open(self):
        return open_source(ForumSource(name="place", kind="forum", address=self._site.address), LIMIT)

    def hold(self, texts):
        self._site.topics.clear()
        for uri, text in texts.items():
            self._site.add_topic(int(uri), text, posts=45, like_count=2, has_accepted_answer=True)

    def vanish(self):
        self._site.answers["/latest.json"] = (404, {}, b"")

    def close(self):
        self._running.__exit__(None, None, None)


PLACES = [
    FolderPlace,
    ZipPlace,
    TarPlace,
    CsvPlace,
    JsonLinesPlace,
    ForumFolderPlace,
    ForumArchivePlace,
    LiveForumPlace,
    ThreadsPlace,
    DirectoryTablesPlace,
    DirectoryFilePlace,
]


@pytest.fixture(params=PLACES, ids=lambda kind: kind.__name__)
def place(request, tmp_path):
    made = request.param(tmp_path)
    made.hold(first_texts(made))
    yield made
    made.close()


def first_texts(place):
    return {uri: f"The first text of {uri}" for uri in place.uris}


def changes(place, known=None):
    with closing(place.open()) as source:
        return source.changes_since(known or {})


def revisions(place):
    return {stamp.uri: stamp.revision for stamp in changes(place).to_read}


def mark(place):
    with closing(place.open()) as source:
        return source.mark()


def test_the_first_listing_names_every_item_once(place):
    listed = changes(place)
    assert sorted(stamp.uri for stamp in listed.to_read) == sorted(place.uris)
    assert (listed.gone, listed.unchanged) == ((), 0)


def test_an_unchanged_source_has_no_changes(place):
    again = changes(place, revisions(place))
    assert (again.to_read, again.gone, again.unchanged) == ((), (), len(place.uris))


def test_a_changed_item_is_the_only_one_to_read(place):
    known = revisions(place)
    place.hold({**first_texts(place), place.uris[0]: "A second, longer text than the first one"})
    found = changes(place, known)
    assert [stamp.uri for stamp in found.to_read] == [place.uris[0]]
    assert (found.gone, found.unchanged) == ((), len(place.uris) - 1)


def test_a_removed_item_is_gone(place):
    if len(place.uris) == 1:
        pytest.skip("the only item: its removal is an outage")
    known = revisions(place)
    *kept, removed = place.uris
    place.hold({uri: text for uri, text in first_texts(place).items() if uri in kept})
    found = changes(place, known)
    assert (found.to_read, found.gone, found.unchanged) == ((), (removed,), len(kept))


def test_a_source_that_has_become_empty_is_an_outage(place):
    known = revisions(place)
    place.hold({})
    with pytest.raises(SourceUnavailable, match="place"):
        changes(place, known)


def test_a_source_that_has_vanished_is_an_outage(place):
    known = revisions(place)
    place.vanish()
    with pytest.raises(SourceUnavailable):
        changes(place, known)


def test_an_item_is_fetched_with_its_listed_revision_and_its_text(place):
    with closing(place.open()) as source:
        for stamp in source.changes_since({}).to_read:
            item = source.fetch(stamp.uri)
            assert (item.uri, item.revision) == (stamp.uri, stamp.revision)
            assert f"The first text of {stamp.uri}" in item.content.decode()


def test_an_item_may_be_fetched_without_a_listing(place):
    with closing(place.open()) as source:
        assert b"The first text" in source.fetch(place.uris[-1]).content


def test_an_item_that_has_gone_cannot_be_fetched(place):
    unknown = "99" if isinstance(place, LiveForumPlace) else "never/was.there"
    with closing(place.open()) as source, pytest.raises(DocumentUnreadable) as refusal:
        source.fetch(unknown)
    assert refusal.value.reason


def test_marks_of_an_unchanged_source_are_equal(place):
    assert mark(place) == mark(place)


def test_marks_tell_a_changed_source_where_there_are_marks(place):
    before = mark(place)
    place.hold({**first_texts(place), place.uris[0]: "A second, longer text than the first one"})
    assert before is None or mark(place) != before

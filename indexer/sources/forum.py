"""Discourse topics: from a folder or archive of topic JSON, or from a live site."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pathspec import GitIgnoreSpec

from indexer.domain.content import DocumentKind, ItemMetadata, ItemStamp, ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable, ItemGone, SourceUnavailable
from indexer.notation import DISCOURSE_TOPIC
from indexer.settings import ForumSource
from indexer.sources.base import Changes, Source, compare
from indexer.sources.discourse import DiscourseSite
from indexer.sources.fields import link
from indexer.sources.folder import check_size
from indexer.sources.trees import FileTree, TreeFile, file_mark, open_tree

CATEGORIES_FILE = "categories.json"
POSTS_A_REQUEST = 100


def open_forum(settings: ForumSource, max_item_bytes: int) -> Source:
    """The forum's source, by where its settings say it is."""
    if settings.path is not None:
        return ForumExport(settings, settings.path, max_item_bytes)
    site = DiscourseSite(settings.address or "", settings.api_key, settings.api_user)
    return LiveForum(settings, site, max_item_bytes)


class ForumExport:
    """A `Source` over topic JSON files. A file categories.json, as /categories.json serves it, names the categories."""

    def __init__(self, settings: ForumSource, path: Path, max_item_bytes: int) -> None:
        self._settings = settings
        self._path = path
        self._max_item_bytes = max_item_bytes
        self._include = GitIgnoreSpec.from_lines(settings.include)
        self._tree: FileTree | None = None
        self._files: dict[str, TreeFile] = {}
        self._categories_file: TreeFile | None = None
        self._categories: dict[str, str] | None = None

    def mark(self) -> str | None:
        return file_mark(self._path, *self._settings.include)

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        self._list()
        stamps = (ItemStamp(uri, self._revision(file)) for uri, file in self._files.items())
        return compare(self._settings.name, stamps, known)

    def fetch(self, uri: str) -> SourceItem:
        if not self._files:
            self._list()
        file = self._files.get(uri)
        if file is None:
            raise ItemGone("The topic has gone since the forum was listed")
        check_size(file.size, self._max_item_bytes)
        content = self._open_tree().read(uri)
        metadata = topic_metadata(_topic(content), self._category_names(), self._settings)
        return SourceItem(uri, self._revision(file), content, DISCOURSE_TOPIC, metadata=metadata)

    def close(self) -> None:
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _open_tree(self) -> FileTree:
        if self._tree is None:
            self._tree = open_tree(self._path)
        return self._tree

    def _list(self) -> None:
        self._files, self._categories_file, self._categories = {}, None, None
        for file in self._open_tree().files():
            if PurePosixPath(file.path).name == CATEGORIES_FILE:
                self._categories_file = self._categories_file or file
            elif self._include.match_file(file.path):
                self._files[file.path] = file

    def _revision(self, file: TreeFile) -> str:
        """A topic changes with the categories too: they say which community it belongs to."""
        return f"{file.revision}+{self._categories_file.revision}" if self._categories_file else file.revision

    def _category_names(self) -> dict[str, str]:
        if self._categories is None:
            self._categories = self._read_categories(self._categories_file) if self._categories_file else {}
        return self._categories

    def _read_categories(self, file: TreeFile) -> dict[str, str]:
        try:
            return category_names(_topic(self._open_tree().read(file.path)))
        except DocumentUnreadable as error:
            raise DocumentUnreadable(error.state, f"The forum's {file.path} cannot be read: {error}") from error


class LiveForum:
    """A `Source` over a Discourse site's API."""

    def __init__(self, settings: ForumSource, site: DiscourseSite, max_item_bytes: int) -> None:
        self._settings = settings
        self._site = site
        self._max_item_bytes = max_item_bytes
        self._listed: dict[str, str] = {}
        self._categories: dict[str, str] | None = None

    def mark(self) -> str | None:
        return None

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        return compare(self._settings.name, self._stamps(), known)

    def fetch(self, uri: str) -> SourceItem:
        topic = self._topic_with_all_posts(uri)
        if self._categories is None:
            self._categories = category_names(self._site.get("/categories.json", {"include_subcategories": "true"}))
        metadata = topic_metadata(topic, self._categories, self._settings)
        own = f"{(self._settings.address or '').rstrip('/')}/t/{uri}"
        metadata = replace(metadata, url=metadata.url or own)
        content = json.dumps(topic).encode()
        check_size(len(content), self._max_item_bytes)
        # The listing's revision: the topic's own page tells less of what the listing tells, and would look changed.
        revision = self._listed.get(uri) or _topic_revision(topic)
        return SourceItem(uri, revision, content, DISCOURSE_TOPIC, metadata=metadata)

    def close(self) -> None:
        self._site.close()

    def _topic_with_all_posts(self, uri: str) -> dict[str, Any]:
        topic = self._site.get(f"/t/{uri}.json")
        stream = _mapping(topic.get("post_stream"))
        posts = _by_id(stream.get("posts"))
        missing = [post for post in stream.get("stream") or () if post not in posts]
        for start in range(0, len(missing), POSTS_A_REQUEST):
            wanted = {"post_ids[]": [str(post) for post in missing[start : start + POSTS_A_REQUEST]]}
            page = self._site.get(f"/t/{uri}/posts.json", wanted)
            posts |= _by_id(_mapping(page.get("post_stream")).get("posts"))
        ordered = sorted(posts.values(), key=lambda post: post.get("post_number") or 0)
        return {**topic, "post_stream": {**stream, "posts": ordered}}

    def _stamps(self) -> Iterator[ItemStamp]:
        self._listed = {}
        more, page = True, 0
        while more:
            listing = self._site.get("/latest.json", {"page": str(page), "order": "created", "no_definitions": "true"})
            if not isinstance(listing.get("topic_list"), dict):
                address = self._settings.address
                raise SourceUnavailable(f"{address}/latest.json does not list topics: is it a Discourse site?")
            topics = _by_id(listing["topic_list"].get("topics"))
            listed = {str(number): _topic_revision(topic) for number, topic in topics.items()}
            new = {uri: revision for uri, revision in listed.items() if uri not in self._listed}
            self._listed |= new
            yield from (ItemStamp(uri, revision) for uri, revision in new.items())
            # A site that repeats a page has no further one, whatever it says.
            more, page = bool(new and listing["topic_list"].get("more_topics_url")), page + 1


def topic_metadata(topic: Mapping[str, Any], categories: Mapping[str, str], settings: ForumSource) -> ItemMetadata:
    """What a topic's own fields say; the category's name (its id where the name is unknown) is the community."""
    category = str(topic.get("category_id") or "")
    return ItemMetadata(
        kind=settings.document_kind or DocumentKind.THREAD,
        community=categories.get(category, category) or None,
        url=link(settings.url, id=str(topic.get("id", "")), slug=str(topic.get("slug", ""))),
    )


def category_names(listing: Mapping[str, Any]) -> dict[str, str]:
    """Category names by id, subcategories included."""
    names: dict[str, str] = {}

    def add(categories: Any) -> None:
        for number, category in _by_id(categories).items():
            names[str(number)] = str(category.get("name") or number)
            add(category.get("subcategory_list"))

    add(_mapping(listing.get("category_list")).get("categories"))
    return names


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _by_id(listed: Any) -> dict[int, Mapping[str, Any]]:
    """The mappings in a list by their numeric `id`, in order; whatever has none is left out."""
    entries = listed if isinstance(listed, list) else ()
    return {entry["id"]: entry for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), int)}


def _topic(content: bytes) -> dict[str, Any]:
    try:
        topic = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DocumentUnreadable(ItemState.FAILED, f"It is not valid JSON: {error}") from error
    if not isinstance(topic, dict):
        raise DocumentUnreadable(ItemState.FAILED, "It is JSON, but not a topic as Discourse serves it")
    return topic


def _topic_revision(topic: Mapping[str, Any]) -> str:
    told = ("last_posted_at", "posts_count", "like_count", "category_id", "has_accepted_answer", "title")
    return "-".join(str(topic.get(key) or "") for key in told)

"""Discourse topics: from a folder or archive of topic JSON, or from a live site."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from indexer.domain.content import DocumentKind, ItemMetadata, ItemStamp, ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable
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
    return LiveForum(settings, DiscourseSite(settings.address or "", settings.api_key, settings.api_user))


class ForumExport:
    """A `Source` over topic JSON files. A file categories.json, as /categories.json serves it, names the categories."""

    def __init__(self, settings: ForumSource, path: Path, max_item_bytes: int) -> None:
        self._settings = settings
        self._path = path
        self._max_item_bytes = max_item_bytes
        self._include = GitIgnoreSpec.from_lines(settings.include)
        self._tree: FileTree | None = None
        self._files: dict[str, TreeFile] = {}
        self._categories: dict[str, str] | None = None

    def mark(self) -> str | None:
        return file_mark(self._path)

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        self._list()
        stamps = (ItemStamp(uri, file.revision) for uri, file in self._files.items())
        return compare(self._settings.name, stamps, known)

    def fetch(self, uri: str) -> SourceItem:
        if not self._files:
            self._list()
        file = self._files.get(uri)
        if file is None:
            raise DocumentUnreadable(ItemState.FAILED, "The topic has gone since the forum was listed")
        check_size(file.size, self._max_item_bytes)
        content = self._open_tree().read(uri)
        metadata = topic_metadata(_topic(content), self._category_names(), self._settings)
        return SourceItem(uri, file.revision, content, DISCOURSE_TOPIC, metadata=metadata)

    def close(self) -> None:
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _open_tree(self) -> FileTree:
        if self._tree is None:
            self._tree = open_tree(self._path)
        return self._tree

    def _list(self) -> None:
        self._files = {
            file.path: file
            for file in self._open_tree().files()
            if self._include.match_file(file.path) and not file.path.endswith(CATEGORIES_FILE)
        }

    def _category_names(self) -> dict[str, str]:
        if self._categories is None:
            tree = self._open_tree()
            listed = [file.path for file in tree.files() if file.path.endswith(CATEGORIES_FILE)]
            self._categories = category_names(_topic(tree.read(listed[0]))) if listed else {}
        return self._categories


class LiveForum:
    """A `Source` over a Discourse site's API."""

    def __init__(self, settings: ForumSource, site: DiscourseSite) -> None:
        self._settings = settings
        self._site = site
        self._categories: dict[str, str] | None = None

    def mark(self) -> str | None:
        return None

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        return compare(self._settings.name, self._stamps(), known)

    def fetch(self, uri: str) -> SourceItem:
        topic = self._site.get(f"/t/{uri}.json")
        stream = topic.get("post_stream", {})
        posts = {post.get("id"): post for post in stream.get("posts", [])}
        missing = [post for post in stream.get("stream", []) if post not in posts]
        for start in range(0, len(missing), POSTS_A_REQUEST):
            wanted = {"post_ids[]": [str(post) for post in missing[start : start + POSTS_A_REQUEST]]}
            page = self._site.get(f"/t/{uri}/posts.json", wanted)
            posts.update({post.get("id"): post for post in page.get("post_stream", {}).get("posts", [])})
        ordered = sorted(posts.values(), key=lambda post: post.get("post_number", 0))
        topic["post_stream"] = {**stream, "posts": ordered}
        if self._categories is None:
            self._categories = category_names(self._site.get("/categories.json", {"include_subcategories": "true"}))
        metadata = topic_metadata(topic, self._categories, self._settings)
        own = f"{(self._settings.address or '').rstrip('/')}/t/{uri}"
        metadata = replace(metadata, url=metadata.url or own)
        return SourceItem(uri, _topic_revision(topic), json.dumps(topic).encode(), DISCOURSE_TOPIC, metadata=metadata)

    def close(self) -> None:
        self._site.close()

    def _stamps(self) -> Iterator[ItemStamp]:
        page: int | None = 0
        while page is not None:
            listing = self._site.get("/latest.json", {"page": str(page), "order": "created", "no_definitions": "true"})
            topics = listing.get("topic_list", {})
            for topic in topics.get("topics", []):
                yield ItemStamp(str(topic["id"]), _topic_revision(topic))
            page = page + 1 if topics.get("more_topics_url") and topics.get("topics") else None


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
        for category in categories or ():
            names[str(category["id"])] = str(category["name"])
            add(category.get("subcategory_list"))

    add(listing.get("category_list", {}).get("categories"))
    return names


def _topic(content: bytes) -> dict[str, Any]:
    try:
        topic = json.loads(content)
    except ValueError as error:
        raise DocumentUnreadable(ItemState.FAILED, f"It is not valid JSON: {error}") from error
    if not isinstance(topic, dict):
        raise DocumentUnreadable(ItemState.FAILED, "It is JSON, but not a topic as Discourse serves it")
    return topic


def _topic_revision(topic: Mapping[str, Any]) -> str:
    told = ("last_posted_at", "posts_count", "like_count", "category_id", "has_accepted_answer", "title")
    return "-".join(str(topic.get(key) or "") for key in told)

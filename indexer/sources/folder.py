"""Documents in a folder or an archive, with a sidecar file beside them where the settings name one."""

import glob
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

import yaml
from lxml import etree
from pathspec import GitIgnoreSpec

from indexer.domain.content import ItemMetadata, ItemStamp, ItemState, SourceItem
from indexer.domain.errors import DocumentUnreadable, ItemGone
from indexer.notation import decode_text
from indexer.settings import FolderSource, Sidecar
from indexer.sources.base import Changes, compare
from indexer.sources.fields import link, metadata_from
from indexer.sources.trees import FileTree, TreeFile, file_mark, open_tree

SHORT_SIDECAR = 10_000  # characters


class Folder:
    """A `Source` over the files of a tree."""

    def __init__(self, settings: FolderSource, max_item_bytes: int) -> None:
        self._settings = settings
        self._max_item_bytes = max_item_bytes
        self._include = GitIgnoreSpec.from_lines(settings.include)
        self._exclude = GitIgnoreSpec.from_lines(settings.exclude)
        self._tree: FileTree | None = None
        self._files: dict[str, TreeFile] = {}
        self._sidecars: dict[str, str] = {}

    def mark(self) -> str | None:
        return file_mark(self._settings.path, *self._settings.include, "", *self._settings.exclude)

    def changes_since(self, known: Mapping[str, str]) -> Changes:
        return compare(self._settings.name, self._stamps(), known)

    def fetch(self, uri: str) -> SourceItem:
        if not self._files:
            self._list()
        file = self._files.get(uri)
        if file is None:
            raise ItemGone("The file has gone since the folder was listed")
        check_size(file.size, self._max_item_bytes)
        metadata = self._metadata(uri)
        if metadata.url is None:
            metadata = replace(metadata, url=link(self._settings.url, path=uri))
        return SourceItem(
            uri,
            self._stamp(file).revision,
            self._open_tree().read(uri),
            metadata=metadata,
            modified=file.modified if self._settings.file_dates else None,
        )

    def close(self) -> None:
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _open_tree(self) -> FileTree:
        if self._tree is None:
            self._tree = open_tree(self._settings.path)
        return self._tree

    def _stamps(self) -> Iterator[ItemStamp]:
        self._list()
        sidecars = set(self._sidecars.values())
        for file in self._files.values():
            wanted = self._include.match_file(file.path) and not self._exclude.match_file(file.path)
            if wanted and file.path not in sidecars and not self._describes_nothing(file):
                yield self._stamp(file)

    def _describes_nothing(self, file: TreeFile) -> bool:
        """A sidecar under a fixed name, in a folder without documents."""
        sidecar = self._settings.sidecar
        return sidecar is not None and fnmatchcase(PurePosixPath(file.path).name, sidecar.file)

    def _list(self) -> None:
        self._files = {file.path: file for file in self._open_tree().files()}
        if self._settings.sidecar is not None:
            self._sidecars = _pair_sidecars(self._files, self._settings.sidecar)

    def _stamp(self, file: TreeFile) -> ItemStamp:
        sidecar = self._sidecars.get(file.path)
        revision = f"{file.revision}+{self._files[sidecar].revision}" if sidecar else file.revision
        return ItemStamp(file.path, revision)

    def _metadata(self, uri: str) -> ItemMetadata:
        sidecar, path = self._settings.sidecar, self._sidecars.get(uri)
        if sidecar is None or path is None:
            return ItemMetadata(kind=self._settings.document_kind)
        values = _read_sidecar(path, self._open_tree().read(path))
        return metadata_from(values, sidecar.fields, self._settings)


def check_size(size: int, limit: int) -> None:
    """Refuse an item over the limit, both in bytes, as skipped."""
    if size > limit:
        raise DocumentUnreadable(
            ItemState.SKIPPED,
            f"It has {size / 2**20:.1f} MB; at most {limit // 2**20} MB are read (setting parsing.max_item_megabytes)",
        )


def _pair_sidecars(files: Mapping[str, TreeFile], sidecar: Sidecar) -> dict[str, str]:
    """The sidecar of each file that has one. A plain name is looked up; only patterns are matched file by file."""
    beside: dict[PurePosixPath, dict[str, str]] = {}
    for path in files:
        beside.setdefault(PurePosixPath(path).parent, {})[PurePosixPath(path).name] = path
    has_pattern = glob.has_magic(sidecar.file)
    pairs = {}
    for path in files:
        stem, names = PurePosixPath(path).stem, beside[PurePosixPath(path).parent]
        found = names.get(sidecar.file.replace("{stem}", stem))
        if found is None and has_pattern:
            pattern = sidecar.file.replace("{stem}", glob.escape(stem))
            found = next((other for name, other in names.items() if fnmatchcase(name, pattern)), None)
        if found is not None and found != path:
            pairs[path] = found
    return pairs


def _read_sidecar(path: str, content: bytes) -> Any:
    """The keys and values, or the XML element. Half a description is none: the lost half may have named the readers."""
    try:
        if path.endswith(".xml"):
            return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
        text = decode_text(content).text
        values = json.loads(text) if path.endswith(".json") else yaml.load(text, Loader=_loader(text))  # noqa: S506  # safe ones
    except (yaml.YAMLError, ValueError, RecursionError, etree.XMLSyntaxError) as error:
        raise DocumentUnreadable(ItemState.FAILED, f"Its description {path} cannot be read: {error}") from error
    if values is not None and not isinstance(values, Mapping):
        raise DocumentUnreadable(ItemState.FAILED, f"Its description {path} holds no keys and values")
    return values


def _loader(text: str) -> type[yaml.SafeLoader]:
    """The library in C is ten times as fast, but a text nested deeply enough would end the process."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if len(text) <= SHORT_SIDECAR else yaml.SafeLoader

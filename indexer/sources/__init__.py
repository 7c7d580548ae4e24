"""Where knowledge comes from: one module a connector, all of them behind the Source protocol."""

from indexer.settings import (
    FolderSource,
    ForumSource,
    SourceSettings,
    TableSource,
    ThreadsSource,
)
from indexer.sources.base import Changes, Source
from indexer.sources.directory import Directory
from indexer.sources.folder import Folder
from indexer.sources.forum import open_forum
from indexer.sources.table import TableRows
from indexer.sources.threads import Threads

__all__ = ["Changes", "Directory", "Source", "open_source"]


def open_source(settings: SourceSettings, max_item_bytes: int) -> Source:
    """The connector for a source of documents; items over `max_item_bytes` are refused when fetched."""
    match settings:
        case FolderSource():
            return Folder(settings, max_item_bytes)
        case TableSource():
            return TableRows(settings)
        case ForumSource():
            return open_forum(settings, max_item_bytes)
        case ThreadsSource():
            return Threads(settings, max_item_bytes)
        case _:
            raise TypeError(f"{settings.name} is a directory of people, not a source of documents")

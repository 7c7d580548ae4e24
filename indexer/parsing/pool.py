"""Reads items in child processes, so that no file can harm or hold up the program."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import LifoQueue
from threading import Lock
from types import TracebackType
from typing import Self

from indexer.domain.content import Block, ItemState, ParsedDocument, SourceItem
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing.child import Child, ChildFailedError
from indexer.parsing.metadata import merged
from indexer.settings import ParsingSettings

LOOK_AHEAD = 2  # items in hand for each child
MOST_AHEAD = 32  # the same while they are short, so that the children go on while a batch is saved
SHORT_IN_ALL = 4_000_000  # bytes
MEGABYTE = 1_000_000

Result = ParsedDocument | DocumentUnreadable


class ParserPool:
    """Parses with `settings.workers` child processes, which are started when first needed. Use it in a `with`.

    `worker_module` is run in the children in place of `indexer.parsing.worker`; tests pass one that misbehaves.
    """

    def __init__(self, settings: ParsingSettings, *, worker_module: str = "indexer.parsing.worker") -> None:
        self._settings = settings
        self._worker_module = worker_module
        self._lock = Lock()
        self._closed = False
        self._running: set[Child] = set()
        # Last in, first out: one item at a time starts one child only.
        self._idle: LifoQueue[Child | None] = LifoQueue()
        for _ in range(settings.workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all children, those in the middle of an item too."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for child in self._running:
                child.kill()
        # Threads that were waiting for a child put it back when it dies; only then may its pipes be closed.
        places = [self._idle.get() for _ in range(self._settings.workers)]
        for place in places:
            self._put_back(place, spent=True)

    def parse(self, item: SourceItem) -> ParsedDocument:
        """The document in the item, once a child is free; what the source says wins over what the file says.

        Raises DocumentUnreadable. Threads may share a pool.
        """
        result = self._result(item)
        if isinstance(result, DocumentUnreadable):
            raise result
        return result

    def parse_all(self, items: Iterable[SourceItem]) -> Iterator[tuple[SourceItem, Result]]:
        """Each item with its document or the reason why there is none, in order.

        All children are kept busy, yet no more than a few items are taken from `items` ahead of what is asked for.
        """
        waiting: deque[tuple[SourceItem, Future[Result]]] = deque()
        threads = ThreadPoolExecutor(self._settings.workers, thread_name_prefix="parse")
        try:
            for item in items:
                waiting.append((item, threads.submit(self._result, item)))
                while len(waiting) > self._ahead(waiting):
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _ahead(self, waiting: Iterable[tuple[SourceItem, object]]) -> int:
        """How many items may be in hand."""
        short = sum(len(item.content) for item, _ in waiting) < SHORT_IN_ALL
        return (MOST_AHEAD if short else LOOK_AHEAD) * self._settings.workers

    def _result(self, item: SourceItem) -> Result:
        limit = self._settings.max_item_megabytes
        if len(item.content) > limit * MEGABYTE:
            size = len(item.content) / MEGABYTE
            return DocumentUnreadable(ItemState.SKIPPED, f"It has {size:,.1f} MB; items over {limit:,} MB are not read")
        result = self._result_of_child(item)
        return result if isinstance(result, DocumentUnreadable) else _with_metadata(item, result)

    def _result_of_child(self, item: SourceItem) -> Result:
        child, spent = self._idle.get(), True
        try:
            child = ready = self._ready(child)
            outcome = ready.parse(item)
            spent = outcome.spent
            return outcome.result
        except ChildFailedError as error:
            self._refuse_if_closed()  # then it was the closing that ended the child, not the item
            return DocumentUnreadable(ItemState.FAILED, error.reason, passing=error.passing)
        finally:
            self._put_back(child, spent)

    def _ready(self, child: Child | None) -> Child:
        self._refuse_if_closed()
        if child is None:
            child = Child(self._settings, self._worker_module)
            with self._lock:
                self._running.add(child)
        return child

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise RuntimeError("the pool of parsers is closed")

    def _put_back(self, child: Child | None, spent: bool) -> None:
        """Frees the place; a spent child is stopped, and whoever takes the place next starts another."""
        if spent and child is not None:
            with self._lock:
                self._running.discard(child)
            child.stop()
        self._idle.put(None if spent else child)


def _first(waiting: deque[tuple[SourceItem, Future[Result]]]) -> tuple[SourceItem, Result]:
    item, future = waiting.popleft()
    return item, future.result()


def _with_metadata(item: SourceItem, document: ParsedDocument) -> ParsedDocument:
    metadata = merged(item.metadata, document.metadata)
    title = metadata.title or document.title
    blocks = tuple(_without_title(block, title) for block in document.blocks)
    return replace(document, title=title, blocks=blocks, metadata=metadata)


def _without_title(block: Block, title: str) -> Block:
    """The title often heads the text too; a place in the document need not repeat it."""
    repeats = bool(block.headings) and block.headings[0].casefold() == title.casefold()
    return replace(block, headings=block.headings[1:]) if repeats else block

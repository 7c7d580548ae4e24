"""What the database has withdrawn since the generation that serves was built: no search may find or count it."""

import threading

import numpy as np
from numpy.typing import NDArray

from indexer.store import Transaction, outdated
from service.auth import ReadableAudiences


class Withdrawn:
    """Remembers, for the generation that serves, which passages are gone, and reads on from there. Safe to use from
    several threads."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._generation: str | None = None
        self._gone = np.zeros(0, np.int64)
        self._number = 0

    def from_viewer(self, transaction: Transaction, generation: str, readable: ReadableAudiences) -> NDArray[np.int64]:
        """The passages, (n,), of a generation that are gone, or that the viewer may no longer read."""
        closed = outdated.closed_passages(transaction, readable.ids)
        return np.concatenate([self._gone_by_now(transaction, generation), np.asarray(closed, np.int64)])

    def _gone_by_now(self, transaction: Transaction, generation: str) -> NDArray[np.int64]:
        with self._reading:
            if generation != self._generation:
                # Notes on what an older generation held may have been dropped since: begin anew, and stay small.
                self._generation, self._gone, self._number = generation, np.zeros(0, np.int64), 0
            new, latest = outdated.gone_since(transaction, self._number)
            # Another search may have begun later and seen more.
            self._number = max(self._number, latest)
            if len(new):
                self._gone = np.concatenate([self._gone, new])
            return self._gone

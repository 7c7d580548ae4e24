"""A database of made-up people, documents and parts at any size, shaped like a forum: what ranking people stands on.

A document has four passages and between one and eight parts. Few people have many parts and many have few (a Zipf
distribution), as have communities; parts are spread evenly over nine years up to now.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.home import Home
from indexer.index import Candidates

PASSAGES_A_DOCUMENT = 4
MOST_PARTS = 8
PASSAGES_A_PERSON = 80
COMMUNITIES = 60
AUDIENCES = (("public", ""), ("signed_in", ""), ("members", "c1"))
SPAN = timedelta(days=9 * 365)
DIMENSION = 384
SEED = 20_261_124
TOPICAL = 0.8  # of the candidates, in the communities that the question is about
Numbers = NDArray[np.int64]


class MadeUp:
    """Fills a home's database, and has candidates for questions that somebody could ask of it."""

    def __init__(self, home: Home, passages: int) -> None:
        self.random = np.random.default_rng(SEED)
        self.documents = passages // PASSAGES_A_DOCUMENT
        self.passages = self.documents * PASSAGES_A_DOCUMENT
        self.people = max(passages // PASSAGES_A_PERSON, 10)
        self.communities = self._zipf(COMMUNITIES, self.documents)
        home.prepare()
        self._write(home)

    def candidates(self, number: int) -> Candidates:
        """So many passages of documents, most of them of three communities."""
        chosen = np.isin(self.communities, self.random.choice(self.communities, 3))
        topical = self.random.choice(np.flatnonzero(chosen), int(number * TOPICAL))
        others = self.random.integers(0, self.documents, number - len(topical))
        documents = np.concatenate([topical, others])
        passages = documents * PASSAGES_A_DOCUMENT + self.random.integers(0, PASSAGES_A_DOCUMENT, number)
        passages = np.unique(passages)
        vectors = self.random.standard_normal((len(passages), DIMENSION)).astype(np.float32)
        cosines = np.float32(0.15) + self.random.beta(2, 6, len(passages)).astype(np.float32)
        return Candidates(
            passages + 1,
            passages // PASSAGES_A_DOCUMENT + 1,
            cosines,
            cosines / 2,
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        )

    def _zipf(self, kinds: int, size: int) -> Numbers:
        """Numbers from 0 to `kinds`, each the rarer the higher."""
        weights = 1 / np.arange(1, kinds + 1)
        return self.random.choice(kinds, size, p=weights / weights.sum())

    def _write(self, home: Home) -> None:
        random, moments = self.random, self._moments(self.documents)
        sizes = random.integers(1, MOST_PARTS + 1, self.documents)
        audiences = random.choice(len(AUDIENCES), self.documents, p=(0.8, 0.1, 0.1))
        tables: dict[str, Iterator[tuple[Any, ...]]] = {
            "audiences": ((number, *told) for number, told in enumerate(AUDIENCES, 1)),
            "communities": ((n, f"c{n}", f"Community {n}", None, "public", 1) for n in range(1, COMMUNITIES + 1)),
            "people": (
                (f"person-{n}", f"Person {n}", None, None, "[]", None, n % 3 == 0, 0) for n in range(self.people)
            ),
            "identities": ((n + 1, "name", "made-up", f"{n}", None, None, f"person-{n}") for n in range(self.people)),
            "items": (
                (n + 1, "s", f"{n}", "r", "d", "ok", None, "2025-01-01 00:00:00.000000", 0, 0, None)
                for n in range(self.documents)
            ),
            "documents": (
                (
                    *(n + 1, f"d{n}", n + 1, "s", f"{n}", f"Document {n}", "thread"),
                    *(int(audiences[n]) + 1, int(self.communities[n]) + 1, moments[n], moments[n], None, None, None),
                )
                for n in range(self.documents)
            ),
            "passages": (
                (n + 1, n // PASSAGES_A_DOCUMENT + 1, n % PASSAGES_A_DOCUMENT, f"Passage {n}.", *[None] * 4, bytes(16))
                for n in range(self.passages)
            ),
            "contributions": self._parts(sizes, moments),
        }
        with home.database.begin() as transaction:
            raw: Any = transaction.connection.dbapi_connection
            triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:  # what they note of each part takes ten times as long as the part
                raw.execute(f"DROP TRIGGER {name}")
            for table, rows in tables.items():
                columns = raw.execute(f"SELECT * FROM {table} LIMIT 0").description
                raw.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
            for _, statement in triggers:
                raw.execute(statement)

    def _parts(self, sizes: Numbers, moments: list[str]) -> Iterator[tuple[Any, ...]]:
        whose = self._zipf(self.people, int(sizes.sum()))
        likes = self.random.poisson(0.5, len(whose))
        place = 0
        for document, size in enumerate(sizes.tolist()):
            for message in range(size):
                role = "answerer" if message else "asker"
                yield (
                    *(document + 1, int(whose[place]) + 1, role),
                    *(moments[document], message, int(likes[place]), None),
                )
                place += 1

    def _moments(self, number: int) -> list[str]:
        now = datetime.now(UTC).replace(tzinfo=None)
        ago = self.random.random(number) * SPAN.total_seconds()
        return [(now - timedelta(seconds=float(s))).strftime("%Y-%m-%d %H:%M:%S.%f") for s in ago]

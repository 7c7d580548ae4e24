"""Whether a generation finds what it holds: its search against an exact scan, its postings against the texts."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.index.engine import LocalEngine, QueryTerms, RowFilter, best_of
from indexer.index.opening import Generation
from indexer.index.segment import Segment
from indexer.index.tokens import tokens

NEAREST = 10
CANDIDATES = 600  # as many as a question asks for by default
ROWS_A_BLOCK = 16_384
SAME = 1e-4  # cosines closer than this are a tie


def sampled_recall(generation: Generation, questions: int) -> float | None:
    """The share of the ten nearest passages of an exact scan that the engine's search finds, from 0 to 1; None where
    there is nothing to search. So many passages, spread over the generation, are the questions."""
    vectors = _questions(generation, questions)
    if not len(vectors):
        return None
    cosines = _scan(generation, vectors)
    ids = np.concatenate([segment.passages for segment in generation.segments])
    order = np.argsort(ids)
    everywhere = RowFilter(frozenset(int(a) for segment in generation.segments for a in np.unique(segment.audiences)))
    engine, found, expected = LocalEngine(generation), 0, 0
    for vector, scanned in zip(vectors, cosines.T, strict=True):
        candidates = engine.candidates(vector, QueryTerms(), everywhere, CANDIDATES)
        nearest = candidates.passages[best_of(candidates.cosines, candidates.passages, NEAREST)]
        best = np.sort(scanned[np.isfinite(scanned)])[-NEAREST:]
        theirs = scanned[order[np.searchsorted(ids, nearest, sorter=order)]]
        found += int((theirs >= best[0] - SAME).sum())
        expected += len(best)
    return found / expected


def unusable_vectors(generation: Generation) -> int:
    """How many rows that count have a vector that is neither of unit length nor nothing at all."""
    wrong = 0
    for segment, alive in zip(generation.segments, generation.alive, strict=True):
        for start in range(0, segment.rows, ROWS_A_BLOCK):
            block = segment.vectors.matrix[start : start + ROWS_A_BLOCK].astype(np.float32)
            with np.errstate(invalid="ignore", over="ignore"):
                lengths = np.sqrt(np.einsum("rd,rd->r", block, block))
            wrong += int((alive[start : start + ROWS_A_BLOCK] & ~((np.abs(lengths - 1) < 0.02) | (lengths == 0))).sum())
    return wrong


def rows_of(generation: Generation, passages: Sequence[int]) -> dict[int, tuple[Segment, int]]:
    """Where the given passages stand in a generation, by id."""
    found: dict[int, tuple[Segment, int]] = {}
    for segment, alive in zip(generation.segments, generation.alive, strict=True):
        for row in np.flatnonzero(np.isin(segment.passages, passages) & alive):
            found[int(segment.passages[row])] = (segment, int(row))
    return found


def unfindable(rows: Mapping[int, tuple[Segment, int]], texts: Mapping[int, str]) -> list[int]:
    """Those of the passages whose postings lack one of the words of their text."""
    return [passage for passage, (segment, row) in rows.items() if not _has_words(segment, row, texts[passage])]


def _has_words(segment: Segment, row: int, text: str) -> bool:
    return all(_is_among(row, segment.keywords.rows_with(token)) for token in set(tokens(text)))


def _is_among(row: int, ascending: NDArray[np.uint32]) -> bool:
    place = int(np.searchsorted(ascending, row))
    return place < len(ascending) and int(ascending[place]) == row


def _questions(generation: Generation, number: int) -> NDArray[np.float32]:
    counted = [np.flatnonzero(alive) for alive in generation.alive]
    total = sum(map(len, counted))
    chosen = np.unique(np.linspace(0, total - 1, min(number, total)).astype(np.int64))
    found, start = [], 0
    for segment, rows in zip(generation.segments, counted, strict=True):
        mine = chosen[(chosen >= start) & (chosen < start + len(rows))] - start
        found.append(segment.vectors.rows(rows[mine]))
        start += len(rows)
    vectors = np.concatenate(found) if found else np.zeros((0, 0), np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
    return np.asarray(vectors[kept] / lengths[kept], np.float32)


def _scan(generation: Generation, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of every row with every question, (rows, questions); minus infinity for rows that do not count."""
    parts = []
    for segment, alive in zip(generation.segments, generation.alive, strict=True):
        for start in range(0, segment.rows, ROWS_A_BLOCK):
            block = segment.vectors.matrix[start : start + ROWS_A_BLOCK].astype(np.float32) @ vectors.T
            block[~alive[start : start + ROWS_A_BLOCK]] = -np.inf
            parts.append(block)
    return np.concatenate(parts)

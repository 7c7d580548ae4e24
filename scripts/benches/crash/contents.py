"""What a home holds, told without the ids of its rows, so that two homes can be compared."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.index import Generation, LocalEngine, QueryTerms, RowFilter

Contents = Mapping[str, Counter[Any]]
QUESTIONS = ("segment editor threshold", "shadow map flickers on Android", "Python script loads a DICOM series")

DOCUMENT = "documents d ON d.id = {0}.document_id"
PERSON = "identities i ON i.id = {0}.identity_id"
TABLES = {
    "sources": "SELECT name, kind, settings_digest, error FROM sources",
    "items": "SELECT source, uri, revision, content_digest, state, reason, failures FROM items",
    "documents": "SELECT public_id, source, uri, title, d.kind, a.kind, subject, slug, created, updated, mark, "
    "superseded_by, url FROM documents d JOIN audiences a ON a.id = audience_id "
    "LEFT JOIN communities c ON c.id = community_id",
    "texts": f"SELECT public_id, blocks FROM document_texts t JOIN {DOCUMENT.format('t')}",
    "blocks": f"SELECT public_id, digests, left_out FROM document_blocks b JOIN {DOCUMENT.format('b')}",
    "signatures": f"SELECT public_id, signature FROM signatures s JOIN {DOCUMENT.format('s')}",
    "near duplicates": "SELECT min(a.public_id, b.public_id), max(a.public_id, b.public_id) FROM near_duplicates "
    "JOIN documents a ON a.id = one JOIN documents b ON b.id = other",
    "passages": "SELECT public_id, ordinal, text, page, heading, message, line, digest FROM passages p "
    f"JOIN {DOCUMENT.format('p')} WHERE p.id NOT IN (SELECT passage_id FROM retired_passages)",
    "contributions": "SELECT public_id, i.kind, namespace, value, role, at, message, likes FROM contributions t "
    f"JOIN {DOCUMENT.format('t')} JOIN {PERSON.format('t')}",
    "messages": "SELECT public_id, number, i.kind, namespace, value, at, likes, accepted, reply_to FROM messages m "
    f"JOIN {DOCUMENT.format('m')} LEFT JOIN {PERSON.format('m')}",
    "identities": "SELECT kind, namespace, value, display_name, vouched_for, person_id FROM identities",
    "links": "SELECT min(a.value, b.value), max(a.value, b.value) FROM identity_links "
    "JOIN identities a ON a.id = one JOIN identities b ON b.id = other",
    "people": "SELECT id, name, unit, place, languages, address, in_directory, former FROM people",
    "redirects": "SELECT id, person_id FROM person_redirects",
    "communities": "SELECT slug, name, domain, visibility, in_directory FROM communities",
    "touched": "SELECT count(*) FROM touched_identities",
}


def contents_of(folder: Path) -> Contents:
    """Rows by table, and those of the index with their vectors; what searches find is among them."""
    with closing(sqlite3.connect(folder / "knowwho.sqlite")) as connection:
        told = {name: Counter(map(_short, connection.execute(select))) for name, select in TABLES.items()}
        home = Home(folder)
        try:
            generation = home.index.open_current()
        finally:
            home.close()
        if generation is None:
            return told
        places = _named(connection, f"SELECT p.id, public_id, ordinal FROM passages p JOIN {DOCUMENT.format('p')}")
        communities = _named(connection, "SELECT id, slug FROM communities")
        audiences = _named(connection, "SELECT id, kind, subject FROM audiences")
    rows = _rows(generation, places.get, communities.get, audiences.get)
    found = _found(generation, places.get, frozenset(audiences))
    return {**told, "index": rows, "searches": found}


def differences(expected: Contents, found: Contents) -> list[str]:
    """What is missing from a home and what it has too much, as sentences."""
    told = []
    for name in expected.keys() | found.keys():
        here, there = found.get(name, Counter()), expected.get(name, Counter())
        for word, rows in (("lacks", there - here), ("has too much", here - there)):
            if rows:
                sample = str(next(iter(rows)))[:300]
                told.append(f"{name}: the home {word} {rows.total()} of {there.total()}, such as {sample}")
    return told


def _rows(
    generation: Generation, place: Callable[[int], Any], community: Callable[[int], Any], audience: Callable[[int], Any]
) -> Counter[Any]:
    rows: Counter[Any] = Counter()
    for segment, alive in zip(generation.segments, generation.alive, strict=True):
        for row in np.flatnonzero(alive):
            rows[
                place(int(segment.passages[row])),
                segment.digests[row].tobytes(),
                hashlib.blake2b(segment.vectors.matrix[row].tobytes(), digest_size=8).hexdigest(),
                community(int(segment.communities[row])),
                audience(int(segment.audiences[row])),
                int(segment.kinds[row]),
                int(segment.days[row]),
            ] += 1
    return rows


def _found(generation: Generation, place: Callable[[int], Any], audiences: frozenset[int]) -> Counter[Any]:
    """All that searches find through the engine. Shares of words are left out: dead rows still count in them until
    their segment is written again, and when that is may differ."""
    engine, encoder = LocalEngine(generation), HashingEncoder()
    found: Counter[Any] = Counter()
    for question in QUESTIONS:
        vector, terms = encoder.encode_query(question), QueryTerms.of(question)
        best = engine.candidates(vector, terms, RowFilter(audiences), generation.manifest.passages)
        for passage, cosine, lexical in zip(best.passages, best.cosines, best.lexical, strict=True):
            found[question, place(int(passage)), round(float(cosine), 4), bool(lexical > 0)] += 1
    return found


def _named(connection: sqlite3.Connection, select: str) -> dict[int, Any]:
    return {row[0]: row[1:] for row in connection.execute(select)}


def _short(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        hashlib.blake2b(value if isinstance(value, bytes) else value.encode(), digest_size=12).hexdigest()
        if isinstance(value, str | bytes) and len(value) > 200
        else value
        for value in row
    )

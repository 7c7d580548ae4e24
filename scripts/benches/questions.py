"""Questions for servers under measurement: in the words of a home's documents, but nowhere as they stand."""

import csv
import io
import lzma
import random
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from scripts.benches.common import DATA

SETS = ("mlquestions", "nasa-llis")
TELL = (
    "questions: of each five, four are titles of the home's threads with one of the inner words left out, one is of "
    "mlquestions or the title of a NASA lesson, which no document of the home answers; no question is asked twice of "
    "one server process"
)
SEED = 20_250_302
LEAST_WORDS = 4
OWN_A_FOREIGN = 4


def questions(database: Path, most: int) -> list[str]:
    """At most so many distinct questions for the home of a database, always the same ones in the same order."""
    drawn = random.Random(SEED)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        titles = [title for (title,) in connection.execute("SELECT DISTINCT title FROM documents ORDER BY id")]
    foreign = list(foreign_questions())
    drawn.shuffle(titles)
    drawn.shuffle(foreign)
    return list(islice(mixed(gaps(titles, drawn), foreign), most))


def mixed(own: Iterable[str], foreign: Iterable[str]) -> Iterator[str]:
    """Four of the one for each of the other, as long as there are both; none twice."""
    own, seen = iter(own), set[str]()
    for other in foreign:
        for question in (*islice(own, OWN_A_FOREIGN), other):
            if question.casefold() not in seen:
                seen.add(question.casefold())
                yield question


def gaps(titles: Iterable[str], drawn: random.Random) -> Iterator[str]:
    """Titles of at least four words without one of the inner ones."""
    for title in titles:
        words = title.split()
        if len(words) >= LEAST_WORDS:
            del words[drawn.randrange(1, len(words) - 1)]
            yield " ".join(words)


def foreign_questions() -> Iterator[str]:
    for file, column, delimiter in (
        ("mlquestions/dev.tsv.xz", "question", "\t"),
        ("nasa-llis/llis.csv.xz", "Title", ","),
    ):
        text = lzma.decompress((DATA / file).read_bytes()).decode("utf-8", "replace")
        for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
            if question := " ".join((row[column] or "").split()):
                yield question

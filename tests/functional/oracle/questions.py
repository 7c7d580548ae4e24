"""What is asked of an organisation, and every answer that may leak."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from indexer.domain.content import DocumentKind
from indexer.domain.ids import document_id
from tests.functional.oracle.organisations import IDENTIFIERS, SOURCE, WORDS, Organisation, misspelt

API = "/api/v1"
UNKNOWN = "0123456789abcdef"


@dataclass(frozen=True)
class Request:
    """One request. `said` are the words in it: an answer may say them again."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: dict[str, Any] | None = None
    said: str = ""
    surface: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.params or self.body or ''}"

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


@dataclass(frozen=True)
class Question:
    text: str
    filters: tuple[tuple[str, str], ...] = field(default=())


def questions(organisation: Organisation, number: int) -> list[Question]:
    """Questions of every sort, with and without filters."""
    pick = random.Random(organisation.seed + 1)
    return [Question(_text(organisation, pick, place), _filters(organisation, pick)) for place in range(number)]


def _text(organisation: Organisation, pick: random.Random, place: int) -> str:
    writing = pick.choice(organisation.writings)
    words = pick.sample(WORDS[:24], pick.randint(1, 4))
    texts = (
        " ".join(words),
        pick.choice(IDENTIFIERS),
        " ".join([misspelt(words[0], pick), *words[1:]]),
        # A slip of the hand away from a word that this writing alone has.
        misspelt(f"{writing.canary}{pick.choice('xyth')}", pick),
        f"{writing.title} {words[0]}",
        f"how do I {words[0]} {pick.choice(IDENTIFIERS).replace('-', '')}",
        writing.blocks[0].text,
        misspelt(pick.choice(WORDS), pick),
    )
    return texts[place % len(texts)]


def _filters(organisation: Organisation, pick: random.Random) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if pick.random() < 0.2:
        found.append(("community", pick.choice([*organisation.communities, "no-such-community"])))
    if pick.random() < 0.2:
        found.append(("kind", pick.choice(list(DocumentKind))))
    if pick.random() < 0.15:
        found.append(("since", f"{pick.randint(2016, 2026)}-03-01"))
    if pick.random() < 0.15:
        found.append(("until", f"{pick.randint(2018, 2026)}-09-30"))
    if pick.random() < 0.4:
        found.append(("limit", str(pick.randint(1, 5))))
    return tuple(found)


def answers_to(question: Question, names: Sequence[str]) -> Iterator[Request]:
    """The surfaces that answer a question; `names` are whom a shortlist names."""
    asked = (("q", question.text), *question.filters)
    unpaged = tuple(entry for entry in asked if entry[0] != "limit")
    yield Request("GET", f"{API}/search", (*asked, ("explain", "true")), said=question.text, surface="search")
    yield Request("GET", f"{API}/people", (*unpaged, ("explain", "true")), said=question.text, surface="people")
    body = {"text": question.text, "people": list(names), "explain": True}
    said = " ".join([question.text, *names])
    yield Request("POST", f"{API}/people/shortlist", body=body, said=said, surface="shortlist")
    yield Request("GET", f"{API}/feedback", (("query", question.text),), said=question.text, surface="feedback")
    yield Request("GET", "/", unpaged, said=question.text, surface="page of results")


def places(organisation: Organisation, people: Sequence[str]) -> Iterator[Request]:
    """Every surface that needs no question; `people` are ids."""
    yield Request("GET", f"{API}/health", surface="health")
    yield Request("GET", f"{API}/communities", surface="communities")
    yield Request("GET", "/", surface="start page")
    yield Request("GET", "/communities", surface="page of communities")
    for slug in [*organisation.communities, "no-such-community"]:
        yield Request("GET", f"{API}/communities/{slug}", said=slug, surface="community")
        yield Request("GET", f"/communities/{slug}", said=slug, surface="page of a community")
    for person in [*people, UNKNOWN]:
        yield Request("GET", f"{API}/people/{person}", surface="person")
        yield Request("GET", f"/people/{person}", surface="page of a person")
    for number, writing in enumerate(organisation.writings):
        public_id = document_id(SOURCE, writing.uri)
        yield Request("GET", f"{API}/documents/{public_id}", surface="document")
        if number % 3 == 0:
            yield Request("GET", f"/documents/{public_id}", surface="page of a document")
    for query, *_ in organisation.judged:
        yield Request("GET", f"{API}/feedback", (("query", query), ("voter", "voter1")), said=query, surface="feedback")

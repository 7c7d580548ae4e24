"""What is asked of an organisation, and every answer that may leak."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.domain.content import DocumentKind
from indexer.domain.ids import document_id
from tests.functional.oracle.organisations import IDENTIFIERS, SOURCE, WORDS, Asker, Organisation, misspelt

API = "/api/v1"
A_STEWARD = "a steward"
UNKNOWN = "0123456789abcdef"


@dataclass(frozen=True)
class Request:
    """One request; `surface` is what answers it."""

    surface: str
    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: dict[str, Any] | None = None

    @property
    def said(self) -> str:
        """All words in it: an answer may say them again."""
        return f"{self.path} {' '.join(value for _, value in self.params)} {self.body or ''}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.params or self.body or ''}"


@dataclass(frozen=True)
class Question:
    text: str
    filters: tuple[tuple[str, str], ...] = ()


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
    yield Request("search", "GET", f"{API}/search", (*asked, ("explain", "true")))
    yield Request("people", "GET", f"{API}/people", (*unpaged, ("explain", "true")))
    body = {"text": question.text, "people": list(names), "explain": True}
    yield Request("shortlist", "POST", f"{API}/people/shortlist", body=body)
    yield Request("feedback", "GET", f"{API}/feedback", (("query", question.text),))
    yield Request("page of results", "GET", "/", unpaged)


def own_places(organisation: Organisation, asker: Asker) -> Iterator[Request]:
    """What is shown of themselves to whoever is signed in, and to stewards of what is theirs to decide. Their
    addresses, handles and names are left out: those are their own, wherever they stand."""
    yield Request("account", "GET", f"{API}/account")
    yield Request("own profile", "GET", f"{API}/account/profile")
    for writing in organisation.writings if asker.admin or asker.name == A_STEWARD else organisation.writings[:1]:
        yield Request("audience", "GET", f"{API}/documents/{document_id(SOURCE, writing.uri)}/audience")


def judgements_on(documents: Sequence[str]) -> Iterator[Request]:
    """Judgements on documents (public ids), of which the asker may read none: they must be as unknown as any other."""
    for document in [*documents, UNKNOWN]:
        body = {"query": "brake", "document": document, "useful": True}
        yield Request("feedback given", "POST", f"{API}/feedback", body=body)


def places(organisation: Organisation, people: Sequence[str]) -> Iterator[Request]:
    """Every surface that needs no question; `people` are ids."""
    yield Request("health", "GET", f"{API}/health")
    yield Request("communities", "GET", f"{API}/communities")
    yield Request("start page", "GET", "/")
    yield Request("page of communities", "GET", "/communities")
    for slug in [*organisation.communities, "no-such-community"]:
        yield Request("community", "GET", f"{API}/communities/{slug}")
        yield Request("page of a community", "GET", f"/communities/{slug}")
    for person in [*people, UNKNOWN]:
        yield Request("person", "GET", f"{API}/people/{person}")
        yield Request("page of a person", "GET", f"/people/{person}")
    for number, writing in enumerate(organisation.writings):
        public_id = document_id(SOURCE, writing.uri)
        yield Request("document", "GET", f"{API}/documents/{public_id}")
        if number % 3 == 0:
            yield Request("page of a document", "GET", f"/documents/{public_id}")
    yield Request("document", "GET", f"{API}/documents/{UNKNOWN}")
    yield Request("page of a document", "GET", f"/documents/{UNKNOWN}")
    for query, *_ in organisation.judged:
        yield Request("feedback", "GET", f"{API}/feedback", (("query", query), ("voter", "voter1")))

"""Compares what the whole home answers somebody with what a home answers that holds only what they may read."""

import html
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from fastapi import FastAPI
from fastapi.testclient import TestClient

from indexer.domain.ids import document_id
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.settings import ServiceSettings
from tests.functional.oracle.homes import NEVER_SHOWN, Builder, Built, Reader, identity_of_everybody
from tests.functional.oracle.organisations import SOURCE, Asker, Organisation
from tests.functional.oracle.questions import (
    Question,
    Request,
    answers_to,
    judgements_on,
    own_places,
    places,
    questions,
)

EXACT = 1e-5
PAGES_FOLLOWED = 3
# What differs between any two homes, or between two moments.
PASSING = {"generation", "took_ms"}
PASSING_IN_PAGES = re.compile(r'name="(?:token|csrf)" value="[^"]*"|\d+ ms|knowwho_\w+=[^;]*|\b\d{8}T\d{12,}\b')


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    body: Any


@dataclass
class Tally:
    """How many answers were compared, by surface and status, and how many of how many documents each asker may read.
    `parts` says how much of a sort was in the answers."""

    compared: Counter[tuple[str, int]] = field(default_factory=Counter)
    selectivities: list[tuple[int, int]] = field(default_factory=list)
    parts: Counter[str] = field(default_factory=Counter)

    def count(self, request: Request, answer: Answer) -> None:
        self.compared[request.surface, answer.status] += 1
        told = answer.body if isinstance(answer.body, dict) else {}
        self.parts["measured subjects"] += sum(entry["documents"] > 0 for entry in told.get("subjects", ()))
        self.parts["near-duplicates"] += sum(len(entry["also"]) for entry in told.get("passages", ()))
        self.parts["judgements"] += len(told.get("judged", ()))

    @property
    def cases(self) -> int:
        return sum(self.compared.values())

    def told(self) -> str:
        shares = sorted(self.selectivities)
        readable = ", ".join(f"{readable}/{of}" for readable, of in shares)
        told = sorted(self.compared.items())
        by_surface = ", ".join(f"{surface} ({status}) {number}" for (surface, status), number in told)
        return f"{self.cases} answers compared ({by_surface}); documents readable: {readable}; {dict(self.parts)}"


@contextmanager
def comparing(settings: ServiceSettings, builder: Builder, tally: Tally) -> Iterator["Comparer"]:
    """A comparer of what the builder builds."""
    app = create_app(settings, Home(settings.home), HashingEncoder())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Comparer(app, client, builder, tally)


class Comparer:
    """Asks both homes through one application."""

    def __init__(self, app: FastAPI, client: TestClient, builder: Builder, tally: Tally) -> None:
        self._app, self._client, self._builder, self._tally = app, client, builder, tally
        self._found: list[str] = []

    def compare(self, organisation: Organisation, number: int) -> list[str]:
        """Everything that each of the organisation's askers can see, and what a number of questions finds for them;
        gives every difference."""
        self._found = []
        whole = self._builder.whole(organisation)
        everybody = sorted({person for person in identity_of_everybody(whole.home).values() if person})
        asked = questions(organisation, number)
        try:
            for asker in organisation.askers:
                self._compare_for(organisation, asker, whole, everybody, asked)
        finally:
            whole.remove()
        return self._found

    def _compare_for(
        self,
        organisation: Organisation,
        asker: Asker,
        whole: Built,
        everybody: Sequence[str],
        asked: Sequence[Question],
    ) -> None:
        readable = self._builder.readable(organisation, asker, whole)
        hidden = _Hidden.of(organisation, asker)
        self._tally.selectivities.append((hidden.readable, len(organisation.writings)))
        pick = random.Random(organisation.seed)
        try:
            own = own_places(organisation, asker) if asker.account else ()
            for request in [*places(organisation, everybody), *own, *judgements_on(hidden.documents)]:
                self._compare_one(organisation, asker, whole, readable, hidden, request)
            for question in asked:
                for request in answers_to(question, _names(organisation, everybody, pick)):
                    self._compare_pages(organisation, asker, whole, readable, hidden, request)
        finally:
            readable.remove()

    def _compare_pages(
        self, organisation: Organisation, asker: Asker, whole: Built, readable: Built, hidden: "_Hidden", first: Request
    ) -> None:
        request: Request | None = first
        for _ in range(PAGES_FOLLOWED):
            if request is None:
                return
            body = self._compare_one(organisation, asker, whole, readable, hidden, request).body
            cursor = body.get("next") if isinstance(body, dict) else None
            request = replace(first, params=(*first.params, ("cursor", cursor))) if cursor else None

    def _compare_one(
        self,
        organisation: Organisation,
        asker: Asker,
        whole: Built,
        readable: Built,
        hidden: "_Hidden",
        request: Request,
    ) -> Answer:
        found, expected = (self._ask(home, asker, request) for home in (whole, readable))
        told = f"{asker.name} of {organisation} asks {request}"
        if found.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._found.append(f"{told}: {found.text[:2000]}")
        elif differing := list(differences(expected, found)):
            self._found.append("\n".join([told, *differing[:12]]))
        elif leaked := hidden.leaked(found.text, request.said):
            self._found.append(f"{told}: the answer has {leaked}\n{found.text[:2000]}")
        elif shown := _ranked(request, found) & whole.hidden:
            self._found.append(f"{told}: the answer ranks {shown}, who are hidden")
        self._tally.count(request, found)
        return found

    def _ask(self, built: Built, asker: Asker, request: Request) -> Answer:
        # One application serves all homes, since making one takes longer than all its answers.
        self._app.state.parts = replace(self._app.state.parts, home=built.home, index=built.index)
        cookies = {SESSION_COOKIE: built.cookies[asker.account]} if asker.account else {}
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        self._client.cookies.clear()
        response = self._client.request(
            request.method,
            request.path,
            params=list(request.params),
            json=request.body,
            headers=headers,
            follow_redirects=False,
        )
        where = response.headers.get("location", "")
        if response.headers.get("content-type", "").startswith(("application/json", "application/problem+json")):
            body = response.json()
            if request.surface == "account":
                body.pop("id", None)  # drawn anew in each home
            return Answer(response.status_code, f"{where}\n{response.text}", body)
        text = PASSING_IN_PAGES.sub("", response.text)
        return Answer(response.status_code, f"{where}\n{text}", [where, *text.splitlines()])


def _ranked(request: Request, answer: Answer) -> set[str]:
    """The ids of the people that an answer to a question recommends."""
    if request.surface not in ("search", "people") or not isinstance(answer.body, dict):
        return set()
    return {entry["id"] for entry in answer.body.get("people", ())}


def differences(expected: Answer, found: Answer) -> Iterator[str]:
    """Where two answers differ, a line each."""
    if expected.status != found.status:
        yield f"status {found.status} in place of {expected.status}: {found.text[:300]} / {expected.text[:300]}"
    else:
        yield from _differences(expected.body, found.body, "")


def _differences(expected: Any, found: Any, place: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted((expected.keys() | found.keys()) - PASSING):
            yield from _differences(expected.get(key), found.get(key), f"{place}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place} has {len(found)} entries in place of {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif isinstance(expected, float) and isinstance(found, float):
        if abs(expected - found) > EXACT * max(1.0, abs(expected)):
            yield f"{place} is {found} in place of {expected}"
    elif expected != found:
        yield f"{place} is {found!r} in place of {expected!r}"


@dataclass(frozen=True)
class _Hidden:
    """The canaries of what an asker may not read or know of."""

    canaries: frozenset[str]
    documents: tuple[str, ...]
    readable: int

    @classmethod
    def of(cls, organisation: Organisation, asker: Asker) -> "_Hidden":
        reader = Reader.of(organisation, asker)
        closed = {w.canary for w in organisation.writings if not reader.may_read(w.audience_now)}
        unknown = {
            community.slug.partition("-")[2][:-1]
            for community in organisation.records.communities
            if community.slug not in reader.seen
        }
        ids = tuple(document_id(SOURCE, w.uri) for w in organisation.writings if w.canary in closed)
        readable = len(organisation.writings) - len(closed)
        return cls(frozenset({*closed, *unknown, *ids, NEVER_SHOWN.casefold()}), ids, readable)

    def leaked(self, text: str, said: str) -> list[str]:
        """The canaries in a text that the request did not have itself."""
        small, own = html.unescape(unquote_plus(text)).casefold(), said.casefold()
        return [canary for canary in self.canaries if canary in small and canary not in own]


def _names(organisation: Organisation, everybody: Sequence[str], pick: random.Random) -> list[str]:
    """Whom a shortlist names: people of the directory, and now and then others, in many spellings."""
    listed = [entry.person for entry in organisation.records.people]
    names = [pick.choice([person.id, person.name, person.address or ""]) for person in pick.sample(listed, 2)]
    number = pick.randrange(5)
    others = [
        pick.choice(everybody),
        f"olga{number}",
        f"chat:olga{number}",
        f"olga{number}@out.example",
        f"Olga{pick.randrange(3)}",
        f"Olga{pick.randrange(3)} {pick.choice(organisation.writings).canary}n",
        f"{pick.choice(organisation.writings).canary}a@out.example",
        "Unknown",
    ]
    return names + pick.sample(others, pick.choice([0, 0, 1, 2, 3]))

"""Random organisations: people, communities, documents with every kind of audience, and what is asked of them.

What a document says is made from a few shared words, so that documents compete, and from canaries: words that no other
document has, a different one in each of its places. Who may not read a document must never see one of them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from indexer.domain.accounts import PersonChoices, SubjectChoice
from indexer.domain.content import Audience, AudienceKind, Block, BlockKind, Credit, DocumentKind, Mark, Message
from indexer.domain.people import (
    Community,
    DirectoryPerson,
    DirectoryRecords,
    Membership,
    MembershipRole,
    Person,
    Role,
    Visibility,
)
from indexer.notation import address_identity, handle_identity

SOURCE = "library"
SPACE = "chat"
LATEST = datetime(2026, 6, 1, 9, tzinfo=UTC)
LETTERS = "bcdfghjklmnprstvwxyz"
WORDS = [
    "brake",
    "caliper",
    "squeal",
    "chamfer",
    "torque",
    "valve",
    "pressure",
    "compressor",
    "leak",
    "gasket",
    "bearing",
    "grease",
    "vibration",
    "axle",
    "bogie",
    "damper",
    "pantograph",
    "carbon",
    "strip",
    "voltage",
    "converter",
    "inverter",
    "cooling",
    "ventilator",
    "filter",
    "door",
    "sensor",
    "obstacle",
    "signal",
    "balise",
    "antenna",
    "firmware",
    "watchdog",
    "timeout",
    "restart",
    "logging",
    "depot",
    "inspection",
    "interval",
    "checklist",
    "supplier",
    "warranty",
    "tender",
    "drawing",
    "revision",
]
IDENTIFIERS = ("E-4711", "DCU-F209", "in_place_update", "v1.27", "K12", "PN-88/3")
ROLES_IN_DOCUMENTS = (Role.AUTHOR, Role.AUTHOR, Role.REVIEWER, Role.APPROVER, Role.MAINTAINER, Role.COMMENTER)
# The first is open to everybody in a public community.
CLOSED_TO_MOST = (
    AudienceKind.COMMUNITY,
    AudienceKind.MEMBERS,
    AudienceKind.MEMBERS,
    AudienceKind.SIGNED_IN,
    AudienceKind.PEOPLE,
)
SHARES_OPEN = {"one": 0.0, "few": 0.12, "half": 0.5, "most": 0.85, "all": 1.0}


@dataclass(frozen=True)
class Writing:
    """A document as it is when the index is built. `later` is what becomes of it after that: another audience, fewer
    may read it then, or None in a tuple where it is removed."""

    uri: str
    title: str
    kind: DocumentKind
    audience: Audience
    community: str | None
    created: datetime | None
    updated: datetime | None
    mark: Mark | None
    superseded_by: str | None
    blocks: tuple[Block, ...]
    credits: tuple[Credit, ...]
    messages: tuple[Message, ...]
    canary: str
    later: tuple[Audience | None] | None = None

    @property
    def audience_now(self) -> Audience | None:
        """None for a document that is gone."""
        return self.audience if self.later is None else self.later[0]


@dataclass(frozen=True)
class Asker:
    """Somebody who looks at everything. `account` is None for whoever has not signed in; `person` is the id of somebody
    whom the directory lists, `handle` that of somebody whom it does not."""

    name: str
    account: str | None
    person: str | None = None
    admin: bool = False
    handle: str | None = None


@dataclass(frozen=True, repr=False)
class Organisation:
    """`visibilities` are those that communities get after the index is built; `judged` are queries with what was said
    of the writing of a number (a document) or of a person, `choices` what people chose: both name whom the directory
    lists by id, others by handle."""

    seed: int
    records: DirectoryRecords
    unlisted: str
    visibilities: dict[str, Visibility]
    writings: tuple[Writing, ...]
    askers: tuple[Asker, ...]
    judged: tuple[tuple[str, str, bool, int | str], ...]
    choices: dict[str, PersonChoices]

    def __repr__(self) -> str:
        return f"an organisation of {len(self.writings)} documents with seed {self.seed}"

    @property
    def communities(self) -> list[str]:
        return [*(community.slug for community in self.records.communities), self.unlisted]

    def visibility(self, slug: str) -> Visibility:
        """That of a community now."""
        listed = {community.slug: community.visibility for community in self.records.communities}
        return self.visibilities.get(slug, listed.get(slug, Visibility.PUBLIC))


def random_organisation(seed: int, most_documents: int = 40) -> Organisation:
    """An organisation of a handful to some dozens of documents, of which everybody may read one, few, many or all."""
    pick = random.Random(seed)
    others = pick.choices(list(Visibility), k=pick.randint(0, 2))
    visibilities = [Visibility.PUBLIC, Visibility.MEMBERS, *others]
    pick.shuffle(visibilities)
    share_open = pick.choice(sorted(SHARES_OPEN))
    return Maker(seed).organisation(
        visibilities, share_open, pick.randint(8, most_documents), changing=pick.random() < 0.5
    )


class Maker:
    """Makes an organisation from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self._canaries: set[str] = set()

    def organisation(
        self, visibilities: Sequence[Visibility], share_open: str, number: int, changing: bool
    ) -> Organisation:
        pick = self.random
        communities = tuple(self._community(place, visibility) for place, visibility in enumerate(visibilities))
        listed = [self._listed(place) for place in range(pick.randint(4, 7))]
        people = [entry.person.id for entry in listed]
        memberships = tuple(self._memberships(people, [community.slug for community in communities]))
        records = DirectoryRecords(tuple(listed), communities, (), memberships)
        unlisted = "not-listed"
        outsiders = [_Outsider.of(pick, place) for place in range(pick.randint(3, 6))]
        writings = self._writings(number, share_open, [c.slug for c in communities] + [unlisted], listed, outsiders)
        if changing:
            writings = [self._changed(writing) for writing in writings]
        turned = {c.slug: pick.choice(list(Visibility)) for c in communities if changing and pick.random() < 0.2}
        everybody = [*people, *(outsider.handle for outsider in outsiders)]
        judged = tuple(self._judged(writings, everybody) for _ in range(pick.randint(0, 8)))
        choices = {name: self._choices() for name in everybody if pick.random() < 0.25}
        askers = self._askers(people, memberships, pick.choice(outsiders).handle)
        return Organisation(self.seed, records, unlisted, turned, tuple(writings), askers, judged, choices)

    def _community(self, place: int, visibility: Visibility) -> Community:
        canary = self.canary()
        name = f"{self.random.choice(WORDS).title()} {canary}m"
        return Community(f"c{place}-{canary}s", name, f"All about {canary}o.", visibility, in_directory=True)

    def _listed(self, place: int) -> DirectoryPerson:
        name = f"Dora{place} {self.random.choice(WORDS).title()}"
        address = f"dora{place}@example.org"
        person = Person(f"dora-{place}", name, "Rolling Stock", "Fulda", ("de",), address, in_directory=True)
        return DirectoryPerson(person, (address_identity(address), handle_identity(SPACE, f"dora{place}")))

    def _memberships(self, people: Sequence[str], slugs: Sequence[str]) -> Iterator[Membership]:
        for person in people:
            for slug in slugs:
                if self.random.random() < 0.4:
                    since = date(2020, 1, 1) + timedelta(days=self.random.randrange(1500))
                    until = self.random.choice([None, None, date(2023, 5, 5), date(2999, 1, 1)])
                    yield Membership(person, slug, self.random.choice(list(MembershipRole)), since, until)

    def _askers(self, people: Sequence[str], memberships: Sequence[Membership], handle: str) -> tuple[Asker, ...]:
        stewards = [m.person for m in memberships if m.role is MembershipRole.STEWARD and m.until is None]
        return (
            Asker("nobody", None),
            Asker("without a person", "stranger"),
            Asker("a person", "one", self.random.choice(people)),
            Asker("somebody in no directory", "two", handle=handle),
            Asker("a steward", "steward", (stewards or people)[0]),
            Asker("an admin", "boss", None, admin=True),
        )

    def _choices(self) -> PersonChoices:
        words = self.random.sample(WORDS[:20], self.random.randint(0, 3))
        return PersonChoices(
            hidden=self.random.random() < 0.3,
            away_until=self.random.choice([None, date(2999, 1, 1)]),
            questions_a_week=self.random.choice([None, 0, 3]),
            subjects={word: self.random.choice(list(SubjectChoice)) for word in words},
        )

    def _writings(
        self,
        number: int,
        share_open: str,
        slugs: Sequence[str],
        listed: Sequence[DirectoryPerson],
        outsiders: Sequence["_Outsider"],
    ) -> list[Writing]:
        made: list[Writing] = []
        for place in range(number):
            open_one = place == 0 if share_open == "one" else self.random.random() < SHARES_OPEN[share_open]
            audience, slug = self._audience(open_one, share_open == "one", slugs, [entry.person.id for entry in listed])
            like = self.random.choice(made) if made and self.random.random() < 0.15 else None
            made.append(self._writing(place, audience, slug, listed, outsiders, like, made))
        return made

    def _audience(
        self, open_one: bool, others_closed: bool, slugs: Sequence[str], people: Sequence[str]
    ) -> tuple[Audience, str | None]:
        slug = self.random.choice([None, *slugs])
        if open_one:
            return Audience(AudienceKind.PUBLIC), slug
        kind = self.random.choice(CLOSED_TO_MOST[others_closed:])
        if kind in (AudienceKind.COMMUNITY, AudienceKind.MEMBERS):
            slug = slug or slugs[0]
            return Audience(kind, slug), slug
        if kind is AudienceKind.PEOPLE:
            given = self.random.sample(people, self.random.randint(0, 2))
            return Audience(kind, ",".join(sorted(given))), slug
        return Audience(kind), slug

    def _writing(
        self,
        place: int,
        audience: Audience,
        slug: str | None,
        listed: Sequence[DirectoryPerson],
        outsiders: Sequence["_Outsider"],
        like: Writing | None,
        made: Sequence[Writing],
    ) -> Writing:
        canary = self.canary()
        kind = self.random.choice(list(DocumentKind))
        title = f"{' '.join(self._words(2, 4)).title()} {canary}t"
        texts = [self._text(f"{canary}x"), self._text(f"{canary}y")]
        if like is not None:
            title, texts = like.title.rsplit(" ", 1)[0] + f" {canary}t", [f"{block.text}" for block in like.blocks]
            texts = [
                text.replace(like.canary, canary).replace(like.canary.capitalize(), canary.capitalize())
                for text in texts
            ]
        messages: tuple[Message, ...] = ()
        if kind is DocumentKind.THREAD:
            messages = tuple(self._messages(len(texts), listed, outsiders, canary))
        blocks = tuple(
            Block(
                text,
                BlockKind.PARAGRAPH,
                (f"On {self.random.choice(WORDS)} {canary}h",),
                message=number if messages else None,
            )
            for number, text in enumerate(texts, 1)
        )
        created = LATEST - timedelta(days=self.random.randrange(4000))
        older = [writing.uri for writing in made if self.random.random() < 0.5]
        mark = self.random.choice([None, None, None, Mark.VERIFIED, Mark.SUPERSEDED, Mark.RETIRED, Mark.DRAFT])
        return Writing(
            f"{place}-{canary}u.md",
            title,
            kind,
            audience,
            slug,
            None if self.random.random() < 0.1 else created,
            self.random.choice([None, created + timedelta(days=self.random.randrange(300))]),
            mark,
            self.random.choice(older) if mark is Mark.SUPERSEDED and older else None,
            blocks,
            tuple(self._credits(listed, outsiders, canary)) if not messages else (),
            messages,
            canary,
        )

    def canary(self) -> str:
        while True:
            word = "q" + "".join(self.random.choice(LETTERS) for _ in range(7))
            if word not in self._canaries:
                self._canaries.add(word)
                return word

    def _words(self, least: int, most: int) -> list[str]:
        # Some words are in nearly every document, others in hardly any.
        return [WORDS[int(len(WORDS) * self.random.random() ** 2)] for _ in range(self.random.randint(least, most))]

    def _text(self, canary: str) -> str:
        words = self._words(6, 40)
        if self.random.random() < 0.3:
            words.insert(self.random.randrange(len(words)), self.random.choice(IDENTIFIERS))
        if self.random.random() < 0.3:
            words.insert(self.random.randrange(len(words)), misspelt(self.random.choice(WORDS), self.random))
        words.insert(self.random.randrange(len(words)), canary)
        return " ".join(words).capitalize() + "."

    def _credits(
        self, listed: Sequence[DirectoryPerson], outsiders: Sequence["_Outsider"], canary: str
    ) -> Iterator[Credit]:
        for _ in range(self.random.randint(0, 3)):
            yield self._credit(self.random.choice(ROLES_IN_DOCUMENTS), listed, outsiders, canary)

    def _credit(
        self, role: Role, listed: Sequence[DirectoryPerson], outsiders: Sequence["_Outsider"], canary: str
    ) -> Credit:
        at = self.random.choice([None, LATEST - timedelta(days=self.random.randrange(900))])
        if self.random.random() < 0.4:
            number = self.random.randrange(len(listed))
            name = self.random.choice([None, listed[number].person.name, f"Dora {canary}n"])
            return Credit(role, name, handle=f"dora{number}", namespace=SPACE, at=at)
        if self.random.random() < 0.1:
            return Credit(role, "Unknown", at=at)
        return self.random.choice(outsiders).credit(self.random, role, canary, at)

    def _messages(
        self, number: int, listed: Sequence[DirectoryPerson], outsiders: Sequence["_Outsider"], canary: str
    ) -> Iterator[Message]:
        roles = [Role.ASKER, Role.ANSWERER]
        accepted = self.random.random() < 0.5
        for place in range(1, number + 1):
            role = roles[min(place, 2) - 1]
            taken = accepted and place == number
            credit = self._credit(Role.ACCEPTED_ANSWERER if taken else role, listed, outsiders, canary)
            yield Message(place, credit, credit.at, self.random.randrange(4), taken)

    def _changed(self, writing: Writing) -> Writing:
        """The writing with what becomes of it: nothing mostly, else it is removed or fewer may read it."""
        if self.random.random() > 0.15:
            return writing
        narrower: list[Audience | None] = [None, Audience(AudienceKind.PEOPLE)]
        if writing.audience.kind is AudienceKind.COMMUNITY:
            narrower.append(Audience(AudienceKind.MEMBERS, writing.audience.subject))
        if writing.audience.kind is AudienceKind.PUBLIC:
            narrower.append(Audience(AudienceKind.SIGNED_IN))
            if writing.community:
                narrower.append(Audience(AudienceKind.MEMBERS, writing.community))
        return Writing(**{**vars(writing), "later": (self.random.choice(narrower),)})

    def _judged(self, writings: Sequence[Writing], people: Sequence[str]) -> tuple[str, str, bool, int | str]:
        target: int | str = self.random.choice([self.random.randrange(len(writings)), self.random.choice(people)])
        query = " ".join(self._words(2, 3))
        if self.random.random() < 0.5 and isinstance(target, int):
            query += f" {writings[target].title.rsplit(' ', 1)[0]}".casefold()
        return query, f"voter{self.random.randrange(3)}", self.random.random() < 0.6, target


@dataclass(frozen=True)
class _Outsider:
    """Somebody whom no directory lists: documents call them now this, now that."""

    number: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, pick: random.Random, number: int) -> "_Outsider":
        # Some share a name: which of them is meant then depends on what may be read.
        first = f"Olga{pick.randrange(3)}"
        return cls(number, (first, f"{first} {pick.choice(WORDS).title()}", f"O. {pick.choice(WORDS).title()}"))

    @property
    def handle(self) -> str:
        return f"olga{self.number}"

    def credit(self, pick: random.Random, role: Role, canary: str, at: datetime | None) -> Credit:
        name = pick.choice([None, *self.names, f"{self.names[0]} {canary}n", f"Zoe {canary}n"])
        address = f"olga{self.number}@out.example"
        match pick.randrange(6):
            case 0 | 1:
                return Credit(role, name, handle=self.handle, namespace=SPACE, at=at)
            case 2:
                return Credit(role, name, address=address, at=at)
            case 3:
                return Credit(role, name, address=f"{canary}a@out.example", handle=self.handle, namespace=SPACE, at=at)
            case 4:
                return Credit(role, name, address=address, handle=self.handle, namespace=SPACE, at=at)
            case _:
                return Credit(role, name or self.names[0], at=at)


def misspelt(word: str, pick: random.Random) -> str:
    """The word with a slip of the hand, never in its first two letters."""
    place = pick.randrange(2, len(word) - 1)
    slip = pick.randrange(3)
    if slip == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if slip == 1:
        return word[:place] + word[place + 1 :]
    return word[:place] + pick.choice("aeiou") + word[place + 1 :]

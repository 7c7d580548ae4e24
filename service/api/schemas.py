"""The shapes of the JSON face. Dates are days in UTC; every id is opaque."""

from datetime import UTC, date, datetime
from datetime import date as day
from typing import Literal

from pydantic import Field

from indexer.domain.content import BlockKind, Document, DocumentKind, Mark
from indexer.domain.people import Community, MembershipRole, Role, Visibility
from indexer.store.contributions import Contributor as StoredContributor
from service.api.explanations import PassageExplanation, PersonExplanation, explain_passage, explain_person
from service.api.shape import Shape
from service.directory import CommunityView, DocumentView, PersonView, Subject
from service.experts import Answer, Confidence, RankedPerson, VerdictKind
from service.search import Hit


class Problem(Shape):
    """RFC 9457: what went wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str


class VerdictOut(Shape):
    kind: VerdictKind
    sentence: str


class CommunityRef(Shape):
    slug: str
    name: str


class DocumentRef(Shape):
    id: str
    title: str
    kind: DocumentKind
    uri: str
    url: str | None
    created: date | None
    updated: date | None


class LocatorOut(Shape):
    """Where in its document a passage stands; absent parts are null."""

    page: int | None
    heading: str | None
    message: int | None
    line: int | None


class Contributor(Shape):
    """`id` is null for whoever does not want to be found; `name` then is "hidden member"."""

    id: str | None
    name: str
    role: Role


class PassageOut(Shape):
    """A passage of the answer. `id` is its document's with its number in there; `extract` is runs of text, each with
    whether it matches the query."""

    id: str
    document: DocumentRef
    community: CommunityRef | None
    locator: LocatorOut
    extract: list[tuple[str, bool]]
    relevance: float = Field(description="How well it fits, on an absolute scale that is about 0 to 1")
    contributors: list[Contributor]
    marks: list[Mark]
    also: list[DocumentRef] = Field(description="Other documents that say nearly the same")
    explanation: PassageExplanation | None = Field(description="Where `explain` asks for it")


class EvidenceOut(Shape):
    """A document that speaks for a person; `share` is its part of the person's score."""

    document: str
    title: str
    role: Role
    date: day | None
    share: float
    passage: str
    message: int | None


class SupportedPerson(Shape):
    """A person with the documents that speak for them."""

    id: str
    name: str
    communities: list[CommunityRef]
    unit: str | None
    place: str | None
    languages: list[str]
    documents: int = Field(description="How many documents they had a part in that you may read")
    last_active: date | None
    away_until: date | None = Field(description="The last day of an absence that has begun")
    questions_a_week: int | None = Field(description="How many questions a week they want to get at most")
    evidence: list[EvidenceOut]
    explanation: PersonExplanation | None = Field(description="Where `explain` asks for it")


class RankedPersonOut(SupportedPerson):
    confidence: Confidence


class CommunityShareOut(Shape):
    slug: str
    name: str
    share: float


class AnswerOut(Shape):
    """The answer to a question: passages, and the people who hold the knowledge."""

    query: str
    verdict: VerdictOut
    passages: list[PassageOut]
    people: list[RankedPersonOut]
    communities: list[CommunityShareOut]
    generation: str
    degraded: str | None = Field(description="What the search had to do without, in a sentence")
    did_you_mean: str | None = Field(description="The question without what look like typing errors")
    searched_too: str | None = Field(description="Says which meant words were searched for, in a sentence")
    took_ms: int
    total: int
    next: str | None = Field(description="The cursor of the next page")


class PeopleOut(Shape):
    query: str
    verdict: VerdictOut
    people: list[RankedPersonOut]
    generation: str
    degraded: str | None
    took_ms: int


class TakingPart(Shape):
    community: CommunityRef
    role: MembershipRole | None
    since: date | None
    documents: int
    last_active: date | None


class SubjectOut(Shape):
    """What several documents that you may read say a person knows about, with the newest of them; or what the person
    claims to know (`claimed`), which changes no ranking. Years are those of the documents."""

    name: str
    documents: int
    first: int | None
    last: int | None
    evidence: list[DocumentRef]
    claimed: bool


class PersonOut(Shape):
    id: str
    name: str
    unit: str | None
    place: str | None
    languages: list[str]
    former: bool
    hidden: bool = Field(description="Whether they want to be in no result; only they and admins see them then")
    away_until: date | None = Field(description="The last day of an absence that has begun")
    questions_a_week: int | None = Field(description="How many questions a week they want to get at most")
    subjects: list[SubjectOut]
    communities: list[TakingPart]
    documents: list[DocumentRef]


class CommunitySummary(Shape):
    slug: str
    name: str
    domain: str | None
    visibility: Visibility
    documents: int
    last_active: date | None


class CommunitiesOut(Shape):
    communities: list[CommunitySummary]


class Member(Shape):
    id: str
    name: str
    unit: str | None
    role: MembershipRole | None
    documents: int
    last_active: date | None


class CommunityOut(Shape):
    slug: str
    name: str
    domain: str | None
    visibility: Visibility
    documents: int
    latest: list[DocumentRef]
    people: list[Member]


class BlockOut(Shape):
    text: str
    kind: BlockKind
    headings: list[str]
    page: int | None
    message: int | None
    line: int | None


class MessageOut(Shape):
    number: int
    person: str | None
    name: str | None
    at: datetime | None
    likes: int
    accepted: bool


class DocumentOut(DocumentRef):
    readers: str = Field(description="Who may read it, you among them, in words")
    community: CommunityRef | None
    marks: list[Mark]
    superseded_by: DocumentRef | None
    contributors: list[Contributor]
    blocks: list[BlockOut]
    messages: list[MessageOut]


class HealthOut(Shape):
    """`status` is ok, degraded (answers, but not at its best) or empty (nothing indexed yet)."""

    status: Literal["ok", "degraded", "empty"]
    model: str = Field(description="`ready`, `loading` or `failed`; an admin is told what went wrong")
    generation: str | None
    documents: int = Field(description="How many you may read")
    people: int
    problems: list[str] = Field(description="What is wrong, for admins; others get none")


def answer_out(answer: Answer, *, explain: bool = False) -> AnswerOut:
    return AnswerOut(
        query=answer.query.text,
        verdict=VerdictOut(kind=answer.verdict.kind, sentence=answer.verdict.sentence),
        passages=[_passage_out(hit, answer.names, explain) for hit in answer.page.hits],
        people=[ranked_out(ranked, explain) for ranked in answer.people],
        communities=[
            CommunityShareOut(slug=s.community.slug, name=s.community.name, share=s.share) for s in answer.communities
        ],
        generation=answer.generation,
        degraded=answer.degraded,
        did_you_mean=answer.did_you_mean,
        searched_too=answer.searched_too,
        took_ms=answer.took_ms,
        total=answer.page.total,
        next=answer.page.next,
    )


def people_out(answer: Answer, *, explain: bool = False) -> PeopleOut:
    return PeopleOut(
        query=answer.query.text,
        verdict=VerdictOut(kind=answer.verdict.kind, sentence=answer.verdict.sentence),
        people=[ranked_out(ranked, explain) for ranked in answer.people],
        generation=answer.generation,
        degraded=answer.degraded,
        took_ms=answer.took_ms,
    )


def person_out(view: PersonView) -> PersonOut:
    person = view.person
    return PersonOut(
        id=person.id,
        name=person.name,
        unit=person.unit,
        place=person.place,
        languages=list(person.languages),
        former=person.former,
        hidden=view.choices.hidden,
        away_until=view.choices.away_on(datetime.now(UTC).date()),
        questions_a_week=view.choices.questions_a_week,
        subjects=[subject_out(subject) for subject in view.subjects],
        communities=[
            TakingPart(
                community=community_ref(entry.community),
                role=entry.role,
                since=entry.since,
                documents=entry.documents,
                last_active=_day(entry.latest),
            )
            for entry in view.communities
        ],
        documents=[document_ref(document) for document in view.documents],
    )


def subject_out(subject: Subject) -> SubjectOut:
    return SubjectOut(
        name=subject.name,
        documents=subject.documents,
        first=subject.first,
        last=subject.last,
        evidence=[document_ref(document) for document in subject.latest],
        claimed=subject.claimed,
    )


def community_out(view: CommunityView) -> CommunityOut:
    return CommunityOut(
        slug=view.community.slug,
        name=view.community.name,
        domain=view.community.domain,
        visibility=view.community.visibility,
        documents=view.readable,
        latest=[document_ref(document) for document in view.documents],
        people=[
            Member(
                id=entry.person.id,
                name=entry.person.name,
                unit=entry.person.unit,
                role=entry.role,
                documents=entry.documents,
                last_active=_day(entry.latest),
            )
            for entry in view.people
        ],
    )


def document_out(view: DocumentView) -> DocumentOut:
    return DocumentOut(
        **document_ref(view.document).model_dump(),
        readers=view.readers,
        community=community_ref(view.community) if view.community else None,
        marks=_marks(view.document),
        superseded_by=document_ref(view.newer) if view.newer else None,
        contributors=[_contributor(part) for part in view.people],
        blocks=[
            BlockOut(
                text=block.text,
                kind=block.kind,
                headings=list(block.headings),
                page=block.page,
                message=block.message,
                line=block.line,
            )
            for block in view.blocks
        ],
        messages=[
            MessageOut(
                number=message.number,
                person=message.person,
                name=message.name,
                at=message.at,
                likes=message.likes,
                accepted=message.accepted,
            )
            for message in view.messages
        ],
    )


def document_ref(document: Document) -> DocumentRef:
    return DocumentRef(
        id=document.public_id,
        title=document.title,
        kind=document.kind,
        uri=document.uri,
        url=document.url,
        created=_day(document.created),
        updated=_day(document.updated),
    )


def community_ref(community: Community) -> CommunityRef:
    return CommunityRef(slug=community.slug, name=community.name)


def ranked_out(ranked: RankedPerson, explain: bool) -> RankedPersonOut:
    person = ranked.person
    return RankedPersonOut(
        id=person.id,
        name=person.name,
        communities=[community_ref(community) for community in ranked.communities],
        unit=person.unit,
        place=person.place,
        languages=list(person.languages),
        confidence=ranked.confidence,
        documents=ranked.documents,
        last_active=_day(ranked.last_active),
        away_until=ranked.away_until,
        questions_a_week=ranked.questions_a_week,
        evidence=[
            EvidenceOut(
                document=entry.passage.document.public_id,
                title=entry.passage.document.title,
                role=entry.role,
                date=_day(entry.at),
                share=entry.share,
                passage=entry.passage.public_id,
                message=entry.message,
            )
            for entry in ranked.evidence
        ],
        explanation=explain_person(ranked) if explain else None,
    )


def _passage_out(hit: Hit, names: dict[str, str], explain: bool) -> PassageOut:
    document, locator = hit.passage.document, hit.passage.locator
    slug = document.community
    return PassageOut(
        id=hit.passage.public_id,
        document=document_ref(document),
        community=CommunityRef(slug=slug, name=names[slug]) if slug in names else None,
        locator=LocatorOut(page=locator.page, heading=locator.heading, message=locator.message, line=locator.line),
        extract=hit.extract,
        relevance=hit.relevance,
        contributors=[_contributor(part) for part in hit.contributors],
        marks=_marks(document),
        also=[document_ref(other) for other in hit.also],
        explanation=explain_passage(hit) if explain else None,
    )


def _contributor(part: StoredContributor) -> Contributor:
    return Contributor(id=part.person, name=part.name, role=part.role)


def _marks(document: Document) -> list[Mark]:
    return [document.mark] if document.mark else []


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None

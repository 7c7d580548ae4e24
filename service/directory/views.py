"""What one may see of a person, a community, a document. NotFound also for what one may not know of."""

from dataclasses import dataclass, field

from indexer.domain.accounts import PersonChoices
from indexer.domain.content import Block, Document
from indexer.domain.errors import NotFound
from indexer.domain.people import Community, Person
from indexer.store import Transaction, choices, contributions, documents, people
from indexer.store.contributions import Contributor, MessageAuthor
from indexer.store.people import CommunityCount, Participation
from service.auth import ANONYMOUS, ReadableAudiences, Viewer
from service.directory.readers import readers_of
from service.directory.subjects import Subject, subjects_of

DOCUMENTS_SHOWN = 50
PEOPLE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as the viewer may see them; `own` says that the viewer is this person."""

    person: Person
    communities: tuple[Participation, ...]
    documents: tuple[Document, ...]
    choices: PersonChoices = field(default_factory=PersonChoices)
    own: bool = False
    subjects: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True)
class CommunityView:
    community: Community
    documents: tuple[Document, ...]
    people: tuple[Participation, ...]
    readable: int


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with its text; `newer` is what took its place, where the viewer may read that; `readers` says who may
    read it, in words."""

    document: Document
    blocks: tuple[Block, ...]
    people: tuple[Contributor, ...]
    messages: tuple[MessageAuthor, ...]
    community: Community | None
    newer: Document | None
    readers: str


def view_person(
    transaction: Transaction, person_id: str, readable: ReadableAudiences, viewer: Viewer = ANONYMOUS
) -> PersonView:
    """A person whom a directory lists, or who had a part in something that the viewer may read; one who does not want
    to be found only for themselves and for admins."""
    person = people.shown_person(transaction, person_id, readable.ids)
    if person is None:
        raise NotFound(f"there is no person {person_id}")
    chosen = choices.choices_of(transaction, [person.id]).get(person.id, PersonChoices())
    own = viewer.person == person.id
    if chosen.hidden and not (own or viewer.administers):
        raise NotFound(f"there is no person {person_id}")
    written = documents.list_documents(transaction, readable.ids, person=person.id, limit=DOCUMENTS_SHOWN)
    if not (written or person.in_directory or own):
        raise NotFound(f"there is no person {person_id}")
    taking_part = people.participations(transaction, readable.ids, people_ids=[person.id], with_hidden=True)
    seen = tuple(entry for entry in taking_part if entry.community.slug in readable.communities)
    subjects = subjects_of(transaction, person.id, chosen, readable)
    return PersonView(person, seen, tuple(written), chosen, own, subjects)


def list_communities(transaction: Transaction, readable: ReadableAudiences) -> list[CommunityCount]:
    counted = people.count_communities(transaction, readable.ids)
    return [entry for entry in counted if entry.community.slug in readable.communities]


def view_community(transaction: Transaction, slug: str, readable: ReadableAudiences) -> CommunityView:
    counted = {entry.community.slug: entry for entry in list_communities(transaction, readable)}
    if slug not in counted:
        raise NotFound(f"there is no community {slug}")
    return CommunityView(
        counted[slug].community,
        tuple(documents.list_documents(transaction, readable.ids, community=slug, limit=DOCUMENTS_SHOWN)),
        tuple(people.participations(transaction, readable.ids, community=slug, limit=PEOPLE_SHOWN)),
        counted[slug].documents,
    )


def view_document(transaction: Transaction, public_id: str, readable: ReadableAudiences) -> DocumentView:
    document = documents.find_readable(transaction, public_id, readable.ids)
    if document is None:
        raise NotFound(f"there is no document {public_id}")
    communities = {c.slug: c for c in people.all_communities(transaction) if c.slug in readable.communities}
    newer = document.superseded_by and documents.find_by_uri(
        transaction, document.source, document.superseded_by, readable.ids
    )
    return DocumentView(
        document,
        tuple(documents.read_blocks(transaction, document.id)),
        tuple(contributions.contributors_in(transaction, [document.id], readable.ids)),
        tuple(contributions.message_authors(transaction, document.id, readable.ids)),
        communities.get(document.community or ""),
        newer or None,
        readers_of(document.audience, communities.get(document.audience.subject)),
    )

"""Who may read a document, as a steward or an admin decides; that counts before what its source says, at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.domain.accounts import AuditAction
from indexer.domain.content import Audience, AudienceKind, Document
from indexer.domain.errors import AudienceInvalid, JobInvalid, NotAllowed, NotFound
from indexer.domain.jobs import JobKind, JobRequest
from indexer.domain.people import Community
from indexer.home import Home
from indexer.notation import address_identity
from indexer.store import Transaction, decisions, documents, identities, people
from service.auth import Viewer, readable_audiences, subject_of
from service.directory import readers_of
from service.stewardship.desk import StewardDesk, may_decide

MOST_PEOPLE = 200
OF_COMMUNITIES = (AudienceKind.COMMUNITY, AudienceKind.MEMBERS)
INDEXED_LATER = "Pages obey at once. Whoever may read it anew finds it by searching when {what}."


@dataclass(frozen=True, slots=True)
class Choice:
    """An audience that may be chosen, and who will be able to read then."""

    audience: Audience
    readers: str


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Who may read a document. `said` is what its source says, where something else was decided, without the
    community that the viewer may not know of; `names` are the given
    people; `readable` says whether the viewer still is among those who may; `note` what is still to be done."""

    document: Document
    audience: Audience
    said: Audience | None
    readers: str
    said_readers: str | None
    names: tuple[str, ...]
    choices: tuple[Choice, ...]
    readable: bool = True
    note: str | None = None


def view_audience(transaction: Transaction, viewer: Viewer | None, document_id: str) -> AudienceView:
    """NotFound for what the viewer may not read, NotAllowed for what is not theirs to decide."""
    return _view(transaction, viewer, _document(transaction, viewer, document_id))


def decide_audience(desk: StewardDesk, document_id: str, wanted: Audience | None) -> AudienceView:
    """Let these read a document from now on; None goes back to what its source says. Of given people `subject` names
    them by id or address, separated by commas. NotFound, NotAllowed; AudienceInvalid for an audience that is not theirs
    to give, or that would shut a steward out."""
    with desk.home.database.begin() as transaction:
        document = _document(transaction, desk.viewer, document_id)
        said = decisions.said_audience(transaction, document_id)
        if wanted is None:
            decisions.forget_audience(transaction, document_id)
            now = said or document.audience
        else:
            now = _allowed(transaction, desk.viewer, document, wanted)
            decisions.decide_audience(transaction, document_id, now, said or document.audience)
        documents.set_audience(transaction, document.id, now)
        readable = _can_read(transaction, desk.viewer, document_id)
        if not readable and desk.viewer is not None and not desk.viewer.admin:
            raise AudienceInvalid("you could not read it yourself then, nor change it back: choose who includes you")
        detail = {
            "before": _told(desk.home, document.audience),
            "after": _told(desk.home, now),
            "decided": bool(wanted),
        }
        desk.home.tell(transaction, AuditAction.AUDIENCE_SET, document_id, detail)
        changed = documents.find_readable(transaction, document_id, documents.all_audiences(transaction))
        if changed is None:
            raise NotFound(f"there is no document {document_id}")
        view = _view(transaction, desk.viewer, changed)
    note = _have_indexed(desk, document) if now != document.audience else None
    return AudienceView(
        view.document,
        view.audience,
        view.said,
        view.readers,
        view.said_readers,
        view.names,
        view.choices,
        readable,
        note,
    )


def _document(transaction: Transaction, viewer: Viewer | None, document_id: str) -> Document:
    readable = readable_audiences(transaction, viewer).ids if viewer else documents.all_audiences(transaction)
    document = documents.find_readable(transaction, document_id, readable)
    if document is None:
        raise NotFound(f"there is no document {document_id}")
    if not may_decide(viewer, document.community):
        # The same for every document: whoever asks may not know of its community.
        raise NotAllowed("only admins, and stewards of its community if it has one, decide who may read a document")
    return document


def _can_read(transaction: Transaction, viewer: Viewer | None, document_id: str) -> bool:
    if viewer is None:
        return True
    return documents.find_readable(transaction, document_id, readable_audiences(transaction, viewer).ids) is not None


def _view(transaction: Transaction, viewer: Viewer | None, document: Document) -> AudienceView:
    known = {community.slug: community for community in people.all_communities(transaction)}
    said = decisions.said_audience(transaction, document.public_id)
    if said is not None and viewer is not None and said.kind in OF_COMMUNITIES:
        seen = readable_audiences(transaction, viewer).communities
        said = said if said.subject in seen else Audience(said.kind)
    return AudienceView(
        document,
        document.audience,
        said,
        readers_of(document.audience, known.get(document.audience.subject)),
        None if said is None else _said_readers(said, known.get(said.subject)),
        _names(document.audience),
        tuple(_choices(transaction, viewer, document, known)),
    )


def _said_readers(said: Audience, community: Community | None) -> str:
    if said.kind in OF_COMMUNITIES and not said.subject:
        return "members of a community that you may not see"
    return readers_of(said, community)


def _names(audience: Audience) -> tuple[str, ...]:
    given = audience.kind is AudienceKind.PEOPLE and audience.subject
    return tuple(audience.subject.split(",")) if given else ()


def _choices(
    transaction: Transaction, viewer: Viewer | None, document: Document, known: dict[str, Community]
) -> Iterator[Choice]:
    """The audiences that may be chosen, given people aside."""
    yield Choice(Audience(AudienceKind.PUBLIC), readers_of(Audience(AudienceKind.PUBLIC), None))
    yield Choice(Audience(AudienceKind.SIGNED_IN), readers_of(Audience(AudienceKind.SIGNED_IN), None))
    open_to_them = _communities(transaction, viewer, document)
    own = known.get(document.community or "")
    if own is not None and own.slug in open_to_them:
        follows = Audience(AudienceKind.COMMUNITY, own.slug)
        yield Choice(follows, f"whoever may see {own.name}: now {readers_of(follows, own)}")
    for slug in sorted(open_to_them):
        members = Audience(AudienceKind.MEMBERS, slug)
        count = people.count_members(transaction, slug)
        yield Choice(members, f"{readers_of(members, known[slug])}: {count} {'person' if count == 1 else 'people'} now")


def _communities(transaction: Transaction, viewer: Viewer | None, document: Document) -> set[str]:
    """The communities whose members may be let in: for stewards theirs, of which the document's own is one; for admins
    all that they may know of."""
    if viewer is None:
        return {community.slug for community in people.all_communities(transaction)}
    seen = readable_audiences(transaction, viewer).communities
    return set(seen) if viewer.admin else set(seen & viewer.stewards)


def _allowed(transaction: Transaction, viewer: Viewer | None, document: Document, wanted: Audience) -> Audience:
    """The audience as it is kept. AudienceInvalid."""
    match wanted.kind:
        case AudienceKind.PUBLIC | AudienceKind.SIGNED_IN:
            return Audience(wanted.kind)
        case AudienceKind.COMMUNITY:
            if document.community is None:
                raise AudienceInvalid("it belongs to no community: choose another audience")
            return Audience(wanted.kind, document.community)
        case AudienceKind.MEMBERS:
            slug = wanted.subject or document.community or ""
            if slug not in _communities(transaction, viewer, document):
                raise AudienceInvalid(f"members of {slug or 'no community'}: choose its own community or one of yours")
            return Audience(wanted.kind, slug)
        case AudienceKind.PEOPLE:
            return Audience(wanted.kind, ",".join(sorted(_people(transaction, wanted.subject))))


def _people(transaction: Transaction, subject: str) -> set[str]:
    """The ids of the people of the directory whom these ids and addresses name."""
    names = {name.strip() for name in subject.split(",") if name.strip()}
    if not 0 < len(names) <= MOST_PEOPLE:
        raise AudienceInvalid(f"name 1 to {MOST_PEOPLE} people by id or address, separated by commas")
    found = {name: _person(transaction, name) for name in names}
    unknown = sorted(name for name, person in found.items() if person is None)
    if unknown:
        raise AudienceInvalid(f"no directory lists {', '.join(unknown)[:500]}: name people by their id or address")
    return {person for person in found.values() if person}


def _person(transaction: Transaction, name: str) -> str | None:
    if "@" in name:
        address = address_identity(name)
        behind = identities.people_behind(transaction, [address]).get(address, "")
        name = behind if address.value in identities.vouched_addresses(transaction, behind) else ""
    person = people.find_people(transaction, [name]).get(name)
    return person.id if person and person.in_directory and not person.former else None


def _told(home: Home, audience: Audience) -> dict[str, Any]:
    """An audience as the audit trail has it, which names no person."""
    if audience.kind is AudienceKind.PEOPLE:
        return {"kind": audience.kind, "people": [subject_of(home, name) for name in _names(audience)]}
    return {"kind": audience.kind, "community": audience.subject or None}


def _have_indexed(desk: StewardDesk, document: Document) -> str:
    """Have the index take the document in for its new readers; says when that is done."""
    if desk.queue is None:
        return INDEXED_LATER.format(what="`knowwho index` has run")
    request = JobRequest(JobKind.REINDEX, {"items": [[document.source, document.uri]]}, desk.asked_by)
    try:
        job = desk.queue.enqueue(request)
    except JobInvalid:  # its source has left the settings
        return INDEXED_LATER.format(what="anything is indexed again")
    waits = "" if desk.queue.living_workers() else ", which waits, because no worker is running"
    return INDEXED_LATER.format(what=f"job {job} has run{waits}")

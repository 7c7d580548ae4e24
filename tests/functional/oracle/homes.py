"""Homes of random organisations: the whole one, and for somebody who looks one that holds only what they may read.

Nothing is parsed: what a run would save is saved straight away, and the index is built as a run builds it.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from indexer.analysis import find_near_duplicates
from indexer.domain.content import Audience, AudienceKind, ItemMetadata, ItemState, ParsedDocument
from indexer.domain.feedback import Judgement, Target, TargetKind
from indexer.domain.ids import document_id
from indexer.domain.people import DirectoryRecords, Identity, IdentityKind, Person, Visibility
from indexer.domain.progress import ignore_progress
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.identity import people_of, resolve_people
from indexer.passages import split
from indexer.pipeline.build import build_generation
from indexer.store import Transaction, choices, documents, feedback, identities, items, people
from indexer.store.documents import DocumentDraft
from service.search import OpenIndex
from service.search.feedback import terms_of
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, settings_for
from tests.functional.oracle.organisations import LATEST, SOURCE, Asker, Organisation, Writing

NEVER_SHOWN = "Qnevershown"
LOOSE = {
    "search": {"least_relevance": 0.02, "page_size": 4},
    "experts": {"least_relevance": 0.02, "least_score": 0.0},
    "verdict": {"known": 0.05, "read": 0.1, "ask": 0.01},
}


@dataclass(frozen=True)
class Reader:
    """What an asker is to the rules of audiences, put together without the code that is tested. `open` are the
    communities that are shown to them, `seen` those of which they know: of one that no directory lists only by what is
    written in it."""

    signed_in: bool
    person: str | None
    member_of: frozenset[str]
    open: frozenset[str]
    seen: frozenset[str] = frozenset()

    @classmethod
    def of(cls, organisation: Organisation, asker: Asker) -> "Reader":
        signed_in = asker.account is not None
        member_of = frozenset(
            membership.community
            for membership in organisation.records.memberships
            if membership.person == asker.person and (membership.until is None or membership.until >= LATEST.date())
        )
        open_to = {Visibility.PUBLIC, Visibility.SIGNED_IN} if signed_in else {Visibility.PUBLIC}
        shown = {slug for slug in organisation.communities if organisation.visibility(slug) in open_to}
        reader = cls(signed_in, asker.person, member_of, member_of | shown)
        written = {w.community for w in organisation.writings if reader.may_read(w.audience_now)}
        listed = {community.slug for community in organisation.records.communities}
        return replace(reader, seen=frozenset(reader.open & (listed | written)))

    def may_read(self, audience: Audience | None) -> bool:
        if audience is None:
            return False
        return {
            AudienceKind.PUBLIC: True,
            AudienceKind.SIGNED_IN: self.signed_in,
            AudienceKind.COMMUNITY: audience.subject in self.open,
            AudienceKind.MEMBERS: audience.subject in self.member_of,
            AudienceKind.PEOPLE: self.person is not None and self.person in audience.subject.split(","),
        }[audience.kind]


@dataclass(frozen=True)
class Built:
    """A home that can be searched, with the session cookie of each asker by account; the ids of people whom no
    directory lists, by handle; and who is hidden."""

    home: Home
    index: OpenIndex
    cookies: Mapping[str, str]
    handles: Mapping[str, str]
    hidden: frozenset[str]

    def remove(self) -> None:
        self.home.close()
        shutil.rmtree(self.home.folder)


def settings_in(folder: Path) -> ServiceSettings:
    """Settings for homes in a folder, by which hardly anything is too weak to be shown."""
    return settings_for(folder, [{"name": SOURCE, "kind": "folder", "path": "library"}], **LOOSE)


class Builder:
    """Builds homes beside that of the settings."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._folder, self._settings = settings.home.parent, settings
        self._source = next(source for source in settings.sources if source.name == SOURCE)
        self._number = 0
        template = Home(self._folder / "template")
        template.prepare()
        template.close()

    def whole(self, organisation: Organisation) -> Built:
        """The organisation as it is."""
        home = self._new_home()
        self._fill(home, organisation, organisation.records, organisation.writings, [organisation.unlisted])
        with home.database.begin() as transaction:
            resolve_people(transaction, self._settings.identity.placeholders)
        self._index(home)
        with home.database.begin() as transaction:
            _change(transaction, organisation)
        handles = {
            identity.value: person
            for identity, person in identity_of_everybody(home).items()
            if identity.kind is IdentityKind.HANDLE and person is not None
        }
        return self._opened(home, organisation, organisation.writings, handles)

    def readable(self, organisation: Organisation, asker: Asker, whole: Built) -> Built:
        """Only what the asker may read. Who is one person with whom is the whole organisation's word."""
        reader = Reader.of(organisation, asker)
        writings = [
            replace(
                writing,
                audience=writing.audience_now,
                community=writing.community if writing.community in reader.seen else None,
                later=None,
            )
            for writing in organisation.writings
            if reader.may_read(writing.audience_now)
        ]
        told = organisation.records
        records = replace(
            told,
            communities=tuple(
                replace(community, visibility=organisation.visibility(community.slug))
                for community in told.communities
                if community.slug in reader.seen
            ),
            memberships=tuple(entry for entry in told.memberships if entry.community in reader.seen),
        )
        home = self._new_home()
        self._fill(home, organisation, records, writings, [organisation.unlisted])
        _resolve_like(whole.home, home, {whole.handles[asker.handle]} if asker.handle in whole.handles else set())
        self._index(home)
        return self._opened(home, organisation, writings, whole.handles)

    def _new_home(self) -> Home:
        self._number += 1
        folder = self._folder / f"home-{self._number}"
        shutil.copytree(self._folder / "template", folder)
        return Home(folder)

    def _fill(
        self,
        home: Home,
        organisation: Organisation,
        records: DirectoryRecords,
        writings: Sequence[Writing],
        unlisted: Sequence[str],
    ) -> None:
        with home.database.begin() as transaction:
            people.apply_directory(transaction, records)
            people.ensure_communities(transaction, {slug: slug.title() for slug in unlisted}, Visibility.PUBLIC)
            for writing in writings:
                self._save(transaction, writing)

    def _save(self, transaction: Transaction, writing: Writing) -> None:
        parsed = ParsedDocument(writing.title, writing.blocks, writing.messages, ItemMetadata(credits=writing.credits))
        found = people_of(parsed, self._source)
        item = items.record_item(
            transaction,
            source=SOURCE,
            uri=writing.uri,
            revision="1",
            content_digest="1",
            state=ItemState.OK,
            reason=None,
        )
        draft = DocumentDraft(
            SOURCE,
            writing.uri,
            writing.title,
            writing.kind,
            writing.audience,
            writing.community,
            writing.created,
            writing.updated,
            writing.mark,
            writing.superseded_by,
            f"https://example.org/{writing.uri}",
            writing.blocks,
            found.messages,
        )
        cut = split(parsed, self._settings.passages)
        documents.replace_document(transaction, item, draft, cut, found.contributions)
        identities.link_identities(transaction, found.links)

    def _index(self, home: Home) -> None:
        find_near_duplicates(home.database)
        build_generation(home, HashingEncoder(), self._settings, ignore_progress)

    def _opened(
        self, home: Home, organisation: Organisation, writings: Sequence[Writing], handles: Mapping[str, str]
    ) -> Built:
        """With what people say and choose; `handles` are of the whole organisation, not all of them are known here."""
        with home.database.begin() as transaction:
            known = people.find_people(transaction, {*handles.values(), *_listed(organisation)}).keys()
            meant = {name: person for name, person in handles.items() if person in known}
            meant |= {person: person for person in _listed(organisation)}
            _judge(transaction, organisation, writings, meant)
            chosen = {meant[name]: made for name, made in organisation.choices.items() if name in meant}
            for person, made in chosen.items():
                choices.save_choices(transaction, person, made)
        cookies = {
            asker.account: add_signed_in(
                home,
                self._settings,
                asker.account,
                person=asker.person or meant.get(asker.handle or ""),
                admin=asker.admin,
            )
            for asker in organisation.askers
            if asker.account is not None
        }
        hidden = frozenset(person for person, made in chosen.items() if made.hidden)
        index = OpenIndex(home, HashingEncoder(), None, self._settings.encoder)
        index.load_model()
        return Built(home, index, cookies, handles, hidden)


def _listed(organisation: Organisation) -> set[str]:
    return {entry.person.id for entry in organisation.records.people}


def _resolve_like(whole: Home, home: Home, more: set[str]) -> None:
    """Make people of the identities as in the whole home, and `more` people (ids) of whom nothing is known."""
    with whole.database.read() as transaction:
        person_of = {stored.identity: stored.person_id for stored in identities.all_identities(transaction)}
    with home.database.begin() as transaction:
        stored = identities.all_identities(transaction)
        mapped = {entry.id: person_of[entry.identity] for entry in stored}
        wanted = more | {person for person in mapped.values() if person}
        known = people.find_people(transaction, wanted)
        persons = [
            Person(person, f"{NEVER_SHOWN} {person}", address=f"{NEVER_SHOWN}@out.example")
            for person in sorted(wanted - known.keys())
        ]
        identities.save_resolution(transaction, persons, mapped, {}, given_up=[])
        identities.forget_touched(transaction)


def identity_of_everybody(home: Home) -> dict[Identity, str | None]:
    """Who is who in a home."""
    with home.database.read() as transaction:
        return {stored.identity: stored.person_id for stored in identities.all_identities(transaction)}


def _change(transaction: Transaction, organisation: Organisation) -> None:
    """What becomes of documents and communities after the index is built."""
    ids = {writing.uri: document_id(SOURCE, writing.uri) for writing in organisation.writings}
    every = documents.all_audiences(transaction)
    found = documents.find_all_readable(transaction, ids.values(), every)
    for writing in organisation.writings:
        if writing.later == (None,):
            items.remove_items(transaction, SOURCE, [writing.uri])
        elif writing.later is not None and writing.later[0] is not None:
            documents.set_audience(transaction, found[ids[writing.uri]].id, writing.later[0])
    if organisation.visibilities:
        communities = tuple(
            replace(community, visibility=organisation.visibility(community.slug))
            for community in organisation.records.communities
        )
        people.apply_directory(transaction, replace(organisation.records, communities=communities))


def _judge(
    transaction: Transaction, organisation: Organisation, writings: Sequence[Writing], meant: Mapping[str, str]
) -> None:
    """Judgements on what there is; `meant` are the ids of the people of whom something is known."""
    there = {writing.uri for writing in writings}
    for number, (query, voter, useful, judged) in enumerate(organisation.judged):
        if isinstance(judged, int):
            uri = organisation.writings[judged].uri
            if uri not in there:
                continue
            target = Target(TargetKind.DOCUMENT, document_id(SOURCE, uri))
        elif judged in meant:
            target = Target(TargetKind.PERSON, meant[judged])
        else:
            continue
        at = LATEST + timedelta(hours=number)
        feedback.save_judgement(
            transaction, Judgement(f"judgement-{number}", voter, query, terms_of(query), target, useful, at)
        )

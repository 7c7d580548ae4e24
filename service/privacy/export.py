"""Everything that is held about a person as one JSON document.

Its shape is told in the README. Of a document that they may not read any more it says only their role and when; the
questions in which others judged them are not theirs, so of those only the verdict and when.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from indexer.domain.accounts import Account, AuditAction, AuditEntry
from indexer.domain.content import BlockKind, Document
from indexer.domain.errors import NotFound
from indexer.domain.people import Person
from indexer.home import Home
from indexer.store import Transaction, accounts, audit, choices, documents, erasing, holdings, people
from indexer.store.holdings import HeldJudgement
from service.auth import readable_audiences, subject_of, viewer_of, viewer_of_person, voter_of
from service.auth.permissions import ReadableAudiences

FORMAT = 1
Export = dict[str, Any]


def export_person(home: Home, person_id: str | None, account: Account | None = None) -> Export:
    """All about a person, and about the account that is theirs; either may be None. The audit trail gets to know of it,
    in the name of whom the home is worked on. NotFound where there is no such person."""
    with home.database.begin() as transaction:
        person = people.find_person(transaction, person_id) if person_id is not None else None
        if person_id is not None and person is None and account is None:
            raise NotFound(f"there is no person {person_id}")
        subject = subject_of(home, person.id) if person else account.id if account else None
        owned = [account] if account else accounts.accounts_of(transaction, person.id) if person else []
        told: Export = {"format": FORMAT, "made": datetime.now(UTC).isoformat()}
        told["accounts"] = [_account_values(transaction, entry) for entry in owned]
        told |= _person_values(home, transaction, person, owned) if person else {"person": None}
        told["feedback_given"] = [
            {"query": j.query, "on": j.kind, "target": j.target, "useful": j.useful, "at": _told(j.at)}
            for j in holdings.judgements_by(transaction, [voter_of(home, entry.id) for entry in owned])
        ]
        # Only now: whoever adds to the trail keeps everybody else from writing.
        home.tell(transaction, AuditAction.EXPORTED, subject)
        about = {entry.id for entry in owned} | ({subject_of(home, person.id)} if person else set())
        told["audit"] = [_entry_values(entry, about) for entry in audit.entries_about(transaction, about)]
    return told


def _account_values(transaction: Transaction, account: Account) -> Export:
    return {
        "id": account.id,
        "name": account.name,
        "admin": account.admin,
        "disabled": account.disabled,
        "has_password": account.has_password,
        "created": _told(account.created),
        "sessions": [
            {"created": _told(s.created), "seen": _told(s.seen), "expires": _told(s.expires), "agent": s.agent}
            for s in accounts.sessions_of(transaction, account.id)
        ],
        "tokens": [
            {
                "label": t.label,
                "scopes": sorted(t.scopes),
                "created": _told(t.created),
                "expires": _told(t.expires),
                "used": _told(t.used),
            }
            for t in accounts.tokens_of(transaction, account.id)
        ],
    }


def _person_values(home: Home, transaction: Transaction, person: Person, owned: Iterable[Account]) -> Export:
    account = next(iter(owned), None)
    viewer = viewer_of(transaction, account) if account else viewer_of_person(transaction, person.id)
    readable = readable_audiences(transaction, viewer)
    chosen = choices.choices_of(transaction, [person.id]).get(person.id)
    ids = erasing.ids_over_time(transaction, person.id)
    return {
        "person": {
            **asdict(person),
            "languages": list(person.languages),
            "former_ids": sorted(ids - {person.id}),
        },
        "identities": [
            {
                "kind": held.identity.kind.value,
                "namespace": held.identity.namespace,
                "value": held.identity.value,
                "shown_as": held.name,
                "listed_by_directory": held.listed,
                "documents": held.documents,
            }
            for held in holdings.identities_held(transaction, person.id)
        ],
        "disowned_identities": [str(identity) for identity in choices.disowned_by(transaction, person.id)],
        "memberships": [
            {**asdict(held), "since": _told(held.since), "until": _told(held.until)}
            for held in holdings.memberships_held(transaction, person.id)
        ],
        "contributions": _contributions(transaction, person, readable),
        "messages": _messages(transaction, person, readable),
        "feedback_received": [_received(judged) for judged in holdings.judgements_on(transaction, ids)],
        "choices": None
        if chosen is None
        else {
            "hidden": chosen.hidden,
            "away_from": _told(chosen.away_from),
            "away_until": _told(chosen.away_until),
            "questions_a_week": chosen.questions_a_week,
            "subjects": {subject: choice.value for subject, choice in chosen.subjects.items()},
        },
    }


def _contributions(transaction: Transaction, person: Person, readable: ReadableAudiences) -> list[Export]:
    held = holdings.parts_held(transaction, person.id)
    found = documents.find_by_ids(transaction, [part.document for part in held], readable.ids)
    return [
        {"role": part.role, "at": _told(part.at), "document": _document_values(found.get(part.document))}
        for part in held
    ]


def _messages(transaction: Transaction, person: Person, readable: ReadableAudiences) -> list[Export]:
    """Their messages with the words that are theirs; of threads that they may not read any more only when."""
    held = holdings.messages_held(transaction, person.id)
    found = documents.find_by_ids(transaction, [message.document for message in held], readable.ids)
    texts = {document: _texts_of(transaction, document) for document in found}
    return [
        {
            "at": _told(message.at),
            "number": message.number,
            "document": _document_values(found.get(message.document)),
            "text": texts.get(message.document, {}).get(message.number),
        }
        for message in held
    ]


def _texts_of(transaction: Transaction, document: int) -> dict[int, str]:
    """The text of each message of a thread (row id), without what it quotes of others."""
    texts: dict[int, list[str]] = {}
    for block in documents.read_blocks(transaction, document):
        if block.message is not None and block.kind is not BlockKind.QUOTE:
            texts.setdefault(block.message, []).append(block.text)
    return {number: "\n\n".join(parts) for number, parts in texts.items()}


def _document_values(document: Document | None) -> Export | None:
    if document is None:
        return None
    return {"id": document.public_id, "title": document.title, "source": document.source, "uri": document.uri}


def _received(judged: HeldJudgement) -> Export:
    return {"useful": judged.useful, "at": _told(judged.at)}


def _entry_values(entry: AuditEntry, about: set[str]) -> Export:
    """An entry; who did it only where it was they themselves."""
    own = entry.actor in about
    return {"at": _told(entry.at), "action": entry.action.value, "by_themselves": own}


def _told(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat()

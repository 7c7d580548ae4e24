"""Which identities are one person.

Identities are joined where a source showed them together on one item (an address with a handle) and where a directory
vouches for them; never because two names are equal. Somebody may say of an identity that it is not theirs, which counts
before both. The outcome depends only on what the database holds, so it is the same after a rebuild.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.domain.ids import person_id
from indexer.domain.people import SURENESS, Identity, Person, what_to_call
from indexer.identity.identities import is_placeholder
from indexer.store import Transaction, choices, facts, identities, people
from indexer.store.identities import StoredIdentity

MOST_TOUCHED = 2_000  # beyond it, looking at everybody is as fast
PLACEHOLDERS = "identity.placeholders"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Persons that no directory lists, the person of each identity (by row id; None for a placeholder), ids that
    were given up for another, and groups that two directory people claim."""

    persons: tuple[Person, ...]
    person_of: Mapping[int, str | None]
    redirects: Mapping[str, str]
    conflicts: tuple[tuple[str, ...], ...]


def resolve_people(transaction: Transaction, placeholders: Sequence[str], *, everything: bool = True) -> Resolution:
    """Resolve identities again and save what changed: every one, or only those that have changed since the last time
    with all that may be one person with them, which comes to the same."""
    told = "\0".join(placeholders)
    touched = identities.touched(transaction)
    if everything or len(touched) > MOST_TOUCHED or facts.fact(transaction, PLACEHOLDERS) != told:
        resolution = _resolve_all(transaction, placeholders)
        facts.note_fact(transaction, PLACEHOLDERS, told)
    else:
        resolution = _resolve_around(transaction, touched, placeholders)
    identities.forget_touched(transaction)
    return resolution


def _resolve_all(transaction: Transaction, placeholders: Sequence[str]) -> Resolution:
    stored = identities.all_identities(transaction)
    identities.forget_unused(transaction)
    disowned = choices.all_disowned(transaction)
    resolution = resolve(stored, identities.all_links(transaction), placeholders, disowned)
    return _save(transaction, stored, resolution, None)


def _resolve_around(transaction: Transaction, touched: Iterable[int], placeholders: Sequence[str]) -> Resolution:
    """Nobody outside the surroundings of what was touched can be joined with anybody inside, or parted from them."""
    around = identities.surroundings(transaction, touched)
    links = identities.links_among(transaction, around)
    stored = identities.identities_among(transaction, around)
    named = identities.named_among(transaction, around) | {entry.id for entry in stored if entry.vouched_for}
    used = named | {end for link in links if named.intersection(link) for end in link}
    disowned = choices.all_disowned(transaction)
    resolution = resolve([entry for entry in stored if entry.id in used], links, placeholders, disowned)
    unused = {entry.id: None for entry in stored if entry.id not in used}
    given_up = {entry.person_id for entry in stored if entry.person_id is not None}
    return _save(transaction, stored, replace(resolution, person_of={**resolution.person_of, **unused}), given_up)


def _save(
    transaction: Transaction, stored: Sequence[StoredIdentity], resolution: Resolution, given_up: Iterable[str] | None
) -> Resolution:
    before = {entry.id: entry.person_id for entry in stored}
    changed = {row_id: person for row_id, person in resolution.person_of.items() if before[row_id] != person}
    # Somebody in the directory stays who they are when an identity of theirs turns out to be another's.
    known = people.find_people(transaction, [old for old in resolution.redirects if not old.startswith("p-")])
    redirects = {
        old: new for old, new in resolution.redirects.items() if old not in known or not known[old].in_directory
    }
    identities.save_resolution(transaction, resolution.persons, changed, redirects, given_up)
    return replace(resolution, redirects=redirects)


def find_conflicts(transaction: Transaction, placeholders: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of directory people, by id, whose identities some source shows as one person's: for an admin to settle."""
    stored, links = identities.all_identities(transaction), identities.all_links(transaction)
    return resolve(stored, links, placeholders, choices.all_disowned(transaction)).conflicts


def resolve(
    stored: Sequence[StoredIdentity],
    links: Iterable[tuple[int, int]],
    placeholders: Sequence[str],
    disowned: Mapping[Identity, frozenset[str]],
) -> Resolution:
    """Group identities into persons. `disowned` names the people of whom an identity is not one.

    What somebody disowns is joined with nothing but what they disown as well, so that it may be another's; where a
    directory says that it is theirs all the same, it stands for nobody until that is settled.
    """
    others = {entry.id: disowned.get(entry.identity, frozenset()) for entry in stored}
    nobody = {
        entry.id
        for entry in stored
        if entry.vouched_for in others[entry.id]
        or (entry.vouched_for is None and is_placeholder(entry.identity, entry.display_name, placeholders))
    }
    links = [(one, other) for one, other in links if others.get(one) == others.get(other)]
    persons: list[Person] = []
    person_of: dict[int, str | None] = dict.fromkeys(nobody)
    redirects: dict[str, str] = {}
    conflicts: list[tuple[str, ...]] = []
    for group in _groups([entry for entry in stored if entry.id not in nobody], links):
        vouched = sorted({entry.vouched_for for entry in group if entry.vouched_for})
        if len(vouched) > 1:
            conflicts.append(tuple(vouched))
        for part in _parts(group, vouched):
            not_theirs = frozenset().union(*(others[entry.id] for entry in part))
            person = _person_of(part, not_theirs)
            person_of.update({entry.id: person.id for entry in part})
            given_up = (entry for entry in part if entry.person_id not in others[entry.id])
            redirects.update({e.person_id: person.id for e in given_up if e.person_id not in (None, person.id)})
            if not any(entry.vouched_for for entry in part):
                persons.append(person)
    in_use = set(person_of.values())
    redirects = {old: new for old, new in redirects.items() if old not in in_use}
    return Resolution(tuple(persons), person_of, redirects, tuple(conflicts))


def _groups(stored: Sequence[StoredIdentity], links: Iterable[tuple[int, int]]) -> list[list[StoredIdentity]]:
    root = {entry.id: entry.id for entry in stored}

    def find(row_id: int) -> int:
        while root[row_id] != row_id:
            root[row_id] = root[root[row_id]]
            row_id = root[row_id]
        return row_id

    for one, other in links:
        if one in root and other in root:
            root[max(find(one), find(other))] = min(find(one), find(other))
    groups: dict[int, list[StoredIdentity]] = defaultdict(list)
    for entry in stored:
        groups[find(entry.id)].append(entry)
    _join_vouched(groups)
    return list(groups.values())


def _join_vouched(groups: dict[int, list[StoredIdentity]]) -> None:
    first: dict[str, int] = {}
    for key in list(groups):
        vouched = {entry.vouched_for for entry in groups[key] if entry.vouched_for}
        if len(vouched) == 1:
            home = first.setdefault(vouched.pop(), key)
            if home != key:
                groups[home] += groups.pop(key)


def _parts(group: list[StoredIdentity], vouched: Sequence[str]) -> list[list[StoredIdentity]]:
    """One part, unless two directory people are in the group: then each keeps theirs and the rest stay single."""
    if len(vouched) < 2:
        return [group]
    parts = [[entry for entry in group if entry.vouched_for == person] for person in vouched]
    return parts + [[entry] for entry in group if not entry.vouched_for]


def _person_of(part: list[StoredIdentity], not_theirs: frozenset[str]) -> Person:
    """Whom a part stands for: none of those who say of something in it that it is not theirs."""
    ordered = sorted(part, key=lambda entry: (SURENESS[entry.identity.kind], entry.identity))
    vouched = next((entry.vouched_for for entry in part if entry.vouched_for), None)
    name, address = what_to_call((entry.identity, entry.display_name) for entry in part)
    # An id that is in use stays, so that links to a person keep working when a second identity turns up. It stays
    # with the identity it was made from: when a group falls apart, one part keeps it.
    own = {person_id(str(entry.identity)) for entry in part} - not_theirs
    known = min((entry.person_id for entry in part if entry.person_id in own), default=None)
    return Person(vouched or known or _new_id(ordered[0].identity, not_theirs), name, address=address)


def _new_id(identity: Identity, not_theirs: frozenset[str]) -> str:
    found = person_id(str(identity))
    return person_id(f"{identity}, not {found}") if found in not_theirs else found

"""Whom people mean by an id, an address, a handle or a name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from indexer.domain.errors import QueryInvalid
from indexer.domain.people import Identity, IdentityKind, Person
from indexer.notation import display_name, plain
from indexer.store import Transaction, choices, contributions, identities, naming, people
from service.auth import ReadableAudiences

NAMED_IN_AN_ERROR = 5


def find_named_people(transaction: Transaction, names: Sequence[str], readable: ReadableAudiences) -> dict[str, Person]:
    """The person that each name stands for: an id, an address, a handle with or without its namespace, or a name.

    Only people count whom the viewer may know of, by what a directory or a readable document says of them. QueryInvalid
    lists the names that stand for nobody or may stand for several.
    """
    meant = {name: _visible(transaction, found, readable) for name, found in _ids_behind(transaction, names, readable)}
    unknown = [name for name, found in meant.items() if not found]
    doubtful = {name: found for name, found in meant.items() if len(found) > 1}
    if unknown or doubtful:
        raise QueryInvalid("; ".join([*_told_unknown(unknown), *_told_doubtful(doubtful)]))
    return {name: person for name, (person,) in meant.items()}


def _ids_behind(
    transaction: Transaction, names: Sequence[str], readable: ReadableAudiences
) -> Iterable[tuple[str, set[str]]]:
    """Each name with the ids of those whom it may mean: surely by an id, an address or a whole handle, else perhaps by
    a handle without its namespace, by a name in a source, or by the name that is shown."""
    ids = people.present_ids(transaction, names)
    known: dict[str, list[tuple[Identity, str]]] = defaultdict(list)
    for identity, person in identities.known_by_value(transaction, set(map(_value, names)), readable.ids):
        known[identity.value].append((identity, person))
    sure = {name: {person for identity, person in known[_value(name)] if _is_sure(identity, name)} for name in names}
    sure |= {name: {person} for name, person in ids.items()}
    shown = _by_shown_name(transaction, [name for name in names if not sure[name]], readable)
    for name in names:
        like = set() if _is_qualified(name) else {person for _, person in known[_value(name)]}
        yield name, sure[name] or like | shown.get(plain(display_name(name)), set())


def _by_shown_name(transaction: Transaction, names: Iterable[str], readable: ReadableAudiences) -> dict[str, set[str]]:
    """Who is called by one of the names, by name (normalised): those whom the viewer sees under it."""
    wanted = {plain(display_name(name)) for name in names}
    if not wanted:
        return {}
    told = [*people.listed_names(transaction), *naming.names_in_documents(transaction)]
    candidates = {person for name, person in told if plain(name) in wanted}
    found: dict[str, set[str]] = defaultdict(set)
    for person, name in naming.names_of(transaction, candidates, readable.ids).items():
        found[plain(name)].add(person)
    return found


def _is_qualified(name: str) -> bool:
    """Whether it is written as a handle with its namespace, `namespace:handle`."""
    return ":" in name


def _value(name: str) -> str:
    """The value of the identity that the name spells."""
    handle = name.partition(":")[2] if _is_qualified(name) else display_name(name)
    return plain(handle).lstrip("@")


def _is_sure(identity: Identity, name: str) -> bool:
    if _is_qualified(name):
        return identity.kind is IdentityKind.HANDLE and identity.namespace == name.partition(":")[0]
    return identity.kind is IdentityKind.ADDRESS


def _visible(transaction: Transaction, ids: set[str], readable: ReadableAudiences) -> list[Person]:
    """Those whom a directory lists, or who had a part in something that the viewer may read. Whoever does not want to
    be found is as unknown as somebody who was never here."""
    counts = contributions.count_readable(transaction, ids, readable.ids)
    found = people.shown_people(transaction, ids - choices.which_are_hidden(transaction, ids), readable.ids)
    return [found[id] for id in sorted(found) if found[id].in_directory or counts.get(id)]


def _told_unknown(names: Sequence[str]) -> Iterable[str]:
    if names:
        more = f" and {len(names) - NAMED_IN_AN_ERROR} more" if len(names) > NAMED_IN_AN_ERROR else ""
        shown = ", ".join(f"“{name}”" for name in names[:NAMED_IN_AN_ERROR])
        yield f"nobody here is known as {shown}{more}: give an id, an address, a handle or the full name"


def _told_doubtful(meant: Mapping[str, Sequence[Person]]) -> Iterable[str]:
    for name, found in list(meant.items())[:NAMED_IN_AN_ERROR]:
        ids = ", ".join(f"{person.id} ({person.unit or person.name})" for person in found[:NAMED_IN_AN_ERROR])
        yield f"“{name}” may be {len(found)} people: give the id of one instead, {ids}"

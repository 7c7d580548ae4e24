"""Items: what the names in qrels and runs mean in this home.

Everything is compared by key: a document's public id, a passage's document with its ordinal, a person's id. A document
may be named by its public id or as source/uri, a passage by either with #ordinal, a person by id, address or
namespace:handle.
"""

from collections.abc import Iterable, Mapping

from indexer.domain.errors import EvaluationInvalid
from indexer.domain.ids import document_id
from indexer.domain.people import Identity
from indexer.notation import address_identity, handle_identity
from indexer.store import Transaction, documents, identities, passages, people
from service.auth import ReadableAudiences
from service.evaluation.runs import Run, rename_items

Keys = Mapping[str, str]
"""The key of each name that means something here; other names are their own keys."""


def find_documents(transaction: Transaction, names: Iterable[str], readable: ReadableAudiences) -> dict[str, str]:
    """The keys of the names that mean a document or a passage that may be read."""
    wanted = list(dict.fromkeys(names))
    parts = {name: _parted(name) for name in wanted}
    ids = [_public_id(spelled) for name, (place, _) in parts.items() for spelled in (name, place)]
    found = documents.find_all_readable(transaction, ids, readable.ids)
    known = passages.ordinals_of(transaction, [document.id for document in found.values()])
    keys = {}
    for name, (place, ordinal) in parts.items():
        whole, holder = found.get(_public_id(name)), found.get(_public_id(place))
        if whole is not None:
            keys[name] = whole.public_id
        elif holder is not None and ordinal is not None and (holder.id, ordinal) in known:
            keys[name] = passages.public_id_of(holder.public_id, ordinal)
    return keys


def find_people(transaction: Transaction, names: Iterable[str]) -> dict[str, str]:
    """The keys of the names that mean a person."""
    wanted = list(dict.fromkeys(names))
    spelled = {name: _identity(name) for name in wanted}
    known = identities.people_behind(transaction, [identity for identity in spelled.values() if identity])
    meant = {name: known[identity] for name, identity in spelled.items() if identity in known}
    return meant | people.present_ids(transaction, wanted)


def are_passages(keys: Iterable[str]) -> bool:
    """Whether the keys mean passages rather than documents. EvaluationInvalid where they mean both."""
    told = list(keys)
    of_passages = [key for key in told if "#" in key]
    if of_passages and len(of_passages) < len(told):
        count = len(told) - len(of_passages)
        raise EvaluationInvalid(f"the qrels name {count} documents and {len(of_passages)} passages: use one of the two")
    return bool(of_passages)


def spell_run(transaction: Transaction, run: Run, keys: Keys, readable: ReadableAudiences) -> Run:
    """A run over keys with its items named as the qrels (`keys`) name them, and unjudged ones in the same way.

    Names with spaces, which run files cannot hold, give way to keys.
    """
    names: dict[str, str] = {}
    for name, key in keys.items():
        names.setdefault(key, name)
    if 2 * sum(name != key for name, key in keys.items()) > len(keys):
        names = _names_by_uri(transaction, run, readable) | names
    return rename_items(run, lambda key: key if len(names.get(key, key).split()) != 1 else names.get(key, key))


def _names_by_uri(transaction: Transaction, run: Run, readable: ReadableAudiences) -> dict[str, str]:
    ranked = {entry.item for ranking in run.rankings.values() for entry in ranking}
    found = documents.find_all_readable(transaction, [key.partition("#")[0] for key in ranked], readable.ids)
    parts = {key: key.partition("#") for key in ranked}
    return {
        key: f"{found[public_id].source}/{found[public_id].uri}{mark}{ordinal}"
        for key, (public_id, mark, ordinal) in parts.items()
        if public_id in found
    }


def _parted(name: str) -> tuple[str, int | None]:
    place, _, ordinal = name.rpartition("#")
    return (place, int(ordinal)) if ordinal.isascii() and ordinal.isdigit() and len(ordinal) < 10 else (name, None)


def _public_id(name: str) -> str:
    source, slash, uri = name.partition("/")  # a source's name holds no slash
    return document_id(source, uri) if slash else name


def _identity(name: str) -> Identity | None:
    namespace, colon, handle = name.partition(":")
    if colon:
        return handle_identity(namespace, handle)
    return address_identity(name) if "@" in name else None

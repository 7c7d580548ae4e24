"""Contributions of one item: who had which part in it, from its credits and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.domain.content import Credit, Message, ParsedDocument
from indexer.domain.people import FORMER_MEMBER, Contribution, Identity, Role, former_identity
from indexer.identity.erasure import NOBODY_ERASED, Erased
from indexer.identity.identities import identities_of
from indexer.notation import display_name
from indexer.settings import SourceBase


@dataclass(frozen=True, slots=True)
class ItemPeople:
    """The people of one item: their contributions, the author of each message, and identities shown together."""

    contributions: tuple[Contribution, ...]
    messages: tuple[tuple[Message, Contribution | None], ...]
    links: frozenset[tuple[Identity, Identity]]


def people_of(document: ParsedDocument, source: SourceBase, gone: Erased = NOBODY_ERASED) -> ItemPeople:
    """Derive contributions: one for each person and role, the first in time, likes added up. Those of whoever is `gone`
    stand as a former member's."""
    item = _Item(source, gone)
    credited = [item.contribution(credit) for credit in document.metadata.credits]
    written = [(message, item.message_contribution(message)) for message in document.messages]
    parts = [part for part in credited if part] + [part for _, part in written if part]
    return ItemPeople(_one_a_role(parts), tuple(written), frozenset(item.links))


class _Item:
    """Collects the links between the identities of one item, and tells its former members apart."""

    def __init__(self, source: SourceBase, gone: Erased) -> None:
        self._source, self._gone = source, gone
        self._former: dict[str, Identity] = {}
        self.links: set[tuple[Identity, Identity]] = set()

    def contribution(self, credit: Credit) -> Contribution | None:
        source = self._source
        found = identities_of(credit, source.name, source.handle_namespace, trust_addresses=source.trust_addresses)
        if not found:
            return None
        whose = self._gone.whose_credit(found, credit.name) if self._gone else None
        if whose is not None:
            former = self._former.setdefault(whose, former_identity(len(self._former) + 1))
            return Contribution(former, FORMER_MEMBER, credit.role, credit.at)
        self.links.update((found[0], other) for other in found[1:])
        return Contribution(found[0], display_name(credit.name) if credit.name else None, credit.role, credit.at)

    def message_contribution(self, message: Message) -> Contribution | None:
        part = self.contribution(message.credit) if message.credit else None
        return part and replace(part, at=message.at, message=message.number, likes=message.likes)


def _one_a_role(parts: Sequence[Contribution]) -> tuple[Contribution, ...]:
    # An asker's later messages in their own thread are part of asking, not answers to themselves.
    askers = {part.identity for part in parts if part.role is Role.ASKER}
    merged: dict[tuple[Identity, Role], Contribution] = {}
    for part in parts:
        role = Role.ASKER if part.role is Role.ANSWERER and part.identity in askers else part.role
        first = merged.get((part.identity, role))
        merged[part.identity, role] = replace(part, role=role) if first is None else _added(first, part)
    return tuple(merged.values())


def _added(first: Contribution, other: Contribution) -> Contribution:
    name = first.display_name or other.display_name
    return replace(first, display_name=name, likes=first.likes + other.likes)

"""The people behind a document, each once, whoever answered or wrote first; those who do not want to be found together
once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from indexer.domain.people import Role
from indexer.store import Transaction, contributions
from indexer.store.contributions import Contributor, Credit
from service.auth import ReadableAudiences

CONTRIBUTORS_SHOWN = 4
ORDER_OF_ROLES = {
    Role.ACCEPTED_ANSWERER: 0,
    Role.AUTHOR: 1,
    Role.MAINTAINER: 2,
    Role.ANSWERER: 3,
    Role.REVIEWER: 4,
    Role.APPROVER: 5,
    Role.COMMENTER: 6,
    Role.ASKER: 7,
}
BEFORE_ALL = (-1, 0, 0)


def contributors_of(
    transaction: Transaction, document_ids: Sequence[int], readable: ReadableAudiences
) -> dict[int, tuple[Contributor, ...]]:
    """The people to name with each document (row id)."""
    credited: dict[int, list[Credit]] = defaultdict(list)
    for credit in contributions.credits_in(transaction, document_ids, readable.ids):
        credited[credit.document].append(credit)
    likely = [credit for credits in credited.values() for credit in may_be_shown(credits)]
    named: dict[int, list[Contributor]] = defaultdict(list)
    for part in contributions.name_contributors(transaction, likely, readable.ids):
        named[part.document].append(part)
    return {document: first_contributors(parts) for document, parts in named.items()}


def may_be_shown(credited: Sequence[Credit]) -> Iterable[Credit]:
    """The parts in one document of those who come first in it, whatever they are called: the others, of whom there may
    be hundreds, need no names."""
    lasts: dict[str | None, tuple[int, int, int]] = {}
    for credit in credited:
        lasts[credit.person] = max(lasts.get(credit.person, BEFORE_ALL), _rank_of(credit))
    if len(lasts) <= CONTRIBUTORS_SHOWN:
        return credited
    least = sorted(lasts.values())[CONTRIBUTORS_SHOWN - 1]
    return [credit for credit in credited if lasts[credit.person] <= least]


def _rank_of(part: Credit | Contributor) -> tuple[int, int, int]:
    return ORDER_OF_ROLES[part.role], -part.likes, part.message or 0


def first_contributors(parts: Sequence[Contributor]) -> tuple[Contributor, ...]:
    """The first few of those who had these parts in one document, each in their foremost part; they stand in the order
    of their last ones."""
    there = sorted(parts, key=lambda part: (*_rank_of(part), part.name))
    return tuple({part.person: part for part in reversed(there)}.values())[::-1][:CONTRIBUTORS_SHOWN]

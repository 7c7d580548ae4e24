"""What judgements do to a ranking: a factor near 1 for each document and person that was judged for similar queries.

    factor = 1 + bound · tanh(sum over judgements of ±similarity)

where a useful one counts +, the other -, and only queries that are at least `least_similarity` alike count. However
many judge, nothing moves by more than `bound`.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from indexer.domain.feedback import Opinion, Target, TargetKind
from service.settings import FeedbackSettings

Similarity = Callable[[Opinion], float]
"""How alike an opinion's query and the present one are, at most 1."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How many judged a target for this query or a similar one, their sum weighted by similarity, and the factor."""

    useful: int = 0
    not_useful: int = 0
    balance: float = 0.0
    factor: float = 1.0


NO_EFFECT = Effect()


@dataclass(frozen=True, slots=True)
class Influence:
    """The effects on one ranking."""

    effects: Mapping[Target, Effect] = field(default_factory=dict)

    def on_document(self, public_id: str) -> Effect:
        return self.effects.get(Target(TargetKind.DOCUMENT, public_id), NO_EFFECT)

    def on_person(self, person_id: str) -> Effect:
        return self.effects.get(Target(TargetKind.PERSON, person_id), NO_EFFECT)


def measure_influence(opinions: Iterable[Opinion], similarity: Similarity, settings: FeedbackSettings) -> Influence:
    """The effects of the opinions on the ranking for the query that `similarity` compares with."""
    alike: dict[Target, list[tuple[Opinion, float]]] = defaultdict(list)
    for opinion in opinions:
        if (closeness := similarity(opinion)) >= settings.least_similarity:
            alike[opinion.target].append((opinion, closeness))
    return Influence({target: _effect(said, settings.bound) for target, said in alike.items()})


def overlap(one: Iterable[str], other: Iterable[str]) -> float:
    """Jaccard's index of two sets of terms: what they share over what they have."""
    ours, theirs = frozenset(one), frozenset(other)
    return len(ours & theirs) / len(ours | theirs) if ours or theirs else 0.0


def _effect(said: list[tuple[Opinion, float]], bound: float) -> Effect:
    balance = sum((opinion.useful - opinion.not_useful) * closeness for opinion, closeness in said)
    return Effect(
        sum(opinion.useful for opinion, _ in said),
        sum(opinion.not_useful for opinion, _ in said),
        balance,
        1 + bound * math.tanh(balance),
    )

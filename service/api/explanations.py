"""The reasons behind a ranking, as JSON. Numbers are not rounded, so that they multiply and add up."""

from pydantic import Field

from indexer.domain.people import Role
from service.api.shape import Shape
from service.experts import Active, CountedVote, PersonReasons, RankedPerson
from service.search import Effect, Hit


class FeedbackEffectOut(Shape):
    """What was said for this query and similar ones; `balance` is the sum of ±similarity."""

    useful: int
    not_useful: int
    balance: float
    factor: float = Field(description="1 + bound · tanh(balance)")


class PassageExplanation(Shape):
    """relevance = fit · standing · feedback.factor, with fit = (1 - word_weight) · meaning + word_weight · words and
    meaning = cosine + crowding · (cosine - neighbours); fit = words where cosine is null, because the search had to do
    without the model.

    Where a cross-encoder read the passage, fit = (1 - reading_weight) · that + reading_weight · reading. Where it was
    raised for a rare identifier of the query, or lowered behind the document that superseded it, relevance is what it
    was raised or lowered to."""

    sentence: str
    cosine: float | None = Field(description="Closeness in meaning of passage and query")
    neighbours: float = Field(description="Mean cosine of the passage and the ten nearest to it")
    crowding: float = Field(description="How much it counts to be closer to the query than to the neighbours")
    words: float = Field(description="BM25 as a share of what the query could get, 0 to 1")
    matched: list[str] = Field(description="The words of the query that the passage has")
    word_weight: float
    reading: float | None = Field(description="What a cross-encoder says of passage and query, 0 to 1")
    reading_weight: float
    fit: float
    raised: bool = Field(description="Whether it stands higher for an identifier of the query that few others have")
    lowered: bool = Field(description="Whether it stands lower, behind the document that superseded it")
    standing: float = Field(description="Under 1 where the document is superseded or retired")
    feedback: FeedbackEffectOut
    relevance: float


class VoteExplanation(Shape):
    """weight = role_weight · quality · age · community · max(0, relevance - least_relevance)^sharpness / authors, and
    gain = decay · weight."""

    document: str
    title: str
    role: Role
    role_weight: float
    quality: float = Field(description="1 to 2, by likes")
    community: float = Field(description="1 and more, by how much the question concerns the document's community")
    age: float = Field(description="1 for today, less with the years")
    authors: int = Field(description="How many authors share the vote")
    relevance: float
    weight: float
    decay: float = Field(description="1 for the strongest vote, less for each after it")
    gain: float
    share: float


class ActivityExplanation(Shape):
    community: str = Field(description="Its name")
    share: float = Field(description="Their part of what was done there lately")
    concern: float = Field(description="How much the query concerns the community; at most 1 over all of them")


class PersonExplanation(Shape):
    """score = total / divisor · activity · feedback.factor, with total the sum of the votes' gains and
    activity = 1 + activity_weight · the sum of share · concern over the communities concerned."""

    sentence: str
    votes: list[VoteExplanation] = Field(description="Every vote that counts, strongest first")
    least_relevance: float
    sharpness: float
    total: float
    documents: int = Field(description="How many documents they had a part in that you may read")
    divisor: float = Field(description="Restrains whoever had a part in many documents")
    active: list[ActivityExplanation]
    activity: float = Field(description="1 and more, by what they did lately in the communities concerned")
    feedback: FeedbackEffectOut
    score: float


def explain_passage(hit: Hit) -> PassageExplanation:
    reasons = hit.reasons
    return PassageExplanation(
        sentence=reasons.sentence(hit.matched),
        cosine=reasons.cosine,
        neighbours=reasons.neighbours,
        crowding=reasons.crowding,
        words=reasons.words,
        matched=list(hit.matched),
        word_weight=reasons.word_weight,
        reading=reasons.reading,
        reading_weight=reasons.reading_weight,
        fit=reasons.fit,
        raised=reasons.raised,
        lowered=reasons.lowered,
        standing=reasons.standing,
        feedback=_effect(reasons.feedback),
        relevance=reasons.relevance,
    )


def explain_person(ranked: RankedPerson) -> PersonExplanation:
    reasons: PersonReasons = ranked.reasons
    return PersonExplanation(
        sentence=reasons.sentence(),
        votes=[_vote(counted) for counted in reasons.votes],
        least_relevance=reasons.least_relevance,
        sharpness=reasons.sharpness,
        total=reasons.total,
        documents=reasons.documents,
        divisor=reasons.divisor,
        active=[_active(entry) for entry in reasons.active],
        activity=reasons.activity,
        feedback=_effect(reasons.feedback),
        score=reasons.score,
    )


def _active(entry: Active) -> ActivityExplanation:
    return ActivityExplanation(community=entry.community, share=entry.lately.share, concern=entry.lately.concern)


def _vote(counted: CountedVote) -> VoteExplanation:
    vote = counted.vote
    return VoteExplanation(
        document=counted.document.public_id,
        title=counted.document.title,
        role=vote.part.role,
        role_weight=vote.role,
        quality=vote.quality,
        community=vote.community,
        age=vote.age,
        authors=vote.authors,
        relevance=vote.fit.relevance,
        weight=vote.weight,
        decay=counted.decay,
        gain=counted.gain,
        share=counted.share,
    )


def _effect(effect: Effect) -> FeedbackEffectOut:
    return FeedbackEffectOut(
        useful=effect.useful, not_useful=effect.not_useful, balance=effect.balance, factor=effect.factor
    )

"""People for a question: votes of documents, evidence, verdict, and the whole answer."""

from service.experts.answer import Answer, CommunityShare, answer
from service.experts.people import Confidence, Evidence, RankedPerson, rank_people
from service.experts.reasons import CountedVote, PersonReasons
from service.experts.verdict import Verdict, VerdictKind

__all__ = [
    "Answer",
    "CommunityShare",
    "Confidence",
    "CountedVote",
    "Evidence",
    "PersonReasons",
    "RankedPerson",
    "Verdict",
    "VerdictKind",
    "answer",
    "rank_people",
]

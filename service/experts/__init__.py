"""People for a question: votes of documents, evidence, verdict, and the whole answer."""

from service.experts.answer import Answer, CommunityShare, answer
from service.experts.people import Confidence, Evidence, RankedPerson, rank_people
from service.experts.reasons import Active, CountedVote, PersonReasons
from service.experts.shortlist import LONGEST_NAME, MOST_PEOPLE, Shortlist, ShortlistedPerson, rank_shortlist
from service.experts.verdict import Verdict, VerdictKind

__all__ = [
    "LONGEST_NAME",
    "MOST_PEOPLE",
    "Active",
    "Answer",
    "CommunityShare",
    "Confidence",
    "CountedVote",
    "Evidence",
    "PersonReasons",
    "RankedPerson",
    "Shortlist",
    "ShortlistedPerson",
    "Verdict",
    "VerdictKind",
    "answer",
    "rank_people",
    "rank_shortlist",
]

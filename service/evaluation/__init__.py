"""Measuring an index: topics, qrels, runs, measures, and whether one run beats another."""

from service.evaluation.candidates import Candidates, read_candidates
from service.evaluation.comparison import Difference, compare_topics
from service.evaluation.evaluate import Evaluation, Gaps, Material, evaluate, mean
from service.evaluation.measures import DEFAULT_MEASURES, measure_topics, parse_measures
from service.evaluation.qrels import Qrel, read_qrels
from service.evaluation.ranking import Task
from service.evaluation.runs import RankedItem, Run, read_run, write_run
from service.evaluation.ties import expected_ndcg
from service.evaluation.topics import Topic, read_topics

__all__ = [
    "DEFAULT_MEASURES",
    "Candidates",
    "Difference",
    "Evaluation",
    "Gaps",
    "Material",
    "Qrel",
    "RankedItem",
    "Run",
    "Task",
    "Topic",
    "compare_topics",
    "evaluate",
    "expected_ndcg",
    "mean",
    "measure_topics",
    "parse_measures",
    "read_candidates",
    "read_qrels",
    "read_run",
    "read_topics",
    "write_run",
]

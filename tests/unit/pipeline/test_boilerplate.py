import numpy as np

from indexer.pipeline.boilerplate import to_leave_out
from indexer.settings import PassageSettings
from indexer.store.blocks import DocumentBlocks

SETTINGS = PassageSettings(
    target_words=180, max_words=200, min_words=25, boilerplate_documents=3, boilerplate_share=0.5
)


def left_out(*digests: list[int]) -> list[set[int]]:
    known = [DocumentBlocks(number, np.asarray(own, np.int64), frozenset()) for number, own in enumerate(digests)]
    return [set(found) for found in to_leave_out(known, SETTINGS)]


def test_a_block_that_enough_documents_share_stays_in_the_first_alone() -> None:
    assert left_out([1, 7], [2, 7], [3, 7], [4]) == [set(), {7}, {7}, set()]


def test_both_the_number_and_the_share_of_documents_count() -> None:
    assert left_out([7], [7]) == [set(), set()]
    assert left_out([7], [7], [7], [1], [2], [3], [4]) == [set()] * 7


def test_a_source_without_documents_has_no_boilerplate() -> None:
    assert left_out() == []

from collections.abc import Sequence

import numpy as np

from indexer.pipeline.boilerplate import changed_documents
from indexer.settings import PassageSettings
from indexer.store.blocks import SourceBlocks

SETTINGS = PassageSettings(
    target_words=180, max_words=200, min_words=25, boilerplate_documents=3, boilerplate_share=0.5
)


def blocks_of(digests: Sequence[list[int]], left_out: Sequence[list[int]]) -> SourceBlocks:
    return SourceBlocks(
        np.arange(len(digests)),
        np.asarray([digest for own in digests for digest in own], np.int64),
        np.asarray([len(own) for own in digests], np.int64),
        np.asarray([digest for own in left_out for digest in own], np.int64),
        np.asarray([len(own) for own in left_out], np.int64),
    )


def left_out(*digests: list[int]) -> list[set[int]]:
    changed = dict(changed_documents(blocks_of(digests, [[]] * len(digests)), SETTINGS))
    return [set(changed.get(number, ())) for number in range(len(digests))]


def test_a_block_that_enough_documents_share_stays_in_the_first_alone() -> None:
    assert left_out([1, 7], [2, 7], [3, 7], [4]) == [set(), {7}, {7}, set()]


def test_both_the_number_and_the_share_of_documents_count() -> None:
    assert left_out([7], [7]) == [set(), set()]
    assert left_out([7], [7], [7], [1], [2], [3], [4]) == [set()] * 7


def test_a_source_without_documents_has_no_boilerplate() -> None:
    assert left_out() == []


def test_only_documents_that_leave_out_something_else_now_are_split_again() -> None:
    digests = [[1, 7], [2, 7], [3, 7], [4, 9]]
    assert list(changed_documents(blocks_of(digests, [[], [7], [7], []]), SETTINGS)) == []
    assert dict(changed_documents(blocks_of(digests, [[], [7], [], [9]]), SETTINGS)) == {2: {7}, 3: set()}

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.pipeline.boilerplate import changed_documents
from indexer.settings import PassageSettings
from indexer.store.blocks import SourceBlocks

SETTINGS = PassageSettings(
    target_words=180, max_words=200, min_words=25, boilerplate_documents=3, boilerplate_share=0.5
)


def blocks_of(
    digests: Sequence[list[int]], left_out: Sequence[list[int]], audiences: Sequence[int] | None = None
) -> SourceBlocks:
    return SourceBlocks(
        np.arange(len(digests)),
        np.asarray(audiences or [1] * len(digests), np.int64),
        np.asarray([digest for own in digests for digest in own], np.int64),
        np.asarray([len(own) for own in digests], np.int64),
        np.asarray([digest for own in left_out for digest in own], np.int64),
        np.asarray([len(own) for own in left_out], np.int64),
    )


def left_out(*digests: list[int], audiences: Sequence[int] | None = None) -> list[set[int]]:
    changed = dict(changed_documents(blocks_of(digests, [[]] * len(digests), audiences), SETTINGS))
    return [set(changed.get(number, ())) for number in range(len(digests))]


def test_a_block_that_enough_documents_share_stays_in_the_first_alone() -> None:
    assert left_out([1, 7], [2, 7], [3, 7], [4]) == [set(), {7}, {7}, set()]


def test_both_the_number_and_the_share_of_documents_count() -> None:
    assert left_out([7], [7]) == [set(), set()]
    assert left_out([7], [7], [7], [1], [2], [3], [4]) == [set()] * 7


def test_each_audience_keeps_a_block_and_counts_its_own_documents() -> None:
    audiences = [2, 1, 2, 1, 2, 1, 3, 3]
    found = left_out([7], [7], [7], [7], [7], [7], [7], [7], audiences=audiences)
    assert found == [set(), set(), {7}, {7}, {7}, {7}, set(), set()]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sets(st.integers(1, 5)).map(sorted)), max_size=20),
    st.sets(st.integers(1, 3)),
)
def test_what_documents_leave_out_follows_from_those_of_readable_audiences(
    documents: list[tuple[int, list[int]]], readable: set[int]
) -> None:
    mine = [number for number, (audience, _) in enumerate(documents) if audience in readable]
    everything = left_out(*(own for _, own in documents), audiences=[audience for audience, _ in documents])
    alone = left_out(*(documents[n][1] for n in mine), audiences=[documents[n][0] for n in mine])
    assert [everything[number] for number in mine] == alone


def test_a_source_without_documents_has_no_boilerplate() -> None:
    assert left_out() == []


def test_only_documents_that_leave_out_something_else_now_are_split_again() -> None:
    digests = [[1, 7], [2, 7], [3, 7], [4, 9]]
    assert list(changed_documents(blocks_of(digests, [[], [7], [7], []]), SETTINGS)) == []
    assert dict(changed_documents(blocks_of(digests, [[], [7], [], [9]]), SETTINGS)) == {2: {7}, 3: set()}

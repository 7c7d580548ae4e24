"""The rows nearest to a question, over all segments together: exactly where there are few, else by way of codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from indexer.index.allowed import AllowedRows
from indexer.index.codes import Codes, compared_of
from indexer.index.stretches import Stretches
from indexer.index.vectors import SAME

VectorSearch = Literal["auto", "exact", "codes"]

EXACT_ROWS = 20_000  # so many take half a millisecond exactly, which codes take at the least
FEW = 4  # times as many rows as codes would single out are not worth it either
LOOKED_AT = 100

Places = NDArray[np.int64]
Estimates = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Coded:
    """Rows of a part that have codes: their first row and place, and which of them are allowed (None where all)."""

    codes: Codes
    row: int
    place: int
    allowed: NDArray[np.bool_] | None

    def best(self, query: NDArray[np.float32], limit: int) -> tuple[Places, Estimates]:
        rows, estimates = self.codes.best(query, self.allowed, limit)
        return rows + self.place, estimates


def nearest(
    query: NDArray[np.float32], parts: Sequence[AllowedRows], limit: int, way: VectorSearch = "auto"
) -> list[Places]:
    """For each part the places of its allowed rows that may be among the `limit` closest to a unit vector of all parts
    together, in no order.

    Of few allowed rows, or with the way `exact`, all of the closest are found, and whatever is as close as one of them.
    Of many (with the way `codes` also of fewer), those that have codes are chosen by these and then compared exactly:
    the farther a row is among the closest, the likelier it is missing. What is found is the same each time, and depends
    on the stretches of these parts alone.
    """
    coded = [[] if way == "exact" else _coded(part) for part in parts]
    few = max(FEW * compared_of(limit), 0 if way == "codes" else EXACT_ROWS)
    if not any(coded) or sum(part.allowed for part in parts) <= few:
        return [part.segment.vectors.near(query, part.stretches, part.mask, limit) for part in parts]
    chosen = iter(_best_by_codes(query, [rows for mine in coded for rows in mine], compared_of(limit)))
    places = [
        np.concatenate([_near_without_codes(query, part, mine, limit), *(next(chosen) for _ in mine)])
        for part, mine in zip(parts, coded, strict=True)
    ]
    together = list(zip(parts, places, strict=True))
    compared = [part.segment.vectors.closest(query, part.stretches.rows_at(some), limit) for part, some in together]
    least = _least([cosines for _, cosines in compared], limit) - SAME
    return [some[which[cosines >= least]] for some, (which, cosines) in zip(places, compared, strict=True)]


def explained(segments: Sequence[Mapping[str, Any]]) -> str:
    """How the vectors of segments, of which these are the manifests, are searched and why, as a sentence."""
    rows = sum(int(told["rows"]) for told in segments)
    coded = [codes for told in segments for codes in told.get("codes", ())]
    having = sum(int(codes["rows"]) for codes in coded)
    if not having:
        return f"all {rows:,} are compared: none has codes"
    recall = sum(int(codes["rows"]) * float(codes["recall"]) for codes in coded) / having
    return (
        f"of up to {EXACT_ROWS:,} that may be found all are compared; of more, the {having:,} of {rows:,} that have "
        f"codes are chosen by these, among which {recall:.1%} of the ten nearest were found when they were written"
    )


def _coded(part: AllowedRows) -> list[_Coded]:
    """The rows of a part that have codes."""
    found, stretches = [], part.stretches
    for row, codes in part.segment.codes.items():
        stretch = int(np.searchsorted(stretches.starts, row, side="right")) - 1
        if stretch >= 0 and row + codes.rows <= stretches.ends[stretch]:
            place = int(stretches.offsets[stretch] + row - stretches.starts[stretch])
            mask = None if part.mask is None else part.mask[place : place + codes.rows]
            found.append(_Coded(codes, row, place, None if mask is None or mask.all() else mask))
    return found


def _best_by_codes(query: NDArray[np.float32], coded: Sequence[_Coded], wanted: int) -> list[Places]:
    """The places of the best so many by codes of all together."""
    looked = min(wanted // len(coded) + LOOKED_AT, wanted)
    found = [rows.best(query, looked) for rows in coded]
    least = _least([estimates for _, estimates in found], wanted)
    for number, (_, estimates) in enumerate(found):
        # Where all that were looked at are among the best, some that were not may be, too.
        if looked == len(estimates) < wanted and estimates[-1] >= least:
            found[number] = coded[number].best(query, wanted)
    least = _least([estimates for _, estimates in found], wanted)
    return [places[estimates >= least] for places, estimates in found]


def _near_without_codes(query: NDArray[np.float32], part: AllowedRows, coded: Sequence[_Coded], limit: int) -> Places:
    """The places of the closest allowed rows of a part that have no codes."""
    stretches = part.stretches
    starts = np.sort(np.concatenate([stretches.starts, [rows.row + rows.codes.rows for rows in coded]])).astype(
        np.int64
    )
    ends = np.sort(np.concatenate([stretches.ends, [rows.row for rows in coded]])).astype(np.int64)
    left = starts < ends
    rest = Stretches(starts[left], ends[left])
    if not rest.rows:
        return np.zeros(0, np.int64)
    first = stretches.places_of(rest.starts)
    places = Stretches(first, first + rest.ends - rest.starts)
    mask = None if part.mask is None else places.column(part.mask)
    return places.rows_at(part.segment.vectors.near(query, rest, mask, limit))


def _least(found: Sequence[NDArray[np.float32]], limit: int) -> np.float32:
    """The least of the highest so many."""
    values = np.concatenate(found)
    return np.partition(values, -limit)[-limit] if len(values) > limit else np.float32(-np.inf)

"""The rows of a segment that a search may find."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.index.segment import Segment
from indexer.index.stretches import Stretches


@dataclass(frozen=True, slots=True)
class AllowedRows:
    """A part of a segment: the stretches of rows that a viewer may read. `gone` are the places, (n,) and ascending, of
    those that no longer count; `mask`, (rows,) by place, tells those that count and pass the filters, None where all
    do. `tokens` is how long the texts of those that count are together."""

    segment: Segment
    stretches: Stretches
    gone: NDArray[np.int64]
    mask: NDArray[np.bool_] | None
    tokens: int

    @property
    def passages(self) -> int:
        """How many rows count, whatever the filters."""
        return self.stretches.rows - len(self.gone)

    @property
    def allowed(self) -> int:
        """How many rows count and pass the filters."""
        return self.stretches.rows if self.mask is None else int(np.count_nonzero(self.mask))

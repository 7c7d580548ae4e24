"""How crowded the surroundings of a candidate are.

Some passages are close to every question about their field, and stand above the one that answers it. Their nearest
neighbours are close to them, too, which is how they are told: A. Conneau et al., "Word translation without parallel
data" (2018), calls the mean cosine to the ten nearest r and ranks by 2 cos - r. Here only candidates of the same
question count as neighbours, so nothing that the asker may not read has a part in it.
"""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
SURROUNDINGS = 200


def crowding_of(
    vectors: NDArray[np.float32],
    documents: NDArray[np.int64],
    cosines: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The mean cosine of each candidate, (n,), to its ten nearest among the 200 candidates nearest to the question that
    belong to other documents; its own cosine to the question where there are none.

    `vectors` is (n, dimension), unit length; `documents` and `cosines` (to the question) are (n,).
    """
    around = np.argsort(-cosines, kind="stable")[:SURROUNDINGS]
    near = vectors @ vectors[around].T
    near[documents[:, np.newaxis] == documents[around]] = -np.inf
    nearest = -np.partition(-near, min(NEIGHBOURS, near.shape[1] - 1), axis=1)[:, :NEIGHBOURS] if near.size else near
    found = np.isfinite(nearest)
    counts = found.sum(axis=1)
    sums = np.where(found, nearest, 0).sum(axis=1)
    return np.asarray(np.where(counts, sums / np.maximum(counts, 1), cosines), np.float32)

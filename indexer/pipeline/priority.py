"""Letting searches on the same machine go first."""

import os

NICENESS = 15  # `scripts/bench incremental` shows what searches notice


def yield_to_searches() -> None:
    """Let everything else on this machine go before this process, its threads and its children from now on."""
    os.nice(max(NICENESS - os.nice(0), 0))

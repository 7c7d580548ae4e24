"""How long work tells where it stands."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One report from running work. `total` is None while it is unknown; `unit` names what is counted."""

    phase: str
    done: int
    total: int | None
    unit: str
    item: str | None = None


ReportProgress = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """For callers that do not watch."""

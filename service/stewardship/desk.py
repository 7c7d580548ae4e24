"""Where a steward works, and what is theirs to decide."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.home import Home
from service.auth import Viewer

if TYPE_CHECKING:  # the job engine takes a third of a second that the commands need not pay
    from indexer.jobs.queue import JobQueue


@dataclass(frozen=True, slots=True)
class StewardDesk:
    """`home` and `queue` act in the name of the account; `asked_by` is its name. On the command line, where whoever may
    read the home's files decides, there is no viewer and no queue."""

    home: Home
    viewer: Viewer | None
    queue: "JobQueue | None"
    asked_by: str


def may_decide(viewer: Viewer | None, community: str | None) -> bool:
    """Whether it is for this viewer to say who may read in a community (slug), or what belongs to none."""
    return viewer is None or viewer.admin or community in viewer.stewards

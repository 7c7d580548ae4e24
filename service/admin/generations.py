"""Generations of the index: which there are, letting another serve, removing one, what a change of settings costs."""

from collections import Counter
from dataclasses import dataclass

from indexer.domain.errors import NotFound
from indexer.domain.jobs import Job, JobKind
from indexer.index import GenerationInfo
from indexer.index.inventory import size_of
from indexer.pipeline.costs import ChangeCost, cost_of_change
from indexer.pipeline.generations import RolledBack, remove_generation, roll_back
from service.admin.desk import Desk, Listed, conflicts, page_of
from service.admin.jobs import start_job


@dataclass(frozen=True, slots=True)
class GenerationView:
    """A generation, and how many bytes its removal frees: those that no other generation shares."""

    info: GenerationInfo
    frees: int


def list_generations(desk: Desk, cursor: str | None = None, limit: int | None = None) -> Listed[GenerationView]:
    """Newest first. QueryInvalid for a cursor that is not ours."""
    return page_of(_views(desk), lambda view: view.info.name, cursor, limit)


def show_generation(desk: Desk, name: str) -> GenerationView:
    """NotFound."""
    for view in _views(desk):
        if view.info.name == name:
            return view
    raise NotFound(f"there is no generation {name}: the list of generations shows those there are")


def verify_serving(desk: Desk) -> Job:
    """Ask for a job that checks every byte of the generation that serves, its counts, and samples of what it finds."""
    return start_job(desk, JobKind.VERIFY)


def roll_back_to(desk: Desk, name: str) -> RolledBack:
    """Let another generation serve after every byte of it has been checked. NotFound; Conflict where it serves already
    or is damaged, or while a job writes the home."""
    with conflicts():
        return roll_back(desk.home, desk.read_settings(), name)


def remove(desk: Desk, name: str) -> None:
    """Remove a generation with what only it uses. NotFound; Conflict where it serves, or while a job writes the
    home."""
    with conflicts():
        remove_generation(desk.home, name)


def cost_of_settings(desk: Desk) -> ChangeCost:
    """What the settings, as their file says now, ask for that the home does not have yet. EncoderUnavailable."""
    return cost_of_change(desk.home, desk.read_settings())


def _views(desk: Desk) -> list[GenerationView]:
    found = desk.home.index.generations()
    uses = Counter(segment for info in found if info.manifest for segment in info.manifest.segments)
    return [GenerationView(info, _frees(desk, info, uses)) for info in found]


def _frees(desk: Desk, info: GenerationInfo, uses: Counter[str]) -> int:
    own = [segment for segment in (info.manifest.segments if info.manifest else ()) if uses[segment] == 1]
    return sum(size_of(desk.home.index.segments / segment) for segment in own)

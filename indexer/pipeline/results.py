"""What a run came to."""

from dataclasses import dataclass

from indexer.domain.content import ItemState
from indexer.pipeline.build import BuildResult


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What reading one source came to. `error` is set where the source could not be read to its end."""

    source: str
    read: int = 0
    unchanged: int = 0
    removed: int = 0
    states: tuple[tuple[ItemState, int], ...] = ()
    seconds: float = 0.0
    build: BuildResult | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """What a whole run came to; `generation` serves now, `unlisted` are sources in the home but not in the settings."""

    sources: tuple[SourceResult, ...]
    generation: str | None
    unlisted: tuple[str, ...] = ()

"""Tidying up the index on demand, more thoroughly than a reindex does on the way."""

from dataclasses import dataclass

from indexer.domain.errors import IndexOutdated
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.pipeline.build import compact_index
from indexer.settings import Settings


@dataclass(frozen=True, slots=True)
class CompactResult:
    """What compacting came to: how many segments and dead rows there were and are."""

    generation: str
    segments_before: int
    segments_after: int
    dead_before: int
    dead_after: int


def compact(
    home: Home, encoder: Encoder, settings: Settings, report: ReportProgress = ignore_progress
) -> CompactResult:
    """Merge all small segments into full ones and write those again that hold many dead rows, embedding nothing anew.

    What is alone of its kind stays as it is. HomeBusy where another process writes this home; IndexOutdated where there
    is no index yet, or one of another model.
    """
    with home.writing():
        home.prepare()
        before = _counts(home, encoder)
        thorough = settings.index.model_copy(update={"max_segments": 1})
        index = thorough if _small_segments(home, settings) > 1 else settings.index
        compact_index(home, encoder, settings.model_copy(update={"index": index}), report)
        after = _counts(home, encoder)
    return CompactResult(home.index.current_name() or "", before[0], after[0], before[1], after[1])


def _counts(home: Home, encoder: Encoder) -> tuple[int, int]:
    """Segments and dead rows of the generation that serves."""
    name = home.index.current_name()
    if name is None:
        raise IndexOutdated("nothing has been indexed yet: run `knowwho index`")
    manifest = home.index.manifest(name)
    if manifest.fingerprint != encoder.fingerprint:
        raise IndexOutdated(
            "the index was made with another model than the settings name: rebuild it (`knowwho jobs run rebuild`)"
        )
    return len(manifest.segments), len(manifest.dead)


def _small_segments(home: Home, settings: Settings) -> int:
    present = home.index.open_current()
    full = settings.index.segment_passages / 2
    return sum(segment.rows < full for segment in present.segments) if present else 0

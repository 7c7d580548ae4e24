"""From the passages in the database to a published generation.

What has to be done follows from comparing the database with the generation that serves, so a run that was killed is
taken up by the next one, and a run that finds nothing different does nothing.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import IndexCorrupt
from indexer.domain.progress import Progress, ReportProgress
from indexer.embedding import Encoder, encoder_spec
from indexer.home import Home
from indexer.index import Generation, GenerationManifest, Row, Segment, write_segment
from indexer.index.journal import KeptVectors
from indexer.passages import indexed_text
from indexer.pipeline.costs import settings_that_cost
from indexer.pipeline.embedding import PassageVectors
from indexer.pipeline.verify import check_new
from indexer.settings import Settings
from indexer.store import outdated, passages, retired
from indexer.store.passages import IndexablePassage

log = logging.getLogger(__name__)

DEAD_SHARE = 0.25
SMALL_CHANGE = 500  # passages that are written again to tidy up before a change is published; more only afterwards


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did; `manifest` is of the new generation."""

    manifest: GenerationManifest
    embedded: int
    reused: int


def build_generation(
    home: Home, encoder: Encoder, settings: Settings, report: ReportProgress, *, anew: bool = False
) -> BuildResult | None:
    """Publish a generation that holds exactly the database's passages; None where the present one does.

    The work is in proportion to what has changed: large segments are tidied up by `compact_index`. With `anew` every
    segment is written again, though nothing that has been embedded before is embedded again. A generation that shares
    no segment with the one before is verified before it is published: GenerationInvalid.
    """
    return _build(home, encoder, settings, report, anew, SMALL_CHANGE)


def compact_index(home: Home, encoder: Encoder, settings: Settings, report: ReportProgress) -> BuildResult | None:
    """Write segments again that hold too many dead rows, and merge those of which there are too many; None where there
    is nothing to tidy up. What serves meanwhile has every change already."""
    present = _usable(home, encoder)
    if present is not None and not present.left_out and not _choose(present, present.passage_ids(), settings, None)[1]:
        return None
    return _build(home, encoder, settings, report, False, None)


def forget_dead(home: Home, encoder: Encoder, settings: Settings, report: ReportProgress) -> None:
    """Leave nothing in the index of any passage that is gone: segments that hold one are written again, and only the
    generation that serves then stays."""
    _build(home, encoder, settings, report, False, None, thorough=True)
    home.index.clean(1)
    home.index.drop_loose()
    _forget_retired(home)


def _build(
    home: Home,
    encoder: Encoder,
    settings: Settings,
    report: ReportProgress,
    anew: bool,
    most_again: int | None,
    *,
    thorough: bool = False,
) -> BuildResult | None:
    present = _usable(home, encoder)
    with home.database.begin() as transaction:
        outdated.forget_outdated(transaction, present.passage_ids() if present else np.zeros(0, np.int64))
        outdated.renumber_changed(transaction)
        wanted = np.asarray(passages.passage_ids(transaction), np.int64)
    kept, rewritten = ([], []) if anew else _choose(present, wanted, settings, most_again, thorough=thorough)
    missing = np.setdiff1d(wanted, _ids(kept), assume_unique=True)
    dead = np.sort(np.setdiff1d(_ids(kept), wanted, assume_unique=True))
    if present is not None and not anew and not len(missing) and not rewritten and not present.left_out:
        if not present.manifest.encoder:
            home.index.describe(present.manifest.name, encoder_spec(settings.encoder))
        if _same(dead, present.manifest.dead):
            return None
    dimension = present.manifest.dimension if present else encoder.dimension
    vectors = PassageVectors(home, encoder, dimension, _reusable(home, encoder, present, anew), report, len(missing))
    new = [
        _write(home, rows, vectors.of(rows), encoder, report, coded=settings.index.vectors != "exact")
        for rows in _rows(home, missing, settings.index.segment_passages)
    ]
    manifest = home.index.publish(
        [*(segment.folder for segment in kept), *new],
        [int(passage) for passage in dead],
        fingerprint=encoder.fingerprint,
        dimension=vectors.dimension,
        passages=len(wanted),
        splitter=settings.passages.model_dump(),
        encoder=encoder_spec(settings.encoder),
        settings=settings_that_cost(settings),
        check=None
        if kept
        else lambda manifest: check_new(home, manifest, encoder if vectors.encoded else None, report),
    )
    vectors.forget()
    home.index.clean(settings.index.keep_generations)
    _forget_retired(home)
    return BuildResult(manifest, vectors.encoded, len(missing) - vectors.encoded)


def _usable(home: Home, encoder: Encoder) -> Generation | None:
    """The generation that serves, unless it is damaged or made with another model: then all is built anew."""
    name = home.index.current_name()
    if name is None:
        return None
    try:
        manifest = home.index.manifest(name)
        if manifest.fingerprint != encoder.fingerprint:
            log.warning("the embedding model has changed: every passage is embedded again")
            return None
        return home.index.open(name)
    except IndexCorrupt as error:
        log.warning("the index is damaged and is mended from the database: %s", error)
        return _salvaged(home, name)


def _salvaged(home: Home, name: str) -> Generation | None:
    """What every byte of is sound in a damaged generation."""
    try:
        home.index.inspect(home.index.manifest(name))
        return home.index.open(name, partial=True)
    except IndexCorrupt:
        return None


def _reusable(home: Home, encoder: Encoder, present: Generation | None, anew: bool) -> list[KeptVectors]:
    """The vectors that can be taken over: those of the present generation; all there are where much has to be written,
    or where newer generations were rolled back from."""
    if present is None or present.left_out or anew or present.manifest.name != home.index.names()[-1]:
        return home.index.sound_vectors(encoder.fingerprint)
    return [KeptVectors(segment.digests, segment.vectors) for segment in present.segments]


def _forget_retired(home: Home) -> None:
    """Remove the passages that were kept for older generations only, once those are gone."""
    with home.database.read() as transaction:
        kept = np.asarray(retired.retired_ids(transaction), np.int64)
    if not len(kept):
        return
    held = [home.index.open(name, partial=True).passage_ids() for name in home.index.names()]
    with home.database.begin() as transaction:
        retired.forget_passages(transaction, np.setdiff1d(kept, np.concatenate(held)).tolist())


def _choose(
    present: Generation | None,
    wanted: NDArray[np.int64],
    settings: Settings,
    most_again: int | None,
    *,
    thorough: bool = False,
) -> tuple[list[Segment], list[Segment]]:
    """Which segments stay as they are and which are written again, `most_again` passages at most: because too many of
    their rows are dead (with `thorough` any), or because there are too many of about their size."""
    segments = present.segments if present else []
    living = {segment.folder: int(np.isin(segment.passages, wanted).sum()) for segment in segments}
    most_living = {s.folder: s.rows - 1 if thorough else (1 - DEAD_SHARE) * s.rows for s in segments}
    dying = [segment for segment in segments if living[segment.folder] <= most_living[segment.folder]]
    rest = [segment for segment in segments if segment not in dying]
    again: list[Segment] = []
    room = math.inf if most_again is None else most_again
    for group in (*([segment] for segment in dying), *_crowds(rest, settings)):
        rows = sum(living[segment.folder] for segment in group)
        if rows <= room:
            again += group
            room -= rows
    return [segment for segment in segments if segment not in again], again


def _crowds(segments: Sequence[Segment], settings: Settings) -> Iterator[list[Segment]]:
    """Small segments to merge. Each size (up to 7 rows, 8 to 63, 64 to 511 and so on with `max_segments` 8) of which
    there are too many is merged together with all that are smaller, so a passage is written again a few times in its
    life, however many changes there are."""
    most = settings.index.max_segments
    small = [segment for segment in segments if segment.rows < settings.index.segment_passages / 2]
    sizes = {segment.folder: int(math.log(max(segment.rows, 1), max(most, 2))) for segment in small}
    merged = -1
    for size, count in sorted(Counter(sizes.values()).items()):
        if count >= most:
            yield [segment for segment in small if merged < sizes[segment.folder] <= size]
            merged = size


def _ids(segments: Sequence[Segment]) -> NDArray[np.int64]:
    return np.concatenate([segment.passages for segment in segments]) if segments else np.zeros(0, np.int64)


def _same(dead: NDArray[np.int64], known: Sequence[int]) -> bool:
    return {int(passage) for passage in dead} == set(known)


def _rows(home: Home, missing: NDArray[np.int64], at_most: int) -> Iterator[list[Row]]:
    """The missing passages, as many at a time as one segment holds."""
    for start in range(0, len(missing), at_most):
        with home.database.read() as transaction:
            stored = passages.indexable_passages(transaction, missing[start : start + at_most].tolist())
            rows = [_row(passage) for passage in stored]
        yield rows


def _row(passage: IndexablePassage) -> Row:
    return Row(
        passage=passage.id,
        document=passage.document,
        digest=passage.digest,
        audience=passage.audience,
        community=passage.community,
        kind=passage.kind,
        moment=passage.moment,
        text=indexed_text(passage.title, passage.heading, passage.text),
    )


def _write(
    home: Home,
    rows: Sequence[Row],
    vectors: NDArray[np.float32],
    encoder: Encoder,
    report: ReportProgress,
    *,
    coded: bool,
) -> Path:
    folder = home.index.new_segment()

    def tell(done: int) -> None:
        report(Progress("writing the index", done, len(rows), "passages"))

    write_segment(folder, rows, vectors, encoder.fingerprint, tell, coded=coded)
    return folder

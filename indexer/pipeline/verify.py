"""Whether a generation is whole, says what the database says, and finds what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexer.domain.errors import GenerationInvalid, IndexCorrupt
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import Encoder
from indexer.home import Home
from indexer.index import Generation, GenerationManifest
from indexer.index.checking import rows_of, sampled_recall, unfindable, unusable_vectors
from indexer.passages import indexed_text
from indexer.store import Transaction, passages, retired
from indexer.store.passages import IndexablePassage

QUESTIONS = 20
SAMPLED_PASSAGES = 200
ENCODED_PASSAGES = 8
LEAST_RECALL = 0.95  # by codes a few of those that are equally near may be missed, which is no reason to serve nothing
LEAST_COSINE = 0.98  # of a passage's vector with its text encoded again: 16 and 32 bit agree to .998
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verifying came to, in sentences. `problems` are damage; `behind` is how the database has moved on since the
    generation was made, which the next reindex mends. `recall` is that of the ten nearest, against an exact scan."""

    generation: str | None
    segments: int = 0
    passages: int = 0
    recall: float | None = None
    problems: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.problems


def verify(home: Home, report: ReportProgress = ignore_progress, name: str | None = None) -> VerifyResult:
    """Check every byte of a generation (None: the one that serves), its counts, and samples of what it finds.

    Segments with a damaged file are noted, so that a running service turns to the last good generation at once, and
    the next reindex writes them again. Needs no lock; a generation that is replaced meanwhile is left for the new one.
    """
    for _ in range(ATTEMPTS - 1):
        checked = name or home.index.current_name()
        result = _verify(home, checked, report)
        if result.whole or name is not None or home.index.current_name() == checked:
            return result
    return _verify(home, name or home.index.current_name(), report)


def check_new(home: Home, manifest: GenerationManifest, encoder: Encoder | None, report: ReportProgress) -> None:
    """Check a generation before it is published. GenerationInvalid where anything is wrong with it. With an encoder
    some passages are encoded again and compared."""
    problems = _damage(home, manifest, report)
    if not problems:
        generation = Generation(home.index.root, manifest)
        problems = list(_compare(home, generation, encoder, report).problems)
    if problems:
        raise GenerationInvalid(
            f"the new generation is not published, because it is not as it should be: {'; '.join(problems)}. The one "
            "before goes on serving; run the job again"
        )


def _verify(home: Home, name: str | None, report: ReportProgress) -> VerifyResult:
    if name is None:
        return VerifyResult(None, problems=("nothing has been indexed yet: run `knowwho index`",))
    try:
        manifest = home.index.manifest(name)
        problems = _damage(home, manifest, report)
        if problems:
            return VerifyResult(name, len(manifest.segments), manifest.passages, problems=tuple(problems))
        return _compare(home, home.index.open(name), None, report)
    except IndexCorrupt as error:
        return VerifyResult(name, problems=(str(error),))


def _damage(home: Home, manifest: GenerationManifest, report: ReportProgress) -> list[str]:
    total = len(manifest.segments)

    def watch(number: int, segment: str) -> None:
        report(Progress("checking files", number, total, "segments", segment))

    return home.index.inspect(manifest, watch)


def _compare(home: Home, generation: Generation, encoder: Encoder | None, report: ReportProgress) -> VerifyResult:
    manifest, held = generation.manifest, generation.passage_ids()
    with home.database.read() as transaction:
        stored, known = stored_and_known(transaction)
        sample = _spread(np.intersect1d(held, known), SAMPLED_PASSAGES)
        sampled = list(passages.indexable_passages(transaction, sample.tolist()))
    report(Progress("checking what is found", 0, None, "passages"))
    recall = sampled_recall(generation, QUESTIONS)
    result = VerifyResult(manifest.name, len(manifest.segments), len(held), recall)
    problems = [*_miscounts(held, manifest), *_unfound(generation, sampled), *_poor_search(generation, recall)]
    if encoder is not None:
        problems += _other_vectors(generation, sampled[:ENCODED_PASSAGES], encoder)
    behind = [*_moved_on(held, stored, known), *_moved(generation, sampled)]
    return replace(result, problems=tuple(problems), behind=tuple(behind))


def stored_and_known(transaction: Transaction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The passages that the index should have, and those with what older generations may still show, ascending."""
    stored = np.asarray(passages.passage_ids(transaction), np.int64)
    return stored, np.union1d(stored, np.asarray(retired.retired_ids(transaction), np.int64))


def _miscounts(held: NDArray[np.int64], manifest: GenerationManifest) -> list[str]:
    found = []
    if len(held) != manifest.passages:
        found.append(f"{len(held)} passages count although the manifest of {manifest.name} says {manifest.passages}")
    if twice := len(held) - len(np.unique(held)):
        found.append(f"{twice} passages are in generation {manifest.name} twice")
    return found


def _unfound(generation: Generation, sampled: Sequence[IndexablePassage]) -> list[str]:
    rows = rows_of(generation, [passage.id for passage in sampled])
    texts = {passage.id: _text(passage) for passage in sampled}
    found = [f"the words of passage {passage} do not find it" for passage in unfindable(rows, texts)]
    for passage in sampled:
        segment, row = rows[passage.id]
        if segment.digests[row].tobytes() != passage.digest or int(segment.documents[row]) != passage.document:
            found.append(f"the row of passage {passage.id} in {segment.folder.name} is of another text")
    return found


def _poor_search(generation: Generation, recall: float | None) -> list[str]:
    found = []
    if recall is not None and recall < LEAST_RECALL:
        found.append(f"a search finds only {recall:.1%} of what is nearest")
    if wrong := unusable_vectors(generation):
        found.append(f"the vectors of {wrong} passages are not of unit length")
    return found


def _other_vectors(generation: Generation, sampled: Sequence[IndexablePassage], encoder: Encoder) -> list[str]:
    rows = rows_of(generation, [passage.id for passage in sampled])
    encoded = encoder.encode_passages([_text(passage) for passage in sampled])
    found = []
    for passage, vector in zip(sampled, encoded, strict=True):
        segment, row = rows[passage.id]
        cosine = float(segment.vectors.rows(np.asarray([row]))[0] @ vector)
        if vector.any() and cosine < LEAST_COSINE:
            found.append(f"the model gives another vector for passage {passage.id} (cosine {cosine:.3f})")
    return found


def _moved_on(held: NDArray[np.int64], stored: NDArray[np.int64], known: NDArray[np.int64]) -> list[str]:
    found = []
    if missing := len(np.setdiff1d(stored, held)):
        found.append(f"{missing} passages of the database are not in it: run `knowwho index`")
    if surplus := len(np.setdiff1d(held, known)):
        found.append(f"{surplus} of its passages are gone from the database, so nobody sees them: run `knowwho index`")
    return found


def _moved(generation: Generation, sampled: Sequence[IndexablePassage]) -> list[str]:
    rows = rows_of(generation, [passage.id for passage in sampled])
    moved = 0
    for passage in sampled:
        segment, row = rows[passage.id]
        moved += (int(segment.audiences[row]), int(segment.communities[row])) != (passage.audience, passage.community)
    told = f"{moved} of {len(sampled)} passages looked at have other readers or another community now"
    return [f"{told}, which searches obey: run `knowwho index`"] if moved else []


def _spread(ids: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    places = np.unique(np.linspace(0, max(len(ids) - 1, 0), min(number, len(ids))).astype(np.int64))
    return np.asarray(ids[places], np.int64)


def _text(passage: IndexablePassage) -> str:
    return indexed_text(passage.title, passage.heading, passage.text)

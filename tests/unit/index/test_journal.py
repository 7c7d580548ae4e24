from pathlib import Path

import numpy as np

from indexer.index import EmbeddingJournal

ONE, TWO, THREE = (bytes([n]) * 16 for n in (1, 2, 0))


def journal(folder: Path) -> EmbeddingJournal:
    return EmbeddingJournal(folder, "model-1", 4)


def told_by(journal: EmbeddingJournal) -> dict[bytes, list[float]]:
    """The vectors that a journal gives, by digest."""
    kept = journal.read()
    vectors = kept.vectors.rows(np.arange(len(kept.digests)))
    return {digest.tobytes(): vector.tolist() for digest, vector in zip(kept.digests, vectors, strict=True)}


def test_what_was_appended_is_read_in_a_later_run(tmp_path: Path) -> None:
    journal(tmp_path).append([ONE, THREE], np.asarray([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32))
    journal(tmp_path).append([TWO], np.asarray([[0, 0, 0.5, 0.5]], np.float32))
    assert told_by(journal(tmp_path)) == {
        ONE: [1, 0, 0, 0],
        THREE: [0, 1, 0, 0],
        TWO: [0, 0, 0.5, 0.5],
    }


def test_a_batch_that_was_cut_off_is_dropped_and_the_next_one_follows_the_sound_part(tmp_path: Path) -> None:
    journal(tmp_path).append([ONE], np.eye(1, 4, dtype=np.float32))
    journal(tmp_path).append([TWO], np.eye(1, 4, dtype=np.float32))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert set(told_by(journal(tmp_path))) == {ONE}
    journal(tmp_path).append([THREE], np.eye(1, 4, dtype=np.float32))
    assert set(told_by(journal(tmp_path))) == {ONE, THREE}


def test_a_damaged_batch_ends_the_reading(tmp_path: Path) -> None:
    journal(tmp_path).append([ONE], np.eye(1, 4, dtype=np.float32))
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert told_by(journal(tmp_path)) == {}


def test_journals_of_two_models_are_apart(tmp_path: Path) -> None:
    journal(tmp_path).append([ONE], np.eye(1, 4, dtype=np.float32))
    assert told_by(EmbeddingJournal(tmp_path, "model-2", 4)) == {}

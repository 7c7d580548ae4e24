"""Models run without padding give every text the vector that it has by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding import open_encoder, slow_because
from indexer.embedding.base import Vectors
from indexer.embedding.models import device_of
from indexer.embedding.packed import equal_shares
from indexer.embedding.sentence_transformer import SentenceTransformerEncoder
from indexer.settings import Settings, load_settings
from tests.models import build_encoder

TEXTS = [
    "The brake pads are worn.",
    "",
    "pads " * 2000,
    "x",
    "Türen & Dichtungen, 制动",
    "How is a squealing brake cured? " * 9,
    "   ",
    "E-4711: in_place_update failed",
]

short_multiplies = pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(), reason="the processor does not multiply 16-bit numbers"
)


def encoder_of(model: str | Path = "all-MiniLM-L6-v2", **values: object) -> SentenceTransformerEncoder:
    settings = load_settings(Settings, None).encoder
    made = open_encoder(settings.model_copy(update={"model": str(model), "precision": "bfloat16", **values}))
    assert isinstance(made, SentenceTransformerEncoder)
    return made


def is_packed(encoder: SentenceTransformerEncoder) -> bool:
    return encoder._packed_model() is not None


def cosines(some: Vectors, others: Vectors) -> Vectors:
    return np.asarray((some * others).sum(axis=1), np.float32)


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformerEncoder:
    return encoder_of()


@pytest.fixture
def threads() -> Iterator[int]:
    """The number of threads, put back afterwards."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@short_multiplies
def test_the_default_model_runs_without_padding(encoder: SentenceTransformerEncoder) -> None:
    assert is_packed(encoder)
    assert not is_packed(encoder_of(precision="float32"))


@short_multiplies
def test_it_is_said_once_when_torch_lacks_what_packing_needs_and_vectors_come_all_the_same(
    encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = encoder.encode_passages(TEXTS)
    assert slow_because(encoder) is None
    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", None)
    slow = encoder_of()
    vectors = [slow.encode_passages(TEXTS), slow.encode_passages(TEXTS)]
    assert cosines(vectors[1], wanted).min() > 0.99
    assert "slower, because a library has changed" in (slow_because(slow) or "")
    assert [record.message for record in caplog.records if record.name.startswith("indexer")] == [slow_because(slow)]


def test_a_gpu_is_asked_for_by_setting_and_missed_where_there_is_none() -> None:
    settings = load_settings(Settings, None).encoder
    assert device_of(settings.model_copy(update={"device": "cpu"})) == "cpu"
    assert device_of(settings) == ("cuda" if torch.cuda.is_available() else "cpu")
    if not torch.cuda.is_available():
        with pytest.raises(EncoderUnavailable, match=r"encoder\.device"):
            encoder_of(device="cuda").encode_query("brakes")


def test_vectors_agree_with_those_of_the_ordinary_path_in_32_bit(encoder: SentenceTransformerEncoder) -> None:
    ordinary = encoder_of(precision="float32").encode_passages(TEXTS)
    assert cosines(encoder.encode_passages(TEXTS), ordinary).min() > 0.998


@short_multiplies
def test_a_vector_does_not_depend_on_the_texts_around_it(encoder: SentenceTransformerEncoder) -> None:
    together = encoder.encode_passages(TEXTS)
    alone = np.stack([encoder.encode_passages([text])[0] for text in TEXTS])
    reversed_ = encoder.encode_passages(TEXTS[::-1])[::-1]
    many = encoder.encode_passages(TEXTS * 12).reshape(12, len(TEXTS), -1)
    for others in (alone, reversed_, *many):
        assert np.abs(together - others).max() < 1e-3
    assert np.array_equal(encoder.encode_query(TEXTS[0]), alone[0])


def test_a_prompt_stands_before_every_text() -> None:
    prompted = encoder_of(passage_prompt="passage: ", query_prompt="query: ")
    plain = encoder_of()
    wanted = plain.encode_passages([f"passage: {text}" for text in TEXTS])
    assert cosines(prompted.encode_passages(TEXTS), wanted).min() > 0.9999
    assert prompted.encode_query("worn pads") @ plain.encode_query("query: worn pads") > 0.9999


@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_threads_gives_the_same_vectors(
    encoder: SentenceTransformerEncoder, threads: int, count: int
) -> None:
    wanted = encoder.encode_passages(TEXTS)
    found = encoder_of(threads=count).encode_passages(TEXTS)
    assert cosines(found, wanted).min() > 0.9999
    assert torch.get_num_threads() == count


def test_loading_leaves_the_threads_of_others_as_they_were(threads: int) -> None:
    encoder_of().encode_passages(TEXTS)
    assert torch.get_num_threads() == threads
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == threads


def test_several_may_ask_at_once(encoder: SentenceTransformerEncoder) -> None:
    wanted = encoder.encode_passages(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoder.encode_query, TEXTS * 4))
        passages = list(pool.map(encoder.encode_passages, [TEXTS] * 4))
    assert cosines(np.stack(found), np.tile(wanted, (4, 1))).min() > 0.9999
    assert all(cosines(vectors, wanted).min() > 0.9999 for vectors in passages)


@short_multiplies
def test_a_small_model_of_the_same_kind_runs_without_padding(tmp_path: Path) -> None:
    assert is_packed(encoder_of(build_encoder(tmp_path)))


@pytest.mark.parametrize(("pooling", "config"), [("cls", {}), ("max", {}), ("mean", {"hidden_act": "relu"})])
def test_a_model_that_is_built_otherwise_runs_in_the_ordinary_way(
    tmp_path: Path, pooling: str, config: dict[str, str]
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = build_encoder(tmp_path, pooling, **config)
    encoder = encoder_of(folder)
    texts = ["the brake pads are worn", "doors squeal", "clean"]
    ordinary = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    assert not is_packed(encoder)
    assert cosines(encoder.encode_passages(texts), ordinary).min() > 0.99


@short_multiplies
def test_a_text_that_leaves_the_range_is_encoded_in_the_ordinary_way(tmp_path: Path) -> None:
    encoder = encoder_of(build_encoder(tmp_path, loud="squeal"))
    model, packed = encoder._ordinary_model(), encoder._packed_model()
    texts = ["the brake pads are worn", "doors squeal", "clean doors"]
    assert packed is not None
    assert np.isfinite(packed.encode(texts)).all(axis=1).tolist() == [True, False, True]
    ordinary = np.asarray(model.encode(texts, normalize_embeddings=True), np.float32)
    assert cosines(encoder.encode_passages(texts), ordinary).min() > 0.99


@given(st.lists(st.integers(2, 512), min_size=1, max_size=80), st.integers(1, 20))
def test_shares_cover_every_text_once_and_are_nearly_equal(lengths: list[int], count: int) -> None:
    shares = list(equal_shares(lengths, count))
    assert [n for start, end in shares for n in range(start, end)] == list(range(len(lengths)))
    assert len(shares) <= count
    assert all(end > start for start, end in shares)
    assert max(sum(lengths[start:end]) for start, end in shares) <= sum(lengths) / count + max(lengths)

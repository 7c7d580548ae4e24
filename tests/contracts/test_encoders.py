"""What every Encoder promises, for the hashing one and for real models."""

from pathlib import Path

import numpy as np
import pytest

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding import Encoder, open_encoder
from indexer.settings import EncoderSettings, Settings, load_settings

MODELS = ("hashing", "all-MiniLM-L6-v2", "folder")
TEXTS = ["The brake pads are worn.", "", "Türen & Dichtungen", "pads " * 2000, "制动"]


def settings_for(model: str, **values: object) -> EncoderSettings:
    return load_settings(Settings, None).encoder.model_copy(update={"model": model, **values})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of another size, built here: static embeddings of 48 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: number for number, word in enumerate(["[UNK]", "the", "brake", "pads", "are", "worn", "doors"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(3).normal(size=(len(words), 48)).astype(np.float32)
    place = tmp_path_factory.mktemp("model")
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(place))
    return place


@pytest.fixture(scope="module", params=MODELS)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    model = str(request.getfixturevalue("folder")) if request.param == "folder" else request.param
    return open_encoder(settings_for(model))


def test_vectors_have_the_dimension_and_unit_length(encoder: Encoder) -> None:
    vectors = encoder.encode_passages(TEXTS)
    lengths = np.linalg.norm(vectors, axis=1)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert all(length == pytest.approx(1, abs=1e-4) or length == 0 for length in lengths)
    assert lengths[0] > 0


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)


def test_the_same_text_gives_the_same_vector_alone_or_among_others(encoder: Encoder) -> None:
    alone = encoder.encode_passages(TEXTS[:1])[0]
    assert float(alone @ encoder.encode_passages(TEXTS)[0]) > 0.998
    assert float(alone @ encoder.encode_query(TEXTS[0])) > 0.998


def test_queries_together_have_the_vectors_that_each_has_alone(encoder: Encoder) -> None:
    queries = ["worn brake pads", "", "Türen", "pads " * 300, "who knows doors?"]
    together = encoder.encode_queries(queries)
    assert np.array_equal(together, np.stack([encoder.encode_query(query) for query in queries]))
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)


def test_a_like_text_is_closer_than_an_unlike_one(encoder: Encoder) -> None:
    query = encoder.encode_query("worn brake pads")
    like, unlike = encoder.encode_passages(["brake pads are worn", "doors"])
    assert query @ like > query @ unlike


def test_the_fingerprint_is_the_same_in_another_process_of_the_same_settings(encoder: Encoder, folder: Path) -> None:
    model = {"hashing": "hashing", "all-Min": "all-MiniLM-L6-v2"}.get(encoder.fingerprint[:7], str(folder))
    assert open_encoder(settings_for(model)).fingerprint == encoder.fingerprint


def test_another_prompt_is_another_fingerprint_and_precision_is_not() -> None:
    plain = open_encoder(settings_for("all-MiniLM-L6-v2")).fingerprint
    assert open_encoder(settings_for("all-MiniLM-L6-v2", query_prompt="query: ")).fingerprint != plain
    assert open_encoder(settings_for("all-MiniLM-L6-v2", precision="float32")).fingerprint == plain


def test_16_and_32_bit_agree() -> None:
    long, short = (open_encoder(settings_for("all-MiniLM-L6-v2", precision=p)) for p in ("float32", "bfloat16"))
    agreement = (long.encode_passages(TEXTS[:3]) * short.encode_passages(TEXTS[:3])).sum(axis=1)
    assert agreement.min() > 0.99


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=str(tmp_path)):
        open_encoder(settings_for(str(tmp_path))).encode_query("anything")

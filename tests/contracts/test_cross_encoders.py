"""What a CrossEncoder promises, for small real models that are built here."""

from pathlib import Path

import numpy as np
import pytest

from indexer.domain.errors import EncoderUnavailable
from indexer.embedding import CrossEncoder, open_cross_encoder
from indexer.settings import EncoderSettings, Settings, load_settings
from tests.models import build_cross_encoder

TEXTS = ["the brake pads are worn", "doors", "", "pads " * 500]


def settings_for(**values: object) -> EncoderSettings:
    return load_settings(Settings, None).encoder.model_copy(update=values)


def opened(model: Path, **values: object) -> CrossEncoder:
    found = open_cross_encoder(str(model), settings_for(**values))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_cross_encoder(tmp_path_factory.mktemp("model"))


def test_no_model_is_no_cross_encoder() -> None:
    assert open_cross_encoder(None, settings_for()) is None


def test_scores_lie_between_0_and_1_and_tell_texts_apart(model: Path) -> None:
    scores = opened(model).score("worn brake pads", TEXTS)
    assert scores.shape == (len(TEXTS),)
    assert scores.dtype == np.float32
    assert ((scores > 0) & (scores < 1)).all()
    assert scores[0] != scores[1]


def test_no_texts_have_no_scores(model: Path) -> None:
    assert opened(model).score("worn brake pads", []).shape == (0,)


def test_a_text_scores_the_same_alone_or_among_others(model: Path) -> None:
    encoder = opened(model, precision="float32")
    assert encoder.score("worn", TEXTS)[:1] == pytest.approx(encoder.score("worn", TEXTS[:1]), abs=1e-4)


def test_16_and_32_bit_agree(model: Path) -> None:
    long, short = (opened(model, precision=precision) for precision in ("float32", "bfloat16"))
    assert long.score("worn", TEXTS) == pytest.approx(short.score("worn", TEXTS), abs=0.02)


def test_a_model_that_has_its_own_activation_is_brought_to_the_same_scale(tmp_path: Path, model: Path) -> None:
    plain = build_cross_encoder(tmp_path, activation="torch.nn.modules.linear.Identity")
    assert opened(plain).score("worn", TEXTS) == pytest.approx(opened(model).score("worn", TEXTS), abs=1e-6)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=str(tmp_path)):
        opened(tmp_path).score("worn", TEXTS)


def test_a_model_with_several_figures_for_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=r"one score.*search\.cross_encoder"):
        opened(build_cross_encoder(tmp_path, labels=3)).score("worn", TEXTS)


def test_a_model_that_was_never_taught_to_score_is_refused() -> None:
    with pytest.raises(EncoderUnavailable, match="one score"):
        opened(Path("all-MiniLM-L6-v2")).score("worn", TEXTS)

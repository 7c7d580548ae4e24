"""A model that was kept as it is run opens without the libraries that read models, and gives the same vectors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from indexer.embedding import open_encoder
from indexer.embedding.base import Vectors
from indexer.embedding.sentence_transformer import SentenceTransformerEncoder
from indexer.settings import EncoderSettings, Settings, load_settings
from tests.models import build_encoder

pytestmark = pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(), reason="the processor does not multiply 16-bit numbers"
)

TEXTS = ["the brake pads are worn", "doors squeal", "clean " * 40]
PROGRAM = """
import json, sys
from indexer.embedding import open_encoder
from indexer.settings import EncoderSettings
encoder = open_encoder(EncoderSettings(**json.loads(sys.argv[1])))
told = encoder.encode_queries(json.loads(sys.argv[2])).tolist()
print(json.dumps([told, encoder.dimension, sorted({name.split(".")[0] for name in sys.modules})]))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "knowwho"


def settings_of(folder: Path) -> EncoderSettings:
    return load_settings(Settings, None).encoder.model_copy(update={"model": str(folder), "precision": "bfloat16"})


def encode(folder: Path) -> Vectors:
    return open_encoder(settings_of(folder)).encode_queries(TEXTS)


def is_from_its_files(folder: Path) -> bool:
    """Whether opening the model reads its own files: with the weights gone it cannot."""
    weights = next(folder.rglob("*.safetensors"))
    content = weights.read_bytes()
    encoder = open_encoder(settings_of(folder))
    encoder.fingerprint  # noqa: B018  # found out while the file is there
    weights.unlink()
    try:
        encoder.encode_query("doors")
    except Exception:
        return True
    else:
        return False
    finally:
        weights.write_bytes(content)


def test_another_process_has_the_same_vectors_without_the_libraries(cache: Path, tmp_path: Path) -> None:
    folder = build_encoder(tmp_path)
    wanted = encode(folder)
    arguments = [json.dumps(settings_of(folder).model_dump(mode="json")), json.dumps(TEXTS)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True, text=True, env=os.environ
    )
    vectors, dimension, modules = json.loads(done.stdout)
    assert np.array_equal(np.asarray(vectors, np.float32), wanted)
    assert dimension == wanted.shape[1]
    assert not {"sentence_transformers", "transformers", "sklearn", "scipy"} & set(modules)


def test_a_model_is_kept_once_and_found_again(cache: Path, tmp_path: Path) -> None:
    folder = build_encoder(tmp_path)
    assert is_from_its_files(folder)
    encode(folder)
    assert len(list(cache.iterdir())) == 1
    assert not is_from_its_files(folder)


def test_a_model_with_other_files_is_not_taken_for_the_one_that_was_kept(cache: Path, tmp_path: Path) -> None:
    folder = build_encoder(tmp_path)
    before = encode(folder)
    build_encoder(tmp_path, initializer_range=0.5)
    after = encode(folder)
    assert np.abs(before - after).max() > 0.1
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "other", "vectors"])
def test_a_damaged_file_is_replaced_by_what_the_model_says(cache: Path, tmp_path: Path, damage: str) -> None:
    folder = build_encoder(tmp_path)
    wanted = encode(folder)
    (file,) = cache.iterdir()
    content = file.read_bytes()
    changed = bytearray(content)
    changed[-2000:] = os.urandom(2000)
    file.write_bytes({"cut": content[:-10], "other": b"{}", "vectors": bytes(changed)}[damage])
    assert np.array_equal(encode(folder), wanted)
    assert not is_from_its_files(folder)


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = build_encoder(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    encoder = open_encoder(settings_of(folder))
    assert isinstance(encoder, SentenceTransformerEncoder)
    assert np.isfinite(encoder.encode_queries(TEXTS)).all()
    assert "cannot be written" in caplog.text

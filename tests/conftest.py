"""Homes that several tests share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline import ReindexResult, reindex
from indexer.settings import load_settings
from service.search import OpenIndex
from service.settings import ServiceSettings

SAMPLE = Path(__file__).parent.parent / "config" / "sample"


@dataclass(frozen=True)
class IndexedHome:
    """The sample organisation, indexed with the default model."""

    settings: ServiceSettings
    home: Home
    index: OpenIndex
    result: ReindexResult
    config: Path


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Models are kept where nothing outlasts the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexedHome]:
    folder = tmp_path_factory.mktemp("sample")
    config = folder / "knowwho.yaml"
    text = (SAMPLE / "knowwho.yaml").read_text(encoding="utf-8")
    text = text.replace("home: ../../.knowwho", f"home: {folder / 'home'}")
    for place in ("directory.yaml", "library", "methods", "lessons.csv", "forum", "chat.jsonl"):
        text = text.replace(f"path: {place}\n", f"path: {SAMPLE / place}\n")
    config.write_text(text, encoding="utf-8")
    settings = load_settings(ServiceSettings, config)
    home = Home(settings.home)
    encoder = open_encoder(settings.encoder)
    result = reindex(home, encoder, settings, settings.sources)
    index = OpenIndex(home, encoder)
    index.load_model()
    yield IndexedHome(settings, home, index, result, config)
    home.close()

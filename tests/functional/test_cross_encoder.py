"""A cross-encoder, small but real, in the whole service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.embedding import open_cross_encoder, open_encoder
from indexer.home import Home
from service.app import create_app
from service.browsers import SESSION_COOKIE
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, settings_for, write_thread
from tests.models import build_cross_encoder

DEEDS = ("clean", "grease", "measure", "replace", "squeal", "worn")
QUESTION = "brake pads"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("reading")
    build_cross_encoder(found / "model")
    threads = [write_thread(deed, f"brake pads {deed}", ("ivy", f"the brake pads are {deed}")) for deed in DEEDS]
    (found / "chat.jsonl").write_text("".join(threads))
    index_home(settings(found))
    return found


def settings(folder: Path, **search: Any) -> ServiceSettings:
    chosen = {"fold": False, "least_relevance": 0.0, **search}
    return settings_for(folder, [{"name": "chat", "kind": "threads", "path": "chat.jsonl"}], search=chosen)


@contextmanager
def serving(chosen: ServiceSettings) -> Iterator[TestClient]:
    app = create_app(chosen, Home(chosen.home), open_encoder(chosen.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as client:
        yield client


def ask(chosen: ServiceSettings) -> Any:
    with serving(chosen) as client:
        return client.get("/api/v1/search", params={"q": QUESTION, "explain": "true"}).json()


def relevances(found: Any) -> dict[str, float]:
    return {passage["document"]["title"]: passage["relevance"] for passage in found["passages"]}


def test_documents_stand_as_the_scores_say_on_the_same_absolute_scale(folder: Path) -> None:
    plain = relevances(ask(settings(folder)))
    chosen = settings(folder, cross_encoder=str(folder / "model"), rerank_weight=0.9)
    found = ask(chosen)
    cross_encoder = open_cross_encoder(chosen.search.cross_encoder, chosen.encoder)
    assert cross_encoder is not None
    texts = [f"brake pads {deed}. the brake pads are {deed}" for deed in DEEDS]
    scores = dict(zip((f"brake pads {deed}" for deed in DEEDS), cross_encoder.score(QUESTION, texts), strict=True))
    expected = {title: 0.1 * plain[title] + 0.9 * float(scores[title]) for title in plain}
    assert relevances(found) == pytest.approx(expected, abs=2e-3)
    assert list(relevances(found)) == sorted(expected, key=lambda title: -expected[title]) != list(plain)
    assert found["degraded"] is None


def test_the_explanation_has_the_score(folder: Path) -> None:
    found = ask(settings(folder, cross_encoder=str(folder / "model")))
    told = found["passages"][0]["explanation"]
    assert 0 < told["reading"] < 1
    assert told["reading_weight"] == 0.5
    assert "Read together with the question" in told["sentence"]


def test_only_the_first_are_read_again(folder: Path) -> None:
    plain = relevances(ask(settings(folder)))
    found = ask(settings(folder, cross_encoder=str(folder / "model"), rerank_top=2))
    read = {p["document"]["title"] for p in found["passages"] if p["explanation"]["reading"] is not None}
    assert read == set(list(plain)[:2])


def test_a_model_that_cannot_be_loaded_leaves_the_service_up_and_is_told(folder: Path, tmp_path: Path) -> None:
    chosen = settings(folder, cross_encoder=str(tmp_path))
    assert "cannot be loaded" in ask(chosen)["degraded"]
    assert relevances(ask(chosen)) == relevances(ask(settings(folder)))
    with serving(chosen) as client:
        client.cookies.set(SESSION_COOKIE, add_signed_in(Home(chosen.home), chosen))
        health = client.get("/api/v1/health").json()
    assert health["status"] == "degraded"
    assert any("search.cross_encoder" in problem for problem in health["problems"])


def test_while_it_loads_answers_say_that_the_order_is_rougher(folder: Path) -> None:
    chosen = settings(folder, cross_encoder=str(folder / "model"))
    home = Home(chosen.home)
    client = TestClient(create_app(chosen, home, open_encoder(chosen.encoder)))
    assert "rougher order while" in client.get("/api/v1/search", params={"q": QUESTION}).json()["degraded"]
    home.close()

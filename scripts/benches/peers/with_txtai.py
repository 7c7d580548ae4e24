"""txtai with content and hybrid search (vectors and BM25), served by its own API."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from given import run
from txtai import Embeddings


def prepare(texts: list[str], folder: Path, model: str, vectors: Any) -> Callable[[], None]:
    embeddings = Embeddings(path=model, content=True, hybrid=True)
    if vectors is not None:
        give(embeddings.model, vectors)

    def index() -> None:
        embeddings.index(texts)
        embeddings.save(str(folder / "index"))

    return index


def give(model: Any, vectors: Any) -> None:
    """Let a model take the vectors that are given for the texts it is asked to encode, in their order."""
    place = 0

    def take(texts: list[str], _: str | None = None) -> Any:
        nonlocal place
        place += len(texts)
        return vectors[place - len(texts) : place].astype("float32")

    model.vectorize = take


def serve(folder: Path, model: str, port: int) -> None:
    settings = folder / "service.yml"
    settings.write_text(f"path: {folder / 'index'}\nwritable: false\nembeddings:\n  path: {model}\n", encoding="utf-8")
    os.environ["CONFIG"] = str(settings)
    uvicorn.run("txtai.api:app", port=port, log_level="warning")


if __name__ == "__main__":
    run(prepare, serve)

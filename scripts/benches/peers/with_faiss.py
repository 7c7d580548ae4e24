"""Plain sentence-transformers and FAISS, served by FastAPI, as their documentation shows them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import uvicorn
from fastapi import FastAPI
from given import run
from sentence_transformers import SentenceTransformer

FLAT_UP_TO = 50_000  # beyond, a search of every vector is what users leave for HNSW
NEIGHBOURS, BREADTH = 32, 64


def prepare(texts: list[str], folder: Path, model: str, vectors: Any) -> Callable[[], None]:
    transformer = SentenceTransformer(model, device="cpu")

    def index() -> None:
        found = vectors if vectors is not None else transformer.encode(texts, normalize_embeddings=True)
        made = (
            faiss.IndexFlatIP(found.shape[1])
            if len(texts) <= FLAT_UP_TO
            else faiss.IndexHNSWFlat(found.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        )
        made.add(np.ascontiguousarray(found, np.float32))
        faiss.write_index(made, str(folder / "vectors.faiss"))
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")

    return index


def serve(folder: Path, model: str, port: int) -> None:
    transformer = SentenceTransformer(model, device="cpu")
    index = faiss.read_index(str(folder / "vectors.faiss"))
    if hasattr(index, "hnsw"):
        index.hnsw.efSearch = BREADTH
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    app = FastAPI()

    @app.get("/search")
    def search(query: str, limit: int = 10) -> list[dict[str, Any]]:
        scores, rows = index.search(transformer.encode([query], normalize_embeddings=True), limit)
        return [{"text": texts[row], "score": float(score)} for row, score in zip(rows[0], scores[0], strict=True)]

    uvicorn.run(app, port=port, log_level="warning")


if __name__ == "__main__":
    run(prepare, serve)

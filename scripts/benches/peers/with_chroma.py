"""Chroma's persistent client with its sentence-transformers embedding function, served by FastAPI."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import uvicorn
from chromadb.config import Settings
from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction
from fastapi import FastAPI
from given import run

NAME = "passages"


def prepare(texts: list[str], folder: Path, model: str, vectors: Any) -> Callable[[], None]:
    client = opened(folder)
    collection = client.create_collection(NAME, **described(model))

    def index() -> None:
        most = client.get_max_batch_size()
        for start in range(0, len(texts), most):
            batch = slice(start, min(start + most, len(texts)))
            collection.add(
                ids=[str(number) for number in range(batch.start, batch.stop)],
                documents=texts[batch],
                embeddings=None if vectors is None else vectors[batch],
            )

    return index


def serve(folder: Path, model: str, port: int) -> None:
    collection = opened(folder).get_collection(NAME, embedding_function=embedding(model))
    app = FastAPI()

    @app.get("/search")
    def search(query: str, limit: int = 10) -> list[dict[str, Any]]:
        found = collection.query(query_texts=[query], n_results=limit)
        return [
            {"text": text, "distance": distance}
            for text, distance in zip(found["documents"][0], found["distances"][0], strict=True)
        ]

    uvicorn.run(app, port=port, log_level="warning")


def opened(folder: Path) -> Any:
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def described(model: str) -> dict[str, Any]:
    return {"embedding_function": embedding(model), "configuration": {"hnsw": {"space": "cosine"}}}


def embedding(model: str) -> Any:
    return SentenceTransformerEmbeddingFunction(model_name=model, device="cpu", normalize_embeddings=True)


if __name__ == "__main__":
    run(prepare, serve)

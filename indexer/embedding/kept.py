"""Models as they are run, kept in the user's cache: they open in a tenth of a second, without the libraries that read a
model as it was published, which take seconds and much memory.

A kept model is one file, to be mapped, so that processes share its pages. It can be removed at any time.
"""

import importlib.metadata
import logging
import os
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from indexer.embedding.packed import ModelParts

log = logging.getLogger(__name__)

LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers")
FORMAT = 1
TRIED = "tried"


def kept_parts(fingerprint: str) -> ModelParts | None:
    """The parts that were kept under this name by the same versions of the libraries; None where there are none."""
    file = _file(fingerprint)
    if file is None or not file.exists():
        return None
    try:
        with safe_open(file, "pt") as opened:
            told = opened.metadata()
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
            return ModelParts(
                told["tokenizer"], int(told["heads"]), float(told["epsilon"]), weights, weights.pop(TRIED)
            )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        log.warning("%s cannot be read, the model is loaded from its own files: %s", file, error)
        return None


def keep_parts(fingerprint: str, parts: ModelParts) -> None:
    """Keep the parts for the next start, where there is a place to."""
    file = _file(fingerprint)
    if file is None:
        return
    told = {"tokenizer": parts.tokenizer, "heads": str(parts.heads), "epsilon": repr(parts.epsilon)}
    content = save({**parts.weights, TRIED: parts.tried}, told)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.", delete=False) as draft:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(file)
    except OSError as error:
        log.warning("%s cannot be written, the next start loads the model from its own files: %s", file, error)


def _file(fingerprint: str) -> Path | None:
    """Where the parts are kept; None where the user has no home."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    digest = blake2b(f"{FORMAT} {fingerprint} {versions}".encode(), digest_size=12).hexdigest()
    return cache / "knowwho" / f"{fingerprint.rpartition('-')[0]}-{digest}.safetensors"

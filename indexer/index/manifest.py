"""What a generation is made of and made with, on disk as JSON with a checksum of itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from indexer.domain.errors import IndexCorrupt
from indexer.index.files import read_json, write_atomically


@dataclass(frozen=True, slots=True)
class GenerationManifest:
    """What a generation is made of. `segments` maps names to the checksum of the segment's own manifest, which holds
    the checksum of every file; `dead` lists passages that segments still hold but the database does not.

    `encoder` says how to open the model again whose fingerprint this is, `settings` holds by dotted key the settings
    that the passages depend on, `previous` is the generation that served before; all are empty where an older version
    of Knowwho wrote the manifest.
    """

    name: str
    made: str
    fingerprint: str
    dimension: int
    passages: int
    segments: Mapping[str, str]
    dead: tuple[int, ...] = ()
    splitter: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    previous: str | None = None


def read_manifest(file: Path) -> GenerationManifest:
    """The manifest in a file. IndexCorrupt where it is missing, cut off or changed."""
    values = read_json(file)
    try:
        digest = values.pop("checksum", None)
        manifest = GenerationManifest(**{**values, "dead": tuple(values["dead"])})
    except (TypeError, KeyError, AttributeError) as error:
        raise IndexCorrupt(f"{file} is no usable manifest: {error}") from error
    if digest is not None and digest != _checksum(manifest):
        raise IndexCorrupt(f"{file} has changed since it was written")
    return manifest


def write_manifest(file: Path, manifest: GenerationManifest) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json.dumps({**asdict(manifest), "checksum": _checksum(manifest)}, indent=1))


def _checksum(manifest: GenerationManifest) -> str:
    told = json.dumps(asdict(manifest), sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

"""Results of the pipeline in plain JSON values."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from indexer.pipeline import SourceResult


def source_values(result: SourceResult) -> dict[str, Any]:
    """What reading a source came to."""
    return {
        "source": result.source,
        "read": result.read,
        "unchanged": result.unchanged,
        "removed": result.removed,
        "states": {str(state): count for state, count in result.states},
        "passages_embedded": result.build.embedded if result.build else 0,
        "passages_reused": result.build.reused if result.build else 0,
        "seconds": round(result.seconds, 3),
        "error": result.error,
    }


def plain(value: Any) -> Any:
    """A result in values that JSON knows; records become mappings."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value

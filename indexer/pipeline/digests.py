"""When something has to be read again: other content, or other settings for the same content."""

import hashlib

from indexer.domain.content import SourceItem
from indexer.settings import Settings, SourceSettings

READER_VERSION = 3  # raise it when parsing or splitting gives other results: every source is then read again
ONLY_LISTING = {"path", "include", "exclude", "address", "api_key", "api_user"}
SPLIT_AGAIN = {"boilerplate_documents", "boilerplate_share"}  # obeyed from the stored text, without reading again


def settings_digest(source: SourceSettings, settings: Settings) -> str:
    """Changes when the same bytes would be read differently; where they lie does not count."""
    told = (
        source.model_dump_json(exclude=ONLY_LISTING),
        settings.passages.model_dump_json(exclude=SPLIT_AGAIN),
        str(settings.default_visibility),
        str(READER_VERSION),
    )
    return hashlib.blake2b("\0".join(told).encode(), digest_size=12).hexdigest()


def content_digest(item: SourceItem) -> str:
    """Changes with the bytes of an item and with what its source knows of it."""
    digest = hashlib.blake2b(item.content, digest_size=12)
    digest.update(repr((item.media_type, item.encoding, item.metadata)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()

"""Errors that a caller can act on. Every message names the input and the way out."""

from indexer.domain.content import ItemState


class KnowwhoError(Exception):
    """The base of every error that Knowwho raises on purpose; its text is fit to show to a person."""


class SettingsInvalid(KnowwhoError):
    """The configuration cannot be used: mend the file named in the message."""


class DirectoryInvalid(KnowwhoError):
    """A directory file (people, communities, memberships) contradicts itself or its format."""


class SourceUnavailable(KnowwhoError):
    """A source cannot be read now (missing folder, refused connection): try again later."""


class DocumentUnreadable(KnowwhoError):
    """One item cannot become a document: record its state and reason, and go on with the next."""

    def __init__(self, state: ItemState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class EncoderUnavailable(KnowwhoError):
    """The embedding model cannot be loaded: check the setting `encoder.model`."""


class IndexOutdated(KnowwhoError):
    """The index does not fit the settings or the database: rebuild it with `knowwho index`."""


class IndexCorrupt(KnowwhoError):
    """A file of the index is missing or fails its checksum."""


class HomeBusy(KnowwhoError):
    """Another process is writing this home: wait for it or end it."""


class HomeOutdated(KnowwhoError):
    """The database of this home was written by another version of Knowwho."""


class JobInvalid(KnowwhoError):
    """A job or schedule cannot be made as asked; the message says what would be possible."""


class JobStopped(KnowwhoError):
    """The running job was cancelled, paused, or taken over by another worker: stop here, nothing is half-written."""


class NotFound(KnowwhoError):
    """What was asked for does not exist, or the viewer may not know that it does."""


class EvaluationInvalid(KnowwhoError):
    """Topics, qrels, a run or a measure cannot be used; the message names the file and the line."""


class QueryInvalid(KnowwhoError):
    """A query or filter cannot be understood; the message says what would be."""

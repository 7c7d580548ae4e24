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
    """One item cannot become a document: record its state and reason, and go on with the next. `passing` says that it
    may become one without being changed."""

    def __init__(self, state: ItemState, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.passing = passing


class ItemGone(DocumentUnreadable):
    """The item is no longer in its source: remove what was read from it."""

    def __init__(self, reason: str) -> None:
        super().__init__(ItemState.FAILED, reason)


class EncoderUnavailable(KnowwhoError):
    """The embedding model cannot be loaded: check the setting `encoder.model`."""


class IndexOutdated(KnowwhoError):
    """The index does not fit the settings or the database: rebuild it with `knowwho index`."""


class IndexCorrupt(KnowwhoError):
    """A file of the index is missing or fails its checksum."""


class GenerationInvalid(KnowwhoError):
    """A generation cannot be published, rolled back to or removed; the message says why, and what can be done."""


class HomeBusy(KnowwhoError):
    """Another process is writing this home: wait for it or end it."""


class HomeOutdated(KnowwhoError):
    """The database of this home was written by another version of Knowwho."""


class StorageFull(KnowwhoError):
    """There is no room to write: free some. What was there before is whole."""


class StorageReadOnly(KnowwhoError):
    """A folder or file may not be written: mend its permissions or how it is mounted."""


class DatabaseDamaged(KnowwhoError):
    """The database file is truncated or damaged: restore a backup."""


class BackupInvalid(KnowwhoError):
    """A backup cannot be made there, or is incomplete or changed since it was made; the message says which."""


class RestoreRefused(KnowwhoError):
    """A backup is not restored because that would overwrite or disturb something; the message says what to do."""


class JobInvalid(KnowwhoError):
    """A job or schedule cannot be made as asked; the message says what would be possible."""


class JobsUnavailable(KnowwhoError):
    """The database of the job engine cannot be reached or read: check the setting `jobs.database`."""


class JobStopped(KnowwhoError):
    """The running job was cancelled, paused, or taken over by another worker: stop here, nothing is half-written."""


class AccountInvalid(KnowwhoError):
    """An account or its password cannot be as asked; the message says what would be possible."""


class SignInRefused(KnowwhoError):
    """Whoever wants to sign in did not prove who they are, or has no account that may; after a password, the message
    does not say what was wrong."""


class LockedOut(KnowwhoError):
    """Too many attempts to sign in failed: try again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        told = "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"too many attempts to sign in have failed: try again in {told}")
        self.seconds = seconds


class ProviderUnavailable(KnowwhoError):
    """A provider with which people sign in cannot be reached, or does not answer as it should."""


class Conflict(KnowwhoError):
    """What is asked for does not go with how things are; the message says with what, and the way out."""


class NotAllowed(KnowwhoError):
    """Whoever asks may know of it, but it is not theirs to do; the message says whose it is."""


class AudienceInvalid(KnowwhoError):
    """An audience that cannot be given; the message says why and what can."""


class NotFound(KnowwhoError):
    """What was asked for does not exist, or the viewer may not know that it does."""


class ChoiceInvalid(KnowwhoError):
    """What somebody wants to decide about themselves cannot be done so; the message says what can."""


class EvaluationInvalid(KnowwhoError):
    """Topics, qrels, a run or a measure cannot be used; the message names the file and the line."""


class QueryInvalid(KnowwhoError):
    """A query or filter cannot be understood; the message says what would be."""

"""The tables of a home's database. A change here needs a migration; a test compares the two."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A point in time, kept in UTC without a zone because SQLite has none; always aware in Python."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def in_audiences(audience_ids: Iterable[int]) -> ColumnElement[bool]:
    """Documents of these audiences (row ids). The + 0 keeps SQLite from looking through a whole audience where other
    conditions leave a few documents."""
    return (documents.c.audience_id + 0).in_(list(audience_ids))


sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("settings_digest", String, nullable=False),
    Column("mark", String),
    Column("finished", Moment),
    Column("error", Text),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("content_digest", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("reason", Text),
    Column("read_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_try", Moment, index=True),
    UniqueConstraint("source", "uri"),
)

audiences = Table(
    "audiences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    UniqueConstraint("kind", "subject"),
)

communities = Table(
    "communities",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("domain", Text),
    Column("visibility", String, nullable=False),
    Column("in_directory", Boolean, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("title", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("audience_id", ForeignKey("audiences.id"), nullable=False, index=True),
    Column("community_id", ForeignKey("communities.id"), index=True),
    Column("created", Moment),
    Column("updated", Moment),
    Column("mark", String),
    Column("superseded_by", String),
    Column("url", String),
    Index("ix_documents_community_id_updated", "community_id", "updated"),
    Index("ix_documents_community_id_audience_id", "community_id", "audience_id"),
    sqlite_autoincrement=True,
)

document_texts = Table(
    "document_texts",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("blocks", JSON, nullable=False),
)

document_blocks = Table(
    "document_blocks",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("digests", LargeBinary, nullable=False),
    Column("left_out", LargeBinary, nullable=False),
)

signatures = Table(
    "signatures",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("signature", LargeBinary, nullable=False),
)

# Points at signatures: a document whose text changes loses its signature, and its pairs with it.
near_duplicates = Table(
    "near_duplicates",
    metadata,
    Column("one", ForeignKey("signatures.document_id", ondelete="CASCADE"), primary_key=True),
    Column("other", ForeignKey("signatures.document_id", ondelete="CASCADE"), primary_key=True, index=True),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("page", Integer),
    Column("heading", String),
    Column("message", Integer),
    Column("line", Integer),
    Column("digest", LargeBinary(16), nullable=False),
    sqlite_autoincrement=True,  # an id is never used again, so an old index row cannot point at a new passage
)

# Other cuts of a text that is still the document's: older generations hold them, new ones do not.
retired_passages = Table(
    "retired_passages",
    metadata,
    Column("passage_id", ForeignKey("passages.id", ondelete="CASCADE"), primary_key=True),
)

units = Table(
    "units",
    metadata,
    Column("name", String, primary_key=True),
    Column("parent", String),
    Column("place", String),
)

people = Table(
    "people",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("unit", String),
    Column("place", String),
    Column("languages", JSON, nullable=False),
    Column("address", String),
    Column("in_directory", Boolean, nullable=False),
    Column("former", Boolean, nullable=False),
)

person_redirects = Table(
    "person_redirects",
    metadata,
    Column("id", String, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
)

# Ids that the directory gave up for another: its own word, unlike redirects, which also follow what documents say.
renamed_people = Table(
    "renamed_people",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("value", String, nullable=False),
    Column("display_name", String),
    Column("vouched_for", String),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL"), index=True),
    UniqueConstraint("kind", "namespace", "value"),
)

identity_links = Table(
    "identity_links",
    metadata,
    Column("one", ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("other", ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, index=True),
)

memberships = Table(
    "memberships",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("community_id", ForeignKey("communities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("since", Date),
    Column("until", Date),
)


def is_current() -> ColumnElement[bool]:
    """Memberships that have begun and have not ended; the last day counts."""
    begun = memberships.c.since.is_(None) | (memberships.c.since <= func.current_date())
    return begun & (memberships.c.until.is_(None) | (memberships.c.until >= func.current_date()))


contributions = Table(
    "contributions",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("identity_id", ForeignKey("identities.id"), primary_key=True),
    Column("role", String, primary_key=True),
    Column("at", Moment),
    Column("message", Integer),
    Column("likes", Integer, nullable=False),
    Column("display_name", String),  # what this document calls them; those who may not read it must not learn of it
    Index("ix_contributions_identity_id_display_name", "identity_id", "display_name"),
)

messages = Table(
    "messages",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("identity_id", ForeignKey("identities.id"), index=True),
    Column("at", Moment),
    Column("likes", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("reply_to", Integer),
)

# A target is named by its public id and not by a foreign key: a document that is removed and comes back, or a person
# who is made anew when identities are resolved, keeps the feedback.
feedback = Table(
    "feedback",
    metadata,
    Column("id", String, primary_key=True),
    Column("voter", String, nullable=False),
    Column("query", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("target_kind", String, nullable=False),
    Column("target", String, nullable=False, index=True),
    Column("useful", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("terms", "target_kind", "target", "voter"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("window", JSON(none_as_null=True)),
    Column("state", String, nullable=False, index=True),
    Column("created", Moment, nullable=False, index=True),
    Column("started", Moment),
    Column("ended", Moment),
    Column("worker", String),
    Column("attempts", Integer, nullable=False),
    Column("phase", String),
    Column("done", Integer),
    Column("total", Integer),
    Column("unit", String),
    Column("item", String),
    Column("phase_started", Moment),
    Column("told", Moment),
    Column("result", JSON(none_as_null=True)),
    Column("error", Text),
    Index("ix_jobs_asked_by_created", "asked_by", "created"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("window", JSON(none_as_null=True)),
    Column("cron", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_tick", Moment, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Moment, nullable=False),
    Column("beat", Moment, nullable=False),
    Column("turn", Integer, nullable=False),
)

# Filled by triggers (migration 0005), so that no way of changing a row can be forgotten. Passages whose rows in the
# index no longer say what the database says: they are gone, or their document has other readers, another community,
# kind or date.
outdated_passages = Table(
    "outdated_passages",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("passage_id", Integer, nullable=False),
    Column("gone", Boolean, nullable=False),
    sqlite_autoincrement=True,  # readers go on after the last number that they saw
)

# Filled by triggers, too: identities that may stand for somebody else since people were last resolved.
touched_identities = Table("touched_identities", metadata, Column("identity_id", Integer, primary_key=True))

# Filled by triggers of migration 0008: the documents whose parts changed (who had which, or who may know of it), each
# with the number of the latest change; and the number of the latest change of what people chose of how they are found.
changed_parts = Table(
    "changed_parts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("document_id", Integer, nullable=False, unique=True),
    sqlite_autoincrement=True,
)
changed_choices = Table(
    "changed_choices", metadata, Column("number", Integer, primary_key=True), sqlite_autoincrement=True
)

# What derived data was last computed with.
facts = Table("facts", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False))

# A person is named by id and not by a foreign key here and below: people are made anew when identities are resolved.
accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("person", String, index=True),
    Column("password", String),
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
)

# What an identity provider calls an account.
logins = Table(
    "logins",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
)

# Of a secret only the SHA-256 is kept, here and below.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("agent", String, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
)

# Links that work once: for the first admin (without an account), and to choose a password.
one_time_links = Table(
    "one_time_links",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("expires", Moment, nullable=False),
)

# Sign-ins through a provider from which a browser has come back; `expires` is in seconds.
spent_attempts = Table(
    "spent_attempts",
    metadata,
    Column("state", String, primary_key=True),
    Column("expires", Integer, nullable=False),
)

# For limits on guessing; what is older than the longest limit is removed.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("client", String, nullable=False, index=True),
    Column("at", Moment, nullable=False, index=True),
)

# Triggers of migration 0008 refuse to change or remove a row.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String, index=True),
    Column("action", String, nullable=False, index=True),
    Column("subject", String, index=True),
    Column("detail", JSON, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    sqlite_autoincrement=True,
)

person_choices = Table(
    "person_choices",
    metadata,
    Column("person", String, primary_key=True),
    Column("hidden", Boolean, nullable=False),
    Column("away_from", Date),
    Column("away_until", Date),
    Column("questions_a_week", Integer),
)

# `subject` is normalised, `written` as the person wrote it.
subject_choices = Table(
    "subject_choices",
    metadata,
    Column("person", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("written", String, nullable=False),
    Column("choice", String, nullable=False),
)

# Identities of which a person says that they are not theirs.
disowned_identities = Table(
    "disowned_identities",
    metadata,
    Column("kind", String, primary_key=True),
    Column("namespace", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("person", String, primary_key=True),
)

# Who wants nothing kept of them: keyed hashes of their ids, identities and names, by which they are known when a source
# is read. `kind` is a TraceKind; `whose` is random, the same for all hashes of one person; `words` and `start` are of
# phrases only: how many words one has, and two bytes of the keyed hash of the first, which most texts rule out by.
erased = Table(
    "erased",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("whose", String, nullable=False),
    Column("words", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

# What a steward or an admin decided, which counts before what sources and directories say; what those said last
# stands beside it.
decided_audiences = Table(
    "decided_audiences",
    metadata,
    Column("document", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("said_kind", String, nullable=False),
    Column("said_subject", String, nullable=False),
)

decided_visibilities = Table(
    "decided_visibilities",
    metadata,
    Column("community", String, primary_key=True),
    Column("visibility", String, nullable=False),
    Column("said", String, nullable=False),
)

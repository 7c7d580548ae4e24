"""What sources hold and what becomes of it: items, documents, messages, passages, audiences."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from indexer.domain.people import Role


class ItemState(StrEnum):
    """How the reading of one item ended."""

    OK = "ok"
    PARTIAL = "partial"
    NO_TEXT = "no text"
    ENCRYPTED = "encrypted"
    FAILED = "failed"
    SKIPPED = "skipped"


class DocumentKind(StrEnum):
    DOCUMENT = "document"
    LESSON = "lesson"
    THREAD = "thread"


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"
    QUOTE = "quote"  # words of somebody else, repeated: shown with the document, never indexed


class Mark(StrEnum):
    """What a steward or the source says of a document's standing."""

    DRAFT = "draft"
    VERIFIED = "verified"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Credit:
    """A source's claim that somebody had a part in an item: at least one of name, address, handle is set.

    `namespace` says where the handle is unique (`github`, or a source's name); None means the item's own source.
    """

    role: Role
    name: str | None = None
    address: str | None = None
    handle: str | None = None
    namespace: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemStamp:
    """One item as a source lists it. Equal revisions mean an unchanged item."""

    uri: str
    revision: str


@dataclass(frozen=True, slots=True)
class ItemMetadata:
    """What a source knows of an item beside its bytes; a value here wins over the same one found in the file.

    `community` and `audience` are as the source spells them; `None` and `()` mean "not said".
    """

    title: str | None = None
    kind: DocumentKind | None = None
    community: str | None = None
    audience: str | None = None
    credits: tuple[Credit, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    mark: Mark | None = None
    superseded_by: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One item fetched from a source: its bytes and what the source knows of it.

    `media_type` is None where the file name must tell; `encoding` is None where the bytes must. `modified` is when the
    file was changed, which dates the item where nothing better does.
    """

    uri: str
    revision: str
    content: bytes
    media_type: str | None = None
    encoding: str | None = None
    metadata: ItemMetadata = field(default_factory=ItemMetadata)
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or piece of code with its place: headings from the outermost in, page, message and
    line all counting from 1."""

    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    headings: tuple[str, ...] = ()
    page: int | None = None
    message: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a thread; its text is in the blocks that carry its number (from 1)."""

    number: int
    credit: Credit | None
    at: datetime | None = None
    likes: int = 0
    accepted: bool = False
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a parser makes of an item. `state` is OK, or PARTIAL with a `reason` that a person understands."""

    title: str
    blocks: tuple[Block, ...]
    messages: tuple[Message, ...] = ()
    metadata: ItemMetadata = field(default_factory=ItemMetadata)
    state: ItemState = ItemState.OK
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a passage stands in its document; page, message and line count from 1."""

    page: int | None = None
    heading: str | None = None
    message: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document, the unit of retrieval.

    `text` is what readers see, `indexed_text` what is embedded and matched (title and heading before the text),
    `digest` the 16-byte hash of `indexed_text` by which an embedding is recognised.
    """

    ordinal: int
    text: str
    indexed_text: str
    locator: Locator
    digest: bytes


class AudienceKind(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    COMMUNITY = "community"  # follows the visibility of the community
    MEMBERS = "members"  # members of the community, whatever its visibility
    PEOPLE = "people"


@dataclass(frozen=True, slots=True, order=True)
class Audience:
    """Who may read a document. `subject` is a community's slug, or person ids joined by commas; else empty."""

    kind: AudienceKind
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}" if self.subject else str(self.kind)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the database holds it, without its text."""

    id: int
    public_id: str
    source: str
    uri: str
    title: str
    kind: DocumentKind
    audience: Audience
    community: str | None
    created: datetime | None
    updated: datetime | None
    mark: Mark | None
    superseded_by: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ItemReport:
    """The line an item gets in the report of what was read."""

    source: str
    uri: str
    state: ItemState
    reason: str | None
    at: datetime
    attempts: int

"""What the three office formats share: the zip file around them and the properties inside."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import Protocol
from zipfile import BadZipFile, LargeZipFile, ZipFile

from indexer.domain.content import ItemMetadata, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.notation import credits_from, parse_when
from indexer.parsing.base import unreadable_if_damaged

MAX_UNPACKED_BYTES = 400_000_000
MAX_RATIO = 150
RATIO_COUNTS_FROM_BYTES = 30_000_000
MAX_MEMBERS = 20_000
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What the libraries write where nobody is named: their templates' authors.
_TEMPLATE_AUTHORS = frozenset({"python-docx", "openpyxl", "steve canny", "microsoft office user", "user"})


class CoreProperties(Protocol):
    """What the libraries offer of `docProps/core.xml`, under the names that Word and PowerPoint use."""

    author: str
    created: datetime | None
    modified: datetime | None


@contextmanager
def opened(content: bytes, kind: str) -> Iterator[BytesIO]:
    """The file, ready for a library, once it is known to be a harmless zip file.

    Whatever the library then trips over becomes DocumentUnreadable.
    """
    _check_container(content, kind)
    with unreadable_if_damaged(f"The {kind} file is damaged"):
        yield BytesIO(content)


def metadata_of(properties: CoreProperties, author: object) -> ItemMetadata:
    """The author and dates that the file names; who saved it last says nothing of who wrote it."""
    known = author if isinstance(author, str) and author.strip().casefold() not in _TEMPLATE_AUTHORS else None
    return ItemMetadata(
        credits=credits_from(known, Role.AUTHOR),
        created=parse_when(properties.created),
        updated=parse_when(properties.modified),
    )


def _check_container(content: bytes, kind: str) -> None:
    if content.startswith(_OLE_SIGNATURE):
        raise DocumentUnreadable(ItemState.ENCRYPTED, "The file is encrypted and no password is known")
    try:
        with ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
    except (BadZipFile, LargeZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
        raise DocumentUnreadable(ItemState.FAILED, f"The {kind} file is damaged: it cannot be unpacked") from error
    unpacked = sum(member.file_size for member in members)
    dense = unpacked > RATIO_COUNTS_FROM_BYTES and unpacked > MAX_RATIO * len(content)
    if unpacked > MAX_UNPACKED_BYTES or dense or len(members) > MAX_MEMBERS:
        size = f"{unpacked // 1_000_000:,} MB in {len(members):,} parts"
        raise DocumentUnreadable(ItemState.SKIPPED, f"The {kind} file would unpack to {size}, more than is safe")
